"""Searches run as jobs, each in a process of its own with a crew of others, and keep what they find as they go."""

from typing import Any

from alphaloop.features.market.service import extra_places
from alphaloop.features.optimisation import service
from alphaloop.infra.jobs.child import in_child
from alphaloop.infra.jobs.crew import cores
from alphaloop.infra.jobs.local import JobContext, JobHandler
from alphaloop.infra.settings import Settings

TARGET = "alphaloop.features.optimisation.running:run"
SECONDS_MAX = 86_400
VERDICT_S = 1800.0
"""What the last round and the verdict may take after the budget of time is spent."""
MEMORY_MB = 8192


async def search(context: JobContext) -> dict[str, Any]:
    """Run one search. Safe to run twice: what is stored is never run again, and who lost the job stores nothing."""
    optimisation_id = int(context.args["optimisation_id"])
    settings = context.part(Settings)
    async with context.db.read() as session:
        arguments = await service.arguments_of(session, optimisation_id)

    async def keep(part: dict[str, Any]) -> None:
        async with context.db.write() as session:
            await context.hold(session)
            if "layout" in part:
                await service.keep_layout(session, optimisation_id, part["layout"])
            else:
                await service.keep_trials(session, optimisation_id, part["trials"], part["best"])

    places = {
        "bars_dir": settings.bars_dir,
        "strategies_dir": settings.strategies_dir.absolute(),
        "extra_places": extra_places(settings),
        "processes": settings.job_processes or cores(),
    }
    made = await in_child(
        TARGET,
        arguments | places,
        deadline_s=(arguments["search"]["seconds"] or SECONDS_MAX) + VERDICT_S,
        memory_mb=MEMORY_MB,
        progress=context.progress,
        on_part=keep,
    )
    async with context.db.write() as session:
        await context.hold(session)
        await service.keep_verdict(session, optimisation_id, made["verdict"])
    return {"optimisation_id": str(optimisation_id)}


HANDLERS: dict[str, JobHandler] = {service.OPTIMISATION_JOB: search}
LONG = (service.OPTIMISATION_JOB,)
