"""Bringing bars in: from a file a person hands over, or from a data source's series."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import IntegrityError

from alphaloop.adapters.feeds import read_bar_file, utc_opens
from alphaloop.adapters.feeds.contract import BarTable
from alphaloop.core.bar import Timeframe
from alphaloop.core.clock import Clock
from alphaloop.core.errors import ConflictError, ForbiddenError, NotFoundError
from alphaloop.core.events import Event
from alphaloop.features.audit import service as audit
from alphaloop.features.market import events, repository, rules
from alphaloop.features.market.models import BarSeries, DataSource, InstrumentRow, StoredMode
from alphaloop.features.market.naming import Hints, Naming, calendar_of, name_instrument
from alphaloop.features.market.series_files import Manifest
from alphaloop.features.market.service.instruments import ensure_instrument, find_instrument
from alphaloop.features.market.store import Appended, BarStore
from alphaloop.infra.db import ReadSession, WriteSession
from alphaloop.infra.identity import Actor
from alphaloop.infra.outbox import announce

_CALLED_MAX = 64


@dataclass(frozen=True, slots=True)
class FileHabits:
    """What a person says about a file beyond its bars: which of its columns are ours (None: as the names tell),
    whether its times are on the market's clock and name a bar's end, and what its prices are ('' : not said)."""

    columns: Mapping[str, str] | None = None
    on_market_clock: bool = False
    at_close: bool = False
    adjustment: str = ""


@dataclass(frozen=True, slots=True)
class Prepared:
    """Bars that passed every check and the instrument they belong to, ready to be stored; `held_as` is what their
    prices are, `source` who brings them, as people call it."""

    naming: Naming
    spelled: str
    timeframe: Timeframe
    table: BarTable
    held_as: StoredMode
    source: str = ""


@dataclass(frozen=True, slots=True)
class Imported:
    prepared: Prepared
    appended: Appended


async def prepare_import(
    session: ReadSession,
    actor: Actor,
    *,
    path: Path,
    kind: str | None,
    instrument: str,
    timeframe: Timeframe,
    habits: FileHabits | None = None,
    called: str = "",
) -> Prepared:
    """Read and check a file for an instrument, known or new; stores nothing. `called` is the file's name where it came
    from. InvalidError names the first bad line, ConflictError 'price_modes_mixed' a file whose prices are not what is
    stored already."""
    habits = habits or FileHabits()
    actor.require("market.import")
    known = await _known(session, instrument)
    if known is not None:
        await _may_add_to(session, actor, known.instrument.symbol, timeframe)
        await _same_mode(session, known, timeframe, habits.adjustment)
    else:
        name_instrument(instrument, Hints())  # refuse an unusable name before reading a large file

    def read() -> Prepared:
        table = read_bar_file(path, kind=kind, columns=habits.columns)
        naming = known or name_instrument(
            instrument, Hints(decimals=table.price_decimals, price=float(table.close[-1]))
        )
        calendar = calendar_of(naming)
        opens = utc_opens(
            table.ts,
            timeframe,
            market=calendar.key,
            on_market_clock=habits.on_market_clock,
            at_close=habits.at_close,
        )
        fitting = rules.fitted(replace(table, ts=opens), timeframe, calendar)
        held_as = rules.held_mode(naming.instrument.asset_class, stated=habits.adjustment)
        source = "".join(letter for letter in called if letter.isprintable())[:_CALLED_MAX]
        return Prepared(naming, instrument, timeframe, fitting, held_as, source)

    return await asyncio.to_thread(read)


async def store_prepared(store: BarStore, prepared: Prepared, *, replace_conflicts: bool = False) -> Imported:
    """Put prepared bars into the store. Safe to repeat: what is there already is recognised."""
    appended = await asyncio.to_thread(
        store.append,
        prepared.naming.instrument.symbol,
        prepared.timeframe,
        prepared.table,
        source=prepared.source,
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
    series = await book_series(session, store, row, prepared.timeframe, at=clock.now(), held_as=prepared.held_as)
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
    held_as: StoredMode = StoredMode.UNKNOWN,
    source_id: int | None = None,
    ref: str = "",
    fingerprint: str = "",
) -> BarSeries:
    """Make the series' row say what the store holds by now: somebody else may have added bars since we did.

    `held_as` is what the prices are; a series somebody has stated it of keeps that when a file does not say."""
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
    if held_as is not StoredMode.UNKNOWN:
        series.adjustment = held_as
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
        adjustment=StoredMode.UNKNOWN,
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


async def state_mode(
    session: WriteSession, actor: Actor, clock: Clock, *, instrument: str, timeframe: Timeframe, held_as: StoredMode
) -> BarSeries:
    """Say what the prices of a stored series are, where its file did not. NotFoundError without such a series."""
    actor.require("market.import")
    row = await find_instrument(session, instrument)
    series = await repository.series_of(session, row.id, timeframe)
    if series is None:
        raise NotFoundError("There are no bars of this instrument and timeframe.", code="series_not_found")
    await _may_add_to(session, actor, row.symbol, timeframe)
    before, series.adjustment = series.adjustment, held_as
    await audit.record(
        session,
        actor,
        clock=clock,
        action="market.state_price_mode",
        resource_type="bar_series",
        resource_id=f"{row.symbol} {timeframe}",
        before={"adjustment": before},
        after={"adjustment": held_as},
    )
    await announce(session, series_changed(row, series), at=clock.now())
    return series


async def _same_mode(session: ReadSession, known: Naming, timeframe: Timeframe, stated: str) -> None:
    """A series is of one kind: raw rows and adjusted ones side by side would show a jump that never was."""
    row = await repository.instrument_by_symbol(session, known.instrument.symbol)
    series = None if row is None else await repository.series_of(session, row.id, timeframe)
    if series is not None and stated and series.held_as is not StoredMode(stated):
        raise ConflictError(
            "The prices stored of this series are adjusted in another way than the file's.", code="price_modes_mixed"
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
