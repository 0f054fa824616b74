"""The person's side of the manual venue: what is still to be carried out, what came of it, and the broker's statement.

Nothing here can place or cancel: that stays with `execution`, which also books what is said here.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Protocol

from alphaloop.core.calendar import find_calendar
from alphaloop.core.errors import NotFoundError
from alphaloop.core.plugins import load_plugin
from alphaloop.features.accounts import service as accounts
from alphaloop.features.accounts.models import Account
from alphaloop.features.accounts.service import MANUAL_VENUE, find_preset
from alphaloop.features.orders.models import OrderRow
from alphaloop.features.orders.schemas import NewTicketFill, StatementBooked, TicketView, UnmatchedTrade
from alphaloop.features.orders.service import get_order
from alphaloop.infra.db import Database, ReadSession
from alphaloop.infra.identity import Actor

_PACKAGE = "alphaloop.adapters.venues"
_ZONE = "Asia/Shanghai"
_SHOWN = 50


class TicketDesk(Protocol):
    """The manual venue as people use it."""

    async def open_tickets(self, account_id: int) -> Sequence[Any]: ...

    async def tell_fill(
        self,
        account_id: int,
        client_order_id: str,
        *,
        quantity: Decimal,
        price: Decimal,
        fee: Decimal,
        fee_asset: str,
        ts_ms: int,
        trade_id: str,
    ) -> Any: ...

    async def tell_statement(self, account_id: int, raw: bytes, *, zone: str, fee_asset: str) -> Any: ...


def open_desk(db: Database) -> TicketDesk:
    desk: TicketDesk = load_plugin(_PACKAGE, MANUAL_VENUE).ManualVenue(db)
    return desk


async def find_account(session: ReadSession, actor: Actor, account_id: int) -> Account:
    """An account of this person that trades by hand, or NotFoundError 'ticket_not_found'."""
    account = await accounts.get_account(session, actor, account_id)
    if account.venue != MANUAL_VENUE:
        raise NotFoundError("This account has no tickets: it does not trade by hand.", code="ticket_not_found")
    return account


async def find_order(session: ReadSession, actor: Actor, order_id: int) -> OrderRow:
    """An order that went out as a ticket, or NotFoundError 'ticket_not_found'."""
    row = await get_order(session, actor, order_id)
    if row.venue != MANUAL_VENUE or row.venue_order_id is None:
        raise NotFoundError("There is no such ticket.", code="ticket_not_found")
    return row


async def list_tickets(desk: TicketDesk, account: Account, *, locale: str) -> list[TicketView]:
    """What is still to be carried out, oldest first, each with a line to copy or send."""
    return [_view(ticket, locale) for ticket in await desk.open_tickets(account.id)]


async def tell_fill(desk: TicketDesk, row: OrderRow, said: NewTicketFill, *, now_ms: int) -> StatementBooked:
    """Say what came of a ticket; the worker books it within a moment. The same trade again changes nothing."""
    assert row.client_order_id is not None
    await desk.tell_fill(
        row.account_id,
        row.client_order_id,
        quantity=said.quantity,
        price=said.price,
        fee=said.fee,
        fee_asset=row.fee_asset,
        ts_ms=said.ts if said.ts is not None else now_ms,
        trade_id=said.trade_id,
    )
    return StatementBooked(booked=1, known=0, unmatched=[])


async def tell_statement(desk: TicketDesk, account: Account, raw: bytes) -> StatementBooked:
    """Book a broker's statement on the tickets it answers; trades that no ticket answers for are handed back."""
    zone = find_calendar(find_preset(account.market).calendar).zone if account.market else _ZONE
    done = await desk.tell_statement(account.id, raw, zone=zone, fee_asset=account.quote_asset)
    unmatched = [
        UnmatchedTrade(
            trade_id=one.trade_id,
            code=one.code,
            side=one.side,
            quantity=one.quantity,
            price=one.price,
            fee=one.fee,
            ts=one.ts_ms,
        )
        for one in done.unmatched[:_SHOWN]
    ]
    return StatementBooked(booked=done.booked, known=done.known, unmatched=unmatched)


def _view(ticket: Any, locale: str) -> TicketView:
    return TicketView(
        client_order_id=ticket.client_order_id,
        instrument=ticket.instrument,
        side=ticket.side,
        type=ticket.type,
        quantity=ticket.quantity,
        filled=ticket.filled,
        price=ticket.price,
        stop_price=ticket.stop_price,
        ts=ticket.ts_ms,
        note=ticket.reason,
        text=ticket.text(locale=locale),
    )
