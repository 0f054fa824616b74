"""Running strategies."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from alphaloop.infra.columns import Amount, Key, Model


class SessionStatus(StrEnum):
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    STOPPED = "STOPPED"


class TradingSession(Model):
    """A strategy on an account and one series. `anchor_ts` is the first bar it ever sees and never moves, because
    neither an EMA nor a stroke is independent of its start; no intent may begin before `start_ts`.

    `last_bar_ts` is the newest bar it has acted on; `last_target` and `last_episode` are the last instruction it
    followed, so that a restart does not follow it again. `memory` belongs to the strategy's own `manage`.
    """

    __tablename__ = "trading_sessions"
    __table_args__ = (Index("ix_trading_sessions_account_id_status", "account_id", "status"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    user_id: Mapped[int] = mapped_column(Key, index=True)
    account_id: Mapped[int] = mapped_column(Key, ForeignKey("accounts.id"))
    strategy_key: Mapped[str] = mapped_column(String(96))
    params: Mapped[dict[str, Any]]
    instrument: Mapped[str] = mapped_column(String(64))
    timeframe: Mapped[str] = mapped_column(String(4))
    allocation: Mapped[Decimal] = mapped_column(Amount)
    status: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(255))
    anchor_ts: Mapped[int] = mapped_column(Key)
    start_ts: Mapped[int] = mapped_column(Key)
    last_bar_ts: Mapped[int] = mapped_column(Key)
    last_target: Mapped[float | None]
    last_episode: Mapped[int | None] = mapped_column(Key)
    memory: Mapped[list[Any]]
    signals: Mapped[int]
    orders: Mapped[int]
    started_at: Mapped[datetime]
    updated_at: Mapped[datetime]
