"""Bringing bars in: from a file a person hands over, or from a data source's series."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import IntegrityError

from alphaloop.adapters.feeds import read_bar_file
from alphaloop.adapters.feeds.contract import BarTable
from alphaloop.core.bar import Timeframe
from alphaloop.core.clock import Clock
from alphaloop.core.errors import ForbiddenError, NotFoundError
from alphaloop.core.events import Event
from alphaloop.features.audit import service as audit
from alphaloop.features.market import events, repository, rules
from alphaloop.features.market.models import BarSeries, DataSource, InstrumentRow
from alphaloop.features.market.naming import Hints, Naming, calendar_of, name_instrument
from alphaloop.features.market.series_files import Manifest
from alphaloop.features.market.service.instruments import ensure_instrument, find_instrument
from alphaloop.features.market.store import Appended, BarStore
from alphaloop.infra.db import ReadSession, WriteSession
from alphaloop.infra.identity import Actor
from alphaloop.infra.outbox import announce


@dataclass(frozen=True, slots=True)
class Prepared:
    """Bars that passed every check and the instrument they belong to, ready to be stored."""

    naming: Naming
    spelled: str
    timeframe: Timeframe
    table: BarTable


@dataclass(frozen=True, slots=True)
class Imported:
    prepared: Prepared
    appended: Appended


async def prepare_import(
    session: ReadSession, actor: Actor, *, path: Path, kind: str | None, instrument: str, timeframe: Timeframe
) -> Prepared:
    """Read and check a file for an instrument, known or new; stores nothing. InvalidError names the first bad line."""
    actor.require("market.import")
    known = await _known(session, instrument)
    if known is not None:
        await _may_add_to(session, actor, known.instrument.symbol, timeframe)
    else:
        name_instrument(instrument, Hints())  # refuse an unusable name before reading a large file

    def read() -> Prepared:
        table = read_bar_file(path, kind=kind)
        naming = known or name_instrument(
            instrument, Hints(decimals=table.price_decimals, price=float(table.close[-1]))
        )
        fitting = rules.fitted(table, timeframe, calendar_of(naming))
        return Prepared(naming, instrument, timeframe, fitting)

    return await asyncio.to_thread(read)


async def store_prepared(store: BarStore, prepared: Prepared, *, replace_conflicts: bool = False) -> Imported:
    """Put prepared bars into the store. Safe to repeat: what is there already is recognised."""
    appended = await asyncio.to_thread(
        store.append,
        prepared.naming.instrument.symbol,
        prepared.timeframe,
        prepared.table,
        replace_conflicts=replace_conflicts,
    )
    return Imported(prepared, appended)


async def book_import(
    session: WriteSession, actor: Actor, clock: Clock, store: BarStore, imported: Imported
) -> BarSeries:
    """Write down what an import by hand brought: instrument, series, audit row and event."""
    actor.require("market.import")
    prepared, appended = imported.prepared, imported.appended
    row = await ensure_instrument(session, clock, prepared.naming, spelled=prepared.spelled, source="import")
    series = await book_series(session, store, row, prepared.timeframe, at=clock.now())
    await audit.record(
        session,
        actor,
        clock=clock,
        action="market.import_bars",
        resource_type="bar_series",
        resource_id=f"{row.symbol} {prepared.timeframe}",
        after={"rows": len(prepared.table), "added": appended.added, "conflicts": appended.conflicts},
    )
    if appended.added or appended.replaced:
        await announce(session, series_changed(row, series), at=clock.now())
    return series


async def book_series(
    session: WriteSession,
    store: BarStore,
    row: InstrumentRow,
    timeframe: Timeframe,
    *,
    at: datetime,
    source_id: int | None = None,
    ref: str = "",
    fingerprint: str = "",
) -> BarSeries:
    """Make the series' row say what the store holds by now: somebody else may have added bars since we did."""
    manifest = await asyncio.to_thread(store.manifest, row.symbol, timeframe)
    if manifest is None or not manifest.chunks:
        raise NotFoundError("There are no bars of this instrument and timeframe.", code="series_not_found")
    series = await repository.series_of(session, row.id, timeframe)
    if series is None:
        try:
            async with session.begin_nested():
                series = _new_series(row, timeframe, manifest, at)
                session.add(series)
        except IntegrityError:  # somebody else booked it in the meantime
            series = await repository.series_of(session, row.id, timeframe)
            assert series is not None
    if source_id is not None:
        series.source_id, series.ref, series.fingerprint = source_id, ref[:500], fingerprint[:128]
    series.bars, series.first_ts, series.last_ts = manifest.rows, manifest.first_ts, manifest.last_ts
    series.price_decimals, series.updated_at = manifest.price_decimals, at
    await session.flush()
    return series


def _new_series(row: InstrumentRow, timeframe: Timeframe, manifest: Manifest, at: datetime) -> BarSeries:
    return BarSeries(
        instrument_id=row.id,
        timeframe=timeframe.value,
        length_ms=timeframe.ms,
        source_id=None,
        ref="",
        fingerprint="",
        bars=manifest.rows,
        first_ts=manifest.first_ts,
        last_ts=manifest.last_ts,
        price_decimals=manifest.price_decimals,
        updated_at=at,
    )


def series_changed(row: InstrumentRow, series: BarSeries) -> Event:
    return Event(
        events.SERIES_CHANGED,
        {
            "instrument": row.symbol,
            "timeframe": series.timeframe,
            "bars": series.bars,
            "last_ts": series.last_ts,
        },
    )


async def _may_add_to(session: ReadSession, actor: Actor, symbol: str, timeframe: Timeframe) -> None:
    """Bars are everybody's, so a series that somebody's source keeps is added to by that person or an administrator."""
    row = await repository.instrument_by_symbol(session, symbol)
    series = None if row is None else await repository.series_of(session, row.id, timeframe)
    if series is None or series.source_id is None or actor.allows("platform.manage"):
        return
    source = await session.get(DataSource, series.source_id)
    if source is not None and source.user_id != actor.user_id:
        raise ForbiddenError("This series is kept by another person's data source.", code="series_kept_by_another")


async def _known(session: ReadSession, instrument: str) -> Naming | None:
    try:
        row = await find_instrument(session, instrument)
    except NotFoundError:
        return None
    names = row.names
    return Naming(row.spec(), row.alias, str(names.get("zh", "")), str(names.get("en", "")))
