"""The Chan machine's memory as a handful of growing flat arrays: one bar, a chunk, a snapshot and the tables."""

import json
import math
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.chan import layout as at
from alphaloop.kernels.chan.analyse import advance
from alphaloop.kernels.chan.config import ChanConfig, config_from, config_options
from alphaloop.kernels.chan.inputs import ChanInputError, bar_fault, checked_bars
from alphaloop.kernels.chan.memory import empty_arrays, open_parts, parts_in_use, with_room
from alphaloop.kernels.chan.tables import ChanTables, Settled, read_tables, settled_rows

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_NO_COLUMNS: Ints = np.empty(0, np.int64)
_NO_FEATURES: Floats = np.empty((0, 0))
_MAGIC = b"ALCHAN02"
_FIRST_ROOM = 256


class ChanState:
    """All Chan layers of one series, fed with closed bars in order.

    `step`, `extend` and a state restored from a `snapshot` give exactly the same tables, however they are mixed.
    With `tracked` off the layers above the strokes are made only at the end of each call, in half the time: the same
    tables, but their `known_at`, `confirmed_at` and `final_at` say nothing and read -1."""

    def __init__(self, config: ChanConfig, *, tracked: bool = True) -> None:
        self.config = config
        self._last_ts: int | None = None
        self._room = 0
        self._arrays = empty_arrays(config)
        self._arrays.ints[at.TRACKED] = tracked
        self._spare = (np.empty(at.SPARE_I, np.int64), np.empty(at.SPARE_F))
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

    def preview(self, ts_ms: int, open: float, high: float, low: float, close: float, volume: float) -> ChanTables:
        """What would be shown if the bar that is still forming closed like this: the rows behind `settled()`.

        The state stays as it is: what one more bar can touch is put aside, and put back. Raises ChanInputError."""
        before, room, last_ts = self.settled(), self._room, self._last_ts
        self._make_room(1)
        kept = [(part, part.copy()) for part in open_parts(self._arrays)]
        try:
            self.step(ts_ms, open, high, low, close, volume)
            return self.tables(before)
        finally:
            for part, rows in kept:
                part[:] = rows
            self._last_ts = last_ts
            self._room = room if room >= 1 else self._room + 1

    def tables(self, after: Settled | None = None) -> ChanTables:
        """Every layer as shown after the last bar, copied; with `after` only the rows behind those."""
        return read_tables(self._arrays, after)

    def settled(self) -> Settled:
        """How many rows of each layer can no longer change: what a reader who keeps them need not read again."""
        return settled_rows(self._arrays)

    def snapshot(self) -> bytes:
        """The whole state as bytes, the same on every platform; `restore` gives back an equal one."""
        used = parts_in_use(self._arrays)
        used[0] = used[0].copy()
        used[0][at.ROOM] = 0  # how much room there happened to be is nobody's business
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
        for empty, rows in zip(parts_in_use(state._arrays), head["rows"], strict=True):
            shape = (rows, *empty.shape[1:])
            if len(snapshot) < cut + math.prod(shape) * 8:
                raise ValueError("the Chan snapshot is cut short")
            kind = empty.dtype.newbyteorder("<")
            values = np.frombuffer(snapshot, dtype=kind, count=math.prod(shape), offset=cut)
            parts.append(values.astype(empty.dtype).reshape(shape))
            cut += math.prod(shape) * 8
        if cut != len(snapshot):
            raise ValueError("the Chan snapshot has bytes left over")
        state._arrays = with_room(parts, 0)
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
        """As `step`, and writes the as-of columns `wanted` (places in `FEATURES`) into `features`, float64[n, 1]."""
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
        """As `extend`, and returns float64[len(wanted), n]: the as-of columns `wanted` after each bar."""
        bars = checked_bars(ts_ms, open, high, low, close, volume, after=self._last_ts)
        n = bars[0].shape[0]
        # Rows a power of two apart would fall on the same few lines of the processor's cache.
        features = np.empty((len(wanted), -(-n // 512) * 512 + 8))
        self._take(bars, wanted, features)
        return features[:, :n]

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
        self._arrays = with_room(parts_in_use(self._arrays), room)
        self._room = room
