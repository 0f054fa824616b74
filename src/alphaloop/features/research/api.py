"""Chan structures, the watch list and screens over HTTP."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Response
from pydantic import StringConstraints

from alphaloop.core.bar import parse_timeframe
from alphaloop.features.market.schemas import AdjustKey, Moment, TimeframeName, Whole
from alphaloop.features.market.service import BarStore
from alphaloop.features.research import schemas, screen_schemas, service
from alphaloop.features.research.screening import parse_query
from alphaloop.infra.http.doors import Asking, Now, Reading, StrictRoute, Wired, Wiring, Writing
from alphaloop.infra.http.wire import ErrorBody, Id, Page, Symbol


def _router(tag: str) -> APIRouter:
    return APIRouter(tags=[tag], route_class=StrictRoute, generate_unique_id_function=lambda route: route.name)


router = _router("研究 Research")
screens = _router("选股 Screens")
ROUTERS = [router, screens]

ConfigName = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9_\-]+$")]

LevelNames = Annotated[str, StringConstraints(max_length=32, pattern=r"^[0-9A-Za-z,]*$")]


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
        levels=[parse_timeframe(name) for name in levels.split(",") if name],
    )
    # Thousands of our own rows go out as they are, without being checked one by one again.
    return Response(orjson.dumps(found), media_type="application/json")


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
