"""Reading bars: exact for the matcher, arrays for kernels, rows for people, as of a moment where one is given."""

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from alphaloop.adapters.feeds.contract import BarTable
from alphaloop.core.bar import Bar, Timeframe
from alphaloop.core.corporate import RAW, Adjustment
from alphaloop.core.errors import NotFoundError
from alphaloop.core.instrument import AssetClass
from alphaloop.core.money import plain
from alphaloop.features.market import reading, repository
from alphaloop.features.market.adjusting import ExDate, check_adjustable
from alphaloop.features.market.funding_health import examine_funding
from alphaloop.features.market.health import MAX_LISTED, Findings, examine
from alphaloop.features.market.market_health import examine_market
from alphaloop.features.market.models import InstrumentRow, StoredMode
from alphaloop.features.market.reading import SeriesKey
from alphaloop.features.market.series_files import Manifest
from alphaloop.features.market.service.instruments import find_instrument
from alphaloop.features.market.store import BarStore, arrays_of, bars_of, rows_of
from alphaloop.infra.db import ReadSession
from alphaloop.infra.identity import Actor

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_BARS = 10_000


@dataclass(frozen=True, slots=True)
class Window:
    """Rows for a chart, ascending; `more` says whether older bars exist."""

    instrument: InstrumentRow
    timeframe: Timeframe
    rows: list[list[int | str]]
    more: bool
    mode: str


async def series_key(
    session: ReadSession, instrument: str, timeframe: Timeframe, *, adjust: Adjustment = RAW
) -> SeriesKey:
    """What the readers below need to know of a series; NotFoundError when the instrument is unknown.

    `adjust` says how prices are put across ex-dates; the key's `mode` names what comes out. InvalidError when the
    stored prices cannot be adjusted, because they were already or nobody knows."""
    row = await find_instrument(session, instrument)
    modes = await repository.modes_of(session, row.id)
    ex_dates = () if adjust == RAW else await _ex_dates(session, row.id)
    key = SeriesKey(row.symbol, timeframe, row.calendar, tuple(modes), adjust, tuple(modes.values()), ex_dates)
    if adjust != RAW and modes:
        check_adjustable(key.held_as, adjust)
    return key


async def _ex_dates(session: ReadSession, instrument_id: int) -> tuple[ExDate, ...]:
    return tuple(ExDate(one.ex_ts, one.terms, one.ratio) for one in await repository.actions_of(session, instrument_id))


async def read_window(
    session: ReadSession,
    actor: Actor,
    store: BarStore,
    *,
    instrument: str,
    timeframe: Timeframe,
    limit: int,
    before_ts: int | None = None,
    as_of_ms: int | None = None,
    adjust: Adjustment = RAW,
) -> Window:
    """The newest bars of a series before a time, as text rows."""
    actor.require("market.read")
    row = await find_instrument(session, instrument)
    key = await series_key(session, row.symbol, timeframe, adjust=adjust)

    def read() -> tuple[list[list[int | str]], bool]:
        table, more = reading.newest_table(store, key, limit=limit, before_ts=before_ts, as_of_ms=as_of_ms)
        return rows_of(table), more

    rows, more = await asyncio.to_thread(read)
    return Window(row, timeframe, rows, more, key.mode)


async def read_table(
    store: BarStore, key: SeriesKey, *, as_of_ms: int | None = None, since_ts: int | None = None
) -> BarTable:
    """Every bar of a series from `since_ts` on that was closed at `as_of_ms`; NotFoundError when there is no series."""
    return await asyncio.to_thread(reading.read_series, store, key, as_of_ms=as_of_ms, since_ts=since_ts)


async def read_arrays(
    store: BarStore, key: SeriesKey, *, as_of_ms: int | None = None, since_ts: int | None = None
) -> "dict[str, NDArray[np.generic]]":
    """The same as arrays for kernels: ts int64[N] epoch ms; open, high, low, close, volume float64[N]."""
    return arrays_of(await read_table(store, key, as_of_ms=as_of_ms, since_ts=since_ts))


async def read_bars(store: BarStore, key: SeriesKey, *, after_ts: int, limit: int = 1) -> list[Bar]:
    """The next stored bars that opened after `after_ts`, exact to the decimals of their source."""

    def read() -> list[Bar]:
        table = reading.read_after(store, key, after_ts=after_ts, limit=limit)
        return bars_of(table, key.symbol, key.timeframe, key.calendar_rules)

    return await asyncio.to_thread(read)


async def newest_bars(store: BarStore, key: SeriesKey, *, limit: int = 1, as_of_ms: int | None = None) -> list[Bar]:
    """The newest bars closed at `as_of_ms`, ascending and exact."""

    def read() -> list[Bar]:
        table, _ = reading.newest_table(store, key, limit=limit, as_of_ms=as_of_ms)
        return bars_of(table, key.symbol, key.timeframe, key.calendar_rules)

    return await asyncio.to_thread(read)


async def check_health(
    session: ReadSession, actor: Actor, store: BarStore, *, instrument: str, timeframe: Timeframe
) -> tuple[Manifest, Findings]:
    """What is stored of a series, and what is wrong with it. Only stored series are examined."""
    actor.require("market.read")
    row = await find_instrument(session, instrument)
    held_as = (await repository.modes_of(session, row.id)).get(timeframe, StoredMode.UNKNOWN)
    ex_dates = await _ex_dates(session, row.id)
    perpetual = row.asset_class == AssetClass.PERPETUAL
    settled = [one.ts_ms for one in await repository.funding_of(session, row.id)] if perpetual else []

    def look() -> tuple[Manifest, Findings]:
        manifest = store.manifest(row.symbol, timeframe)
        if manifest is None or not manifest.chunks:
            raise NotFoundError("There are no bars of this instrument and timeframe.", code="series_not_found")
        table = store.read(row.symbol, timeframe)
        calendar = row.spec_calendar
        of_market = examine_market(table, timeframe, row.spec(), calendar=calendar, held_as=held_as, ex_dates=ex_dates)
        if perpetual:
            marked = any(store.marks.manifest(row.symbol, one) is not None for one in Timeframe)
            of_market += examine_funding(table, settled, marked=marked)
        found = examine(table, timeframe, calendar)
        return manifest, replace(found, issues=[*of_market, *found.issues][:MAX_LISTED])

    return await asyncio.to_thread(look)


def bar_row(bar: Bar) -> list[Any]:
    """One bar as the wire's row: [ts, open, high, low, close, volume]."""
    return [bar.ts_ms, *(plain(number) for number in (bar.open, bar.high, bar.low, bar.close, bar.volume))]
