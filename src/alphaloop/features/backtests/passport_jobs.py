"""Passports made as jobs, each in a process of its own that can be ended."""

from typing import Any

from alphaloop.features.backtests import passport_service as service
from alphaloop.features.backtests.passport_running import TARGET
from alphaloop.infra.jobs.child import in_child
from alphaloop.infra.jobs.local import JobContext, JobHandler
from alphaloop.infra.settings import Settings

DEADLINE_S = 1800.0
MEMORY_MB = 8192


async def make_passport(context: JobContext) -> dict[str, Any]:
    """Make one passport and keep it. Safe to run twice: the second result replaces the first."""
    passport_id = int(context.args["passport_id"])
    settings = context.part(Settings)
    async with context.db.read() as session:
        arguments = await service.arguments_of(session, passport_id)
    places = {"bars_dir": settings.bars_dir, "strategies_dir": settings.strategies_dir.absolute()}
    made = await in_child(
        TARGET, arguments | places, deadline_s=DEADLINE_S, memory_mb=MEMORY_MB, progress=context.progress
    )
    async with context.db.write() as session:
        await service.keep_passport(session, passport_id, made)
    return {"passport_id": str(passport_id), "verdict": made["verdict"]}


HANDLERS: dict[str, JobHandler] = {service.PASSPORT_JOB: make_passport}

# A passport runs a strategy some hundred times: what is soon done should not wait for it.
LONG = (service.PASSPORT_JOB,)
