"""Reads a series as of a moment, stored or made from a finer one. Blocking and without a database."""

from dataclasses import dataclass

from alphaloop.adapters.feeds.contract import BarTable
from alphaloop.core.bar import Timeframe
from alphaloop.core.calendar import Calendar, find_calendar
from alphaloop.core.errors import NotFoundError
from alphaloop.features.market.resample import drop_unfinished, finer_timeframes, resample
from alphaloop.features.market.store import BarStore, closed_rows

_DAY_MS = Timeframe.D1.ms


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """A series somebody asks for: `stored` are the timeframes the store holds of its instrument."""

    symbol: str
    timeframe: Timeframe
    calendar: str
    stored: tuple[Timeframe, ...]

    @property
    def calendar_rules(self) -> Calendar:
        return find_calendar(self.calendar)

    @property
    def origin(self) -> Timeframe:
        """The stored timeframe it is read from, or NotFoundError 'series_not_found'."""
        if self.timeframe in self.stored:
            return self.timeframe
        for finer in finer_timeframes(self.timeframe):
            if finer in self.stored:
                return finer
        raise NotFoundError("There are no bars of this instrument and timeframe.", code="series_not_found")


def newest_table(
    store: BarStore, key: SeriesKey, *, limit: int, before_ts: int | None = None, as_of_ms: int | None = None
) -> tuple[BarTable, bool]:
    """(the newest `limit` bars opened before `before_ts` and closed at `as_of_ms`, whether older ones exist)."""
    origin, calendar = key.origin, key.calendar_rules
    if origin is not key.timeframe:
        return _read_made(store, key, origin, limit=limit, before_ts=before_ts, as_of_ms=as_of_ms)
    bound = before_ts if as_of_ms is None else min(before_ts if before_ts is not None else as_of_ms, as_of_ms)
    # One bar may have opened but not closed at that moment, and one more tells whether there are older ones.
    table = store.read(key.symbol, origin, before_ts=bound, last=limit + 2)
    if as_of_ms is not None:
        table = table.cut(0, closed_rows(table, origin, calendar, as_of_ms))
    return table.cut(max(0, len(table) - limit), len(table)), len(table) > limit


def read_after(store: BarStore, key: SeriesKey, *, after_ts: int, limit: int) -> BarTable:
    """The first `limit` stored bars that opened after `after_ts`."""
    if key.origin is not key.timeframe:
        raise NotFoundError("Bars of this timeframe are not stored.", code="series_not_stored")
    return store.read(key.symbol, key.timeframe, since_ts=after_ts + 1, first=limit)


def read_series(
    store: BarStore, key: SeriesKey, *, as_of_ms: int | None = None, since_ts: int | None = None
) -> BarTable:
    """Every bar from `since_ts` on that was closed at `as_of_ms`."""
    origin, calendar = key.origin, key.calendar_rules
    if origin is key.timeframe:
        table = store.read(key.symbol, origin, since_ts=since_ts, before_ts=as_of_ms)
        return table if as_of_ms is None else table.cut(0, closed_rows(table, origin, calendar, as_of_ms))
    made = _made(store.read(key.symbol, origin, before_ts=as_of_ms), key, origin, as_of_ms)
    start = 0 if since_ts is None else int(made.ts.searchsorted(since_ts))
    return made.cut(start, len(made))


def _read_made(
    store: BarStore, key: SeriesKey, origin: Timeframe, *, limit: int, before_ts: int | None, as_of_ms: int | None
) -> tuple[BarTable, bool]:
    span = key.timeframe.ms + _DAY_MS
    bound = None if before_ts is None else before_ts + span
    if as_of_ms is not None:
        bound = as_of_ms if bound is None else min(bound, as_of_ms)
    # A session market has fewer finer bars in a bar than the lengths say, so this always reaches far enough back.
    ratio = -(-key.timeframe.ms // origin.ms)
    wanted = (limit + 3) * ratio + (span // origin.ms if before_ts is not None else 0)
    finer = store.read(key.symbol, origin, before_ts=bound, last=wanted)
    made = _made(finer, key, origin, as_of_ms)
    if len(finer) == wanted and len(made):
        made = made.cut(1, len(made))  # the first one may lack its beginning
    if before_ts is not None:
        made = made.cut(0, int(made.ts.searchsorted(before_ts)))
    older = len(made) > limit or len(finer) == wanted
    return made.cut(max(0, len(made) - limit), len(made)), older


def _made(finer: BarTable, key: SeriesKey, origin: Timeframe, as_of_ms: int | None) -> BarTable:
    calendar = key.calendar_rules
    if as_of_ms is not None:
        finer = finer.cut(0, closed_rows(finer, origin, calendar, as_of_ms))
    if not len(finer):
        return finer
    reached = calendar.close_ms(int(finer.ts[-1]), origin)
    made = resample(finer, source=origin, target=key.timeframe, calendar=calendar)
    reached = reached if as_of_ms is None else max(reached, as_of_ms)
    return drop_unfinished(made, target=key.timeframe, calendar=calendar, source_close_ms=reached)
