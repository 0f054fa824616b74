"""The Chan machine's memory as a handful of growing flat arrays: one bar, a chunk, a snapshot and the tables."""

import json
import math
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.chan import layout as at
from alphaloop.kernels.chan.analyse import advance
from alphaloop.kernels.chan.config import ChanConfig, config_from, config_options, write_options
from alphaloop.kernels.chan.inputs import ChanInputError, bar_fault, checked_bars
from alphaloop.kernels.chan.levels import base_of
from alphaloop.kernels.chan.segment import begin_search
from alphaloop.kernels.chan.tables import ChanTables, Settled, read_tables, settled_rows

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_NO_COLUMNS: Ints = np.empty(0, np.int64)
_NO_FEATURES: Floats = np.empty((0, 0))
_SPARE_I, _SPARE_F = 64, 64
_MAGIC = b"ALCHAN02"
_FIRST_ROOM = 256


class _Arrays(NamedTuple):
    """The machine's memory in the order the compiled loop takes it; columns as named in `layout`.

    From `line_i` to `slots` every array holds all line levels one behind the other, see `levels.base_of`."""

    ints: Ints
    floats: Floats
    bars: Floats
    merged_i: Ints
    merged_f: Floats
    free: Ints
    free_f: Floats
    line_i: Ints
    line_f: Floats
    pivot_i: Ints
    pivot_f: Floats
    point_i: Ints
    point_f: Floats
    births: Ints
    unproven: Ints
    stacks: Ints
    slots: Ints
    journal: Ints
    journal_f: Floats


_LEVELLED = _Arrays._fields[_Arrays._fields.index("line_i") : _Arrays._fields.index("slots") + 1]
_LEVELS = range(at.LEVELS_MAX + 1)  # the topmost holds the segments of the last level that is looked at


class ChanState:
    """All Chan layers of one series, fed with closed bars in order.

    `step`, `extend` and a state restored from a `snapshot` give exactly the same tables, however they are mixed.
    With `tracked` off the layers above the strokes are made only at the end of each call, in half the time: the same
    tables, but their `known_at`, `confirmed_at` and `final_at` say nothing and read -1."""

    def __init__(self, config: ChanConfig, *, tracked: bool = True) -> None:
        self.config = config
        self._last_ts: int | None = None
        self._room = 0
        self._arrays = _empty_arrays(config)
        self._arrays.ints[at.TRACKED] = tracked
        self._spare = (np.empty(_SPARE_I, np.int64), np.empty(_SPARE_F))
        self._bar = (np.empty(1), np.empty(1), np.empty(1), np.empty(1))

    @property
    def bars(self) -> int:
        """Number of bars taken so far."""
        return int(self._arrays.ints[at.N_BARS])

    def step(self, ts_ms: int, open: float, high: float, low: float, close: float, volume: float) -> None:
        """Take one closed bar; O(1) amortised. Raises ChanInputError and changes nothing when the bar is unfit.

        `volume` is read only by the volume measures."""
        self.step_with_features(ts_ms, open, high, low, close, volume, _NO_COLUMNS, _NO_FEATURES)

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
        self._take(checked_bars(ts_ms, open, high, low, close, volume, after=self._last_ts), _NO_COLUMNS, _NO_FEATURES)

    def tables(self, after: Settled | None = None) -> ChanTables:
        """Every layer as shown after the last bar, copied; with `after` only the rows behind those."""
        return read_tables(self._arrays, after)

    def settled(self) -> Settled:
        """How many rows of each layer can no longer change: what a reader who keeps them need not read again."""
        return settled_rows(self._arrays)

    def snapshot(self) -> bytes:
        """The whole state as bytes, the same on every platform; `restore` gives back an equal one."""
        used = _used(self._arrays)
        head = {"config": config_options(self.config), "last_ts": self._last_ts, "rows": [len(part) for part in used]}
        text = json.dumps(head, sort_keys=True).encode()
        parts = [np.ascontiguousarray(part, dtype=part.dtype.newbyteorder("<")).tobytes() for part in used]
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
        parts: list[npt.NDArray[Any]] = []
        for empty, rows in zip(_used(state._arrays), head["rows"], strict=True):
            shape = (rows, *empty.shape[1:])
            if len(snapshot) < cut + math.prod(shape) * 8:
                raise ValueError("the Chan snapshot is cut short")
            kind = empty.dtype.newbyteorder("<")
            values = np.frombuffer(snapshot, dtype=kind, count=math.prod(shape), offset=cut)
            parts.append(values.astype(empty.dtype).reshape(shape))
            cut += math.prod(shape) * 8
        if cut != len(snapshot):
            raise ValueError("the Chan snapshot has bytes left over")
        state._arrays = _with_room(parts, 0)
        return state

    def step_with_features(
        self,
        ts_ms: int,
        open: float,
        high: float,
        low: float,
        close: float,
        volume: float,
        wanted: Ints,
        features: Floats,
    ) -> None:
        """As `step`, and writes the as-of columns `wanted` (places in `FEATURES`) into `features`, float64[1, n]."""
        if self._last_ts is not None and ts_ms <= self._last_ts:
            raise ChanInputError(self.bars, "the time does not come after the bar before")
        if not (0.0 < low <= high < math.inf and 0.0 < open < math.inf and 0.0 < close < math.inf):
            raise ChanInputError(self.bars, bar_fault(open, high, low, close))
        self._last_ts = int(ts_ms)
        if self._room < 1:
            self._make_room(1)
        self._room -= 1
        for column, value in zip(self._bar, (high, low, close, volume), strict=True):
            column[0] = value
        advance(*self._arrays, *self._spare, *self._bar, wanted, features)

    def extend_with_features(
        self,
        ts_ms: npt.ArrayLike,
        open: npt.ArrayLike,
        high: npt.ArrayLike,
        low: npt.ArrayLike,
        close: npt.ArrayLike,
        volume: npt.ArrayLike,
        wanted: Ints,
    ) -> Floats:
        """As `extend`, and returns float64[n, len(wanted)]: the as-of columns `wanted` after each bar."""
        bars = checked_bars(ts_ms, open, high, low, close, volume, after=self._last_ts)
        features = np.empty((bars[0].shape[0], len(wanted)))
        self._take(bars, wanted, features)
        return features

    def _take(self, bars: tuple[Ints, Floats, Floats, Floats, Floats], wanted: Ints, features: Floats) -> None:
        ts, high, low, close, volume = bars
        n = ts.shape[0]
        if n == 0:
            return
        self._last_ts = int(ts[-1])
        self._make_room(n)
        self._room -= n
        advance(*self._arrays, *self._spare, high, low, close, volume, wanted, features)

    def _make_room(self, more: int) -> None:
        """Grow every layer so that `more` bars fit; doubling keeps the cost per bar constant."""
        if self._room >= more:
            return
        room = max(more, self.bars, _FIRST_ROOM)
        self._arrays = _with_room(_used(self._arrays), room)
        self._room = room


def _used(arrays: _Arrays) -> list[npt.NDArray[Any]]:
    """The rows in use, array by array and within an array level by level."""
    ints = arrays.ints
    bars, merged, free = int(ints[at.N_BARS]), int(ints[at.N_MERGED]), int(ints[at.N_FREE])
    plain = {"bars": bars, "merged_i": merged, "merged_f": merged, "free": free, "free_f": free}
    used: list[npt.NDArray[Any]] = []
    for name, array in zip(_Arrays._fields, arrays, strict=True):
        if name not in _LEVELLED:
            used.append(array[: plain.get(name, len(array))])
            continue
        for level in _LEVELS:
            scale = at.POINTS_ROOM if name.startswith("point") else 1
            base = base_of(ints[at.ROOM], level) * scale
            used.append(array[base : base + _rows_in_use(ints, name, level)])
    return used


def _rows_in_use(ints: Ints, name: str, level: int) -> int:
    m = ints[at.HEAD_I + level * at.LEVEL_I :]
    # A provisional tail that takes the place of two sure strokes leaves the second one in its row, unshown.
    lines = int(m[at.G_LINES]) if level else int(max(ints[at.N_SURE], ints[at.N_SHOWN]))
    counts = {
        "pivot": max(m[at.P_COUNT], m[at.P_SOLID]),
        "point": m[at.Q_COUNT],
        "unproven": m[at.G_UNPROVEN],
        "stacks": max(m[at.G_HIGHS], m[at.G_LOWS]),
        "slots": m[at.P_SLOTS],
    }
    return int(counts.get(name.removesuffix("_i").removesuffix("_f"), lines))


def _with_room(used: list[npt.NDArray[Any]], more: int) -> _Arrays:
    """Arrays that hold `used` and have room for `more` bars."""
    parts = iter(used)
    ints = next(parts).copy()
    bars = int(ints[at.N_BARS])
    room = _lines_room(bars + more)
    ints[at.ROOM] = room
    grown: list[npt.NDArray[Any]] = [ints]
    fixed = ("floats", "journal", "journal_f")
    for name in _Arrays._fields[1:]:
        if name not in _LEVELLED:
            part = next(parts)
            grown.append(part.copy() if name in fixed else _larger([part], [0], bars + more))
            continue
        scale = at.POINTS_ROOM if name.startswith("point") else 1
        bases = [base_of(room, level) * scale for level in range(at.LEVELS_MAX + 2)]
        grown.append(_larger([next(parts) for _ in _LEVELS], bases[:-1], bases[-1]))
    return _Arrays(*grown)


def _lines_room(bars: int) -> int:
    # The loosest stroke takes two bars; the constant holds the provisional tail.
    return bars // 2 + 16


def _larger(parts: list[npt.NDArray[Any]], bases: list[int], rows: int) -> npt.NDArray[Any]:
    # Pages that are never written cost no memory, so generous room is free.
    larger = np.zeros((rows, *parts[0].shape[1:]), parts[0].dtype)
    for part, base in zip(parts, bases, strict=True):
        larger[base : base + len(part)] = part
    return larger


def _empty_arrays(config: ChanConfig) -> _Arrays:
    ints = np.zeros(at.HEAD_I + (at.LEVELS_MAX + 2) * at.LEVEL_I, np.int64)
    floats = np.zeros(at.HEAD_F + (at.LEVELS_MAX + 2) * at.LEVEL_F)
    write_options(config, ints, floats)
    for level in range(at.LEVELS_MAX + 2):
        m = ints[at.HEAD_I + level * at.LEVEL_I :]
        begin_search(m, 0, 0)
        m[[at.A_B1, at.A_S1, at.Q_NEWEST]] = -1
        floats[at.HEAD_F + level * at.LEVEL_F + at.LAST_RATIO] = np.nan
    journal = at.JOURNAL_MAX * at.LEVELS_MAX
    widths = {
        "bars": at.BAR_F,
        "merged_i": at.MERGED_I,
        "merged_f": at.MERGED_F,
        "free_f": at.FREE_F,
        "line_i": at.LINE_I,
        "line_f": at.LINE_F,
        "pivot_i": at.PIVOT_I,
        "pivot_f": at.PIVOT_F,
        "point_i": at.POINT_I,
        "point_f": at.POINT_F,
        "births": at.BIRTH_I,
        "unproven": at.UNPROVEN_I,
        "stacks": 2,
        "slots": at.SLOT_I,
    }
    used: list[npt.NDArray[Any]] = [ints, floats]
    for name in _Arrays._fields[2:-2]:
        kind = np.float64 if name.endswith("_f") or name == "bars" else np.int64
        empty = np.zeros((0, widths[name]), kind) if name != "free" else np.zeros(0, np.int64)
        used.extend([empty] * (len(_LEVELS) if name in _LEVELLED else 1))
    used.append(np.zeros((journal, at.PIVOT_I + 1), np.int64))
    used.append(np.zeros((journal, at.PIVOT_F)))
    return _with_room(used, 0)
