"""Accounts and their members."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from alphaloop.infra.columns import Amount, Key, Model


class AccountKind(StrEnum):
    BROKER = "BROKER"
    PAPER = "PAPER"
    WALLET = "WALLET"
    FUND = "FUND"
    SUB = "SUB"


class TradingMode(StrEnum):
    DRY_RUN = "DRY_RUN"
    PAPER = "PAPER"
    TESTNET = "TESTNET"
    LIVE = "LIVE"


class AccountStatus(StrEnum):
    ACTIVE = "ACTIVE"
    CLOSED = "CLOSED"


class Account(Model):
    """Kind and mode are fixed at creation: going live means a new account.

    `replay_id` names the replay whose bar time is this account's clock; without one it lives on the system's clock.
    `market`, `benchmark` and `colours` come from the market's preset. `leverage` and `isolated` count where a market
    trades on margin, `fractional` where a broker trades parts of a share.
    """

    __tablename__ = "accounts"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    user_id: Mapped[int] = mapped_column(Key, ForeignKey("users.id"), index=True)
    name: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))
    trading_mode: Mapped[str] = mapped_column(String(16))
    venue: Mapped[str] = mapped_column(String(32))
    quote_asset: Mapped[str] = mapped_column(String(32))
    opening_cash: Mapped[Decimal] = mapped_column(Amount)
    fee_rate: Mapped[Decimal] = mapped_column(Amount)
    slippage_bps: Mapped[Decimal] = mapped_column(Amount)
    market: Mapped[str] = mapped_column(String(24), default="")
    benchmark: Mapped[str | None] = mapped_column(String(64))
    colours: Mapped[str | None] = mapped_column(String(8))
    leverage: Mapped[Decimal] = mapped_column(Amount, default=Decimal(1))
    isolated: Mapped[bool] = mapped_column(default=False)
    fractional: Mapped[bool] = mapped_column(default=False)
    replay_id: Mapped[int | None] = mapped_column(Key, index=True)
    status: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime]


class AccountMember(Model):
    """Who reaches an account besides its owner; the owner has a row too."""

    __tablename__ = "account_members"
    __table_args__ = (UniqueConstraint("account_id", "user_id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    account_id: Mapped[int] = mapped_column(Key, ForeignKey("accounts.id"))
    user_id: Mapped[int] = mapped_column(Key, ForeignKey("users.id"), index=True)
    role: Mapped[str] = mapped_column(String(16))
