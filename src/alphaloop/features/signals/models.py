"""Signals from the moment they were known to what became of them, the runs that made them, and who lets them trade."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from alphaloop.infra.columns import Amount, Key, Model


class Trigger(StrEnum):
    MANUAL = "MANUAL"
    SCHEDULE = "SCHEDULE"
    SESSION = "SESSION"


class RunStatus(StrEnum):
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


class StrategyRun(Model):
    """A strategy looks at the newest closed bars of some instruments for one account; `job_id` is the job that does it,
    `error` {code, message} once it failed."""

    __tablename__ = "strategy_runs"
    __table_args__ = (Index("ix_strategy_runs_strategy_id_id", "strategy_id", "id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    strategy_id: Mapped[int] = mapped_column(Key, ForeignKey("strategies.id"))
    user_id: Mapped[int] = mapped_column(Key, index=True)
    account_id: Mapped[int] = mapped_column(Key, ForeignKey("accounts.id"))
    job_id: Mapped[int] = mapped_column(Key, unique=True)
    trigger: Mapped[str] = mapped_column(String(16))
    run_status: Mapped[str] = mapped_column(String(16))
    params: Mapped[dict[str, Any]]
    instruments: Mapped[list[Any]]
    timeframe: Mapped[str] = mapped_column(String(4))
    auto_execute: Mapped[bool]
    signal_count: Mapped[int]
    error: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class AutoConsent(Model):
    """A person lets signals trade on an account without asking each time; taking it back sets `revoked_at`."""

    __tablename__ = "auto_consents"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    account_id: Mapped[int] = mapped_column(Key, ForeignKey("accounts.id"), unique=True)
    user_id: Mapped[int] = mapped_column(Key)
    given_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class TradingSignal(Model):
    """One intent of a strategy. `episode` says when it began: for a session the row of its series, for a run the time
    of the bar; either fires it once.

    `signal_strength`, `confidence` and `risk_score` lie between 0 and 1 (`rules`). `refused_by` names the switch that
    kept it from trading by itself. `mfe`, `mae` and `outcome` are shares of the price it could have been traded at;
    `hit` says how that ended, null while it is open.
    """

    __tablename__ = "trading_signals"
    __table_args__ = (
        UniqueConstraint("session_id", "instrument", "episode"),
        Index("ix_trading_signals_account_id_signal_status", "account_id", "signal_status"),
        Index("ix_trading_signals_strategy_key_created_at", "strategy_key", "created_at"),
        Index("ix_trading_signals_hit_measured_at", "hit", "measured_at"),
        Index("ix_trading_signals_order_id", "order_id"),
        Index("ix_trading_signals_strategy_run_id", "strategy_run_id"),
        Index(
            "uq_trading_signals_strategy_episode",
            "strategy_id",
            "account_id",
            "instrument",
            "timeframe",
            "episode",
            unique=True,
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    user_id: Mapped[int] = mapped_column(Key, index=True)
    account_id: Mapped[int] = mapped_column(Key, ForeignKey("accounts.id"))
    session_id: Mapped[int | None] = mapped_column(Key)
    strategy_id: Mapped[int | None] = mapped_column(Key)
    strategy_run_id: Mapped[int | None] = mapped_column(Key)
    strategy_key: Mapped[str] = mapped_column(String(96))
    instrument: Mapped[str] = mapped_column(String(64))
    timeframe: Mapped[str] = mapped_column(String(4))
    episode: Mapped[int] = mapped_column(Key)
    signal_type: Mapped[str | None] = mapped_column(String(16))
    direction: Mapped[str] = mapped_column(String(8))
    target: Mapped[float]
    sizing: Mapped[str] = mapped_column(String(8))
    weight: Mapped[float | None]
    signal_strength: Mapped[float | None]
    confidence: Mapped[float | None]
    risk_score: Mapped[float | None]
    rr_ratio: Mapped[float | None]
    win_rate: Mapped[float | None]
    factors: Mapped[dict[str, Any] | None]
    signal_metadata: Mapped[dict[str, Any] | None]
    entry_price: Mapped[Decimal | None] = mapped_column(Amount)
    stop_loss: Mapped[Decimal | None] = mapped_column(Amount)
    take_profit: Mapped[Decimal | None] = mapped_column(Amount)
    position_size: Mapped[Decimal | None] = mapped_column(Amount)
    reason: Mapped[str] = mapped_column(String(128))
    signal_status: Mapped[str] = mapped_column(String(16))
    validation_errors: Mapped[list[Any]]
    auto_execute: Mapped[bool] = mapped_column(default=False)
    refused_by: Mapped[str | None] = mapped_column(String(24))
    order_id: Mapped[int | None] = mapped_column(Key)
    execution_plan_id: Mapped[int | None] = mapped_column(Key)
    mfe: Mapped[float | None]
    mae: Mapped[float | None]
    r_multiple: Mapped[float | None]
    outcome: Mapped[float | None]
    hit: Mapped[str | None] = mapped_column(String(8))
    bars_held: Mapped[int | None]
    measured_at: Mapped[datetime | None]
    ts_ms: Mapped[int] = mapped_column(Key)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    validated_at: Mapped[datetime | None]
    executed_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
