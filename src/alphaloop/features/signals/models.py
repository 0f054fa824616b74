"""The signal table: one row per intent of a strategy, from the moment it was known to its end."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from alphaloop.infra.columns import Amount, Key, Model


class TradingSignal(Model):
    """`episode` is the row of the session's series at which the intent began; a session fires it once."""

    __tablename__ = "trading_signals"
    __table_args__ = (
        UniqueConstraint("session_id", "instrument", "episode"),
        Index("ix_trading_signals_account_id_signal_status", "account_id", "signal_status"),
        Index("ix_trading_signals_strategy_key_created_at", "strategy_key", "created_at"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    user_id: Mapped[int] = mapped_column(Key, index=True)
    account_id: Mapped[int] = mapped_column(Key, ForeignKey("accounts.id"))
    session_id: Mapped[int | None] = mapped_column(Key)
    strategy_key: Mapped[str] = mapped_column(String(96))
    instrument: Mapped[str] = mapped_column(String(64))
    timeframe: Mapped[str] = mapped_column(String(4))
    episode: Mapped[int] = mapped_column(Key)
    direction: Mapped[str] = mapped_column(String(8))
    target: Mapped[float]
    sizing: Mapped[str] = mapped_column(String(8))
    signal_strength: Mapped[float | None]
    entry_price: Mapped[Decimal | None] = mapped_column(Amount)
    stop_loss: Mapped[Decimal | None] = mapped_column(Amount)
    take_profit: Mapped[Decimal | None] = mapped_column(Amount)
    position_size: Mapped[Decimal | None] = mapped_column(Amount)
    reason: Mapped[str] = mapped_column(String(128))
    signal_status: Mapped[str] = mapped_column(String(16))
    validation_errors: Mapped[list[Any]]
    ts_ms: Mapped[int] = mapped_column(Key)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    executed_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
