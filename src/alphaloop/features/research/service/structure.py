"""The Chan structure of a stored series, as it was known at a moment, on one or several timeframes."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from alphaloop.core.bar import Timeframe
from alphaloop.core.corporate import parse_adjustment
from alphaloop.features.market import service as market
from alphaloop.features.market.service import BarStore, SeriesKey
from alphaloop.features.research.configs import DEFAULT_CONFIG
from alphaloop.features.research.rows import LAYERS, structure_rows
from alphaloop.features.research.structures import Structure, StructureBook
from alphaloop.infra.db import ReadSession
from alphaloop.infra.identity import Actor


@dataclass(frozen=True, slots=True)
class Question:
    """Which series is asked about, read how, and as known when: now, or at a replay's own time."""

    instrument: str
    timeframe: Timeframe
    config: str = DEFAULT_CONFIG
    adjust: str = "none"
    replay_id: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The series a question means, and the moment it is seen from."""

    key: SeriesKey
    as_of_ms: int | None


async def find_series(session: ReadSession, actor: Actor, question: Question) -> Found:
    """NotFoundError when there is no such instrument or replay, InvalidError when it cannot be adjusted so."""
    actor.require("chan.read")
    as_of_ms = await market.moment_of(session, actor, question.replay_id)
    adjust = parse_adjustment(question.adjust)
    return Found(await market.series_key(session, question.instrument, question.timeframe, adjust=adjust), as_of_ms)


async def read_structure(
    session: ReadSession,
    actor: Actor,
    store: BarStore,
    book: StructureBook,
    question: Question,
    *,
    limit: int = 10_000,
    before_ts: int | None = None,
    levels: Sequence[Timeframe] = (),
) -> dict[str, Any]:
    """Rows of the structure that touch the newest `limit` bars before `before_ts`, as known at the replay's now, and
    in `levels` those of other timeframes over the same time, at most `limit` bars of each.

    Numbers (`n`, `line`, `first`) count from the beginning of the series, whatever the window. NotFoundError when
    there is no such series, InvalidError 'unknown_config'.
    """
    asked = await find_series(session, actor, question)
    others = [
        await find_series(session, actor, replace(question, timeframe=timeframe))
        for timeframe in dict.fromkeys(levels)
        if timeframe is not question.timeframe
    ]

    def analyse() -> dict[str, Any]:
        shown = _analysed(store, book, question, asked, limit=limit, before_ts=before_ts, since_ts=None)
        span = {"before_ts": before_ts, "since_ts": shown["first_ts"]}
        below = [_analysed(store, book, question, one, limit=limit, **span) for one in others]
        return {**shown, "levels": below}

    return await asyncio.to_thread(analyse)


def _analysed(
    store: BarStore,
    book: StructureBook,
    question: Question,
    asked: Found,
    *,
    limit: int,
    before_ts: int | None,
    since_ts: int | None,
) -> dict[str, Any]:
    key, as_of_ms = asked.key, asked.as_of_ms
    found = book.structure(store, key, config=question.config, as_of_ms=as_of_ms, watcher=question.replay_id)
    mode = market.price_mode(store, key, as_of_ms=as_of_ms).text
    names = {"timeframe": key.timeframe.value, "config": question.config, "mode": mode}
    if found is None:
        empty: dict[str, Any] = {layer: [] for layer in LAYERS}
        no_rows = {"first": dict.fromkeys(LAYERS, 0), "first_ts": None, "bars": 0}
        return {**names, **empty, **no_rows, "state": None, "as_of_ms": as_of_ms}
    start, stop = _window(found, key, limit=limit, before_ts=before_ts, since_ts=since_ts)
    rows = structure_rows(found.tables, found.ts, close=found.close, decimals=found.decimals, window=(start, stop))
    if as_of_ms is None:
        as_of_ms = key.calendar_rules.close_ms(int(found.ts[-1]), key.timeframe)
    first_ts = int(found.ts[start]) if stop > start else None
    return {**names, **rows, "as_of_ms": as_of_ms, "first_ts": first_ts, "bars": stop - start}


def _window(
    found: Structure, key: SeriesKey, *, limit: int, before_ts: int | None, since_ts: int | None
) -> tuple[int, int]:
    """First bar, one past the last. A longer bar that was open at `since_ts` belongs to it."""
    stop = len(found.ts) if before_ts is None else int(found.ts.searchsorted(before_ts))
    start = max(0, stop - limit)
    if since_ts is not None:
        start = max(start, int(found.ts.searchsorted(since_ts - key.timeframe.ms, side="right")))
    return min(start, stop), stop
