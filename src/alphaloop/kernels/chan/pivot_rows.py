"""Rows of the pivot table, whichever rule makes them: opening, joining, taking away, and undoing a look ahead."""

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.chan.compiled import compiled, copy_row
from alphaloop.kernels.chan.layout import (
    JOURNAL_MAX,
    K_CONFIRMED,
    K_KNOWN,
    K_MARK,
    K_PIVOT,
    K_RUN,
    L_CONFIRMED,
    L_END,
    L_END_PRICE,
    L_START,
    L_START_PRICE,
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
def combine_pivots(
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
def begin_run(m: Ints, run: Ints, first: int, direction: int) -> None:
    run[S_FIRST], run[S_DIR], run[S_NEXT] = first, direction, first
    run[S_ROW], run[S_FREE], run[S_STARTED] = m[P_COUNT], -1, 0
