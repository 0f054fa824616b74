"""Sell what options think of volatility when it is far above what the underlying has done, and buy it when far below.

Source: P. Carr and L. Wu, *Variance Risk Premiums*, Review of Financial Studies 22 (2009); G. Bakshi and N. Kapadia,
*Delta-Hedged Gains and the Negative Market Volatility Risk Premium*, Review of Financial Studies 16 (2003). It believes
that implied volatility runs above what follows, and that a straddle whose delta is traded away earns the difference. It
fails when calm ends while it is sold: the past was no guide then, and hedging at closes comes too late for a gap.
"""

from dataclasses import dataclass

import numpy as np

from alphaloop.engine.options.legs import Basis, Intent, Legs, lay_legs
from alphaloop.engine.options.quotes import YEAR_MS
from alphaloop.engine.panel import Floats, Panel
from alphaloop.engine.params import param
from alphaloop.engine.strategy import Chan, Signals
from alphaloop.strategies._monthly_options import EXTRAS as EXTRAS
from alphaloop.strategies._monthly_options import monthly_expiry, near_strike, no_orders, strike_step
from alphaloop.strategies._universe import named_inputs

CATEGORY = "volatility"
LABEL = {"zh": "波动率套利", "en": "Volatility arbitrage"}
SUMMARY = {
    "zh": "隐含波动率显著高于近期实现波动率时卖出跨式，显著低于时买入，每日 Delta 对冲。",
    "en": "Sells a straddle, hedged daily, when implied volatility is far above realised; buys one when far below.",
}
RISK = {
    "zh": "卖出跨式亏损无上限，按交易所裸卖规则占用保证金；名义本金为权益的一半。",
    "en": "A sold straddle can lose without limit and is margined as naked; its notional is half of the equity.",
}
# Worth of the underlying under one straddle, as a share of the equity.
SHARE = 0.5
# The straddle ends with the first monthly expiry at least so many days ahead.
DAYS = 21


@dataclass(frozen=True)
class Params:
    lookback: int = param(21, 5, 252, label_zh="实现波动率窗口（根）", label_en="Realised volatility window (bars)")
    entry_spread: float = param(
        0.04, 0.005, 0.5, step=0.005, label_zh="入场差（年化）", label_en="Implied less realised at the entry (a year)"
    )


def warmup(params: Params) -> int:
    return params.lookback


def needs(params: Params) -> list[Chan]:
    return []


def evaluate(panel: Panel, params: Params) -> Signals:
    named_inputs(panel, EXTRAS)
    return no_orders(panel)


def legs(panel: Panel, params: Params) -> Legs:
    """One straddle at the money at a time, until its expiry or until the spread has changed its sign."""
    vix, _ = named_inputs(panel, EXTRAS)
    spread = vix[:, 0] / 100.0 - realised_volatility(panel, params.lookback)
    intents: list[Intent] = []
    for row in np.flatnonzero(panel.member[:, 0] & (np.abs(spread) >= params.entry_spread)).tolist():
        if intents and row < intents[-1].closed:
            continue
        expiry_ms = monthly_expiry(int(panel.close_ms[row]), DAYS)
        last = int(np.searchsorted(panel.close_ms, expiry_ms))
        turned = np.flatnonzero(spread[row:last] * spread[row] <= 0.0)
        end = row + int(turned[0]) if len(turned) else last
        spot, sign = float(panel.close[row, 0]), -1.0 if spread[row] > 0.0 else 1.0
        strike = near_strike(spot, strike_step(spot))
        said = f"implied {vix[row, 0] / 100.0:.1%} against realised {vix[row, 0] / 100.0 - spread[row]:.1%}"
        intents.append(Intent(row, end, expiry_ms, ((strike, False, sign), (strike, True, sign)), SHARE, said))
    return lay_legs(len(panel.ts_ms), intents, Basis.NOTIONAL, hedged=True)


def realised_volatility(panel: Panel, bars: int) -> Floats:
    """Volatility a year of the first instrument over its last `bars` changes, float64[T]; NaN before there are so many.

    Squared log returns about zero over the calendar time that they took, as a variance swap counts them.
    """
    made = np.full(len(panel.ts_ms), np.nan)
    rows = np.flatnonzero(np.isfinite(panel.close[:, 0]))
    if len(rows) <= bars:
        return made
    log = np.log(panel.close[rows, 0])
    squares = np.convolve(np.diff(log) ** 2, np.ones(bars), "valid")
    took = (panel.close_ms[rows[bars:]] - panel.close_ms[rows[:-bars]]) / YEAR_MS
    made[rows[bars:]] = np.sqrt(squares / took)
    return made
