"""Backtests over HTTP: ask, watch, read, compare, forget. A run is cancelled through its job."""

from collections.abc import Iterable
from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Response

from alphaloop.core.errors import InvalidError
from alphaloop.features.backtests import export, passport_api, service, why_api
from alphaloop.features.backtests.schemas import (
    BacktestAsked,
    BacktestOut,
    BacktestResultOut,
    Comparison,
    Conditions,
    MetricRow,
)
from alphaloop.features.backtests.service import Run
from alphaloop.features.catalog.schemas import StrategyKey
from alphaloop.infra.http.doors import Asking, Now, Reading, StrictRoute, Writing
from alphaloop.infra.http.wire import Id, Page, PageSize
from alphaloop.infra.jobs.wire import JobOut

router = APIRouter(prefix="/backtest", tags=["回测 Backtests"], route_class=StrictRoute)
of_strategy = APIRouter(prefix="/strategies", tags=["回测 Backtests"], route_class=StrictRoute)
ROUTERS = [of_strategy, router, passport_api.router, why_api.router]


@router.post("/run", operation_id="run_backtest", status_code=202)
async def run_backtest(asked: BacktestAsked, session: Writing, actor: Asking, clock: Now) -> BacktestOut:
    """Queue a backtest; its report is at `/backtest/results/{id}` once the job is done."""
    conditions = asked.model_dump(mode="json", exclude={"strategy"})
    return _out(await service.start_backtest(session, actor, clock, strategy=asked.strategy, asked=conditions))


@of_strategy.post("/{key:path}/backtest", operation_id="backtest_strategy", status_code=202)
async def backtest_strategy(
    key: StrategyKey, asked: Conditions, session: Writing, actor: Asking, clock: Now
) -> BacktestOut:
    """The same for the strategy named in the path."""
    conditions = asked.model_dump(mode="json")
    return _out(await service.start_backtest(session, actor, clock, strategy=key, asked=conditions))


@router.get("/results", operation_id="list_backtests")
async def list_backtests(
    session: Reading,
    actor: Asking,
    strategy: StrategyKey | None = None,
    limit: Annotated[PageSize, Query()] = 50,
    before_id: Id | None = None,
) -> Page[BacktestOut]:
    """This person's runs, newest first."""
    found = await service.list_backtests(session, actor, strategy=strategy, limit=limit, before_id=before_id)
    return Page(items=[_out(run) for run in found])


@router.get("/results/compare", operation_id="compare_backtests")
async def compare_backtests(session: Reading, actor: Asking, ids: Annotated[str, Query(max_length=256)]) -> Comparison:
    """Metrics of several runs side by side; `ids` separated by commas."""
    runs = await service.compare_backtests(session, actor, list(_ids(ids)))
    names = dict.fromkeys(name for run in runs for name in run.row.metrics or {})
    rows = [MetricRow(metric=name, values=[(run.row.metrics or {}).get(name) for run in runs]) for name in names]
    return Comparison(runs=[_out(run) for run in runs], rows=rows)


@router.get("/results/{backtest_id}", operation_id="get_backtest")
async def get_backtest(backtest_id: Id, session: Reading, actor: Asking) -> BacktestResultOut:
    """One run: how far it is, and what it showed once it is done."""
    run = await service.get_backtest(session, actor, backtest_id)
    report = None if run.row.metrics is None else orjson.loads(await service.read_report(session, actor, backtest_id))
    curve = None if report is None else report.pop("curve")
    trades = None if report is None else report.pop("trades")
    return BacktestResultOut(**dict(_out(run)), equity_curve=curve, trades=trades, report=report)


@router.get("/results/{backtest_id}/trades.csv", operation_id="export_backtest_trades")
async def export_backtest_trades(backtest_id: Id, session: Reading, actor: Asking) -> Response:
    """The trades as CSV."""
    text = export.trades_csv(await service.read_report(session, actor, backtest_id))
    return _file(text, "text/csv", f"backtest-{backtest_id}-trades.csv")


@router.get("/results/{backtest_id}/report.html", operation_id="export_backtest_report")
async def export_backtest_report(backtest_id: Id, session: Reading, actor: Asking) -> Response:
    """The report as one HTML file that opens anywhere, without scripts."""
    text = export.report_html(await service.read_report(session, actor, backtest_id))
    return _file(text, "text/html", f"backtest-{backtest_id}.html")


@router.delete("/results/{backtest_id}", operation_id="delete_backtest", status_code=204)
async def delete_backtest(backtest_id: Id, session: Writing, actor: Asking, clock: Now) -> None:
    """Forget a run; one under way is cancelled."""
    await service.delete_backtest(session, actor, clock, backtest_id)


def _out(run: Run) -> BacktestOut:
    job = JobOut.of(run.job)
    return BacktestOut(
        id=run.row.id,
        job_id=run.job.id,
        status=job.status,
        progress=job.progress,
        error=job.error,
        strategy=run.row.strategy,
        asked=run.row.asked,
        run_id=run.row.run_id,
        metrics=run.row.metrics,
        created_at_ms=run.row.created_at,
        ended_at_ms=run.job.finished_at,
    )


def _ids(text: str) -> Iterable[int]:
    for part in text.split(","):
        if not (part.isascii() and part.isdigit() and len(part) <= 18):
            raise InvalidError("ids are numbers separated by commas.", code="bad_comparison")
        yield int(part)


def _file(text: str, kind: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text, media_type=f"{kind}; charset=utf-8", headers=headers)
