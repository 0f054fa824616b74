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
    """Reads one series under `config`; a stroke with `settled` more behind it stays for good, whatever price does."""

    def __init__(self, config: ChanConfig, settled: int | None = None) -> None:
        self.config = config
        self.settled = settled or (3 if config.stroke_rule == "window" else 8)
        self.bars: list[Merged] = []
        self.strokes: list[tuple[int, int]] = []
        self.waiting: list[int] = []
        self.left = 0
        self.final = 0
        self.held = 0
        self.seen = 0

    def step(self, high: float, low: float) -> None:
        row = self.seen
        self.seen += 1
        opened = self._merge(row, high, low)
        if opened and len(self.bars) >= 3:
            self._mark(len(self.bars) - 2)
        if self.config.stroke_rule == "window":
            self._window()
        elif opened and len(self.bars) >= 3:
            self._decide(len(self.bars) - 2)

    def shown(self) -> list[tuple[int, int, int, float, float, bool]]:
        """start row, end row, direction, start price, end price, sure."""
        ends = [(a, b, True) for a, b in self.strokes]
        if ends and self.config.stroke_rule == "fractal_pairs":
            ends = self._with_tail(ends)
        rows = []
        for a, b, sure in ends:
            up = self.bars[a].kind < 0
            start, end = self.bars[a], self.bars[b]
            prices = (start.low, end.high) if up else (start.high, end.low)
            rows.append((start.peak(not up), end.peak(up), 1 if up else -1, *prices, sure))
        return rows

    def _merge(self, row: int, high: float, low: float) -> bool:
        directed = self.config.merge_rule == "directed"
        if self.bars and (not directed or (len(self.bars) > 1 and self.bars[-2].high != self.bars[-1].high)):
            last = self.bars[-1]
            inside = last.high >= high and last.low <= low
            outside = last.high <= high and last.low >= low
            if inside or outside:
                last.raws.append((row, high, low))
                if not directed and high == low and high == (last.high if last.up else last.low):
                    return False
                pick = max if last.up else min
                last.high, last.low = pick(last.high, high), pick(last.low, low)
                return False
        up = high > self.bars[-1].high if self.bars else True
        self.bars.append(Merged(high, low, up, [(row, high, low)]))
        return True

    def _beats(self, k: int, e: int) -> bool:
        """Whether bar k takes the place of the end e of the same kind."""
        bar, end = self.bars[k], self.bars[e]
        gain = bar.high - end.high if end.kind > 0 else end.low - bar.low
        return gain > 0 or (gain == 0 and self.config.equal_ends == "move")

    def _window(self) -> None:
        """The open window's fractals, read anew at every bar."""
        newest = len(self.bars) - 1
        turns = [k for k in range(self.left, newest) if self.bars[k].kind != 0]
        if not self.strokes and turns:
            start = turns[0]
            for k in turns:
                top = self.bars[start].kind > 0
                if self.bars[k].kind == self.bars[start].kind and (
                    self.bars[k].high >= self.bars[start].high if top else self.bars[k].low <= self.bars[start].low
                ):
                    start = k
            self.left = start
            self._close_window([k for k in turns if k >= start])
            return
        self._close_window(turns)
        if self.strokes and self._beats(newest, self.strokes[-1][1]):
            if len(self.strokes) > self.final:
                self.left = self.strokes.pop()[0]
            else:
                self.held += 1

    def _settle(self) -> None:
        self.final = max(self.final, len(self.strokes) - self.settled)

    def _close_window(self, turns: list[int]) -> None:
        """Make the stroke from the first turn to the furthest opposite one, if the two stand well."""
        if not turns:
            return
        a, b = turns[0], -1
        start = self.bars[a]
        for k in turns[1:]:
            turn = self.bars[k]
            opens = turn.low < start.high if start.kind > 0 else turn.high > start.low
            if turn.kind == -start.kind and (opens if b < 0 else self._beats(k, b)):
                b = k
        if b < 0 or b - a + 3 < self.config.window_bars:
            return
        end = self.bars[b]
        swallowed = (start.high > end.high and start.low < end.low) or (start.high < end.high and start.low > end.low)
        if not swallowed:
            self.strokes.append((a, b))
            self.left = b
            self._settle()

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
            if self._beats(k, e):
                self.strokes[-1] = (a, k)
        elif self._fits(e, k, provisional=False):
            self.strokes.append((e, k))
            self._settle()
        elif self._undoes(k):
            self.strokes[-2:] = [(self.strokes[-2][0], k)]

    def _undoes(self, k: int) -> bool:
        """Whether bar k passes the start of the last stroke, inside the stroke before it, which then is a mere dip."""
        if self.config.sub_peak or len(self.strokes) < 2:
            return False
        (b, a), (_, e) = self.strokes[-2:]
        if not self._beats(k, a):
            return False
        if len(self.strokes) - 2 < self.final:
            self.held += 1
            return False
        before, end = self.bars[b], self.bars[e]
        up = before.kind < 0
        between = self.bars[b + 1 : k]
        if up:
            return end.low >= before.low and all(bar.high <= self.bars[k].high for bar in between)
        return end.high <= before.high and all(bar.low >= self.bars[k].low for bar in between)

    def _with_tail(self, ends: list[tuple[int, int, bool]]) -> list[tuple[int, int, bool]]:
        a, e, _ = ends[-1]
        newest = len(self.bars) - 1
        up = self.bars[a].kind < 0
        if newest != e and self._beats(newest, e):
            return [*ends[:-1], (a, newest, False)]
        for k in range(newest, e, -1):
            if self.bars[k].up != up and self._fits(e, k, provisional=True):
                return [*ends, (e, k, False)]
            if self.bars[k].up != up and self._undoes(k):
                return [*ends[:-2], (ends[-2][0], k, False)]
        return ends

    def _fits(self, e: int, k: int, *, provisional: bool) -> bool:
        return self._far_enough(e, k) and self._apart(e, k, provisional) and self._peak(e, k)

    def _far_enough(self, e: int, k: int) -> bool:
        if self.config.stroke_span == "loose":
            return True
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
