"""What became of signals, from the bars that came after them; kept apart from what was traded."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from alphaloop.core.signal import Direction

HORIZON = 20
_YEAR_MS = 365.25 * 86_400_000


class Hit(StrEnum):
    STOP = "STOP"
    TAKE = "TAKE"
    HORIZON = "HORIZON"


class BarPrices(NamedTuple):
    open: float
    high: float
    low: float
    close: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a signal would have done, traded at the open of the first bar after it: all but `r_multiple` are shares of
    that price. `hit` None: still open after `bars`.

    `mfe` is the best and `mae` the worst it stood at (Sweeney, Maximum Adverse Excursion, 1997), `r_multiple` the
    result in units of the distance to the stop (Tharp, Trade Your Way to Financial Freedom, 1999)."""

    mfe: float
    mae: float
    outcome: float
    r_multiple: float | None
    hit: Hit | None
    bars: int


def measure(
    direction: Direction,
    bars: Sequence[BarPrices],
    *,
    stop: float | None,
    take: float | None,
    horizon: int = HORIZON,
) -> Outcome | None:
    """Follow a signal through the bars after it until its stop, its take or the horizon; None while there are none.

    Inside one bar the stop comes before the take, as in the simulator; a bar that opens beyond either trades at its
    open. Excursions end where the signal does."""
    if not bars or direction is Direction.FLAT:
        return None
    sign = 1 if direction is Direction.LONG else -1
    entry = best = worst = bars[0].open
    for count, bar in enumerate(bars[:horizon], start=1):
        favourable, adverse = (bar.high, bar.low) if sign > 0 else (bar.low, bar.high)
        if stop is not None and sign * (adverse - stop) <= 0:
            left = _worse(bar.open, stop, sign)
            return _told(sign, entry, best, _worse(worst, left, sign), left, stop, Hit.STOP, count)
        worst = _worse(worst, adverse, sign)
        if take is not None and sign * (favourable - take) >= 0:
            left = _better(bar.open, take, sign)
            return _told(sign, entry, _better(best, left, sign), worst, left, stop, Hit.TAKE, count)
        best = _better(best, favourable, sign)
    seen = min(len(bars), horizon)
    hit = Hit.HORIZON if seen == horizon else None
    return _told(sign, entry, best, worst, bars[seen - 1].close, stop, hit, seen)


def _better(one: float, other: float, sign: int) -> float:
    return max(one, other) if sign > 0 else min(one, other)


def _worse(one: float, other: float, sign: int) -> float:
    return min(one, other) if sign > 0 else max(one, other)


def _told(
    sign: int, entry: float, best: float, worst: float, left: float, stop: float | None, hit: Hit | None, bars: int
) -> Outcome:
    gained = sign * (left - entry)
    risk = None if stop is None else sign * (entry - stop)
    return Outcome(
        mfe=max(sign * (best - entry) / entry, 0.0),
        mae=max(sign * (entry - worst) / entry, 0.0),
        outcome=gained / entry,
        r_multiple=gained / risk if risk is not None and risk > 0 else None,
        hit=hit,
        bars=bars,
    )


@dataclass(frozen=True, slots=True)
class Performance:
    """Figures of many ended signals; None where they cannot be told."""

    measured: int
    win_rate: float | None
    sharpe: float | None
    profit_loss_ratio: float | None
    expectancy_r: float | None
    average_mfe: float | None
    average_mae: float | None
    hits: dict[str, int]


def perform(ended: Sequence[tuple[int, Outcome]]) -> Performance:
    """Figures over (time in epoch ms, outcome) of ended signals.

    `win_rate` is the share that gained; `sharpe` mean over standard deviation (n - 1) of outcomes times the root of
    signals a year; `profit_loss_ratio` the average gain over the average loss; `expectancy_r` the mean R."""
    found = [outcome for _, outcome in ended]
    results = [one.outcome for one in found]
    gains, losses = [one for one in results if one > 0], [-one for one in results if one < 0]
    multiples = [one.r_multiple for one in found if one.r_multiple is not None]
    return Performance(
        measured=len(found),
        win_rate=len(gains) / len(found) if found else None,
        sharpe=_sharpe(results, [ts for ts, _ in ended]),
        profit_loss_ratio=_mean(gains) / _mean(losses) if gains and losses else None,
        expectancy_r=_mean(multiples) if multiples else None,
        average_mfe=_mean([one.mfe for one in found]) if found else None,
        average_mae=_mean([one.mae for one in found]) if found else None,
        hits={hit.value: sum(one.hit is hit for one in found) for hit in Hit},
    )


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _sharpe(results: Sequence[float], times: Sequence[int]) -> float | None:
    if len(results) < 2 or max(times) == min(times):
        return None
    mean = _mean(results)
    spread = math.sqrt(math.fsum((one - mean) ** 2 for one in results) / (len(results) - 1))
    if spread < 1e-12:
        return None
    a_year = (len(results) - 1) * _YEAR_MS / (max(times) - min(times))
    return mean / spread * math.sqrt(a_year)
