"""Opening paper accounts and who reaches them."""

from decimal import Decimal

import pytest
from sqlalchemy import func, select

from alphaloop.core.clock import ManualClock
from alphaloop.core.errors import ForbiddenError, InvalidError, NotFoundError
from alphaloop.features.accounts import service as accounts
from alphaloop.features.accounts.models import Account
from alphaloop.features.ledger import service as ledger
from alphaloop.features.ledger.checks import find_violations
from alphaloop.infra.db import Database
from alphaloop.infra.identity import SYSTEM, Actor, ActorType
from tests.builders import add_account, add_person

pytestmark = pytest.mark.database


async def test_play_money_is_a_ledger_transaction_like_any_other(db: Database, clock: ManualClock) -> None:
    account = await add_account(db, clock, await add_person(db, clock), cash="12345.678901234567890123")
    async with db.read() as session:
        balances = await ledger.balances(session, ledger.ACCOUNT, account.id)
        seed = await ledger.balances(session, ledger.SEED, 0)
        assert await find_violations(session) == []
    assert balances["USDT"].total == Decimal("12345.678901234567890123")
    assert seed["USDT"].total == -balances["USDT"].total


@pytest.mark.parametrize("cash", ["0", "-1", "1000000000000.000000000000000001"])
async def test_absurd_cash_opens_nothing(db: Database, clock: ManualClock, cash: str) -> None:
    actor = await add_person(db, clock)
    with pytest.raises(InvalidError):
        await add_account(db, clock, actor, cash=cash)
    async with db.read() as session:
        assert await session.scalar(select(func.count()).select_from(Account)) == 0


async def test_only_its_people_and_the_system_reach_an_account(db: Database, clock: ManualClock) -> None:
    wren, robin = await add_person(db, clock), await add_person(db, clock, "robin")
    account = await add_account(db, clock, wren)
    async with db.read() as session:
        assert (await accounts.get_account(session, wren, account.id)).id == account.id
        assert (await accounts.get_account(session, SYSTEM, account.id)).id == account.id
        assert await accounts.list_accounts(session, robin) == []
        with pytest.raises(NotFoundError) as theirs:
            await accounts.get_account(session, robin, account.id)
        with pytest.raises(NotFoundError) as nobodys:
            await accounts.get_account(session, robin, 999)
    assert str(theirs.value) == str(nobodys.value)
    assert theirs.value.code == nobodys.value.code


async def test_who_may_not_manage_accounts_opens_none(db: Database, clock: ManualClock) -> None:
    wren = await add_person(db, clock)
    with pytest.raises(ForbiddenError):
        await add_account(db, clock, Actor(ActorType.USER, user_id=wren.user_id))
