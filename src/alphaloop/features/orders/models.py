"""Orders, their fills, and how far each account's venue log has been read."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from alphaloop.infra.columns import Amount, Key, Model


class OrderRow(Model):
    """One order. `client_order_id` derives from the row id; (session, instrument, episode, leg, seq) is unique, so a
    strategy that asks again after a restart finds its order instead of making a second one.
    """

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("user_id", "idempotency_key", "leg"),
        UniqueConstraint("session_id", "instrument", "episode", "leg", "seq"),
        Index("ix_orders_account_id_status", "account_id", "status"),
        Index("ix_orders_account_id_id", "account_id", "id"),
        CheckConstraint("side IN ('BUY','SELL')", name="side"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    user_id: Mapped[int] = mapped_column(Key)
    account_id: Mapped[int] = mapped_column(Key, ForeignKey("accounts.id"))
    trading_mode: Mapped[str] = mapped_column(String(16))
    venue: Mapped[str] = mapped_column(String(32))
    client_order_id: Mapped[str | None] = mapped_column(String(36), unique=True)
    venue_order_id: Mapped[str | None] = mapped_column(String(64))
    instrument: Mapped[str] = mapped_column(String(64))
    side: Mapped[str] = mapped_column(String(4))
    type: Mapped[str] = mapped_column(String(16))
    quantity: Mapped[Decimal] = mapped_column(Amount)
    price: Mapped[Decimal | None] = mapped_column(Amount)
    stop_price: Mapped[Decimal | None] = mapped_column(Amount)
    reduce_only: Mapped[bool]
    role: Mapped[str] = mapped_column(String(8))
    parent_id: Mapped[int | None] = mapped_column(Key, ForeignKey("orders.id"), index=True)
    oco_group: Mapped[str | None] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(16))
    cancel_requested: Mapped[bool]
    filled_quantity: Mapped[Decimal] = mapped_column(Amount)
    average_price: Mapped[Decimal | None] = mapped_column(Amount)
    fees: Mapped[Decimal] = mapped_column(Amount)
    fee_asset: Mapped[str] = mapped_column(String(32))
    reason_code: Mapped[str | None] = mapped_column(String(64))
    hold_price: Mapped[Decimal | None] = mapped_column(Amount)
    session_id: Mapped[int | None] = mapped_column(Key, index=True)
    signal_id: Mapped[int | None] = mapped_column(Key)
    plan_id: Mapped[int | None] = mapped_column(Key)
    episode: Mapped[int | None] = mapped_column(Key)
    leg: Mapped[str] = mapped_column(String(8))
    seq: Mapped[int]
    idempotency_key: Mapped[str | None] = mapped_column(String(128))
    body_hash: Mapped[str | None] = mapped_column(String(64))
    market_ts_ms: Mapped[int] = mapped_column(Key)
    created_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]


class FillRow(Model):
    """One execution, booked once: (venue, account, instrument, trade_id) is unique."""

    __tablename__ = "fills"
    __table_args__ = (
        UniqueConstraint("venue", "account_id", "instrument", "trade_id"),
        Index("ix_fills_account_id_id", "account_id", "id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    order_id: Mapped[int] = mapped_column(Key, ForeignKey("orders.id"), index=True)
    account_id: Mapped[int] = mapped_column(Key, ForeignKey("accounts.id"))
    venue: Mapped[str] = mapped_column(String(32))
    instrument: Mapped[str] = mapped_column(String(64))
    trade_id: Mapped[str] = mapped_column(String(64))
    side: Mapped[str] = mapped_column(String(4))
    quantity: Mapped[Decimal] = mapped_column(Amount)
    price: Mapped[Decimal] = mapped_column(Amount)
    fee: Mapped[Decimal] = mapped_column(Amount)
    fee_asset: Mapped[str] = mapped_column(String(32))
    ts_ms: Mapped[int] = mapped_column(Key)
    booked_at: Mapped[datetime]


class VenueCursor(Model):
    """How far an account's fill log at its venue has been booked."""

    __tablename__ = "venue_cursors"

    account_id: Mapped[int] = mapped_column(Key, ForeignKey("accounts.id"), primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(Key)


class Installation(Model):
    """One row: the four characters that keep this database's order ids apart from any other's."""

    __tablename__ = "installation"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    code: Mapped[str] = mapped_column(String(4))
