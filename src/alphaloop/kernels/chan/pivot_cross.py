"""Pivots (中枢) across segments: three lines in a row that share a range, wherever the segments end, as long as the
first of them goes against its own segment."""

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.chan.compiled import compiled, copy_row, inlined
from alphaloop.kernels.chan.layout import (
    G_FINAL,
    G_LINES,
    L_DIR,
    L_END,
    L_FROM,
    L_PIVOTS,
    L_PIVOTS_TO,
    L_TO,
    P_COUNT,
    P_SLOTS,
    P_SOLID,
    Q_SEGMENT,
    S_FREE,
    S_NEXT,
    S_ROW,
    Z_DD,
    Z_END,
    Z_FINAL,
    Z_FROM,
    Z_GG,
    Z_SEGMENT,
    Z_TO,
    Z_ZD,
    Z_ZG,
)
from alphaloop.kernels.chan.pivot_rows import (
    begin_run,
    combine_pivots,
    line_high,
    line_low,
    open_pivot,
    touch_pivot,
    undo_ahead,
)

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# Lines behind the last final segment that are read again at each look; older ones are settled as they are.
OPEN_MAX = 512


@compiled
def _meets(zf: Floats, z: int, lf: Floats, j: int) -> bool:
    return bool(line_low(lf, j) < zf[z, Z_ZG] and line_high(lf, j) > zf[z, Z_ZD])


@inlined
def _open_three(
    m: Ints, zi: Ints, zf: Floats, li: Ints, lf: Floats, births: Ints, j: int, segment: int, row: int
) -> bool:
    first = j - 2
    zg = min(line_high(lf, first), line_high(lf, j - 1), line_high(lf, j))
    zd = max(line_low(lf, first), line_low(lf, j - 1), line_low(lf, j))
    if first < 1 or zg <= zd:
        return False
    open_pivot(m, zi, zf, li, lf, births, first, j, segment, row)
    z = m[P_COUNT] - 1
    zf[z, Z_ZG], zf[z, Z_ZD] = zg, zd
    zf[z, Z_GG] = max(zf[z, Z_GG], line_high(lf, j - 1))
    zf[z, Z_DD] = min(zf[z, Z_DD], line_low(lf, j - 1))
    return True


@compiled
def read_cross(
    m: Ints, combine: int, run: Ints, zi: Ints, zf: Floats, journal: Ints, journal_f: Floats, li: Ints, lf: Floats,
    so: Ints, births: Ints, segment: int, shown: int, stop: int, ahead: bool, row: int,
) -> None:  # fmt: skip
    """Read the run's next lines before `stop`. A line that may extend a pivot waits until the one after it is there."""
    n, k = m[G_LINES], segment
    for j in range(run[S_NEXT], stop):
        run[S_NEXT] = j
        last = m[P_COUNT] - 1
        if run[S_FREE] < 0 and last >= run[S_ROW]:
            if j + 1 >= n:
                return
            if j - zi[last, Z_TO] <= 1 and _meets(zf, last, lf, j):
                if _meets(zf, last, lf, j + 1):
                    touch_pivot(m, zi, zf, journal, journal_f, last, ahead)
                    zi[last, Z_TO], zi[last, Z_END] = j, li[j, L_END]
                    zf[last, Z_GG] = max(zf[last, Z_GG], line_high(lf, j))
                    zf[last, Z_DD] = min(zf[last, Z_DD], line_low(lf, j))
                continue
        if run[S_FREE] < 0:
            run[S_FREE] = j
        first = j - 2
        if first < run[S_FREE]:
            continue
        while k < shown and so[k, L_TO] < first:
            k += 1
        with_segment = k < shown and li[first, L_DIR] == li[so[k, L_TO], L_DIR]
        if with_segment:
            continue
        touch_pivot(m, zi, zf, journal, journal_f, last + 1, ahead)
        if _open_three(m, zi, zf, li, lf, births, j, k, row):
            run[S_FREE] = -1
            if m[P_COUNT] - 1 > run[S_ROW] and zi[m[P_COUNT] - 2, Z_SEGMENT] == k:
                combine_pivots(m, combine, zi, zf, journal, journal_f, m[P_COUNT] - 2, ahead)
    run[S_NEXT] = max(run[S_NEXT], stop)


@compiled
def share_out(m: Ints, zi: Ints, so: Ints, first: int, shown: int) -> None:
    """Tell each segment from `first` on which pivots begin in it."""
    for k in range(first, shown):
        for side in range(2):
            line = so[k, L_FROM] if side == 0 else so[k, L_TO] + 1
            low, high = 0, m[P_COUNT]
            while low < high:
                mid = (low + high) // 2
                if zi[mid, Z_FROM] < line:
                    low = mid + 1
                else:
                    high = mid
            so[k, L_PIVOTS if side == 0 else L_PIVOTS_TO] = low


@compiled
def show_cross(
    m: Ints, combine: int, slots: Ints, scratch: Ints, journal: Ints, journal_f: Floats, zi: Ints, zf: Floats, li: Ints,
    lf: Floats, so: Ints, births: Ints, final_segments: int, shown: int, row: int,
) -> None:  # fmt: skip
    """Pivots of the whole series in one run: lines of final segments are read once, the others on a copy."""
    undo_ahead(m, zi, zf, journal, journal_f, slots, births)
    if m[P_SLOTS] == 0:
        begin_run(m, slots[0], 0, 0)
        m[P_SLOTS] = 1
    home = max(0, min(m[Q_SEGMENT], final_segments) - 1)
    solid = min(so[final_segments - 1, L_TO] + 1, m[G_FINAL] - 1) if final_segments > 0 else 0
    solid = max(solid, m[G_FINAL] - OPEN_MAX)
    read_cross(
        m, combine, slots[0], zi, zf, journal, journal_f, li, lf, so, births, home, shown, solid, False, row
    )  # fmt: skip
    z = m[P_COUNT] - 2
    while z >= 0 and zi[z, Z_FINAL] < 0:
        zi[z, Z_FINAL] = row
        z -= 1
    m[P_SOLID] = m[P_COUNT]
    copy_row(scratch, slots[0])
    if shown > 0:
        read_cross(
            m, combine, scratch, zi, zf, journal, journal_f, li, lf, so, births, home, shown, m[G_LINES], True, row
        )  # fmt: skip
    share_out(m, zi, so, home, shown)
