"""The one door to the market: the only code that places or cancels at a venue, and that books what the venue did.

Every step is durable before the next begins: an order is committed as INTENT by whoever submitted it, SUBMITTING
before a byte leaves, and whatever the venue answers afterwards. Fills are booked one by one by the venue's own trade
id, together with the position in the venue's log, so that a crash anywhere repeats nothing and loses nothing.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol, runtime_checkable

from loguru import logger

from alphaloop.adapters.venues.contract import Answer, Placed, ReadPort, Settled, TradePort, VenueOrderState
from alphaloop.core.clock import Clock
from alphaloop.core.corporate import CorporateAction
from alphaloop.core.events import Event
from alphaloop.core.fill import FORCED_PREFIX, Fill
from alphaloop.core.instrument import Instrument
from alphaloop.core.money import EXACT, ZERO, stored
from alphaloop.core.order import OrderStatus, OrderType, VenueOrder
from alphaloop.features.accounts.models import Account
from alphaloop.features.market import service as market
from alphaloop.features.orders import repository
from alphaloop.features.orders.changes import hold_for_order, move_order, venue_order
from alphaloop.features.orders.models import OrderRow
from alphaloop.features.orders.schemas import FillView, OrderRole
from alphaloop.features.orders.service.ex_dates import EX_DATE_NOTE, book_ex_date
from alphaloop.features.positions import service as positions
from alphaloop.features.risk import service as risk
from alphaloop.infra.db import Database, ReadSession, WriteSession
from alphaloop.infra.outbox import announce


class VenuePlug(TradePort, ReadPort, Protocol):
    """Both halves of a venue, held by nobody but this file."""


@runtime_checkable
class BooksExDates(Protocol):
    """A venue of our own that must be told of ex-dates; a real one knows them itself."""

    async def on_action(self, account_id: int, symbol: str, action: CorporateAction) -> bool: ...


@runtime_checkable
class RestatesOrders(Protocol):
    """A venue of our own that keeps orders for somebody else and is told of their prices after an ex-date."""

    async def restate(self, account_id: int, order: VenueOrder, *, note: str) -> None: ...


@runtime_checkable
class SettlesFunding(Protocol):
    """A venue of our own that must be told of funding; a real one settles it itself."""

    async def settle_funding(
        self, account_id: int, symbol: str, *, rate: Decimal, mark: Decimal, ts_ms: int
    ) -> Settled | None: ...


@dataclass(frozen=True, slots=True)
class Step:
    """A named moment between two durable steps, where a test may crash the process."""

    name: str
    order_id: int | None = None


CrashPoint = Callable[[Step], Awaitable[None]]


async def _no_crash(_step: Step) -> None:
    return None


class Execution:
    """Sends waiting orders, asks for cancels, and books fills, for one account at a time."""

    def __init__(
        self, db: Database, clock: Clock, venues: dict[str, VenuePlug], *, crash_point: CrashPoint = _no_crash
    ) -> None:
        self._db = db
        self._clock = clock
        self._venues = venues
        self._crash_point = crash_point

    async def work(self, account: Account, *, now_ms: int) -> None:
        """One round for an account: cancels, then waiting orders. `now_ms` is the account's time."""
        await self._cancel(account, now_ms)
        await self._submit(account, now_ms)

    async def recover(self, account: Account, *, now_ms: int) -> None:
        """After a start: ask the venue about every order whose fate is open, before anything new is sent."""
        async with self._db.read() as session:
            open_fate = [
                row
                for row in await repository.working_orders(session, account.id)
                if row.status in (OrderStatus.SUBMITTING, OrderStatus.UNKNOWN)
            ]
        for row in open_fate:
            await self._settle_unknown(account, row, now_ms)
        await self.book(account)

    async def _submit(self, account: Account, now_ms: int) -> None:
        async with self._db.read() as session:
            working = await repository.working_orders(session, account.id)
            ids = [row.id for row in working if row.status == OrderStatus.INTENT]
            early = await _early_protection(session, account, working) if ids else set()
            waiting = [order_id for order_id in ids if order_id not in early]
        for order_id in waiting:
            row = await self._claim(account, order_id)
            if row is None:
                continue
            await self._crash_point(Step("before_place", order_id))
            placed = await self._venues[row.venue].place(account.id, venue_order(row), ts_ms=now_ms)
            await self._crash_point(Step("after_place", order_id))
            await self._placed(order_id, placed)

    async def _claim(self, account: Account, order_id: int) -> OrderRow | None:
        """Make the order SUBMITTING, unless it was cancelled or trading was halted in the meantime."""
        async with self._db.write() as session:
            row = await repository.lock_order(session, order_id)
            if row.status != OrderStatus.INTENT:
                return None
            if await self._stopped(session, account, row):
                return None
            row.submitted_at = self._clock.now()
            await move_order(session, row, OrderStatus.SUBMITTING, clock=self._clock)
            return row

    async def _stopped(self, session: WriteSession, account: Account, row: OrderRow) -> bool:
        """End an order that no venue has and that must not leave any more; whether it was one."""
        if row.cancel_requested:
            reason = row.reason_code or "requested"
            await move_order(session, row, OrderStatus.CANCELLED, clock=self._clock, reason=reason)
        elif not row.reduce_only and await risk.find_halt(session, account) is not None:
            await move_order(session, row, OrderStatus.REJECTED, clock=self._clock, reason="trading_halted")
        else:
            return False
        await _drop_protection(session, row, self._clock)
        return True

    async def _placed(self, order_id: int, placed: Placed) -> None:
        async with self._db.write() as session:
            row = await repository.lock_order(session, order_id)
            row.venue_order_id = placed.venue_order_id or row.venue_order_id
            if placed.answer is Answer.ACCEPTED:
                await move_order(session, row, OrderStatus.LIVE, clock=self._clock)
            elif placed.answer is Answer.REFUSED:
                await move_order(session, row, OrderStatus.REJECTED, clock=self._clock, reason=placed.code)
                await _drop_protection(session, row, self._clock)
            else:
                await move_order(session, row, OrderStatus.UNKNOWN, clock=self._clock)

    async def _settle_unknown(self, account: Account, row: OrderRow, now_ms: int) -> None:
        assert row.client_order_id is not None
        venue = self._venues[row.venue]
        state = await venue.find_order(account.id, row.client_order_id)
        if state is not None:
            await self._placed(row.id, Placed(Answer.ACCEPTED, state.venue_order_id))
            return
        async with self._db.write() as session:
            if await self._stopped(session, account, await repository.lock_order(session, row.id)):
                return
        # The paper venue's answer is conclusive: it shares our clock and forgets nothing, so there is no fence to wait.
        await self._placed(row.id, await venue.place(account.id, venue_order(row), ts_ms=now_ms))

    async def _cancel(self, account: Account, now_ms: int) -> None:
        """Ask for every cancel that is wanted, each once: an entry that ends takes its protection along."""
        asked: set[int] = set()
        while True:
            async with self._db.read() as session:
                working = await repository.working_orders(session, account.id)
            wanted = [row for row in working if row.cancel_requested and row.id not in asked]
            if not wanted:
                return
            for row in wanted:
                asked.add(row.id)
                if row.status == OrderStatus.INTENT:
                    await self._claim(account, row.id)
                    continue
                assert row.client_order_id is not None
                await self._venues[row.venue].cancel(account.id, row.client_order_id, ts_ms=now_ms)
                await self._crash_point(Step("after_cancel", row.id))
            await self.book(account)

    async def book(self, account: Account) -> int:
        """Book every fill the venue made since last time, then bring order states in line; returns the fills booked."""
        venue = self._venues[account.venue]
        async with self._db.read() as session:
            position = await repository.read_cursor(session, account.id)
            standing = {
                row.client_order_id: row
                for row in await repository.working_orders(session, account.id)
                if row.client_order_id and row.status != OrderStatus.INTENT
            }
        new_fills = await venue.fills_after(account.id, position)
        for place, fill in new_fills:
            await self._book_fill(account, place, fill)
            await self._crash_point(Step("after_fill"))
        if standing:
            for state in await venue.order_states(account.id, list(standing)):
                if state.status is not OrderStatus(standing[state.client_order_id].status):
                    await self._align(state)
        return len(new_fills)

    async def _book_fill(self, account: Account, place: int, fill: Fill) -> None:
        """One fill, its money, its position, and the cursor past it: one transaction."""
        async with self._db.write() as session:
            found = await repository.order_by_client_id(session, fill.client_order_id)
            if found is None and fill.client_order_id.startswith(FORCED_PREFIX):
                found = await self._adopt(session, account, fill)
            await repository.move_cursor(session, account.id, place)
            if found is None or found.account_id != account.id:
                logger.error("the venue reports a fill for an order that is not ours: {}", fill.client_order_id)
                return
            row = await repository.lock_order(session, found.id)
            fill_id = await repository.insert_fill(
                session,
                row,
                trade_id=fill.trade_id,
                booked_at=self._clock.now(),
                values={
                    "side": fill.side,
                    "quantity": fill.quantity,
                    "price": fill.price,
                    "fee": fill.fee,
                    "fee_asset": fill.fee_asset,
                    "ts_ms": fill.ts_ms,
                },
            )
            if fill_id is None:
                return
            instrument = await market.get_instrument(session, row.instrument)
            await self._apply(session, account, row, instrument, fill)
            await _announce_fill(session, row, fill_id, fill, self._clock)

    async def _adopt(self, session: WriteSession, account: Account, fill: Fill) -> OrderRow:
        """An order for what the venue did on its own: a liquidation is a fact, whoever wanted it."""
        values = {
            "user_id": account.user_id,
            "account_id": account.id,
            "trading_mode": account.trading_mode,
            "venue": account.venue,
            "venue_order_id": fill.venue_order_id,
            "instrument": fill.instrument,
            "side": fill.side,
            "type": OrderType.MARKET,
            "quantity": fill.quantity,
            "reduce_only": True,
            "role": OrderRole.FORCED,
            "status": OrderStatus.LIVE,
            "cancel_requested": False,
            "filled_quantity": ZERO,
            "fees": ZERO,
            "fee_asset": account.quote_asset,
            "leg": "main",
            "seq": 0,
            "market_ts_ms": fill.ts_ms,
            "created_at": self._clock.now(),
            "updated_at": self._clock.now(),
        }
        order_id = await repository.insert_order(session, values)
        await repository.name_order(session, order_id, fill.client_order_id)
        return await repository.lock_order(session, order_id)

    async def settle_funding(
        self, account: Account, instrument: Instrument, *, rate: Decimal, mark: Decimal, ts_ms: int
    ) -> None:
        """Book funding at the venue and then here, before the settlement's bar; repeating it changes nothing.

        What is booked is the venue's word: after a crash the position here may have moved on already.
        """
        venue = self._venues[account.venue]
        if not isinstance(venue, SettlesFunding):
            return
        settled = await venue.settle_funding(account.id, instrument.symbol, rate=rate, mark=mark, ts_ms=ts_ms)
        await self._crash_point(Step("after_funding"))
        if settled is None:
            return
        funding = positions.FundingPaid(ts_ms, settled.quantity, rate, mark, settled.paid)
        async with self._db.write() as session:
            await positions.book_funding(session, account, instrument, funding, clock=self._clock)

    async def pass_ex_date(self, account: Account, instrument: Instrument, action: CorporateAction) -> None:
        """Book an ex-date at the venue and then here, before the first bar of its day; repeating it changes nothing."""
        venue = self._venues[account.venue]
        if isinstance(venue, BooksExDates):
            await venue.on_action(account.id, instrument.symbol, action)
        await self._crash_point(Step("after_ex_date"))
        async with self._db.write() as session:
            await book_ex_date(session, account, instrument, action, clock=self._clock)
        if isinstance(venue, RestatesOrders):
            await self._crash_point(Step("before_restating"))
            async with self._db.read() as session:
                working = await repository.working_orders(session, account.id, instrument=instrument.symbol)
            for row in working:
                if row.venue_order_id is not None and not row.cancel_requested:
                    await venue.restate(account.id, venue_order(row), note=EX_DATE_NOTE)
        await self.book(account)

    async def _apply(
        self, session: WriteSession, account: Account, row: OrderRow, instrument: Instrument, fill: Fill
    ) -> None:
        quantity, value, fees = await repository.fill_sums(session, row.id)
        row.filled_quantity, row.fees, row.fee_asset = quantity, fees, fill.fee_asset
        row.average_price = stored(EXACT.divide(value, quantity))
        await hold_for_order(session, row, account, instrument, now_ms=fill.ts_ms)
        status = OrderStatus.FILLED if quantity >= row.quantity else OrderStatus.PARTIAL
        if OrderStatus(row.status).terminal:
            logger.error("order {} traded after it had ended as {}", row.id, row.status)
        await move_order(session, row, status, clock=self._clock)
        held = await positions.apply_fill(session, account, instrument, fill, clock=self._clock)
        if held.quantity == 0:
            await _cancel_protection(session, account, instrument, self._clock)

    async def _align(self, state: VenueOrderState) -> None:
        """Follow the venue's word on an order that ended there; what it filled has been booked before."""
        if not state.status.terminal or state.status is OrderStatus.FILLED:
            return
        async with self._db.write() as session:
            found = await repository.order_by_client_id(session, state.client_order_id)
            if found is None:
                return
            row = await repository.lock_order(session, found.id)
            # Who asked for the cancel knows better than the venue why.
            reason = row.reason_code or state.reason or None
            await move_order(session, row, state.status, clock=self._clock, reason=reason)
            if row.filled_quantity == 0:
                await _drop_protection(session, row, self._clock)


async def _drop_protection(session: WriteSession, row: OrderRow, clock: Clock) -> None:
    """Protection of an entry that never came to be is not needed."""
    for child in await repository.children(session, row.id):
        if child.status == OrderStatus.INTENT:
            await move_order(session, child, OrderStatus.CANCELLED, clock=clock, reason="entry_ended")
        elif OrderStatus(child.status).working:
            child.cancel_requested = True


async def _early_protection(session: ReadSession, account: Account, working: list[OrderRow]) -> set[int]:
    """Stops and takes to keep back until their entry trades, because at the venue they would cut into what is held.

    Those of a market order that opens a position leave with it and sleep at the venue: they must guard its first bar.
    """
    parents = {row.id: row for row in working}
    early = set()
    for row in working:
        entry = parents.get(row.parent_id) if row.parent_id is not None else None
        if row.status != OrderStatus.INTENT or row.cancel_requested or entry is None or entry.filled_quantity != 0:
            continue
        held = await positions.find_position(session, account.id, row.instrument)
        if entry.type != OrderType.MARKET or (held is not None and held.quantity != 0):
            early.add(row.id)
    return early


async def _cancel_protection(session: WriteSession, account: Account, instrument: Instrument, clock: Clock) -> None:
    """A flat position needs no stop and no take: left behind, they would cut into the next position.

    Those of an entry that may still trade stay.
    """
    working = await repository.working_orders(session, account.id, instrument=instrument.symbol)
    entries = {row.id for row in working}
    for row in working:
        if row.role not in (OrderRole.STOP, OrderRole.TAKE) or row.parent_id in entries:
            continue
        if row.status == OrderStatus.INTENT:
            await move_order(session, row, OrderStatus.CANCELLED, clock=clock, reason="position_closed")
        else:
            row.cancel_requested = True


async def _announce_fill(session: WriteSession, row: OrderRow, fill_id: int, fill: Fill, clock: Clock) -> None:
    view = FillView(
        id=fill_id,
        order_id=row.id,
        account_id=row.account_id,
        instrument=row.instrument,
        side=fill.side,
        quantity=fill.quantity,
        price=fill.price,
        fee=fill.fee,
        fee_asset=fill.fee_asset,
        ts_ms=fill.ts_ms,
    )
    event = Event("orders.fill_booked", view.model_dump(mode="json"), row.user_id, row.account_id)
    await announce(session, event, at=clock.now())
