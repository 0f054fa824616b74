"""Asking a finished run why it traded in a bar, or did not."""

from collections.abc import Mapping
from typing import Any

import orjson

from alphaloop.core.clock import Clock
from alphaloop.core.errors import InvalidError
from alphaloop.features.backtests.service import arguments_of, read_report
from alphaloop.features.market import service as market
from alphaloop.infra.db import ReadSession, WriteSession
from alphaloop.infra.identity import Actor
from alphaloop.infra.jobs.local import enqueue, get_job, refuse_many
from alphaloop.infra.jobs.models import JobRow

WHY_JOB = "backtests.why"
WAITING = 5


async def start_why(
    session: WriteSession, actor: Actor, clock: Clock, *, backtest_id: int, asked: Mapping[str, Any]
) -> JobRow:
    """Queue the question; the answer is the job's result. `asked` is a `why_schemas.WhyAsked` as plain JSON.

    As `read_report` refuses, ConflictError 'runs_waiting', NotFoundError for an unknown instrument and InvalidError
    'unknown_bar' for one that the run does not have."""
    report = orjson.loads(await read_report(session, actor, backtest_id))
    name = asked["instrument"]
    symbol = None if name is None else (await market.find_instrument(session, name)).symbol
    if symbol not in (None, *(one["name"] for one in report["instruments"])):
        raise InvalidError(
            "The run has no such instrument.", code="unknown_bar", fields=(("instrument", "unknown_bar"),)
        )
    await refuse_many(session, WHY_JOB, owner_id=actor.person, most=WAITING)
    # A run without an end stopped at the bar that was its last then.
    given = {
        **asked,
        "instrument": symbol,
        "backtest_id": str(backtest_id),
        "run_id": report["run_id"],
        "last_ts": report["last_ts"],
    }
    job_id = await enqueue(session, clock, WHY_JOB, given, owner_id=actor.person)
    assert job_id is not None  # only jobs of a period can exist already
    return await get_job(session, job_id, owner_id=actor.person)


async def arguments_to_ask(session: ReadSession, given: Mapping[str, Any]) -> dict[str, Any]:
    """What the child process needs for a queued question; NotFoundError when its run was deleted."""
    arguments = await arguments_of(session, int(given["backtest_id"]))
    if arguments["end_ts"] is None:
        arguments["end_ts"] = given["last_ts"]
    return arguments | {name: given[name] for name in ("ts", "row", "instrument", "run_id")}
