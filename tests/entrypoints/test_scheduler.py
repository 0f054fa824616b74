"""Several schedulers over one database: each job once a period, and a lease whose number only grows."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from alphaloop.core.clock import ManualClock
from alphaloop.entrypoints.scheduler import LEASE, LEASE_S, Scheduler
from alphaloop.infra.db import Database
from alphaloop.infra.jobs.models import JobRow
from alphaloop.infra.jobs.schedule import Schedule
from alphaloop.infra.leases import Lease, holds_lease, take_lease

pytestmark = pytest.mark.database
SCHEDULES = {"tidy": Schedule("*/5 * * * *"), "report": Schedule("30 16 * * *", "Asia/Shanghai")}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 1, 5, 8, 31, tzinfo=UTC))  # 16:31 in Shanghai


async def jobs(db: Database) -> list[str]:
    async with db.read() as session:
        return sorted(await session.scalars(select(JobRow.kind)))


async def token(db: Database) -> int | None:
    async with db.read() as session:
        return await session.scalar(select(Lease.token).where(Lease.name == LEASE))


async def test_a_job_is_queued_once_a_period(db: Database, clock: ManualClock) -> None:
    scheduler = Scheduler(db, clock, SCHEDULES, holder="a")
    assert sorted(await scheduler.tick()) == ["report", "tidy"]
    assert await scheduler.tick() == []
    clock.advance(timedelta(minutes=5))
    assert await scheduler.tick() == ["tidy"]
    assert await jobs(db) == ["report", "tidy", "tidy"]


async def test_a_schedule_is_read_in_its_own_time_zone(clock: ManualClock) -> None:
    assert SCHEDULES["report"].latest(clock.now()) == datetime(2026, 1, 5, 8, 30, tzinfo=UTC)
    assert SCHEDULES["report"].latest(clock.now() - timedelta(minutes=2)) is None


async def test_two_schedulers_queue_one_job_each_period(db: Database, clock: ManualClock) -> None:
    pair = [Scheduler(db, clock, SCHEDULES, holder=name) for name in "ab"]
    for _ in range(3):
        await asyncio.gather(*(each.tick() for each in pair * 4))
        clock.advance(timedelta(minutes=5))
    assert await jobs(db) == ["report", "tidy", "tidy", "tidy"]


async def test_four_processes_of_their_own_queue_one_job_each_period(db: Database, clock: ManualClock) -> None:
    others = [Database(db.url) for _ in range(3)]
    try:
        schedulers = [Scheduler(each, clock, SCHEDULES, holder=f"p{n}") for n, each in enumerate([db, *others])]
        await asyncio.gather(*(each.tick() for each in schedulers))
    finally:
        for each in others:
            await each.close()
    assert await jobs(db) == ["report", "tidy"]


async def test_the_one_that_holds_the_lease_keeps_it_and_a_successor_gets_a_larger_number(
    db: Database, clock: ManualClock
) -> None:
    first, second = (Scheduler(db, clock, SCHEDULES, holder=name) for name in "ab")
    await first.tick()
    before = await token(db)
    assert before is not None
    clock.advance(timedelta(seconds=LEASE_S / 2))
    await first.tick()
    assert await second.tick() == []
    assert await token(db) == before
    clock.advance(timedelta(minutes=5))
    assert await second.tick() == ["tidy"]
    after = await token(db)
    assert after is not None
    assert after > before
    assert await first.tick() == []
    async with db.read() as session:
        assert not await holds_lease(session, LEASE, token=before, now=clock.now())
        assert await holds_lease(session, LEASE, token=after, now=clock.now())


async def test_a_lease_that_ran_out_is_not_held_although_nobody_took_it(db: Database, clock: ManualClock) -> None:
    async with db.write() as session:
        taken = await take_lease(session, "x", "a", now=clock.now(), ttl_s=10)
    assert taken is not None
    clock.advance(timedelta(seconds=10))
    async with db.read() as session:
        assert not await holds_lease(session, "x", token=taken, now=clock.now())


async def test_a_job_that_came_due_while_nobody_looked_is_queued_once_afterwards(
    db: Database, clock: ManualClock
) -> None:
    scheduler = Scheduler(db, clock, SCHEDULES, holder="a")
    clock.advance(timedelta(minutes=40))
    assert sorted(await scheduler.tick()) == ["report", "tidy"]
    clock.advance(timedelta(hours=2))
    assert await scheduler.tick() == ["tidy"]
