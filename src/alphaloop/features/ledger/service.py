"""Posting, holding and reading money. Callers pass balanced lines; an unbalanced one is a programming error."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from alphaloop.core.errors import ConflictError
from alphaloop.core.money import EXACT, ZERO, stored
from alphaloop.features.ledger.models import LedgerBook, LedgerEntry, LedgerHold, LedgerTransaction
from alphaloop.infra.db import ReadSession, WriteSession

ACCOUNT = "account"
"""Books of a trading account; they may not go below zero."""
VENUE = "venue"
"""The other side of trades and of a venue's fees; owner id 0 is all venues together."""
FEES = "fees"
SEED = "seed"
"""Where paper money comes from: its balance is minus all play money ever handed out."""

_EXTERNAL = frozenset({VENUE, FEES, SEED})


@dataclass(frozen=True, slots=True)
class Line:
    """One side of a movement: `amount` of `asset` into (positive) or out of (negative) the owner's book.

    `owed` lets the owner's book go below zero: a short position owes the asset, and what closing it at a loss costs.
    """

    owner_kind: str
    owner_id: int
    asset: str
    amount: Decimal
    owed: bool = False


@dataclass(frozen=True, slots=True)
class Balance:
    """`total` = sum of entries, `locked` = sum of holds, `free` = total - locked."""

    asset: str
    total: Decimal
    locked: Decimal

    @property
    def free(self) -> Decimal:
        return EXACT.subtract(self.total, self.locked)


async def post(
    session: WriteSession, *, kind: str, key: str, lines: Sequence[Line], at: datetime, settles_holds: bool = False
) -> bool:
    """Move money once: False when a transaction with this key exists already, True when it was posted now.

    Amounts are rounded to 18 places before they are checked to sum to zero for every asset. A book that may not go
    negative refuses with ConflictError `insufficient_funds`, and nothing is posted; so does spending what is held,
    unless this is what it was held for (`settles_holds`: a fill has happened, whatever was promised elsewhere).
    """
    rounded = [replace(line, amount=stored(line.amount)) for line in lines]
    _check_balanced(rounded)
    books = await _books(session, rounded)
    if await session.scalar(select(LedgerTransaction.id).where(LedgerTransaction.key == key)) is not None:
        return False
    posted = await session.execute(insert(LedgerTransaction).values(kind=kind, key=key, at=at))
    transaction_id = int(posted.inserted_primary_key[0])  # type: ignore[attr-defined]
    changes: dict[int, Decimal] = defaultdict(lambda: ZERO)
    rows = []
    for line in rounded:
        if line.amount == 0:
            continue
        book = books[line.owner_kind, line.owner_id, line.asset]
        rows.append({"transaction_id": transaction_id, "book_id": book.id, "amount": line.amount})
        changes[book.id] = EXACT.add(changes[book.id], line.amount)
    if rows:
        await session.execute(insert(LedgerEntry), rows)
    owed = {(line.owner_kind, line.owner_id, line.asset) for line in rounded if line.owed}
    for name, book in sorted(books.items(), key=lambda item: item[1].id):
        balance = EXACT.add(book.balance, changes[book.id])
        unbound = name[0] in _EXTERNAL or name in owed
        if changes[book.id] < 0 and not unbound:
            least = ZERO if settles_holds else await _held(session, book.id)
            if balance < least:
                raise ConflictError("There is not enough money for this.", code="insufficient_funds")
        await session.execute(
            update(LedgerBook)
            .where(LedgerBook.id == book.id)
            .values(balance=balance, may_go_negative=book.may_go_negative or unbound)
        )
    return True


async def _held(session: ReadSession, book_id: int) -> Decimal:
    total = ZERO
    for amount in await session.scalars(select(LedgerHold.amount).where(LedgerHold.book_id == book_id)):
        total = EXACT.add(total, amount)
    return total


def _check_balanced(lines: Sequence[Line]) -> None:
    sums: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for line in lines:
        sums[line.asset] = EXACT.add(sums[line.asset], line.amount)
    crooked = {asset: total for asset, total in sums.items() if total != 0}
    if crooked:
        raise AssertionError(f"a ledger transaction must sum to zero per asset, this one does not: {crooked}")


async def _books(session: WriteSession, lines: Sequence[Line]) -> dict[tuple[str, int, str], LedgerBook]:
    """The books of these lines, made if new, locked in id order so that two postings cannot deadlock."""
    wanted = {(line.owner_kind, line.owner_id, line.asset) for line in lines}
    for kind, owner, asset in sorted(wanted):
        known = select(LedgerBook.id).where(
            LedgerBook.owner_kind == kind, LedgerBook.owner_id == owner, LedgerBook.asset == asset
        )
        if await session.scalar(known) is None:
            try:
                async with session.begin_nested():
                    await session.execute(
                        insert(LedgerBook).values(
                            owner_kind=kind,
                            owner_id=owner,
                            asset=asset,
                            balance=ZERO,
                            may_go_negative=kind in _EXTERNAL,
                        )
                    )
            except IntegrityError:
                continue  # somebody else made it in between
    found: dict[tuple[str, int, str], LedgerBook] = {}
    owners = {(kind, owner) for kind, owner, _ in wanted}
    for kind, owner in sorted(owners):
        assets = [asset for k, o, asset in wanted if (k, o) == (kind, owner)]
        rows = await session.scalars(
            select(LedgerBook)
            .where(LedgerBook.owner_kind == kind, LedgerBook.owner_id == owner, LedgerBook.asset.in_(assets))
            .order_by(LedgerBook.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        found.update({(kind, owner, row.asset): row for row in rows})
    return found


async def balances(session: ReadSession, owner_kind: str, owner_id: int) -> dict[str, Balance]:
    """Asset -> balance of every book the owner has."""
    books = (
        await session.execute(
            select(LedgerBook.id, LedgerBook.asset, LedgerBook.balance).where(
                LedgerBook.owner_kind == owner_kind, LedgerBook.owner_id == owner_id
            )
        )
    ).all()
    locked: dict[int, Decimal] = defaultdict(lambda: ZERO)
    for book_id, amount in await session.execute(
        select(LedgerHold.book_id, LedgerHold.amount).where(LedgerHold.book_id.in_([book.id for book in books]))
    ):
        locked[book_id] = EXACT.add(locked[book_id], amount)
    return {book.asset: Balance(book.asset, book.balance, locked[book.id]) for book in books}


async def total(session: ReadSession, owner_kind: str, owner_id: int, asset: str) -> Decimal:
    """What the owner has of one asset, held or free."""
    found = await session.scalar(
        select(LedgerBook.balance).where(
            LedgerBook.owner_kind == owner_kind, LedgerBook.owner_id == owner_id, LedgerBook.asset == asset
        )
    )
    return ZERO if found is None else found


async def set_hold(
    session: WriteSession,
    *,
    owner_kind: str,
    owner_id: int,
    asset: str,
    purpose: str,
    purpose_id: int,
    amount: Decimal,
) -> None:
    """Hold exactly `amount` of the owner's asset for this purpose (0 releases it).

    Raising a hold above what is free refuses with ConflictError `insufficient_funds`.
    """
    amount = stored(amount)
    if amount < 0:
        raise AssertionError(f"a hold is never negative, this one would be: {amount}")
    lines = [Line(owner_kind, owner_id, asset, ZERO)]
    book = (await _books(session, lines))[owner_kind, owner_id, asset]
    held = (
        await session.execute(
            select(LedgerHold.purpose, LedgerHold.purpose_id, LedgerHold.amount).where(LedgerHold.book_id == book.id)
        )
    ).all()
    others = ZERO
    before = ZERO
    for row in held:
        if (row.purpose, row.purpose_id) == (purpose, purpose_id):
            before = row.amount
        else:
            others = EXACT.add(others, row.amount)
    if amount > before and EXACT.add(others, amount) > book.balance:
        raise ConflictError("There is not enough free money for this.", code="insufficient_funds")
    this = (LedgerHold.purpose == purpose, LedgerHold.purpose_id == purpose_id)
    if amount == 0:
        await session.execute(delete(LedgerHold).where(*this))
    elif before == 0:
        await session.execute(
            insert(LedgerHold).values(book_id=book.id, purpose=purpose, purpose_id=purpose_id, amount=amount)
        )
    else:
        await session.execute(update(LedgerHold).where(*this).values(amount=amount))


async def release_hold(session: WriteSession, *, purpose: str, purpose_id: int) -> None:
    await session.execute(delete(LedgerHold).where(LedgerHold.purpose == purpose, LedgerHold.purpose_id == purpose_id))
