"""Limits that people set, halts, and the log of refusals."""

import pytest
from sqlalchemy import select

from alphaloop.core.clock import ManualClock
from alphaloop.core.errors import NotFoundError
from alphaloop.engine.risk import Limits
from alphaloop.features.risk import service as risk
from alphaloop.features.risk.models import RiskHalt
from alphaloop.features.risk.service import Ceiling
from alphaloop.infra.db import Database
from tests.builders import CEILING, D, Desk, add_person, open_desk, wish

pytestmark = pytest.mark.database


@pytest.fixture
async def desk(db: Database, clock: ManualClock) -> Desk:
    return await open_desk(db, clock, limits=None)


async def effective(desk: Desk, ceiling: Ceiling = CEILING) -> Limits:
    async with desk.db.read() as session:
        return await risk.limits_for(session, desk.account, ceiling)


async def test_defaults_apply_until_a_person_says_otherwise(desk: Desk) -> None:
    assert (await effective(desk)).max_single_order_pct == D("0.2")
    await desk.set_limits(Limits(max_single_order_pct=D("0.35")))
    assert (await effective(desk)).max_single_order_pct == D("0.35")
    assert (await effective(desk)).max_orders_per_minute == 5
    await desk.set_limits(Limits())
    assert (await effective(desk)).max_single_order_pct == D("0.2")


async def test_nobody_relaxes_what_the_operator_caps(desk: Desk) -> None:
    await desk.set_limits(Limits(max_orders_per_minute=500))
    ceiling = Ceiling(live_allowed=False, maximum=Limits(max_orders_per_minute=7))
    assert (await effective(desk, ceiling)).max_orders_per_minute == 7


async def test_one_persons_limits_are_not_anothers(desk: Desk, db: Database, clock: ManualClock) -> None:
    robin = await add_person(db, clock, "robin")
    async with db.write() as session:
        await risk.write_config(session, robin, Limits(max_single_order_pct=D("0.01")), clock=clock)
    assert (await effective(desk)).max_single_order_pct == D("0.2")


async def halt(desk: Desk, on: bool, account_id: int | None = None) -> None:
    async with desk.db.write() as session:
        await risk.set_halt(
            session, desk.actor, on=on, reason="r", account_id=account_id, platform=False, clock=desk.clock
        )


async def test_halting_twice_is_one_halt_and_lifting_keeps_the_row(desk: Desk) -> None:
    await halt(desk, True)
    await halt(desk, True)
    await halt(desk, False)
    await halt(desk, False)
    async with desk.db.read() as session:
        (row,) = await session.scalars(select(RiskHalt))
        assert await risk.find_halt(session, desk.account) is None
    assert row.lifted_by == desk.actor.user_id


async def test_a_halt_of_one_account_is_lifted_by_its_own_switch_only(desk: Desk) -> None:
    await halt(desk, True, desk.account.id)
    await halt(desk, False)
    done = await desk.try_submit(wish())
    assert done.verdict is not None
    assert done.verdict.code == "trading_halted"
    await halt(desk, False, desk.account.id)
    assert (await desk.try_submit(wish())).order is not None


async def test_nobody_halts_somebody_elses_account(desk: Desk, db: Database, clock: ManualClock) -> None:
    robin = await add_person(db, clock, "robin")
    with pytest.raises(NotFoundError):
        async with db.write() as session:
            await risk.set_halt(
                session, robin, on=True, reason="", account_id=desk.account.id, platform=False, clock=clock
            )
    async with db.read() as session:
        assert await risk.find_halt(session, desk.account) is None


async def test_refusals_are_listed_newest_first_in_pages(desk: Desk) -> None:
    for quantity in (90, 91, 92):
        await desk.try_submit(wish(quantity=quantity))
    async with desk.db.read() as session:
        first = await risk.list_logs(session, [desk.account.id], before=None, limit=2)
        rest = await risk.list_logs(session, [desk.account.id], before=first[-1].id, limit=2)
        assert await risk.list_logs(session, [], before=None, limit=2) == []
    assert [row.trigger_value for row in [*first, *rest]] == [D("0.92"), D("0.91"), D("0.9")]
    assert {row.rule_type for row in first} == {"single_order_pct"}
