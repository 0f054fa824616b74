"""The sealer: chains new audit rows within a second, one process at a time."""

from sqlalchemy import select

from alphaloop.core.clock import Clock
from alphaloop.features.audit.models import AuditLog
from alphaloop.features.audit.service import seal
from alphaloop.infra.db import Database
from alphaloop.infra.leases import take_lease

LEASE = "audit.seal"
LEASE_S = 15.0


async def seal_once(db: Database, clock: Clock, holder: str) -> int:
    """Seal what waits, if this holder has or gets the lease; returns how many rows were sealed."""
    async with db.read() as reader:
        # Looking first keeps an idle second from taking the write lock.
        if await reader.scalar(select(AuditLog.id).where(AuditLog.seal_no.is_(None)).limit(1)) is None:
            return 0
    async with db.write() as session:
        token = await take_lease(session, LEASE, holder, now=clock.now(), ttl_s=LEASE_S)
        return 0 if token is None else await seal(session, clock)
