"""Periodic jobs, each queued once per period however many processes there are.

One process at a time holds the scheduler's lease; the unique key (job, period) makes a double impossible even when
two believe they hold it.
"""

import asyncio
from typing import Any

from loguru import logger

from alphaloop.core.clock import Clock
from alphaloop.infra.db import Database
from alphaloop.infra.jobs.local import enqueue
from alphaloop.infra.jobs.schedule import Schedule
from alphaloop.infra.leases import holds_lease, take_lease

LEASE = "scheduler"
LEASE_S = 30.0
TICK_S = 5.0


class Scheduler:
    """Looks every few seconds which jobs are due and queues them."""

    def __init__(self, db: Database, clock: Clock, schedules: dict[str, Schedule], *, holder: str) -> None:
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
                due = schedule.latest(now)
                args: dict[str, Any] = {"period": due.isoformat()} if due else {}
                if due and await enqueue(session, self._clock, kind, args, period=due.isoformat()) is not None:
                    queued.append(kind)
        return queued
