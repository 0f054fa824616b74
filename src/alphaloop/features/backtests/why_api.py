"""Why a run traded in a bar, or did not, over HTTP: ask, then read the answer off the job."""

from fastapi import APIRouter

from alphaloop.features.backtests import why_service as service
from alphaloop.features.backtests.why_schemas import WhyAsked
from alphaloop.infra.http.doors import Asking, Now, StrictRoute, Writing
from alphaloop.infra.http.wire import Id
from alphaloop.infra.jobs.wire import JobOut

router = APIRouter(prefix="/backtest/results", tags=["回测 Backtests"], route_class=StrictRoute)


@router.post("/{backtest_id}/why", operation_id="ask_backtest_why", status_code=202)
async def ask_backtest_why(backtest_id: Id, asked: WhyAsked, session: Writing, actor: Asking, clock: Now) -> JobOut:
    """Why the run traded in this bar, or did not, as a job that makes the run once more: under `/jobs/{id}` its
    `result` tells signal, size, rules and fill, in codes and in both languages."""
    plain = asked.model_dump(mode="json")
    return JobOut.of(await service.start_why(session, actor, clock, backtest_id=backtest_id, asked=plain))
