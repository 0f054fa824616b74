"""Long work of the research room: screens over every instrument, the daily run of those that alert, and counting
repaints."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from alphaloop.core.bar import parse_timeframe
from alphaloop.core.corporate import parse_adjustment
from alphaloop.core.errors import NotFoundError
from alphaloop.features.market.service import BarStore, newest_table
from alphaloop.features.research import factors_jobs, service
from alphaloop.features.research.configs import named_config
from alphaloop.features.research.models import SavedScreen
from alphaloop.features.research.screening import ScreenQuery, parse_query
from alphaloop.features.research.universe import Listed, list_universe, members_of
from alphaloop.infra.identity import SYSTEM
from alphaloop.infra.jobs.local import JobContext, JobHandler
from alphaloop.infra.jobs.schedule import Schedule
from alphaloop.infra.settings import Settings

if TYPE_CHECKING:
    from alphaloop.features.research.life_rows import RepaintRun
    from alphaloop.features.research.matching import Member, Outcome

ALERTS_JOB = "research.run_saved_screens"
_CHUNK = 25  # instruments between two reports of progress; as many series are in memory at a time
_READERS = 2
_MOST_MATCHES = 1000
REPAINT_BARS = 50_000
"""Newest bars of a series over which repaints are counted."""


async def run_screen(context: JobContext) -> dict[str, Any]:
    """Screen the universe and say what matches. Safe to run twice: it only reads, and notes what it found."""
    query = parse_query(context.args["query"])
    listed, outcomes = await _screened(context, query, instruments=context.args.get("instruments", ()))
    if "screen_id" in context.args:
        await _note(context, int(context.args["screen_id"]), query, outcomes)
    return _result(listed, outcomes)


async def run_saved_screens(context: JobContext) -> dict[str, Any]:
    """Run every saved screen that alerts. Safe to run twice: what was told of is not new."""
    async with context.db.read() as session:
        alerting = select(SavedScreen).where(SavedScreen.alert.is_(True)).order_by(SavedScreen.id)
        screens = [(row.id, row.query) for row in await session.scalars(alerting)]
    fresh = 0
    for screen_id, plain in screens:
        query = parse_query(plain)
        _, outcomes = await _screened(context, query)
        fresh += await _note(context, screen_id, query, outcomes)
    return {"screens": len(screens), "new": fresh}


async def measure_repaint(context: JobContext) -> dict[str, Any]:
    """Count what was published and taken back over the newest bars of a series. Safe to run twice."""
    args = context.args
    question = service.Question(args["instrument"], parse_timeframe(args["timeframe"]), args["config"])
    async with context.db.read() as session:
        found = await service.find_series(session, SYSTEM, question)
    store = BarStore(context.part(Settings).bars_dir)
    run = await asyncio.to_thread(_begin_repaint, store, found, question.config)
    steps = iter(run)
    while (done := await asyncio.to_thread(next, steps, None)) is not None:
        await context.progress(done, run.bars)
    measured = await asyncio.to_thread(run.measured)
    async with context.db.write() as session:
        await service.note_repaint(session, context.clock, found, question.config, measured)
    return {"bars": measured["bars"]}


def _begin_repaint(store: BarStore, found: service.Found, config: str) -> "RepaintRun":
    from alphaloop.features.research.life_rows import RepaintRun

    table, _ = newest_table(store, found.key, limit=REPAINT_BARS)
    if not len(table):
        raise NotFoundError("There are no bars of this instrument and timeframe.", code="series_not_found")
    return RepaintRun(table, named_config(config))


async def _screened(
    context: JobContext, query: ScreenQuery, *, instruments: Any = ()
) -> tuple[dict[str, Listed], list["Outcome"]]:
    async with context.db.read() as session:
        listed = await list_universe(session, instruments)
        store = BarStore(context.part(Settings).bars_dir)
        members = await members_of(session, store, listed, parse_adjustment(query.adjust))
    outcomes: list[Outcome] = []
    with ThreadPoolExecutor(_READERS, thread_name_prefix="screen") as pool:
        for start in range(0, len(members), _CHUNK):
            await context.progress(start, len(members), members[start].name)
            outcomes += await asyncio.to_thread(_chunk, members[start : start + _CHUNK], query, pool)
    await context.progress(len(members), len(members))
    return {one.symbol: one for one in listed}, outcomes


def _chunk(members: list["Member"], query: ScreenQuery, pool: ThreadPoolExecutor) -> list["Outcome"]:
    from alphaloop.features.research.matching import screen

    return list(screen(members, query, pool))


async def _note(context: JobContext, screen_id: int, query: ScreenQuery, outcomes: list["Outcome"]) -> int:
    found = [one.name for one in outcomes if one.facts is not None]
    async with context.db.write() as session:
        return await service.note_matches(session, context.clock, screen_id, query, found)


def _result(listed: dict[str, Listed], outcomes: list["Outcome"]) -> dict[str, Any]:
    matches = [
        {
            "instrument": one.name,
            "alias": listed[one.name].alias,
            "name": listed[one.name].names,
            "facts": one.facts,
        }
        for one in outcomes
        if one.facts is not None
    ]
    skipped: dict[str, int] = {}
    for one in outcomes:
        if one.code:
            skipped[one.code] = skipped.get(one.code, 0) + 1
    return {
        "instruments": len(outcomes),
        "matched": len(matches),
        "skipped": skipped,
        "matches": matches[:_MOST_MATCHES],
    }


def _daily(_settings: Settings) -> Schedule:
    # After the last of the big markets has closed.
    return Schedule("15 17 * * *", "America/New_York")


HANDLERS: dict[str, JobHandler] = {
    service.SCREEN_JOB: run_screen,
    service.REPAINT_JOB: measure_repaint,
    ALERTS_JOB: run_saved_screens,
    **factors_jobs.HANDLERS,
}
SCHEDULES = {ALERTS_JOB: _daily}
