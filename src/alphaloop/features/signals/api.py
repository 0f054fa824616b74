"""Signals and runs of strategies over HTTP: ask for a run, read, judge, execute, let be."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query

from alphaloop.core.signal import Direction, SignalStatus
from alphaloop.features.catalog import service as catalog
from alphaloop.features.catalog.paths import Named, Shelved
from alphaloop.features.risk.ceiling import read_ceiling
from alphaloop.features.signals import service
from alphaloop.features.signals.models import TradingSignal
from alphaloop.features.signals.schemas import (
    Agreement,
    Batch,
    BatchDone,
    Consent,
    Executed,
    PerformanceView,
    RunAsked,
    RunView,
    SignalView,
)
from alphaloop.infra.http.doors import Asking, Now, Reading, StrictRoute, Wired, Writing
from alphaloop.infra.http.wire import Id, Page, PageSize, Symbol, make_cursor, read_cursor

of_strategy = APIRouter(prefix="/strategies", tags=["信号 Signals"], route_class=StrictRoute)
router = APIRouter(prefix="/signals", tags=["信号 Signals"], route_class=StrictRoute)
ROUTERS = [of_strategy, router]


@of_strategy.post("/{key:strategy}/run", operation_id="run_strategy", status_code=202)
async def run_strategy(key: Named, asked: RunAsked, _: Shelved, session: Writing, actor: Asking, clock: Now) -> RunView:
    """Look at the newest closed bars of some instruments with a strategy now; a job brings its signals."""
    return RunView.model_validate(await service.start_run(session, actor, key, asked, clock=clock))


@of_strategy.get("/{key:strategy}/runs", operation_id="list_strategy_runs")
async def list_strategy_runs(
    key: Named,
    _: Shelved,
    session: Reading,
    actor: Asking,
    cursor: str | None = None,
    limit: Annotated[PageSize, Query()] = 50,
) -> Page[RunView]:
    """Runs for one's own accounts, newest first."""
    actor.require("strategy.read")
    items = await service.list_runs(session, actor, key, before=read_cursor(cursor), limit=limit)
    return Page(items=items, next_cursor=make_cursor(items[-1].id) if len(items) == limit else None)


@of_strategy.get("/{key:strategy}/signals", operation_id="list_strategy_signals")
async def list_strategy_signals(
    key: Named,
    _: Shelved,
    session: Reading,
    actor: Asking,
    cursor: str | None = None,
    limit: Annotated[PageSize, Query()] = 10,
) -> Page[SignalView]:
    """Its signals on one's own accounts, from runs and from sessions, newest first."""
    actor.require("order.read")
    row = await catalog.get_strategy(session, actor, key)
    ids = await service.reachable(session, actor, None)
    rows = await service.list_signals(session, ids, strategy_key=row.key, before=read_cursor(cursor), limit=limit)
    return _page(rows, limit)


@of_strategy.get("/{key:strategy}/performance", operation_id="get_strategy_performance")
async def get_strategy_performance(key: Named, _: Shelved, session: Reading, actor: Asking) -> PerformanceView:
    """How its signals on one's own accounts did after the fact, traded or not."""
    actor.require("order.read")
    signals, executed, figures = await service.read_performance(session, actor, key)
    return PerformanceView(signals=signals, executed=executed, **asdict(figures))


@router.get("", operation_id="list_signals")
async def list_signals(
    session: Reading,
    actor: Asking,
    account_id: Id | None = None,
    session_id: Id | None = None,
    strategy: Annotated[str | None, Query(max_length=96)] = None,
    instrument: Symbol | None = None,
    status: SignalStatus | None = None,
    direction: Direction | None = None,
    run_id: Id | None = None,
    cursor: str | None = None,
    limit: PageSize = 50,
) -> Page[SignalView]:
    """Signals of one account or of all that the person reaches, newest first; `strategy` is a key."""
    actor.require("order.read")
    ids = await service.reachable(session, actor, account_id)
    rows = await service.list_signals(
        session,
        ids,
        session_id=session_id,
        strategy_key=strategy,
        instrument=instrument,
        signal_status=status,
        direction=direction,
        strategy_run_id=run_id,
        before=read_cursor(cursor),
        limit=limit,
    )
    return _page(rows, limit)


@router.get("/agreement", operation_id="list_agreements")
async def list_agreements(session: Reading, actor: Asking, account_id: Id) -> Page[Agreement]:
    """What the open signals of an account want together, one line per instrument: of each strategy its newest word."""
    actor.require("order.read")
    ids = await service.reachable(session, actor, account_id)
    items = [
        Agreement(
            instrument=signals[0].instrument,
            direction=verdict.direction,
            net=verdict.net,
            reason=verdict.reason,
            signals=[one.id for one in signals],
            against=list(verdict.against),
        )
        for signals, verdict in await service.read_agreements(session, ids)
    ]
    return Page(items=items)


@router.get("/auto-execution", operation_id="get_auto_execution")
async def get_auto_execution(session: Reading, actor: Asking, account_id: Id) -> Consent:
    """Whether signals may trade on an account without asking."""
    actor.require("order.read")
    return Consent(account_id=account_id, on=await service.has_consent(session, actor, account_id))


@router.put("/auto-execution", operation_id="set_auto_execution")
async def set_auto_execution(body: Consent, session: Writing, actor: Asking, clock: Now) -> Consent:
    """Let signals trade on an account without asking, or take that back. Every other switch counts besides."""
    on = await service.give_consent(session, actor, body.account_id, on=body.on, clock=clock)
    return Consent(account_id=body.account_id, on=on)


@router.post("/execute-batch", operation_id="execute_signals")
async def execute_signals(body: Batch, session: Writing, actor: Asking, wiring: Wired) -> BatchDone:
    """Execute several signals. Where some of one account want different things of an instrument, the agreement decides;
    one refusal holds up none of the others."""
    ceiling = read_ceiling(wiring.settings)
    done = await service.execute_batch(session, actor, body.ids, ceiling=ceiling, clock=wiring.clock)
    items = [
        Executed(
            id=one.signal.id,
            status=SignalStatus(one.signal.signal_status),
            order_id=one.signal.order_id,
            code=one.code,
        )
        for one in done
    ]
    return BatchDone(items=items)


@router.get("/{signal_id}", operation_id="get_signal")
async def get_signal(signal_id: Id, session: Reading, actor: Asking) -> SignalView:
    """One signal of an account that one reaches."""
    actor.require("order.read")
    return SignalView.model_validate(await service.get_signal(session, actor, signal_id))


@router.post("/{signal_id}/validate", operation_id="validate_signal")
async def validate_signal(signal_id: Id, session: Writing, actor: Asking, wiring: Wired) -> SignalView:
    """Judge its order by the pre-trade pipeline without placing it; `validation` names what stands in the way."""
    ceiling = read_ceiling(wiring.settings)
    row = await service.validate_signal(session, actor, signal_id, ceiling=ceiling, clock=wiring.clock)
    return SignalView.model_validate(row)


@router.post("/{signal_id}/execute", operation_id="execute_signal")
async def execute_signal(signal_id: Id, session: Writing, actor: Asking, wiring: Wired) -> SignalView:
    """Place its order, once however often asked. A refusal says why; the signal stays open where waiting may help."""
    ceiling = read_ceiling(wiring.settings)
    row = await service.execute_signal(session, actor, signal_id, ceiling=ceiling, clock=wiring.clock)
    return SignalView.model_validate(row)


@router.post("/{signal_id}/cancel", operation_id="cancel_signal")
async def cancel_signal(signal_id: Id, session: Writing, actor: Asking, clock: Now) -> SignalView:
    """Let it be. An order that it placed is cancelled as an order."""
    return SignalView.model_validate(await service.cancel_signal(session, actor, signal_id, clock=clock))


def _page(rows: list[TradingSignal], limit: int) -> Page[SignalView]:
    items = [SignalView.model_validate(row) for row in rows]
    return Page(items=items, next_cursor=make_cursor(rows[-1].id) if len(rows) == limit else None)
