"""Asking for searches, going on with them, and keeping every trial."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, select, update

from alphaloop.core.clock import Clock
from alphaloop.core.errors import ConflictError, InvalidError, NotFoundError
from alphaloop.features.backtests import service as backtests
from alphaloop.features.catalog import service as catalog
from alphaloop.features.optimisation.models import OptimisationRow, OptimisationTrial
from alphaloop.infra.db import ReadSession, WriteSession
from alphaloop.infra.identity import Actor
from alphaloop.infra.jobs.local import cancel_job, enqueue, get_job, refuse_many
from alphaloop.infra.jobs.models import JobRow, JobStatus

OPTIMISATION_JOB = "optimisation.search"
WAITING = 5


@dataclass(frozen=True, slots=True)
class Search:
    """A search and the job that does it, or did last."""

    row: OptimisationRow
    job: JobRow


async def start_optimisation(
    session: WriteSession, actor: Actor, clock: Clock, *, strategy: str, asked: Mapping[str, Any]
) -> Search:
    """Queue a search. `asked` is `schemas.OptimisationAsked` as plain JSON, without the strategy.

    NotFoundError for an unknown instrument or series, InvalidError 'empty_period', ConflictError 'runs_waiting'. The
    strategy, its ranges and conditions are judged by the run, which may load them."""
    actor.require("backtest.run")
    if None not in (asked["start_ts"], asked["end_ts"]) and asked["start_ts"] >= asked["end_ts"]:
        raise InvalidError(
            "The period ends before it begins.", code="empty_period", fields=(("end_ts", "empty_period"),)
        )
    code = await catalog.find_code(session, actor, strategy, asked["params"])
    # Without ranges everything is searched that is not given, so nothing configured may count as given.
    asked = {**asked, "params": code.params if asked["ranges"] else asked["params"]}
    # What cannot be gathered now is told now, not by a job that fails.
    await backtests.arguments_for(session, strategy, asked)
    await refuse_many(session, OPTIMISATION_JOB, owner_id=actor.person, most=WAITING)
    job = await _queue(session, actor, clock)
    row = OptimisationRow(
        user_id=actor.person,
        job_id=job.id,
        strategy=strategy,
        asked=dict(asked),
        trials_done=0,
        created_at=clock.now(),
    )
    session.add(row)
    await session.flush()
    job.args = {"optimisation_id": str(row.id)}
    return Search(row, job)


async def resume_optimisation(
    session: WriteSession,
    actor: Actor,
    clock: Clock,
    optimisation_id: int,
    *,
    trials: int | None = None,
    seconds: int | None = None,
) -> Search:
    """Go on with a search that ended, with another budget if one is named. ConflictError 'still_running'."""
    found = await get_optimisation(session, actor, optimisation_id)
    if found.job.status in (JobStatus.QUEUED, JobStatus.RUNNING):
        raise ConflictError("This search is still running.", code="still_running")
    await refuse_many(session, OPTIMISATION_JOB, owner_id=actor.person, most=WAITING)
    job = await _queue(session, actor, clock)
    job.args = {"optimisation_id": str(optimisation_id)}
    budget = {name: value for name, value in (("trials", trials), ("seconds", seconds)) if value is not None}
    found.row.asked = {**found.row.asked, **budget}
    found.row.job_id, found.row.verdict = job.id, None
    return Search(found.row, job)


async def _queue(session: WriteSession, actor: Actor, clock: Clock) -> JobRow:
    job_id = await enqueue(session, clock, OPTIMISATION_JOB, {}, owner_id=actor.person)
    assert job_id is not None  # only jobs of a period can exist already
    return await get_job(session, job_id, owner_id=actor.person)


async def list_optimisations(
    session: ReadSession, actor: Actor, *, limit: int = 50, before_id: int | None = None
) -> list[Search]:
    """This person's searches, newest first."""
    actor.require("backtest.run")
    query = select(OptimisationRow, JobRow).join(JobRow, JobRow.id == OptimisationRow.job_id)
    query = query.where(OptimisationRow.user_id == actor.person)
    if before_id is not None:
        query = query.where(OptimisationRow.id < before_id)
    found = await session.execute(query.order_by(OptimisationRow.id.desc()).limit(limit))
    return [Search(row, job) for row, job in found]


async def get_optimisation(session: ReadSession, actor: Actor, optimisation_id: int) -> Search:
    """A search of this person's, otherwise NotFoundError."""
    actor.require("backtest.run")
    row = await session.get(OptimisationRow, optimisation_id)
    if row is None or row.user_id != actor.person:
        raise NotFoundError("There is no such search.", code="optimisation_not_found")
    return Search(row, await get_job(session, row.job_id, owner_id=None))


async def list_trials(
    session: ReadSession,
    actor: Actor,
    optimisation_id: int,
    *,
    limit: int = 50,
    offset: int = 0,
    by_number: bool = False,
) -> list[OptimisationTrial]:
    """Trials, the best first (those that meet every condition before those that do not) or in the order they ran."""
    found = await get_optimisation(session, actor, optimisation_id)
    query = select(OptimisationTrial).where(OptimisationTrial.optimisation_id == optimisation_id)
    upward = found.row.layout is None or found.row.layout["upward"]
    figure = OptimisationTrial.figure.desc() if upward else OptimisationTrial.figure
    best_first = (OptimisationTrial.fit.desc(), OptimisationTrial.figure.is_(None), figure, OptimisationTrial.number)
    order = (OptimisationTrial.number,) if by_number else best_first
    return list(await session.scalars(query.order_by(*order).limit(limit).offset(offset)))


async def all_trials(session: ReadSession, optimisation_id: int) -> list[dict[str, Any]]:
    """Every trial as plain JSON, in the order they ran."""
    columns = (OptimisationTrial.number, OptimisationTrial.point, OptimisationTrial.metrics, OptimisationTrial.error)
    query = select(*columns).where(OptimisationTrial.optimisation_id == optimisation_id)
    return [dict(row) for row in (await session.execute(query.order_by(OptimisationTrial.number))).mappings()]


async def delete_optimisation(session: WriteSession, actor: Actor, clock: Clock, optimisation_id: int) -> None:
    """Forget a search and its trials; one that is under way is cancelled."""
    found = await get_optimisation(session, actor, optimisation_id)
    if found.job.status in (JobStatus.QUEUED, JobStatus.RUNNING):
        await cancel_job(session, clock, found.job.id, owner_id=None)
    await session.execute(delete(OptimisationTrial).where(OptimisationTrial.optimisation_id == optimisation_id))
    await session.delete(found.row)


async def arguments_of(session: ReadSession, optimisation_id: int) -> dict[str, Any]:
    """What the child process needs of a queued search, its stored trials (`past`) included; NotFoundError when it was
    deleted."""
    row = await session.get(OptimisationRow, optimisation_id)
    if row is None:
        raise NotFoundError("There is no such search.", code="optimisation_not_found")
    gathered = await backtests.arguments_for(session, row.strategy, row.asked)
    return gathered | {"search": row.asked, "past": await all_trials(session, optimisation_id)}


async def keep_layout(session: WriteSession, optimisation_id: int, layout: Mapping[str, Any]) -> None:
    """Store what the run made of the question."""
    await _set(session, optimisation_id, layout=dict(layout))


async def keep_trials(
    session: WriteSession, optimisation_id: int, trials: Sequence[Mapping[str, Any]], best: Mapping[str, Any] | None
) -> None:
    """Store a batch as a whole, and the best so far; NotFoundError when the search was deleted meanwhile."""
    owned = await session.scalar(
        select(OptimisationRow.id).where(OptimisationRow.id == optimisation_id).with_for_update()
    )
    if owned is None:
        raise NotFoundError("There is no such search.", code="optimisation_not_found")
    rows = [{**trial, "error": trial["error"][:300], "optimisation_id": optimisation_id} for trial in trials]
    await session.execute(insert(OptimisationTrial), rows)
    done = max(trial["number"] for trial in trials) + 1
    await _set(session, optimisation_id, trials_done=done, best=None if best is None else dict(best))


async def keep_verdict(session: WriteSession, optimisation_id: int, verdict: Mapping[str, Any] | None) -> None:
    """Store what the best was worth."""
    await _set(session, optimisation_id, verdict=None if verdict is None else dict(verdict))


async def _set(session: WriteSession, optimisation_id: int, **values: Any) -> None:
    await session.execute(update(OptimisationRow).where(OptimisationRow.id == optimisation_id).values(**values))
