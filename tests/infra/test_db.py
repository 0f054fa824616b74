"""Two doors to the database: a writer never overwrites what another writer did in between."""

import asyncio

import pytest
from sqlalchemy import select, text, update

from alphaloop.core.clock import ManualClock
from alphaloop.infra.db import Database
from alphaloop.infra.jobs.local import enqueue
from alphaloop.infra.jobs.models import JobRow


async def one_job(db: Database, clock: ManualClock) -> int:
    async with db.write() as session:
        job_id = await enqueue(session, clock, "tests.count", {})
    assert job_id is not None
    return job_id


async def add_one(db: Database, job_id: int) -> None:
    """Read, think, write: the pattern that loses updates when two do it at once."""
    async with db.write() as session:
        row = await session.get(JobRow, job_id, with_for_update=True)
        assert row is not None
        before = row.progress_done
        await asyncio.sleep(0)
        row.progress_done = before + 1


async def counted(db: Database, job_id: int) -> int | None:
    async with db.read() as session:
        return await session.scalar(select(JobRow.progress_done).where(JobRow.id == job_id))


async def test_parallel_writers_of_one_process_lose_nothing(db: Database, clock: ManualClock) -> None:
    job_id = await one_job(db, clock)
    await asyncio.gather(*(add_one(db, job_id) for _ in range(25)))
    assert await counted(db, job_id) == 25


async def test_parallel_writers_of_two_processes_lose_nothing(db: Database, clock: ManualClock) -> None:
    job_id = await one_job(db, clock)
    other = Database(db.url)
    await asyncio.gather(*(add_one(handle, job_id) for _ in range(10) for handle in (db, other)))
    await other.close()
    assert await counted(db, job_id) == 20


async def test_an_error_rolls_everything_back(db: Database, clock: ManualClock) -> None:
    job_id = await one_job(db, clock)

    async def fail() -> None:
        async with db.write() as session:
            await session.execute(update(JobRow).values(progress_done=9))
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        await fail()
    assert await counted(db, job_id) == 0
    await add_one(db, job_id)
    assert await counted(db, job_id) == 1


async def test_a_cancelled_writer_frees_the_turn(db: Database, clock: ManualClock) -> None:
    job_id = await one_job(db, clock)

    async def linger() -> None:
        async with db.write() as session:
            await session.execute(update(JobRow).values(progress_done=9))
            await asyncio.sleep(60)

    task = asyncio.create_task(linger())
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(add_one(db, job_id), 5)
    assert await counted(db, job_id) == 1


async def test_a_reader_sees_one_moment_on_sqlite_and_each_statements_own_elsewhere(
    db: Database, clock: ManualClock
) -> None:
    job_id = await one_job(db, clock)
    async with db.read() as session:
        query = select(JobRow.progress_done).where(JobRow.id == job_id)
        assert await session.scalar(query) == 0
        await add_one(db, job_id)
        assert await session.scalar(query) == (0 if db.dialect == "sqlite" else 1)


async def test_many_readers_wait_for_a_connection_instead_of_failing(db: Database) -> None:
    async def read() -> int | None:
        async with db.read() as session:
            found: int | None = await session.scalar(text("SELECT 1"))
            return found

    assert await asyncio.gather(*(read() for _ in range(60))) == [1] * 60


async def test_the_worker_is_nudged_only_after_a_commit_that_announced(db: Database, clock: ManualClock) -> None:
    nudges: list[int] = []
    db.on_announced = lambda: nudges.append(1)
    async with db.write() as session:
        await session.execute(update(JobRow).values(progress_done=1))
    assert nudges == []
    async with db.write() as session:
        await enqueue(session, clock, "tests.count", {})
        assert nudges == []
    assert nudges == [1]
