"""The stated rule and the formula once more, in plain arithmetic, to check entries by hand with."""

import math
from datetime import date

from alphaloop.engine.options.backtest import OptionResult
from alphaloop.engine.options.fills import OptionFill

RATE, DIVIDEND = 0.0225, 0.018


def stated_price(spot: float, strike: float, days: int, vix: float, *, call: bool) -> float:
    """Black and Scholes at VIX x (0.88 - 0.21 d), with the rates of the runs of 1999."""
    years = days / 365
    forward = spot * math.exp((RATE - DIVIDEND) * years)
    deviation = vix / 100 * math.sqrt(years)
    d = min(max(math.log(strike / forward) / deviation, -4.0), 1.0)
    spread = deviation * (0.88 - 0.21 * d)
    d1 = math.log(forward / strike) / spread + spread / 2
    worth = forward * below(d1) - strike * below(d1 - spread)
    return math.exp(-RATE * years) * (worth if call else worth - forward + strike)


def below(x: float) -> float:
    return 0.5 * (1.0 + math.erf(x / math.sqrt(2.0)))


def ask(price: float) -> float:
    return price + 0.10 + 0.006 * price


def bid(price: float) -> float:
    return price - 0.10 - 0.006 * price


def day_of(result: OptionResult, row: int) -> date:
    return date.fromordinal(date(1970, 1, 1).toordinal() + int(result.panel.ts_ms[row]) // 86_400_000)


def option_fills(result: OptionResult, day: str, kind: str) -> list[OptionFill]:
    """Fills in contracts on a day."""
    found = [fill for fill in result.fills if fill.contract >= 0 and fill.kind == kind]
    return [fill for fill in found if day_of(result, fill.row).isoformat() == day]
