"""Books, balanced transactions and holds. Entries are only ever added."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from alphaloop.infra.columns import Amount, Key, Model


class LedgerBook(Model):
    """One owner's holding of one asset. `balance` is the running sum of its entries, kept beside them and checked."""

    __tablename__ = "ledger_books"
    __table_args__ = (UniqueConstraint("owner_kind", "owner_id", "asset"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    owner_kind: Mapped[str] = mapped_column(String(16))
    owner_id: Mapped[int] = mapped_column(Key)
    asset: Mapped[str] = mapped_column(String(32))
    balance: Mapped[Decimal] = mapped_column(Amount)
    may_go_negative: Mapped[bool]


class LedgerTransaction(Model):
    """`key` names the business fact (such as `fill:17`), so that posting it twice is impossible."""

    __tablename__ = "ledger_transactions"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(String(32))
    key: Mapped[str] = mapped_column(String(128), unique=True)
    at: Mapped[datetime]


class LedgerEntry(Model):
    __tablename__ = "ledger_entries"
    __table_args__ = (Index("ix_ledger_entries_book_id_id", "book_id", "id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    transaction_id: Mapped[int] = mapped_column(Key, ForeignKey("ledger_transactions.id"), index=True)
    book_id: Mapped[int] = mapped_column(Key, ForeignKey("ledger_books.id"))
    amount: Mapped[Decimal] = mapped_column(Amount)


class LedgerHold(Model):
    """Part of a book promised to something (an open order). Only rows with `amount` above zero count."""

    __tablename__ = "ledger_holds"
    __table_args__ = (UniqueConstraint("purpose", "purpose_id"), Index("ix_ledger_holds_book_id", "book_id"))

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    book_id: Mapped[int] = mapped_column(Key, ForeignKey("ledger_books.id"))
    purpose: Mapped[str] = mapped_column(String(16))
    purpose_id: Mapped[int] = mapped_column(Key)
    amount: Mapped[Decimal] = mapped_column(Amount)
