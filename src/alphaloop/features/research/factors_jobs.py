"""Factor reports made as jobs, each in a process of its own that can be ended."""

from typing import Any

from alphaloop.features.research import factors_service as service
from alphaloop.infra.jobs.child import in_child
from alphaloop.infra.jobs.local import JobContext, JobHandler
from alphaloop.infra.settings import Settings

DEADLINE_S = 600.0
MEMORY_MB = 8192


async def report_factor(context: JobContext) -> dict[str, Any]:
    """Make one report. Safe to run twice: it only reads."""
    async with context.db.read() as session:
        arguments = await service.arguments_of(session, context.args)
    arguments["bars_dir"] = context.part(Settings).bars_dir
    from alphaloop.features.research.factors_running import TARGET

    made: dict[str, Any] = await in_child(
        TARGET, arguments, deadline_s=DEADLINE_S, memory_mb=MEMORY_MB, progress=context.progress
    )
    return made


HANDLERS: dict[str, JobHandler] = {service.FACTOR_JOB: report_factor}
