"""Chan structures and the watch list over HTTP."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Response
from pydantic import StringConstraints

from alphaloop.core.bar import parse_timeframe
from alphaloop.features.market.schemas import AdjustKey, Moment, TimeframeName, Whole
from alphaloop.features.market.service import BarStore
from alphaloop.features.research import schemas, service
from alphaloop.infra.http.doors import Asking, Reading, StrictRoute, Wired, Wiring
from alphaloop.infra.http.wire import ErrorBody, Id, Page, Symbol

router = APIRouter(
    tags=["研究 Research"], route_class=StrictRoute, generate_unique_id_function=lambda route: route.name
)

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
