"""Periodic jobs, each queued once per period however many processes there are.

One process at a time holds the scheduler's lease; the unique key (job, period) makes a double impossible even when
two believe they hold it.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger
from loguru import logger

from alphaloop.core.clock import Clock
from alphaloop.infra.db import Database
from alphaloop.infra.jobs.local import enqueue
from alphaloop.infra.leases import holds_lease, take_lease

LEASE = "scheduler"
LEASE_S = 30.0
TICK_S = 5.0
_LOOK_BACK = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a job runs: a five-field cron line in a named time zone."""

    cron: str
    zone: str = "UTC"

    def latest(self, now: datetime) -> datetime | None:
        """The newest moment not after `now` at which the job was due, looking back an hour."""
        trigger = CronTrigger.from_crontab(self.cron, timezone=ZoneInfo(self.zone))
        due, found = trigger.get_next_fire_time(None, now - _LOOK_BACK), None
        while due is not None and due <= now:
            found = due
            due = trigger.get_next_fire_time(due, due + timedelta(seconds=1))
        return found


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
