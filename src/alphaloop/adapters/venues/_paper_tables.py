"""The paper venue's own tables and how their rows become orders and fills; nobody else reads them."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Date, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from alphaloop.adapters.venues.contract import VenueOrderState
from alphaloop.core.fill import Fill
from alphaloop.core.instrument import Instrument
from alphaloop.core.money import EXACT
from alphaloop.core.order import OrderSide, OrderStatus, OrderType, VenueOrder
from alphaloop.engine.day_state import DayState
from alphaloop.engine.matching import Working
from alphaloop.infra.columns import Amount, Key, Model


class PaperAccount(Model):
    __tablename__ = "paper_accounts"

    account_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    quote_asset: Mapped[str] = mapped_column(String(32))
    cash: Mapped[Decimal] = mapped_column(Amount)
    fee_rate: Mapped[Decimal] = mapped_column(Amount)
    slippage_bps: Mapped[Decimal] = mapped_column(Amount)
    leverage: Mapped[Decimal] = mapped_column(Amount, default=Decimal(1))
    isolated: Mapped[bool] = mapped_column(default=False)
    fractional: Mapped[bool] = mapped_column(default=False)
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
    average: Mapped[Decimal] = mapped_column(Amount, default=Decimal(0))
    last_bar_ms: Mapped[int] = mapped_column(Key)


class PaperDay(Model):
    """What an account's trading day in an instrument must remember, where the market's rules ask for it."""

    __tablename__ = "paper_days"
    __table_args__ = (UniqueConstraint("account_id", "instrument"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    account_id: Mapped[int] = mapped_column(Key, ForeignKey("paper_accounts.account_id"))
    instrument: Mapped[str] = mapped_column(String(64))
    day: Mapped[date | None] = mapped_column(Date)
    reference: Mapped[Decimal | None] = mapped_column(Amount)
    close: Mapped[Decimal | None] = mapped_column(Amount)
    bought: Mapped[Decimal] = mapped_column(Amount)
    seen_ms: Mapped[int] = mapped_column(Key)
    ex_date: Mapped[date | None] = mapped_column(Date)

    def state(self) -> DayState:
        return DayState(self.day, self.reference, self.close, self.bought)

    def keep(self, state: DayState) -> None:
        self.day, self.reference, self.close, self.bought = state.day, state.reference, state.close, state.bought


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
    notional: Mapped[Decimal] = mapped_column(Amount)
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


class PaperFunding(Model):
    """What an account paid (below zero: received) at one settlement: asked again, the venue says the same."""

    __tablename__ = "paper_fundings"
    __table_args__ = (UniqueConstraint("account_id", "instrument", "ts_ms"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    account_id: Mapped[int] = mapped_column(Key, ForeignKey("paper_accounts.account_id"))
    instrument: Mapped[str] = mapped_column(String(64))
    ts_ms: Mapped[int] = mapped_column(Key)
    quantity: Mapped[Decimal] = mapped_column(Amount)
    paid: Mapped[Decimal] = mapped_column(Amount)


def venue_order_id(seq: int) -> str:
    return f"P{seq}"


def venue_order(row: PaperOrder) -> VenueOrder:
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


def working_order(row: PaperOrder, instrument: Instrument) -> Working:
    order = venue_order(row)
    if order.side is OrderSide.SELL and not instrument.can_short:
        # A stop may have sold meanwhile what covered this order; what cannot be sold short only ever reduces.
        order = replace(order, reduce_only=True)
    return Working(
        order=order,
        venue_order_id=venue_order_id(row.seq),
        seq=row.seq,
        accepted_ms=row.accepted_ms,
        remaining=row.remaining,
        touched=row.touched,
        trades=row.trades,
        traded=EXACT.subtract(row.quantity, row.remaining),
        notional=row.notional,
    )


def order_state(row: PaperOrder) -> VenueOrderState:
    filled = EXACT.subtract(row.quantity, row.remaining)
    return VenueOrderState(row.client_order_id, venue_order_id(row.seq), OrderStatus(row.status), filled, row.reason)


def order_values(account_id: int, held: Working) -> dict[str, object]:
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
        "notional": Decimal(0),
        "status": OrderStatus.LIVE,
        "reason": "",
    }


def fill_values(account_id: int, fill: Fill) -> dict[str, object]:
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


def read_fill(row: PaperFill) -> Fill:
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
