"""Coarser bars from finer ones: around the clock by UTC, elsewhere by the market's own sessions."""

from typing import TYPE_CHECKING

from alphaloop.adapters.feeds import AS_COMPUTED
from alphaloop.adapters.feeds.contract import BarTable
from alphaloop.core.bar import Timeframe
from alphaloop.core.calendar import Calendar
from alphaloop.core.errors import InvalidError
from alphaloop.features.market.session_grid import bar_starts, outside_sessions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Which stored timeframe a missing one is best made of: the coarsest that divides it.
_ORDER = tuple(Timeframe)
_A_DAY = 1440


def finer_timeframes(timeframe: Timeframe) -> list[Timeframe]:
    """Timeframes this one can be made of, coarsest first. Months are not made of weeks: a week may span two."""
    finer: list[Timeframe] = [
        candidate
        for candidate in _ORDER
        if candidate.ms < timeframe.ms and timeframe.ms % candidate.ms == 0 and candidate is not Timeframe.W1
    ]
    return finer[::-1]


def resample(table: BarTable, *, source: Timeframe, target: Timeframe, calendar: Calendar) -> BarTable:
    """Bars of `target` length made of `source` bars: first open, highest high, lowest low, last close, sum of volume.

    The last bar may be unfinished; `drop_unfinished` takes it away. Session markets start their bars at the session's
    open (four hours and longer: at the day's open), and days carry the session date at 00:00 UTC. InvalidError
    'bars_outside_sessions' when no bar at all lies in the market's hours: their times are in another zone.
    """
    import numpy as np

    if source not in finer_timeframes(target):
        raise InvalidError(f"{target} bars cannot be made of {source} bars.", code="cannot_resample")
    if not len(table):
        return table
    if source.intraday and _all_outside(table, calendar):
        raise InvalidError(
            "No bar lies in the market's hours; are the times in another zone?", code="bars_outside_sessions"
        )
    starts = bar_starts(table.ts, source=source, target=target, calendar=calendar)
    first = np.flatnonzero(np.concatenate(([True], starts[1:] != starts[:-1])))
    last = np.concatenate((first[1:], [len(starts)])) - 1
    return BarTable.of(
        {
            "ts": starts[first],
            "open": table.open[first],
            "high": np.maximum.reduceat(table.high, first),
            "low": np.minimum.reduceat(table.low, first),
            "close": table.close[last],
            "volume": _summed(table, first),
        },
        price_decimals=table.price_decimals,
        volume_decimals=table.volume_decimals,
    )


def _all_outside(table: BarTable, calendar: Calendar) -> bool:
    """A day of bars tells as a rule; the rest is only asked when they are all outside."""
    head = table.ts[:_A_DAY]
    return bool(outside_sessions(head, calendar).all()) and bool(outside_sessions(table.ts, calendar).all())


def _summed(table: BarTable, first: "NDArray[np.intp]") -> "NDArray[np.float64]":
    """Volumes of the groups that begin at `first`. A sum of floats carries noise beyond the decimals its parts were
    written with."""
    import numpy as np

    total: NDArray[np.float64] = np.add.reduceat(table.volume, first)
    return total if table.volume_decimals == AS_COMPUTED else np.round(total, table.volume_decimals)


def drop_unfinished(made: BarTable, *, target: Timeframe, calendar: Calendar, source_close_ms: int) -> BarTable:
    """The table without its last bar when the finer bars do not yet reach that bar's end."""
    if len(made) and calendar.close_ms(int(made.ts[-1]), target) > source_close_ms:
        return made.cut(0, len(made) - 1)
    return made
