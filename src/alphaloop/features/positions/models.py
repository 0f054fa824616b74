"""Positions with the round trip they are in, what they pay and cost, and the equity that follows from them."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Date, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from alphaloop.infra.columns import Amount, Key, Model


class PositionRow(Model):
    """Signed quantity at average cost, and the open round trip (`trip_*`): what was put in and taken out since flat.

    `bought` is what was bought in the session `bought_day`: where shares settle later it may not be sold that day.
    """

    __tablename__ = "positions"
    __table_args__ = (UniqueConstraint("account_id", "instrument"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    account_id: Mapped[int] = mapped_column(Key, ForeignKey("accounts.id"))
    user_id: Mapped[int] = mapped_column(Key, index=True)
    instrument: Mapped[str] = mapped_column(String(64))
    base_asset: Mapped[str] = mapped_column(String(64))
    quote_asset: Mapped[str] = mapped_column(String(32))
    quantity: Mapped[Decimal] = mapped_column(Amount)
    average_price: Mapped[Decimal] = mapped_column(Amount)
    realised: Mapped[Decimal] = mapped_column(Amount)
    fees: Mapped[Decimal] = mapped_column(Amount)
    mark: Mapped[Decimal] = mapped_column(Amount)
    mark_ts_ms: Mapped[int] = mapped_column(Key)
    opened_ms: Mapped[int | None] = mapped_column(Key)
    trip_entry_quantity: Mapped[Decimal] = mapped_column(Amount)
    trip_entry_value: Mapped[Decimal] = mapped_column(Amount)
    trip_exit_quantity: Mapped[Decimal] = mapped_column(Amount)
    trip_exit_value: Mapped[Decimal] = mapped_column(Amount)
    trip_fees: Mapped[Decimal] = mapped_column(Amount)
    trip_number: Mapped[int]
    bought: Mapped[Decimal] = mapped_column(Amount, default=Decimal(0))
    bought_day: Mapped[date | None] = mapped_column(Date)


class AccountMark(Model):
    """The last price an account knows of an instrument: the close of the bar at `ts_ms`, known from `close_ms` on.

    `reference` is the close before the session `day`, in that day's prices: price limits are counted from it.
    """

    __tablename__ = "account_marks"
    __table_args__ = (UniqueConstraint("account_id", "instrument"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    account_id: Mapped[int] = mapped_column(Key, ForeignKey("accounts.id"))
    instrument: Mapped[str] = mapped_column(String(64))
    price: Mapped[Decimal] = mapped_column(Amount)
    ts_ms: Mapped[int] = mapped_column(Key)
    close_ms: Mapped[int] = mapped_column(Key)
    day: Mapped[date | None] = mapped_column(Date)
    reference: Mapped[Decimal | None] = mapped_column(Amount)


class CashFlow(Model):
    """Money an account got (below zero: paid) other than by trading: funding, and what ex-dates pay.

    `quantity` is what was held; `rate` and `price` (the mark) belong to funding, `ts_ms` is the settlement's time or
    the ex-date at 00:00 UTC.
    """

    __tablename__ = "cash_flows"
    __table_args__ = (UniqueConstraint("account_id", "instrument", "kind", "ts_ms"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    account_id: Mapped[int] = mapped_column(Key, ForeignKey("accounts.id"))
    kind: Mapped[str] = mapped_column(String(16))
    instrument: Mapped[str] = mapped_column(String(64))
    asset: Mapped[str] = mapped_column(String(32))
    amount: Mapped[Decimal] = mapped_column(Amount)
    quantity: Mapped[Decimal] = mapped_column(Amount)
    rate: Mapped[Decimal | None] = mapped_column(Amount)
    price: Mapped[Decimal | None] = mapped_column(Amount)
    ts_ms: Mapped[int] = mapped_column(Key)
    booked_at: Mapped[datetime]


class EquityPoint(Model):
    """Equity at one bar: cash plus the value of all positions at their marks."""

    __tablename__ = "equity_points"
    __table_args__ = (UniqueConstraint("account_id", "ts_ms"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    account_id: Mapped[int] = mapped_column(Key, ForeignKey("accounts.id"))
    ts_ms: Mapped[int] = mapped_column(Key)
    equity: Mapped[Decimal] = mapped_column(Amount)
    cash: Mapped[Decimal] = mapped_column(Amount)
    market_value: Mapped[Decimal] = mapped_column(Amount)


class EquitySnapshot(Model):
    """One row a day: the last equity point of that date on the account's clock."""

    __tablename__ = "equity_snapshots"
    __table_args__ = (
        UniqueConstraint("account_id", "snapshot_date"),
        Index("ix_equity_snapshots_date", "snapshot_date"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    account_id: Mapped[int] = mapped_column(Key, ForeignKey("accounts.id"))
    snapshot_date: Mapped[date] = mapped_column(Date)
    total_equity: Mapped[Decimal] = mapped_column(Amount)
    cash: Mapped[Decimal] = mapped_column(Amount)
    market_value: Mapped[Decimal] = mapped_column(Amount)
    realized_pnl: Mapped[Decimal] = mapped_column(Amount)
    unrealized_pnl: Mapped[Decimal] = mapped_column(Amount)
    daily_return: Mapped[float | None]
    cumulative_return: Mapped[float | None]
    max_drawdown_pct: Mapped[float | None]
    benchmark_return: Mapped[float | None]
    peak_equity: Mapped[Decimal] = mapped_column(Amount)
    updated_at: Mapped[datetime]
