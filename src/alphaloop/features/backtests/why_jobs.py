"""Questions about a bar of a run, answered as jobs, each in a process of its own: the run is made once more."""

from typing import Any

from alphaloop.features.backtests import why_service as service
from alphaloop.features.backtests.places import places_of
from alphaloop.features.backtests.why_running import TARGET
from alphaloop.infra.jobs.child import in_child
from alphaloop.infra.jobs.local import JobContext, JobHandler
from alphaloop.infra.settings import Settings

DEADLINE_S = 60.0
MEMORY_MB = 8192


async def answer_why(context: JobContext) -> dict[str, Any]:
    """The answer itself is the job's result. Safe to run twice."""
    async with context.db.read() as session:
        arguments = await service.arguments_to_ask(session, context.args)
    arguments |= places_of(context.part(Settings))
    told = await in_child(TARGET, arguments, deadline_s=DEADLINE_S, memory_mb=MEMORY_MB, progress=context.progress)
    return {name: told[name] for name in ("instrument", "row", "ts", "traded", "reasons")}


HANDLERS: dict[str, JobHandler] = {service.WHY_JOB: answer_why}
