"""Health part by part, and housekeeping that keeps what matters."""

from datetime import timedelta

from sqlalchemy import select

from alphaloop.core.clock import ManualClock
from alphaloop.core.events import Event
from alphaloop.features.monitoring import service
from alphaloop.features.monitoring.jobs import clean_up
from alphaloop.features.monitoring.schemas import PartStatus
from alphaloop.infra.bus import LoopbackClient
from alphaloop.infra.db import Database
from alphaloop.infra.jobs.local import JobContext, LocalWorker, enqueue
from alphaloop.infra.jobs.models import JobRow
from alphaloop.infra.leases import take_lease
from alphaloop.infra.outbox import Dispatcher, OutboxRow, announce


async def parts(db: Database, clock: ManualClock, tmp_path: object) -> dict[str, tuple[PartStatus, str]]:
    bus = LoopbackClient(tmp_path / "bus.json")  # type: ignore[operator]
    health = await service.check_health(db, bus, clock)
    assert health.status is max((part.status for part in health.parts), key=list(PartStatus).index)
    return {part.name: (part.status, part.detail) for part in health.parts}


async def test_a_platform_without_a_worker_says_so(db: Database, clock: ManualClock, tmp_path: object) -> None:
    found = await parts(db, clock, tmp_path)
    assert found["database"] == (PartStatus.OK, db.dialect)
    assert found["worker"] == (PartStatus.DOWN, "not_running")
    assert found["bus"] == (PartStatus.DEGRADED, "reconnecting")
    assert found["outbox"] == (PartStatus.OK, "0")


async def test_a_worker_counts_as_running_while_its_lease_lasts(
    db: Database, clock: ManualClock, tmp_path: object
) -> None:
    async with db.write() as session:
        await take_lease(session, service.WORKER_LEASE, "me", now=clock.now(), ttl_s=30)
    assert (await parts(db, clock, tmp_path))["worker"] == (PartStatus.OK, "running")
    clock.advance(timedelta(seconds=31))
    assert (await parts(db, clock, tmp_path))["worker"] == (PartStatus.DOWN, "not_running")


async def test_housekeeping_deletes_old_deliveries_and_jobs_and_nothing_that_waits(
    db: Database, clock: ManualClock
) -> None:
    async def nothing(_context: JobContext) -> None:
        return None

    async def heard(_event: Event) -> None:
        return None

    async with db.write() as session:
        await announce(session, Event("test.old_happened", {}), at=clock.now())
        await enqueue(session, clock, "old", {})
    await Dispatcher(db, clock, {}, heard).drain()
    assert await LocalWorker(db, clock, {"old": nothing}, holder="me").run_one()
    clock.advance(timedelta(days=31))
    async with db.write() as session:
        await announce(session, Event("test.new_happened", {}), at=clock.now())
        waiting = await enqueue(session, clock, "waiting", {})
    clock.advance(timedelta(days=31))

    async def run(context: JobContext) -> dict[str, object]:
        return await clean_up(context)

    async with db.write() as session:
        cleaning = await enqueue(session, clock, "clean", {})
    assert await LocalWorker(db, clock, {"clean": run}, holder="me").run_one()
    async with db.read() as session:
        assert [row.name for row in await session.scalars(select(OutboxRow))] == ["test.new_happened"]
        jobs = {row.id: row for row in await session.scalars(select(JobRow))}
    assert set(jobs) == {waiting, cleaning}
    assert jobs[cleaning or 0].result == {"events": 1, "jobs": 1}
