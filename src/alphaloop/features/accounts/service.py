"""Opening accounts and finding those a person may reach."""

from decimal import Decimal

from sqlalchemy import select

from alphaloop.core.clock import Clock
from alphaloop.core.errors import InvalidError, NotFoundError
from alphaloop.core.events import Event
from alphaloop.features.accounts.models import Account, AccountKind, AccountMember, AccountStatus, TradingMode
from alphaloop.features.audit import service as audit
from alphaloop.features.ledger import service as ledger
from alphaloop.infra.db import ReadSession, WriteSession
from alphaloop.infra.identity import Actor, ActorType
from alphaloop.infra.outbox import announce

PAPER_FEE_RATE = Decimal("0.001")
PAPER_SLIPPAGE_BPS = Decimal("1")
MAX_PAPER_CASH = Decimal("1000000000000")


async def open_paper_account(
    session: WriteSession,
    actor: Actor,
    *,
    clock: Clock,
    name: str,
    quote_asset: str,
    cash: Decimal,
    replay_id: int | None = None,
) -> Account:
    """Open a paper account with play money; the money is a ledger transaction like any other."""
    actor.require("account.manage")
    if not 0 < cash <= MAX_PAPER_CASH:
        raise InvalidError("Opening cash must be positive and not absurd.", fields=(("cash", "out_of_range"),))
    account = Account(
        user_id=actor.person,
        name=name,
        kind=AccountKind.PAPER,
        trading_mode=TradingMode.PAPER,
        venue="paper",
        quote_asset=quote_asset,
        opening_cash=cash,
        fee_rate=PAPER_FEE_RATE,
        slippage_bps=PAPER_SLIPPAGE_BPS,
        replay_id=replay_id,
        status=AccountStatus.ACTIVE,
        created_at=clock.now(),
    )
    session.add(account)
    await session.flush()
    session.add(AccountMember(account_id=account.id, user_id=actor.person, role="OWNER"))
    await ledger.post(
        session,
        kind="paper_opening",
        key=f"paper_opening:{account.id}",
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
