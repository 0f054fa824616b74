"""What is wrong with a series, said in numbers: gaps by the market's calendar, runs without volume, outliers."""

from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import TYPE_CHECKING

from alphaloop.adapters.feeds.contract import BarTable
from alphaloop.core.bar import Timeframe
from alphaloop.core.calendar import Calendar, Spans
from alphaloop.core.errors import InvalidError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_LISTED = 200
_DAY_MS = Timeframe.D1.ms
# Longest closure a market without a loaded holiday calendar may have, in weekdays (spring festival plus a bridge).
_LONG_CLOSURE = 7
_ZERO_RUN = 20
_OUTLIER = 25.0
_SMALL_MOVE = 0.03


@dataclass(frozen=True, slots=True)
class Gap:
    """`missing` bars between the bar that opened at `from_ts` and the one at `to_ts`."""

    from_ts: int
    to_ts: int
    missing: int


@dataclass(frozen=True, slots=True)
class Issue:
    code: str
    ts: int
    detail: str


@dataclass(frozen=True, slots=True)
class Findings:
    gaps: list[Gap]
    gap_count: int
    issues: list[Issue]


def examine(table: BarTable, timeframe: Timeframe, calendar: Calendar) -> Findings:
    """Gaps, runs of at least 20 bars without volume, and moves out of all proportion; at most 200 of each listed."""
    gaps = find_gaps(table.ts, timeframe, calendar)
    issues = [*_zero_volume(table), *_outliers(table)]
    longest = sorted(gaps, key=lambda gap: -gap.missing)[:MAX_LISTED]
    return Findings(
        gaps=sorted(longest, key=lambda gap: gap.from_ts),
        gap_count=len(gaps),
        issues=sorted(issues, key=lambda issue: issue.ts)[:MAX_LISTED],
    )


def find_gaps(ts: "NDArray[np.int64]", timeframe: Timeframe, calendar: Calendar) -> list[Gap]:
    """Steps longer than the timeframe while the market was open.

    Around the clock every missing step counts. Elsewhere bars missing inside one trading day count, and days only when
    more weekdays are missing than a holiday explains, unless the calendar knows its holidays.
    """
    import numpy as np

    if len(ts) < 2:
        return []
    steps = np.diff(ts)
    suspects = np.flatnonzero(steps > timeframe.ms)
    found = []
    for row in suspects.tolist():
        before, after = int(ts[row]), int(ts[row + 1])
        missing = _missing(before, after, timeframe, calendar)
        if missing > 0:
            found.append(Gap(before, after, missing))
    return found


def _missing(before: int, after: int, timeframe: Timeframe, calendar: Calendar) -> int:
    import numpy as np

    if timeframe is Timeframe.MO1:
        months = [int(np.datetime64(ts, "ms").astype("datetime64[M]").astype(int)) for ts in (before, after)]
        return months[1] - months[0] - 1
    steps = (after - before) // timeframe.ms - 1
    if timeframe is Timeframe.W1 or (calendar.around_the_clock and len(calendar.weekdays) == 7):
        return int(steps)
    # Days carry their session date already.
    shift = (_zone_shift_ms(before, calendar), _zone_shift_ms(after, calendar)) if timeframe.intraday else (0, 0)
    days = [np.datetime64((ts + move) // _DAY_MS, "D") for ts, move in zip((before, after), shift, strict=True)]
    if timeframe.intraday and days[0] == days[1]:
        return _missing_inside(before + shift[0], after + shift[1], timeframe, calendar)
    sessions = _missing_sessions(days[0].astype(date), days[1].astype(date), calendar)
    return sessions * max(1, _open_minutes(calendar) * 60_000 // timeframe.ms) if timeframe.intraday else sessions


def _missing_sessions(before: date, after: date, calendar: Calendar) -> int:
    """Session dates between two days. Where nobody has recorded the market's holidays, weekdays count, and only when
    there are more of them than the longest holiday has."""
    import numpy as np

    weekdays = int(np.busday_count(np.datetime64(before) + 1, np.datetime64(after)))
    if weekdays <= 0:
        return 0
    try:
        between = (before + timedelta(days=one) for one in range(1, (after - before).days))
        known = sum(calendar.is_session_date(day) for day in between)
    except InvalidError:
        return weekdays if weekdays > _LONG_CLOSURE else 0
    sure = calendar.holidays_known and not calendar.around_the_clock
    return known if calendar.recorded or sure or known > _LONG_CLOSURE else 0


def _zone_shift_ms(ts: int, calendar: Calendar) -> int:
    from zoneinfo import ZoneInfo

    from alphaloop.core.clock import from_ms

    offset = from_ms(ts).astimezone(ZoneInfo(calendar.zone)).utcoffset()
    return 0 if calendar.around_the_clock or not offset else int(offset.total_seconds() * 1000)


def _missing_inside(before: int, after: int, timeframe: Timeframe, calendar: Calendar) -> int:
    """Bars that should lie between two of one local day; local epoch ms. Breaks between sessions do not count."""
    if calendar.around_the_clock:
        return (after - before) // timeframe.ms - 1
    start, stop = before % _DAY_MS + timeframe.ms, after % _DAY_MS
    open_ms = 0
    for opened, closed in _day_spans(calendar):
        first = (opened.hour * 60 + opened.minute) * 60_000
        last = (closed.hour * 60 + closed.minute) * 60_000 or _DAY_MS
        open_ms += max(0, min(stop, last) - max(start, first))
    return open_ms // timeframe.ms


def _open_minutes(calendar: Calendar) -> int:
    if calendar.around_the_clock:
        return 1440
    spans = [*calendar.nights, *calendar.sessions]
    return sum(((end.hour - start.hour) * 60 + end.minute - start.minute) % 1440 for start, end in spans)


def _day_spans(calendar: Calendar) -> Spans:
    """Hours of trading as they fall into one local day: a night past midnight is an evening and an early morning."""
    nights = [
        part
        for start, end in calendar.nights
        for part in ([(start, end)] if start < end else [(start, time()), (time(), end)])
    ]
    return (*nights, *calendar.sessions)


def _zero_volume(table: BarTable) -> list[Issue]:
    """Runs without volume in a series that otherwise has some; a series without any is said once."""
    import numpy as np

    empty = table.volume == 0
    if not len(empty) or not empty.any():
        return []
    if empty.all():
        return [Issue("no_volume", int(table.ts[0]), f"{len(empty)} bars, none with volume")]
    edges = np.flatnonzero(np.diff(np.concatenate(([0], empty.astype(np.int8), [0]))))
    starts, stops = edges[::2], edges[1::2]
    long = stops - starts >= _ZERO_RUN
    return [
        Issue("zero_volume_run", int(table.ts[start]), f"{stop - start} bars without volume")
        for start, stop in zip(starts[long].tolist(), stops[long].tolist(), strict=True)
    ][:MAX_LISTED]


def _outliers(table: BarTable) -> list[Issue]:
    """Closes that move more than 25 times the usual move (median of absolute returns) and more than 3 percent."""
    import numpy as np

    if len(table) < 50:
        return []
    moves = np.diff(np.log(table.close))
    usual = float(np.median(np.abs(moves[moves != 0]))) if (moves != 0).any() else 0.0
    if usual == 0.0:
        return []
    wild = np.flatnonzero((np.abs(moves) > _OUTLIER * usual) & (np.abs(moves) > _SMALL_MOVE))
    return [
        Issue("outlier", int(table.ts[row + 1]), f"close moved {np.expm1(moves[row]) * 100:+.1f}% in one bar")
        for row in wild[:MAX_LISTED].tolist()
    ]
