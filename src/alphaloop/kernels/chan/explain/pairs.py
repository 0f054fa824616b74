"""Why there is a stroke between two fractals, or the first rule that refused it: the question users of Chan software
ask most, and no program answers."""

from dataclasses import dataclass

import numpy as np

from alphaloop.kernels.chan.config import ChanConfig
from alphaloop.kernels.chan.explain.pair_rules import Pair, pair_checks
from alphaloop.kernels.chan.explain.records import Bars, Check, Line, line_at, row_of
from alphaloop.kernels.chan.tables import ChanTables

REFUSALS = {
    "kinds": "same_kind",
    "span": "too_near",
    "raw_between": "too_near",
    "apart": "fractals_overlap",
    "start_clear": "fractals_overlap",
    "end_clear": "fractals_overlap",
    "beyond_start": "wrong_side",
    "containment": "one_inside_other",
    "extreme": "not_extreme",
}
"""The rule that failed → what the answer is called."""


@dataclass(frozen=True, slots=True)
class PairExplained:
    """Why two fractals are, or are not, the ends of one stroke.

    key     stroke         they are, and the end has passed its rule
            provisional    they are for now: the end is not sure
            same_kind, too_near, fractals_overlap, wrong_side, one_inside_other, not_extreme
                           the first rule of `checks` that refuses
            end_moved_on   `stroke` begins here, and its end has gone on to a fractal further out
            not_further    `stroke` begins here and had its end already, which the second fractal does not pass
            turned_before  `stroke` lies between: after an earlier end the market turned before the second fractal came
            inside_stroke  the first fractal is no end of a stroke: it lies inside `stroke`
            before_first   the first fractal lies before `stroke`, the very first one, whose ends came sooner or are
                           further out
            no_stroke_yet  price has moved on, and nothing stands so far
            behind_last    the first fractal lies behind the sure end of `stroke`, where the next one must begin
            passed_since   price passed an end, the second fractal or that of `stroke`, and the strokes around it have
                           not been drawn anew yet (window strokes)
    checks  every rule for the pair. Those of a stroke may fail when its end has moved on: a later fractal at least as
            far out needs no check
    stroke  the stroke that the key speaks of, if any"""

    key: str
    from_fractal: int
    to_fractal: int
    from_kind: int
    to_kind: int
    from_idx: int
    to_idx: int
    from_price: float
    to_price: float
    checks: tuple[Check, ...]
    stroke: Line | None


def explain_pair(
    tables: ChanTables, bars: Bars, config: ChanConfig, from_fractal: int, to_fractal: int
) -> PairExplained:
    """Why the fractals in rows `from_fractal` < `to_fractal` are, or are not, the ends of one stroke.

    `tables` are whole tables (not read with `after`), `bars` the bars they were made from, `config` the
    configuration. Raises ValueError for rows that do not exist or are not in this order."""
    for n in (from_fractal, to_fractal):
        row_of(tables.fractals, n, "fractal")
    if from_fractal >= to_fractal:
        raise ValueError("the second fractal must come after the first")
    pair = Pair.of(tables, bars, from_fractal, to_fractal)
    checks = pair_checks(pair, config)
    key, stroke = _shown(tables, pair)
    if stroke < 0:
        refused = next((check for check in checks if check.refuses), None)
        key, stroke = (REFUSALS[refused.key], -1) if refused else _place(tables, pair, config)
    return PairExplained(
        key=key,
        from_fractal=from_fractal,
        to_fractal=to_fractal,
        from_kind=pair.from_kind,
        to_kind=pair.to_kind,
        from_idx=pair.from_idx,
        to_idx=pair.to_idx,
        from_price=pair.price(pair.e, pair.from_kind),
        to_price=pair.price(pair.k, pair.to_kind),
        checks=checks,
        stroke=line_at(tables.strokes, stroke) if stroke >= 0 else None,
    )


def _shown(tables: ChanTables, pair: Pair) -> tuple[str, int]:
    n = _stroke_from(tables, pair.from_idx)
    if n < 0 or tables.strokes[n]["end_idx"] != pair.to_idx:
        return "", -1
    return ("stroke" if tables.strokes[n]["sure"] else "provisional"), n


def _stroke_from(tables: ChanTables, idx: int) -> int:
    """The stroke that begins at bar `idx`, -1 = none."""
    starts = tables.strokes["start_idx"]
    n = int(np.searchsorted(starts, idx))
    return n if n < len(starts) and starts[n] == idx else -1


def _place(tables: ChanTables, pair: Pair, config: ChanConfig) -> tuple[str, int]:
    """What stood in the way of a pair that breaks no rule: its place among the strokes."""
    strokes = tables.strokes
    n = _stroke_from(tables, pair.from_idx)
    if n >= 0:
        end = int(strokes[n]["end_idx"])
        if end > pair.to_idx:
            return "end_moved_on", n
        further = pair.to_kind * (pair.price(pair.k, pair.to_kind) - float(strokes[n]["end_price"]))
        passes = further > 0 or (further == 0 and config.equal_ends == "move")
        if not passes:
            return "not_further", n
        return ("turned_before", n + 1) if n + 1 < len(strokes) else ("passed_since", n)
    if len(strokes) == 0 or pair.from_idx < strokes[0]["start_idx"]:
        return ("before_first", 0) if len(strokes) else ("no_stroke_yet", -1)
    last = len(strokes) - 1
    if pair.from_idx == strokes[last]["end_idx"]:
        # Only a sure end may begin a stroke.
        return ("passed_since", last) if strokes[last]["sure"] else ("behind_last", last - 1)
    if pair.from_idx > strokes[last]["end_idx"]:
        return "behind_last", last
    return "inside_stroke", int(np.searchsorted(strokes["start_idx"], pair.from_idx, side="right")) - 1
