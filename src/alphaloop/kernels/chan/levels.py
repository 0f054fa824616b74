"""The layers above the strokes, level by level: the segments of a level's lines, their pivots and points; the segments
are the lines of the level above."""

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.chan.compiled import compiled, inlined, pasted
from alphaloop.kernels.chan.forces import segment_forces, stroke_forces
from alphaloop.kernels.chan.layout import (
    A_OPEN,
    A_S1_PIVOT,
    COMBINE_RULE,
    G_CHANGED,
    G_FINAL,
    G_LINES,
    G_STACKED,
    HEAD_F,
    HEAD_I,
    JOURNAL_MAX,
    K_CONFIRMED,
    K_KNOWN,
    K_MARK,
    K_RUN,
    K_SEGMENT,
    L_CONFIRMED,
    L_END,
    L_FROM,
    L_KNOWN,
    LEFT_RULE,
    LEVEL_F,
    LEVEL_I,
    LEVELS,
    MEASURE,
    N_FINAL,
    N_SHOWN,
    PIVOT_RULE,
    POINT_RULES,
    POINTS_ROOM,
    R_MULTI_ONLY,
    ROOM,
    RUN,
    SEARCH_F,
    SEARCH_I,
    SEGMENT_MEASURE,
    SEGMENT_RULE,
    SINGLE_RULE,
)
from alphaloop.kernels.chan.pivot import show_pivots
from alphaloop.kernels.chan.pivot_alone import show_alone
from alphaloop.kernels.chan.pivot_cross import show_cross
from alphaloop.kernels.chan.points import show_points
from alphaloop.kernels.chan.segment_rows import commit_segments, show_segments

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

IN_SEGMENTS, ALONE, ACROSS, AUTO = 0, 1, 2, 3
KEPT_I = A_S1_PIVOT + 1 - A_OPEN


@compiled
def room_of(room: int, level: int) -> int:
    """Rows of line level `level` when level 0 has `room`: a segment has two lines at least, the last ones less."""
    return (room >> level) + 16


@compiled
def base_of(room: int, level: int) -> int:
    """First row of line level `level` in the arrays that hold all levels one after the other."""
    base = 0
    for k in range(level):
        base += room_of(room, k)
    return base


@compiled
def _forget_open_segments(m: Ints, above: Ints, so: Ints, births: Ints) -> None:
    """Note when the segments that are not final were first seen; those that come back unchanged keep it."""
    b = K_SEGMENT
    for r in range(above[G_FINAL], above[G_LINES]):
        j = so[r, L_FROM]
        births[j, b + K_RUN], births[j, b + K_MARK] = m[RUN], so[r, L_END]
        births[j, b + K_KNOWN], births[j, b + K_CONFIRMED] = so[r, L_KNOWN], so[r, L_CONFIRMED]


@inlined
def _look(
    ints: Ints, floats: Floats, level: int, spare_i: Ints, spare_f: Floats, li: Ints,
    lf: Floats, zi: Ints, zf: Floats, qi: Ints, qf: Floats, births: Ints, unproven: Ints, stacks: Ints, slots: Ints,
    journal: Ints, journal_f: Floats, row: int,
) -> None:  # fmt: skip
    """Everything above the lines of `level`, as these lines are shown now."""
    at, at_f, room = HEAD_I + level * LEVEL_I, HEAD_F + level * LEVEL_F, ints[ROOM]
    m, above = ints[at : at + LEVEL_I], ints[at + LEVEL_I : at + 2 * LEVEL_I]
    g = floats[at_f : at_f + LEVEL_F]
    a, b = base_of(room, level), base_of(room, level + 1)
    c = base_of(room, level + 2)
    lines, line_f, so, sf = li[a:b], lf[a:b], li[b:c], lf[b:c]
    pivots, pivot_f, born = zi[a:b], zf[a:b], births[a:b]
    points, point_f = qi[POINTS_ROOM * a : POINTS_ROOM * b], qf[POINTS_ROOM * a : POINTS_ROOM * b]
    runs, notes, notes_f = slots[a:b], journal[level * JOURNAL_MAX :], journal_f[level * JOURNAL_MAX :]
    ahead_i, kept, scratch = spare_i[:SEARCH_I], spare_i[SEARCH_I : SEARCH_I + KEPT_I], spare_i[SEARCH_I + KEPT_I :]
    ahead_f = spare_f[:SEARCH_F]
    m[RUN] += 1
    _forget_open_segments(m, above, so, born)
    before, count = above[G_FINAL], above[G_LINES]
    above[G_CHANGED] = 0
    final = before
    if m[G_FINAL] > m[G_STACKED]:
        final = commit_segments(
            ints[SEGMENT_RULE], m, above, g, unproven[a:b], stacks[a:b], lines, line_f, so, sf, born, before, row
        )  # fmt: skip
    shown = show_segments(
        ints[SEGMENT_RULE], m, above, g, ahead_i, ahead_f, unproven[a:b], stacks[a:b], lines, line_f, so, sf, born,
        final, ints[LEFT_RULE] == 1, row,
    )  # fmt: skip
    above[G_FINAL], above[G_LINES] = final, shown
    if final != before or shown != count:
        above[G_CHANGED] += 1
    if ints[PIVOT_RULE] == ALONE:
        show_alone(
            m, g, ints, floats, runs, kept, notes, notes_f, points, point_f, pivots, pivot_f, lines, line_f, born, row
        )  # fmt: skip
        return
    if ints[PIVOT_RULE] == ACROSS:
        show_cross(
            m, ints[COMBINE_RULE], runs, scratch, notes, notes_f, pivots, pivot_f, lines, line_f, so, born, final,
            shown, row,
        )  # fmt: skip
    else:
        auto, single = ints[PIVOT_RULE] == AUTO, ints[SINGLE_RULE] == 1
        show_pivots(
            m, ints[COMBINE_RULE], single, auto, runs, scratch, notes, notes_f, pivots, pivot_f, lines, line_f, so,
            born, before, final, shown, row,
        )  # fmt: skip
    multi_only = level == 0 and ints[POINT_RULES + R_MULTI_ONLY] == 1
    show_points(
        m, g, ints, floats, multi_only, points, point_f, pivots, pivot_f, lines, line_f, so, born, shown, final, row
    )  # fmt: skip


@pasted
def look_at_levels(
    ints: Ints, floats: Floats, spare_i: Ints, spare_f: Floats, bars: Floats, mi: Ints,
    li: Ints, lf: Floats, zi: Ints, zf: Floats, qi: Ints, qf: Floats, births: Ints, unproven: Ints, stacks: Ints,
    slots: Ints, journal: Ints, journal_f: Floats, row: int,
) -> None:  # fmt: skip
    """Bring all levels up to the strokes shown at bar `row`; a level whose lines did not change ends the climb."""
    room = ints[ROOM]
    m = ints[HEAD_I : HEAD_I + LEVEL_I]
    m[G_LINES], m[G_FINAL] = ints[N_SHOWN], ints[N_FINAL]
    stroke_forces(m, ints[MEASURE], bars, mi, li, lf)
    for level in range(ints[LEVELS]):
        if level > 0:
            at = HEAD_I + level * LEVEL_I
            below = ints[at - LEVEL_I : at]
            if ints[at + G_CHANGED] == 0:
                return
            a, b = base_of(room, level - 1), base_of(room, level)
            segment_forces(
                ints[at : at + LEVEL_I], ints[SEGMENT_MEASURE], li[a:b], lf[a:b], below[G_FINAL], li[b:], lf[b:]
            )  # fmt: skip
        _look(
            ints, floats, level, spare_i, spare_f, li, lf, zi, zf, qi, qf, births, unproven, stacks, slots,
            journal, journal_f, row,
        )  # fmt: skip
