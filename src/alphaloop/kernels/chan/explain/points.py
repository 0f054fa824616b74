"""Why there is a point: the segment and the pivot it rests on, the lines that were compared, and how narrowly each rule
was met."""

from dataclasses import dataclass

import numpy as np

from alphaloop.kernels.chan.config import ChanConfig
from alphaloop.kernels.chan.explain.measures import Measured, compare_forces
from alphaloop.kernels.chan.explain.point_rules import Found, point_checks
from alphaloop.kernels.chan.explain.records import Bars, Check, Life, Line, life_of, line_at, lines_of, row_of
from alphaloop.kernels.chan.tables import ChanTables

KEYS = {
    "1": "trend_weakens",
    "1p": "new_extreme_weakens",
    "2": "first_test_holds",
    "2s": "later_test_holds",
    "3a": "next_pivot_left",
    "3b": "last_pivot_left",
}
"""Kind without its side → what the point is about."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment a point rests on, with the kernel's word for how its end was found; `explain_segment` tells more."""

    n: int
    direction: int
    first_line: int
    last_line: int
    reason: str
    sure: bool


@dataclass(frozen=True, slots=True)
class Pivot:
    """A pivot: its range zd..zg, its extremes dd..gg, its lines and its bars."""

    n: int
    start_idx: int
    end_idx: int
    zg: float
    zd: float
    gg: float
    dd: float
    first_line: int
    last_line: int


@dataclass(frozen=True, slots=True)
class PointExplained:
    """Why there is a point.

    key        one of KEYS
    line       the line at whose end it stands; of a 1 or 1p it is the leaving one
    compared   the line its force is compared with (1, 1p), or the last line of the segment it tests or follows
    segment    the segment that ends with `line` (1, 1p) or with `compared`; None when pivots stand alone
    pivot      the pivot that was left (1, 3a, 3b)
    rests_on   other points, by row, at the end of that segment: most rules ask for one
    measure, ratio, threshold   of a 1 or 1p: the configured measure, what it said, and what it had to stay within;
               of a 2 or 2s: the share given back and its bound ("" as measure); NaN for the others
    measures   of a 1 or 1p: what every measure says about the two lines
    checks     the rules it met, see `point_rules.point_checks`
    life       when the point was first seen, when its line was sure, and since when the point can no longer change
    line_final_at, segment_final_at   since when its line, and the segment that line lies in, can no longer change"""

    key: str
    level: int
    n: int
    kind: str
    idx: int
    price: float
    line: Line
    compared: Line | None
    segment: Segment | None
    pivot: Pivot | None
    rests_on: tuple[int, ...]
    measure: str
    ratio: float
    threshold: float
    measures: tuple[Measured, ...]
    checks: tuple[Check, ...]
    life: Life
    line_final_at: int
    segment_final_at: int


def explain_point(tables: ChanTables, bars: Bars, config: ChanConfig, level: int, n: int) -> PointExplained:
    """Why point `n` of `tables.points[level]` is there. `tables` are whole tables, `bars` the bars they were made of.

    Raises ValueError when there is no such point, or when a column of the bars is absent or of another length."""
    if not 0 <= level < len(tables.points):
        raise ValueError(f"there is no point level {level}; there are {len(tables.points)}")
    point = row_of(tables.points[level], n, "point")
    lines, kind = lines_of(tables, level), str(point["kind"])[1:]
    line, of_line, first = int(point["line"]), int(point["of_line"]), kind in ("1", "1p")
    alone = config.pivot_rule == "alone"
    segment = None if alone else _segment(tables, level, line if first else of_line)
    found = Found(
        lines=lines,
        pivots=tables.pivots[level],
        segment_lines=(segment.first_line, segment.last_line) if segment else (0, -1),
        rests_on=tuple(np.flatnonzero(tables.points[level]["line"] == of_line).tolist()) if not first else (),
        kind=kind,
        line=line,
        of_line=of_line,
        pivot=int(point["pivot"]),
        ratio=float(point["ratio"]),
        level=level,
    )
    measures: tuple[Measured, ...] = ()
    if first:
        measures = compare_forces(tables, bars, config, level, entering=of_line, leaving=line)
    return PointExplained(
        key=KEYS[kind],
        level=level,
        n=n,
        kind=str(point["kind"]),
        idx=int(point["idx"]),
        price=float(point["price"]),
        line=line_at(lines, line),
        compared=line_at(lines, of_line) if of_line >= 0 else None,
        segment=segment,
        pivot=_pivot(tables, level, found.pivot),
        rests_on=found.rests_on,
        measure=next((one.name for one in measures if one.decides), ""),
        ratio=found.ratio,
        threshold=_threshold(config, kind),
        measures=measures,
        checks=point_checks(found, config),
        life=life_of(point),
        line_final_at=int(lines[line]["final_at"]),
        segment_final_at=_holder_final_at(tables, level, line),
    )


def _threshold(config: ChanConfig, kind: str) -> float:
    if kind in ("1", "1p"):
        return config.divergence_rate
    tests = kind in ("2", "2s") and config.pivot_rule != "alone"
    return config.second_rate if tests else float("nan")


def _holder_final_at(tables: ChanTables, level: int, line: int) -> int:
    segments = tables.segments[level]
    n = int(np.searchsorted(segments["last_line"], line))
    return int(segments[n]["final_at"]) if n < len(segments) else -1


def _segment(tables: ChanTables, level: int, line: int) -> Segment | None:
    """The segment whose last line is `line`."""
    segments = tables.segments[level]
    n = int(np.searchsorted(segments["last_line"], line))
    if n == len(segments) or segments[n]["last_line"] != line:
        return None
    row = segments[n]
    lines = (int(row["first_line"]), int(row["last_line"]))
    return Segment(n, int(row["direction"]), *lines, str(row["reason"]), bool(row["sure"]))


def _pivot(tables: ChanTables, level: int, n: int) -> Pivot | None:
    if n < 0:
        return None
    row = tables.pivots[level][n]
    return Pivot(
        n=n,
        start_idx=int(row["start_idx"]),
        end_idx=int(row["end_idx"]),
        zg=float(row["zg"]),
        zd=float(row["zd"]),
        gg=float(row["gg"]),
        dd=float(row["dd"]),
        first_line=int(row["first_line"]),
        last_line=int(row["last_line"]),
    )
