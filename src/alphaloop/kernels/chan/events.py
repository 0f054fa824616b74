"""What the layers said at each bar, as a log that only grows: a chart shows the present, this is the memory of how it
came about, and what the repaint meter counts.

The log is the difference between the rows shown after one bar and after the next. Only the rows that may still change
are compared, so a bar costs no more late in a series than early."""

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.chan.compiled import compiled, copy_row
from alphaloop.kernels.chan.inputs import checked_bars
from alphaloop.kernels.chan.layout import (
    G_FINAL,
    G_LINES,
    HEAD_I,
    L_CONFIRMED,
    L_DIR,
    L_END,
    L_FINAL,
    L_START,
    LEVEL_I,
    N_BARS,
    N_FINAL,
    N_SHOWN,
    P_COUNT,
    POINTS_ROOM,
    Q_CONFIRMED,
    Q_COUNT,
    Q_FINAL,
    Q_FIXED,
    Q_IDX,
    Q_KIND,
    Q_LINE,
    ROOM,
    RUN,
    TRACKED,
    Z_CONFIRMED,
    Z_END,
    Z_FINAL,
    Z_START,
)
from alphaloop.kernels.chan.levels import base_of
from alphaloop.kernels.chan.state import ChanState

Ints = npt.NDArray[np.int64]
Events = npt.NDArray[np.void]

LAYERS = ("stroke", "segment", "pivot", "point")
STROKE, SEGMENT, PIVOT, POINT = range(4)
ACTIONS = ("seen", "moved", "confirmed", "unconfirmed", "final", "withdrawn")
SEEN, MOVED, CONFIRMED, UNCONFIRMED, FINAL, WITHDRAWN = range(6)

EVENT_DTYPE = np.dtype(
    [
        ("bar", "<i8"),
        ("layer", "<U7"),
        ("level", "<i8"),
        ("action", "<U11"),
        ("n", "<i8"),
        ("start_idx", "<i8"),
        ("end_idx", "<i8"),
        ("kind", "<i8"),
        ("was_idx", "<i8"),
    ]
)

# A row that may change, as it is compared. What it is: start and kind; where it ends now; how sure it is.
_START, _END, _KIND, _SURE, _FIXED, _MATE = range(6)
_ROW = 6
_EVENT = len(EVENT_DTYPE.names or ())
_FIRST_ROOM = 1024


class LifeLog:
    """Takes bars in place of a `ChanState` and notes what became of every stroke, segment, pivot and point.

    Bar by bar, in chunks or going on from a restored state, the events are the same. On a state that has seen bars
    the log begins with the next one. Raises ValueError for a state that is not tracked: it does not know them."""

    def __init__(self, state: ChanState) -> None:
        if not state._arrays.ints[TRACKED]:
            raise ValueError("a life log needs a state that is tracked bar by bar")
        self.state = state
        self._marks = np.zeros((1 + 3 * state.config.levels, 2), np.int64)
        self._kept = np.zeros((_FIRST_ROOM, _ROW), np.int64)
        self._fresh = np.zeros((_FIRST_ROOM, _ROW), np.int64)
        self._log = np.zeros((_FIRST_ROOM, _EVENT), np.int64)
        self._head = np.zeros(3, np.int64)
        self._used = 0
        if state.bars:
            self._note()
        self._used = 0
        self._run = self._looks()

    def __len__(self) -> int:
        return self._used

    def step(self, ts_ms: int, open: float, high: float, low: float, close: float, volume: float) -> None:
        """Take one closed bar, as `ChanState.step`."""
        self.state.step(ts_ms, open, high, low, close, volume)
        run = self._looks()
        if run != self._run:
            self._run = run
            self._note()

    def extend(
        self,
        ts_ms: npt.ArrayLike,
        open: npt.ArrayLike,
        high: npt.ArrayLike,
        low: npt.ArrayLike,
        close: npt.ArrayLike,
        volume: npt.ArrayLike,
    ) -> None:
        """Take a chunk of closed bars, as `ChanState.extend`: all of them, or none when one is unfit."""
        ts, h, lo, c, v = checked_bars(ts_ms, open, high, low, close, volume, after=self.state._last_ts)
        columns = (ts, np.asarray(open, np.float64), h, lo, c, v)
        for row in zip(*(column.tolist() for column in columns), strict=True):
            self.step(*row)

    def events(self, after: int = 0) -> Events:
        """The events behind the first `after`, oldest first, copied.

        bar       the row at which it happened
        layer     stroke, segment, pivot or point; level 0 stands on the strokes, level 1 on the segments, …
        action    seen, moved (its end went from `was_idx` to `end_idx`), confirmed, unconfirmed (its rule no longer
                  passes), final (nothing follows for this row), withdrawn
        n         its row in the layer's table at that bar; of what is withdrawn, its row before
        start_idx, end_idx   its bars; of a point, those of the line at whose end it stands
        kind      +1 or -1 of a line, 0 of a pivot, the code of a point (`layout.POINT_KINDS`)
        was_idx   -1 but for moved"""
        part = self._log[after : self._used]
        table = np.empty(len(part), EVENT_DTYPE)
        for column, name in enumerate(EVENT_DTYPE.names or ()):
            table[name] = part[:, column] if name not in _NAMES else np.array(_NAMES[name])[part[:, column]]
        return table

    def _looks(self) -> int:
        """Changes whenever the machine looked at its layers again; between, no row can have changed."""
        return int(self.state._arrays.ints[HEAD_I + RUN])

    def _note(self) -> None:
        arrays = self.state._arrays
        while True:
            used = note_changes(
                arrays.ints, arrays.line_i, arrays.pivot_i, arrays.point_i, self._marks, self._kept, self._fresh,
                self._head, self._log, self._used,
            )  # fmt: skip
            if used >= 0:
                self._used = used
                return
            self._kept, self._fresh = _twice(self._kept), _twice(self._fresh)
            self._log = _twice(self._log)


_NAMES = {"layer": LAYERS, "action": ACTIONS}


def _twice(rows: Ints) -> Ints:
    return np.concatenate([rows, np.zeros_like(rows)])


@compiled
def _place(ints: Ints, block: int) -> tuple[int, int]:
    """Layer and level of a block: the strokes, then segments, pivots and points level by level."""
    return (STROKE, 0) if block == 0 else (SEGMENT + (block - 1) % 3, (block - 1) // 3)


@compiled
def _rows_shown(ints: Ints, layer: int, level: int) -> int:
    at = HEAD_I + level * LEVEL_I
    if layer == STROKE:
        return int(ints[N_SHOWN])
    if layer == SEGMENT:
        return int(ints[at + LEVEL_I + G_LINES])
    return int(ints[at + P_COUNT]) if layer == PIVOT else int(ints[at + Q_COUNT])


@compiled
def _rows_final(ints: Ints, zi: Ints, layer: int, level: int, first: int) -> int:
    """Rows that can no longer change; `first` of them were known to be so."""
    at = HEAD_I + level * LEVEL_I
    if layer == STROKE:
        return int(ints[N_FINAL])
    if layer == SEGMENT:
        return int(ints[at + LEVEL_I + G_FINAL])
    if layer == POINT:
        return int(ints[at + Q_FIXED])
    base = base_of(ints[ROOM], level)
    while first < ints[at + P_COUNT] and zi[base + first, Z_FINAL] >= 0:
        first += 1
    return first


@compiled
def _read(ints: Ints, li: Ints, zi: Ints, qi: Ints, layer: int, level: int, n: int, row: Ints) -> None:
    """Write row `n` of a layer in the form in which it is compared."""
    room = ints[ROOM]
    row[_MATE] = -1
    if layer < PIVOT:
        r = n if layer == STROKE else base_of(room, level + 1) + n
        row[_START], row[_END], row[_KIND] = li[r, L_START], li[r, L_END], li[r, L_DIR]
        row[_SURE], row[_FIXED] = li[r, L_CONFIRMED] >= 0, li[r, L_FINAL] >= 0
    elif layer == PIVOT:
        z = base_of(room, level) + n
        row[_START], row[_END], row[_KIND] = zi[z, Z_START], zi[z, Z_END], 0
        row[_SURE], row[_FIXED] = zi[z, Z_CONFIRMED] >= 0, zi[z, Z_FINAL] >= 0
    else:
        base = base_of(room, level)
        q = base * POINTS_ROOM + n
        row[_START], row[_END], row[_KIND] = li[base + qi[q, Q_LINE], L_START], qi[q, Q_IDX], qi[q, Q_KIND]
        row[_SURE], row[_FIXED] = qi[q, Q_CONFIRMED] >= 0, qi[q, Q_FINAL] >= 0


@compiled
def _pair_up(before: Ints, after: Ints) -> None:
    """Let each row find itself in the other list; most stand at the place behind the last one found."""
    n, guess = len(before), 0
    for i in range(len(after)):
        for step in range(n):
            j = (guess + step) % n
            same = before[j, _START] == after[i, _START] and before[j, _KIND] == after[i, _KIND]
            if same and before[j, _MATE] < 0:
                before[j, _MATE], after[i, _MATE] = i, j
                guess = j + 1
                break


@compiled
def _write(log: Ints, used: int, head: Ints, action: int, n: int, row: Ints, was: int) -> int:
    log[used, 0], log[used, 1], log[used, 2] = head[0], head[1], head[2]
    log[used, 3], log[used, 4] = action, n
    log[used, 5], log[used, 6], log[used, 7] = row[_START], row[_END], row[_KIND]
    log[used, 8] = was
    return used + 1


@compiled
def _compare(before: Ints, after: Ints, first: int, head: Ints, log: Ints, used: int) -> int:
    """Append what happened between two tails that both begin with row `first` of their table."""
    _pair_up(before, after)
    for j in range(len(before)):
        if before[j, _MATE] < 0:
            used = _write(log, used, head, WITHDRAWN, first + j, before[j], -1)
    for i in range(len(after)):
        row, j = after[i], after[i, _MATE]
        was_sure, was_fixed = 0, 0
        if j < 0:
            used = _write(log, used, head, SEEN, first + i, row, -1)
        else:
            was_sure, was_fixed = before[j, _SURE], before[j, _FIXED]
            if before[j, _END] != row[_END]:
                used = _write(log, used, head, MOVED, first + i, row, before[j, _END])
        if row[_SURE] != was_sure:
            used = _write(log, used, head, CONFIRMED if row[_SURE] else UNCONFIRMED, first + i, row, -1)
        if row[_FIXED] and not was_fixed:
            used = _write(log, used, head, FINAL, first + i, row, -1)
    return used


@compiled
def note_changes(
    ints: Ints, li: Ints, zi: Ints, qi: Ints, marks: Ints, kept: Ints, fresh: Ints, head: Ints, log: Ints, used: int
) -> int:
    """Append to `log[used:]` what happened since `kept` was written, and bring `kept` up to now.

    `marks` is int64[blocks, 2]: for each layer and level the first row that could change and the rows kept from there
    on; `head` is scratch, int64[3]. Returns the events in use, or -1, with nothing done, when an array has too little
    room."""
    rows, old = 0, 0
    for block in range(len(marks)):
        layer, level = _place(ints, block)
        rows += max(0, _rows_shown(ints, layer, level) - marks[block, 0])
        old += marks[block, 1]
    if rows > len(fresh) or used + 3 * rows + old > len(log):
        return -1
    head[0] = ints[N_BARS] - 1
    k, f = 0, 0
    for block in range(len(marks)):
        layer, level = _place(ints, block)
        head[1], head[2] = layer, level
        first, count = marks[block, 0], marks[block, 1]
        shown = _rows_shown(ints, layer, level)
        after = fresh[f : f + shown - first]
        for i in range(len(after)):
            _read(ints, li, zi, qi, layer, level, first + i, after[i])
        used = _compare(kept[k : k + count], after, first, head, log, used)
        k += count
        final = _rows_final(ints, zi, layer, level, first)
        marks[block, 0], marks[block, 1] = final, shown - final
        for i in range(final - first, shown - first):
            copy_row(fresh[f], after[i])
            fresh[f, _MATE] = -1
            f += 1
    for i in range(f):
        copy_row(kept[i], fresh[i])
    return used
