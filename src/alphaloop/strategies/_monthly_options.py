"""What strategies of monthly options share: which expiry and strikes exist, and what is asked of the panel.

Index options end with the third Friday of a month; strikes lie a round number apart. Prices here follow the stated
rule of `engine/options/quotes`, with its default dividend yield, so that a strategy judges as its backtest prices.
"""

import math

import numpy as np

from alphaloop.engine.options.quotes import YEAR_MS, Terms, model_volatility
from alphaloop.engine.panel import Bools, Floats, Ints, Panel
from alphaloop.engine.strategy import Signals
from alphaloop.kernels.options.greeks import option_greeks
from alphaloop.kernels.options.pricing import option_price

DAY_MS = 86_400_000
DIVIDEND = Terms().dividend
# 1970-01-02 was a Friday.
_FRIDAY = 1

EXTRAS = {
    "vix": {
        "zh": "标的的 30 日隐含波动率指数（如 VIX，原始点数）",
        "en": "its 30-day implied volatility, such as VIX",
    },
    "rate": {"zh": "年化短期利率（0.02 即 2%）", "en": "the short interest rate a year (0.02 is two per cent)"},
}


def no_orders(panel: Panel) -> Signals:
    """Signals of a strategy that leaves the underlying itself alone."""
    shape = panel.close.shape
    return Signals(np.full(shape, np.nan), np.full(shape, -1, dtype=np.int64))


def monthly_expiry(now_ms: int, days: float) -> int:
    """End, epoch ms, of the first third Friday of a month that lies at least `days` days ahead."""
    month = np.datetime64(now_ms, "ms").astype("datetime64[M]")
    while True:
        first = int(month.astype("datetime64[D]").astype(np.int64))
        friday = first + (_FRIDAY - first) % 7 + 14
        if (friday + 1) * DAY_MS - now_ms >= days * DAY_MS:
            return (friday + 1) * DAY_MS
        month += 1


def strike_step(spot: float) -> float:
    """How far strikes lie apart: 1, 2.5 or 5 times a power of ten, about a four-hundredth of the underlying."""
    wanted = spot / 400.0
    power = 10.0 ** math.floor(math.log10(wanted))
    return power * min((1.0, 2.5, 5.0, 10.0), key=lambda one: abs(one - wanted / power))


def near_strike(wanted: float, step: float) -> float:
    return max(round(wanted / step), 1) * step


def model_prices(panel: Panel, rows: Ints, expiry_ms: int, strike: Floats, call: Bools) -> Floats:
    """Model prices float64[R,K] of contracts at some rows' closes; NaN where an input is absent."""
    spot, years, vix, rate = _inputs(panel, rows, expiry_ms)
    volatility = model_volatility(spot, strike, years, vix, rate=rate, dividend=DIVIDEND)
    return option_price(spot, strike, years, volatility, call, rate=rate, dividend=DIVIDEND)


def strike_at_delta(panel: Panel, row: int, expiry_ms: int, delta: float, *, call: bool) -> float:
    """The strike out of the money whose delta lies nearest to `delta` (without its sign); NaN without inputs."""
    spot = float(panel.close[row, 0])
    step = strike_step(spot)
    money = near_strike(spot, step)
    strikes = money + step * np.arange(201) if call else np.maximum(money - step * np.arange(201), step)
    at, years, vix, rate = _inputs(panel, np.array([row]), expiry_ms)
    volatility = model_volatility(at, strikes, years, vix, rate=rate, dividend=DIVIDEND)
    found = np.abs(option_greeks(at, strikes, years, volatility, call, rate=rate, dividend=DIVIDEND).delta[0])
    if not np.all(np.isfinite(found)):
        return math.nan
    return float(strikes[np.argmin(np.abs(found - delta))])


def _inputs(panel: Panel, rows: Ints, expiry_ms: int) -> tuple[Floats, Floats, Floats, Floats]:
    years = np.maximum(expiry_ms - panel.close_ms[rows], 0) / YEAR_MS
    vix, rate = panel.extras["vix"][rows, :1], panel.extras["rate"][rows, :1]
    return panel.close[rows, :1], years.reshape(-1, 1), vix, rate
