"""Price limits of every trading day, worked out before a simulation from the prices and the ex-dates it will see.

A day whose own bar lies outside its limits shows that its reference price is not the one we know (an ex-date nobody
told, a first session, another board). Nobody can say its limits then, and it has none.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

import numpy as np

from alphaloop.core.corporate import CorporateAction
from alphaloop.core.instrument import Instrument
from alphaloop.engine.convert import to_decimal, to_float
from alphaloop.engine.day_rules import DayRules, Limit
from alphaloop.engine.day_state import unlimited_days
from alphaloop.engine.panel import Bools, Floats, Ints, Panel

# Prices of a file and prices computed from rates agree to this share when they are meant to be equal.
_SAME = 1e-6


class DayPrices(NamedTuple):
    """Of each day of one column: lowest, highest and last price, float64[D]; NaN without a bar."""

    low: Floats
    high: Floats
    close: Floats

    @staticmethod
    def of(panel: Panel, n: int, day: Ints, days: int) -> "DayPrices":
        """From a panel's column; `day[T]` is the trading day of each row."""
        made = [np.full(days, np.nan) for _ in range(3)]
        close = panel.close[:, n]
        np.fmin.at(made[0], day, np.fmin(panel.low[:, n], close))
        np.fmax.at(made[1], day, np.fmax(panel.high[:, n], close))
        seen = np.flatnonzero(np.isfinite(close))
        # Rows are in order of time: of several on one day the last stays.
        made[2][day[seen]] = close[seen]
        return DayPrices(*made)


class DayLimits(NamedTuple):
    """Lowest and highest price of each day, float64[D] (0, inf: none), and how many days lay outside theirs."""

    down: Floats
    up: Floats
    outside: int


def limits_by_day(
    rules: Sequence[DayRules],
    prices: DayPrices,
    due: Mapping[int, Sequence[CorporateAction]],
    *,
    free: Bools,
    by_ratio: float | None = None,
) -> DayLimits:
    """Limits of every day; `due` are the ex-dates by day, `free` the days on which the market sets none.

    Raw prices have limits on the tick. Prices adjusted by ratio (`by_ratio` is not None) have lost their tick: their
    limits are bare shares of the close before, and a bar that ends within `by_ratio` of one ended at it.
    """
    down, up = np.zeros(len(rules)), np.full(len(rules), np.inf)
    reference = references(rules, prices.close, due)
    known = np.isfinite(reference) & ~free
    same = {one: number for number, one in enumerate(dict.fromkeys(rules))}
    kind = np.array([same[one] for one in rules])
    for one, number in same.items():
        days = np.flatnonzero(known & (kind == number))
        if one.limit is None or len(days) == 0:
            continue
        if by_ratio is None:
            down[days], up[days] = _on_tick(one, one.limit, reference[days])
        else:
            low, high = prices.low[days], prices.high[days]
            down[days], up[days] = _near(one.limit, reference[days], low, high, within=by_ratio)
    outside = (prices.low < down * (1.0 - _SAME)) | (prices.high > up * (1.0 + _SAME))
    down[outside], up[outside] = 0.0, np.inf
    return DayLimits(down, up, int(np.count_nonzero(outside)))


def free_days(instrument: Instrument, dates: Sequence[date]) -> Bools:
    """The days among these on which the market sets no limit for an instrument."""
    unlimited = unlimited_days(instrument)
    return np.array([day in unlimited for day in dates])


def references(rules: Sequence[DayRules], close: Floats, due: Mapping[int, Sequence[CorporateAction]]) -> Floats:
    """The ex-rights reference price of every day; NaN before the first close."""
    traded = np.isfinite(close)
    carried = np.maximum.accumulate(np.where(traded, np.arange(len(close)), -1))
    last = np.where(carried >= 0, close[np.maximum(carried, 0)], np.nan)
    reference = np.concatenate([[np.nan], last[:-1]])
    for day, many in sorted(due.items()):
        for after in range(day, len(close)):
            for action in many:
                if np.isfinite(reference[after]):
                    exact = to_decimal(reference[after])
                    reference[after] = to_float(action.reference_price(exact, tick=rules[after].tick_at(exact)))
            if traded[after]:
                break
    return reference


def _on_tick(rules: DayRules, limit: Limit, reference: Floats) -> tuple[Floats, Floats]:
    starts = np.array([to_float(row[0]) for row in rules.tick.table])
    ticks = np.array([to_float(row[1]) for row in rules.tick.table])
    tick = ticks[np.maximum(np.searchsorted(starts, reference, side="right") - 1, 0)]
    most = _half_up(reference * (1.0 + to_float(limit.up)), tick)
    least = _half_up(reference * (1.0 - to_float(limit.down)), tick)
    return np.maximum(np.minimum(least, reference - tick), tick), np.maximum(most, reference + tick)


def _near(limit: Limit, reference: Floats, low: Floats, high: Floats, *, within: float) -> tuple[Floats, Floats]:
    least, most = reference * (1.0 - to_float(limit.down)), reference * (1.0 + to_float(limit.up))
    reach = within * reference
    down = np.where(np.abs(low - least) <= reach, low, least - reach)
    return down, np.where(np.abs(high - most) <= reach, high, most + reach)


def _half_up(value: Floats, tick: Floats) -> Floats:
    # A millionth of a tick separates what float arithmetic blurs from what is really below one half.
    return np.asarray(np.floor(value / tick + 0.5 + 1e-6) * tick)
