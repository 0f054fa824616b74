"""Health in detail, and the jobs a person started."""

from fastapi import APIRouter

from alphaloop.features.monitoring import service
from alphaloop.features.monitoring.schemas import Health
from alphaloop.infra.http.doors import Asking, Now, Reading, StrictRoute, Wired, Writing
from alphaloop.infra.http.wire import Id
from alphaloop.infra.identity import Actor
from alphaloop.infra.jobs.local import cancel_job, get_job
from alphaloop.infra.jobs.wire import JobOut

monitoring = APIRouter(prefix="/monitoring", tags=["监控 Monitoring"], route_class=StrictRoute)
jobs = APIRouter(prefix="/jobs", tags=["任务 Jobs"], route_class=StrictRoute)
ROUTERS = [monitoring, jobs]


@monitoring.get("/health", operation_id="get_health")
async def get_health(actor: Asking, wiring: Wired) -> Health:
    """Each part and how it is."""
    actor.require("market.read")
    return await service.check_health(wiring.db, wiring.bus, wiring.clock)


@jobs.get("/{job_id}", operation_id="get_job")
async def read_job(job_id: Id, session: Reading, actor: Asking) -> JobOut:
    """How far a job of this person has come."""
    return JobOut.of(await get_job(session, job_id, owner_id=_owner(actor)))


@jobs.post("/{job_id}/cancel", operation_id="cancel_job")
async def stop_job(job_id: Id, session: Writing, actor: Asking, clock: Now) -> JobOut:
    """Ask a job to stop; what it has finished stays."""
    return JobOut.of(await cancel_job(session, clock, job_id, owner_id=_owner(actor)))


def _owner(actor: Actor) -> int | None:
    return None if actor.allows("user.manage") else actor.person
