"""Factors over HTTP: what there is, a report on one of them over stored series, and what it says."""

from typing import Annotated

from fastapi import APIRouter, Query

from alphaloop.features.research import factors_service as service
from alphaloop.features.research.factors_schemas import FactorOut, FactorReportAsked, FactorReportOut
from alphaloop.infra.http.doors import Asking, Now, Reading, StrictRoute, Writing
from alphaloop.infra.http.wire import Id, Page, PageSize
from alphaloop.kernels.factors import CATEGORIES, FACTORS, FROM_BARS

router = APIRouter(prefix="/research/factors", tags=["因子 Factors"], route_class=StrictRoute)


@router.get("", operation_id="list_factors")
async def list_factors(actor: Asking) -> Page[FactorOut]:
    """Every factor with what it needs; those that need more than bars cannot be reported on here."""
    actor.require("chan.read")
    return Page(
        items=[
            FactorOut.of(one, category=CATEGORIES[one.category], available=set(one.needs) <= FROM_BARS)
            for one in FACTORS.values()
        ]
    )


@router.post("/report", operation_id="report_factor", status_code=202)
async def report_factor(asked: FactorReportAsked, session: Writing, actor: Asking, clock: Now) -> FactorReportOut:
    """Queue a report; it is at `/research/factors/reports/{id}` once the job is done."""
    return FactorReportOut.of(await service.start_factor_report(session, actor, clock, asked.model_dump(mode="json")))


@router.get("/reports", operation_id="list_factor_reports")
async def list_factor_reports(
    session: Reading, actor: Asking, limit: Annotated[PageSize, Query()] = 20
) -> Page[FactorReportOut]:
    """This person's reports, newest first, without what they say."""
    found = await service.list_factor_reports(session, actor, limit=limit)
    return Page(items=[FactorReportOut.of(row, whole=False) for row in found])


@router.get("/reports/{report_id}", operation_id="get_factor_report")
async def get_factor_report(report_id: Id, session: Reading, actor: Asking) -> FactorReportOut:
    """One report: how far it is, and what it says once it is done."""
    return FactorReportOut.of(await service.read_factor_report(session, actor, report_id))
