"""How an order changes and how others hear of it: the one place that moves a status."""

from typing import Any

from alphaloop.core.clock import Clock
from alphaloop.core.events import Event
from alphaloop.core.instrument import Instrument
from alphaloop.core.money import EXACT, ZERO
from alphaloop.core.order import OrderSide, OrderStatus, OrderType, VenueOrder, can_move
from alphaloop.engine.day_state import order_day
from alphaloop.engine.market_rules import rules_on
from alphaloop.features.accounts.models import Account
from alphaloop.features.ledger import service as ledger
from alphaloop.features.orders.models import OrderRow
from alphaloop.features.orders.schemas import OrderView, Reason
from alphaloop.infra.db import WriteSession
from alphaloop.infra.outbox import announce

HOLD_PURPOSE = "order"


def order_view(row: OrderRow) -> OrderView:
    view = OrderView.model_validate(row)
    view.reason = Reason(code=row.reason_code) if row.reason_code else None
    return view


def venue_order(row: OrderRow) -> VenueOrder:
    """The order in a venue's words."""
    assert row.client_order_id is not None
    return VenueOrder(
        client_order_id=row.client_order_id,
        instrument=row.instrument,
        side=OrderSide(row.side),
        type=OrderType(row.type),
        quantity=row.quantity,
        price=row.price,
        stop_price=row.stop_price,
        reduce_only=row.reduce_only,
        oco_group=row.oco_group,
    )


async def move_order(
    session: WriteSession, row: OrderRow, status: OrderStatus, *, clock: Clock, reason: str | None = None
) -> None:
    """Move an order to a status it may move to, release what it held when it ended, and announce it.

    A terminal order stays as it is: whatever is reported later is booked, never un-ended.
    """
    before = OrderStatus(row.status)
    if before is not status:
        if not can_move(before, status):
            return
        row.status = status
        row.reason_code = reason or row.reason_code
    if OrderStatus(row.status).terminal:
        await ledger.release_hold(session, purpose=HOLD_PURPOSE, purpose_id=row.id)
    row.updated_at = clock.now()
    await session.flush()
    await announce_order(session, row, clock=clock)


async def announce_order(session: WriteSession, row: OrderRow, *, clock: Clock, change: str = "") -> None:
    """Tell of an order; `change` is its new status where nothing else is said."""
    payload: dict[str, Any] = {
        "change": change or ("submitted" if row.status == OrderStatus.INTENT else row.status.lower()),
        "order": order_view(row).model_dump(mode="json"),
    }
    await announce(session, Event("orders.order_updated", payload, row.user_id, row.account_id), at=clock.now())


async def hold_for_order(
    session: WriteSession, row: OrderRow, account: Account, instrument: Instrument, *, now_ms: int
) -> None:
    """Hold what the rest of the order may cost: money for a buy, the asset for a sell; nothing for reduce-only.

    On margin nothing is held: free margin follows from the positions themselves.
    """
    rules = rules_on(instrument, order_day(instrument, now_ms))
    if row.reduce_only or OrderStatus(row.status).terminal or rules.initial_share(account.leverage) < 1:
        return
    remaining = max(EXACT.subtract(row.quantity, row.filled_quantity), ZERO)
    if row.side == OrderSide.BUY:
        assert row.hold_price is not None
        amount = rules.cost(OrderSide.BUY, remaining, row.hold_price, account.fee_rate)
        asset = instrument.quote
    elif instrument.can_short:
        return
    else:
        amount, asset = remaining, instrument.base
    await ledger.set_hold(
        session,
        owner_kind=ledger.ACCOUNT,
        owner_id=row.account_id,
        asset=asset,
        purpose=HOLD_PURPOSE,
        purpose_id=row.id,
        amount=amount,
    )
