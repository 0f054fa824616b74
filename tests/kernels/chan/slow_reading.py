"""A second, slow reading of the merge, fractal and stroke rules: plain lists, everything recomputed at every bar.

It shares no code with the machine, so that an agreement between the two says something."""

from dataclasses import dataclass, field
from itertools import pairwise

from alphaloop.kernels.chan import ChanConfig


@dataclass
class Merged:
    high: float
    low: float
    up: bool
    raws: list[tuple[int, float, float]] = field(default_factory=list)
    kind: int = 0

    def peak(self, top: bool) -> int:
        if top:
            return max(i for i, high, _ in self.raws if high == self.high)
        return max(i for i, _, low in self.raws if low == self.low)


class SlowReading:
    def __init__(self, config: ChanConfig) -> None:
        self.config = config
        self.bars: list[Merged] = []
        self.strokes: list[tuple[int, int]] = []
        self.waiting: list[int] = []
        self.seen = 0

    def step(self, high: float, low: float) -> None:
        row = self.seen
        self.seen += 1
        if not self.bars:
            self.bars.append(Merged(high, low, True, [(row, high, low)]))
            return
        last = self.bars[-1]
        inside = last.high >= high and last.low <= low
        outside = last.high <= high and last.low >= low
        if inside or outside:
            last.raws.append((row, high, low))
            if high == low and high == (last.high if last.up else last.low):
                return
            pick = max if last.up else min
            last.high, last.low = pick(last.high, high), pick(last.low, low)
            return
        self.bars.append(Merged(high, low, high > last.high, [(row, high, low)]))
        if len(self.bars) >= 3:
            self._mark(len(self.bars) - 2)
            self._decide(len(self.bars) - 2)

    def shown(self) -> list[tuple[int, int, int, float, float, bool]]:
        """start row, end row, direction, start price, end price, sure."""
        ends = [(a, b, True) for a, b in self.strokes]
        if ends:
            ends = self._with_tail(ends)
        rows = []
        for a, b, sure in ends:
            up = self.bars[a].kind < 0
            start, end = self.bars[a], self.bars[b]
            prices = (start.low, end.high) if up else (start.high, end.low)
            rows.append((start.peak(not up), end.peak(up), 1 if up else -1, *prices, sure))
        return rows

    def _mark(self, k: int) -> None:
        before, bar, after = self.bars[k - 1 : k + 2]
        if all(bar.high > x.high and bar.low > x.low for x in (before, after)):
            bar.kind = 1
        elif all(bar.high < x.high and bar.low < x.low for x in (before, after)):
            bar.kind = -1

    def _decide(self, k: int) -> None:
        kind = self.bars[k].kind
        if kind == 0:
            return
        if not self.strokes:
            for e in self.waiting:
                if self.bars[e].kind == -kind and self._fits(e, k, provisional=False):
                    self.strokes.append((e, k))
                    return
            self.waiting.append(k)
            return
        a, e = self.strokes[-1]
        if self.bars[e].kind == kind:
            passed = self.bars[k].high >= self.bars[e].high if kind > 0 else self.bars[k].low <= self.bars[e].low
            if passed:
                self.strokes[-1] = (a, k)
        elif self._fits(e, k, provisional=False):
            self.strokes.append((e, k))

    def _with_tail(self, ends: list[tuple[int, int, bool]]) -> list[tuple[int, int, bool]]:
        a, e, _ = ends[-1]
        newest = len(self.bars) - 1
        up = self.bars[a].kind < 0
        bar, end = self.bars[newest], self.bars[e]
        if newest != e and (bar.high >= end.high if up else bar.low <= end.low):
            return [*ends[:-1], (a, newest, False)]
        for k in range(newest, e, -1):
            if self.bars[k].up != up and self._fits(e, k, provisional=True):
                return [*ends, (e, k, False)]
        return ends

    def _fits(self, e: int, k: int, *, provisional: bool) -> bool:
        return self._far_enough(e, k) and self._apart(e, k, provisional) and self._peak(e, k)

    def _far_enough(self, e: int, k: int) -> bool:
        span = k - e
        if self.config.gap_counts and span < 4:
            edges = [(max(r[1] for r in b.raws), min(r[2] for r in b.raws)) for b in self.bars[e : k + 1]]
            span += sum(lo > h2 or h < lo2 for (h, lo), (h2, lo2) in pairwise(edges))
        if self.config.stroke_span == "old":
            return span >= 4
        return span >= 3 and sum(len(b.raws) for b in self.bars[e + 1 : k]) >= 3

    def _apart(self, e: int, k: int, provisional: bool) -> bool:
        rule = self.config.fractal_check
        near = {"loss": [e], "half": [e, e + 1], "strict": [e - 1, e, e + 1], "totally": [e]}[rule]
        three = [k - 1, k] if provisional else [k - 1, k, k + 1]
        far = {"loss": [k], "half": [k - 1, k], "strict": three, "totally": three}[rule]
        start, end = self.bars[e], self.bars[k]
        if self.bars[e].kind > 0:
            highest = max(self.bars[t].high for t in far)
            if rule == "totally":
                return start.low > highest
            return start.high > highest and end.low < min(self.bars[t].low for t in near)
        lowest = min(self.bars[t].low for t in far)
        if rule == "totally":
            return start.high < lowest
        return start.low < lowest and end.high > max(self.bars[t].high for t in near)

    def _peak(self, e: int, k: int) -> bool:
        if not self.config.end_is_peak:
            return True
        between = self.bars[e + 1 : k]
        if self.bars[e].kind > 0:
            return all(bar.low >= self.bars[k].low for bar in between)
        return all(bar.high <= self.bars[k].high for bar in between)
