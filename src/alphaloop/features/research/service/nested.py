"""Whether a point is confirmed by points of finer timeframes inside its last line (区间套), and the finer lines that
line is made of."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from alphaloop.core.bar import Timeframe
from alphaloop.core.errors import InvalidError, NotFoundError
from alphaloop.features.market.service import BarStore
from alphaloop.features.research.rows import price_text
from alphaloop.features.research.service.structure import Found, Question, find_series
from alphaloop.features.research.structures import Structure, StructureBook
from alphaloop.infra.db import ReadSession
from alphaloop.infra.identity import Actor

if TYPE_CHECKING:
    from alphaloop.kernels.chan.nesting import Level


async def read_nested(
    session: ReadSession,
    actor: Actor,
    store: BarStore,
    book: StructureBook,
    question: Question,
    *,
    n: int,
    levels: Sequence[Timeframe],
    lines: int = 0,
) -> dict[str, Any]:
    """Points of `levels` that confirm point `n` of the question's timeframe, and its last line in finer lines.

    Each level looks inside what the one above has found. `lines` 1 asks for points of segments. NotFoundError
    'nothing_to_explain' without such a point, InvalidError 'not_finer' when a level is not finer than the one above.
    """
    frames = [question.timeframe, *levels]
    if any(below.ms >= above.ms for above, below in pairwise(frames)) or not levels:
        raise InvalidError("Name finer timeframes, from coarse to fine.", fields=(("levels", "not_finer"),))
    asked = [await find_series(session, actor, replace(question, timeframe=frame)) for frame in frames]

    def read() -> dict[str, Any]:
        from alphaloop.kernels.chan.nesting import nested_points

        known = [_known(store, book, question, one) for one in asked]
        levels = [_level(one, found) for one, found in zip(asked, known, strict=True)]
        points = levels[0].tables.points
        if lines >= len(points) or n >= len(points[lines]):
            raise NotFoundError("There is nothing of that number.", code="nothing_to_explain")
        rows = nested_points(levels, n, lines=lines)
        point = points[lines][n]
        return {
            "kind": str(point["kind"]),
            "ts": int(known[0].ts[point["idx"]]),
            "points": [_row(row, frames, known) for row in rows],
            "inside": _inside(frames, known, levels, int(point["line"]), lines),
        }

    return await asyncio.to_thread(read)


def _known(store: BarStore, book: StructureBook, question: Question, asked: Found) -> Structure:
    found = book.structure(
        store, asked.key, config=question.config, as_of_ms=asked.as_of_ms, watcher=question.replay_id
    )
    if found is None:
        raise NotFoundError("There are no bars of this instrument and timeframe.", code="series_not_found")
    return found


def _level(asked: Found, found: Structure) -> "Level":
    import numpy as np

    from alphaloop.kernels.chan.nesting import Level

    close_ms, timeframe = asked.key.calendar_rules.close_ms, asked.key.timeframe
    return Level(found.tables, np.array([close_ms(ts, timeframe) for ts in found.ts.tolist()], np.int64))


def _row(row: Any, frames: Sequence[Timeframe], known: Sequence[Structure]) -> dict[str, Any]:
    place = int(row["level"])
    found, of = known[place], int(row["of"])
    return {
        "of": of if of >= 0 else None,
        "timeframe": frames[place].value,
        "n": int(row["n"]),
        "kind": str(row["kind"]),
        "ts": int(found.ts[row["idx"]]),
        "price": price_text(float(row["price"]), found.decimals),
        "known_ms": int(row["known_ts"]),
        "stage": str(row["stage"]),
    }


def _inside(
    frames: Sequence[Timeframe], known: Sequence[Structure], levels: "Sequence[Level]", line: int, lines: int
) -> list[dict[str, Any]]:
    """Of each finer level the lines that lie wholly inside the point's line."""
    from alphaloop.kernels.chan.nesting import links

    above, found = levels[0], []
    for frame, below in zip(frames[1:], levels[1:], strict=True):
        row = links(above.tables, above.close_ts, below.tables, below.close_ts, lines=lines)[line]
        some = row["first_line"] >= 0
        places = {name: int(row[name]) if some else None for name in ("first_line", "last_line")}
        found.append({"timeframe": frame.value, **places})
    return found
