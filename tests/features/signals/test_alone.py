"""A signal trades without asking only when everybody says yes; whoever says no is named on it."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import delete, update

from alphaloop.core.bar import Timeframe
from alphaloop.core.errors import ForbiddenError
from alphaloop.engine.risk import Limits
from alphaloop.features.accounts.models import Account, AccountMember
from alphaloop.features.catalog import service as catalog
from alphaloop.features.catalog.models import StrategyRow
from alphaloop.features.catalog.service import Door
from alphaloop.features.risk.service import Ceiling
from alphaloop.features.signals import service
from alphaloop.features.signals.models import TradingSignal
from alphaloop.features.signals.schemas import RunAsked
from alphaloop.features.users.models import User, UserRole
from tests.builders import BTC, CEILING, START_MS
from tests.features.signals.conftest import ROOMY, Floor, intent

DOOR = Door(managers_named=False)


async def all_on(floor: Floor) -> None:
    desk = floor.desk
    async with floor.db.write() as session:
        await service.give_consent(session, desk.actor, desk.account.id, on=True, clock=desk.clock)
        await catalog.set_auto_execute(session, desk.actor, DOOR, str(floor.strategy.id), True, clock=desk.clock)


async def alone(floor: Floor, signal: TradingSignal, ceiling: Ceiling = CEILING) -> TradingSignal:
    async with floor.db.write() as session:
        return await service.execute_alone(session, signal.id, ceiling=ceiling, clock=floor.desk.clock)


async def no_consent(floor: Floor) -> None:
    async with floor.db.write() as session:
        await service.give_consent(session, floor.desk.actor, floor.desk.account.id, on=False, clock=floor.desk.clock)


async def strategy_does_not(floor: Floor) -> None:
    desk = floor.desk
    async with floor.db.write() as session:
        await catalog.set_auto_execute(session, desk.actor, DOOR, str(floor.strategy.id), False, clock=desk.clock)


async def strategy_off(floor: Floor) -> None:
    async with floor.db.write() as session:
        await catalog.toggle(session, floor.desk.actor, DOOR, str(floor.strategy.id), clock=floor.desk.clock)


async def by_hand(floor: Floor) -> None:
    async with floor.db.write() as session:
        await session.execute(update(Account).values(trading_mode="DRY_RUN"))


async def live(floor: Floor) -> None:
    async with floor.db.write() as session:
        await session.execute(update(Account).values(trading_mode="LIVE"))


async def closed(floor: Floor) -> None:
    async with floor.db.write() as session:
        await session.execute(update(Account).values(status="CLOSED"))


async def tight(floor: Floor) -> None:
    await floor.desk.set_limits(Limits(max_single_order_pct=Decimal("0.01")))


async def kept_out(floor: Floor) -> None:
    async with floor.db.write() as session:
        await session.execute(update(User).values(status="DISABLED"))


async def follows_only(floor: Floor) -> None:
    async with floor.db.write() as session:
        await session.execute(update(UserRole).values(role="follower"))


async def has_left(floor: Floor) -> None:
    async with floor.db.write() as session:
        await session.execute(delete(AccountMember))


async def nothing(floor: Floor) -> None:
    return None


async def test_when_everybody_says_yes_the_order_is_placed(floor: Floor) -> None:
    await all_on(floor)
    [signal] = await floor.fire(intent(), auto=True)
    done = await alone(floor, signal)
    assert (done.signal_status, done.refused_by) == ("EXECUTED", None)
    assert done.order_id is not None
    assert (await alone(floor, signal)).order_id == done.order_id
    assert len([one for one in await floor.desk.orders() if one.parent_id is None]) == 1


SAYS_NO: list[tuple[Callable[[Floor], Awaitable[None]], str, bool]] = [
    (live, "server_ceiling", True),
    (by_hand, "account_mode", True),
    (closed, "account_mode", True),
    (no_consent, "user_consent", True),
    (kept_out, "user_consent", True),
    (follows_only, "user_consent", True),
    (strategy_does_not, "strategy", True),
    (strategy_off, "strategy", True),
    (nothing, "signal", False),
    (tight, "risk", True),
]


async def test_one_no_is_enough_and_is_named(floor: Floor) -> None:
    for n, (say_no, switch, auto) in enumerate(SAYS_NO):
        await everybody_says_yes(floor)
        await say_no(floor)
        [signal] = await floor.fire(intent(episode=START_MS + n), auto=auto)
        done = await alone(floor, signal)
        assert (done.signal_status, done.refused_by) == ("PENDING", switch)
        if switch == "risk":
            assert done.validation_errors[0]["code"] == "single_order_pct"
    assert await floor.desk.orders() == []
    await everybody_says_yes(floor)
    assert (await alone(floor, signal)).signal_status == "EXECUTED"


async def everybody_says_yes(floor: Floor) -> None:
    await all_on(floor)
    await floor.desk.set_limits(ROOMY)
    async with floor.db.write() as session:
        await session.execute(update(Account).values(trading_mode="PAPER", status="ACTIVE"))
        await session.execute(update(StrategyRow).values(enabled=True))
        await session.execute(update(User).values(status="ACTIVE"))
        await session.execute(update(UserRole).values(role="trader"))


async def test_consent_of_somebody_who_left_the_account_is_none(floor: Floor) -> None:
    await all_on(floor)
    [signal] = await floor.fire(intent(), auto=True)
    await has_left(floor)
    assert (await alone(floor, signal)).refused_by == "user_consent"
    assert await floor.desk.orders() == []


async def test_only_who_may_place_orders_asks_for_runs_that_trade_unasked(floor: Floor) -> None:
    desk = floor.desk
    looker = replace(desk.actor, permissions=desk.actor.permissions - {"order.place"})
    asked = RunAsked(account_id=desk.account.id, instruments=[BTC.symbol], timeframe=Timeframe.M30, auto_execute=True)
    async with floor.db.write() as session:
        with pytest.raises(ForbiddenError):
            await service.start_run(session, looker, str(floor.strategy.id), asked, clock=desk.clock)
        quiet = asked.model_copy(update={"auto_execute": False})
        await service.start_run(session, looker, str(floor.strategy.id), quiet, clock=desk.clock)


async def test_consent_is_given_and_taken_back_in_the_audit_trail(floor: Floor) -> None:
    desk = floor.desk
    async with floor.db.read() as session:
        assert not await service.has_consent(session, desk.actor, desk.account.id)
    await all_on(floor)
    async with floor.db.read() as session:
        assert await service.has_consent(session, desk.actor, desk.account.id)
    await no_consent(floor)
    async with floor.db.read() as session:
        assert not await service.has_consent(session, desk.actor, desk.account.id)
