"""Jobs through Celery on a real Redis: neither a killed worker nor a lost or doubled message loses or doubles one."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis
from sqlalchemy import update

from alphaloop.core.clock import ManualClock, SystemClock
from alphaloop.infra.db import Database
from alphaloop.infra.jobs.celery import Sender, make_celery
from alphaloop.infra.jobs.local import enqueue, get_job
from alphaloop.infra.jobs.models import JobRow, JobStatus

ROOT = Path(__file__).parents[3]
DATABASE_NUMBER = 9


@pytest.fixture
async def broker() -> str:
    url = os.environ.get("ALPHALOOP_TEST_REDIS", "")
    if not url:
        message = "no Redis to test with; set ALPHALOOP_TEST_REDIS"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    url = f"{url.rpartition('/')[0] if url.count('/') > 2 else url}/{DATABASE_NUMBER}"
    client = Redis.from_url(url)
    await client.flushdb()
    await client.aclose()
    return url


class Site:
    """A database, a sender, and Celery workers in processes of their own."""

    def __init__(self, db: Database, broker: str, folder: Path, stack: AsyncExitStack) -> None:
        self.db, self.broker, self.folder, self._stack = db, broker, folder, stack
        # What is lost on the way is told again soon, so that a flushed Redis only costs time.
        self.sender = Sender(db, SystemClock(), make_celery(broker), ["tests.book"], again_s=1.0)

    async def start(self, kind: str = "careful") -> asyncio.subprocess.Process:
        command = ["-m", "tests.infra.jobs.celery_site", kind, self.db.url.render_as_string(hide_password=False)]
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, self.broker, str(self.folder), cwd=ROOT
        )
        self._stack.push_async_callback(end, process)
        return process

    async def ask(self) -> int:
        async with self.db.write() as session:
            job_id = await enqueue(session, SystemClock(), "tests.book", {})
        assert job_id is not None
        return job_id

    async def row(self, job_id: int) -> JobRow:
        async with self.db.read() as session:
            return await get_job(session, job_id, owner_id=None)

    def book(self) -> list[str]:
        book = self.folder / "book"
        return book.read_text().split() if book.exists() else []

    def open_gate(self) -> None:
        (self.folder / "gate").touch()

    async def send_until(self, done: Callable[[], Awaitable[bool]]) -> None:
        for _ in range(400):
            await self.sender.send_waiting()
            if await done():
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"nothing came of it: {self.book()}")

    async def has_ended(self, job_id: int) -> bool:
        return (await self.row(job_id)).status not in (JobStatus.QUEUED, JobStatus.RUNNING)

    async def let_the_lease_lapse(self) -> None:
        async with self.db.write() as session:
            await session.execute(update(JobRow).values(lease_until=SystemClock().now() - timedelta(seconds=1)))


async def end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()


@pytest.fixture
async def site(db: Database, broker: str, tmp_path: Path) -> AsyncIterator[Site]:
    async with AsyncExitStack() as stack:
        yield Site(db, broker, tmp_path, stack)


async def killed_in_the_middle(site: Site, kind: str) -> tuple[int, list[int]]:
    """(the job, what is told of again once its lease has lapsed) after a worker was killed while it ran."""
    job_id = await site.ask()
    worker = await site.start(kind)

    async def began() -> bool:
        return "began" in site.book()

    await site.send_until(began)
    worker.kill()
    await worker.wait()
    assert await site.sender.send_waiting() == []
    await site.let_the_lease_lapse()
    return job_id, await site.sender.send_waiting()


@pytest.mark.services
async def test_a_killed_workers_job_is_told_again_and_done_once(site: Site) -> None:
    job_id, again = await killed_in_the_middle(site, "careful")
    assert again == [job_id]
    site.open_gate()
    await site.start()
    await site.send_until(lambda: site.has_ended(job_id))
    row = await site.row(job_id)
    assert (row.status, row.attempts, row.result) == (JobStatus.DONE, 2, {"done": True})
    assert site.book() == ["began", "began", "ended"]
    # Whoever is told of a job that is done finds nothing to claim; the next job shows that it was listened to.
    for _ in range(3):
        site.sender._app.send_task("alphaloop.job", args=[job_id])
    other = await site.ask()
    await site.send_until(lambda: site.has_ended(other))
    assert site.book() == ["began", "began", "ended", "began", "ended"]


@pytest.mark.services
async def test_a_worker_that_acknowledges_before_it_works_would_lose_the_job(site: Site) -> None:
    job_id, again = await killed_in_the_middle(site, "unleased")
    assert again == []
    assert ((await site.row(job_id)).status, set(site.book())) == (JobStatus.DONE, {"began"})


@pytest.mark.services
async def test_a_worker_that_does_not_claim_would_do_the_job_twice(site: Site) -> None:
    job_id = await site.ask()
    site.open_gate()
    await site.start("unclaimed")
    for _ in range(2):
        site.sender._app.send_task("alphaloop.job", args=[job_id])

    async def twice() -> bool:
        return site.book().count("ended") >= 2

    await site.send_until(twice)


@pytest.mark.services
async def test_what_nobody_claims_is_told_again_at_growing_distances(
    db: Database, clock: ManualClock, broker: str
) -> None:
    sender = Sender(db, clock, make_celery(broker), ["tests.book"])
    async with db.write() as session:
        job_id = await enqueue(session, clock, "tests.book", {})
        await enqueue(session, clock, "tests.other", {})
    told = []
    for _ in range(8):
        told.append(await sender.send_waiting())
        clock.advance(timedelta(seconds=30))
    assert told == [[job_id], [], [job_id], [], [], [], [job_id], []]
