"""Bringing a data source's bars in, series by series, so that what has arrived can be used while the rest comes."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from alphaloop.adapters.feeds.contract import KnowsActions, KnowsPerpetuals, SeriesListing
from alphaloop.core.errors import AlphaLoopError, UnavailableError
from alphaloop.features.market import repository, rules, service
from alphaloop.features.market.models import DataSource, SourceStatus, StoredMode
from alphaloop.features.market.naming import Hints, name_instrument
from alphaloop.features.market.service.imports import Prepared, book_series, series_changed, store_prepared
from alphaloop.features.market.service.instruments import ensure_instrument
from alphaloop.features.market.service.sources import OpenSource
from alphaloop.features.market.store import BarStore
from alphaloop.infra.identity import SYSTEM
from alphaloop.infra.jobs.local import JobContext, JobHandler
from alphaloop.infra.jobs.schedule import Schedule
from alphaloop.infra.outbox import announce
from alphaloop.infra.settings import Settings
from alphaloop.infra.vault import Vault

_REPORT_EVERY = 5
_LISTED = 20


@dataclass(slots=True)
class _Tally:
    series: int = 0
    unchanged: int = 0
    shadowed: int = 0
    added: int = 0
    actions: int = 0
    fundings: int = 0
    conflicts: int = 0
    broken: list[dict[str, str]] = field(default_factory=list)

    def result(self) -> dict[str, Any]:
        return {
            "series": self.series,
            "unchanged": self.unchanged,
            "shadowed": self.shadowed,
            "bars_added": self.added,
            "conflicts": self.conflicts,
            "actions": self.actions,
            "fundings": self.fundings,
            "broken": self.broken[:_LISTED],
            "broken_count": len(self.broken),
        }


async def sync_source(context: JobContext) -> dict[str, Any]:
    """Read every series of the source named in the job. Safe to run twice: files already read are recognised, rows
    already stored too. A broken file is skipped and named in the result; an unreachable source fails the job."""
    source_id = int(context.args["source_id"])
    settings, vault = context.part(Settings), context.part(Vault)
    try:
        async with context.db.read() as session:
            opened = await service.open_source(session, SYSTEM, settings, vault, source_id)
        if opened.source.status == SourceStatus.OFF:
            raise UnavailableError("The data source is off; switch it on first.", code="data_source_off")
        listings = rules.in_order(await asyncio.to_thread(opened.feed.list_series, opened.config))
        store = BarStore(settings.bars_dir)
        tally = await _bring_in(context, opened, store, listings)
        await _bring_sides(context, opened, store, tally)
        if not tally.series and not tally.unchanged and not tally.shadowed:
            raise UnavailableError("The data source holds no readable bars.", code="no_series")
    except AlphaLoopError as error:
        await _note_failure(context, source_id, error)
        raise
    async with context.db.write() as session:
        await repository.mark_synced(session, source_id, at=context.clock.now())
    return tally.result()


async def _bring_in(context: JobContext, opened: OpenSource, store: BarStore, listings: list[SeriesListing]) -> _Tally:
    tally = _Tally()
    async with context.db.read() as session:
        known = {row.ref: row.fingerprint for row in await repository.series_of_source(session, opened.source.id)}
    for number, listing in enumerate(listings):
        if number % _REPORT_EVERY == 0:
            await context.progress(number, len(listings), f"{listing.symbol} {listing.timeframe}")
        if listing.fingerprint and known.get(listing.ref) == listing.fingerprint:
            tally.unchanged += 1
            continue
        try:
            prepared = await asyncio.to_thread(_prepare, opened, listing)
        except AlphaLoopError as error:
            where = error.fields[0][0] if error.fields else ""
            tally.broken.append({"ref": listing.ref, "code": error.code, "where": where})
            continue
        await _store(context, opened.source, store, listing, prepared, tally)
        await _bring_actions(context, opened, listing, tally)
    await context.progress(len(listings), len(listings))
    return tally


async def _bring_actions(context: JobContext, opened: OpenSource, listing: SeriesListing, tally: _Tally) -> None:
    """Ex-dates of what was just read, where the feed knows them. Without them the bars are still good."""
    feed = opened.feed
    if not isinstance(feed, KnowsActions):
        return
    try:
        listed = await asyncio.to_thread(feed.actions, opened.config, listing.ref)
    except AlphaLoopError as error:
        tally.broken.append({"ref": listing.ref, "code": error.code, "where": "actions"})
        return
    if listed:
        async with context.db.write() as session:
            done = await service.bring_actions(
                session, SYSTEM, context.clock, listed, source=opened.source.type.lower()
            )
        tally.actions += done.added + done.changed


async def _bring_sides(context: JobContext, opened: OpenSource, store: BarStore, tally: _Tally) -> None:
    """Mark prices and funding rates of perpetuals whose bars are here, where the feed has any."""
    feed = opened.feed
    if not isinstance(feed, KnowsPerpetuals):
        return
    for side in await asyncio.to_thread(feed.list_sides, opened.config):
        try:
            naming = name_instrument(side.symbol, Hints(venue=side.venue))
            async with context.db.read() as session:
                await service.find_perpetual(session, naming.instrument.symbol)
            if side.timeframe is not None:
                table = await asyncio.to_thread(feed.read, opened.config, side.ref)
                fitting = rules.fitted(table, side.timeframe, service.calendar_of(naming))
                prepared = Prepared(naming, side.symbol, side.timeframe, fitting, StoredMode.RAW)
                imported = await store_prepared(store.marks, prepared)
                async with context.db.write() as session:
                    await service.note_marks(session, SYSTEM, context.clock, imported)
                tally.added += imported.appended.added
                continue
            listed = await asyncio.to_thread(feed.read_funding, opened.config, side.ref)
            async with context.db.write() as session:
                done = await service.bring_funding(
                    session,
                    SYSTEM,
                    context.clock,
                    listed,
                    instrument=naming.instrument.symbol,
                    source=opened.source.type.lower(),
                )
            tally.fundings += done.added + done.changed
        except AlphaLoopError as error:
            tally.broken.append({"ref": side.ref, "code": error.code, "where": "funding"})


def _prepare(opened: OpenSource, listing: SeriesListing) -> Prepared:
    table = opened.feed.read(opened.config, listing.ref)
    hints = Hints(
        asset=listing.asset,
        venue=listing.venue,
        quote=listing.quote,
        tick=listing.tick,
        decimals=table.price_decimals,
        price=float(table.close[-1]) if len(table) else 0.0,
    )
    naming = name_instrument(listing.symbol, hints)
    fitting = rules.fitted(table, listing.timeframe, service.calendar_of(naming))
    held_as = rules.held_mode(naming.instrument.asset_class, stated=listing.adjustment, note=listing.note)
    return Prepared(naming, listing.symbol, listing.timeframe, fitting, held_as, source=opened.source.name)


async def _store(
    context: JobContext,
    source: DataSource,
    store: BarStore,
    listing: SeriesListing,
    prepared: Prepared,
    tally: _Tally,
) -> None:
    """Store one series, unless another source or file has brought that series already: two sources may have adjusted
    prices differently, so they are never mixed. A series whose source was removed is taken up by its own file."""
    symbol = prepared.naming.instrument.symbol
    async with context.db.read() as session:
        row = await repository.instrument_by_symbol(session, symbol)
        held = None if row is None else await repository.series_of(session, row.id, prepared.timeframe)
    if held is not None and not (held.source_id in (source.id, None) and held.ref == listing.ref):
        tally.shadowed += 1
        return
    imported = await store_prepared(store, prepared)
    async with context.db.write() as session:
        if await session.get(DataSource, source.id) is None:
            raise UnavailableError("The data source was removed.", code="data_source_not_found")
        row = await ensure_instrument(
            session, context.clock, prepared.naming, spelled=listing.symbol, source=listing.venue or source.type.lower()
        )
        series = await book_series(
            session,
            store,
            row,
            prepared.timeframe,
            at=context.clock.now(),
            held_as=prepared.held_as,
            source_id=source.id,
            ref=listing.ref,
            fingerprint=listing.fingerprint,
        )
        if imported.appended.added:
            await announce(session, series_changed(row, series), at=context.clock.now())
    tally.series += 1
    tally.added += imported.appended.added
    tally.conflicts += imported.appended.conflicts


async def _note_failure(context: JobContext, source_id: int, error: AlphaLoopError) -> None:
    async with context.db.write() as session:
        if await session.get(DataSource, source_id) is not None:
            await service.note_answer(
                session, SYSTEM, context.clock, source_id, ok=False, code=error.code, message=error.message
            )


EX_DATES_JOB = "market.announce_ex_dates"


async def announce_ex_dates(context: JobContext) -> dict[str, Any]:
    """Tell of the ex-dates that markets have come to. Safe to run twice: each is told once."""
    async with context.db.write() as session:
        return {"announced": await service.announce_ex_dates(session, context.clock)}


def _hourly(_settings: Settings) -> Schedule:
    return Schedule("5 * * * *")


HANDLERS: dict[str, JobHandler] = {service.SYNC_JOB: sync_source, EX_DATES_JOB: announce_ex_dates}
SCHEDULES = {EX_DATES_JOB: _hourly}
