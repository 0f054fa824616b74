"""The paper venue: a venue of our own with its own book, in its own tables and its own transactions.

It knows nothing of the platform's orders, positions or ledger, so that a crash in between shows just as it would
with a real exchange.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from alphaloop.adapters.venues.contract import Answer, Placed, VenueOrderState
from alphaloop.core.bar import Bar
from alphaloop.core.clock import Clock
from alphaloop.core.fill import Fill
from alphaloop.core.instrument import Instrument
from alphaloop.core.money import EXACT, ONE, ZERO
from alphaloop.core.order import OrderSide, OrderStatus, OrderType, VenueOrder
from alphaloop.engine.fees import fee_amount
from alphaloop.engine.matching import Closed, Matcher, Working
from alphaloop.engine.slippage import slipped
from alphaloop.infra.columns import Amount, Key, Model
from alphaloop.infra.db import Database, ReadSession


class PaperAccount(Model):
    __tablename__ = "paper_accounts"

    account_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    quote_asset: Mapped[str] = mapped_column(String(32))
    cash: Mapped[Decimal] = mapped_column(Amount)
    fee_rate: Mapped[Decimal] = mapped_column(Amount)
    slippage_bps: Mapped[Decimal] = mapped_column(Amount)
    opened_at: Mapped[datetime]


class PaperPosition(Model):
    """What the account holds of one instrument, and the last bar its orders were matched against."""

    __tablename__ = "paper_positions"
    __table_args__ = (UniqueConstraint("account_id", "instrument"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    account_id: Mapped[int] = mapped_column(Key, ForeignKey("paper_accounts.account_id"))
    instrument: Mapped[str] = mapped_column(String(64))
    base_asset: Mapped[str] = mapped_column(String(64))
    quantity: Mapped[Decimal] = mapped_column(Amount)
    last_bar_ms: Mapped[int] = mapped_column(Key)


class PaperOrder(Model):
    __tablename__ = "paper_orders"
    __table_args__ = (
        UniqueConstraint("account_id", "client_order_id"),
        Index("ix_paper_orders_book", "account_id", "instrument", "status"),
    )

    seq: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    account_id: Mapped[int] = mapped_column(Key, ForeignKey("paper_accounts.account_id"))
    client_order_id: Mapped[str] = mapped_column(String(36))
    instrument: Mapped[str] = mapped_column(String(64))
    side: Mapped[str] = mapped_column(String(4))
    type: Mapped[str] = mapped_column(String(16))
    quantity: Mapped[Decimal] = mapped_column(Amount)
    price: Mapped[Decimal | None] = mapped_column(Amount)
    stop_price: Mapped[Decimal | None] = mapped_column(Amount)
    reduce_only: Mapped[bool]
    oco_group: Mapped[str | None] = mapped_column(String(64))
    accepted_ms: Mapped[int] = mapped_column(Key)
    remaining: Mapped[Decimal] = mapped_column(Amount)
    touched: Mapped[bool]
    trades: Mapped[int]
    status: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(64))


class PaperFill(Model):
    __tablename__ = "paper_fills"
    __table_args__ = (UniqueConstraint("account_id", "trade_id"),)

    position: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    account_id: Mapped[int] = mapped_column(Key, ForeignKey("paper_accounts.account_id"), index=True)
    trade_id: Mapped[str] = mapped_column(String(64))
    client_order_id: Mapped[str] = mapped_column(String(36))
    venue_order_id: Mapped[str] = mapped_column(String(40))
    instrument: Mapped[str] = mapped_column(String(64))
    side: Mapped[str] = mapped_column(String(4))
    quantity: Mapped[Decimal] = mapped_column(Amount)
    price: Mapped[Decimal] = mapped_column(Amount)
    fee: Mapped[Decimal] = mapped_column(Amount)
    fee_asset: Mapped[str] = mapped_column(String(32))
    ts_ms: Mapped[int] = mapped_column(Key)


def _venue_order_id(seq: int) -> str:
    return f"P{seq}"


def _venue_order(row: PaperOrder) -> VenueOrder:
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


def _working(row: PaperOrder, instrument: Instrument) -> Working:
    order = _venue_order(row)
    if order.side is OrderSide.SELL and not instrument.can_short:
        # A stop may have sold meanwhile what covered this order; what cannot be sold short only ever reduces.
        order = replace(order, reduce_only=True)
    return Working(
        order=order,
        venue_order_id=_venue_order_id(row.seq),
        seq=row.seq,
        accepted_ms=row.accepted_ms,
        remaining=row.remaining,
        touched=row.touched,
        trades=row.trades,
    )


def _state(row: PaperOrder) -> VenueOrderState:
    filled = EXACT.subtract(row.quantity, row.remaining)
    return VenueOrderState(row.client_order_id, _venue_order_id(row.seq), OrderStatus(row.status), filled, row.reason)


async def _open_rows(session: ReadSession, account_id: int, instrument: str | None = None) -> list[PaperOrder]:
    query = select(PaperOrder).where(
        PaperOrder.account_id == account_id, PaperOrder.status.in_((OrderStatus.LIVE, OrderStatus.PARTIAL))
    )
    if instrument is not None:
        query = query.where(PaperOrder.instrument == instrument)
    return list(await session.scalars(query.order_by(PaperOrder.seq)))


class PaperVenue:
    """TradePort and ReadPort over paper tables; `on_bar` is the market."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._instruments: dict[str, Instrument] = {}
        # Books known to hold no open order: only this process places orders, so nobody else can fill them.
        self._empty: set[tuple[int, str]] = set()

    def list_instrument(self, instrument: Instrument) -> None:
        """Make an instrument tradable here; orders in any other are refused."""
        self._instruments[instrument.symbol] = instrument

    async def open_account(
        self, account_id: int, *, quote_asset: str, cash: Decimal, fee_rate: Decimal, slippage_bps: Decimal
    ) -> None:
        """Open the account with that cash; an account that is open already is left as it is."""
        async with self._db.read() as reader:
            if await reader.get(PaperAccount, account_id) is not None:
                return
        async with self._db.write() as session:
            if await session.get(PaperAccount, account_id) is None:
                await session.execute(
                    insert(PaperAccount).values(
                        account_id=account_id,
                        quote_asset=quote_asset,
                        cash=cash,
                        fee_rate=fee_rate,
                        slippage_bps=slippage_bps,
                        opened_at=self._clock.now(),
                    )
                )

    async def place(self, account_id: int, order: VenueOrder, *, ts_ms: int) -> Placed:
        self._empty.discard((account_id, order.instrument))
        async with self._db.write() as session:
            # The lock comes first: whoever waits for it sees the order that the one before has placed.
            account = await session.get(PaperAccount, account_id, with_for_update=True)
            known = await session.scalar(
                select(PaperOrder).where(
                    PaperOrder.account_id == account_id, PaperOrder.client_order_id == order.client_order_id
                )
            )
            if known is not None:
                return Placed(Answer.ACCEPTED, _venue_order_id(known.seq))
            instrument = self._instruments.get(order.instrument)
            if account is None or instrument is None or instrument.quote != account.quote_asset:
                return Placed(Answer.REFUSED, code="not_tradable_here")
            accepted = self._matcher(account, instrument, ()).accept(order, ts_ms)
            if isinstance(accepted, str):
                return Placed(Answer.REFUSED, code=accepted)
            refusal = await self._refuse_money(session, account, instrument, order)
            if refusal:
                return Placed(Answer.REFUSED, code=refusal)
            added = await session.execute(insert(PaperOrder).values(_row(account_id, accepted)))
            return Placed(Answer.ACCEPTED, _venue_order_id(int(added.inserted_primary_key[0])))  # type: ignore[attr-defined]

    async def _refuse_money(
        self, session: ReadSession, account: PaperAccount, instrument: Instrument, order: VenueOrder
    ) -> str:
        """Cash for priced buys and quantity for sells must be there; reduce-only orders are capped when they fill."""
        if order.reduce_only:
            return ""
        if order.side is OrderSide.BUY:
            committed = _committed(await _open_rows(session, account.account_id), account.fee_rate)
            stated = order.price or order.stop_price
            needed = ZERO if stated is None else _cost(order.quantity, stated, account.fee_rate)
            return "insufficient_cash" if EXACT.add(committed, needed) > account.cash else ""
        if instrument.can_short:
            return ""
        held = await self._position(session, account.account_id, instrument.symbol)
        selling = ZERO
        for row in await _open_rows(session, account.account_id, instrument.symbol):
            if row.side == OrderSide.SELL and not row.reduce_only:
                selling = EXACT.add(selling, row.remaining)
        available = EXACT.subtract(held.quantity if held else ZERO, selling)
        return "insufficient_quantity" if order.quantity > available else ""

    async def cancel(self, account_id: int, client_order_id: str, *, ts_ms: int) -> Answer:
        async with self._db.write() as session:
            done = await session.execute(
                update(PaperOrder)
                .where(
                    PaperOrder.account_id == account_id,
                    PaperOrder.client_order_id == client_order_id,
                    PaperOrder.status.in_((OrderStatus.LIVE, OrderStatus.PARTIAL)),
                )
                .values(status=OrderStatus.CANCELLED, reason="requested")
            )
            return Answer.ACCEPTED if getattr(done, "rowcount", 0) == 1 else Answer.REFUSED

    async def on_bar(self, account_id: int, bar: Bar) -> bool:
        """Match the account's orders in that instrument against a closed bar; whether anything changed.

        A bar at or before the last one matched changes nothing, so that a repeated turn cannot trade twice.
        """
        if (account_id, bar.instrument) in self._empty:
            return False
        instrument = self._instruments[bar.instrument]
        async with self._db.read() as reader:
            if not await _open_rows(reader, account_id, bar.instrument):
                self._empty.add((account_id, bar.instrument))
                return False
        async with self._db.write() as session:
            account = await session.get(PaperAccount, account_id, with_for_update=True)
            rows = await _open_rows(session, account_id, bar.instrument)
            position = await self._position(session, account_id, bar.instrument)
            if account is None or not rows or (position is not None and position.last_bar_ms >= bar.ts_ms):
                return False
            if position is None:
                position = PaperPosition(
                    account_id=account_id,
                    instrument=bar.instrument,
                    base_asset=instrument.base,
                    quantity=ZERO,
                    last_bar_ms=0,
                )
                session.add(position)
            matcher = self._matcher(account, instrument, [_working(row, instrument) for row in rows])
            elsewhere = _committed(await _open_rows(session, account_id), account.fee_rate, but=bar.instrument)
            cut = _cap_to_cash(matcher, EXACT.subtract(account.cash, elsewhere), bar)
            outcome = matcher.on_bar(bar, position=position.quantity)
            _save(rows, matcher, outcome.closed, cut)
            if not instrument.can_short:
                _drop_uncovered(rows, outcome.position)
            for fill in outcome.fills:
                paid = EXACT.multiply(EXACT.multiply(fill.quantity, fill.price), fill.side.sign)
                account.cash = EXACT.subtract(EXACT.subtract(account.cash, paid), fill.fee)
            if outcome.fills:
                await session.execute(insert(PaperFill), [_fill_row(account_id, fill) for fill in outcome.fills])
            position.quantity = outcome.position
            position.last_bar_ms = bar.ts_ms
            return bool(outcome.fills or outcome.closed or cut)

    def _matcher(self, account: PaperAccount, instrument: Instrument, working: Sequence[Working]) -> Matcher:
        return Matcher(instrument, fee_rate=account.fee_rate, slippage_bps=account.slippage_bps, working=working)

    async def _position(self, session: ReadSession, account_id: int, instrument: str) -> PaperPosition | None:
        found: PaperPosition | None = await session.scalar(
            select(PaperPosition).where(PaperPosition.account_id == account_id, PaperPosition.instrument == instrument)
        )
        return found

    async def find_order(self, account_id: int, client_order_id: str) -> VenueOrderState | None:
        states = await self.order_states(account_id, [client_order_id])
        return states[0] if states else None

    async def order_states(self, account_id: int, client_order_ids: list[str]) -> list[VenueOrderState]:
        async with self._db.read() as session:
            rows = await session.scalars(
                select(PaperOrder)
                .where(PaperOrder.account_id == account_id, PaperOrder.client_order_id.in_(client_order_ids))
                .order_by(PaperOrder.seq)
            )
            return [_state(row) for row in rows]

    async def fills_after(self, account_id: int, position: int) -> list[tuple[int, Fill]]:
        async with self._db.read() as session:
            rows = await session.scalars(
                select(PaperFill)
                .where(PaperFill.account_id == account_id, PaperFill.position > position)
                .order_by(PaperFill.position)
            )
            return [(row.position, _fill(row)) for row in rows]

    async def balances(self, account_id: int) -> dict[str, Decimal]:
        async with self._db.read() as session:
            account = await session.get(PaperAccount, account_id)
            if account is None:
                return {}
            totals = {account.quote_asset: account.cash}
            held = await session.scalars(select(PaperPosition).where(PaperPosition.account_id == account_id))
            for row in held:
                totals[row.base_asset] = EXACT.add(totals.get(row.base_asset, ZERO), row.quantity)
            return totals


def _cost(quantity: Decimal, price: Decimal, fee_rate: Decimal) -> Decimal:
    return EXACT.add(EXACT.multiply(quantity, price), fee_amount(quantity, price, fee_rate))


def _committed(rows: Sequence[PaperOrder], fee_rate: Decimal, *, but: str | None = None) -> Decimal:
    """Cash that working buys with a stated price may still take, outside the instrument `but`."""
    total = ZERO
    for row in rows:
        stated = row.price or row.stop_price
        if row.side == OrderSide.BUY and stated is not None and not row.reduce_only and row.instrument != but:
            total = EXACT.add(total, _cost(row.remaining, stated, fee_rate))
    return total


def _cap_to_cash(matcher: Matcher, cash: Decimal, bar: Bar) -> dict[str, Decimal]:
    """Cut unpriced buys that this bar may fill to what the cash buys; client_order_id -> quantity cut off.

    Limits were covered when they were accepted and keep their share whatever came first. Market orders are cut at the
    open, stops at the worse of open and stop. An order cut to nothing leaves the book.
    """
    cut: dict[str, Decimal] = {}
    left, unpriced = cash, []
    for held in matcher.working:
        order = held.order
        if order.side is not OrderSide.BUY or order.reduce_only:
            continue
        if order.price is not None:
            left = EXACT.subtract(left, _cost(held.remaining, order.price, matcher.fee_rate))
        elif held.accepted_ms <= bar.ts_ms and (
            order.stop_price is None or held.touched or bar.high >= order.stop_price
        ):
            unpriced.append(held)
    for held in unpriced:
        order = held.order
        level = bar.open if order.stop_price is None else max(bar.open, order.stop_price)
        price = slipped(level, OrderSide.BUY, matcher.slippage_bps, tick=matcher.instrument.tick)
        unit = EXACT.multiply(price, ONE + matcher.fee_rate)
        affordable = matcher.instrument.floor_quantity(EXACT.divide(max(left, ZERO), unit))
        if affordable < held.remaining:
            cut[order.client_order_id] = EXACT.subtract(held.remaining, affordable)
            held.remaining = affordable
        if affordable <= 0:
            matcher.working.remove(held)
        left = EXACT.subtract(left, _cost(held.remaining, price, matcher.fee_rate))
    return cut


def _drop_uncovered(rows: Sequence[PaperOrder], position: Decimal) -> None:
    """A stop may have sold what a waiting sell was covered by when it was accepted; such a sell ends."""
    left = position
    for row in rows:
        if row.side != OrderSide.SELL or row.reduce_only or OrderStatus(row.status).terminal:
            continue
        if row.remaining > left:
            row.status, row.reason = OrderStatus.EXPIRED, "insufficient_quantity"
        else:
            left = EXACT.subtract(left, row.remaining)


def _save(rows: list[PaperOrder], matcher: Matcher, closed: list[Closed], cut: dict[str, Decimal]) -> None:
    """Write the book back: an order cut for lack of cash ends EXPIRED once the rest of it has traded."""
    standing = {held.order.client_order_id: held for held in matcher.working}
    ended = {one.client_order_id: one for one in closed}
    for row in rows:
        short = cut.get(row.client_order_id, ZERO)
        held = standing.get(row.client_order_id)
        end = ended.get(row.client_order_id)
        if held is not None:
            row.remaining, row.touched, row.trades = EXACT.add(held.remaining, short), held.touched, held.trades
            row.status = OrderStatus.PARTIAL if held.trades else OrderStatus.LIVE
        elif end is not None and (not short or end.status is not OrderStatus.FILLED):
            row.status, row.reason = end.status, end.reason
            row.remaining = EXACT.add(end.remaining, short)
        else:
            row.status, row.reason = OrderStatus.EXPIRED, "insufficient_cash"
            row.remaining = short


def _row(account_id: int, held: Working) -> dict[str, object]:
    order = held.order
    return {
        "account_id": account_id,
        "client_order_id": order.client_order_id,
        "instrument": order.instrument,
        "side": order.side,
        "type": order.type,
        "quantity": order.quantity,
        "price": order.price,
        "stop_price": order.stop_price,
        "reduce_only": order.reduce_only,
        "oco_group": order.oco_group,
        "accepted_ms": held.accepted_ms,
        "remaining": held.remaining,
        "touched": False,
        "trades": 0,
        "status": OrderStatus.LIVE,
        "reason": "",
    }


def _fill_row(account_id: int, fill: Fill) -> dict[str, object]:
    return {
        "account_id": account_id,
        "trade_id": fill.trade_id,
        "client_order_id": fill.client_order_id,
        "venue_order_id": fill.venue_order_id,
        "instrument": fill.instrument,
        "side": fill.side,
        "quantity": fill.quantity,
        "price": fill.price,
        "fee": fill.fee,
        "fee_asset": fill.fee_asset,
        "ts_ms": fill.ts_ms,
    }


def _fill(row: PaperFill) -> Fill:
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
