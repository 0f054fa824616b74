"""The ledger's invariants as queries on any database: the oracle of the tests and of `alphaloop ledger check`."""

from collections import defaultdict
from decimal import Decimal

from sqlalchemy import select

from alphaloop.core.money import EXACT, ZERO
from alphaloop.features.ledger.models import LedgerBook, LedgerEntry, LedgerHold
from alphaloop.infra.db import ReadSession


async def find_violations(session: ReadSession) -> list[str]:
    """One sentence per broken invariant; empty means the books are right.

    Checked: every transaction sums to zero per asset; every balance is the sum of its entries; no account is below
    zero; nobody holds more than there is.
    """
    problems: list[str] = []
    books = {book.id: book for book in await session.scalars(select(LedgerBook))}
    per_transaction: dict[tuple[int, str], Decimal] = defaultdict(lambda: ZERO)
    per_book: dict[int, Decimal] = defaultdict(lambda: ZERO)
    rows = await session.stream(
        select(LedgerEntry.transaction_id, LedgerEntry.book_id, LedgerEntry.amount).order_by(LedgerEntry.id)
    )
    async for transaction_id, book_id, amount in rows:
        if book_id not in books:
            problems.append(f"transaction {transaction_id} names book {book_id}, which does not exist")
            continue
        key = (transaction_id, books[book_id].asset)
        per_transaction[key] = EXACT.add(per_transaction[key], amount)
        per_book[book_id] = EXACT.add(per_book[book_id], amount)
    problems += [
        f"transaction {transaction_id} is off by {total} {asset}"
        for (transaction_id, asset), total in per_transaction.items()
        if total != 0
    ]
    held: dict[int, Decimal] = defaultdict(lambda: ZERO)
    for hold in await session.scalars(select(LedgerHold)):
        held[hold.book_id] = EXACT.add(held[hold.book_id], hold.amount)
        if hold.amount <= 0:
            problems.append(f"hold {hold.id} is not positive")
    for book in books.values():
        name = f"book {book.id} ({book.owner_kind} {book.owner_id}, {book.asset})"
        if book.balance != per_book[book.id]:
            problems.append(f"{name} says {book.balance}, its entries say {per_book[book.id]}")
        if book.balance < 0 and not book.may_go_negative:
            problems.append(f"{name} is below zero: {book.balance}")
        if held[book.id] > max(book.balance, ZERO):
            problems.append(f"{name} holds {held[book.id]} of {book.balance}")
    return problems
