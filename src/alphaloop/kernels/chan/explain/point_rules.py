"""The rules of points, read again over the tables with the numbers they compare."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from alphaloop.kernels.chan.config import ChanConfig
from alphaloop.kernels.chan.explain.records import Check, Table


@dataclass(frozen=True, slots=True)
class Found:
    """A point and what it rests on, by rows; `kind` without its side."""

    lines: Table
    pivots: Table
    segment_lines: tuple[int, int]  # first and last of the segment a first point ends; (0, -1) = none
    rests_on: tuple[int, ...]
    kind: str
    line: int
    of_line: int
    pivot: int
    ratio: float
    level: int

    @property
    def direction(self) -> int:
        """Of the point's line: buys stand on down lines."""
        return int(self.lines[self.line]["direction"])

    @property
    def grown(self) -> bool:
        """Whether the pivot goes on behind the point: one that may cross segments can, and is no longer as it was."""
        return bool(self.pivots[self.pivot]["last_line"] >= self.line)

    def end(self, j: int) -> float:
        return float(self.lines[j]["end_price"])

    def edge(self, near: bool) -> float:
        """Of the pivot, on the side the point's line goes to (its range when `near`, else its extreme)."""
        return self._pivot_price(self.direction, near)

    def other_edge(self, near: bool) -> float:
        """The same on the side it comes from."""
        return self._pivot_price(-self.direction, near)

    def _pivot_price(self, side: int, near: bool) -> float:
        up, down = ("zg", "zd") if near else ("gg", "dd")
        return float(self.pivots[self.pivot][up if side > 0 else down])


def point_checks(found: Found, config: ChanConfig) -> tuple[Check, ...]:
    """The rules of a point's kind; value and limit of each, told for a buy (read higher for lower in a sell):

    pivots       1, 1p: pivots in the segment, and how many it takes
    leaves       1: end of the line, and the pivot's lower edge, which it must pass
    new_extreme  1: the lowest price of the line behind the pivot, and the pivot's lowest, which it must reach; with
                 pivots alone the end of the line, and the lowest before it since the pivot began, which it must pass
                 1p: end of the line, and of the one two before it, which it must reach
    diverges     1, 1p: ratio of the forces, and the most it may be
    follows      2, 2s, 3a, 3b: points at the end of the segment, and how many it takes
    gives_back   2, 2s: share of the line before that was given back, and the most it may be
    overlaps     2s: the range shared with the tests before, which must be more than 0
    holds        2s: end of the line, and of the segment, which it must not pass; with pivots alone also 2 and 3b
    stays_out    3a, 3b: end of the line, and the pivot's upper edge, below which it must not come
    passes_peak  3a: start of the line, and the pivot's highest, which it must reach
    at_once      3a, 3b: the line beside the pivot, which must be the last of the segment

    A pivot that may cross segments can grow behind a point; its prices then are told, but no longer required."""
    rules = _alone_rules if config.pivot_rule == "alone" else _segment_rules
    return tuple(rules(found, config))


def _segment_rules(found: Found, config: ChanConfig) -> Iterator[Check]:
    if found.kind in ("1", "1p"):
        yield _pivots(found, config)
        yield from _first(found, config)
        return
    needed = config.second_follows if found.kind in ("2", "2s") else config.third_follows
    yield Check("follows", len(found.rests_on) > 0, len(found.rests_on), 1, required=needed)
    if found.kind == "2":
        yield Check("gives_back", found.ratio <= config.second_rate, found.ratio, config.second_rate)
    elif found.kind == "2s":
        yield from _later_test(found, config)
    else:
        yield from _third(found, config)


def _pivots(found: Found, config: ChanConfig) -> Check:
    first, last = found.segment_lines
    here = found.pivots[(found.pivots["first_line"] >= first) & (found.pivots["first_line"] <= last)]
    if config.multi_line_only and found.level == 0:
        here = here[here["first_line"] != here["last_line"]]
    return Check("pivots", len(here) >= config.min_pivots, len(here), config.min_pivots)


def _first(found: Found, config: ChanConfig) -> Iterator[Check]:
    d, end = found.direction, found.end(found.line)
    if found.kind == "1p":
        limit = found.end(found.of_line)
        yield Check("new_extreme", d * end >= d * limit, end, limit)
    else:
        edge, peak = found.edge(near=True), found.edge(near=False)
        yield Check("leaves", d * end > d * edge, end, edge, required=not found.grown)
        out = int(found.pivots[found.pivot]["last_line"]) + 1
        far = float("nan")
        if out < len(found.lines):
            row = found.lines[out]
            far = float(row["high" if row["direction"] > 0 else "low"])
        required = config.first_peak and not found.grown
        yield Check("new_extreme", d * far >= d * peak, far, peak, required=required)
    yield Check("diverges", found.ratio <= config.divergence_rate, found.ratio, config.divergence_rate)


def _later_test(found: Found, config: ChanConfig) -> Iterator[Check]:
    d, away, test = found.direction, found.of_line + 1, found.of_line + 2
    yield _overlap(found, [test] if found.line - test == 2 else [test, test + 2])
    start = float(found.lines[away]["start_price"])
    end = found.end(found.line)
    yield Check("holds", d * end <= d * start, end, start)
    yield Check("gives_back", found.ratio <= config.second_rate, found.ratio, config.second_rate)


def _overlap(found: Found, tests: list[int]) -> Check:
    rows = found.lines[[*tests, found.line]]
    shared = float(np.min(rows["high"]) - np.max(rows["low"]))
    return Check("overlaps", shared > 0.0, shared, 0.0)


def _third(found: Found, config: ChanConfig) -> Iterator[Check]:
    yield _stays_out(found, required=not found.grown)
    pivot = found.pivots[found.pivot]
    if found.kind == "3a":
        start, peak = float(found.lines[found.line]["start_price"]), found.other_edge(near=False)
        d = found.direction
        yield Check("passes_peak", d * start <= d * peak, start, peak, required=config.third_peak and not found.grown)
        beside = int(pivot["first_line"]) - 2
    else:
        beside = int(pivot["last_line"]) + 1
    yield Check("at_once", beside == found.of_line, beside, found.of_line, required=config.third_strict)


def _stays_out(found: Found, *, required: bool = True) -> Check:
    d, end, edge = found.direction, found.end(found.line), found.other_edge(near=True)
    return Check("stays_out", d * end <= d * edge, end, edge, required=required)


def _alone_rules(found: Found, config: ChanConfig) -> Iterator[Check]:
    d, end = found.direction, found.end(found.line)
    if found.kind == "1":
        # The line itself may have joined the pivot since, when price came back.
        before = found.lines[int(found.pivots[found.pivot]["first_line"]) : found.line]
        peak = float(before["high"].max() if d > 0 else before["low"].min())
        yield Check("new_extreme", d * end > d * peak, end, peak)
    if found.kind == "1p":
        limit = found.end(found.of_line)
        yield Check("new_extreme", d * end > d * limit, end, limit)
    if found.kind in ("1", "1p"):
        yield Check("diverges", found.ratio <= config.divergence_rate, found.ratio, config.divergence_rate)
        return
    if found.kind != "3a":
        limit = found.end(found.of_line)
        yield Check("holds", d * end <= d * limit, end, limit)
    if found.kind == "2s":
        yield _overlap(found, [found.of_line + 2])
    if found.kind in ("3a", "3b"):
        yield _stays_out(found)
