"""Times as many sources write them, on the market's own clock and often at a bar's end, turned into UTC opens."""

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from alphaloop.core.bar import Timeframe
from alphaloop.core.calendar import find_calendar
from alphaloop.core.clock import from_ms

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_DAY_MS = Timeframe.D1.ms


def utc_opens(
    written: "NDArray[np.int64]", timeframe: Timeframe, *, market: str, on_market_clock: bool, at_close: bool
) -> "NDArray[np.int64]":
    """Open times in UTC, int64[N] epoch ms, of times as `written`: on the clock of the calendar `market` (else UTC),
    naming the end of each bar (else its start). Days and longer carry dates and stay as they are."""
    import numpy as np

    if not timeframe.intraday or not len(written):
        return written
    opens = written - timeframe.ms if at_close else written
    if not on_market_clock:
        return opens
    zone = ZoneInfo(find_calendar(market).zone)
    firsts = np.flatnonzero(np.concatenate(([True], np.diff(opens // _DAY_MS) != 0)))
    # Clocks change while markets are shut, so one answer serves a day.
    shifts = np.array([_offset_ms(first, zone) for first in opens[firsts].tolist()], dtype=np.int64)
    spread: NDArray[np.int64] = np.repeat(shifts, np.diff(np.concatenate((firsts, [len(opens)]))))
    return opens - spread


def _offset_ms(local_ms: int, zone: ZoneInfo) -> int:
    shift = from_ms(local_ms).replace(tzinfo=zone).utcoffset()
    return int(shift.total_seconds()) * 1000 if shift else 0
