"""Several timeframes of one series: the lower strokes a higher one is made of, and whether a higher point is confirmed
by points of the lower levels inside its last stroke (区间套). For people and APIs; strategies read `nesting_asof`."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.chan.tables import ChanTables, Table

Ints = npt.NDArray[np.int64]

LINK_DTYPE = np.dtype([("line", "<i8"), ("first_line", "<i8"), ("last_line", "<i8")])
NESTED_DTYPE = np.dtype(
    [
        ("of", "<i8"),
        ("level", "<i8"),
        ("n", "<i8"),
        ("kind", "<U3"),
        ("idx", "<i8"),
        ("ts", "<i8"),
        ("price", "<f8"),
        ("known_ts", "<i8"),
        ("stage", "<U7"),
    ]
)
STAGES = ("shown", "sure", "settled")


class Level(NamedTuple):
    """One timeframe as known at some moment: its tables, and when each of its bars closed (int64[bars], epoch ms)."""

    tables: ChanTables
    close_ts: Ints


def rows_inside(higher_close_ts: Ints, lower_close_ts: Ints, start: Ints, end: Ints) -> tuple[Ints, Ints]:
    """First and last lower bar (last < first: none) of the spans from higher bar `start` to `end`, both included.

    A lower bar belongs to the higher bar in which it closes. Gaps, night breaks and missing bars on either side are
    legal, since only closing times are compared."""
    by_close = np.searchsorted(lower_close_ts, higher_close_ts, side="right").astype(np.int64)
    edges = np.concatenate((np.zeros(1, np.int64), by_close))
    return edges[start], edges[end + 1] - 1


def links(
    higher: ChanTables, higher_close_ts: Ints, lower: ChanTables, lower_close_ts: Ints, *, lines: int = 0
) -> Table:
    """Rows of LINK_DTYPE, one for each higher stroke (`lines` 1: segment): the lower ones that lie wholly inside it.

    `first_line` to `last_line` are row numbers of the lower table, -1 and -1 when there are none. The higher bar of a
    turn belongs to both strokes that meet there, and so do lower strokes that begin and end within it."""
    above, below = lines_of(higher, lines), lines_of(lower, lines)
    start, end = rows_inside(higher_close_ts, lower_close_ts, above["start_idx"], above["end_idx"])
    first = np.searchsorted(below["start_idx"], start, side="left")
    last = np.searchsorted(below["end_idx"], end, side="right") - 1
    some = first <= last
    table = np.empty(len(above), LINK_DTYPE)
    table["line"] = np.arange(len(above))
    table["first_line"], table["last_line"] = np.where(some, first, -1), np.where(some, last, -1)
    return table


def nested_points(levels: Sequence[Level], n: int, *, lines: int = 0) -> Table:
    """The points of the lower levels that confirm point `n` of the highest one: rows of NESTED_DTYPE, level by level.

    `levels` go from the highest timeframe down, all as known at the same moment. A point is nested when it is on the
    same side (buy or sell) and lies inside the last stroke of the point above it; each level looks inside what the
    level above has found. `of` is the row of that point in this answer (-1: point `n` itself), `level` the place in
    `levels`, `n` the row in its points, `ts` the close of the bar it stands on, `known_ts` the close of the bar that
    first showed it, `stage` one of STAGES. `lines` 1 asks for points of segments. IndexError without a point `n`."""
    parents, numbers, count = levels[0].tables.points[lines][[n]], np.array([-1]), 0
    side = str(parents["kind"][0])[0]
    found: list[Table] = []
    for place in range(1, len(levels)):
        rows = _inside(levels[place - 1], levels[place], parents, numbers, side=side, place=place, lines=lines)
        found.append(rows)
        parents = levels[place].tables.points[lines][rows["n"]]
        numbers = count + np.arange(len(rows))
        count += len(rows)
    return np.concatenate(found) if found else np.empty(0, NESTED_DTYPE)


def _inside(above: Level, below: Level, parents: Table, numbers: Ints, *, side: str, place: int, lines: int) -> Table:
    """Points of `below` inside the last stroke of each parent; points of one line share it, so the first stands for
    all."""
    last_lines, which = np.unique(parents["line"], return_index=True)
    spans = lines_of(above.tables, lines)[last_lines]
    first, last = rows_inside(above.close_ts, below.close_ts, spans["start_idx"], spans["end_idx"])
    points = below.tables.points[lines]
    ours = np.strings.startswith(points["kind"], side)
    parts = []
    for k in range(len(last_lines)):
        inside = ours & (points["idx"] >= first[k]) & (points["idx"] <= last[k])
        parts.append(_nested_rows(below, np.flatnonzero(inside), of=int(numbers[which[k]]), place=place, lines=lines))
    return np.concatenate(parts) if parts else np.empty(0, NESTED_DTYPE)


def _nested_rows(level: Level, rows: Ints, *, of: int, place: int, lines: int) -> Table:
    points = level.tables.points[lines][rows]
    settled = lines_of(level.tables, lines)["final_at"][points["line"]] >= 0
    table = np.empty(len(rows), NESTED_DTYPE)
    table["of"], table["level"], table["n"] = of, place, rows
    for name in ("kind", "idx", "price"):
        table[name] = points[name]
    table["ts"], table["known_ts"] = level.close_ts[points["idx"]], level.close_ts[points["known_at"]]
    table["stage"] = np.array(STAGES)[np.where(settled, 2, points["sure"].astype(np.int64))]
    return table


def lines_of(tables: ChanTables, lines: int) -> Table:
    """The strokes (0) or the segments of line level `lines` of some tables."""
    return tables.strokes if lines == 0 else tables.segments[lines - 1]
