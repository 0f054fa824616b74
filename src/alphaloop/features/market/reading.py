"""Reads a series as of a moment, adjusted or as traded, stored or made from a finer one. Blocking and without a
database."""

from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

from alphaloop.adapters.feeds.contract import BarTable
from alphaloop.core.bar import Timeframe
from alphaloop.core.calendar import Calendar, find_calendar
from alphaloop.core.clock import from_ms, to_ms
from alphaloop.core.corporate import RAW, Adjustment, Direction
from alphaloop.core.errors import InvalidError, NotFoundError
from alphaloop.features.market.adjusting import (
    ExDate,
    PriceMode,
    adjusted,
    check_adjustable,
    make_steps,
    mode_name,
    terms_of,
)
from alphaloop.features.market.models import StoredMode
from alphaloop.features.market.resample import drop_unfinished, finer_timeframes, resample
from alphaloop.features.market.session_grid import session_days
from alphaloop.features.market.store import BarStore, closed_rows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from alphaloop.kernels.adjust import Steps

_DAY_MS = Timeframe.D1.ms


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """A series somebody asks for: `stored` are the timeframes the store holds of its instrument, `modes` what the
    prices of each are, and `adjust` how they are to be read across the `ex_dates`."""

    symbol: str
    timeframe: Timeframe
    calendar: str
    stored: tuple[Timeframe, ...]
    adjust: Adjustment = RAW
    modes: tuple[StoredMode, ...] = ()
    ex_dates: tuple[ExDate, ...] = ()

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

    def mode_of(self, timeframe: Timeframe) -> StoredMode:
        """What the stored prices of that timeframe are."""
        return dict(zip(self.stored, self.modes, strict=False)).get(timeframe, StoredMode.RAW)

    @property
    def held_as(self) -> StoredMode:
        return self.mode_of(self.origin)

    @property
    def mode(self) -> str:
        """How the prices that are read are named: part of configuration ids, run ids and the chart's legend."""
        return mode_name(self.held_as, self.adjust)


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
    table = _across_ex_dates(store, key, table, as_of_ms)
    return table.cut(max(0, len(table) - limit), len(table)), len(table) > limit


def read_after(store: BarStore, key: SeriesKey, *, after_ts: int, limit: int) -> BarTable:
    """The first `limit` stored bars that opened after `after_ts`, as traded: orders meet no adjusted price."""
    if key.adjust != RAW:
        raise InvalidError("Orders and fills are in traded prices.", code="traded_prices_needed")
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
        if as_of_ms is not None:
            table = table.cut(0, closed_rows(table, origin, calendar, as_of_ms))
        return _across_ex_dates(store, key, table, as_of_ms)
    made = _made(store, store.read(key.symbol, origin, before_ts=as_of_ms), key, origin, as_of_ms)
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
    made = _made(store, finer, key, origin, as_of_ms)
    if len(finer) == wanted and len(made):
        made = made.cut(1, len(made))  # the first one may lack its beginning
    if before_ts is not None:
        made = made.cut(0, int(made.ts.searchsorted(before_ts)))
    older = len(made) > limit or len(finer) == wanted
    return made.cut(max(0, len(made) - limit), len(made)), older


def _made(store: BarStore, finer: BarTable, key: SeriesKey, origin: Timeframe, as_of_ms: int | None) -> BarTable:
    calendar = key.calendar_rules
    if as_of_ms is not None:
        finer = finer.cut(0, closed_rows(finer, origin, calendar, as_of_ms))
    if not len(finer):
        return finer
    reached = calendar.close_ms(int(finer.ts[-1]), origin)
    # Adjusted first: a week with an ex-date in it has prices of before and after.
    finer = _across_ex_dates(store, key, finer, as_of_ms)
    made = resample(finer, source=origin, target=key.timeframe, calendar=calendar)
    reached = reached if as_of_ms is None else max(reached, as_of_ms)
    return drop_unfinished(made, target=key.timeframe, calendar=calendar, source_close_ms=reached)


def _steps(store: BarStore, key: SeriesKey, *, subtract: bool) -> "Steps":
    """From the daily closes where they are stored in the same prices, because they are few; else from its own."""
    check_adjustable(key.held_as, Adjustment(Direction.FORWARD))
    daily = Timeframe.D1 in key.stored and key.mode_of(Timeframe.D1) is key.held_as
    timeframe = Timeframe.D1 if daily else key.origin
    closes = store.read(key.symbol, timeframe)
    return make_steps(
        terms_of(key.ex_dates, key.held_as),
        days=_dates(closes.ts, timeframe, key.calendar_rules),
        close=closes.close,
        subtract=subtract,
    )


def _across_ex_dates(store: BarStore, key: SeriesKey, table: BarTable, as_of_ms: int | None) -> BarTable:
    """Raw rows of the origin as the key wants them. Forward prices are those of the newest bar known at `as_of_ms`,
    whatever part of the series is read; an ex-date still to come changes nothing."""
    adjust = key.adjust
    if adjust.direction is Direction.NONE:
        return table
    check_adjustable(key.held_as, adjust)
    if not len(table) or not key.ex_dates:
        return table
    days = _dates(table.ts, key.origin, key.calendar_rules)
    anchor = _anchor_day(store, key, as_of_ms)
    steps = _steps(store, key, subtract=adjust.subtract)
    return adjusted(table, days=days, steps=steps, anchor_day=int(days[0]) if anchor is None else anchor)


def _anchor_day(store: BarStore, key: SeriesKey, as_of_ms: int | None) -> int | None:
    """Session date in whose prices the key wants them, epoch ms; None when nothing is stored."""
    manifest = store.manifest(key.symbol, key.origin)
    if manifest is None or not manifest.chunks:
        return None
    if key.adjust.direction is Direction.BACKWARD:
        return _day_of(manifest.first_ts, key)
    newest = _day_of(manifest.last_ts, key)
    anchor = newest if as_of_ms is None else min(newest, _newest_day(store, key, as_of_ms))
    pinned = key.adjust.as_of
    return anchor if pinned is None else min(anchor, to_ms(datetime.combine(pinned, time(), UTC)))


def price_mode(store: BarStore, key: SeriesKey, *, as_of_ms: int | None = None) -> PriceMode:
    """What the prices of the series read as of that moment are; blocking."""
    adjust, anchor = key.adjust, None
    if adjust.direction is Direction.FORWARD:
        day = _anchor_day(store, key, as_of_ms)
        passed = [one.day for one in key.ex_dates if day is not None and one.day <= day]
        anchor = from_ms(max(passed)).date() if passed else None
    return PriceMode(key.held_as, adjust.direction, adjust.subtract, anchor)


def _newest_day(store: BarStore, key: SeriesKey, as_of_ms: int) -> int:
    """Session date of the newest bar closed at `as_of_ms`."""
    calendar = key.calendar_rules
    tail = store.read(key.symbol, key.origin, before_ts=as_of_ms, last=2)
    closed = closed_rows(tail, key.origin, calendar, as_of_ms)
    return _day_of(int(tail.ts[closed - 1]) if closed else as_of_ms, key)


def _day_of(ts_ms: int, key: SeriesKey) -> int:
    import numpy as np

    return int(_dates(np.array([ts_ms], dtype=np.int64), key.origin, key.calendar_rules)[0])


def _dates(ts: "NDArray[np.int64]", timeframe: Timeframe, calendar: Calendar) -> "NDArray[np.int64]":
    """Session dates of a series' rows; days and longer carry theirs already."""
    return session_days(ts, calendar) if timeframe.intraday else ts // _DAY_MS * _DAY_MS
