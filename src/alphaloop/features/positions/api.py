"""Accounts with what they are worth, and their equity over time."""

from typing import Annotated

from fastapi import APIRouter, Query

from alphaloop.features.accounts import service as accounts
from alphaloop.features.accounts.models import Account
from alphaloop.features.accounts.schemas import AccountView, NewAccount, PresetView
from alphaloop.features.accounts.service import MANUAL_VENUE, MarginTerms
from alphaloop.features.positions import service
from alphaloop.features.positions.schemas import CashFlowView, EquityCurve, EquityPointView, SnapshotView
from alphaloop.infra.db import ReadSession
from alphaloop.infra.http.doors import Asking, Now, Reading, StrictRoute, Writing
from alphaloop.infra.http.wire import Id, Page, make_cursor, read_cursor

accounts_router = APIRouter(prefix="/accounts", tags=["账户 Accounts"], route_class=StrictRoute)
equity_router = APIRouter(prefix="/equity", tags=["权益 Equity"], route_class=StrictRoute)
ROUTERS = [accounts_router, equity_router]


async def _view(session: ReadSession, account: Account) -> AccountView:
    now = await service.worth(session, account)
    return AccountView(
        id=account.id,
        name=account.name,
        kind=account.kind,
        trading_mode=account.trading_mode,
        venue=account.venue,
        quote_asset=account.quote_asset,
        clock="system" if account.replay_id is None else "replay",
        replay_id=account.replay_id,
        status=account.status,
        opening_cash=account.opening_cash,
        fee_rate=account.fee_rate,
        market=account.market,
        benchmark=account.benchmark,
        colours=account.colours,
        leverage=account.leverage,
        isolated=account.isolated,
        fractional=account.fractional,
        equity=now.equity,
        cash=now.cash,
        market_value=now.market_value,
        unrealised=now.unrealised,
        realised=now.realised,
        fees=now.fees,
        ts=now.ts_ms,
        created_at_ms=account.created_at,
    )


@accounts_router.get("", operation_id="list_accounts")
async def list_accounts(session: Reading, actor: Asking) -> Page[AccountView]:
    """Accounts the person reaches, newest first."""
    actor.require("order.read")
    return Page(items=[await _view(session, account) for account in await accounts.list_accounts(session, actor)])


@accounts_router.post("", operation_id="open_account", status_code=201)
async def open_account(body: NewAccount, session: Writing, actor: Asking, clock: Now) -> AccountView:
    """Open an account on the system's clock: on paper, or for trading by hand."""
    account = await accounts.open_paper_account(
        session,
        actor,
        clock=clock,
        name=body.name,
        quote_asset=body.quote_asset,
        cash=body.cash,
        market=body.market,
        terms=MarginTerms(body.leverage, body.isolated, body.fractional),
        by_hand=body.venue == MANUAL_VENUE,
    )
    return await _view(session, account)


@accounts_router.get("/presets", operation_id="list_account_presets")
async def list_account_presets(actor: Asking) -> Page[PresetView]:
    """What a paper account for each market starts with: money, fees, benchmark and colours."""
    actor.require("order.read")
    return Page(items=[PresetView.model_validate(preset) for preset in accounts.list_presets()])


@accounts_router.get("/{account_id}", operation_id="get_account")
async def get_account(account_id: Id, session: Reading, actor: Asking) -> AccountView:
    actor.require("order.read")
    return await _view(session, await accounts.get_account(session, actor, account_id))


@accounts_router.get("/{account_id}/cash-flows", operation_id="list_cash_flows")
async def list_cash_flows(
    account_id: Id,
    session: Reading,
    actor: Asking,
    cursor: Annotated[str | None, Query(max_length=32)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page[CashFlowView]:
    """Funding and dividends of an account, newest first."""
    actor.require("order.read")
    account = await accounts.get_account(session, actor, account_id)
    found = await service.list_cash_flows(session, account.id, before_id=read_cursor(cursor), limit=limit + 1)
    shown = found[:limit]
    more = make_cursor(shown[-1].id) if len(found) > limit else None
    return Page(items=[CashFlowView.model_validate(row) for row in shown], next_cursor=more)


@equity_router.get("/curve", operation_id="equity_curve")
async def equity_curve(
    session: Reading, actor: Asking, account_id: Id, limit: Annotated[int, Query(ge=1, le=20000)] = 5000
) -> EquityCurve:
    """Equity at each bar, oldest first."""
    actor.require("order.read")
    account = await accounts.get_account(session, actor, account_id)
    rows = await service.equity_curve(session, account.id, limit=limit)
    points = [
        EquityPointView(ts=row.ts_ms, equity=row.equity, cash=row.cash, market_value=row.market_value) for row in rows
    ]
    return EquityCurve(points=points)


@equity_router.get("/snapshots", operation_id="equity_snapshots")
async def equity_snapshots(
    session: Reading, actor: Asking, account_id: Id, days: Annotated[int, Query(ge=1, le=3660)] = 30
) -> Page[SnapshotView]:
    """Daily snapshots, oldest first."""
    actor.require("order.read")
    account = await accounts.get_account(session, actor, account_id)
    rows = await service.snapshots(session, account.id, days=days)
    items = [
        SnapshotView(
            date=row.snapshot_date,
            equity=row.total_equity,
            cash=row.cash,
            market_value=row.market_value,
            realized_pnl=row.realized_pnl,
            unrealized_pnl=row.unrealized_pnl,
            daily_return=row.daily_return,
            cumulative_return=row.cumulative_return,
            max_drawdown_pct=row.max_drawdown_pct,
            benchmark_return=row.benchmark_return,
        )
        for row in rows
    ]
    return Page(items=items)
