"""A closed round trip becomes one draft, however often it is announced."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from alphaloop.core.clock import ManualClock
from alphaloop.features.journal import service as journal
from alphaloop.infra.db import Database
from tests.builders import START_MS, STEP_MS, add_account, add_person

pytestmark = pytest.mark.database


def trip(account_id: int, number: int) -> dict[str, object]:
    return {
        "account_id": str(account_id),
        "instrument": "BTC/USDT@binance",
        "trip": number,
        "direction": "LONG",
        "quantity": "1.5",
        "entry_price": "100.000000000000000001",
        "exit_price": "110",
        "fees": "0.315",
        "realised": "14.685",
        "entry_ms": START_MS,
        "exit_ms": START_MS + number * STEP_MS,
    }


async def test_a_trip_announced_twice_is_one_draft(db: Database, clock: ManualClock) -> None:
    actor = await add_person(db, clock)
    account = await add_account(db, clock, actor)
    for number in (1, 1, 2, 1):
        async with db.write() as session:
            await journal.draft_entry(session, user_id=actor.person, trip=trip(account.id, number), at=clock.now())
    async with db.read() as session:
        rows, total = await journal.list_entries(session, [account.id], page=1, size=10)
    assert total == 2
    assert [row.trip for row in rows] == [2, 1]
    last = rows[-1]
    assert (last.entry_price, last.realized_pnl) == (Decimal("100.000000000000000001"), Decimal("14.685"))
    assert last.entry_date == datetime(2023, 11, 15, tzinfo=UTC)
    assert last.journal_status == "DRAFT"


async def test_pages_cut_the_list_without_gap_or_repeat(db: Database, clock: ManualClock) -> None:
    actor = await add_person(db, clock)
    account = await add_account(db, clock, actor)
    async with db.write() as session:
        for number in range(1, 8):
            await journal.draft_entry(session, user_id=actor.person, trip=trip(account.id, number), at=clock.now())
    seen: list[int] = []
    async with db.read() as session:
        for page in (1, 2, 3, 4):
            rows, total = await journal.list_entries(session, [account.id], page=page, size=3)
            seen += [row.trip for row in rows]
        other, none = await journal.list_entries(session, [account.id + 1], page=1, size=3)
    assert (seen, total) == ([7, 6, 5, 4, 3, 2, 1], 7)
    assert (other, none) == ([], 0)
