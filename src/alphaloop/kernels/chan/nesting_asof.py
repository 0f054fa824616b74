"""Nesting (区间套) as strategies may know it: at each bar the newest point of the highest level, and the newest points
of the lower levels inside its last stroke. Batch and live share one reading, so the two cannot differ."""

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from alphaloop.kernels.chan.config import ChanConfig
from alphaloop.kernels.chan.layout import (
    HEAD_I,
    L_END,
    L_FINAL,
    L_START,
    LEVEL_I,
    POINTS_ROOM,
    Q_CONFIRMED,
    Q_COUNT,
    Q_FIXED,
    Q_IDX,
    Q_KIND,
    Q_KNOWN,
    Q_LINE,
    Q_NEWEST,
    Q_PRICE,
    ROOM,
)
from alphaloop.kernels.chan.levels import base_of
from alphaloop.kernels.chan.state import ChanState

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

NESTED = ("nested_kind", "nested_price", "nested_age", "nested_sure", "nested_settled")
_NOTHING = (float("nan"),) * len(NESTED)


class ClosedBars(NamedTuple):
    """Closed bars of one timeframe: times int64[M] in epoch ms, the others float64[M]."""

    ts_ms: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    close_ts: Ints


def nested_asof(bars: Sequence[ClosedBars], asof: Ints, config: ChanConfig, *, lines: int = 0) -> dict[str, Floats]:
    """Name → float64[T]: what `NestedAsof.read` says at each row. Rows of a prefix equal the prefix of the rows.

    `bars` go from the highest timeframe down; `asof[t, k]` is the last bar of timeframe k known at row t (-1: none).
    Raises ChanInputError as `ChanState.step`."""
    state = NestedAsof(len(bars), config, lines=lines)
    feeds = [list(zip(*(column.tolist() for column in one), strict=True)) for one in bars]
    taken = [0] * len(bars)
    moved = np.any(np.diff(asof, axis=0, prepend=-1) != 0, axis=1)
    said = [_NOTHING]
    for known in asof[moved].tolist():
        for place, last in enumerate(known):
            for bar in feeds[place][taken[place] : last + 1]:
                state.step(place, bar[:6], close_ts=bar[6])
            taken[place] = last + 1
        said.append(state.read())
    rows = np.array(said)[np.cumsum(moved)]
    return {name: np.ascontiguousarray(rows[:, k]) for k, name in enumerate(NESTED)}


class NestedAsof:
    """Chan states of several timeframes of one series, kept together. `lines` 1 reads points of segments."""

    def __init__(self, levels: int, config: ChanConfig, *, lines: int = 0) -> None:
        self._lanes = [_Lane(config, lines) for _ in range(levels)]

    def step(self, place: int, bar: tuple[int, float, float, float, float, float], *, close_ts: int) -> None:
        """Take one closed bar (ts, open, high, low, close, volume) of the timeframe at `place`, highest first.

        Raises ChanInputError and changes nothing when the bar is unfit."""
        lane = self._lanes[place]
        lane.state.step(*bar)
        lane.closes.append(close_ts)

    def read(self) -> tuple[float, ...]:
        """The values of NESTED as known now, NaN while there is no such point.

        nested_kind     code of the point (`layout.POINT_KINDS`) of the lowest level: the newest one that stands on the
                        same side and inside the last stroke of the newest point above it, and so on up to the top
        nested_price    its price
        nested_age      bars of its own timeframe since it was first seen
        nested_sure     1 when its stroke is sure, else 0
        nested_settled  1 when its stroke can no longer change, else 0
        """
        above, *below = self._lanes
        point = above.newest()
        for lane in below:
            if point is None:
                return _NOTHING
            point = lane.newest_inside(1 if point.kind > 0 else -1, *lane.span(above.closes, point))
            above = lane
        if point is None:
            return _NOTHING
        age = above.state.bars - 1 - point.known
        return float(point.kind), point.price, float(age), float(point.sure), float(point.settled)


class _Point(NamedTuple):
    kind: int
    price: float
    known: int
    sure: bool
    settled: bool
    start: int
    end: int


class _Lane:
    """One timeframe: its state, when its bars closed, and what is already known of points that no longer change."""

    def __init__(self, config: ChanConfig, lines: int) -> None:
        self.state = ChanState(config)
        self.closes = array("q")
        self._lines = lines
        # Side, first row and last row of the last question; how many fixed points were looked at, and the best of them.
        self._memo = np.array([0, 0, -1, 0, -1], np.int64)

    def span(self, closes: "array[int]", point: _Point) -> tuple[int, int]:
        """First and last row here that closed within the bars of a higher point's stroke."""
        before = closes[point.start - 1] if point.start > 0 else None
        first = 0 if before is None else bisect_right(self.closes, before)
        return first, bisect_right(self.closes, closes[point.end]) - 1

    def newest(self) -> _Point | None:
        """The point that stands furthest to the right."""
        arrays = self.state._arrays
        return self._point(int(arrays.ints[HEAD_I + self._lines * LEVEL_I + Q_NEWEST]))

    def newest_inside(self, side: int, first: int, last: int) -> _Point | None:
        """The one furthest to the right among points of a side (+1 buys, -1 sells) from row `first` to `last`."""
        arrays = self.state._arrays
        return self._point(_newest_inside(arrays.ints, arrays.point_i, self._lines, side, first, last, self._memo))

    def _point(self, q: int) -> _Point | None:
        if q < 0:
            return None
        arrays = self.state._arrays
        a = int(base_of(arrays.ints[ROOM], self._lines))
        point = arrays.point_i[a * POINTS_ROOM + q].tolist()
        line = arrays.line_i[a + point[Q_LINE]].tolist()
        return _Point(
            kind=point[Q_KIND],
            price=float(arrays.point_f[a * POINTS_ROOM + q, Q_PRICE]),
            known=point[Q_KNOWN],
            sure=point[Q_CONFIRMED] >= 0,
            settled=line[L_FINAL] >= 0,
            start=line[L_START],
            end=line[L_END],
        )


@njit(cache=True)
def _newest_inside(ints: Ints, qi: Ints, lines: int, side: int, first: int, last: int, memo: Ints) -> int:
    """Row of the point within its level, -1 = none. Points that can no longer change are looked at once a question."""
    m = ints[HEAD_I + lines * LEVEL_I : HEAD_I + (lines + 1) * LEVEL_I]
    rows = qi[base_of(ints[ROOM], lines) * POINTS_ROOM :]
    if memo[0] != side or memo[1] != first or memo[2] != last:
        memo[0], memo[1], memo[2], memo[3], memo[4] = side, first, last, 0, -1
    memo[4] = _newest_of(rows, memo[3], m[Q_FIXED], side, first, last, memo[4])
    memo[3] = m[Q_FIXED]
    return int(_newest_of(rows, m[Q_FIXED], m[Q_COUNT], side, first, last, memo[4]))


@njit(cache=True)
def _newest_of(rows: Ints, start: int, stop: int, side: int, first: int, last: int, best: int) -> int:
    # The rows are not in order of time: a segment's later points may stand behind the next segment's first ones.
    for q in range(start, stop):
        inside = rows[q, Q_KIND] * side > 0 and first <= rows[q, Q_IDX] <= last
        if inside and (best < 0 or rows[q, Q_IDX] > rows[best, Q_IDX]):
            best = q
    return best
