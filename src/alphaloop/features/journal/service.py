"""Drafting and listing journal entries."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from alphaloop.core.clock import from_ms
from alphaloop.features.journal.models import JournalEntry
from alphaloop.infra.db import ReadSession, WriteSession


async def draft_entry(session: WriteSession, *, user_id: int, trip: dict[str, Any], at: datetime) -> None:
    """Write the draft of a closed round trip; the same trip announced twice makes one entry."""
    account_id, instrument, number = int(trip["account_id"]), trip["instrument"], trip["trip"]
    known = await session.scalar(
        select(JournalEntry.id).where(
            JournalEntry.account_id == account_id, JournalEntry.instrument == instrument, JournalEntry.trip == number
        )
    )
    if known is not None:
        return
    session.add(
        JournalEntry(
            user_id=user_id,
            account_id=account_id,
            instrument=instrument,
            trip=number,
            direction=trip["direction"],
            entry_date=from_ms(trip["entry_ms"]),
            exit_date=from_ms(trip["exit_ms"]),
            entry_price=Decimal(trip["entry_price"]),
            exit_price=Decimal(trip["exit_price"]),
            quantity=Decimal(trip["quantity"]),
            fees=Decimal(trip["fees"]),
            realized_pnl=Decimal(trip["realised"]),
            mistake_tags=[],
            journal_status="DRAFT",
            created_at=at,
            updated_at=at,
        )
    )


async def list_entries(
    session: ReadSession, account_ids: list[int], *, page: int, size: int
) -> tuple[list[JournalEntry], int]:
    """(entries of that page, newest first; how many there are in all)."""
    mine = JournalEntry.account_id.in_(account_ids)
    total = await session.scalar(select(func.count()).select_from(JournalEntry).where(mine)) or 0
    rows = await session.scalars(
        select(JournalEntry)
        .where(mine)
        .order_by(JournalEntry.exit_date.desc(), JournalEntry.id.desc())
        .offset((page - 1) * size)
        .limit(size)
    )
    return list(rows), total
