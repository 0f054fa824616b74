"""Asking for backtests, and keeping and comparing what they showed."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import undefer

from alphaloop.core.bar import Timeframe, parse_timeframe
from alphaloop.core.clock import Clock
from alphaloop.core.errors import ConflictError, InvalidError, NotFoundError
from alphaloop.core.instrument import AssetClass, Instrument
from alphaloop.core.money import parse_amount
from alphaloop.engine.convert import to_float
from alphaloop.features.backtests.models import BacktestRow
from alphaloop.features.catalog import service as catalog
from alphaloop.features.market import service as market
from alphaloop.features.market.models import StoredMode
from alphaloop.infra.db import ReadSession, WriteSession
from alphaloop.infra.identity import Actor
from alphaloop.infra.jobs.local import cancel_job, enqueue, get_job, refuse_many
from alphaloop.infra.jobs.models import JobRow, JobStatus

BACKTEST_JOB = "backtests.run"
WAITING = 20
COMPARED = 10
# How near to a limit counts as at it, where prices were adjusted by ratio and left their tick.
_WITHIN = 0.002
_FAR = 253_402_300_799_999


@dataclass(frozen=True, slots=True)
class Run:
    """A run and the job that does it."""

    row: BacktestRow
    job: JobRow


async def start_backtest(
    session: WriteSession, actor: Actor, clock: Clock, *, strategy: str, asked: Mapping[str, Any]
) -> Run:
    """Queue a run. `asked` are the conditions as plain JSON (`schemas.Conditions`).

    NotFoundError for an unknown instrument or series, InvalidError when series cannot be compared or the period is
    empty, ConflictError 'runs_waiting'. The strategy and its parameters are judged by the run, which may load them;
    what a configured strategy stands for is settled now, however it is set later."""
    actor.require("backtest.run")
    code = await catalog.find_code(session, actor, strategy, asked["params"])
    asked = {**asked, "params": code.params}
    await check_asked(session, asked)
    await refuse_many(session, BACKTEST_JOB, owner_id=actor.person, most=WAITING)
    args: dict[str, Any] = {}
    job_id = await enqueue(session, clock, BACKTEST_JOB, args, owner_id=actor.person)
    assert job_id is not None  # only jobs of a period can exist already
    job = await get_job(session, job_id, owner_id=actor.person)
    row = BacktestRow(user_id=actor.person, job_id=job_id, strategy=strategy, asked=dict(asked), created_at=clock.now())
    session.add(row)
    await session.flush()
    job.args = {"backtest_id": str(row.id)}
    return Run(row, job)


async def check_asked(session: ReadSession, asked: Mapping[str, Any]) -> None:
    """Refuse at once what no run could be made of, as `start_backtest` says."""
    if None not in (asked["start_ts"], asked["end_ts"]) and asked["start_ts"] >= asked["end_ts"]:
        raise _refused("The period ends before it begins.", "empty_period", "end_ts")
    if len(set(asked["instruments"])) != len(asked["instruments"]):
        raise _refused("An instrument is named twice.", "named_twice", "instruments")
    timeframe = parse_timeframe(asked["timeframe"])
    section = await market.cross_section(session, asked["instruments"], timeframe)
    for key in section.keys:
        _ = key.origin
    if asked["benchmark"] is not None:
        _ = (await market.series_key(session, asked["benchmark"], timeframe)).origin


async def list_backtests(
    session: ReadSession, actor: Actor, *, strategy: str | None = None, limit: int = 50, before_id: int | None = None
) -> list[Run]:
    """This person's runs, newest first."""
    actor.require("backtest.run")
    query = select(BacktestRow, JobRow).join(JobRow, JobRow.id == BacktestRow.job_id)
    query = query.where(BacktestRow.user_id == actor.person)
    if strategy is not None:
        query = query.where(BacktestRow.strategy == strategy)
    if before_id is not None:
        query = query.where(BacktestRow.id < before_id)
    found = await session.execute(query.order_by(BacktestRow.id.desc()).limit(limit))
    return [Run(row, job) for row, job in found]


async def get_backtest(session: ReadSession, actor: Actor, backtest_id: int) -> Run:
    """A run of this person's, otherwise NotFoundError."""
    actor.require("backtest.run")
    row = await session.get(BacktestRow, backtest_id)
    if row is None or row.user_id != actor.person:
        raise NotFoundError("There is no such backtest.", code="backtest_not_found")
    return Run(row, await get_job(session, row.job_id, owner_id=None))


async def read_report(session: ReadSession, actor: Actor, backtest_id: int) -> bytes:
    """The report as JSON; ConflictError 'no_report' while there is none."""
    run = await get_backtest(session, actor, backtest_id)
    packed = await session.scalar(select(BacktestRow.report).where(BacktestRow.id == run.row.id))
    if packed is None:
        raise ConflictError("This backtest has no report (yet).", code="no_report")
    return zlib.decompress(packed)


async def compare_backtests(session: ReadSession, actor: Actor, ids: Sequence[int]) -> list[Run]:
    """Runs with their metrics, in the order asked for; ConflictError 'no_report' when one has none."""
    if not 2 <= len(ids) <= COMPARED or len(set(ids)) != len(ids):
        raise InvalidError(f"Between 2 and {COMPARED} different runs can be compared.", code="bad_comparison")
    runs = [await get_backtest(session, actor, one) for one in ids]
    if any(run.row.metrics is None for run in runs):
        raise ConflictError("One of these has no report (yet).", code="no_report")
    return runs


async def delete_backtest(session: WriteSession, actor: Actor, clock: Clock, backtest_id: int) -> None:
    """Forget a run; one that is under way is cancelled."""
    run = await get_backtest(session, actor, backtest_id)
    if run.job.status in (JobStatus.QUEUED, JobStatus.RUNNING):
        await cancel_job(session, clock, run.job.id, owner_id=None)
    await session.delete(run.row)


async def arguments_of(session: ReadSession, backtest_id: int) -> dict[str, Any]:
    """What the child process needs of a queued run, as values it can be sent; NotFoundError when it was deleted."""
    row = await session.get(BacktestRow, backtest_id)
    if row is None:
        raise NotFoundError("There is no such backtest.", code="backtest_not_found")
    return await arguments_for(session, row.strategy, row.asked)


async def arguments_for(session: ReadSession, strategy: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The same for conditions that are nobody's queued run: the passport asks with them too."""
    timeframe = parse_timeframe(asked["timeframe"])
    section = await market.cross_section(session, asked["instruments"], timeframe)
    specs = [(await market.find_instrument(session, key.symbol)).spec() for key in section.keys]
    held = {key.held_as for key in section.keys}
    bound = bool(asked["market_rules"])
    rules = {
        "cash": to_float(parse_amount(asked["initial_capital"])),
        "fee": asked["fee"],
        "slippage": asked["slippage"],
        "fill": asked["fill"],
        "whole": asked["whole_units"] and not bound,
        "can_short": asked["can_short"],
        "by_ratio": _WITHIN if bound and not held <= {StoredMode.RAW, StoredMode.SPLIT} else None,
    }
    return {
        "strategy": await catalog.code_of(session, strategy),
        "params": asked["params"],
        "keys": section.keys,
        "benchmark": await _benchmark(session, asked["benchmark"], timeframe),
        "start_ts": asked["start_ts"],
        "end_ts": asked["end_ts"],
        "rules": rules,
        "instruments": specs if bound else None,
        # Prices that were adjusted for an ex-date have it in them already.
        "actions": {key.symbol: [one.terms for one in key.ex_dates] for key in section.keys}
        if bound and held <= {StoredMode.RAW}
        else None,
        "settlements": await _settlements(session, asked, specs) if bound else {},
        "leverage": parse_amount(asked["leverage"]),
        "isolated": asked["isolated"],
        "extras": asked.get("extras", {}),
    }


async def _settlements(
    session: ReadSession, asked: Mapping[str, Any], specs: Sequence[Instrument]
) -> dict[str, list[market.Settlement]]:
    """What perpetuals settled in the period, by symbol."""
    first = 0 if asked["start_ts"] is None else asked["start_ts"]
    last = _FAR if asked["end_ts"] is None else asked["end_ts"]
    return {
        one.symbol: await market.settlements_between(session, one.symbol, after_ms=first - 1, until_ms=last)
        for one in specs
        if one.asset_class is AssetClass.PERPETUAL
    }


async def keep_report(session: WriteSession, backtest_id: int, made: Mapping[str, Any]) -> None:
    """Store what a run showed; nothing when it was deleted meanwhile."""
    row = await session.get(BacktestRow, backtest_id, with_for_update=True, options=[undefer(BacktestRow.report)])
    if row is not None:
        row.run_id, row.metrics = made["run_id"], made["metrics"]
        row.report = zlib.compress(orjson.dumps(made["report"]), 6)
        await catalog.note_verified(session, row.strategy, **made["made_of"], backtest_id=backtest_id)


async def _benchmark(session: ReadSession, name: str | None, timeframe: Timeframe) -> market.SeriesKey | None:
    return None if name is None else await market.series_key(session, name, timeframe)


def _refused(message: str, code: str, field: str) -> InvalidError:
    return InvalidError(message, code=code, fields=((field, code),))
