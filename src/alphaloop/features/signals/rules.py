"""What a signal is worth, which of several counts, when it is too late, and who has the last word: pure decisions."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from alphaloop.core.bar import Timeframe
from alphaloop.core.calendar import Calendar
from alphaloop.core.clock import from_ms, to_ms
from alphaloop.core.errors import InvalidError
from alphaloop.core.signal import Direction, Sizing

LATE_BARS = 3
DRIFT_PCT = 0.01
THRESHOLD = 0.2
RISK_FRACTION = 0.01
POSITION_PCT = 0.15
"""The largest share of equity in one instrument where a strategy's risk profile says nothing."""
FULL_RISK = 0.02
"""A share of equity lost at the stop that counts as full risk: the two-per-cent rule (Elder, Come Into My Trading Room,
2002)."""


class SignalType(StrEnum):
    ENTRY = "ENTRY"
    EXIT = "EXIT"


def clipped(value: float) -> float:
    return min(max(value, 0.0), 1.0)


def strength_of(given: float | None, target: float, sizing: Sizing) -> float:
    """0 to 1: what the strategy itself says, else the share of equity it asks for, else 1. A way out is always 1."""
    if target == 0:
        return 1.0
    if given is not None:
        return clipped(abs(given))
    return clipped(abs(target)) if sizing is Sizing.WEIGHT else 1.0


def confidence_of(wins: int, measured: int) -> float:
    """How often the strategy may be expected to be right: (wins + 1) / (measured + 2), Laplace's rule of succession, so
    that few signals say little and none says a half."""
    return (wins + 1) / (measured + 2)


def rr_ratio(entry: float, stop: float | None, take: float | None) -> float | None:
    """Reward to risk: distance of the take over distance of the stop; None without both or without a distance."""
    if stop is None or take is None or entry == stop:
        return None
    return abs(take - entry) / abs(entry - stop)


def weight_of(target: float, sizing: Sizing, *, entry: float, stop: float | None, cap: float | None) -> float | None:
    """The share of equity that a signal asks for, at most `cap`; None where units say nothing of it.

    RISK risks one per cent of equity for each unit of the target: 0.01 x |target| x entry / |entry - stop|."""
    if sizing is Sizing.UNITS:
        return None
    share = abs(target)
    if sizing is Sizing.RISK:
        if stop is None or stop == entry:
            return 0.0
        share = RISK_FRACTION * abs(target) * entry / abs(entry - stop)
    return min(share, 1.0 if cap is None else cap)


def risk_score(weight: float | None, *, entry: float, stop: float | None, volatility: float | None) -> float | None:
    """0 (none) to 1 (full): the share of equity lost if it goes wrong, against two per cent.

    It goes wrong at the stop; without one, where two standard deviations of ten bars' moves lie. `volatility` is the
    standard deviation of one bar's log return. None where neither is known."""
    if weight is None or entry <= 0:
        return None
    if stop is not None:
        move = abs(entry - stop) / entry
    elif volatility is not None and math.isfinite(volatility):
        move = 2 * volatility * math.sqrt(10)
    else:
        return None
    return clipped(weight * move / FULL_RISK)


def lateness(
    direction: Direction,
    *,
    entry: float,
    last: float,
    stop: float | None,
    take: float | None,
    drift_pct: float = DRIFT_PCT,
) -> str | None:
    """Why an entry comes too late at the last price, or None: the stop has been passed, the take reached, or the price
    ran away by more than `drift_pct` of the entry. A better price is not too late, and a way out never is."""
    if direction is Direction.FLAT:
        return None
    sign = 1 if direction is Direction.LONG else -1
    if stop is not None and sign * (last - stop) <= 0:
        return "stop_passed"
    if take is not None and sign * (take - last) <= 0:
        return "take_reached"
    return "price_drifted" if sign * (last - entry) > drift_pct * entry else None


def expiry_ms(calendar: Calendar, timeframe: Timeframe, close_ms: int, bars: int) -> int:
    """When that many bars after `close_ms` will have closed, epoch ms: by sessions where the market has some, and by
    nominal lengths around the clock, in nights, and where the calendar knows no such date."""
    nominal = close_ms + bars * timeframe.ms
    if calendar.around_the_clock or calendar.nights or timeframe.ms > Timeframe.D1.ms:
        return nominal
    try:
        return _by_sessions(calendar, timeframe, close_ms, bars)
    except InvalidError:
        return nominal


def _by_sessions(calendar: Calendar, timeframe: Timeframe, close_ms: int, bars: int) -> int:
    day = from_ms(close_ms).astimezone(ZoneInfo(calendar.zone)).date()
    if not timeframe.intraday:
        for _ in range(bars):
            day = calendar.next_session(day)
        return calendar.close_ms(to_ms(datetime(day.year, day.month, day.day, tzinfo=UTC)), Timeframe.D1)
    left, at = bars * timeframe.ms, close_ms
    while True:
        for begin, end in _spans(calendar, day):
            usable = end - max(begin, at)
            if usable >= left:
                return max(begin, at) + left
            left -= max(usable, 0)
        day = calendar.next_session(day)


def _spans(calendar: Calendar, day: date) -> list[tuple[int, int]]:
    if not calendar.is_session_date(day):
        return []
    zone, early = ZoneInfo(calendar.zone), calendar.early_close(day)
    spans = []
    for begin, end in calendar.sessions:
        last = end if early is None else min(end, early)
        if begin < last:
            spans.append((to_ms(datetime.combine(day, begin, zone)), to_ms(datetime.combine(day, last, zone))))
    return spans


def is_late(target: float, age: int, late_bars: int = LATE_BARS) -> bool:
    """Whether an entry began too many bars ago to be taken now; a way out never did."""
    return target != 0 and age >= late_bars


@dataclass(frozen=True, slots=True)
class Vote:
    """One strategy's word on one instrument. `weight` None counts as a whole one."""

    signal_id: int
    strategy: str
    direction: Direction
    weight: float | None
    strength: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What several strategies want of one instrument together. `net` lies between -1 and 1; `reason` is `unanimous`,
    `outvoted` (some wanted the other side) or `below_threshold`."""

    direction: Direction
    net: float
    reason: str
    against: tuple[int, ...]


def agree(votes: Sequence[Vote], *, threshold: float = THRESHOLD) -> Verdict:
    """One answer from many: the sum of sign x weight x strength over the sum of weights, where a way out counts 0.

    Below `threshold` nothing is traded. `against` are signals that wanted something else than the answer."""
    total = sum(_weight(vote) for vote in votes)
    net = (
        sum(_sign(vote.direction) * _weight(vote) * clipped(vote.strength) for vote in votes) / total if total else 0.0
    )
    wanted = {vote.direction for vote in votes}
    if wanted == {Direction.FLAT}:
        return Verdict(Direction.FLAT, 0.0, "unanimous", ())
    if abs(net) < threshold:
        return Verdict(Direction.FLAT, net, "below_threshold", tuple(vote.signal_id for vote in votes))
    direction = Direction.LONG if net > 0 else Direction.SHORT
    against = tuple(vote.signal_id for vote in votes if vote.direction is not direction)
    return Verdict(direction, net, "outvoted" if against else "unanimous", against)


def _weight(vote: Vote) -> float:
    return 1.0 if vote.weight is None else max(vote.weight, 0.0)


def _sign(direction: Direction) -> int:
    return {Direction.LONG: 1, Direction.SHORT: -1, Direction.FLAT: 0}[direction]


@dataclass(frozen=True, slots=True)
class Switches:
    """Everything that must say yes before a signal trades without asking, in the order in which it is asked."""

    server_ceiling: bool
    account_mode: bool
    user_consent: bool
    strategy: bool
    signal: bool
    risk: bool


def refusing_switch(switches: Switches) -> str | None:
    """The first switch that says no; None when all say yes."""
    return next((name for name in Switches.__slots__ if not getattr(switches, name)), None)
