"""The Chan machine's memory as a handful of growing flat arrays: one bar, a chunk, a snapshot and the tables."""

import json
import math
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.chan import layout as at
from alphaloop.kernels.chan.analyse import FEATURES, advance
from alphaloop.kernels.chan.config import FX_RULES, SPAN_RULES, ChanConfig, config_from, config_options
from alphaloop.kernels.chan.inputs import ChanInputError, bar_fault, checked_bars
from alphaloop.kernels.chan.tables import (
    ChanTables,
    fractal_table,
    merged_table,
    pivot_table,
    point_table,
    stroke_table,
)

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_NO_FEATURES: Floats = np.empty((0, len(FEATURES)))
_MAGIC = b"ALCHAN01"
_FIRST_ROOM = 256


class _Arrays(NamedTuple):
    """The machine's memory in the order the compiled loop takes it; columns as named in `layout`."""

    ints: Ints
    floats: Floats
    bars: Floats
    merged_i: Ints
    merged_f: Floats
    stroke_i: Ints
    stroke_f: Floats
    pivot_i: Ints
    pivot_f: Floats
    point_i: Ints
    point_f: Floats
    free: Ints
    free_f: Floats


class ChanState:
    """All Chan layers of one series, fed with closed bars in order.

    `step`, `extend` and a state restored from a `snapshot` give exactly the same tables, however they are mixed."""

    def __init__(self, config: ChanConfig) -> None:
        self.config = config
        self._last_ts: int | None = None
        self._room = 0
        self._arrays = _empty_arrays(config)
        self._bar = (np.empty(1), np.empty(1), np.empty(1))

    @property
    def bars(self) -> int:
        """Number of bars taken so far."""
        return int(self._arrays.ints[at.N_BARS])

    def step(self, ts_ms: int, open: float, high: float, low: float, close: float, volume: float) -> None:
        """Take one closed bar; O(1) amortised. Raises ChanInputError and changes nothing when the bar is unfit.

        `volume` is accepted for symmetry with `extend`; these layers do not read it."""
        self.step_with_features(ts_ms, open, high, low, close, _NO_FEATURES)

    def extend(
        self,
        ts_ms: npt.ArrayLike,
        open: npt.ArrayLike,
        high: npt.ArrayLike,
        low: npt.ArrayLike,
        close: npt.ArrayLike,
        volume: npt.ArrayLike,
    ) -> None:
        """Take a chunk of closed bars (equally long 1-D arrays, ts in epoch ms, may be empty).

        Raises ChanInputError(row in the chunk, reason) and changes nothing when a bar is unfit."""
        self._take(checked_bars(ts_ms, open, high, low, close, volume, after=self._last_ts), _NO_FEATURES)

    def tables(self) -> ChanTables:
        """Copies of every layer as shown after the last bar."""
        ints, _, bars, mi, mf, si, sf, pi, pf, qi, qf, _, _ = self._arrays
        n = self.bars
        return ChanTables(
            merged=merged_table(mi[: ints[at.N_MERGED]], mf[: ints[at.N_MERGED]]),
            fractals=fractal_table(mi[: ints[at.N_MERGED]], mf[: ints[at.N_MERGED]]),
            strokes=stroke_table(ints, si, sf),
            pivots=pivot_table(pi[: ints[at.N_PIVOTS]], pf[: ints[at.N_PIVOTS]]),
            points=point_table(qi[: ints[at.N_POINTS]], qf[: ints[at.N_POINTS]]),
            macd_dif=bars[:n, at.B_DIF].copy(),
            macd_dea=bars[:n, at.B_DEA].copy(),
            macd_hist=bars[:n, at.B_HIST].copy(),
        )

    def snapshot(self) -> bytes:
        """The whole state as bytes, the same on every platform; `restore` gives back an equal one."""
        used = [array[:rows] for array, rows in zip(self._arrays, _used_rows(self._arrays.ints), strict=True)]
        head = {
            "config": config_options(self.config),
            "last_ts": self._last_ts,
            "rows": [int(array.shape[0]) for array in used],
        }
        text = json.dumps(head, sort_keys=True).encode()
        parts = [np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes() for array in used]
        return b"".join([_MAGIC, len(text).to_bytes(8, "little"), text, *parts])

    @classmethod
    def restore(cls, snapshot: bytes) -> Self:
        """The state that made `snapshot`. Raises ValueError when the bytes are not a whole snapshot."""
        if snapshot[:8] != _MAGIC:
            raise ValueError("not a Chan snapshot")
        cut = 16 + int.from_bytes(snapshot[8:16], "little")
        head = json.loads(snapshot[16:cut])
        state = cls(config_from(head["config"]))
        state._last_ts = head["last_ts"]
        arrays: list[npt.NDArray[Any]] = []
        for empty, rows in zip(state._arrays, head["rows"], strict=True):
            shape = (rows, *empty.shape[1:])
            if len(snapshot) < cut + math.prod(shape) * 8:
                raise ValueError("the Chan snapshot is cut short")
            kind = empty.dtype.newbyteorder("<")
            values = np.frombuffer(snapshot, dtype=kind, count=math.prod(shape), offset=cut)
            arrays.append(values.astype(empty.dtype).reshape(shape))
            cut += math.prod(shape) * 8
        if cut != len(snapshot):
            raise ValueError("the Chan snapshot has bytes left over")
        state._arrays = _Arrays(*arrays)
        return state

    def step_with_features(
        self, ts_ms: int, open: float, high: float, low: float, close: float, features: Floats
    ) -> None:
        """As `step`, and writes the as-of row (`FEATURES`) into `features`, float64[1, 12]."""
        if self._last_ts is not None and ts_ms <= self._last_ts:
            raise ChanInputError(self.bars, "the time does not come after the bar before")
        if not (0.0 < low <= high < math.inf and 0.0 < open < math.inf and 0.0 < close < math.inf):
            raise ChanInputError(self.bars, bar_fault(open, high, low, close))
        self._last_ts = int(ts_ms)
        if self._room < 1:
            self._make_room(1)
        self._room -= 1
        bar_high, bar_low, bar_close = self._bar
        bar_high[0] = high
        bar_low[0] = low
        bar_close[0] = close
        advance(*self._arrays, bar_high, bar_low, bar_close, features)

    def extend_with_features(
        self,
        ts_ms: npt.ArrayLike,
        open: npt.ArrayLike,
        high: npt.ArrayLike,
        low: npt.ArrayLike,
        close: npt.ArrayLike,
        volume: npt.ArrayLike,
    ) -> Floats:
        """As `extend`, and returns float64[n, 12]: the as-of row (`FEATURES`) after each bar."""
        bars = checked_bars(ts_ms, open, high, low, close, volume, after=self._last_ts)
        features = np.empty((bars[0].shape[0], len(FEATURES)))
        self._take(bars, features)
        return features

    def _take(self, bars: tuple[Ints, Floats, Floats, Floats], features: Floats) -> None:
        ts, high, low, close = bars
        n = ts.shape[0]
        if n == 0:
            return
        self._last_ts = int(ts[-1])
        self._make_room(n)
        self._room -= n
        advance(*self._arrays, high, low, close, features)

    def _make_room(self, more: int) -> None:
        """Grow every layer so that `more` bars fit; doubling keeps the cost per bar constant."""
        if self._room >= more:
            return
        room = max(more, self.bars, _FIRST_ROOM)
        # A stroke takes at least three bars and carries at most two points; the constants hold the provisional tail.
        few = room // 2 + 8
        extra = (0, 0, room, room, room, few, few, few, few, 2 * few, 2 * few, room, room)
        grown: list[npt.NDArray[Any]] = []
        for array, used, added in zip(self._arrays, _used_rows(self._arrays.ints), extra, strict=True):
            larger = np.zeros((used + added, *array.shape[1:]), array.dtype)
            larger[:used] = array[:used]
            grown.append(larger)
        self._arrays = _Arrays(*grown)
        self._room = room


def _empty_arrays(config: ChanConfig) -> _Arrays:
    ints = np.zeros(at.SCALARS_I, np.int64)
    ints[[at.CLOSED_AT, at.SEEN_STROKES]] = -1
    ints[at.SPAN_RULE] = SPAN_RULES.index(config.stroke_span)
    ints[at.FX_RULE] = FX_RULES.index(config.fractal_check)
    ints[at.PEAK_RULE] = config.end_is_peak
    ints[at.GAP_RULE] = config.gap_counts
    ints[[at.FIXED + at.B1_STROKE, at.FIXED + at.S1_STROKE]] = -1
    floats = np.zeros(at.SCALARS_F)
    floats[at.BEYOND] = floats[at.FREE_LOW] = np.inf
    floats[at.FREE_HIGH] = -np.inf
    floats[at.LAST_RATIO] = np.nan
    floats[at.RATE] = config.divergence_rate
    for place, period in (
        (at.ALPHA_FAST, config.macd_fast),
        (at.ALPHA_SLOW, config.macd_slow),
        (at.ALPHA_SIGNAL, config.macd_signal),
    ):
        floats[place] = 2.0 / (period + 1.0)
    return _Arrays(
        ints=ints,
        floats=floats,
        bars=np.zeros((0, at.BAR_F)),
        merged_i=np.zeros((0, at.MERGED_I), np.int64),
        merged_f=np.zeros((0, at.MERGED_F)),
        stroke_i=np.zeros((0, at.STROKE_I), np.int64),
        stroke_f=np.zeros((0, at.STROKE_F)),
        pivot_i=np.zeros((0, at.PIVOT_I), np.int64),
        pivot_f=np.zeros((0, at.PIVOT_F)),
        point_i=np.zeros((0, at.POINT_I), np.int64),
        point_f=np.zeros((0, at.POINT_F)),
        free=np.zeros(0, np.int64),
        free_f=np.zeros((0, at.FREE_F)),
    )


def _used_rows(ints: Ints) -> list[int]:
    bars, merged, pivots, points = (int(ints[i]) for i in (at.N_BARS, at.N_MERGED, at.N_PIVOTS, at.N_POINTS))
    strokes = int(ints[at.N_STROKES]) + (1 if bars else 0)
    free = int(ints[at.N_FREE])
    rows = [at.SCALARS_I, at.SCALARS_F, bars, merged, merged, strokes, strokes]
    return [*rows, pivots, pivots, points, points, free, free]
