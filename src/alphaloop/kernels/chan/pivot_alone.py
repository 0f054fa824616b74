"""Pivots (中枢) on lines alone, without segments, and their points: three consecutive lines that share a price range,
for as long as price returns.

The rule, line by line: lines j-2, j-1, j open a pivot when ZD = max of their lows < ZG = min of their highs, and the
line before them, the entering one, reaches into that range too. Without the last condition every shallow pull-back in
a trend would be a pivot, for a line, its pull-back and its continuation always share the pull-back's range. A later
line that reaches strictly into (ZD, ZG) belongs to it; one that ends outside is a leaving line and belongs only once
its successor reaches back in. A line that stays out ends the pivot and may itself open the next one."""

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.chan.compiled import compiled, copy_row
from alphaloop.kernels.chan.layout import (
    A_B1,
    A_B1_PIVOT,
    A_NEXT,
    A_OPEN,
    A_S1,
    A_S1_PIVOT,
    A_SEARCH_FROM,
    B1,
    B1P,
    B2,
    B2S,
    B3A,
    B3B,
    G_FINAL,
    G_LINES,
    L_DIR,
    L_END,
    L_END_PRICE,
    LAST_RATIO,
    P_COUNT,
    P_SOLID,
    POINT_RULES,
    Q_COUNT,
    Q_FINAL,
    Q_FIXED,
    R_KINDS,
    R_MORE_SECONDS,
    RATE,
    Z_DD,
    Z_END,
    Z_FINAL,
    Z_FROM,
    Z_GG,
    Z_TO,
    Z_ZD,
    Z_ZG,
)
from alphaloop.kernels.chan.pivot_rows import line_high, line_low, open_pivot, touch_pivot, undo_ahead
from alphaloop.kernels.chan.points import add_point, divergence_ratio, drop_points, note_newest

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@compiled
def _include(zi: Ints, zf: Floats, li: Ints, lf: Floats, z: int, j: int) -> None:
    zi[z, Z_TO], zi[z, Z_END] = j, li[j, L_END]
    zf[z, Z_GG], zf[z, Z_DD] = max(zf[z, Z_GG], line_high(lf, j)), min(zf[z, Z_DD], line_low(lf, j))


@compiled
def _try_open(m: Ints, zi: Ints, zf: Floats, li: Ints, lf: Floats, births: Ints, j: int, row: int) -> None:
    entering, a, b = j - 3, j - 2, j - 1
    if a < max(m[A_SEARCH_FROM], 1):
        return
    zd = max(line_low(lf, a), line_low(lf, b), line_low(lf, j))
    zg = min(line_high(lf, a), line_high(lf, b), line_high(lf, j))
    if not (zd < zg and line_low(lf, entering) < zg and line_high(lf, entering) > zd):
        return
    open_pivot(m, zi, zf, li, lf, births, a, j, -1, row)
    z = m[P_COUNT] - 1
    zf[z, Z_ZG], zf[z, Z_ZD] = zg, zd
    zf[z, Z_GG] = max(zf[z, Z_GG], line_high(lf, b))
    zf[z, Z_DD] = min(zf[z, Z_DD], line_low(lf, b))
    m[A_OPEN] = 1


@compiled
def _leave(
    m: Ints, g: Floats, kinds: int, rate: float, qi: Ints, qf: Floats, zi: Ints, zf: Floats, li: Ints, lf: Floats,
    births: Ints, j: int, row: int,
) -> None:  # fmt: skip
    """The line ends outside its pivot: a first point when it leaves the way it came, at a new extreme, weaker."""
    z = m[P_COUNT] - 1
    d, entering = li[j, L_DIR], zi[z, Z_FROM] - 1
    if li[entering, L_DIR] != d:
        return
    ratio = divergence_ratio(lf, j, entering)
    g[LAST_RATIO] = ratio
    passes = d * lf[j, L_END_PRICE] > d * (zf[z, Z_GG] if d > 0 else zf[z, Z_DD])
    # A NaN ratio compares false: nothing to measure against is no divergence.
    if passes and ratio <= rate:
        add_point(m, kinds, qi, qf, li, lf, births, B1, j, z, entering, ratio, row)
        m[A_S1 if d > 0 else A_B1] = j
        m[A_S1_PIVOT if d > 0 else A_B1_PIVOT] = z


@compiled
def _meet(lf: Floats, a: int, b: int) -> bool:
    return line_low(lf, a) < line_high(lf, b) and line_high(lf, a) > line_low(lf, b)


@compiled
def _later_points(
    m: Ints, ints: Ints, qi: Ints, qf: Floats, zf: Floats, li: Ints, lf: Floats, births: Ints, j: int, row: int
) -> None:  # fmt: skip
    """Behind a first point: 2 and 2s while its end holds and the tests overlap, 3b once its pivot is left behind."""
    d = li[j, L_DIR]
    first = m[A_S1 if d > 0 else A_B1]
    if first < 0 or j <= first:
        return
    z = m[A_S1_PIVOT if d > 0 else A_B1_PIVOT]
    kinds = ints[POINT_RULES + R_KINDS]
    if d * lf[j, L_END_PRICE] > d * lf[first, L_END_PRICE]:
        m[A_S1 if d > 0 else A_B1] = -1
        return
    step = (j - first) // 2
    test = first + 2
    if step == 1:
        add_point(m, kinds, qi, qf, li, lf, births, B2, j, z, first, np.nan, row)
    elif step - 1 <= ints[POINT_RULES + R_MORE_SECONDS] and _meet(lf, j, test):
        add_point(m, kinds, qi, qf, li, lf, births, B2S, j, z, first, np.nan, row)
    out = lf[j, L_END_PRICE] >= zf[z, Z_ZG] if d < 0 else lf[j, L_END_PRICE] <= zf[z, Z_ZD]
    if out:
        add_point(m, kinds, qi, qf, li, lf, births, B3B, j, z, first, np.nan, row)
        m[A_S1 if d > 0 else A_B1] = -1


@compiled
def _take(
    m: Ints, g: Floats, ints: Ints, floats: Floats, journal: Ints, journal_f: Floats, qi: Ints, qf: Floats, zi: Ints,
    zf: Floats, li: Ints, lf: Floats, births: Ints, j: int, ahead: bool, row: int,
) -> None:  # fmt: skip
    """Advance pivots and points by line `j`; O(1)."""
    g[LAST_RATIO] = np.nan
    kinds, z, d = ints[POINT_RULES + R_KINDS], m[P_COUNT] - 1, li[j, L_DIR]
    if not m[A_OPEN]:
        _try_open(m, zi, zf, li, lf, births, j, row)
        before = j - 2
        if not m[A_OPEN] and before >= 0 and d * lf[j, L_END_PRICE] > d * lf[before, L_END_PRICE]:
            ratio = divergence_ratio(lf, j, before)
            g[LAST_RATIO] = ratio
            if ratio <= floats[RATE]:
                add_point(m, kinds, qi, qf, li, lf, births, B1P, j, -1, before, ratio, row)
    elif line_low(lf, j) < zf[z, Z_ZG] and line_high(lf, j) > zf[z, Z_ZD]:
        touch_pivot(m, zi, zf, journal, journal_f, z, ahead)
        if zi[z, Z_TO] < j - 1:
            _include(zi, zf, li, lf, z, j - 1)
        if d * lf[j, L_END_PRICE] > d * (zf[z, Z_ZG] if d > 0 else zf[z, Z_ZD]):
            _leave(m, g, kinds, floats[RATE], qi, qf, zi, zf, li, lf, births, j, row)
        else:
            _include(zi, zf, li, lf, z, j)
    else:
        add_point(m, kinds, qi, qf, li, lf, births, B3A, j, z, -1, np.nan, row)
        if not ahead:
            zi[z, Z_FINAL] = row
        m[A_OPEN] = 0
        m[A_SEARCH_FROM] = j
    _later_points(m, ints, qi, qf, zf, li, lf, births, j, row)


@compiled
def show_alone(
    m: Ints, g: Floats, ints: Ints, floats: Floats, slots: Ints, kept: Ints, journal: Ints, journal_f: Floats, qi: Ints,
    qf: Floats, zi: Ints, zf: Floats, li: Ints, lf: Floats, births: Ints, row: int,
) -> None:  # fmt: skip
    """Pivots and points as the lines shown now suggest them; final lines are read once, the others on a copy."""
    undo_ahead(m, zi, zf, journal, journal_f, slots, births)
    drop_points(m, qi, births)
    for j in range(m[A_NEXT], m[G_FINAL]):
        _take(m, g, ints, floats, journal, journal_f, qi, qf, zi, zf, li, lf, births, j, False, row)
    for q in range(m[Q_FIXED], m[Q_COUNT]):
        qi[q, Q_FINAL] = row
    m[A_NEXT] = m[G_FINAL]
    m[P_SOLID], m[Q_FIXED] = m[P_COUNT], m[Q_COUNT]
    copy_row(kept, m[A_OPEN : A_S1_PIVOT + 1])
    for j in range(m[G_FINAL], m[G_LINES]):
        _take(m, g, ints, floats, journal, journal_f, qi, qf, zi, zf, li, lf, births, j, True, row)
    copy_row(m[A_OPEN:], kept)
    note_newest(m, qi)
