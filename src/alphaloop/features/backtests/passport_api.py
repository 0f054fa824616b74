"""Overfit passports over HTTP: ask, watch, read, forget. One that is being made is cancelled through its job."""

from typing import Annotated

from fastapi import APIRouter, Query

from alphaloop.features.backtests import passport_service as service
from alphaloop.features.backtests.passport_schemas import PassportAsked, PassportOut, PassportResultOut
from alphaloop.features.catalog.schemas import StrategyKey
from alphaloop.infra.http.doors import Asking, Now, Reading, StrictRoute, Writing
from alphaloop.infra.http.wire import Id, Page, PageSize
from alphaloop.infra.jobs.wire import JobOut

router = APIRouter(prefix="/backtest/passports", tags=["过拟合护照 Passports"], route_class=StrictRoute)


@router.post("", operation_id="make_passport", status_code=202)
async def make_passport(asked: PassportAsked, session: Writing, actor: Asking, clock: Now) -> PassportOut:
    """Ask nine questions of a strategy over stored series, as a job: does it look ahead, did luck or the search make
    the result?"""
    plain = asked.model_dump(mode="json", exclude={"strategy"})
    return _out(await service.start_passport(session, actor, clock, strategy=asked.strategy, asked=plain))


@router.get("", operation_id="list_passports")
async def list_passports(
    session: Reading,
    actor: Asking,
    strategy: StrategyKey | None = None,
    limit: Annotated[PageSize, Query()] = 50,
    before_id: Id | None = None,
) -> Page[PassportOut]:
    """This person's passports, newest first."""
    found = await service.list_passports(session, actor, strategy=strategy, limit=limit, before_id=before_id)
    return Page(items=[_out(one) for one in found])


@router.get("/{passport_id}", operation_id="get_passport")
async def get_passport(passport_id: Id, session: Reading, actor: Asking) -> PassportResultOut:
    """One passport: how far it is, and every answer once it is made."""
    found = await service.get_passport(session, actor, passport_id)
    return PassportResultOut(**dict(_out(found)), passport=await service.read_sections(session, found.row.id))


@router.delete("/{passport_id}", operation_id="delete_passport", status_code=204)
async def delete_passport(passport_id: Id, session: Writing, actor: Asking, clock: Now) -> None:
    """Forget a passport; one that is being made is cancelled."""
    await service.delete_passport(session, actor, clock, passport_id)


def _out(found: service.Asked) -> PassportOut:
    row, job = found.row, JobOut.of(found.job)
    return PassportOut.model_validate(
        {
            "id": row.id,
            "job_id": found.job.id,
            "status": job.status,
            "progress": job.progress,
            "error": job.error,
            "strategy": row.strategy,
            "asked": row.asked,
            "run_id": row.run_id,
            "verdict": row.verdict,
            "checks": row.checks,
            "created_at_ms": row.created_at,
            "ended_at_ms": found.job.finished_at,
        }
    )
