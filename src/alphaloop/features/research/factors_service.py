"""Asking for factor reports over stored series, and reading them; a report is its job's result."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import defer

from alphaloop.core.bar import parse_timeframe
from alphaloop.core.clock import Clock
from alphaloop.core.corporate import Adjustment, Direction
from alphaloop.core.errors import InvalidError, NotFoundError
from alphaloop.features.market import service as market
from alphaloop.features.market.models import StoredMode
from alphaloop.infra.db import ReadSession, WriteSession
from alphaloop.infra.identity import Actor
from alphaloop.infra.jobs.local import enqueue, get_job, refuse_many
from alphaloop.infra.jobs.models import JobRow
from alphaloop.kernels.factors import FACTORS, FROM_BARS

FACTOR_JOB = "research.factor_report"
WAITING = 5


async def start_factor_report(session: WriteSession, actor: Actor, clock: Clock, asked: Mapping[str, Any]) -> JobRow:
    """Queue a report. `asked` is `factors_schemas.FactorReportAsked` as plain JSON.

    InvalidError 'unknown_factor', 'bad_parameter', 'missing_extra', 'empty_period', 'named_twice' or for series that
    cannot be compared; NotFoundError for an unknown instrument or series; ConflictError 'runs_waiting'."""
    actor.require("chan.read")
    _check_factor(asked["factor"], asked["params"])
    if None not in (asked["start_ts"], asked["end_ts"]) and asked["start_ts"] >= asked["end_ts"]:
        raise _refused("The period ends before it begins.", "empty_period", "end_ts")
    if len(set(asked["instruments"])) != len(asked["instruments"]):
        raise _refused("An instrument is named twice.", "named_twice", "instruments")
    for key in await _keys(session, asked):
        _ = key.origin
    await refuse_many(session, FACTOR_JOB, owner_id=actor.person, most=WAITING)
    job_id = await enqueue(session, clock, FACTOR_JOB, dict(asked), owner_id=actor.person)
    assert job_id is not None  # only jobs of a period can exist already
    return await get_job(session, job_id, owner_id=actor.person)


async def read_factor_report(session: ReadSession, actor: Actor, job_id: int) -> JobRow:
    """A report of this person's, done or not; otherwise NotFoundError."""
    actor.require("chan.read")
    row = await get_job(session, job_id, owner_id=actor.person)
    if row.kind != FACTOR_JOB:
        raise NotFoundError("There is no such job.", code="job_not_found")
    return row


async def list_factor_reports(session: ReadSession, actor: Actor, *, limit: int = 20) -> list[JobRow]:
    """This person's reports, newest first."""
    actor.require("chan.read")
    query = select(JobRow).where(JobRow.kind == FACTOR_JOB, JobRow.owner_id == actor.person)
    return list(await session.scalars(query.order_by(JobRow.id.desc()).limit(limit).options(defer(JobRow.result))))


async def arguments_of(session: ReadSession, asked: Mapping[str, Any]) -> dict[str, Any]:
    """What the child process needs, as values it can be sent."""
    return {**asked, "keys": await _keys(session, asked)}


async def _keys(session: ReadSession, asked: Mapping[str, Any]) -> list[market.SeriesKey]:
    section = await market.cross_section(session, asked["instruments"], parse_timeframe(asked["timeframe"]))
    return [replace(key, adjust=_across(key)) for key in section.keys]


def _across(key: market.SeriesKey) -> Adjustment:
    """Backwards, so that no row's price depends on an ex-date to come; prices that are adjusted stay as they are."""
    owed = bool(key.ex_dates) and key.held_as in (StoredMode.RAW, StoredMode.SPLIT)
    return Adjustment(Direction.BACKWARD) if owed else key.adjust


def _check_factor(name: str, params: Mapping[str, int]) -> None:
    factor = FACTORS.get(name)
    if factor is None:
        raise _refused("There is no such factor.", "unknown_factor", "factor")
    if not set(factor.needs) <= FROM_BARS:
        absent = ", ".join(one for one in factor.needs if one not in FROM_BARS)
        raise _refused(f"{name} needs more than bars: {absent}.", "missing_extra", "factor")
    if wrong := params.keys() - factor.params.keys():
        raise _refused(f"{name} has no parameter {min(wrong)}.", "bad_parameter", "params")


def _refused(message: str, code: str, field: str) -> InvalidError:
    return InvalidError(message, code=code, fields=((field, code),))
