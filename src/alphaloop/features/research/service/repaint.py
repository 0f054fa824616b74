"""What became of the structures of a series: the log of a window, and how much of what was published was taken back."""

import asyncio
from typing import Any

from sqlalchemy import select

from alphaloop.core.clock import Clock
from alphaloop.features.market.service import BarStore, read_series
from alphaloop.features.research.configs import named_config
from alphaloop.features.research.models import RepaintMeasure
from alphaloop.features.research.service.structure import Found, Question, find_series
from alphaloop.features.research.structures import refuse_long
from alphaloop.infra.db import ReadSession, WriteSession
from alphaloop.infra.identity import Actor
from alphaloop.infra.jobs.local import enqueue, get_job, refuse_many
from alphaloop.infra.jobs.models import JobRow

REPAINT_JOB = "research.measure_repaint"
WAITING = 3
"""Unfinished jobs of one kind that a person may have at a time."""


async def read_events(
    session: ReadSession,
    actor: Actor,
    store: BarStore,
    question: Question,
    *,
    limit: int,
    before_ts: int | None = None,
    layer: str | None = None,
    level: int | None = None,
) -> dict[str, Any]:
    """What happened to the structures in the newest `limit` bars before `before_ts`, newest first."""
    asked = await find_series(session, actor, question)
    config = named_config(question.config)

    def read() -> dict[str, Any]:
        from alphaloop.features.research.life_rows import event_rows

        refuse_long(store, asked.key)
        table = read_series(store, asked.key, as_of_ms=asked.as_of_ms)
        stop = len(table) if before_ts is None else int(table.ts.searchsorted(before_ts))
        start = max(0, stop - limit)
        rows = event_rows(table.cut(0, stop), start, config, layer=layer, level=level)
        return {
            "items": rows,
            "first_ts": int(table.ts[start]) if stop > start else None,
            "next_cursor": str(int(table.ts[start])) if start > 0 else None,
        }

    return await asyncio.to_thread(read)


async def read_repaint(session: ReadSession, actor: Actor, question: Question) -> RepaintMeasure | None:
    """The newest measurement of a series, None when it was never measured."""
    asked = await find_series(session, actor, question)
    return await _measure_of(session, asked, question.config)


async def start_repaint(session: WriteSession, actor: Actor, clock: Clock, question: Question) -> JobRow:
    """Queue the measurement. ConflictError while too many of this person's wait."""
    asked = await find_series(session, actor, question)
    named_config(question.config)
    await refuse_many(session, REPAINT_JOB, owner_id=actor.person, most=WAITING)
    args = {"instrument": asked.key.symbol, "timeframe": question.timeframe.value, "config": question.config}
    job_id = await enqueue(session, clock, REPAINT_JOB, args, owner_id=actor.person)
    assert job_id is not None  # only jobs of a period can exist already
    return await get_job(session, job_id, owner_id=actor.person)


async def note_repaint(
    session: WriteSession, clock: Clock, found: Found, config: str, measured: dict[str, Any]
) -> None:
    """Keep a measurement in place of the one before it. `measured`: bars, first_ts, last_ts and the rows counted."""
    row = await _measure_of(session, found, config)
    if row is None:
        row = RepaintMeasure(instrument=found.key.symbol, timeframe=found.key.timeframe.value, config=config)
        session.add(row)
    row.bars, row.first_ts, row.last_ts = measured["bars"], measured["first_ts"], measured["last_ts"]
    row.counted, row.measured_at = measured["counted"], clock.now()


async def _measure_of(session: ReadSession, asked: Found, config: str) -> RepaintMeasure | None:
    found: RepaintMeasure | None = await session.scalar(
        select(RepaintMeasure).where(
            RepaintMeasure.instrument == asked.key.symbol,
            RepaintMeasure.timeframe == asked.key.timeframe.value,
            RepaintMeasure.config == config,
        )
    )
    return found
