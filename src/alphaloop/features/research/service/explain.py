"""Why a structure looks as it does: the rules and numbers behind a point, a segment's end, or a stroke that is not
there."""

import asyncio
from typing import TYPE_CHECKING, Any

from alphaloop.core.errors import InvalidError, NotFoundError, UnavailableError
from alphaloop.features.market.service import BarStore, read_series
from alphaloop.features.research.configs import named_config
from alphaloop.features.research.service.structure import Found, Question, find_series
from alphaloop.features.research.structures import Structure, StructureBook
from alphaloop.infra.db import ReadSession
from alphaloop.infra.identity import Actor

if TYPE_CHECKING:
    from alphaloop.features.research.told import Told


async def explain_point(
    session: ReadSession, actor: Actor, store: BarStore, book: StructureBook, question: Question, *, level: int, n: int
) -> dict[str, Any]:
    """Why point `n` is there, on strokes (level 0) or segments (1). NotFoundError 'nothing_to_explain'."""
    from alphaloop.kernels.chan import explain

    def tell(told: "Told") -> dict[str, Any]:
        return told.point(explain.explain_point(told.tables, told.bars, told.config, level, n))

    return await _told(session, actor, store, book, question, tell)


async def explain_segment(
    session: ReadSession, actor: Actor, store: BarStore, book: StructureBook, question: Question, *, level: int, n: int
) -> dict[str, Any]:
    """Why segment `n` ends where it does: of strokes (level 0), of segments (1). NotFoundError 'nothing_to_explain'."""
    from alphaloop.kernels.chan import explain

    def tell(told: "Told") -> dict[str, Any]:
        return told.segment(explain.explain_segment(told.tables, told.config, level, n))

    return await _told(session, actor, store, book, question, tell)


async def explain_pair(
    session: ReadSession,
    actor: Actor,
    store: BarStore,
    book: StructureBook,
    question: Question,
    *,
    from_ts: int,
    to_ts: int,
) -> dict[str, Any]:
    """Why the fractals at these two bars are, or are not, the ends of one stroke; in either order.

    NotFoundError 'no_fractal' when one of the bars carries none."""
    from alphaloop.kernels.chan import explain

    def tell(told: "Told") -> dict[str, Any]:
        first, second = sorted(told.fractal_at(ts) for ts in (from_ts, to_ts))
        return told.pair(explain.explain_pair(told.tables, told.bars, told.config, first, second))

    if from_ts == to_ts:
        raise InvalidError("A stroke joins two bars.", code="one_fractal", fields=(("to_ts", "one_fractal"),))
    return await _told(session, actor, store, book, question, tell)


async def _told(
    session: ReadSession, actor: Actor, store: BarStore, book: StructureBook, question: Question, tell: Any
) -> dict[str, Any]:
    asked = await find_series(session, actor, question)

    def explain() -> dict[str, Any]:
        told = _read(store, book, question, asked)
        try:
            found: dict[str, Any] = tell(told)
        except ValueError as error:  # the kernel's word for a row that is not there
            raise NotFoundError("There is nothing of that number.", code="nothing_to_explain") from error
        return {**found, "config": question.config, "as_of_ms": told.as_of_ms}

    return await asyncio.to_thread(explain)


def _read(store: BarStore, book: StructureBook, question: Question, asked: Found) -> "Told":
    from alphaloop.features.research.told import Told

    key, as_of_ms = asked.key, asked.as_of_ms
    found: Structure | None = book.structure(
        store, key, config=question.config, as_of_ms=as_of_ms, watcher=question.replay_id
    )
    if found is None:
        raise NotFoundError("There is nothing of that number.", code="nothing_to_explain")
    table = read_series(store, key, as_of_ms=as_of_ms)
    bars = table.cut(0, len(found.ts))
    if bars.ts.tolist() != found.ts.tolist():
        raise UnavailableError("The series is being rewritten; try again.", code="series_busy")
    if as_of_ms is None:
        as_of_ms = key.calendar_rules.close_ms(int(found.ts[-1]), key.timeframe)
    return Told(found, bars, named_config(question.config), as_of_ms)
