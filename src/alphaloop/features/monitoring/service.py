"""Asking each part how it is."""

from sqlalchemy import func, select, text

from alphaloop.core.clock import Clock
from alphaloop.features.monitoring.schemas import Health, Part, PartStatus
from alphaloop.infra.bus import Bus
from alphaloop.infra.db import Database, ReadSession
from alphaloop.infra.leases import Lease
from alphaloop.infra.outbox import OutboxRow

WORKER_LEASE = "scheduler"
OUTBOX_BACKLOG = 1000


async def check_health(db: Database, bus: Bus, clock: Clock) -> Health:
    """The worst part decides. A database that does not answer leaves nothing else to ask."""
    now = clock.now()
    try:
        async with db.read() as session:
            await session.execute(text("SELECT 1"))
            parts = [
                Part(name="database", status=PartStatus.OK, detail=db.dialect),
                await _worker(session, clock),
                await _outbox(session),
            ]
    except (OSError, ConnectionError, TimeoutError) as error:
        parts = [Part(name="database", status=PartStatus.DOWN, detail=type(error).__name__)]
    parts.append(
        Part(
            name="bus",
            status=PartStatus.OK if bus.connected else PartStatus.DEGRADED,
            detail="connected" if bus.connected else "reconnecting",
        )
    )
    worst = max((part.status for part in parts), key=list(PartStatus).index)
    return Health(status=worst, last_updated=now, parts=parts)


async def _worker(session: ReadSession, clock: Clock) -> Part:
    """A worker renews the scheduler's lease every few seconds: while it lasts, one is alive."""
    until = await session.scalar(select(Lease.expires_at).where(Lease.name == WORKER_LEASE))
    alive = until is not None and until > clock.now()
    return Part(
        name="worker", status=PartStatus.OK if alive else PartStatus.DOWN, detail="running" if alive else "not_running"
    )


async def _outbox(session: ReadSession) -> Part:
    waiting = (
        await session.scalar(select(func.count()).select_from(OutboxRow).where(OutboxRow.dispatched_at.is_(None))) or 0
    )
    status = PartStatus.OK if waiting < OUTBOX_BACKLOG else PartStatus.DEGRADED
    return Part(name="outbox", status=status, detail=str(waiting))
