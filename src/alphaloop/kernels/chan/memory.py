"""The memory of the Chan machine: one growing array a layer, what of it is in use, and what one more bar may touch."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.chan import layout as at
from alphaloop.kernels.chan.config import ChanConfig, write_options
from alphaloop.kernels.chan.levels import base_of
from alphaloop.kernels.chan.segment import begin_search

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Arrays(NamedTuple):
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


_LEVELLED = Arrays._fields[Arrays._fields.index("line_i") : Arrays._fields.index("slots") + 1]
_LEVELS = range(at.LEVELS_MAX + 1)  # the topmost holds the segments of the last level that is looked at


def parts_in_use(arrays: Arrays) -> list[npt.NDArray[Any]]:
    """The rows in use, array by array and within an array level by level."""
    ints = arrays.ints
    bars, merged, free = int(ints[at.N_BARS]), int(ints[at.N_MERGED]), int(ints[at.N_FREE])
    plain = {"bars": bars, "merged_i": merged, "merged_f": merged, "free": free, "free_f": free}
    used: list[npt.NDArray[Any]] = []
    for name, array in zip(Arrays._fields, arrays, strict=True):
        if name not in _LEVELLED:
            used.append(array[: plain.get(name, len(array))])
            continue
        for level in _LEVELS:
            scale = at.POINTS_ROOM if name.startswith("point") else 1
            base = base_of(ints[at.ROOM], level) * scale
            used.append(array[base : base + _rows_in_use(ints, name, level)])
    return used


def open_parts(arrays: Arrays) -> list[npt.NDArray[Any]]:
    """Views of the rows in use that one more bar may change; everything before them is final."""
    ints = arrays.ints
    merged = max(0, int(ints[at.N_MERGED]) - 3)
    plain = {"merged_i": merged, "merged_f": merged, "bars": max(0, int(ints[at.N_BARS]) - 1)}
    views: list[npt.NDArray[Any]] = []
    used = iter(parts_in_use(arrays))
    for name in Arrays._fields:
        if name not in _LEVELLED:
            views.append(next(used)[plain.get(name, 0) :])
            continue
        for level in _LEVELS:
            views.append(next(used)[_first_open(arrays, name, level) :])
    return views


_NEW_LINES = 8


def _first_open(arrays: Arrays, name: str, level: int) -> int:
    m = arrays.ints[at.HEAD_I + level * at.LEVEL_I :]
    final = max(0, int(m[at.G_FINAL]) - 1)
    if name.startswith("line"):
        return final
    if name.startswith("point"):
        return int(m[at.Q_FIXED])
    if name.startswith("pivot"):
        solid = max(0, int(m[at.P_SOLID]) - 1)
        first_run = arrays.slots[base_of(arrays.ints[at.ROOM], level), at.S_ROW]
        return min(solid, int(first_run)) if m[at.P_SLOTS] else solid
    if name == "births" and level < at.LEVELS_MAX:
        # Pivots and points that come and go stand on lines of segments whose points are not settled.
        first = base_of(arrays.ints[at.ROOM], level + 1) + int(m[at.Q_SEGMENT])
        return min(int(arrays.line_i[first, at.L_FROM]), max(0, final - 8))
    return 0


def _rows_in_use(ints: Ints, name: str, level: int) -> int:
    m = ints[at.HEAD_I + level * at.LEVEL_I :]
    # A provisional tail that takes the place of two sure strokes leaves the second one in its row, unshown.
    lines = int(m[at.G_LINES]) if level else int(max(ints[at.N_SURE], ints[at.N_SHOWN]))
    counts = {
        "pivot": max(m[at.P_COUNT], m[at.P_SOLID]),
        "point": m[at.Q_COUNT],
        "unproven": m[at.G_UNPROVEN],
        "stacks": m[at.G_STACKED],
        "slots": m[at.P_SLOTS],
        # What stood on lines that are gone for now leaves marks behind the rows in use.
        "births": lines + _NEW_LINES,
    }
    return int(counts.get(name.removesuffix("_i").removesuffix("_f"), lines))


def with_room(used: list[npt.NDArray[Any]], more: int) -> Arrays:
    """Arrays that hold `used` and have room for `more` bars."""
    parts = iter(used)
    ints = next(parts).copy()
    bars = int(ints[at.N_BARS])
    room = _lines_room(bars + more)
    ints[at.ROOM] = room
    grown: list[npt.NDArray[Any]] = [ints]
    fixed = ("floats", "journal", "journal_f")
    for name in Arrays._fields[1:]:
        if name not in _LEVELLED:
            part = next(parts)
            grown.append(part.copy() if name in fixed else _larger([part], [0], bars + more))
            continue
        scale = at.POINTS_ROOM if name.startswith("point") else 1
        bases = [base_of(room, level) * scale for level in range(at.LEVELS_MAX + 2)]
        grown.append(_larger([next(parts) for _ in _LEVELS], bases[:-1], bases[-1]))
    return Arrays(*grown)


def _lines_room(bars: int) -> int:
    # The loosest stroke takes two bars; the constant holds the provisional tail.
    return bars // 2 + 16


def _larger(parts: list[npt.NDArray[Any]], bases: list[int], rows: int) -> npt.NDArray[Any]:
    # Pages that are never written cost no memory, so generous room is free.
    larger = np.zeros((rows, *parts[0].shape[1:]), parts[0].dtype)
    for part, base in zip(parts, bases, strict=True):
        larger[base : base + len(part)] = part
    return larger


def empty_arrays(config: ChanConfig) -> Arrays:
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
        "stacks": at.STACK_I,
        "slots": at.SLOT_I,
    }
    used: list[npt.NDArray[Any]] = [ints, floats]
    for name in Arrays._fields[2:-2]:
        kind = np.float64 if name.endswith("_f") or name == "bars" else np.int64
        empty = np.zeros((0, widths[name]), kind) if name != "free" else np.zeros(0, np.int64)
        used.extend([empty] * (len(_LEVELS) if name in _LEVELLED else 1))
    used.append(np.zeros((journal, at.PIVOT_I + 1), np.int64))
    used.append(np.zeros((journal, at.PIVOT_F)))
    return with_room(used, 0)
