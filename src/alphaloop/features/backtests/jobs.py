"""Backtests run as jobs, each in a process of its own that can be ended."""

from typing import Any

from alphaloop.features.backtests import passport_jobs, service, why_jobs
from alphaloop.features.backtests.places import places_of
from alphaloop.features.backtests.running import TARGET
from alphaloop.features.catalog.service import OWN_PREFIX
from alphaloop.infra.jobs.child import in_child
from alphaloop.infra.jobs.local import JobContext, JobHandler
from alphaloop.infra.settings import Settings

DEADLINE_S = 600.0
# Long enough for what a person tries out; nobody waits ten minutes behind a loop that never ends.
OWN_DEADLINE_S = 120.0
MEMORY_MB = 8192


async def run_backtest(context: JobContext) -> dict[str, Any]:
    """Run one backtest and keep its report. Safe to run twice: the second result replaces the first."""
    backtest_id = int(context.args["backtest_id"])
    settings = context.part(Settings)
    async with context.db.read() as session:
        arguments = await service.arguments_of(session, backtest_id)
    deadline_s = OWN_DEADLINE_S if arguments["strategy"].startswith(OWN_PREFIX) else DEADLINE_S
    made = await in_child(
        TARGET, arguments | places_of(settings), deadline_s=deadline_s, memory_mb=MEMORY_MB, progress=context.progress
    )
    async with context.db.write() as session:
        await service.keep_report(session, backtest_id, made)
    return {"backtest_id": str(backtest_id), "run_id": made["run_id"]}


HANDLERS: dict[str, JobHandler] = {
    service.BACKTEST_JOB: run_backtest,
    **passport_jobs.HANDLERS,
    **why_jobs.HANDLERS,
}
LONG = passport_jobs.LONG
