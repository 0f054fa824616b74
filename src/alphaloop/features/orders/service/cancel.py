"""Cancelling, and closing a position: what cuts risk always passes."""

from sqlalchemy import update

from alphaloop.core.calendar import find_calendar
from alphaloop.core.clock import Clock
from alphaloop.core.errors import ConflictError, NotFoundError
from alphaloop.core.order import OrderSide, OrderStatus, OrderType
from alphaloop.engine.market_rules import rules_on
from alphaloop.features.accounts import service as accounts
from alphaloop.features.accounts.models import Account
from alphaloop.features.audit import service as audit
from alphaloop.features.market import service as market
from alphaloop.features.orders import repository
from alphaloop.features.orders.changes import announce_order
from alphaloop.features.orders.models import OrderRow
from alphaloop.features.orders.service.read import get_order
from alphaloop.features.orders.service.submit import NewOrderRequest, find_repeated, submit
from alphaloop.features.positions import service as positions
from alphaloop.features.risk.service import Ceiling
from alphaloop.infra.db import ReadSession, WriteSession
from alphaloop.infra.identity import SYSTEM, Actor


async def cancel_order(session: WriteSession, actor: Actor, order_id: int, *, clock: Clock) -> OrderRow:
    """Ask for a cancel; the order ends when the venue has confirmed. An order that has ended is a ConflictError."""
    actor.require("order.place")
    await _refuse_in_locked_auction(session, await get_order(session, actor, order_id), clock)
    row = await repository.lock_order(session, order_id)
    if OrderStatus(row.status).terminal:
        raise ConflictError("The order has ended already.", code="order_ended")
    if not row.cancel_requested:
        row.cancel_requested = True
        row.updated_at = clock.now()
        await audit.record(
            session,
            actor,
            clock=clock,
            action="order.cancel",
            resource_type="order",
            resource_id=row.id,
            account_id=row.account_id,
        )
        await session.flush()
        await announce_order(session, row, clock=clock)
    return row


async def _refuse_in_locked_auction(session: ReadSession, row: OrderRow, clock: Clock) -> None:
    """In some auctions orders stay; a replay waits for whole bars and knows no auctions."""
    account = await accounts.get_account(session, SYSTEM, row.account_id)
    if account.replay_id is not None or row.status == OrderStatus.INTENT:
        return
    instrument = await market.get_instrument(session, row.instrument)
    calendar, now = find_calendar(instrument.calendar), clock.now()
    phase = rules_on(instrument, calendar.session_date(now)).phase_at(calendar.local_time(now))
    if phase is not None and not phase.cancel and calendar.is_session_date(calendar.session_date(now)):
        raise ConflictError("Orders cannot be withdrawn in this auction.", code="cancel_not_now")


async def request_cancels(session: WriteSession, rows: list[OrderRow], *, clock: Clock) -> None:
    """Ask for the cancel of orders a strategy no longer wants."""
    ids = [row.id for row in rows]
    if ids:
        await session.execute(
            update(OrderRow).where(OrderRow.id.in_(ids)).values(cancel_requested=True, updated_at=clock.now())
        )
        session.info["announced"] = True


async def close_position(
    session: WriteSession,
    actor: Actor,
    account: Account,
    instrument: str,
    *,
    ceiling: Ceiling,
    clock: Clock,
    idempotency_key: str | None = None,
) -> OrderRow:
    """Close a position at the market with a reduce-only order; its protection is cancelled once it is flat."""
    body_hash = f"close:{account.id}:{instrument}" if idempotency_key else None
    known = await find_repeated(session, account, idempotency_key, body_hash)
    if known is not None:
        return known
    held = await positions.find_position(session, account.id, instrument)
    if held is None or held.quantity == 0:
        raise NotFoundError("There is no open position in this instrument.", code="position_not_found")
    request = NewOrderRequest(
        instrument=instrument,
        side=OrderSide.SELL if held.quantity > 0 else OrderSide.BUY,
        type=OrderType.MARKET,
        quantity=abs(held.quantity),
        reduce_only=True,
        idempotency_key=idempotency_key,
        body_hash=body_hash,
    )
    return await submit(session, actor, account, request, ceiling=ceiling, clock=clock)
