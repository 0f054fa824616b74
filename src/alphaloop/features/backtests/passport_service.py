"""Asking for overfit passports, and keeping what they say."""

import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import undefer

from alphaloop.core.clock import Clock
from alphaloop.core.errors import InvalidError, NotFoundError
from alphaloop.features.backtests.passport_models import PassportRow
from alphaloop.features.backtests.service import arguments_for, check_asked
from alphaloop.features.catalog import service as catalog
from alphaloop.infra.db import ReadSession, WriteSession
from alphaloop.infra.identity import Actor
from alphaloop.infra.jobs.local import cancel_job, enqueue, get_job, refuse_many
from alphaloop.infra.jobs.models import JobRow, JobStatus

PASSPORT_JOB = "backtests.passport"
WAITING = 5
MOST = 400
"""Combinations of values that one passport looks at; each is run several times."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A passport and the job that makes it."""

    row: PassportRow
    job: JobRow


async def start_passport(
    session: WriteSession, actor: Actor, clock: Clock, *, strategy: str, asked: Mapping[str, Any]
) -> Asked:
    """Queue a passport. `asked` are `passport_schemas.PassportAsked` as plain JSON, without the strategy.

    Refused as a backtest is, and with InvalidError 'too_many_candidates'. Parameters are judged by the run."""
    actor.require("backtest.run")
    code = await catalog.find_code(session, actor, strategy, asked["params"])
    asked = {**asked, "params": code.params}
    await check_asked(session, asked)
    if math.prod(len(values) for values in asked["ranges"].values()) > MOST:
        raise InvalidError(
            f"At most {MOST} combinations.", code="too_many_candidates", fields=(("ranges", "too_many_candidates"),)
        )
    await refuse_many(session, PASSPORT_JOB, owner_id=actor.person, most=WAITING)
    job_id = await enqueue(session, clock, PASSPORT_JOB, {}, owner_id=actor.person)
    assert job_id is not None  # only jobs of a period can exist already
    job = await get_job(session, job_id, owner_id=actor.person)
    row = PassportRow(user_id=actor.person, job_id=job_id, strategy=strategy, asked=dict(asked), created_at=clock.now())
    session.add(row)
    await session.flush()
    job.args = {"passport_id": str(row.id)}
    return Asked(row, job)


async def list_passports(
    session: ReadSession, actor: Actor, *, strategy: str | None = None, limit: int = 50, before_id: int | None = None
) -> list[Asked]:
    """This person's passports, newest first."""
    actor.require("backtest.run")
    query = select(PassportRow, JobRow).join(JobRow, JobRow.id == PassportRow.job_id)
    query = query.where(PassportRow.user_id == actor.person)
    if strategy is not None:
        query = query.where(PassportRow.strategy == strategy)
    if before_id is not None:
        query = query.where(PassportRow.id < before_id)
    found = await session.execute(query.order_by(PassportRow.id.desc()).limit(limit))
    return [Asked(row, job) for row, job in found]


async def get_passport(session: ReadSession, actor: Actor, passport_id: int) -> Asked:
    """A passport of this person's, otherwise NotFoundError."""
    actor.require("backtest.run")
    row = await session.get(PassportRow, passport_id)
    if row is None or row.user_id != actor.person:
        raise NotFoundError("There is no such passport.", code="passport_not_found")
    return Asked(row, await get_job(session, row.job_id, owner_id=None))


async def read_sections(session: ReadSession, passport_id: int) -> dict[str, Any] | None:
    """Everything a passport says; None while it says nothing."""
    packed = await session.scalar(select(PassportRow.passport).where(PassportRow.id == passport_id))
    return None if packed is None else orjson.loads(zlib.decompress(packed))


async def delete_passport(session: WriteSession, actor: Actor, clock: Clock, passport_id: int) -> None:
    """Forget a passport; one that is being made is cancelled."""
    found = await get_passport(session, actor, passport_id)
    if found.job.status in (JobStatus.QUEUED, JobStatus.RUNNING):
        await cancel_job(session, clock, found.job.id, owner_id=None)
    await session.delete(found.row)


async def arguments_of(session: ReadSession, passport_id: int) -> dict[str, Any]:
    """What the child process needs, as values it can be sent; NotFoundError when the passport was deleted."""
    row = await session.get(PassportRow, passport_id)
    if row is None:
        raise NotFoundError("There is no such passport.", code="passport_not_found")
    asked = row.asked
    own = {name: asked[name] for name in ("ranges", "trials", "metric", "draws", "seed")}
    return await arguments_for(session, row.strategy, asked) | own


async def keep_passport(session: WriteSession, passport_id: int, made: Mapping[str, Any]) -> None:
    """Store what a passport says; nothing when it was deleted meanwhile."""
    row = await session.get(PassportRow, passport_id, with_for_update=True, options=[undefer(PassportRow.passport)])
    if row is not None:
        row.run_id, row.verdict, row.checks = made["run_id"], made["verdict"], list(made["checks"])
        row.passport = zlib.compress(orjson.dumps(made), 6)
