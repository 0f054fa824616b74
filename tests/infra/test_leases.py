"""Leases: one holder at a time, with a token that only grows."""

import asyncio
from datetime import timedelta

from alphaloop.core.clock import ManualClock
from alphaloop.infra.db import Database
from alphaloop.infra.leases import holds_lease, release_lease, take_lease


async def take(db: Database, clock: ManualClock, holder: str) -> int | None:
    async with db.write() as session:
        return await take_lease(session, "tests", holder, now=clock.now(), ttl_s=10)


async def test_the_first_comes_in_and_the_second_waits_until_it_lapses(db: Database, clock: ManualClock) -> None:
    assert await take(db, clock, "one") == 1
    assert await take(db, clock, "two") is None
    clock.advance(timedelta(seconds=10))
    assert await take(db, clock, "two") == 2
    assert await take(db, clock, "one") is None


async def test_renewing_keeps_the_token(db: Database, clock: ManualClock) -> None:
    for _ in range(5):
        assert await take(db, clock, "one") == 1
        clock.advance(timedelta(seconds=6))


async def test_of_many_at_once_one_holds_it(db: Database, clock: ManualClock) -> None:
    tokens = await asyncio.gather(*(take(db, clock, f"holder {n}") for n in range(8)))
    assert sorted(token for token in tokens if token is not None) == [1]


async def test_an_old_token_no_longer_counts(db: Database, clock: ManualClock) -> None:
    await take(db, clock, "one")
    clock.advance(timedelta(seconds=11))
    await take(db, clock, "two")
    async with db.read() as session:
        assert not await holds_lease(session, "tests", token=1, now=clock.now())
        assert await holds_lease(session, "tests", token=2, now=clock.now())
        assert not await holds_lease(session, "tests", token=2, now=clock.now() + timedelta(seconds=10))


async def test_a_released_lease_is_free_at_once(db: Database, clock: ManualClock) -> None:
    await take(db, clock, "one")
    async with db.write() as session:
        await release_lease(session, "tests", "two", now=clock.now())
    assert await take(db, clock, "two") is None
    async with db.write() as session:
        await release_lease(session, "tests", "one", now=clock.now())
    assert await take(db, clock, "two") == 2
