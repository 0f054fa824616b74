"""Why a segment ends where it does: the three elements of its feature sequence, the gap between them if there is one,
and the line that proved the end; or what is still missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from alphaloop.kernels.chan.config import ChanConfig
from alphaloop.kernels.chan.explain.elements import Element, Window, read_window, search
from alphaloop.kernels.chan.explain.records import Check, Life, Line, Table, life_of, line_at, lines_of, row_of
from alphaloop.kernels.chan.tables import ChanTables

PLAIN_KEYS = {"break": "new_extreme_proves", "one_plus_one": "next_two_prove"}


@dataclass(frozen=True, slots=True)
class SegmentExplained:
    """Why a segment ends where it does.

    key       third_breaks         the third element's line ends beyond the second element: a real break
              later_line_breaks    it does not, but the next line of its direction goes on beyond it
              next_fractal_proves  the first two elements leave a gap; the fractal of the next segment proved the end
              gap_waits            they leave a gap, and no fractal after the end has proved it yet
              break_waits          the third element's line has not gone far enough, and no later line decides yet
              too_short            an end was found, but fewer than three lines lie before it
              new_extreme_proves   ("break") a line three or more later made a new extreme the other way
              next_two_prove       ("one_plus_one") the next line and the one two later turned the lines their way
              end_waits            (both) the furthest end so far, which nothing has proved yet
              split_at_extreme     the very first stretch, cut at its extreme because the end found lies elsewhere
              split_rest           what is left of that stretch, up to the end that was found
              cut_at_extreme       no end found yet: the lines behind the last end, cut at their extreme
              rest                 the lines behind that
    reason    the kernel's own word for it (`layout.REASONS`)
    elements  the elements of the feature sequence; of cut_at_extreme and rest those the search stands at
    peak      the line that carries the second element's outer edge; the segment ends with the line before it
    third, proof   the line that made the third element, and the one that proved the end; -1 = none
    behind    of cut_at_extreme and rest: the last segment before it whose end was found, -1 = none"""

    key: str
    level: int
    n: int
    line: Line
    first_line: int
    last_line: int
    reason: str
    sure: bool
    elements: tuple[Element, ...]
    checks: tuple[Check, ...]
    peak: int
    third: int
    proof: int
    behind: int
    life: Life


def explain_segment(tables: ChanTables, config: ChanConfig, level: int, n: int) -> SegmentExplained:
    """Why segment `n` of `tables.segments[level]` ends where it does. `tables` are whole tables.

    Value and limit of the checks, told for an up segment (read lower for higher in a down one):

    outer_rises  high of the second element, and of the first, which it must pass
    outer_turns  high of the third element, and of the second, which it must not pass
    inner_falls  low of the third element, and of the second, which it must pass
    no_gap       high of the first element, and low of the second, which it must reach, or the end needs proof
    breaks       end of the third element's line, and of the last line before it, which it should pass
    goes_on      end of the next line of its direction, and of the third element's, which it should pass
    lines        how many lines there are, and how many it takes
    distance     ("break") lines from the end to the one that proved it, and how many it takes
    new_extreme  ("break") low of that line, and of the one two before it, which it must pass
    start_falls  ("one_plus_one") start of the line two behind the next, and of the next, which it must pass
    falls_on     ("one_plus_one") its end, and the nearer of those of the two before it, which it must pass
    extreme      of a cut: its end, and the furthest end behind the segment before, which must not lie beyond it

    Raises ValueError when there is no such segment."""
    if not 0 <= level < len(tables.segments):
        raise ValueError(f"there is no segment level {level}; there are {len(tables.segments)}")
    segments, lines = tables.segments[level], lines_of(tables, level)
    row = row_of(segments, n, "segment")
    features = config.segment_rule == "features"
    window: Window | None = None
    behind, checks = -1, tuple[Check, ...]()
    if row["window"] >= 0 and not features:
        checks = _plain_checks(row, lines, config.segment_rule)
        key = "end_waits" if row["proof"] < 0 else PLAIN_KEYS[config.segment_rule]
    elif row["window"] >= 0:
        window = _window_of(row, lines)
        checks = _fractal_checks(row, lines, window)
        key = "too_short" if row["reason"] == "short" else _how_found(row, window, checks)
    elif row["reason"] == "split":
        key = "split_at_extreme" if _split_again(segments, n) else "split_rest"
    else:
        behind = _last_found(segments, n)
        window = _window_behind(segments, lines, behind) if features else None
        cut = _cut(segments, lines, n)
        key, checks = ("cut_at_extreme", (cut,)) if row["reason"] == "left" and cut.holds else ("rest", ())
    return SegmentExplained(
        key=key,
        level=level,
        n=n,
        line=line_at(segments, n),
        first_line=int(row["first_line"]),
        last_line=int(row["last_line"]),
        reason=str(row["reason"]),
        sure=bool(row["sure"]),
        elements=window.elements if window else (),
        checks=checks,
        peak=window.peak if window else -1,
        third=window.third if window else -1,
        proof=int(row["proof"]),
        behind=behind,
        life=life_of(row),
    )


def _window_of(row: Any, lines: Table) -> Window:
    return read_window(lines, int(row["window"]), int(row["direction"]), int(row["third"]) + 1)


def _fractal_checks(row: Any, lines: Table, window: Window) -> tuple[Check, ...]:
    s = int(row["direction"])
    one, two, three = ((e.high, e.low) if s > 0 else (e.low, e.high) for e in window.elements)
    ends, x = lines["end_price"], window.third
    before, broken = float(ends[window.elements[1].lines[-1]]), float(ends[x])
    later = float(ends[x + 2]) if x + 2 < len(lines) else float("nan")
    count = int(row["last_line"] - row["first_line"]) + 1
    return (
        Check("outer_rises", s * two[0] > s * one[0], two[0], one[0]),
        Check("outer_turns", s * three[0] <= s * two[0], three[0], two[0]),
        Check("inner_falls", s * three[1] < s * two[1], three[1], two[1]),
        Check("no_gap", s * one[0] >= s * two[1], one[0], two[1], required=False),
        Check("breaks", s * broken < s * before, broken, before, required=False),
        Check("goes_on", s * later < s * broken, later, broken, required=False),
        Check("lines", count >= 3, count, 3),
    )


def _how_found(row: Any, window: Window, checks: Sequence[Check]) -> str:
    holds = {check.key: check.holds for check in checks}
    if row["proof"] < 0:
        return "gap_waits" if holds["breaks"] or holds["goes_on"] else "break_waits"
    if not holds["no_gap"]:
        return "next_fractal_proves"
    return "third_breaks" if row["proof"] == window.third else "later_line_breaks"


def _plain_checks(row: Any, lines: Table, rule: str) -> tuple[Check, ...]:
    if row["proof"] < 0:
        return ()
    s, last, proof, ends = -int(row["direction"]), int(row["last_line"]), int(row["proof"]), lines["end_price"]
    if rule == "break":
        value, limit = float(ends[proof]), float(ends[proof - 2])
        far = proof - last
        return Check("distance", far >= 3, far, 3), Check("new_extreme", s * value > s * limit, value, limit)
    value, limit = float(lines[proof]["start_price"]), float(lines[proof - 2]["start_price"])
    end, nearer = float(ends[proof]), s * min(s * float(ends[proof - 2]), s * float(ends[proof - 4]))
    return (
        Check("start_falls", s * value > s * limit, value, limit),
        Check("falls_on", s * end > s * nearer, end, nearer),
    )


def _split_again(segments: Table, n: int) -> bool:
    return n + 1 < len(segments) and bool(segments[n + 1]["reason"] == "split")


def _last_found(segments: Table, n: int) -> int:
    """The last segment before row `n` whose end is more than a cut."""
    found = np.flatnonzero(~np.isin(segments["reason"][:n], ("left", "open")))
    return int(found[-1]) if len(found) else -1


def _window_behind(segments: Table, lines: Table, behind: int) -> Window | None:
    """Where the search for the next end stands; there is none while the end before is itself in doubt."""
    if behind < 0:
        return None
    row = segments[behind]
    if row["window"] >= 0 and row["proof"] < 0:
        window = _window_of(row, lines)
        if _how_found(row, window, _fractal_checks(row, lines, window)) == "break_waits":
            return None
    return search(lines, int(row["last_line"]) + 1, -int(row["direction"]))


def _cut(segments: Table, lines: Table, n: int) -> Check:
    s, ends = int(segments[n]["direction"]), lines["end_price"]
    begin = int(segments[n - 1]["last_line"]) + 3 if n else 0
    rivals = [j for j in range(begin, len(lines)) if lines[j]["direction"] == s and _counts(lines, j)]
    end = float(segments[n]["end_price"])
    if not rivals:
        return Check("extreme", False, end, float("nan"))
    limit = float(ends[max(rivals, key=lambda j: s * ends[j])])
    return Check("extreme", s * end >= s * limit, end, limit)


def _counts(lines: Table, j: int) -> bool:
    """A line that ends short of the one two before it is never the extreme that ends a segment."""
    s = int(lines[j]["direction"])
    return j < 2 or bool(s * lines[j - 2]["end_price"] <= s * lines[j]["end_price"])
