"""Jobs of the signals room: runs of strategies, asked for or due by schedule, expiry, and what became of signals.

What a run looks at is read in a process of its own, where anybody's strategy may run."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from loguru import logger

from alphaloop.core.clock import Clock
from alphaloop.core.errors import AlphaLoopError, InvalidError
from alphaloop.features.catalog import service as catalog
from alphaloop.features.market.service import BarStore, extra_places
from alphaloop.features.risk.ceiling import read_ceiling
from alphaloop.features.signals import repository, service
from alphaloop.features.signals.intents import check_intents
from alphaloop.features.signals.models import RunStatus
from alphaloop.infra.db import WriteSession
from alphaloop.infra.jobs.child import in_child
from alphaloop.infra.jobs.local import JobCancelledError, JobContext, JobHandler
from alphaloop.infra.jobs.schedule import Schedule
from alphaloop.infra.settings import Settings

DEADLINE_S = 120.0
MEMORY_MB = 8192
TARGET = "alphaloop.features.signals.looking:run"
EXPIRE_JOB = "signals.expire"
MEASURE_JOB = "signals.measure"


async def run_strategy(context: JobContext) -> dict[str, Any] | None:
    """Look at the newest bars with one strategy, keep its signals, and trade those that may trade without asking.

    Safe to run twice: an episode fires once, a run that ended is not begun again, and a signal is executed once."""
    async with context.db.write() as session:
        run = await service.begin_run(session, context.job_id, context.args, clock=context.clock)
    if run is None:
        return None
    try:
        if run.run_status != RunStatus.COMPLETED:
            await _look(context, run.id)
        return await _trade(context, run.id)
    except JobCancelledError:
        await _fail(context, run.id, InvalidError("The run was cancelled.", code="run_cancelled"))
        raise
    except AlphaLoopError as error:
        await _fail(context, run.id, error)
        raise


async def _look(context: JobContext, run_id: int) -> None:
    settings = context.part(Settings)
    async with context.db.read() as session:
        arguments = await service.arguments_of(session, run_id, clock=context.clock)
    places = {
        "bars_dir": settings.bars_dir,
        "strategies_dir": settings.strategies_dir.absolute(),
        "extra_places": extra_places(settings),
    }
    told = await in_child(
        TARGET, arguments | places, deadline_s=DEADLINE_S, memory_mb=MEMORY_MB, progress=context.progress
    )
    symbols = [key.symbol for key in arguments["keys"]]
    intents = check_intents(told, symbols, as_of_ms=arguments["as_of_ms"])
    await context.db.transact(lambda session: _keep(session, run_id, intents, context.clock))


async def _trade(context: JobContext, run_id: int) -> dict[str, Any]:
    """Trade what a run kept, also where a worker that died began to: whatever was done is not open any more."""
    ceiling = read_ceiling(context.part(Settings))
    async with context.db.read() as session:
        signals = await repository.signals_of_run(session, run_id)
    for signal in signals:
        alone = partial(service.execute_alone, signal_id=signal.id, ceiling=ceiling, clock=context.clock)
        try:
            await context.db.transact(alone)
        except Exception as error:
            # One that cannot be traded holds up none of the others; it stays open for its person.
            logger.exception("signal {} could not be executed", signal.id)
            code = error.code if isinstance(error, AlphaLoopError) else None
            note = partial(service.note_failure, signal_id=signal.id, code=code, clock=context.clock)
            await context.db.transact(note)
    return {"run_id": str(run_id), "signals": [str(one.id) for one in signals]}


async def _keep(session: WriteSession, run_id: int, intents: list[dict[str, Any]], clock: Clock) -> None:
    await service.keep_signals(session, run_id, intents, clock=clock)


async def _fail(context: JobContext, run_id: int, error: AlphaLoopError) -> None:
    async with context.db.write() as session:
        await service.fail_run(session, run_id, error, clock=context.clock)


async def expire(context: JobContext) -> dict[str, Any]:
    """Expire entries that nobody took in time."""
    async with context.db.read() as session:
        accounts = await repository.accounts_with_open(session)
    count = 0
    for account_id in accounts:
        async with context.db.write() as session:
            count += await service.expire_signals(session, account_id, clock=context.clock)
    return {"expired": count}


async def measure(context: JobContext) -> dict[str, Any]:
    """Follow signals through the bars that came since they fired."""
    store = BarStore(context.part(Settings).bars_dir)
    return {"ended": await service.measure_signals(context.db, store, clock=context.clock)}


@dataclass(frozen=True, slots=True)
class DueJob:
    """One job that is due; `period` makes it one however often it is asked for."""

    period: str
    args: dict[str, Any]
    owner_id: int | None


class StrategyTimetable:
    """The schedules of strategies, for the scheduler: read from their rows at each tick."""

    async def due(self, session: WriteSession, now: datetime) -> list[DueJob]:
        """Runs that are due now, each schedule's newest; asked again they are due no more."""
        return [
            DueJob(
                period=f"{one.row.id}:{one.at.isoformat()}",
                args={
                    "strategy_id": str(one.row.id),
                    "target": one.row.run_target,
                    "user_id": str(one.row.schedule_owner_id),
                },
                owner_id=one.row.schedule_owner_id,
            )
            for one in await catalog.due_runs(session, now)
        ]


HANDLERS: dict[str, JobHandler] = {service.RUN_JOB: run_strategy, EXPIRE_JOB: expire, MEASURE_JOB: measure}
SCHEDULES = {
    service.RUN_JOB: lambda _settings: StrategyTimetable(),
    EXPIRE_JOB: lambda _settings: Schedule("*/5 * * * *"),
    MEASURE_JOB: lambda _settings: Schedule("7 * * * *"),
}
