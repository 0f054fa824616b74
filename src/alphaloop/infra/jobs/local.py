"""The default job queue: rows in the database, claimed by a worker process under a lease.

A worker that dies leaves its lease to expire and the job is claimed again, so every job must be safe to run twice.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

from loguru import logger
from sqlalchemy import Select, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from alphaloop.core.clock import Clock
from alphaloop.core.errors import AlphaLoopError, ConflictError, NotFoundError
from alphaloop.infra.db import Database, ReadSession, WriteSession
from alphaloop.infra.jobs.models import JobRow, JobStatus

Part = TypeVar("Part")

LEASE_S = 30.0
MAX_ATTEMPTS = 3


class JobCancelledError(Exception):
    """Raised inside a job when somebody asked it to stop; finished work is kept."""


class JobContext:
    """What a running job may do besides its work: report progress and notice that it should stop."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        job_id: int,
        owner_id: int | None,
        args: dict[str, Any],
        parts: Mapping[type[Any], Any] | None = None,
        *,
        holder: str,
    ) -> None:
        self._holder = holder
        self.db = db
        self.clock = clock
        self.job_id = job_id
        self.owner_id = owner_id
        self.args = args
        self._parts = parts or {}

    def part(self, kind: type[Part]) -> Part:
        """The one object of that type (settings, the vault, …) the worker was started with."""
        found: Part = self._parts[kind]
        return found

    async def hold(self, session: WriteSession) -> None:
        """Raise JobCancelledError unless this run still has the job: ask in a transaction that writes what it found, so
        that a worker which lost its lease writes nothing beside the next one."""
        holder = await session.scalar(select(JobRow.lease_holder).where(JobRow.id == self.job_id).with_for_update())
        if holder != self._holder:
            raise JobCancelledError

    async def progress(self, done: int, total: int, note: str = "") -> None:
        """Record progress, extend the lease, and raise JobCancelledError if the job was cancelled or taken over."""
        async with self.db.write() as session:
            recorded = await session.execute(
                update(JobRow)
                # A worker that lost its lease must not hold up the next one, or report over it.
                .where(JobRow.id == self.job_id, JobRow.lease_holder == self._holder)
                .values(
                    progress_done=done,
                    progress_total=total,
                    progress_note=note[:200],
                    lease_until=self.clock.now() + timedelta(seconds=LEASE_S),
                )
            )
            stop = await session.scalar(select(JobRow.cancel_requested).where(JobRow.id == self.job_id))
        if stop or getattr(recorded, "rowcount", 0) == 0:
            raise JobCancelledError


JobHandler = Callable[[JobContext], Awaitable[dict[str, Any] | None]]


async def enqueue(
    session: WriteSession,
    clock: Clock,
    kind: str,
    args: dict[str, Any],
    *,
    owner_id: int | None = None,
    period: str | None = None,
) -> int | None:
    """Queue a job; returns its id, or None when a job of that kind and period exists already."""
    try:
        async with session.begin_nested():
            added = await session.execute(
                insert(JobRow).values(
                    kind=kind,
                    period=period,
                    owner_id=owner_id,
                    args=args,
                    status=JobStatus.QUEUED,
                    progress_done=0,
                    progress_total=0,
                    progress_note="",
                    cancel_requested=False,
                    attempts=0,
                    created_at=clock.now(),
                )
            )
    except IntegrityError:
        return None
    session.info["announced"] = True
    return int(added.inserted_primary_key[0])  # type: ignore[attr-defined]


async def get_job(session: ReadSession, job_id: int, *, owner_id: int | None) -> JobRow:
    """The job, if it is that owner's (None: anybody's), else NotFoundError."""
    row = await session.get(JobRow, job_id)
    if row is None or (owner_id is not None and row.owner_id != owner_id):
        raise NotFoundError("There is no such job.", code="job_not_found")
    return row


async def refuse_many(session: ReadSession, kind: str, *, owner_id: int, most: int) -> None:
    """ConflictError 'runs_waiting' while that many jobs of a kind are unfinished for their owner."""
    unfinished = (JobStatus.QUEUED, JobStatus.RUNNING)
    theirs = (JobRow.kind == kind, JobRow.owner_id == owner_id, JobRow.status.in_(unfinished))
    if (await session.scalar(select(func.count()).select_from(JobRow).where(*theirs)) or 0) >= most:
        raise ConflictError("Your other runs are not finished yet.", code="runs_waiting")


async def cancel_job(session: WriteSession, clock: Clock, job_id: int, *, owner_id: int | None) -> JobRow:
    """Ask a job to stop: a waiting one is cancelled at once, a running one at its next progress report."""
    row = await get_job(session, job_id, owner_id=owner_id)
    if row.status == JobStatus.QUEUED:
        row.status = JobStatus.CANCELLED
        row.finished_at = clock.now()
    row.cancel_requested = True
    return row


def waiting_jobs(kinds: Collection[str], now: datetime) -> Select[int]:
    """Ids of the jobs of these kinds that anybody may claim: waiting, or left behind by a worker that died."""
    abandoned = (JobRow.status == JobStatus.RUNNING) & (JobRow.lease_until < now)
    claimable = or_(JobRow.status == JobStatus.QUEUED, abandoned)
    return select(JobRow.id).where(JobRow.kind.in_(kinds), claimable).order_by(JobRow.id)


class LocalWorker:
    """Claims and runs jobs; `wake()` spares the wait until the next look.

    One at a time, but for the kinds in `long`: these have a second lane, also one at a time, so that what is soon done
    never waits for what takes hours."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        handlers: dict[str, JobHandler],
        *,
        holder: str,
        poll_s: float = 1.0,
        parts: Mapping[type[Any], Any] | None = None,
        long: Collection[str] = (),
    ) -> None:
        self._db = db
        self._clock = clock
        self._handlers = handlers
        self._parts = parts or {}
        self._holder = holder
        self._poll_s = poll_s
        self._lanes = [[kind for kind in handlers if kind not in long], [kind for kind in handlers if kind in long]]
        self._wakes = [asyncio.Event() for _ in self._lanes]

    def wake(self) -> None:
        for wake in self._wakes:
            wake.set()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for kinds, wake in zip(self._lanes, self._wakes, strict=True):
                if kinds:
                    group.create_task(self._serve(kinds, wake))

    async def _serve(self, kinds: Collection[str], wake: asyncio.Event) -> None:
        while True:
            wake.clear()
            try:
                while await self._run_next(kinds, None):
                    pass
            except Exception:
                # The database may be away for a moment: whoever serves jobs beside trading must not take it along.
                logger.exception("looking for jobs failed")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(wake.wait(), self._poll_s)

    async def run_one(self, job_id: int | None = None) -> bool:
        """Claim and run the oldest waiting job, or that one; False when there is nothing to claim."""
        return await self._run_next(self._handlers, job_id)

    async def _run_next(self, kinds: Collection[str], job_id: int | None) -> bool:
        claimed = await self._claim(kinds, job_id)
        if claimed is None:
            return False
        holder = claimed.lease_holder or ""
        context = JobContext(
            self._db,
            self._clock,
            claimed.id,
            claimed.owner_id,
            claimed.args,
            self._parts,
            holder=holder,
        )
        status, result, error = JobStatus.DONE, None, None
        keeper = asyncio.create_task(self._keep_lease(claimed.id, holder))
        try:
            result = await self._handlers[claimed.kind](context)
        except JobCancelledError:
            status = JobStatus.CANCELLED
        except AlphaLoopError as refused:
            status = JobStatus.FAILED
            fields = [{"field": field, "code": code} for field, code in refused.fields]
            error = {"code": refused.code, "message": refused.message, "detail": fields}
        except Exception:
            logger.exception("job {} ({}) failed", claimed.id, claimed.kind)
            status, error = JobStatus.FAILED, {"code": "job_failed", "message": "The job failed.", "detail": []}
        finally:
            keeper.cancel()
        await self._finish(claimed.id, holder, status=status, result=result, error=error)
        return True

    async def _keep_lease(self, job_id: int, holder: str) -> None:
        while True:
            await asyncio.sleep(LEASE_S / 3)
            try:
                async with self._db.write() as session:
                    await session.execute(
                        update(JobRow)
                        .where(JobRow.id == job_id, JobRow.lease_holder == holder)
                        .values(lease_until=self._clock.now() + timedelta(seconds=LEASE_S))
                    )
            except Exception:
                # The database may be away for a moment: the job goes on, and the next try comes before the lease ends.
                logger.exception("the lease of job {} could not be kept", job_id)

    async def _claim(self, kinds: Collection[str], wanted: int | None) -> JobRow | None:
        now = self._clock.now()
        waiting = waiting_jobs(kinds, now).limit(1)
        if wanted is not None:
            waiting = waiting.where(JobRow.id == wanted)
        async with self._db.read() as reader:
            if await reader.scalar(waiting) is None:
                return None
        async with self._db.write() as session:
            job_id = await session.scalar(waiting)
            if job_id is None:
                return None
            row = await session.get(JobRow, job_id, with_for_update=True)
            if row is None or not (row.status == JobStatus.QUEUED or _lapsed(row, self._clock)):
                return None
            if row.attempts >= MAX_ATTEMPTS:
                row.status, row.finished_at = JobStatus.FAILED, now
                row.error = {"code": "job_abandoned", "message": "The job was started three times and never ended."}
                return None
            row.status, row.started_at, row.attempts = JobStatus.RUNNING, now, row.attempts + 1
            # The attempt makes it this run's own: a process that claims a lapsed job of its own is another holder.
            row.lease_holder, row.lease_until = f"{self._holder[:56]}#{row.attempts}", now + timedelta(seconds=LEASE_S)
            return row

    async def _finish(
        self,
        job_id: int,
        holder: str,
        *,
        status: JobStatus,
        result: dict[str, Any] | None,
        error: dict[str, Any] | None,
    ) -> None:
        async with self._db.write() as session:
            await session.execute(
                update(JobRow)
                # A worker that lost its lease must not overwrite what the next one is doing.
                .where(JobRow.id == job_id, JobRow.lease_holder == holder, JobRow.status == JobStatus.RUNNING)
                .values(status=status, result=result, error=error, finished_at=self._clock.now(), lease_until=None)
            )


def _lapsed(row: JobRow, clock: Clock) -> bool:
    return row.status == JobStatus.RUNNING and row.lease_until is not None and row.lease_until < clock.now()
