"""A process that serves jobs which Celery hands out: it trades nothing and may run on any machine that sees the same
database and the same home folder."""

import asyncio
import os
import socket
from typing import Any

from alphaloop.core.clock import SystemClock
from alphaloop.entrypoints import rooms
from alphaloop.entrypoints.web import BUS_FILE, make_wiring
from alphaloop.infra.bus import open_bus
from alphaloop.infra.http.doors import Wiring
from alphaloop.infra.jobs.celery import loop_beside, make_celery, run_on, serve
from alphaloop.infra.jobs.local import LocalWorker
from alphaloop.infra.logs import setup_logs
from alphaloop.infra.settings import Settings, SettingsError, load_settings
from alphaloop.infra.vault import Vault


def make_worker(wiring: Wiring) -> LocalWorker:
    """Runs the rooms' jobs by their number; those that need the trading floor stay with the platform's own worker."""
    parts: dict[type[Any], Any] = {**wiring.parts, Settings: wiring.settings, Vault: wiring.vault}
    holder = f"{socket.gethostname()[:40]}-{os.getpid()}"
    return LocalWorker(wiring.db, wiring.clock, rooms.job_handlers(), holder=holder, parts=parts)


async def _open(settings: Settings) -> Wiring:
    # Everything of the loop is made on the loop.
    bus = open_bus(redis_url=settings.redis_url, address_file=settings.home / BUS_FILE, host=False)
    wiring = make_wiring(settings, clock=SystemClock(), bus=bus)
    nudges: set[asyncio.Task[None]] = set()

    def nudge() -> None:
        task = asyncio.create_task(wiring.bus.publish("outbox", None))
        nudges.add(task)
        task.add_done_callback(nudges.discard)

    wiring.db.on_announced = nudge
    await wiring.bus.start()
    return wiring


async def _close(wiring: Wiring) -> None:
    await wiring.bus.close()
    await wiring.db.close()


def run(at_once: int) -> int:
    """Serve until told to stop. SettingsError without a broker."""
    settings = load_settings()
    if not settings.celery_broker_url:
        raise SettingsError("CELERY_BROKER_URL names the Redis that hands out jobs; it is empty.")
    os.umask(0o077)
    setup_logs("celery", level=settings.log_level, folder=settings.home / "logs")
    rooms.load_tables()
    loop, thread = loop_beside()
    wiring = run_on(loop, _open(settings))
    try:
        return serve(make_celery(settings.celery_broker_url), make_worker(wiring), loop, at_once=at_once)
    finally:
        run_on(loop, _close(wiring))
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
