"""Where instants fall in a market's day, for whole columns at once: session dates, bar starts, bars outside hours.

Every zone question goes to the calendar once per hour or day of the series, never once per bar.
"""

from collections.abc import Callable
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from alphaloop.core.bar import Timeframe
from alphaloop.core.calendar import Calendar
from alphaloop.core.clock import from_ms, to_ms

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MINUTE_MS = 60_000
_HOUR_MS = Timeframe.H1.ms
_DAY_MS = Timeframe.D1.ms
_MINUTES = 1440


def session_days(ts: "NDArray[np.int64]", calendar: Calendar) -> "NDArray[np.int64]":
    """Session date of each instant as epoch ms of 00:00 UTC, int64[N]; `ts` int64[N] epoch ms, rising.

    Around the clock it is the UTC day. Elsewhere the calendar says, so a night session counts to the next trading day.
    """
    if calendar.around_the_clock:
        return ts // _DAY_MS * _DAY_MS
    if calendar.nights:
        return _per_key(ts, ts // _HOUR_MS, lambda first: _date_ms(calendar, first))
    return (ts + zone_offsets(ts, calendar)) // _DAY_MS * _DAY_MS


def zone_offsets(ts: "NDArray[np.int64]", calendar: Calendar) -> "NDArray[np.int64]":
    """What to add to each instant (epoch ms) for the market's local time. Clocks change while markets are shut, so
    one answer serves a whole UTC day; night markets are asked hour by hour."""
    zone = ZoneInfo(calendar.zone)

    def offset(first: int) -> int:
        shift = from_ms(first).astimezone(zone).utcoffset()
        return int(shift.total_seconds()) * 1000 if shift else 0

    return _per_key(ts, ts // (_HOUR_MS if calendar.nights else _DAY_MS), offset)


def bar_starts(
    ts: "NDArray[np.int64]", *, source: Timeframe, target: Timeframe, calendar: Calendar
) -> "NDArray[np.int64]":
    """Open time (epoch ms) of the `target` bar that each `source` bar belongs to, int64[N]."""
    if target.intraday:
        if calendar.around_the_clock:
            return ts // target.ms * target.ms
        return _intraday_starts(ts, source=source, target=target, calendar=calendar)
    days = session_days(ts, calendar) if source.intraday else ts // _DAY_MS * _DAY_MS
    if target is Timeframe.D1:
        return days
    if target is Timeframe.W1:
        # The epoch began on a Thursday; weeks begin on Monday.
        return _per_key(days, days, lambda day: day - (day // _DAY_MS + 3) % 7 * _DAY_MS)
    return _per_key(days, days, lambda day: to_ms(from_ms(day).replace(day=1)))


def outside_sessions(ts: "NDArray[np.int64]", calendar: Calendar) -> "NDArray[np.bool_]":
    """Which instants fall outside every session's hours, bool[N]; weekends and holidays are not looked at."""
    import numpy as np

    if calendar.around_the_clock:
        return np.zeros(len(ts), dtype=bool)
    every = np.arange(_MINUTES)
    outside = np.ones(_MINUTES, dtype=bool)
    for opened, closed in zip(*_hours(calendar), strict=True):
        # A session that ends where it begins lasts the whole day.
        outside &= (every - opened) % _MINUTES >= ((closed - opened) % _MINUTES or _MINUTES)
    return outside[_local_minutes(ts, calendar)[1]]


def _intraday_starts(
    ts: "NDArray[np.int64]", *, source: Timeframe, target: Timeframe, calendar: Calendar
) -> "NDArray[np.int64]":
    """Bars are counted from the open of their session (four hours and longer: of the day). Hours outside the sessions
    are counted from the close before them, so that no bar mixes the two."""
    import numpy as np

    opens, closes = _hours(calendar)
    if target.ms >= Timeframe.H4.ms:
        opens, closes = opens[:1], closes[-1:]
    back = _minutes_back(opens, closes, target.ms // _MINUTE_MS, nightly=bool(calendar.nights))
    utc, minute = _local_minutes(ts, calendar)
    moved = back[minute]
    # Where one day ends as the next begins, a bar stamped with that minute is the next one's first.
    prints = _closing_prints(ts, minute, source, closes[~np.isin(closes, opens)])
    moved[prints] = back[minute[prints] - 1] + 1
    return (utc - moved).astype(np.int64) * _MINUTE_MS


def _minutes_back(
    opens: "NDArray[np.int64]", closes: "NDArray[np.int64]", length: int, *, nightly: bool
) -> "NDArray[np.int32]":
    """For each minute of the local day, how long ago the bar of `length` minutes began that it belongs to."""
    import numpy as np

    every = np.arange(_MINUTES)
    edges = np.unique(np.concatenate((opens, closes)))
    at = np.searchsorted(edges, every, side="right") - 1
    # Before the first edge the day before is still running: a night session, or the hours after its close.
    edge = edges[at] if nightly else np.where(at < 0, 0, edges[at])
    back: NDArray[np.int32] = ((every - edge) % _MINUTES % length).astype(np.int32)
    return back


def _local_minutes(ts: "NDArray[np.int64]", calendar: Calendar) -> "tuple[NDArray[np.int32], NDArray[np.int32]]":
    """(minutes since the epoch in UTC, minute of the market's local day) of each instant, int32[N] both."""
    import numpy as np

    utc = (ts // _MINUTE_MS).astype(np.int32)
    local = utc + (zone_offsets(ts, calendar) // _MINUTE_MS).astype(np.int32)
    return utc, local - local // _MINUTES * _MINUTES


def _closing_prints(
    ts: "NDArray[np.int64]", minute: "NDArray[np.int32]", source: Timeframe, closes: "NDArray[np.int64]"
) -> "NDArray[np.intp]":
    """Rows of lone bars stamped with the close itself: the closing auction, which belongs to the bar that ends there.
    Where the next bar follows at once, trading went on after hours."""
    import numpy as np

    closing = np.zeros(_MINUTES, dtype=bool)
    closing[closes % _MINUTES] = True
    rows = np.flatnonzero(closing[minute])
    following = ts[np.minimum(rows + 1, len(ts) - 1)] - ts[rows]
    prints: NDArray[np.intp] = rows[(following > source.ms) | (following == 0)]
    return prints


def _hours(calendar: Calendar) -> "tuple[NDArray[np.int64], NDArray[np.int64]]":
    """Minutes of the local day at which trading opens and closes, in the order of a trading day."""
    import numpy as np

    spans = (*calendar.nights, *calendar.sessions)
    opens, closes = zip(*((_minutes(start), _minutes(end)) for start, end in spans), strict=True)
    return np.array(opens, dtype=np.int64), np.array(closes, dtype=np.int64)


def _minutes(moment: time) -> int:
    return moment.hour * 60 + moment.minute


def _date_ms(calendar: Calendar, ts_ms: int) -> int:
    return to_ms(datetime.combine(calendar.session_date(from_ms(ts_ms)), time(), UTC))


def _per_key(ts: "NDArray[np.int64]", key: "NDArray[np.int64]", ask: "Callable[[int], int]") -> "NDArray[np.int64]":
    """`ask(first instant)` for each run of equal keys, spread over its rows."""
    import numpy as np

    if not len(ts):
        return ts.copy()
    firsts = np.flatnonzero(np.concatenate(([True], np.diff(key) != 0)))
    answers = np.array([ask(first) for first in ts[firsts].tolist()], dtype=np.int64)
    return np.repeat(answers, np.diff(np.concatenate((firsts, [len(ts)]))))
