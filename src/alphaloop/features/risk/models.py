"""Limits per scope, halts, refusals, and the orders that rates are counted from."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from alphaloop.infra.columns import Amount, Key, Model


class RiskConfig(Model):
    """Limits that a user or an account sets; null means that this scope sets none."""

    __tablename__ = "risk_configs"
    __table_args__ = (
        UniqueConstraint("scope", "scope_id"),
        CheckConstraint("scope IN ('USER','ACCOUNT')", name="scope"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    scope: Mapped[str] = mapped_column(String(8))
    scope_id: Mapped[int] = mapped_column(Key)
    max_orders_per_minute: Mapped[int | None]
    max_orders_per_day: Mapped[int | None]
    max_single_order_pct: Mapped[Decimal | None] = mapped_column(Amount)
    max_single_position_pct: Mapped[Decimal | None] = mapped_column(Amount)
    price_band_pct: Mapped[Decimal | None] = mapped_column(Amount)
    updated_at: Mapped[datetime]


class RiskHalt(Model):
    """A stop of everything new: for the platform (scope_id 0), a user or an account. Lifting keeps the row."""

    __tablename__ = "risk_halts"
    __table_args__ = (Index("ix_risk_halts_open", "scope", "scope_id", "lifted_at"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    scope: Mapped[str] = mapped_column(String(8))
    scope_id: Mapped[int] = mapped_column(Key)
    reason: Mapped[str] = mapped_column(String(255))
    set_by: Mapped[int | None] = mapped_column(Key)
    set_at: Mapped[datetime]
    lifted_by: Mapped[int | None] = mapped_column(Key)
    lifted_at: Mapped[datetime | None]


class RiskLog(Model):
    """One refused order: the step and code that failed and the two numbers that were compared."""

    __tablename__ = "risk_logs"
    __table_args__ = (Index("ix_risk_logs_account_id_id", "account_id", "id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    user_id: Mapped[int] = mapped_column(Key, index=True)
    account_id: Mapped[int] = mapped_column(Key)
    instrument: Mapped[str] = mapped_column(String(64))
    step: Mapped[int]
    rule_type: Mapped[str] = mapped_column(String(32))
    trigger_value: Mapped[Decimal | None] = mapped_column(Amount)
    threshold: Mapped[Decimal | None] = mapped_column(Amount)
    action_taken: Mapped[str] = mapped_column(String(16))
    market_ts_ms: Mapped[int] = mapped_column(Key)
    created_at: Mapped[datetime]


class RateEvent(Model):
    """One accepted parent order, pushed down by the orders room in its own transaction; times are the account's."""

    __tablename__ = "risk_rate_events"
    __table_args__ = (Index("ix_risk_rate_events_account_id_ts_ms", "account_id", "ts_ms"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    account_id: Mapped[int] = mapped_column(Key)
    ts_ms: Mapped[int] = mapped_column(Key)
