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
    JOURNAL_MAX,
    K_CONFIRMED,
    K_KNOWN,
    K_MARK,
    K_PIVOT,
    K_RUN,
    L_CONFIRMED,
    L_DIR,
    L_END,
    L_END_PRICE,
    L_FROM,
    L_PIVOTS,
    L_PIVOTS_TO,
    L_START,
    L_START_PRICE,
    L_TO,
    P_COUNT,
    P_JOURNAL,
    P_SLOTS,
    P_SOLID,
    RUN,
    S_DIR,
    S_FIRST,
    S_FREE,
    S_NEXT,
    S_ROW,
    S_STARTED,
    Z_CONFIRMED,
    Z_DD,
    Z_END,
    Z_FINAL,
    Z_FROM,
    Z_GG,
    Z_KNOWN,
    Z_PARTS,
    Z_SEGMENT,
    Z_START,
    Z_TO,
    Z_ZD,
    Z_ZG,
)

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

COMBINE_RANGE, COMBINE_PEAK, COMBINE_NEVER = 0, 1, 2


@compiled
def line_high(lf: Floats, j: int) -> float:
    price: float = max(lf[j, L_START_PRICE], lf[j, L_END_PRICE])
    return price


@compiled
def line_low(lf: Floats, j: int) -> float:
    price: float = min(lf[j, L_START_PRICE], lf[j, L_END_PRICE])
    return price


@compiled
def open_pivot(
    m: Ints, zi: Ints, zf: Floats, li: Ints, lf: Floats, births: Ints, first: int, second: int, segment: int, row: int
) -> None:  # fmt: skip
    """Append the pivot of lines `first` and `second` (the same for a pivot of one line)."""
    z = m[P_COUNT]
    zi[z, Z_FROM], zi[z, Z_TO] = first, second
    zi[z, Z_START], zi[z, Z_END] = li[first, L_START], li[second, L_END]
    zi[z, Z_SEGMENT], zi[z, Z_PARTS] = segment, 1
    known, confirmed = row, -1
    b = K_PIVOT
    if births[first, b + K_RUN] == m[RUN] and births[first, b + K_MARK] == li[first, L_START]:
        known, confirmed = births[first, b + K_KNOWN], births[first, b + K_CONFIRMED]
    zi[z, Z_KNOWN] = known
    zi[z, Z_CONFIRMED] = -1 if li[second, L_CONFIRMED] < 0 else (confirmed if confirmed >= 0 else row)
    zi[z, Z_FINAL] = -1
    zf[z, Z_ZG] = min(line_high(lf, first), line_high(lf, second))
    zf[z, Z_ZD] = max(line_low(lf, first), line_low(lf, second))
    zf[z, Z_GG] = max(line_high(lf, first), line_high(lf, second))
    zf[z, Z_DD] = min(line_low(lf, first), line_low(lf, second))
    m[P_COUNT] = z + 1


@compiled
def touch_pivot(m: Ints, zi: Ints, zf: Floats, journal: Ints, journal_f: Floats, z: int, ahead: bool) -> None:
    """Note row `z` before a look ahead changes it, unless it was made by this look."""
    if not ahead or z >= m[P_SOLID]:
        return
    x = m[P_JOURNAL]
    if x < JOURNAL_MAX:
        journal[x, 0] = z
        copy_row(journal[x, 1:], zi[z])
        copy_row(journal_f[x], zf[z])
    m[P_JOURNAL] = x + 1


@compiled
def _combine(
    m: Ints, rule: int, zi: Ints, zf: Floats, journal: Ints, journal_f: Floats, first_row: int, ahead: bool
) -> None:  # fmt: skip
    """Let the last pivot of this segment join the one before it while their ranges (or peaks) meet."""
    while m[P_COUNT] - 1 > first_row:
        a, b = m[P_COUNT] - 2, m[P_COUNT] - 1
        if zi[b, Z_FROM] == zi[b, Z_TO] or rule == COMBINE_NEVER:
            return
        if rule == COMBINE_RANGE:
            meet = zf[a, Z_ZD] <= zf[b, Z_ZG] and zf[b, Z_ZD] <= zf[a, Z_ZG]
        else:
            meet = zf[a, Z_DD] < zf[b, Z_GG] and zf[b, Z_DD] < zf[a, Z_GG]
        if not meet:
            return
        touch_pivot(m, zi, zf, journal, journal_f, a, ahead)
        zi[a, Z_TO], zi[a, Z_END] = zi[b, Z_TO], zi[b, Z_END]
        zi[a, Z_PARTS] += zi[b, Z_PARTS]
        zf[a, Z_ZG], zf[a, Z_ZD] = max(zf[a, Z_ZG], zf[b, Z_ZG]), min(zf[a, Z_ZD], zf[b, Z_ZD])
        zf[a, Z_GG], zf[a, Z_DD] = max(zf[a, Z_GG], zf[b, Z_GG]), min(zf[a, Z_DD], zf[b, Z_DD])
        m[P_COUNT] = b


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
    _combine(m, combine, zi, zf, journal, journal_f, run[S_ROW], ahead)


@compiled
def drop_pivots(m: Ints, zi: Ints, births: Ints, count: int) -> None:
    """Take away the rows from `count` on; what comes back at this bar keeps its birth."""
    b = K_PIVOT
    for z in range(count, m[P_COUNT]):
        j = zi[z, Z_FROM]
        births[j, b + K_RUN], births[j, b + K_MARK] = m[RUN], zi[z, Z_START]
        births[j, b + K_KNOWN], births[j, b + K_CONFIRMED] = zi[z, Z_KNOWN], zi[z, Z_CONFIRMED]
    m[P_COUNT] = count


@compiled
def undo_ahead(m: Ints, zi: Ints, zf: Floats, journal: Ints, journal_f: Floats, slots: Ints, births: Ints) -> None:
    """Bring the rows back to what final lines alone had made."""
    drop_pivots(m, zi, births, m[P_SOLID])
    if m[P_JOURNAL] > JOURNAL_MAX:
        # More rows were touched than noted: make the open runs again.
        if m[P_SLOTS] > 0:
            drop_pivots(m, zi, births, slots[0, S_ROW])
        m[P_SLOTS] = 0
    else:
        for x in range(m[P_JOURNAL] - 1, -1, -1):
            z = journal[x, 0]
            copy_row(zi[z], journal[x, 1:])
            copy_row(zf[z], journal_f[x])
    m[P_JOURNAL] = 0


@compiled
def _begin_run(m: Ints, run: Ints, first: int, direction: int) -> None:
    run[S_FIRST], run[S_DIR], run[S_NEXT] = first, direction, first
    run[S_ROW], run[S_FREE], run[S_STARTED] = m[P_COUNT], -1, 0


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
        _begin_run(m, slots[s], first, direction)
        m[P_SLOTS] = s + 1


@compiled
def show_pivots(
    m: Ints, combine: int, single: bool, slots: Ints, scratch: Ints, journal: Ints, journal_f: Floats, zi: Ints,
    zf: Floats, li: Ints, lf: Floats, so: Ints, births: Ints, first_open: int, final_segments: int, shown: int,
    row: int,
) -> None:  # fmt: skip
    """Pivots of all segments from `first_open` (the first that was not final before) on, and of the lines behind the
    last segment, which are read as the beginning of one the other way."""
    undo_ahead(m, zi, zf, journal, journal_f, slots, births)
    n, final = m[G_LINES], m[G_FINAL]
    s, k = 0, first_open
    ahead = False
    while k <= shown and shown > 0:
        if k < shown:
            first, to, direction = so[k, L_FROM], so[k, L_TO], so[k, L_DIR]
        else:
            first, to, direction = so[k - 1, L_TO] + 1, n - 1, -so[k - 1, L_DIR]
        if first > to:
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
            _begin_run(m, scratch, first, direction)
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
