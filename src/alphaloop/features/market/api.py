"""Instruments, bars, imports and data sources over HTTP."""

import asyncio
import tempfile
from pathlib import Path
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Form, Query, Response

from alphaloop.adapters import feeds
from alphaloop.adapters.feeds import MAX_BYTES
from alphaloop.core.corporate import parse_adjustment
from alphaloop.core.errors import AlphaLoopError
from alphaloop.features.market import rules, schemas, service
from alphaloop.features.market.extras_api import router as extras_router
from alphaloop.features.market.models import DataSource
from alphaloop.features.market.schemas import TimeframeName
from alphaloop.features.market.uploads import kind_of, spool
from alphaloop.infra.db import ReadSession
from alphaloop.infra.http.doors import Asking, Now, Reading, StrictRoute, Wired, Writing
from alphaloop.infra.http.wire import ErrorBody, Id, Page, Symbol, make_cursor, read_cursor
from alphaloop.infra.jobs.local import get_job
from alphaloop.infra.jobs.wire import JobOut

_IMPORTS = ("import", "columns", "actions/import", "funding/import", "extras/import")
FILE_PATHS = frozenset(f"/api/v1/market/{path}" for path in _IMPORTS)
"""Where files are handed over."""
MAX_IMPORT_BYTES = MAX_BYTES + 64 * 1024
"""What a body there may weigh: the largest file and the form around it."""


def _refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": ErrorBody} for status in (401, 403, *statuses, 422)}


def _router(tag: str) -> APIRouter:
    return APIRouter(tags=[tag], route_class=StrictRoute, generate_unique_id_function=lambda route: route.name)


router = _router("行情 Market")
sources = _router("数据源 Data sources")
ROUTERS = [router, sources, extras_router]


@router.get("/market/instruments", responses=_refusals())
async def list_instruments(
    session: Reading,
    actor: Asking,
    query: Annotated[schemas.SearchText, Query()] = "",
    cursor: Annotated[str | None, Query(max_length=32)] = None,
    limit: Annotated[schemas.Whole, Query(ge=1, le=200)] = 50,
) -> Page[schemas.InstrumentOut]:
    """Instruments that have bars, with their series; `query` matches symbol, short name and both names."""
    found = await service.list_instruments(session, actor, query=query, after_id=read_cursor(cursor), limit=limit + 1)
    shown = found[:limit]
    more = make_cursor(shown[-1][0].id) if len(found) > limit else None
    return Page(items=[schemas.InstrumentOut.of(row, series) for row, series in shown], next_cursor=more)


@router.post("/market/instruments/rules", responses=_refusals(404))
async def state_instrument_rules(
    body: schemas.InstrumentRulesIn, session: Writing, actor: Asking, clock: Now
) -> schemas.InstrumentRulesOut:
    """Say under which market's rules and on which board an instrument trades, where its code cannot tell."""
    row = await service.state_rules(
        session,
        actor,
        clock,
        instrument=body.instrument,
        market=body.market,
        board=body.board,
        listed=body.listed.date() if body.listed else None,
    )
    return schemas.InstrumentRulesOut.of(row)


@router.get("/market/bars", response_model=schemas.BarsOut, responses=_refusals(404))
async def list_bars(
    session: Reading,
    actor: Asking,
    wiring: Wired,
    instrument: Annotated[Symbol, Query()],
    timeframe: Annotated[TimeframeName, Query()],
    limit: Annotated[schemas.Whole, Query(ge=1, le=service.MAX_BARS)] = 1000,
    before: Annotated[
        schemas.Moment | None, Query(description="Only bars that opened before this time (epoch ms).")
    ] = None,
    replay_id: Annotated[Id | None, Query(description="As known at this replay's own time.")] = None,
    adjust: Annotated[
        schemas.AdjustKey, Query(description="none, forward, backward, forward@2024-06-30; -sub subtracts.")
    ] = "none",
    label: Annotated[Literal["open", "close"], Query(description="close: also the times to show at the end.")] = "open",
) -> Response:
    """The newest bars, ascending. Timeframes that are not stored are made of finer ones that are."""
    as_of_ms = await service.moment_of(session, actor, replay_id)
    window = await service.read_window(
        session,
        actor,
        service.BarStore(wiring.settings.bars_dir),
        instrument=instrument,
        timeframe=timeframe,
        limit=limit,
        before_ts=before,
        as_of_ms=as_of_ms,
        adjust=parse_adjustment(adjust),
    )
    calendar = window.instrument.spec_calendar
    if as_of_ms is None and window.rows:
        as_of_ms = calendar.close_ms(int(window.rows[-1][0]), timeframe)
    # A day is called by its date whichever end is asked for.
    named_by_close = label == "close" and timeframe.intraday
    body = {
        "instrument": window.instrument.symbol,
        "timeframe": timeframe.value,
        "mode": window.mode,
        "bars": window.rows,
        "labels": [calendar.close_ms(int(row[0]), timeframe) for row in window.rows] if named_by_close else None,
        "has_more": window.more,
        "as_of_ms": as_of_ms,
    }
    # Ten thousand rows go out as they are: they are our own, and checking each again would cost more than reading them.
    return Response(orjson.dumps(body), media_type="application/json")


@router.post("/market/compare", responses=_refusals(404))
async def compare_instruments(
    body: schemas.CompareIn, session: Reading, actor: Asking, wiring: Wired
) -> schemas.CompareOut:
    """How instruments grew beside each other. Prices adjusted in different ways, or nobody knows how, are refused."""
    found = await service.compare_growth(
        session,
        actor,
        service.BarStore(wiring.settings.bars_dir),
        body.instruments,
        body.timeframe,
        limit=body.limit,
        adjust=parse_adjustment(body.adjust),
        as_of_ms=await service.moment_of(session, actor, body.replay_id),
    )
    rows = [
        schemas.ComparedOut(
            instrument=symbol, index=[value if value == value else None for value in found.index[:, column].tolist()]
        )
        for column, symbol in enumerate(found.symbols)
    ]
    return schemas.CompareOut(mode=found.mode, ts=found.ts.tolist(), rows=rows)


@router.get("/market/health", responses=_refusals(404))
async def get_series_health(
    session: Reading,
    actor: Asking,
    wiring: Wired,
    instrument: Annotated[Symbol, Query()],
    timeframe: Annotated[TimeframeName, Query()],
) -> schemas.HealthOut:
    """What a stored series lacks: gaps by its calendar, repeated or conflicting rows, no volume, outliers."""
    manifest, findings = await service.check_health(
        session, actor, service.BarStore(wiring.settings.bars_dir), instrument=instrument, timeframe=timeframe
    )
    return schemas.HealthOut(
        bars=manifest.rows,
        first_ts=manifest.first_ts,
        last_ts=manifest.last_ts,
        gaps=[schemas.GapOut(from_ts=gap.from_ts, to_ts=gap.to_ts, missing=gap.missing) for gap in findings.gaps],
        gap_count=findings.gap_count,
        duplicates=manifest.duplicates,
        conflicts=manifest.conflicts,
        repaired=manifest.dropped,
        issues=[schemas.IssueOut(code=issue.code, ts=issue.ts, detail=issue.detail) for issue in findings.issues],
    )


@router.post("/market/import", responses=_refusals(413))
async def import_bars(
    form: Annotated[schemas.ImportForm, Form(media_type="multipart/form-data")],
    actor: Asking,
    wiring: Wired,
    clock: Now,
) -> schemas.ImportOut:
    """Bring in a CSV, Parquet or Feather file of at most 200 MB. A broken file is refused by its first bad line."""
    actor.require("market.import")
    kind = kind_of(form.file)
    # Reading and storing hold no transaction: a large file must not keep orders waiting.
    with tempfile.TemporaryDirectory(prefix="alphaloop-import-") as folder:
        path = Path(folder) / f"bars.{kind}"
        await asyncio.to_thread(spool, form.file, path)
        async with wiring.db.read() as session:
            prepared = await service.prepare_import(
                session,
                actor,
                path=path,
                kind=kind,
                instrument=form.instrument,
                timeframe=form.timeframe,
                habits=form.habits(),
                called=Path(form.file.filename or "").name,
            )
    store = service.BarStore(wiring.settings.bars_dir)
    if form.price == "mark":
        async with wiring.db.read() as session:
            await service.find_perpetual(session, prepared.naming.instrument.symbol)
        imported = await service.store_prepared(store.marks, prepared)
        async with wiring.db.write() as session:
            await service.note_marks(session, actor, clock, imported)
    else:
        imported = await service.store_prepared(store, prepared)
        async with wiring.db.write() as session:
            await service.book_import(session, actor, clock, store, imported)
    appended, table = imported.appended, prepared.table
    return schemas.ImportOut(
        instrument=prepared.naming.instrument.symbol,
        timeframe=form.timeframe.value,
        rows=len(table),
        added=appended.added,
        duplicates=appended.duplicates,
        conflicts=appended.conflicts,
        first_ts=int(table.ts[0]),
        last_ts=int(table.ts[-1]),
    )


@router.post("/market/columns", responses=_refusals(413))
async def look_at_columns(
    form: Annotated[schemas.ColumnsForm, Form(media_type="multipart/form-data")], actor: Asking
) -> schemas.ColumnsOut:
    """What a bar file's columns are called, which of ours they seem to be, and its first rows; nothing is stored."""
    actor.require("market.import")
    kind = kind_of(form.file)
    with tempfile.TemporaryDirectory(prefix="alphaloop-columns-") as folder:
        path = Path(folder) / f"bars.{kind}"
        await asyncio.to_thread(spool, form.file, path)
        found = await asyncio.to_thread(feeds.look_at_columns, path, kind=kind)
    return schemas.ColumnsOut(names=list(found.names), guess=found.guess, sample=[list(row) for row in found.sample])


@router.post("/market/series/mode", responses=_refusals(404))
async def state_price_mode(body: schemas.ModeIn, session: Writing, actor: Asking, clock: Now) -> schemas.SeriesOut:
    """Say what the prices of a stored series are, where its file did not."""
    series = await service.state_mode(
        session, actor, clock, instrument=body.instrument, timeframe=body.timeframe, held_as=body.adjustment
    )
    return schemas.SeriesOut.of(series, None)


@router.get("/market/actions", responses=_refusals(404))
async def list_corporate_actions(
    session: Reading, actor: Asking, instrument: Annotated[Symbol, Query()]
) -> list[schemas.ActionOut]:
    """Every ex-date of an instrument that is known here, oldest first."""
    return [schemas.ActionOut.of(row) for row in await service.list_actions(session, actor, instrument=instrument)]


@router.post("/market/actions/import", responses=_refusals(413))
async def import_corporate_actions(
    form: Annotated[schemas.ActionsForm, Form(media_type="multipart/form-data")],
    actor: Asking,
    wiring: Wired,
    clock: Now,
) -> schemas.ActionsBroughtOut:
    """Bring in dividends, bonus shares, splits and rights of instruments known here. A bad row refuses the file."""
    actor.require("market.import")
    kind = kind_of(form.file)
    with tempfile.TemporaryDirectory(prefix="alphaloop-actions-") as folder:
        path = Path(folder) / f"actions.{kind}"
        await asyncio.to_thread(spool, form.file, path)
        listed = await service.read_actions(actor, path, symbol=form.instrument)
    async with wiring.db.write() as session:
        done = await service.bring_actions(session, actor, clock, listed, source="import")
    return schemas.ActionsBroughtOut(
        added=done.added, changed=done.changed, unchanged=done.unchanged, unknown=list(done.unknown)
    )


@router.get("/market/funding", responses=_refusals(404))
async def list_funding_rates(
    session: Reading,
    actor: Asking,
    instrument: Annotated[Symbol, Query()],
    cursor: Annotated[str | None, Query(max_length=32)] = None,
    limit: Annotated[schemas.Whole, Query(ge=1, le=200)] = 50,
) -> Page[schemas.FundingOut]:
    """Funding settlements of a perpetual, newest first."""
    found = await service.list_funding(
        session, actor, instrument=instrument, before_ts=read_cursor(cursor), limit=limit + 1
    )
    shown = found[:limit]
    more = make_cursor(shown[-1].ts_ms) if len(found) > limit else None
    return Page(items=[schemas.FundingOut.of(row) for row in shown], next_cursor=more)


@router.post("/market/funding/import", responses=_refusals(404, 413))
async def import_funding_rates(
    form: Annotated[schemas.FundingForm, Form(media_type="multipart/form-data")],
    actor: Asking,
    wiring: Wired,
    clock: Now,
) -> schemas.FundingBroughtOut:
    """Bring in the funding rates of a perpetual known here. A bad row refuses the file."""
    actor.require("market.import")
    kind = kind_of(form.file)
    with tempfile.TemporaryDirectory(prefix="alphaloop-funding-") as folder:
        path = Path(folder) / f"funding.{kind}"
        await asyncio.to_thread(spool, form.file, path)
        listed = await service.read_funding(actor, path, kind=kind, columns=form.columns)
    async with wiring.db.write() as session:
        done = await service.bring_funding(session, actor, clock, listed, instrument=form.instrument, source="import")
    return schemas.FundingBroughtOut(added=done.added, changed=done.changed, unchanged=done.unchanged)


@sources.get("/data-sources/types", responses=_refusals())
async def list_data_source_types(actor: Asking) -> list[schemas.SourceTypeOut]:
    """Kinds of data source that can be added, each with the schema its form is drawn from."""
    actor.require("market.read")
    return [
        schemas.SourceTypeOut(
            type=item.type,
            label=schemas.Bilingual(**item.label),
            summary=schemas.Bilingual(**item.summary),
            config_schema=item.config_schema,
        )
        for item in service.list_types()
    ]


@sources.get("/data-sources", responses=_refusals())
async def list_data_sources(
    session: Reading,
    actor: Asking,
    cursor: Annotated[str | None, Query(max_length=32)] = None,
    limit: Annotated[schemas.Whole, Query(ge=1, le=200)] = 50,
) -> Page[schemas.SourceOut]:
    """Your data sources; everybody's for an administrator."""
    found = await service.list_sources(session, actor, after_id=read_cursor(cursor), limit=limit + 1)
    shown = found[:limit]
    more = make_cursor(shown[-1][0].id) if len(found) > limit else None
    return Page(items=[_shown(row, count) for row, count in shown], next_cursor=more)


@sources.post("/data-sources", status_code=201, responses=_refusals(409))
async def create_data_source(
    body: schemas.SourceIn, session: Writing, actor: Asking, wiring: Wired, clock: Now
) -> schemas.SourceOut:
    """Add a source. It is on at once; ask `test` whether it answers and `sync` for its bars."""
    row = await service.add_source(
        session, actor, clock, wiring.vault, name=body.name, kind=body.type, config=body.config
    )
    return _shown(row, 0)


@sources.put("/data-sources/{source_id}", responses=_refusals(404))
async def update_data_source(
    source_id: Id, body: schemas.SourceChange, session: Writing, actor: Asking, wiring: Wired, clock: Now
) -> schemas.SourceOut:
    """Change name or settings; a secret left out stays what it was."""
    row = await service.change_source(
        session, actor, clock, wiring.vault, source_id, name=body.name, config=body.config
    )
    return await _counted(session, row)


@sources.delete("/data-sources/{source_id}", status_code=204, responses=_refusals(404))
async def delete_data_source(source_id: Id, session: Writing, actor: Asking, clock: Now) -> None:
    """Remove a source; the bars it brought stay."""
    await service.remove_source(session, actor, clock, source_id)


@sources.post("/data-sources/{source_id}/test", responses=_refusals(404))
async def test_data_source(source_id: Id, actor: Asking, wiring: Wired, clock: Now) -> schemas.SourceTestOut:
    """Ask the source whether it answers; the answer is remembered with it."""
    async with wiring.db.read() as reader:
        opened = await service.open_source(reader, actor, wiring.settings, wiring.vault, source_id)
    answer = await service.probe_source(opened)
    async with wiring.db.write() as session:
        await service.note_answer(
            session, actor, clock, source_id, ok=answer.ok, code=answer.code, message=answer.message
        )
    return schemas.SourceTestOut(
        ok=answer.ok,
        code=answer.code,
        message=answer.message,
        latency_ms=round(answer.latency_ms, 3),
        series=answer.series,
    )


@sources.post("/data-sources/{source_id}/sync", status_code=202, responses=_refusals(404, 409))
async def sync_data_source(source_id: Id, session: Writing, actor: Asking, clock: Now) -> JobOut:
    """Bring the source's bars in as a job; follow it under `/jobs/{id}`."""
    job_id = await service.request_sync(session, actor, clock, source_id)
    return JobOut.of(await get_job(session, job_id, owner_id=None))


@sources.post("/data-sources/{source_id}/use", responses=_refusals(404))
async def switch_data_source(
    source_id: Id, body: schemas.SourceSwitch, session: Writing, actor: Asking, clock: Now
) -> schemas.SourceOut:
    """Switch a source on or off. Off: not synced, and its series are not offered."""
    return await _counted(session, await service.use_source(session, actor, clock, source_id, on=body.on))


async def _counted(session: ReadSession, row: DataSource) -> schemas.SourceOut:
    return _shown(row, await service.count_series(session, row))


def _shown(row: DataSource, series: int) -> schemas.SourceOut:
    try:
        shown = rules.shown_config(service.describe_type(row.type), row.config_json)
    except AlphaLoopError:
        # A source whose feed this version no longer has is still listed, so that it can be removed.
        shown = {}
    return schemas.SourceOut.of(row, series, shown)
