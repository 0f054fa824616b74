"""Strokes from pairs of fractals: the first opposite fractal that fits ends a stroke, later ones as far out move it.

The sure ends are decided when a merged bar opens; the provisional tail is a cheap overlay, redone at every bar."""

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.chan.compiled import compiled, inlined
from alphaloop.kernels.chan.fractal import inner, outer, passes
from alphaloop.kernels.chan.layout import (
    BEYOND,
    CLOSED_AS,
    CLOSED_AT,
    L_CONFIRMED,
    L_DIR,
    L_END,
    L_FROM,
    L_KNOWN,
    L_TO,
    M_DIR,
    M_KIND,
    N_FINAL,
    N_MERGED,
    N_SHOWN,
    N_SURE,
    REACH,
    SUB_PEAK,
    SURE_TO,
    TAIL,
    TAIL_DROP,
    TAIL_END,
    TAIL_KNOWN,
    TAIL_NEW,
    TAIL_NONE,
    TAIL_STRETCH,
)
from alphaloop.kernels.chan.stroke_first import first_mate, wait_for_mate
from alphaloop.kernels.chan.stroke_fit import can_pair, could_end, is_peak
from alphaloop.kernels.chan.stroke_rows import (
    keep_sure_form,
    make_final,
    settle_end,
    take_back_tail,
    write_end,
    write_stroke,
)

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# Without sub-peaks a stroke with so many more behind it stays: on a million bars no drop reached deeper than three, and
# an endless row of strokes that may all still go would have to be read again by every layer above.
SETTLED = 8


@inlined
def _stands(ints: Ints, mf: Floats, li: Ints) -> bool:
    """Whether the last sure stroke can never be dropped: it ends beyond the start of the stroke before it."""
    last = ints[N_SURE] - 1
    if ints[SUB_PEAK] or last == 0:
        return True
    direction = li[last, L_DIR]
    return outer(mf, ints[SURE_TO], direction) > outer(mf, li[last - 1, L_FROM], direction)


@inlined
def _could_drop(ints: Ints, floats: Floats, mf: Floats, li: Ints, k: int) -> bool:
    """Whether merged bar `k` may take the last sure stroke away and become the end of the stroke before it."""
    last = ints[N_SURE] - 1
    if last - 1 < ints[N_FINAL] or _stands(ints, mf, li):
        return False
    back = -li[last, L_DIR]
    reach = outer(mf, k, back)
    return passes(ints, reach, outer(mf, li[last, L_FROM], back)) and floats[REACH] <= reach


@inlined
def _restart_reach(ints: Ints, floats: Floats, mf: Floats, li: Ints, k: int) -> None:
    """Once per stroke added or dropped, so the scan is amortised; merged bar `k` is the newest closed one."""
    floats[REACH] = -np.inf
    last = ints[N_SURE] - 1
    if ints[SUB_PEAK] or last == 0:
        return
    back = -li[last, L_DIR]
    for t in range(li[last - 1, L_FROM] + 1, k + 1):
        floats[REACH] = max(floats[REACH], outer(mf, t, back))


@inlined
def _after_sure_end(ints: Ints, floats: Floats, mf: Floats, li: Ints, lf: Floats, tail: int, row: int) -> None:
    settle_end(ints, li, tail, row)
    floats[BEYOND] = np.inf
    ints[CLOSED_AT] = -1
    behind = 1 if _stands(ints, mf, li) else SETTLED
    make_final(ints, li, ints[N_SURE] - behind, row)


@compiled
def _add(ints: Ints, mi: Ints, mf: Floats, li: Ints, lf: Floats, start: int, k: int, row: int) -> None:
    n = ints[N_SURE]
    write_stroke(mi, mf, li, lf, n, start, k, mi[k, M_KIND])
    ints[N_SURE] = n + 1


@compiled
def _drop(ints: Ints, mi: Ints, mf: Floats, li: Ints, lf: Floats, k: int, row: int) -> None:
    ints[N_SURE] -= 1
    last = ints[N_SURE] - 1
    write_end(mi, mf, li, lf, last, k)


@inlined
def sure_ends(
    ints: Ints,
    floats: Floats,
    mi: Ints,
    mf: Floats,
    li: Ints,
    lf: Floats,
    free: Ints,
    free_f: Floats,
    row: int,
) -> bool:
    """Decide what merged bar k = newest-1 does to the sure strokes, as its right neighbour opens at bar `row`.

    True when a sure stroke was added, moved or dropped. O(1) amortised."""
    k = ints[N_MERGED] - 2
    kind = mi[k, M_KIND]
    last = ints[N_SURE] - 1
    if last < 0:
        start = first_mate(ints, floats, mi, mf, free, free_f, k) if kind != 0 else -1
        if start < 0:
            wait_for_mate(ints, floats, mi, mf, free, free_f, k)
            return False
        _add(ints, mi, mf, li, lf, start, k, row)
        _after_sure_end(ints, floats, mf, li, lf, TAIL_NEW, row)
        return True
    direction = li[last, L_DIR]
    end = ints[SURE_TO]
    if kind == direction and passes(ints, outer(mf, k, kind), outer(mf, end, kind)):
        take_back_tail(ints, floats, li, lf)
        write_end(mi, mf, li, lf, last, k)
        _after_sure_end(ints, floats, mf, li, lf, TAIL_STRETCH, row)
    elif (
        kind == -direction
        and is_peak(ints, floats, mf, k, direction)
        and can_pair(ints, mi, mf, end, k, direction, False)
    ):
        take_back_tail(ints, floats, li, lf)
        _add(ints, mi, mf, li, lf, end, k, row)
        _after_sure_end(ints, floats, mf, li, lf, TAIL_NEW, row)
        _restart_reach(ints, floats, mf, li, k)
        return True
    elif kind == -direction and _could_drop(ints, floats, mf, li, k):
        take_back_tail(ints, floats, li, lf)
        _drop(ints, mi, mf, li, lf, k, row)
        _after_sure_end(ints, floats, mf, li, lf, TAIL_DROP, row)
        _restart_reach(ints, floats, mf, li, k)
        return True
    else:
        _note_closed(ints, floats, mi, mf, li, end, k)
        return False
    floats[REACH] = max(floats[REACH], outer(mf, k, -direction))
    return True


@inlined
def _tail_at(ints: Ints, floats: Floats, mi: Ints, mf: Floats, li: Ints, end: int, k: int) -> int:
    """What a provisional end at merged bar `k` would make: TAIL_NEW, TAIL_DROP or TAIL_NONE."""
    direction = li[ints[N_SURE] - 1, L_DIR]
    if mi[k, M_DIR] == direction:
        return TAIL_NONE
    if could_end(ints, floats, mi, mf, end, k, direction):
        return TAIL_NEW
    return TAIL_DROP if _could_drop(ints, floats, mf, li, k) else TAIL_NONE


@inlined
def _note_closed(ints: Ints, floats: Floats, mi: Ints, mf: Floats, li: Ints, end: int, k: int) -> None:
    """Closed bars never change, so of those that could end the tail only the newest one matters."""
    direction = li[ints[N_SURE] - 1, L_DIR]
    tail = _tail_at(ints, floats, mi, mf, li, end, k)
    if tail != TAIL_NONE:
        ints[CLOSED_AT] = k
        ints[CLOSED_AS] = tail
    floats[BEYOND] = min(floats[BEYOND], inner(mf, k, direction))
    floats[REACH] = max(floats[REACH], outer(mf, k, -direction))


@inlined
def _write_tail(
    ints: Ints,
    floats: Floats,
    mi: Ints,
    mf: Floats,
    li: Ints,
    lf: Floats,
    tail: int,
    to: int,
    again: bool,
    row: int,
) -> bool:
    """Write a tail of kind `tail` that ends at merged bar `to`; `again` when one of that kind is written already.

    True unless it ends at the same raw bar as before."""
    n = ints[N_SURE]
    r = n if tail == TAIL_NEW else (n - 1 if tail == TAIL_STRETCH else n - 2)
    if not again:
        if tail == TAIL_NEW:
            write_stroke(mi, mf, li, lf, r, ints[SURE_TO], to, -li[n - 1, L_DIR])
        else:
            keep_sure_form(ints, floats, li, lf, r)
    write_end(mi, mf, li, lf, r, to)
    end = li[r, L_END]
    if again and ints[TAIL_END] == end:
        return False
    ints[TAIL_END] = end
    ints[TAIL_KNOWN] = row
    ints[N_SHOWN] = r + 1
    li[r, L_KNOWN] = row
    li[r, L_CONFIRMED] = -1
    return True


@inlined
def provisional_tail(ints: Ints, floats: Floats, mi: Ints, mf: Floats, li: Ints, lf: Floats, row: int) -> bool:
    """Redo the tail after the sure strokes (see TAIL_*); True when it is not the one of the bar before. O(1)."""
    last = ints[N_SURE] - 1
    direction = li[last, L_DIR]
    end = ints[SURE_TO]
    newest = ints[N_MERGED] - 1
    tail, to = TAIL_STRETCH, newest
    if not passes(ints, outer(mf, newest, direction), outer(mf, end, direction)):
        tail = _tail_at(ints, floats, mi, mf, li, end, newest)
        if tail == TAIL_NONE and ints[CLOSED_AT] >= 0:
            tail, to = ints[CLOSED_AS], ints[CLOSED_AT]
    before = ints[TAIL]
    if tail == before and (tail == TAIL_NONE or (to < newest and li[ints[N_SHOWN] - 1, L_TO] == to)):
        return False
    if tail != before:
        take_back_tail(ints, floats, li, lf)
        ints[TAIL] = tail
    if tail == TAIL_NONE:
        return True
    return _write_tail(ints, floats, mi, mf, li, lf, tail, to, tail == before, row)
