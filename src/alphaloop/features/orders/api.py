"""Placing, cancelling and reading orders: the trading routes and the older order routes over one service."""

import hashlib
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Header

from alphaloop.core.clock import to_ms
from alphaloop.core.errors import InvalidError, NotFoundError
from alphaloop.core.order import OrderSide, OrderStatus
from alphaloop.core.signal import Direction
from alphaloop.features.accounts import service as accounts
from alphaloop.features.accounts.models import Account, AccountKind
from alphaloop.features.ledger import service as ledger
from alphaloop.features.market import service as market
from alphaloop.features.orders import service, tickets
from alphaloop.features.orders.changes import order_view
from alphaloop.features.orders.schemas import (
    BalanceView,
    ClosePosition,
    DirectedOrder,
    FillView,
    IdempotencyKey,
    NewOrder,
    NewTicketFill,
    OrderView,
    PositionView,
    Preview,
    StatementBooked,
    StatementForm,
    StatusFilter,
    TicketView,
)
from alphaloop.features.risk.ceiling import read_ceiling
from alphaloop.infra.db import ReadSession
from alphaloop.infra.http.doors import Asking, Now, Reading, StrictRoute, Wired, Writing
from alphaloop.infra.http.wire import Id, Page, PageSize, Wire, make_cursor, read_cursor
from alphaloop.infra.identity import Actor

trading = APIRouter(prefix="/trading", tags=["交易 Trading"], route_class=StrictRoute)
orders = APIRouter(prefix="/orders", tags=["委托 Orders"], route_class=StrictRoute)
ROUTERS = [trading, orders]

Key = Annotated[IdempotencyKey | None, Header(alias="Idempotency-Key")]
Limit = PageSize


async def _account(session: ReadSession, actor: Actor, account_id: int | None) -> Account:
    """The account named, or the person's newest."""
    if account_id is not None:
        return await accounts.get_account(session, actor, account_id)
    mine = await accounts.list_accounts(session, actor)
    if not mine:
        raise NotFoundError("Open an account first.", code="account_not_found")
    return mine[0]


async def _request(session: ReadSession, body: NewOrder, key: str | None) -> service.NewOrderRequest:
    instrument = await market.get_instrument(session, body.instrument)
    return service.NewOrderRequest(
        instrument=instrument.symbol,
        side=body.side,
        type=body.type,
        quantity=body.quantity,
        price=body.price,
        stop_price=body.stop_price,
        reduce_only=body.reduce_only,
        stop_loss=body.stop_loss,
        take_profit=body.take_profit,
        idempotency_key=key,
        body_hash=_body_hash(body) if key else None,
    )


def _body_hash(body: Wire) -> str:
    return hashlib.sha256(body.model_dump_json().encode()).hexdigest()


async def _place(
    session: Writing, actor: Actor, account: Account, body: NewOrder, key: str | None, wiring: Any
) -> OrderView:
    row = await service.submit(
        session,
        actor,
        account,
        await _request(session, body, key),
        ceiling=read_ceiling(wiring.settings),
        clock=wiring.clock,
    )
    return order_view(row)


@trading.post("/orders", operation_id="place_order", status_code=201)
async def place_order(body: NewOrder, session: Writing, actor: Asking, wiring: Wired, key: Key = None) -> OrderView:
    """Submit an order; it is sent to the venue right after this answer. The same key returns the same order."""
    account = await _account(session, actor, body.account_id)
    return await _place(session, actor, account, body, key, wiring)


@trading.post("/simulate/orders", operation_id="place_paper_order", status_code=201)
async def place_paper_order(
    body: NewOrder, session: Writing, actor: Asking, wiring: Wired, key: Key = None
) -> OrderView:
    """The same, refused unless the account is a paper account."""
    account = await _account(session, actor, body.account_id)
    if account.kind != AccountKind.PAPER:
        raise InvalidError("This account does not trade on paper.", code="not_a_paper_account")
    return await _place(session, actor, account, body, key, wiring)


@trading.post("/orders/preview", operation_id="preview_order")
async def preview_order(body: NewOrder, session: Reading, actor: Asking, wiring: Wired) -> Preview:
    """What the order would cost and risk, and whether it would pass."""
    actor.require("order.read")
    account = await _account(session, actor, body.account_id)
    return await service.preview_order(
        session,
        account,
        await _request(session, body, None),
        ceiling=read_ceiling(wiring.settings),
        clock=wiring.clock,
    )


@trading.get("/orders", operation_id="list_orders")
async def list_orders(
    session: Reading,
    actor: Asking,
    account_id: Id | None = None,
    status: StatusFilter = StatusFilter.ALL,
    cursor: str | None = None,
    limit: Limit = 50,
) -> Page[OrderView]:
    """Orders, newest first."""
    rows = await service.list_orders(
        session, actor, account_id=account_id, status=status, before=read_cursor(cursor), limit=limit
    )
    following = make_cursor(rows[-1].id) if len(rows) == limit else None
    return Page(items=[order_view(row) for row in rows], next_cursor=following)


@trading.get("/tickets", operation_id="list_tickets")
async def list_tickets(
    actor: Asking, wiring: Wired, account_id: Id, locale: Literal["zh-CN", "en"] = "zh-CN"
) -> Page[TicketView]:
    """Orders of an account at venue `manual` that its owner is still to carry out, oldest first."""
    actor.require("order.read")
    async with wiring.db.read() as session:
        account = await tickets.find_account(session, actor, account_id)
    return Page(items=await tickets.list_tickets(tickets.open_desk(wiring.db), account, locale=locale))


@trading.post("/tickets/statement", operation_id="import_statement", status_code=201)
async def import_statement(
    form: Annotated[StatementForm, Form(media_type="multipart/form-data")], actor: Asking, wiring: Wired
) -> StatementBooked:
    """Bring in a broker's statement (交割单); its trades are booked on the tickets they answer, each once."""
    actor.require("order.place")
    async with wiring.db.read() as session:
        account = await tickets.find_account(session, actor, form.account_id)
    return await tickets.tell_statement(tickets.open_desk(wiring.db), account, await form.file.read())


@trading.post("/orders/{order_id}/fills", operation_id="confirm_fill", status_code=201)
async def confirm_fill(order_id: Id, body: NewTicketFill, actor: Asking, wiring: Wired) -> StatementBooked:
    """Say what came of a ticket; fill, position and ledger follow within a moment."""
    actor.require("order.place")
    async with wiring.db.read() as session:
        row = await tickets.find_order(session, actor, order_id)
    return await tickets.tell_fill(tickets.open_desk(wiring.db), row, body, now_ms=to_ms(wiring.clock.now()))


@trading.get("/orders/{order_id}", operation_id="get_order")
async def get_order(order_id: Id, session: Reading, actor: Asking) -> OrderView:
    actor.require("order.read")
    return order_view(await service.get_order(session, actor, order_id))


@trading.delete("/orders/{order_id}", operation_id="cancel_order")
async def cancel_order(order_id: Id, session: Writing, actor: Asking, clock: Now) -> OrderView:
    """Ask for a cancel; the order's own events say when it has ended."""
    return order_view(await service.cancel_order(session, actor, order_id, clock=clock))


@trading.get("/fills", operation_id="list_fills")
async def list_fills(
    session: Reading, actor: Asking, account_id: Id | None = None, cursor: str | None = None, limit: Limit = 50
) -> Page[FillView]:
    """Executions, newest first."""
    rows = await service.list_fills(session, actor, account_id=account_id, before=read_cursor(cursor), limit=limit)
    following = make_cursor(rows[-1].id) if len(rows) == limit else None
    return Page(items=[FillView.model_validate(row) for row in rows], next_cursor=following)


@trading.get("/positions", operation_id="list_positions")
async def list_positions(session: Reading, actor: Asking, account_id: Id | None = None) -> Page[PositionView]:
    """Open positions with the stop and take that guard them."""
    return Page(items=await service.list_positions(session, actor, account_id=account_id))


@trading.post("/positions/close", operation_id="close_position", status_code=201)
async def close_position(
    body: ClosePosition, session: Writing, actor: Asking, wiring: Wired, key: Key = None
) -> OrderView:
    """Close a position at the market; passes even while trading is halted."""
    account = await _account(session, actor, body.account_id)
    instrument = await market.get_instrument(session, body.instrument)
    row = await service.close_position(
        session,
        actor,
        account,
        instrument.symbol,
        ceiling=read_ceiling(wiring.settings),
        clock=wiring.clock,
        idempotency_key=key,
    )
    return order_view(row)


@trading.get("/balance", operation_id="list_balances")
async def list_balances(session: Reading, actor: Asking, account_id: Id | None = None) -> Page[BalanceView]:
    """Every asset of the account: total, held by open orders, free."""
    actor.require("order.read")
    account = await _account(session, actor, account_id)
    found = await ledger.balances(session, ledger.ACCOUNT, account.id)
    return Page(items=[BalanceView.model_validate(balance) for _, balance in sorted(found.items())])


@orders.post("/submit", operation_id="submit_order", status_code=201)
async def submit_order(
    body: DirectedOrder, session: Writing, actor: Asking, wiring: Wired, key: Key = None
) -> OrderView:
    """The older form: LONG buys, SHORT sells."""
    if body.direction is Direction.FLAT:
        raise InvalidError("Closing is an order of its own.", fields=(("direction", "not_an_order"),))
    account = await _account(session, actor, body.account_id)
    plain = NewOrder(
        account_id=account.id,
        instrument=body.symbol,
        side=OrderSide.BUY if body.direction is Direction.LONG else OrderSide.SELL,
        type=body.order_type,
        quantity=body.quantity,
        price=body.limit_price,
    )
    return await _place(session, actor, account, plain, key, wiring)


class OrderStatusView(Wire):
    id: Id
    status: OrderStatus


@orders.get("/history", operation_id="order_history")
async def order_history(
    session: Reading, actor: Asking, account_id: Id | None = None, cursor: str | None = None, limit: Limit = 20
) -> Page[OrderView]:
    """Orders that have ended, newest first."""
    rows = await service.list_orders(
        session,
        actor,
        account_id=account_id,
        status=StatusFilter.CLOSED,
        before=read_cursor(cursor),
        limit=limit,
    )
    following = make_cursor(rows[-1].id) if len(rows) == limit else None
    return Page(items=[order_view(row) for row in rows], next_cursor=following)


@orders.get("/{order_id}/status", operation_id="order_status")
async def order_status(order_id: Id, session: Reading, actor: Asking) -> OrderStatusView:
    actor.require("order.read")
    row = await service.get_order(session, actor, order_id)
    return OrderStatusView(id=row.id, status=OrderStatus(row.status))


@orders.post("/{order_id}/cancel", operation_id="cancel_order_by_post")
async def cancel_order_by_post(order_id: Id, session: Writing, actor: Asking, clock: Now) -> OrderView:
    return order_view(await service.cancel_order(session, actor, order_id, clock=clock))
