"""Searches over HTTP: ask, watch the best so far, look at trials and map, go on, forget. A search is cancelled through
its job."""

import asyncio
import math
from typing import Annotated, Any

from fastapi import APIRouter, Query

from alphaloop.core.errors import ConflictError
from alphaloop.features.optimisation import service
from alphaloop.features.optimisation.models import OptimisationTrial
from alphaloop.features.optimisation.schemas import (
    MapOut,
    OptimisationAsked,
    OptimisationOut,
    ParamName,
    ResumeAsked,
    TrialOut,
)
from alphaloop.features.optimisation.service import Search
from alphaloop.infra.http.doors import Asking, Now, Reading, StrictRoute, Writing
from alphaloop.infra.http.wire import Id, Page, PageSize
from alphaloop.infra.jobs.wire import JobOut

router = APIRouter(prefix="/optimisations", tags=["优化 Optimisation"], route_class=StrictRoute)


@router.post("", operation_id="start_optimisation", status_code=202)
async def start_optimisation(asked: OptimisationAsked, session: Writing, actor: Asking, clock: Now) -> OptimisationOut:
    """Queue a search for better parameters; the best so far is at `/optimisations/{id}` while it runs."""
    question = asked.model_dump(mode="json", exclude={"strategy"})
    return _out(await service.start_optimisation(session, actor, clock, strategy=asked.strategy, asked=question))


@router.get("", operation_id="list_optimisations")
async def list_optimisations(
    session: Reading, actor: Asking, limit: Annotated[PageSize, Query()] = 50, before_id: Id | None = None
) -> Page[OptimisationOut]:
    """This person's searches, newest first."""
    found = await service.list_optimisations(session, actor, limit=limit, before_id=before_id)
    return Page(items=[_out(one) for one in found])


@router.get("/{optimisation_id}", operation_id="get_optimisation")
async def get_optimisation(optimisation_id: Id, session: Reading, actor: Asking) -> OptimisationOut:
    """One search: how far it is, the best so far, and the verdict once it is done."""
    return _out(await service.get_optimisation(session, actor, optimisation_id))


@router.get("/{optimisation_id}/trials", operation_id="list_optimisation_trials")
async def list_optimisation_trials(
    optimisation_id: Id,
    session: Reading,
    actor: Asking,
    limit: Annotated[PageSize, Query()] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    by_number: bool = False,
) -> Page[TrialOut]:
    """Trials, the best first or in the order they ran."""
    found = await service.list_trials(session, actor, optimisation_id, limit=limit, offset=offset, by_number=by_number)
    return Page(items=[_trial(row) for row in found])


@router.get("/{optimisation_id}/map", operation_id="map_optimisation")
async def map_optimisation(
    optimisation_id: Id, x: ParamName, session: Reading, actor: Asking, y: ParamName | None = None
) -> MapOut:
    """The sought metric over two of the searched parameters, or over one."""
    found = await service.get_optimisation(session, actor, optimisation_id)
    row = found.row
    if row.layout is None:
        raise ConflictError("This search has not begun yet.", code="no_trials")
    trials = await service.all_trials(session, optimisation_id)
    made = await asyncio.to_thread(_map, trials, row.asked, row.layout, x, y or "")
    return MapOut(
        metric=row.asked["metric"],
        x_name=made.x_name,
        y_name=made.y_name,
        x=list(made.x),
        y=list(made.y),
        best=_cells(made.best),
        mean=_cells(made.mean),
        count=made.count.tolist(),
    )


@router.post("/{optimisation_id}/resume", operation_id="resume_optimisation", status_code=202)
async def resume_optimisation(
    optimisation_id: Id, asked: ResumeAsked, session: Writing, actor: Asking, clock: Now
) -> OptimisationOut:
    """Go on with a search that ended, by itself or not; what it has tried is not tried again."""
    found = await service.resume_optimisation(
        session, actor, clock, optimisation_id, trials=asked.trials, seconds=asked.seconds
    )
    return _out(found)


@router.delete("/{optimisation_id}", operation_id="delete_optimisation", status_code=204)
async def delete_optimisation(optimisation_id: Id, session: Writing, actor: Asking, clock: Now) -> None:
    """Forget a search and its trials; one under way is cancelled."""
    await service.delete_optimisation(session, actor, clock, optimisation_id)


def _map(rows: list[dict[str, Any]], asked: dict[str, Any], layout: dict[str, Any], x: str, y: str) -> Any:
    # The engine is loaded late and off the loop: the page that only lists searches needs none of it.
    from alphaloop.features.optimisation.running import map_of

    return map_of(rows, asked, layout, x, y)


def _out(search: Search) -> OptimisationOut:
    job, row = JobOut.of(search.job), search.row
    layout = None
    if row.layout is not None:
        axes = [_axis(axis) for axis in row.layout["axes"]]
        layout = {**row.layout, "axes": axes}
    return OptimisationOut.model_validate(
        {
            "id": row.id,
            "job_id": search.job.id,
            "status": job.status,
            "progress": job.progress,
            "error": job.error,
            "strategy": row.strategy,
            "asked": row.asked,
            "trials_done": row.trials_done,
            "best": row.best,
            "layout": layout,
            "verdict": row.verdict,
            "created_at_ms": row.created_at,
            "ended_at_ms": search.job.finished_at,
        }
    )


def _axis(axis: dict[str, Any]) -> dict[str, Any]:
    ends: dict[str, Any] = {"low": axis["low"], "high": axis["high"], "step": axis["step"], "options": None}
    if axis["options"]:
        ends = {"low": None, "high": None, "step": None, "options": axis["options"]}
    return {"name": axis["name"], **ends}


def _trial(row: OptimisationTrial) -> TrialOut:
    return TrialOut(
        number=row.number,
        point=row.point,
        metrics=row.metrics,
        error=row.error,
        figure=row.figure,
        fit=row.fit,
    )


def _cells(values: Any) -> list[list[float | None]]:
    return [[value if math.isfinite(value) else None for value in row] for row in values.tolist()]
