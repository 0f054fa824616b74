"""The venue of people who trade by hand: an order becomes a ticket, they carry it to their broker, and say what came of
it, fill by fill or with the broker's statement. Risk, journal and ledger see a venue like any other.

Its book lies in tables of its own, because it is somebody else's word and no state of the platform's.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError

from alphaloop.adapters.venues._manual_book import Ticket, TicketFill
from alphaloop.adapters.venues._statement import StatementTrade, read_statement
from alphaloop.adapters.venues.contract import Answer, Placed, VenueOrderState
from alphaloop.core.errors import ConflictError, InvalidError, NotFoundError
from alphaloop.core.fill import Fill
from alphaloop.core.money import EXACT, ZERO, plain
from alphaloop.core.order import OrderSide, OrderStatus, VenueOrder
from alphaloop.infra.db import Database, ReadSession, WriteSession

_OPEN = (OrderStatus.LIVE, OrderStatus.PARTIAL)
# Brokers' clocks and ours differ by so much at most.
_CLOCKS_MS = 60_000
_TRADE_ID = 64

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What a person says came of a ticket; `fee` in `fee_asset` is everything the broker took."""

    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_asset: str
    ts_ms: int
    trade_id: str = ""


@dataclass(frozen=True, slots=True)
class StatementResult:
    """What a statement did: trades booked on tickets, trades known already, and trades no ticket answers for."""

    booked: int
    known: int
    unmatched: tuple[StatementTrade, ...]


class ManualVenue:
    """TradePort and ReadPort over tickets. `confirm`, `book_statement` and `open_tickets` are the person's side."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def place(self, account_id: int, order: VenueOrder, *, ts_ms: int) -> Placed:
        """Write the ticket. Whether a broker would take the order only the broker knows: nothing but nonsense is
        refused."""
        refusal = _refusal(order)
        if refusal:
            return Placed(Answer.REFUSED, code=refusal)
        return await self._once(lambda session: _write(session, account_id, order, ts_ms))

    async def cancel(self, account_id: int, client_order_id: str, *, ts_ms: int) -> Answer:
        """Withdraw the ticket. What was traded before the word reached the broker may still be confirmed."""
        async with self._db.write() as session:
            done = await session.execute(
                update(Ticket)
                .where(
                    Ticket.account_id == account_id,
                    Ticket.client_order_id == client_order_id,
                    Ticket.status.in_(_OPEN),
                )
                .values(status=OrderStatus.CANCELLED, reason="requested")
            )
            return Answer.ACCEPTED if getattr(done, "rowcount", 0) == 1 else Answer.REFUSED

    async def restate(self, account_id: int, order: VenueOrder, *, note: str) -> None:
        """Put an open ticket's prices and quantity as they are now; `note` stands beside it where that changed them."""

        async def restate(session: WriteSession) -> None:
            ticket = await _ticket(session, account_id, order.client_order_id, lock=True)
            if ticket is None or ticket.status not in _OPEN:
                return
            told = (order.quantity, order.price, order.stop_price)
            if (ticket.quantity, ticket.price, ticket.stop_price) != told:
                ticket.quantity, ticket.price, ticket.stop_price = told
                ticket.reason = note

        await self._once(restate)

    async def confirm(self, account_id: int, client_order_id: str, said: Confirmed) -> int:
        """Book one fill on a ticket; its position in the log. Saying the same trade again changes nothing.

        NotFoundError 'ticket_not_found'; InvalidError 'bad_ticket_fill' for a quantity that is not left, or a price or
        fee that cannot be; ConflictError 'fill_differs' when a known trade is said with other figures."""

        async def confirm(session: WriteSession) -> int:
            ticket = await _ticket(session, account_id, client_order_id, lock=True)
            if ticket is None:
                raise NotFoundError("There is no such ticket.", code="ticket_not_found")
            trade_id = said.trade_id or f"{_venue_order_id(ticket.seq)}-{said.ts_ms}-{plain(said.quantity)}"
            known = await _fill_of(session, account_id, trade_id)
            if known is not None:
                _same(known, ticket, said)
                return known.position
            return await _book(session, ticket, said, trade_id)

        return await self._once(confirm)

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
    ) -> int:
        """`confirm` in plain values, for those who know the venue only by its door."""
        said = Confirmed(quantity, price, fee, fee_asset, ts_ms, trade_id)
        return await self.confirm(account_id, client_order_id, said)

    async def tell_statement(self, account_id: int, raw: bytes, *, zone: str, fee_asset: str) -> StatementResult:
        """`book_statement` from the file itself, whose times are on the clock of `zone`."""
        statement = await asyncio.to_thread(read_statement, raw, zone=zone)
        return await self.book_statement(account_id, statement.trades, fee_asset=fee_asset)

    async def newest_fills(self) -> dict[int, int]:
        """account -> position of its newest fill, for every account that has one."""
        async with self._db.read() as session:
            rows = await session.execute(
                select(TicketFill.account_id, func.max(TicketFill.position)).group_by(TicketFill.account_id)
            )
            return {int(account): int(position) for account, position in rows}

    async def book_statement(
        self, account_id: int, trades: Sequence[StatementTrade], *, fee_asset: str
    ) -> StatementResult:
        """Book a statement's trades on the tickets they belong to, the oldest open ticket of instrument and side
        first. A trade that no ticket answers for is handed back, never guessed at; a known one is left alone."""

        async def book(session: WriteSession) -> StatementResult:
            booked = known = 0
            unmatched = []
            for trade in trades:
                if await _fill_of(session, account_id, trade.trade_id) is not None:
                    known += 1
                    continue
                ticket = await _answering(session, account_id, trade)
                if ticket is None:
                    unmatched.append(trade)
                    continue
                said = Confirmed(trade.quantity, trade.price, trade.fee, fee_asset, trade.ts_ms)
                await _book(session, ticket, said, trade.trade_id)
                booked += 1
            return StatementResult(booked, known, tuple(unmatched))

        return await self._once(book)

    async def _once(self, work: Callable[[WriteSession], Awaitable[Result]]) -> Result:
        """`work` in one transaction, and again when somebody else wrote the same rows meanwhile: it finds them then."""
        try:
            return await self._db.transact(work)
        except IntegrityError:
            return await self._db.transact(work)

    async def open_tickets(self, account_id: int) -> list[Ticket]:
        """What is still to be carried out, oldest first."""
        async with self._db.read() as session:
            query = select(Ticket).where(Ticket.account_id == account_id, Ticket.status.in_(_OPEN))
            return list(await session.scalars(query.order_by(Ticket.seq)))

    async def find_order(self, account_id: int, client_order_id: str) -> VenueOrderState | None:
        states = await self.order_states(account_id, [client_order_id])
        return states[0] if states else None

    async def order_states(self, account_id: int, client_order_ids: list[str]) -> list[VenueOrderState]:
        async with self._db.read() as session:
            rows = await session.scalars(
                select(Ticket)
                .where(Ticket.account_id == account_id, Ticket.client_order_id.in_(client_order_ids))
                .order_by(Ticket.seq)
            )
            return [_state(row) for row in rows]

    async def fills_after(self, account_id: int, position: int) -> list[tuple[int, Fill]]:
        async with self._db.read() as session:
            rows = await session.scalars(
                select(TicketFill)
                .where(TicketFill.account_id == account_id, TicketFill.position > position)
                .order_by(TicketFill.position)
            )
            return [(row.position, _fill(row)) for row in rows]

    async def balances(self, account_id: int) -> dict[str, Decimal]:
        """Nothing: a ticket says what was traded, not what the broker holds."""
        return {}


def _venue_order_id(seq: int) -> str:
    return f"T{seq}"


def _refusal(order: VenueOrder) -> str:
    """The code of what is wrong with the order's shape, or empty."""
    prices = [(order.price, order.type.has_price), (order.stop_price, order.type.has_stop_price)]
    if not order.quantity.is_finite() or order.quantity <= ZERO:
        return "bad_quantity"
    if any((price is not None) != wanted or (price is not None and price <= ZERO) for price, wanted in prices):
        return "bad_prices"
    return ""


async def _ticket(session: ReadSession, account_id: int, client_order_id: str, *, lock: bool = False) -> Ticket | None:
    query = select(Ticket).where(Ticket.account_id == account_id, Ticket.client_order_id == client_order_id)
    found: Ticket | None = await session.scalar(query.with_for_update() if lock else query)
    return found


async def _write(session: WriteSession, account_id: int, order: VenueOrder, ts_ms: int) -> Placed:
    known = await _ticket(session, account_id, order.client_order_id)
    if known is not None:
        return Placed(Answer.ACCEPTED, _venue_order_id(known.seq))
    added = await session.execute(insert(Ticket).values(_row(account_id, order, ts_ms)))
    return Placed(Answer.ACCEPTED, _venue_order_id(int(added.inserted_primary_key[0])))  # type: ignore[attr-defined]


async def _fill_of(session: ReadSession, account_id: int, trade_id: str) -> TicketFill | None:
    found: TicketFill | None = await session.scalar(
        select(TicketFill).where(TicketFill.account_id == account_id, TicketFill.trade_id == trade_id[:_TRADE_ID])
    )
    return found


async def _answering(session: WriteSession, account_id: int, trade: StatementTrade) -> Ticket | None:
    """The oldest ticket that can have made this trade: written before it, with so much left, withdrawn ones last."""
    rows = await session.scalars(
        select(Ticket)
        .where(Ticket.account_id == account_id, Ticket.side == trade.side, Ticket.ts_ms <= trade.ts_ms + _CLOCKS_MS)
        .order_by(Ticket.status == OrderStatus.CANCELLED, Ticket.seq)
        .with_for_update()
    )
    for ticket in rows:
        if ticket.remaining >= trade.quantity and _spelled_alike(ticket.instrument, trade.code):
            return ticket
    return None


def _spelled_alike(instrument: str, code: str) -> bool:
    """Brokers write 600519, SH600519, 600519.SH or, once a spreadsheet had it, 1 for 000001."""
    own = instrument.partition("@")[0].upper()
    bare = code.removeprefix("SH").removeprefix("SZ").removeprefix("BJ").removeprefix("HK").partition(".")[0]
    return own in (code, bare) or (own.isdigit() and bare.isdigit() and int(own) == int(bare))


async def _book(session: WriteSession, ticket: Ticket, said: Confirmed, trade_id: str) -> int:
    if said.quantity <= ZERO or said.price <= ZERO or said.fee < ZERO or said.quantity > ticket.remaining:
        raise InvalidError("Quantity, price or fee of this fill cannot be.", code="bad_ticket_fill")
    added = await session.execute(
        insert(TicketFill).values(
            account_id=ticket.account_id,
            trade_id=trade_id[:_TRADE_ID],
            client_order_id=ticket.client_order_id,
            venue_order_id=_venue_order_id(ticket.seq),
            instrument=ticket.instrument,
            side=ticket.side,
            quantity=said.quantity,
            price=said.price,
            fee=said.fee,
            fee_asset=said.fee_asset,
            ts_ms=said.ts_ms,
        )
    )
    ticket.filled = EXACT.add(ticket.filled, said.quantity)
    if ticket.status in _OPEN:
        ticket.status = OrderStatus.PARTIAL if ticket.remaining > ZERO else OrderStatus.FILLED
    await session.flush()
    if ticket.oco_group is not None:
        await session.execute(
            update(Ticket)
            .where(
                Ticket.account_id == ticket.account_id,
                Ticket.oco_group == ticket.oco_group,
                Ticket.seq != ticket.seq,
                Ticket.status.in_(_OPEN),
            )
            .values(status=OrderStatus.CANCELLED, reason="oco")
        )
    return int(added.inserted_primary_key[0])  # type: ignore[attr-defined]


def _same(known: TicketFill, ticket: Ticket, said: Confirmed) -> None:
    stored = (known.client_order_id, known.quantity, known.price, known.fee)
    if stored != (ticket.client_order_id, said.quantity, said.price, said.fee):
        raise ConflictError("This trade was confirmed with other figures.", code="fill_differs")


def _row(account_id: int, order: VenueOrder, ts_ms: int) -> dict[str, object]:
    return {
        "account_id": account_id,
        "client_order_id": order.client_order_id,
        "instrument": order.instrument,
        "side": order.side,
        "type": order.type,
        "quantity": order.quantity,
        "price": order.price,
        "stop_price": order.stop_price,
        "oco_group": order.oco_group,
        "ts_ms": ts_ms,
        "filled": ZERO,
        "status": OrderStatus.LIVE,
        "reason": "",
    }


def _state(row: Ticket) -> VenueOrderState:
    return VenueOrderState(
        row.client_order_id, _venue_order_id(row.seq), OrderStatus(row.status), row.filled, row.reason
    )


def _fill(row: TicketFill) -> Fill:
    return Fill(
        trade_id=row.trade_id,
        client_order_id=row.client_order_id,
        venue_order_id=row.venue_order_id,
        instrument=row.instrument,
        side=OrderSide(row.side),
        quantity=row.quantity,
        price=row.price,
        fee=row.fee,
        fee_asset=row.fee_asset,
        ts_ms=row.ts_ms,
    )
