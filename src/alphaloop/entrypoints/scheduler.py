"""Periodic jobs, each queued once per period however many processes there are.

One process at a time holds the scheduler's lease; the unique key (job, period) makes a double impossible even when
two believe they hold it.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from loguru import logger

from alphaloop.core.clock import Clock
from alphaloop.infra.db import Database, WriteSession
from alphaloop.infra.jobs.local import enqueue
from alphaloop.infra.jobs.schedule import Schedule
from alphaloop.infra.leases import holds_lease, take_lease

LEASE = "scheduler"
LEASE_S = 30.0
TICK_S = 5.0


class DueJob(Protocol):
    """One job that a timetable says is due; its period makes it one however often it is asked for."""

    @property
    def period(self) -> str: ...

    @property
    def args(self) -> dict[str, Any]: ...

    @property
    def owner_id(self) -> int | None: ...


class Timetable(Protocol):
    """Many schedules that a room keeps in its own rows."""

    async def due(self, session: WriteSession, now: datetime) -> Sequence[DueJob]:
        """What is due now; asked again in a later transaction it is due no more."""
        ...


class Scheduler:
    """Looks every few seconds which jobs are due and queues them."""

    def __init__(
        self, db: Database, clock: Clock, schedules: Mapping[str, Schedule | Timetable], *, holder: str
    ) -> None:
        self._db = db
        self._clock = clock
        self._schedules = schedules
        self._holder = holder
        self._token: int | None = None

    async def run(self) -> None:
        while True:
            try:
                await self.tick()
            except Exception:
                # The database may be away for a moment; the next tick tries again.
                logger.exception("scheduler tick failed")
            await asyncio.sleep(TICK_S)

    async def tick(self) -> list[str]:
        """Queue what is due; returns the kinds queued by this call."""
        if not self._schedules:
            return []
        now = self._clock.now()
        queued = []
        async with self._db.write() as session:
            self._token = await take_lease(session, LEASE, self._holder, now=now, ttl_s=LEASE_S)
            if self._token is None or not await holds_lease(session, LEASE, token=self._token, now=now):
                return []
            for kind, schedule in self._schedules.items():
                queued += [kind] * await self._queue(session, kind, schedule, now)
        return queued

    async def _queue(self, session: WriteSession, kind: str, schedule: Schedule | Timetable, now: datetime) -> int:
        if not isinstance(schedule, Schedule):
            count = 0
            for one in await schedule.due(session, now):
                job = await enqueue(session, self._clock, kind, one.args, owner_id=one.owner_id, period=one.period)
                count += job is not None
            return count
        due = schedule.latest(now)
        if due is None:
            return 0
        period = due.isoformat()
        return int(await enqueue(session, self._clock, kind, {"period": period}, period=period) is not None)
