"""Pivots (中枢) inside segments: two lines against the segment that share a price range, with the line between them
the usual three, for as long as further lines against it return into that range.

Each segment is one run of pivot making that can be taken up again when its segment grows. What rests on lines that
may still change is undone from a small journal at the next look, so only new lines cost time."""

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.chan.compiled import compiled, copy_row, inlined
from alphaloop.kernels.chan.layout import (
    G_FINAL,
    G_LINES,
    L_DIR,
    L_END,
    L_FROM,
    L_ONCE,
    L_PIVOTS,
    L_PIVOTS_TO,
    L_TO,
    P_COUNT,
    P_SLOTS,
    P_SOLID,
    S_DIR,
    S_FIRST,
    S_FREE,
    S_NEXT,
    S_ROW,
    S_STARTED,
    Z_DD,
    Z_END,
    Z_FINAL,
    Z_FROM,
    Z_GG,
    Z_TO,
    Z_ZD,
    Z_ZG,
)
from alphaloop.kernels.chan.pivot_cross import OPEN_MAX, read_cross, share_out
from alphaloop.kernels.chan.pivot_rows import (
    begin_run,
    combine_pivots,
    drop_pivots,
    line_high,
    line_low,
    open_pivot,
    touch_pivot,
    undo_ahead,
)

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@inlined
def _add_line(
    m: Ints, combine: int, single: bool, run: Ints, zi: Ints, zf: Floats, journal: Ints, journal_f: Floats, li: Ints,
    lf: Floats, births: Ints, segment: int, j: int, ahead: bool, row: int,
) -> None:  # fmt: skip
    """Take line `j`, which goes against the segment: it extends the last pivot, opens one, or waits for its partner."""
    started, waiting, last = run[S_STARTED], run[S_FREE], m[P_COUNT] - 1
    run[S_STARTED] = 1
    high, low = line_high(lf, j), line_low(lf, j)
    if started and waiting < 0 and last >= run[S_ROW] and low < zf[last, Z_ZG] and high > zf[last, Z_ZD]:
        touch_pivot(m, zi, zf, journal, journal_f, last, ahead)
        if zi[last, Z_FROM] == zi[last, Z_TO]:
            zf[last, Z_ZG], zf[last, Z_ZD] = min(zf[last, Z_ZG], high), max(zf[last, Z_ZD], low)
        zi[last, Z_TO], zi[last, Z_END] = j, li[j, L_END]
        zf[last, Z_GG], zf[last, Z_DD] = max(zf[last, Z_GG], high), min(zf[last, Z_DD], low)
    elif single and j > 0:
        touch_pivot(m, zi, zf, journal, journal_f, last + 1, ahead)
        open_pivot(m, zi, zf, li, lf, births, j, j, segment, row)
        run[S_FREE] = -1
    elif waiting > 0 and min(high, line_high(lf, waiting)) > max(low, line_low(lf, waiting)):
        touch_pivot(m, zi, zf, journal, journal_f, last + 1, ahead)
        open_pivot(m, zi, zf, li, lf, births, waiting, j, segment, row)
        run[S_FREE] = -1
    else:
        run[S_FREE] = j
        return
    combine_pivots(m, combine, zi, zf, journal, journal_f, run[S_ROW], ahead)


@inlined
def _take_up(
    m: Ints, zi: Ints, slots: Ints, births: Ints, s: int, first: int, direction: int, to: int, more: int
) -> None:
    """Make slot `s` the run of the segment from line `first` to `to`; runs behind it go when it must still read."""
    if s < m[P_SLOTS]:
        same = slots[s, S_FIRST] == first and slots[s, S_DIR] == direction
        if not same or slots[s, S_NEXT] > to + 1:
            drop_pivots(m, zi, births, slots[s, S_ROW])
            m[P_SLOTS] = s
        elif slots[s, S_NEXT] <= more and s + 1 < m[P_SLOTS]:
            drop_pivots(m, zi, births, slots[s + 1, S_ROW])
            m[P_SLOTS] = s + 1
    if s == m[P_SLOTS]:
        begin_run(m, slots[s], first, direction)
        m[P_SLOTS] = s + 1


@compiled
def _first_across(so: Ints, first_open: int, final_segments: int, shown: int) -> int:
    """The first segment that is not sure, behind a sure one if there is any."""
    first_sure = first_open
    if not (first_open > 0 and so[first_open - 1, L_ONCE]):
        while first_sure < shown and not so[first_sure, L_ONCE]:
            first_sure += 1
    k = max(first_open, final_segments) if first_sure == shown else max(first_sure, final_segments)
    while k < shown and so[k, L_ONCE]:
        k += 1
    # Across segments everything is read again at each look, which a tail without end would make too dear.
    return k if k < shown and so[shown - 1, L_TO] - so[k, L_FROM] < OPEN_MAX else shown + 1


@compiled
def show_pivots(
    m: Ints, combine: int, single: bool, auto: bool, slots: Ints, scratch: Ints, journal: Ints, journal_f: Floats,
    zi: Ints, zf: Floats, li: Ints, lf: Floats, so: Ints, births: Ints, first_open: int, final_segments: int,
    shown: int, row: int,
) -> None:  # fmt: skip
    """Pivots of all segments from `first_open` (the first that was not final before) on, and of the lines behind the
    last segment, which are read as the beginning of one the other way. With `auto`, everything from the first segment
    on that is not sure is read across segments instead."""
    undo_ahead(m, zi, zf, journal, journal_f, slots, births)
    n, final = m[G_LINES], m[G_FINAL]
    s, k = 0, first_open
    ahead = False
    across = _first_across(so, first_open, final_segments, shown) if auto else shown + 1
    while k <= shown and shown > 0:
        if k < shown:
            first, to, direction = so[k, L_FROM], so[k, L_TO], so[k, L_DIR]
        else:
            first, to, direction = so[k - 1, L_TO] + 1, n - 1, -so[k - 1, L_DIR]
        if first > to or k >= across:
            break
        if not ahead:
            _take_up(m, zi, slots, births, s, first, direction, to, to)
            run = slots[s]
            run[S_NEXT] = _read(
                m, combine, single, run, zi, zf, journal, journal_f, li, lf, births, k, min(to + 1, final), False, row
            )  # fmt: skip
            if to >= final:
                ahead = True
                m[P_SOLID] = m[P_COUNT]
                copy_row(scratch, run)
        else:
            begin_run(m, scratch, first, direction)
        if ahead:
            _read(m, combine, single, scratch, zi, zf, journal, journal_f, li, lf, births, k, to + 1, True, row)
        if k < shown:
            so[k, L_PIVOTS] = scratch[S_ROW] if ahead else slots[s, S_ROW]
            so[k, L_PIVOTS_TO] = slots[s + 1, S_ROW] if not ahead and s + 1 < m[P_SLOTS] else m[P_COUNT]
        if not ahead:
            s += 1
        k += 1
    if not ahead:
        if s < m[P_SLOTS]:
            drop_pivots(m, zi, births, slots[s, S_ROW])
            m[P_SLOTS] = s
        m[P_SOLID] = m[P_COUNT]
    if across < shown:
        begin_run(m, scratch, so[across, L_FROM], 0)
        scratch[S_ROW] = 0
        read_cross(m, combine, scratch, zi, zf, journal, journal_f, li, lf, so, births, across, shown, n, True, row)
        share_out(m, zi, so, across, shown)
    _settle(m, slots, zi, so, first_open, final_segments, row)


@inlined
def _read(
    m: Ints, combine: int, single: bool, run: Ints, zi: Ints, zf: Floats, journal: Ints, journal_f: Floats, li: Ints,
    lf: Floats, births: Ints, segment: int, stop: int, ahead: bool, row: int,
) -> int:  # fmt: skip
    for j in range(run[S_NEXT], stop):
        if li[j, L_DIR] != run[S_DIR]:
            _add_line(
                m, combine, single, run, zi, zf, journal, journal_f, li, lf, births, segment, j, ahead, row
            )  # fmt: skip
    return int(max(run[S_NEXT], stop))


@compiled
def _settle(m: Ints, slots: Ints, zi: Ints, so: Ints, first_open: int, final_segments: int, row: int) -> None:
    """The pivots of segments that became final are final too; their runs are over."""
    over = final_segments - first_open
    if over <= 0:
        return
    for z in range(so[first_open, L_PIVOTS], so[final_segments - 1, L_PIVOTS_TO]):
        zi[z, Z_FINAL] = row
    for s in range(over, m[P_SLOTS]):
        copy_row(slots[s - over], slots[s])
    m[P_SLOTS] -= over
