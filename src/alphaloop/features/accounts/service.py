"""Opening accounts and finding those a person may reach."""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select

from alphaloop.core.clock import Clock
from alphaloop.core.errors import InvalidError, NotFoundError
from alphaloop.core.events import Event
from alphaloop.core.money import ONE, ZERO
from alphaloop.engine.market_rules import all_markets
from alphaloop.features.accounts.models import Account, AccountKind, AccountMember, AccountStatus, TradingMode
from alphaloop.features.audit import service as audit
from alphaloop.features.ledger import service as ledger
from alphaloop.infra.db import ReadSession, WriteSession
from alphaloop.infra.identity import Actor, ActorType
from alphaloop.infra.outbox import announce

MANUAL_VENUE = "manual"
PAPER_FEE_RATE = Decimal("0.001")
PAPER_SLIPPAGE_BPS = Decimal("1")
PAPER_ASSET = "USDT"
MAX_LEVERAGE = 125
MAX_PAPER_CASH = Decimal("1000000000000")


@dataclass(frozen=True, slots=True)
class MarginTerms:
    """How an account trades where it may choose: leverage, each position on its own margin, parts of a share."""

    leverage: Decimal = ONE
    isolated: bool = False
    fractional: bool = False


@dataclass(frozen=True, slots=True)
class AccountPreset:
    """What a paper account for a market starts with."""

    market: str
    title: dict[str, str]
    currency: str
    calendar: str
    cash: Decimal
    benchmark: str
    colours: str
    commission: Decimal
    slippage_bps: Decimal


def list_presets() -> list[AccountPreset]:
    """One preset for every market that has one, by market."""
    return [
        AccountPreset(
            market=market.market,
            title=market.title,
            currency=market.currency,
            calendar=market.calendar,
            cash=market.preset.cash,
            benchmark=market.preset.benchmark,
            colours=market.preset.colours,
            commission=market.preset.commission,
            slippage_bps=market.preset.slippage_bps,
        )
        for market in all_markets().values()
        if market.preset is not None
    ]


def find_preset(market: str) -> AccountPreset:
    """The preset of a market, or InvalidError 'unknown_market'."""
    found = next((preset for preset in list_presets() if preset.market == market), None)
    if found is None:
        raise InvalidError(
            "There is no preset for this market.", code="unknown_market", fields=(("market", "unknown_market"),)
        )
    return found


async def open_paper_account(
    session: WriteSession,
    actor: Actor,
    *,
    clock: Clock,
    name: str,
    quote_asset: str | None = None,
    cash: Decimal | None = None,
    replay_id: int | None = None,
    market: str = "",
    terms: MarginTerms | None = None,
    by_hand: bool = False,
) -> Account:
    """Open a paper account with play money; the money is a ledger transaction like any other.

    `by_hand`: the account of somebody who carries each order to their broker; `cash` is what lies there.
    With a `market` its preset says what is not said otherwise: currency, cash, the broker's rate, benchmark, colours.
    """
    actor.require("account.manage")
    preset = find_preset(market) if market else None
    terms = terms or MarginTerms()
    quote_asset = quote_asset or (preset.currency if preset else PAPER_ASSET)
    cash = cash if cash is not None else preset.cash if preset else ZERO
    if not 1 <= terms.leverage <= MAX_LEVERAGE:
        raise InvalidError("Leverage lies between 1 and 125.", fields=(("leverage", "out_of_range"),))
    if by_hand and (terms.leverage != ONE or terms.isolated):
        raise InvalidError(
            "No margin is kept of what is traded by hand: leverage is 1.", fields=(("leverage", "out_of_range"),)
        )
    if not 0 < cash <= MAX_PAPER_CASH:
        raise InvalidError("Opening cash must be positive and not absurd.", fields=(("cash", "out_of_range"),))
    account = Account(
        user_id=actor.person,
        name=name,
        kind=AccountKind.BROKER if by_hand else AccountKind.PAPER,
        # Nothing of a ticket leaves this machine, so the operator's leave to trade live is not asked for; limits and
        # halts bind it like any other account, and its fills are what a person says of them.
        trading_mode=TradingMode.DRY_RUN if by_hand else TradingMode.PAPER,
        venue=MANUAL_VENUE if by_hand else "paper",
        quote_asset=quote_asset,
        opening_cash=cash,
        fee_rate=preset.commission if preset else PAPER_FEE_RATE,
        slippage_bps=preset.slippage_bps if preset else PAPER_SLIPPAGE_BPS,
        market=market,
        benchmark=preset.benchmark if preset else None,
        colours=preset.colours if preset else None,
        leverage=terms.leverage,
        isolated=terms.isolated,
        fractional=terms.fractional,
        replay_id=replay_id,
        status=AccountStatus.ACTIVE,
        created_at=clock.now(),
    )
    session.add(account)
    await session.flush()
    session.add(AccountMember(account_id=account.id, user_id=actor.person, role="OWNER"))
    await ledger.post(
        session,
        kind="manual_opening" if by_hand else "paper_opening",
        key=f"{account.venue}_opening:{account.id}",
        lines=[
            ledger.Line(ledger.ACCOUNT, account.id, quote_asset, cash),
            ledger.Line(ledger.SEED, 0, quote_asset, -cash),
        ],
        at=clock.now(),
    )
    await audit.record(
        session,
        actor,
        clock=clock,
        action="account.open",
        resource_type="account",
        resource_id=account.id,
        account_id=account.id,
        after={"kind": account.kind, "mode": account.trading_mode, "asset": quote_asset, "cash": str(cash)},
    )
    opened = Event("accounts.account_opened", {"account_id": str(account.id)}, actor.user_id, account.id)
    await announce(session, opened, at=clock.now())
    return account


async def get_account(session: ReadSession, actor: Actor, account_id: int) -> Account:
    """The account, if this actor reaches it; otherwise the same NotFoundError as for one that does not exist."""
    query = select(Account).where(Account.id == account_id)
    if actor.type is not ActorType.SYSTEM:
        query = query.join(AccountMember, AccountMember.account_id == Account.id).where(
            AccountMember.user_id == actor.person
        )
    account = await session.scalar(query)
    if account is None:
        raise NotFoundError("There is no such account.", code="account_not_found")
    return account


async def lock_account(session: WriteSession, account_id: int) -> None:
    """Make everybody else who wants this account's lock wait until the caller's transaction has ended."""
    await session.execute(select(Account.id).where(Account.id == account_id).with_for_update())


async def list_accounts(session: ReadSession, actor: Actor) -> list[Account]:
    """Accounts this person reaches, newest first."""
    rows = await session.scalars(
        select(Account)
        .join(AccountMember, AccountMember.account_id == Account.id)
        .where(AccountMember.user_id == actor.person)
        .order_by(Account.id.desc())
    )
    return list(rows)


async def accounts_on_replay(session: ReadSession, replay_id: int) -> list[Account]:
    """Every account whose clock is that replay, oldest first."""
    return list(await session.scalars(select(Account).where(Account.replay_id == replay_id).order_by(Account.id)))
