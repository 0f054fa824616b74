"""Jobs: done once, cancellable, taken over from a dead worker, and owned."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from alphaloop.core.clock import ManualClock
from alphaloop.core.errors import InvalidError, NotFoundError
from alphaloop.infra.db import Database
from alphaloop.infra.jobs import local
from alphaloop.infra.jobs.local import (
    LEASE_S,
    MAX_ATTEMPTS,
    JobCancelledError,
    JobContext,
    LocalWorker,
    cancel_job,
    enqueue,
    get_job,
)
from alphaloop.infra.jobs.models import JobRow, JobStatus


class Work:
    """A job's body that records what happened to it."""

    def __init__(self) -> None:
        self.ran: list[int] = []
        self.error: Exception | None = None
        self.started = asyncio.Event()
        self.hold: asyncio.Event | None = None

    async def __call__(self, context: JobContext) -> dict[str, Any]:
        self.ran.append(context.job_id)
        self.started.set()
        if self.hold is not None:
            await self.hold.wait()
        await context.progress(1, 2, "half")
        if self.error is not None:
            raise self.error
        return {"args": context.args}


@pytest.fixture
def work() -> Work:
    return Work()


def worker(db: Database, clock: ManualClock, work: Work, holder: str = "one") -> LocalWorker:
    return LocalWorker(db, clock, {"tests.work": work}, holder=holder)


async def ask(db: Database, clock: ManualClock, period: str | None = None, owner_id: int | None = 1) -> int | None:
    async with db.write() as session:
        return await enqueue(session, clock, "tests.work", {"x": 1}, owner_id=owner_id, period=period)


async def state(db: Database, job_id: int) -> JobRow:
    async with db.read() as session:
        return await get_job(session, job_id, owner_id=None)


async def asked(db: Database, clock: ManualClock) -> int:
    job_id = await ask(db, clock)
    assert job_id is not None
    return job_id


async def test_a_job_runs_once_and_keeps_its_result(db: Database, clock: ManualClock, work: Work) -> None:
    job_id = await asked(db, clock)
    assert await worker(db, clock, work).run_one() is True
    assert await worker(db, clock, work, "two").run_one() is False
    row = await state(db, job_id)
    assert (row.status, row.result, row.attempts) == (JobStatus.DONE, {"args": {"x": 1}}, 1)
    assert (row.progress_done, row.progress_total, row.progress_note) == (1, 2, "half")
    assert row.finished_at == clock.now()


async def test_many_workers_run_each_job_once(db: Database, clock: ManualClock, work: Work) -> None:
    ids = [await asked(db, clock) for _ in range(6)]
    workers = [worker(db, clock, work, f"holder {n}") for n in range(3)]
    while any(await asyncio.gather(*(one.run_one() for one in workers))):
        continue
    assert sorted(work.ran) == ids


async def test_a_period_is_served_once(db: Database, clock: ManualClock, work: Work) -> None:
    made = await asyncio.gather(*(ask(db, clock, period="2026-01-05") for _ in range(4)))
    assert sum(job_id is not None for job_id in made) == 1
    assert await ask(db, clock, period="2026-01-06") is not None


async def test_a_waiting_job_is_cancelled_at_once(db: Database, clock: ManualClock, work: Work) -> None:
    job_id = await asked(db, clock)
    async with db.write() as session:
        await cancel_job(session, clock, job_id, owner_id=1)
    assert await worker(db, clock, work).run_one() is False
    assert (await state(db, job_id)).status == JobStatus.CANCELLED


async def test_a_running_job_stops_at_its_next_report(db: Database, clock: ManualClock, work: Work) -> None:
    job_id = await asked(db, clock)
    work.hold = asyncio.Event()
    running = asyncio.create_task(worker(db, clock, work).run_one())
    await work.started.wait()
    async with db.write() as session:
        await cancel_job(session, clock, job_id, owner_id=1)
    work.hold.set()
    await running
    assert (await state(db, job_id)).status == JobStatus.CANCELLED


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidError("bad", code="bad_thing", fields=(("a", "b"),)), "bad_thing"),
        (RuntimeError("canary"), "job_failed"),
    ],
)
async def test_a_failed_job_says_why_but_nothing_private(
    db: Database, clock: ManualClock, work: Work, error: Exception, code: str
) -> None:
    job_id = await asked(db, clock)
    work.error = error
    await worker(db, clock, work).run_one()
    row = await state(db, job_id)
    assert row.status == JobStatus.FAILED
    assert row.error is not None
    assert row.error["code"] == code
    assert "canary" not in str(row.error)


async def test_a_dead_workers_job_is_taken_over_and_the_dead_cannot_speak(
    db: Database, clock: ManualClock, work: Work
) -> None:
    job_id = await asked(db, clock)
    work.hold = asyncio.Event()
    late = asyncio.create_task(worker(db, clock, work, "late").run_one())
    await work.started.wait()
    clock.advance(timedelta(seconds=LEASE_S + 1))
    other = Work()
    assert await worker(db, clock, other, "next").run_one() is True
    assert other.ran == [job_id]
    done = await state(db, job_id)
    work.error = RuntimeError("too late")
    work.hold.set()
    await late
    after = await state(db, job_id)
    assert (after.status, after.result, after.attempts) == (JobStatus.DONE, done.result, 2)


async def test_a_job_that_kills_its_workers_is_given_up(db: Database, clock: ManualClock) -> None:
    job_id = await asked(db, clock)
    for attempt in range(MAX_ATTEMPTS):
        work = Work()
        work.hold = asyncio.Event()
        dying = asyncio.create_task(worker(db, clock, work, f"holder {attempt}").run_one())
        await work.started.wait()
        dying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await dying
        clock.advance(timedelta(seconds=LEASE_S + 1))
    last = Work()
    await worker(db, clock, last).run_one()
    row = await state(db, job_id)
    assert last.ran == []
    assert row.error is not None
    assert (row.status, row.error["code"]) == (JobStatus.FAILED, "job_abandoned")


async def test_somebody_elses_job_is_not_found(db: Database, clock: ManualClock) -> None:
    job_id = await asked(db, clock)
    async with db.write() as session:
        for owner_id in (2, 0):
            with pytest.raises(NotFoundError):
                await get_job(session, job_id, owner_id=owner_id)
            with pytest.raises(NotFoundError):
                await cancel_job(session, clock, job_id, owner_id=owner_id)
    assert (await state(db, job_id)).cancel_requested is False


async def test_a_nudge_wakes_the_worker_before_its_next_look(db: Database, clock: ManualClock, work: Work) -> None:
    slow = LocalWorker(db, clock, {"tests.work": work}, holder="one", poll_s=60)
    running = asyncio.create_task(slow.run())
    await asyncio.sleep(0.05)
    await asked(db, clock)
    slow.wake()
    await asyncio.wait_for(work.started.wait(), 5)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert len(work.ran) == 1


async def test_what_is_soon_done_does_not_wait_for_what_takes_long(db: Database, clock: ManualClock) -> None:
    slow, quick = Work(), Work()
    slow.hold = asyncio.Event()
    handlers = {"tests.slow": slow, "tests.work": quick}
    both = LocalWorker(db, clock, handlers, holder="one", poll_s=0.01, long=["tests.slow"])
    async with db.write() as session:
        ids = [await enqueue(session, clock, kind, {}) for kind in ("tests.slow", "tests.work", "tests.slow")]
    running = asyncio.create_task(both.run())
    await slow.started.wait()
    await quick.started.wait()
    assert (slow.ran, quick.ran) == ([ids[0]], [ids[1]])
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_one_job_is_served_by_its_number_once(db: Database, clock: ManualClock, work: Work) -> None:
    first, second = [await asked(db, clock) for _ in range(2)]
    one = worker(db, clock, work)
    assert await one.run_one(second) is True
    assert await one.run_one(second) is False
    assert work.ran == [second]
    assert (await state(db, first)).status == JobStatus.QUEUED


async def test_who_lost_the_job_writes_nothing_more(db: Database, clock: ManualClock, work: Work) -> None:
    job_id = await asked(db, clock)
    lost = JobContext(db, clock, job_id, 1, {}, holder="late")
    work.hold = asyncio.Event()
    running = asyncio.create_task(worker(db, clock, work).run_one())
    await work.started.wait()
    with pytest.raises(JobCancelledError):
        async with db.write() as session:
            await lost.hold(session)
    async with db.write() as session:
        await JobContext(db, clock, job_id, 1, {}, holder="one#1").hold(session)
    work.hold.set()
    await running


class Shaky:
    """A database that is away for the next few times that it is asked."""

    def __init__(self, db: Database) -> None:
        self.db, self.away = db, 0

    def __getattr__(self, name: str) -> Any:
        if name in ("read", "write") and self.away > 0:
            self.away -= 1
            raise ConnectionError("the database is away")
        return getattr(self.db, name)


async def test_a_database_that_is_away_for_a_moment_ends_neither_the_worker_nor_a_job(
    db: Database, clock: ManualClock, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "LEASE_S", 0.03)
    shaky, work.hold = Shaky(db), asyncio.Event()
    job_id = await asked(db, clock)
    shaky.away = 2
    made: Any = shaky
    worker = LocalWorker(made, clock, {"tests.work": work}, holder="one", poll_s=0.01)
    task = asyncio.create_task(worker.run())
    try:
        await asyncio.wait_for(work.started.wait(), 5)
        shaky.away = 2
        before = (await state(db, job_id)).lease_until
        clock.advance(timedelta(seconds=5))
        for _ in range(200):
            await asyncio.sleep(0.01)
            row = await state(db, job_id)
            if not shaky.away and row.lease_until != before:
                work.hold.set()
            if row.status == JobStatus.DONE:
                break
        assert row.status == JobStatus.DONE
    finally:
        task.cancel()
    assert work.ran == [job_id]
