"""Nesting (区间套) as strategies may know it: at each bar the newest point of the highest level, and the newest points
of the lower levels inside its last stroke. Batch and live share one reading, so the two cannot differ."""

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.chan.analyse import advance
from alphaloop.kernels.chan.compiled import compiled
from alphaloop.kernels.chan.config import ChanConfig
from alphaloop.kernels.chan.inputs import checked_bars
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
from alphaloop.kernels.chan.nesting import rows_inside
from alphaloop.kernels.chan.state import ChanState

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

NESTED = ("nested_kind", "nested_price", "nested_age", "nested_sure", "nested_settled")
_NOTHING = (float("nan"),) * len(NESTED)
_NO_COLUMNS, _NO_FEATURES = np.empty(0, np.int64), np.empty((0, 0))

# What is read of a point: its code (0: there is none), rows, and stages as 0 or 1.
KIND, KNOWN, SURE, SETTLED, START, END = range(6)
_FOUND = 6
_NEWEST_OF_ALL = 0  # in place of a side


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
    Raises ChanInputError as `ChanState.extend`."""
    moved = np.any(np.diff(asof, axis=0, prepend=-1) != 0, axis=1)
    known = asof[moved]
    questions = np.zeros((len(known), 3), np.int64)
    found, price = _walk_through(bars[0], config, lines, known[:, 0], questions)
    for place in range(1, len(bars)):
        above, below = bars[place - 1].close_ts, bars[place].close_ts
        some = found[:, KIND] != 0
        questions[:] = 1, 0, -1  # nothing lies inside nothing
        questions[some, 0] = np.sign(found[some, KIND])
        questions[some, 1], questions[some, 2] = rows_inside(above, below, found[some, START], found[some, END])
        found, price = _walk_through(bars[place], config, lines, known[:, place], questions)
    said = np.full((len(NESTED), len(known) + 1), np.nan)
    there = np.flatnonzero(found[:, KIND]) + 1
    told = found[there - 1]
    age = known[there - 1, -1] - told[:, KNOWN]
    for k, values in enumerate((told[:, KIND], price[there - 1], age, told[:, SURE], told[:, SETTLED])):
        said[k, there] = values
    rows = np.cumsum(moved)
    return {name: said[k, rows] for k, name in enumerate(NESTED)}


def _walk_through(
    bars: ClosedBars, config: ChanConfig, lines: int, known: Ints, questions: Ints
) -> tuple[Ints, Floats]:
    """Points found, int64[Q,6], and their prices: question q (side, first row, last row) asked after bar `known[q]`."""
    found, price = np.zeros((len(known), _FOUND), np.int64), np.full((len(known), 1), np.nan)
    state, memo = ChanState(config), _fresh_memo()
    _, high, low, close, volume = checked_bars(*bars[:6], after=None)
    state._make_room(len(bars.ts_ms))
    arrays = state._arrays
    _walk(
        (*arrays, *state._spare), arrays.ints, arrays.line_i, arrays.point_i, arrays.point_f, high, low, close, volume,
        lines, np.ascontiguousarray(known), questions, memo, found, price, _NO_COLUMNS, _NO_FEATURES,
    )  # fmt: skip
    return found, price[:, 0]


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
        point, price = above.newest(_NEWEST_OF_ALL, 0, -1)
        for lane in below:
            if point[KIND] == 0:
                return _NOTHING
            first, last = lane.span(above.closes, point)
            point, price = lane.newest(1 if point[KIND] > 0 else -1, first, last)
            above = lane
        if point[KIND] == 0:
            return _NOTHING
        age = above.state.bars - 1 - point[KNOWN]
        return float(point[KIND]), price, float(age), float(point[SURE]), float(point[SETTLED])


class _Lane:
    """One timeframe: its state, when its bars closed, and what is already known of points that no longer change."""

    def __init__(self, config: ChanConfig, lines: int) -> None:
        self.state = ChanState(config)
        self.closes = array("q")
        self._lines = lines
        self._memo = _fresh_memo()
        self._found, self._price = np.zeros(_FOUND, np.int64), np.zeros(1)

    def span(self, closes: "array[int]", point: list[int]) -> tuple[int, int]:
        """First and last row here that closed within the bars of a higher point's stroke, as `rows_inside`."""
        first = bisect_right(self.closes, closes[point[START] - 1]) if point[START] > 0 else 0
        return first, bisect_right(self.closes, closes[point[END]]) - 1

    def newest(self, side: int, first: int, last: int) -> tuple[list[int], float]:
        """The point furthest to the right among those of a side (+1 buys, -1 sells) from row `first` to `last`."""
        a = self.state._arrays
        _read_newest(
            a.ints, a.line_i, a.point_i, a.point_f, self._lines, side, first, last, self._memo, self._found, self._price
        )  # fmt: skip
        return self._found.tolist(), float(self._price[0])


def _fresh_memo() -> Ints:
    """Side, first row and last row of the last question; how many fixed points were looked at, and the best of them."""
    return np.array([0, 0, -1, 0, -1], np.int64)


@compiled
def _walk(
    memory: tuple[Any, ...], ints: Ints, li: Ints, qi: Ints, qf: Floats, high: Floats, low: Floats, close: Floats,
    volume: Floats, lines: int, known: Ints, questions: Ints, memo: Ints, found: Ints, price: Floats, no_columns: Ints,
    no_features: Floats,
) -> None:  # fmt: skip
    """Let the machine take the bars up to `known[q]`, then answer question q, for all of them in turn."""
    taken = 0
    for q in range(known.shape[0]):
        until = known[q] + 1
        if until > taken:
            # The memory is whatever comes before the bars in `advance`; only the compiler can count it.
            advance(  # type: ignore[call-arg]
                *memory, high[taken:until], low[taken:until], close[taken:until], volume[taken:until], no_columns,
                no_features,
            )  # fmt: skip
            taken = until
        _read_newest(
            ints, li, qi, qf, lines, questions[q, 0], questions[q, 1], questions[q, 2], memo, found[q], price[q]
        )  # fmt: skip


@compiled
def _read_newest(
    ints: Ints, li: Ints, qi: Ints, qf: Floats, lines: int, side: int, first: int, last: int, memo: Ints, found: Ints,
    price: Floats,
) -> None:  # fmt: skip
    """Write what is known of the newest point of a side within some rows. Points that can no longer change are looked
    at once a question."""
    m = ints[HEAD_I + lines * LEVEL_I : HEAD_I + (lines + 1) * LEVEL_I]
    a = base_of(ints[ROOM], lines)
    rows = qi[a * POINTS_ROOM :]
    if side == _NEWEST_OF_ALL:
        best = m[Q_NEWEST]
    else:
        if memo[0] != side or memo[1] != first or memo[2] != last:
            memo[0], memo[1], memo[2], memo[3], memo[4] = side, first, last, 0, -1
        memo[4] = newest_of(rows, memo[3], m[Q_FIXED], side, first, last, memo[4])
        memo[3] = m[Q_FIXED]
        best = newest_of(rows, m[Q_FIXED], m[Q_COUNT], side, first, last, memo[4])
    found[KIND] = 0
    if best < 0:
        return
    line = a + rows[best, Q_LINE]
    found[KIND], found[KNOWN], found[SURE] = rows[best, Q_KIND], rows[best, Q_KNOWN], rows[best, Q_CONFIRMED] >= 0
    found[SETTLED], found[START], found[END] = li[line, L_FINAL] >= 0, li[line, L_START], li[line, L_END]
    price[0] = qf[a * POINTS_ROOM + best, Q_PRICE]


@compiled
def newest_of(rows: Ints, start: int, stop: int, side: int, first: int, last: int, best: int) -> int:
    """`best`, or the row from `start` to `stop` that stands further right; of several at one place the first."""
    # The rows are not in order of time: a segment's later points may stand behind the next segment's first ones.
    for q in range(start, stop):
        inside = rows[q, Q_KIND] * side > 0 and first <= rows[q, Q_IDX] <= last
        if inside and (best < 0 or rows[q, Q_IDX] > rows[best, Q_IDX]):
            best = q
    return best
