"""Posting, holding and reading money, and the checker that watches over both."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import delete, func, insert, select, text, update

from alphaloop.core.clock import ManualClock
from alphaloop.core.errors import ConflictError
from alphaloop.features.ledger import service as ledger
from alphaloop.features.ledger.checks import find_violations
from alphaloop.features.ledger.models import LedgerBook, LedgerEntry, LedgerHold, LedgerTransaction
from alphaloop.infra.db import Database, WriteSession
from tests.builders import D

pytestmark = pytest.mark.database


async def deposit(db: Database, clock: ManualClock, key: str, owner: int, amount: str, asset: str = "USDT") -> bool:
    return await db.transact(
        lambda session: ledger.post(
            session,
            kind="deposit",
            key=key,
            lines=[
                ledger.Line(ledger.ACCOUNT, owner, asset, D(amount)),
                ledger.Line(ledger.SEED, 0, asset, D(amount).copy_negate()),
            ],
            at=clock.now(),
        )
    )


async def transfer(db: Database, clock: ManualClock, key: str, source: int, target: int, amount: str) -> bool:
    return await db.transact(
        lambda session: ledger.post(
            session,
            kind="transfer",
            key=key,
            lines=[
                ledger.Line(ledger.ACCOUNT, source, "USDT", -D(amount)),
                ledger.Line(ledger.ACCOUNT, target, "USDT", D(amount)),
            ],
            at=clock.now(),
        )
    )


async def hold(db: Database, owner: int, purpose_id: int, amount: str, asset: str = "USDT") -> None:
    async with db.write() as session:
        await ledger.set_hold(
            session,
            owner_kind=ledger.ACCOUNT,
            owner_id=owner,
            asset=asset,
            purpose="order",
            purpose_id=purpose_id,
            amount=D(amount),
        )


async def balance(db: Database, owner: int, asset: str = "USDT") -> ledger.Balance:
    async with db.read() as session:
        return (await ledger.balances(session, ledger.ACCOUNT, owner))[asset]


async def violations(db: Database) -> list[str]:
    async with db.read() as session:
        return await find_violations(session)


async def count(db: Database, model: type) -> int:
    async with db.read() as session:
        return int(await session.scalar(select(func.count()).select_from(model)) or 0)


async def test_a_balance_is_the_sum_of_its_entries(db: Database, clock: ManualClock) -> None:
    await deposit(db, clock, "a", 1, "100.000000000000000001")
    await deposit(db, clock, "b", 1, "0.000000000000000002")
    assert (await balance(db, 1)).total == D("100.000000000000000003")
    assert await violations(db) == []


async def test_the_same_key_posts_once(db: Database, clock: ManualClock) -> None:
    assert await deposit(db, clock, "a", 1, "100")
    assert not await deposit(db, clock, "a", 1, "100")
    assert (await balance(db, 1)).total == 100
    assert await count(db, LedgerTransaction) == 1


async def test_a_movement_that_does_not_sum_to_zero_is_a_programming_error(db: Database, clock: ManualClock) -> None:
    with pytest.raises(AssertionError, match="sum to zero"):
        async with db.write() as session:
            await ledger.post(
                session,
                kind="gift",
                key="gift",
                lines=[ledger.Line(ledger.ACCOUNT, 1, "USDT", D(1))],
                at=clock.now(),
            )
    assert await count(db, LedgerEntry) == 0


async def test_different_assets_do_not_balance_each_other(db: Database, clock: ManualClock) -> None:
    with pytest.raises(AssertionError, match="sum to zero"):
        async with db.write() as session:
            await ledger.post(
                session,
                kind="swap",
                key="swap",
                lines=[
                    ledger.Line(ledger.ACCOUNT, 1, "USDT", D(1)),
                    ledger.Line(ledger.SEED, 0, "BTC", D(-1)),
                ],
                at=clock.now(),
            )


async def test_nobody_spends_what_is_not_there(db: Database, clock: ManualClock) -> None:
    await deposit(db, clock, "a", 1, "100")
    with pytest.raises(ConflictError) as refused:
        await transfer(db, clock, "t", 1, 2, "100.000000000000000001")
    assert refused.value.code == "insufficient_funds"
    assert (await balance(db, 1)).total == 100
    assert await count(db, LedgerTransaction) == 1


async def test_nobody_spends_what_is_held(db: Database, clock: ManualClock) -> None:
    await deposit(db, clock, "a", 1, "100")
    await hold(db, 1, 7, "50")
    with pytest.raises(ConflictError):
        await transfer(db, clock, "t", 1, 2, "60")
    assert await transfer(db, clock, "u", 1, 2, "50")
    assert (await balance(db, 1)).free == 0
    assert await violations(db) == []


async def test_a_fill_settles_although_money_is_held(db: Database, clock: ManualClock) -> None:
    await deposit(db, clock, "a", 1, "100")
    await hold(db, 1, 7, "50")
    async with db.write() as session:
        await ledger.release_hold(session, purpose="order", purpose_id=7)
        assert await ledger.post(
            session,
            kind="fill",
            key="fill:1",
            lines=[
                ledger.Line(ledger.ACCOUNT, 1, "USDT", D(-100)),
                ledger.Line(ledger.VENUE, 0, "USDT", D(100)),
            ],
            at=clock.now(),
            settles_holds=True,
        )
    assert await violations(db) == []


async def test_a_short_position_owes_its_asset_and_the_books_stay_right(db: Database, clock: ManualClock) -> None:
    async with db.write() as session:
        await ledger.post(
            session,
            kind="fill",
            key="fill:1",
            lines=[
                ledger.Line(ledger.ACCOUNT, 1, "AAPL", D(-5), owed=True),
                ledger.Line(ledger.VENUE, 0, "AAPL", D(5)),
            ],
            at=clock.now(),
            settles_holds=True,
        )
    assert (await balance(db, 1, "AAPL")).total == -5
    assert await violations(db) == []


async def test_a_hold_can_grow_shrink_and_end_but_never_beyond_what_is_free(db: Database, clock: ManualClock) -> None:
    await deposit(db, clock, "a", 1, "100")
    await hold(db, 1, 1, "60")
    await hold(db, 1, 2, "40")
    assert (await balance(db, 1)).free == 0
    with pytest.raises(ConflictError):
        await hold(db, 1, 1, "60.000000000000000001")
    await hold(db, 1, 1, "10")
    assert (await balance(db, 1)).locked == 50
    await hold(db, 1, 1, "0")
    await hold(db, 1, 2, "0")
    assert (await balance(db, 1)).free == 100
    assert await count(db, LedgerHold) == 0


async def test_a_negative_hold_is_a_programming_error(db: Database, clock: ManualClock) -> None:
    await deposit(db, clock, "a", 1, "100")
    with pytest.raises(AssertionError, match="never negative"):
        await hold(db, 1, 1, "-1")


async def test_of_32_transfers_of_60_out_of_100_exactly_one_succeeds(db: Database, clock: ManualClock) -> None:
    await deposit(db, clock, "a", 1, "100")
    done = await asyncio.gather(
        *(transfer(db, clock, f"t{n}", 1, 2 + n, "60") for n in range(32)), return_exceptions=True
    )
    assert done.count(True) == 1
    assert sum(isinstance(one, ConflictError) for one in done) == 31
    assert (await balance(db, 1)).total == 40
    assert await violations(db) == []


async def test_of_32_posts_of_one_key_exactly_one_moves_money(db: Database, clock: ManualClock) -> None:
    await deposit(db, clock, "a", 1, "1000")
    done = await asyncio.gather(*(transfer(db, clock, "same", 1, 2, "1") for _ in range(32)))
    assert sorted(done) == [False] * 31 + [True]
    assert (await balance(db, 2)).total == 1


async def test_two_processes_do_not_spend_the_same_money(db: Database, clock: ManualClock, tmp_path: Path) -> None:
    await deposit(db, clock, "a", 1, "100")
    other = Database(db.url)
    try:
        done = await asyncio.gather(
            *(transfer(each, clock, f"t{n}", 1, 2, "60") for n, each in enumerate([db, other] * 4)),
            return_exceptions=True,
        )
    finally:
        await other.close()
    assert done.count(True) == 1
    assert sum(isinstance(one, ConflictError) for one in done) == 7


async def edit_an_entry(session: WriteSession) -> None:
    first = await session.scalar(select(func.min(LedgerEntry.id)))
    await session.execute(update(LedgerEntry).where(LedgerEntry.id == first).values(amount=D("99.9")))


async def bump_a_balance(session: WriteSession) -> None:
    await session.execute(update(LedgerBook).where(LedgerBook.owner_id == 1).values(balance=D("100.01")))


async def lose_an_entry(session: WriteSession) -> None:
    last = await session.scalar(select(func.max(LedgerEntry.id)))
    await session.execute(delete(LedgerEntry).where(LedgerEntry.id == last))


async def overdraw(session: WriteSession) -> None:
    books = {row.owner_kind: row for row in await session.scalars(select(LedgerBook).where(LedgerBook.owner_id < 2))}
    tx = await session.scalar(select(func.max(LedgerTransaction.id)))
    for kind, amount in ((ledger.ACCOUNT, D(-500)), (ledger.SEED, D(500))):
        await session.execute(insert(LedgerEntry).values(transaction_id=tx, book_id=books[kind].id, amount=amount))
        await session.execute(
            update(LedgerBook).where(LedgerBook.id == books[kind].id).values(balance=books[kind].balance + amount)
        )


async def promise_too_much(session: WriteSession) -> None:
    book = await session.scalar(select(LedgerBook.id).where(LedgerBook.owner_id == 1))
    await session.execute(insert(LedgerHold).values(book_id=book, purpose="order", purpose_id=9, amount=D(101)))


async def hold_a_negative_amount(session: WriteSession) -> None:
    book = await session.scalar(select(LedgerBook.id).where(LedgerBook.owner_id == 1))
    await session.execute(insert(LedgerHold).values(book_id=book, purpose="order", purpose_id=9, amount=D(-1)))


DEFECTS: dict[Callable[[WriteSession], Awaitable[None]], str] = {
    edit_an_entry: "is off by",
    bump_a_balance: "its entries say",
    lose_an_entry: "is off by",
    overdraw: "is below zero",
    promise_too_much: "holds 101 of",
    hold_a_negative_amount: "is not positive",
}


@pytest.mark.parametrize(("plant", "sentence"), DEFECTS.items(), ids=lambda one: getattr(one, "__name__", ""))
async def test_the_checker_names_a_planted_defect(
    db: Database, clock: ManualClock, plant: Callable[[WriteSession], Awaitable[None]], sentence: str
) -> None:
    await deposit(db, clock, "a", 1, "100")
    assert await violations(db) == []
    async with db.write() as session:
        await plant(session)
    assert any(sentence in problem for problem in await violations(db))


async def test_books_made_by_two_writers_at_once_are_one_book(db: Database, clock: ManualClock) -> None:
    await asyncio.gather(*(deposit(db, clock, f"d{n}", 5, "1") for n in range(16)))
    assert (await balance(db, 5)).total == 16
    assert await count(db, LedgerBook) == 2


async def test_amounts_survive_the_database_exactly(db: Database, clock: ManualClock) -> None:
    big = "12345678901234567890.123456789012345678"
    await deposit(db, clock, "a", 1, big)
    assert (await balance(db, 1)).total == Decimal(big)
    async with db.read() as session:
        kinds = {row[0] for row in await session.execute(text("SELECT kind FROM ledger_transactions"))}
    assert kinds == {"deposit"}
