"""Journal entries, one per round trip."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from alphaloop.infra.columns import Amount, Key, Model


class JournalEntry(Model):
    __tablename__ = "trade_journal"
    __table_args__ = (
        UniqueConstraint("account_id", "instrument", "trip"),
        Index("ix_trade_journal_account_id_entry_date", "account_id", "entry_date"),
        CheckConstraint("execution_quality IS NULL OR execution_quality BETWEEN 1 AND 5", name="quality"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    user_id: Mapped[int] = mapped_column(Key)
    account_id: Mapped[int] = mapped_column(Key, ForeignKey("accounts.id"))
    instrument: Mapped[str] = mapped_column(String(64), index=True)
    trip: Mapped[int]
    direction: Mapped[str] = mapped_column(String(8))
    entry_date: Mapped[datetime]
    exit_date: Mapped[datetime | None]
    entry_price: Mapped[Decimal] = mapped_column(Amount)
    exit_price: Mapped[Decimal | None] = mapped_column(Amount)
    quantity: Mapped[Decimal] = mapped_column(Amount)
    fees: Mapped[Decimal] = mapped_column(Amount)
    realized_pnl: Mapped[Decimal | None] = mapped_column(Amount)
    plan_id: Mapped[int | None] = mapped_column(Key)
    execution_quality: Mapped[int | None]
    emotion_state: Mapped[str | None] = mapped_column(String(16))
    mistake_tags: Mapped[list[Any]]
    lesson_learned: Mapped[str | None] = mapped_column(Text)
    ai_review: Mapped[str | None] = mapped_column(Text)
    journal_status: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
