"""Housekeeping: what has been delivered and finished for long is not kept for ever."""

from datetime import timedelta
from typing import Any

from sqlalchemy import delete

from alphaloop.infra.jobs.local import JobContext
from alphaloop.infra.jobs.models import JobRow, JobStatus
from alphaloop.infra.jobs.schedule import Schedule
from alphaloop.infra.outbox import OutboxRow

CLEAN_JOB = "monitoring.clean_up"
EVENTS_KEPT = timedelta(days=3)
JOBS_KEPT = timedelta(days=30)
_ENDED = (JobStatus.DONE, JobStatus.FAILED, JobStatus.CANCELLED)


async def clean_up(context: JobContext) -> dict[str, Any]:
    """Delete delivered events after three days and ended jobs after thirty; orders, money and audit stay for good."""
    now = context.clock.now()
    async with context.db.write() as session:
        events = await session.execute(delete(OutboxRow).where(OutboxRow.dispatched_at < now - EVENTS_KEPT))
        jobs = await session.execute(
            delete(JobRow).where(JobRow.status.in_(_ENDED), JobRow.finished_at < now - JOBS_KEPT)
        )
    return {"events": getattr(events, "rowcount", 0), "jobs": getattr(jobs, "rowcount", 0)}


HANDLERS = {CLEAN_JOB: clean_up}
SCHEDULES = {CLEAN_JOB: lambda _settings: Schedule("17 3 * * *")}
