"""Chan structures, why they are so, what became of them, the watch list and screens, over HTTP."""

from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query, Response
from pydantic import Field, StringConstraints

from alphaloop.core.bar import Timeframe, parse_timeframe
from alphaloop.core.errors import InvalidError
from alphaloop.features.market.schemas import AdjustKey, Moment, TimeframeName, Whole
from alphaloop.features.market.service import BarStore
from alphaloop.features.research import (
    explain_schemas,
    factors_api,
    life_schemas,
    schemas,
    screen_schemas,
    service,
)
from alphaloop.features.research.screening import parse_query
from alphaloop.infra.http.doors import Asking, Now, Reading, StrictRoute, Wired, Wiring, Writing
from alphaloop.infra.http.wire import ErrorBody, Id, Page, Symbol, Wire
from alphaloop.infra.jobs.wire import JobOut


def _router(tag: str) -> APIRouter:
    return APIRouter(tags=[tag], route_class=StrictRoute, generate_unique_id_function=lambda route: route.name)


router = _router("研究 Research")
screens = _router("选股 Screens")
ROUTERS = [router, screens, factors_api.router]

ConfigName = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9_\-]+$")]

LevelNames = Annotated[str, StringConstraints(max_length=32, pattern=r"^[0-9A-Za-z,]*$")]


class ExplainAsked(Wire):
    """`n` of a point or segment, or the times of a pair's two bars."""

    instrument: Symbol
    timeframe: TimeframeName
    layer: Literal["point", "segment", "pair"]
    config: ConfigName = service.DEFAULT_CONFIG
    adjust: AdjustKey = "none"
    level: Annotated[Whole, Field(ge=0, le=4)] = 0
    n: Annotated[Whole, Field(ge=0)] | None = None
    from_ts: Moment | None = None
    to_ts: Moment | None = None
    replay_id: Id | None = None


def _needed(field: str) -> InvalidError:
    return InvalidError("This kind of explanation needs one more field.", fields=((field, "missing"),))


def _timeframes(names: str) -> list[Timeframe]:
    return [parse_timeframe(name) for name in names.split(",") if name]


def _refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": ErrorBody} for status in (401, 403, *statuses, 422)}


def _book(wiring: Wiring) -> service.StructureBook:
    book: service.StructureBook = wiring.parts.setdefault(service.StructureBook, service.StructureBook())
    return book


@router.get("/chan/structure", response_model=schemas.StructureOut, responses=_refusals(404))
async def get_chan_structure(
    session: Reading,
    actor: Asking,
    wiring: Wired,
    instrument: Annotated[Symbol, Query()],
    timeframe: Annotated[TimeframeName, Query()],
    config: Annotated[ConfigName, Query()] = service.DEFAULT_CONFIG,
    adjust: Annotated[AdjustKey, Query(description="As for /market/bars.")] = "none",
    limit: Annotated[Whole, Query(ge=1, le=200_000, description="Bars of the window.")] = 10_000,
    before: Annotated[Moment | None, Query(description="The window ends before this time (epoch ms).")] = None,
    levels: Annotated[LevelNames, Query(description="Other timeframes to show with it, such as 30m,1d.")] = "",
    replay_id: Annotated[Id | None, Query(description="As known at this replay's own time.")] = None,
) -> Response:
    """Fractals, strokes, segments, pivots and points that touch the window, and where the price is. Rows may still
    change until they are final."""
    question = service.Question(instrument, timeframe, config, adjust, replay_id)
    found = await service.read_structure(
        session,
        actor,
        BarStore(wiring.settings.bars_dir),
        _book(wiring),
        question,
        limit=limit,
        before_ts=before,
        levels=_timeframes(levels),
    )
    # Thousands of our own rows go out as they are, without being checked one by one again.
    return Response(orjson.dumps(found), media_type="application/json")


@router.get("/chan/explain", responses=_refusals(404))
async def explain_chan(
    session: Reading,
    actor: Asking,
    wiring: Wired,
    asked: Annotated[ExplainAsked, Query()],
) -> explain_schemas.ExplainOut:
    """Why a point is there, why a segment ends where it does, or why there is no stroke between two fractals."""
    store, book = BarStore(wiring.settings.bars_dir), _book(wiring)
    question = service.Question(asked.instrument, asked.timeframe, asked.config, asked.adjust, asked.replay_id)
    if asked.layer == "pair":
        if asked.from_ts is None or asked.to_ts is None:
            raise _needed("from_ts" if asked.from_ts is None else "to_ts")
        found = await service.explain_pair(
            session, actor, store, book, question, from_ts=asked.from_ts, to_ts=asked.to_ts
        )
        return explain_schemas.PairExplainedOut.model_validate(found)
    if asked.n is None:
        raise _needed("n")
    if asked.layer == "point":
        found = await service.explain_point(session, actor, store, book, question, level=asked.level, n=asked.n)
        return explain_schemas.PointExplainedOut.model_validate(found)
    found = await service.explain_segment(session, actor, store, book, question, level=asked.level, n=asked.n)
    return explain_schemas.SegmentExplainedOut.model_validate(found)


@router.get("/chan/nested", responses=_refusals(404))
async def get_nested_points(
    session: Reading,
    actor: Asking,
    wiring: Wired,
    instrument: Annotated[Symbol, Query()],
    timeframe: Annotated[TimeframeName, Query()],
    n: Annotated[Whole, Query(ge=0, description="Number of the point.")],
    levels: Annotated[LevelNames, Query(description="Finer timeframes, from coarse to fine, such as 1d,30m.")],
    config: Annotated[ConfigName, Query()] = service.DEFAULT_CONFIG,
    adjust: Annotated[AdjustKey, Query(description="As for /market/bars.")] = "none",
    level: Annotated[Whole, Query(ge=0, le=1, description="1: points of segments.")] = 0,
    replay_id: Annotated[Id | None, Query(description="As known at this replay's own time.")] = None,
) -> schemas.NestedOut:
    """Whether finer timeframes confirm a point inside its last line, level by level."""
    found = await service.read_nested(
        session,
        actor,
        BarStore(wiring.settings.bars_dir),
        _book(wiring),
        service.Question(instrument, timeframe, config, adjust, replay_id),
        n=n,
        levels=_timeframes(levels),
        lines=level,
    )
    return schemas.NestedOut.model_validate(found)


@router.get("/chan/events", response_model=life_schemas.EventsOut, responses=_refusals(404))
async def list_chan_events(
    session: Reading,
    actor: Asking,
    wiring: Wired,
    instrument: Annotated[Symbol, Query()],
    timeframe: Annotated[TimeframeName, Query()],
    config: Annotated[ConfigName, Query()] = service.DEFAULT_CONFIG,
    adjust: Annotated[AdjustKey, Query(description="As for /market/bars.")] = "none",
    layer: Annotated[life_schemas.LayerName | None, Query()] = None,
    level: Annotated[Whole | None, Query(ge=0, le=5)] = None,
    limit: Annotated[Whole, Query(ge=1, le=500, description="Bars of a page.")] = 200,
    cursor: Annotated[Moment | None, Query(description="The page ends before this time (epoch ms).")] = None,
    replay_id: Annotated[Id | None, Query(description="As known at this replay's own time.")] = None,
) -> Response:
    """The life-cycle log: when each structure was seen, moved, confirmed, made final or withdrawn."""
    found = await service.read_events(
        session,
        actor,
        BarStore(wiring.settings.bars_dir),
        service.Question(instrument, timeframe, config, adjust, replay_id),
        limit=limit,
        before_ts=cursor,
        layer=layer,
        level=level,
    )
    return Response(orjson.dumps(found), media_type="application/json")


@router.get("/chan/repaint", responses=_refusals(404))
async def get_repaint(
    session: Reading,
    actor: Asking,
    instrument: Annotated[Symbol, Query()],
    timeframe: Annotated[TimeframeName, Query()],
    config: Annotated[ConfigName, Query()] = service.DEFAULT_CONFIG,
) -> life_schemas.RepaintOut:
    """How many of the points this series has shown were taken back, as measured last."""
    row = await service.read_repaint(session, actor, service.Question(instrument, timeframe, config))
    return life_schemas.RepaintOut.of(row)


@router.post("/chan/repaint", status_code=202, responses=_refusals(404, 409))
async def measure_repaint(body: life_schemas.RepaintIn, session: Writing, actor: Asking, clock: Now) -> JobOut:
    """Measure it over the newest 50 000 bars, as a job: follow it under `/jobs/{id}`."""
    question = service.Question(body.instrument, body.timeframe, body.config)
    return JobOut.of(await service.start_repaint(session, actor, clock, question))


@router.get("/market/watch", responses=_refusals(404))
async def list_watch(
    session: Reading,
    actor: Asking,
    wiring: Wired,
    replay_id: Annotated[Id | None, Query(description="As known at this replay's own time.")] = None,
    limit: Annotated[Whole, Query(ge=1, le=50)] = 20,
) -> Page[schemas.WatchOut]:
    """Last price, change and Chan mood of the first instruments that have bars at that moment."""
    lines = await service.watch_lines(
        session, actor, BarStore(wiring.settings.bars_dir), _book(wiring), replay_id=replay_id, limit=limit
    )
    return Page(items=[schemas.WatchOut.of(line) for line in lines])


@screens.post("/chan/screens", status_code=202, responses=_refusals(404, 409))
async def run_screen(
    body: screen_schemas.ScreenIn, session: Writing, actor: Asking, clock: Now
) -> screen_schemas.ScreenRunOut:
    """Start a screen over every instrument, as a job: follow it here, stop it under `/jobs/{id}/cancel`."""
    row = await service.start_screen(session, actor, clock, body.query.query(), instruments=body.instruments)
    return screen_schemas.ScreenRunOut.of(row)


@screens.get("/chan/screens/saved", responses=_refusals())
async def list_saved_screens(session: Reading, actor: Asking) -> list[screen_schemas.SavedScreenOut]:
    """Your screens, oldest first."""
    return [screen_schemas.SavedScreenOut.of(row) for row in await service.list_screens(session, actor)]


@screens.post("/chan/screens/saved", status_code=201, responses=_refusals(409))
async def save_screen(
    body: screen_schemas.SavedScreenIn, session: Writing, actor: Asking, clock: Now
) -> screen_schemas.SavedScreenOut:
    """Keep a screen under a name. With `alert` it runs every day and tells of instruments that newly answer it."""
    row = await service.save_screen(session, actor, clock, body.query.query(), name=body.name, alert=body.alert)
    return screen_schemas.SavedScreenOut.of(row)


@screens.put("/chan/screens/saved/{screen_id}", responses=_refusals(404, 409))
async def change_saved_screen(
    screen_id: Id, body: screen_schemas.SavedScreenIn, session: Writing, actor: Asking
) -> screen_schemas.SavedScreenOut:
    """Change name, query or alert; another query forgets what matched the old one."""
    row = await service.change_screen(session, actor, screen_id, body.query.query(), name=body.name, alert=body.alert)
    return screen_schemas.SavedScreenOut.of(row)


@screens.delete("/chan/screens/saved/{screen_id}", status_code=204, responses=_refusals(404))
async def delete_saved_screen(screen_id: Id, session: Writing, actor: Asking) -> None:
    """Forget a saved screen."""
    await service.delete_screen(session, actor, screen_id)


@screens.post("/chan/screens/saved/{screen_id}/run", status_code=202, responses=_refusals(404, 409))
async def run_saved_screen(screen_id: Id, session: Writing, actor: Asking, clock: Now) -> screen_schemas.ScreenRunOut:
    """Start a saved screen now; what it finds is noted with it."""
    saved = await service.get_screen(session, actor, screen_id)
    row = await service.start_screen(session, actor, clock, parse_query(saved.query), screen_id=saved.id)
    return screen_schemas.ScreenRunOut.of(row)


@screens.get("/chan/screens/{job_id}", responses=_refusals(404))
async def get_screen_run(job_id: Id, session: Reading, actor: Asking) -> screen_schemas.ScreenRunOut:
    """How far a screen has come and, once it is done, what matches it."""
    return screen_schemas.ScreenRunOut.of(await service.read_screen(session, actor, job_id))
