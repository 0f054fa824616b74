"""The rules for the two ends of a stroke, read again over the tables with every number they compare."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from alphaloop.kernels.chan.config import ChanConfig
from alphaloop.kernels.chan.explain.records import Bars, Check, Floats, Table, column
from alphaloop.kernels.chan.tables import ChanTables


@dataclass(frozen=True, slots=True)
class Pair:
    """Two fractals as merged bars `e` and `k`, and what the rules read around them."""

    merged: Table
    high: Floats
    low: Floats
    e: int
    k: int
    from_kind: int
    to_kind: int
    from_idx: int
    to_idx: int
    rivals: tuple[int, ...]  # fractals between, of the second one's kind

    @classmethod
    def of(cls, tables: ChanTables, bars: Bars, first: int, second: int) -> Self:
        """The pair of two rows of the fractal table."""
        merged, rows = tables.merged, len(tables.macd_hist)
        fractals = tables.fractals[first : second + 1]
        at = np.searchsorted(merged["start_idx"], fractals["start_idx"]).tolist()
        kinds = fractals["kind"].tolist()
        rivals = tuple(m for m, kind in zip(at[1:-1], kinds[1:-1], strict=True) if kind == kinds[-1])
        places = (int(fractals["idx"][0]), int(fractals["idx"][-1]))
        high, low = column(bars, "high", rows), column(bars, "low", rows)
        return cls(merged, high, low, at[0], at[-1], kinds[0], kinds[-1], *places, rivals)

    def price(self, m: int, kind: int) -> float:
        """The high (kind +1) or low (kind -1) of merged bar `m`."""
        return float(self.merged[m]["high" if kind > 0 else "low"])

    def span_of(self, m: int) -> tuple[int, int]:
        """First and last raw row of merged bar `m`."""
        return int(self.merged[m]["start_idx"]), int(self.merged[m]["end_idx"])

    def opening(self, m: int, kind: int) -> tuple[float, tuple[int, int]]:
        """High or low of merged bar `m` at the moment it opened, when it was one raw bar long."""
        row = int(self.merged[m]["start_idx"])
        return float((self.high if kind > 0 else self.low)[row]), (row, row)

    def gaps(self) -> int:
        """Price gaps between neighbouring merged bars from `e` to `k`, by all prices of their raw bars."""
        starts = self.merged["start_idx"][self.e : self.k + 1]
        stop = int(self.merged[self.k]["end_idx"]) + 1
        tops = np.maximum.reduceat(self.high[:stop], starts)
        bottoms = np.minimum.reduceat(self.low[:stop], starts)
        return int(np.sum((bottoms[:-1] > tops[1:]) | (tops[:-1] < bottoms[1:])))


def pair_checks(pair: Pair, config: ChanConfig) -> tuple[Check, ...]:
    """Every rule of the configuration's stroke for this pair, in a fixed order; value and limit of each:

    kinds         the two kinds (+1 top, -1 bottom), which must differ
    span          merged bars from one to the other, with the gaps that count, and how many it takes; of window strokes
                  from the bar before the first to the bar after the second
    raw_between   raw bars strictly between the two merged bars, and how many it takes (new strokes)
    start_clear   price of the first fractal, and the furthest of the second one's bars, which it must pass
    end_clear     price of the second fractal, and the furthest of the first one's bars, which it must pass
    apart         inner edge of the first fractal, and the furthest of the second one's bars ("totally")
    beyond_start  price of the second fractal, and of the first, which it must pass (window strokes)
    containment   low of the fractal with the higher high, and of the other, which it must not pass (window strokes)
    extreme       price of the second fractal, and the furthest of the bars (window strokes: fractals) between, which
                  must not lie beyond it"""
    if pair.from_kind == pair.to_kind:
        return (Check("kinds", False, pair.from_kind, pair.to_kind),)
    kinds = Check("kinds", True, pair.from_kind, pair.to_kind)
    rules = _window_rules if config.stroke_rule == "window" else _pair_rules
    return (kinds, *rules(pair, config))


def _pair_rules(pair: Pair, config: ChanConfig) -> Iterator[Check]:
    yield from _span(pair, config)
    yield from _clearance(pair, config.fractal_check)
    yield _extreme(pair, range(pair.e + 1, pair.k), config.end_is_peak)


def _span(pair: Pair, config: ChanConfig) -> Iterator[Check]:
    span = pair.k - pair.e
    if config.gap_counts and span < 4:
        span += pair.gaps()
    needed = {"old": 4, "new": 3, "loose": 1}[config.stroke_span]
    yield Check("span", span >= needed, span, needed)
    raw = pair.span_of(pair.k)[0] - pair.span_of(pair.e)[1] - 1
    yield Check("raw_between", raw >= 3, raw, 3, required=config.stroke_span == "new")


def _clearance(pair: Pair, rule: str) -> Iterator[Check]:
    """How far the fractals stand apart. The bar to the right of the second one is read as it opened, as long as its
    first raw bar: that is all there was when the stroke was decided."""
    s = pair.from_kind
    far = [(pair.price(m, s), pair.span_of(m)) for m in range(pair.k - (rule != "loss"), pair.k + 1)]
    if rule in ("strict", "totally"):
        far.append(pair.opening(pair.k + 1, s))
    highest = max(far, key=lambda one: s * one[0])
    start = pair.price(pair.e, s)
    if rule == "totally":
        edge = pair.price(pair.e, -s)
        yield Check("apart", s * edge > s * highest[0], edge, *highest)
        return
    yield Check("start_clear", s * start > s * highest[0], start, *highest)
    neighbours = {"loss": [0], "half": [0, 1], "strict": [-1, 0, 1]}[rule]
    near = [(pair.price(pair.e + m, -s), pair.span_of(pair.e + m)) for m in neighbours]
    lowest = min(near, key=lambda one: s * one[0])
    end = pair.price(pair.k, -s)
    yield Check("end_clear", s * end < s * lowest[0], end, *lowest)


def _extreme(pair: Pair, between: Sequence[int], required: bool, *, ties_count: bool = False) -> Check:
    t, end = pair.to_kind, pair.price(pair.k, pair.to_kind)
    if not between:
        return Check("extreme", True, end, float("nan"), required=required)
    best = max(between, key=lambda m: t * pair.price(m, t))
    limit = pair.price(best, t)
    holds = t * end > t * limit or (end == limit and not ties_count)
    return Check("extreme", holds, end, limit, pair.span_of(best), required)


def _window_rules(pair: Pair, config: ChanConfig) -> Iterator[Check]:
    e, k, t = pair.e, pair.k, pair.to_kind
    yield Check("span", k - e + 3 >= config.window_bars, k - e + 3, config.window_bars)
    start, end = pair.price(e, -t), pair.price(k, t)
    yield Check("beyond_start", t * end > t * start, end, start, pair.span_of(e))
    upper, lower = (e, k) if pair.price(e, 1) > pair.price(k, 1) else (k, e)
    level = pair.price(e, 1) == pair.price(k, 1)
    value, limit = pair.price(upper, -1), pair.price(lower, -1)
    yield Check("containment", level or value >= limit, value, limit, pair.span_of(lower))
    rivals = [m for m in range(e + 1, k) if _is_fractal(pair.merged, m, t)]
    yield _extreme(pair, rivals, True, ties_count=config.equal_ends == "stay")


def _is_fractal(merged: Table, m: int, kind: int) -> bool:
    before, here, after = merged[m - 1], merged[m], merged[m + 1]
    return all(kind * (here[edge] - side[edge]) > 0 for edge in ("high", "low") for side in (before, after))
