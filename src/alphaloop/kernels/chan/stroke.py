"""Strokes (笔): the sure ends are decided when a merged bar opens; the provisional tail is a cheap overlay that is
redone at every bar and never touches what is sure."""

import numpy as np
import numpy.typing as npt
from numba import njit

from alphaloop.kernels.chan.divergence import restart_peaks
from alphaloop.kernels.chan.fractal import inner, outer, peak_row
from alphaloop.kernels.chan.layout import (
    B_PEAK_LAST,
    B_PEAK_NEXT,
    BEYOND,
    CLOSED_AT,
    FREE_HIGH,
    FREE_LOW,
    FX_RULE,
    GAP_RULE,
    M_DIR,
    M_HIGH,
    M_KIND,
    M_LOW,
    M_RAW_HIGH,
    M_RAW_LOW,
    M_START,
    N_FREE,
    N_MERGED,
    N_STROKES,
    PEAK_RULE,
    S_CONFIRMED,
    S_DIR,
    S_END,
    S_END_PRICE,
    S_FINAL,
    S_FROM,
    S_KNOWN,
    S_PEAK,
    S_START,
    S_START_PRICE,
    S_TO,
    SPAN_RULE,
    TAIL,
    TAIL_NEW,
    TAIL_NONE,
    TAIL_STRETCH,
    W_BOTTOM_NEAR,
    W_BOTTOM_OUTER,
    W_HIGH,
    W_LOW,
    W_TOP_OUTER,
)

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@njit(cache=True)
def _span_holds(ints: Ints, mi: Ints, mf: Floats, e: int, k: int) -> bool:
    span = k - e
    if ints[GAP_RULE] and span < 4:
        for t in range(e, k):
            if mf[t, M_RAW_LOW] > mf[t + 1, M_RAW_HIGH] or mf[t, M_RAW_HIGH] < mf[t + 1, M_RAW_LOW]:
                span += 1
    if ints[SPAN_RULE] == 0:
        return span >= 4
    return span >= 3 and mi[k, M_START] - mi[e + 1, M_START] >= 3


@njit(cache=True)
def _near_edge(ints: Ints, mf: Floats, e: int, kind: int) -> float:
    """What the far end must pass: the inner edge of fractal `e`, widened by the neighbours the rule looks at."""
    rule = ints[FX_RULE]
    edge = inner(mf, e, kind)
    if rule == 1 or rule == 2:
        edge = min(edge, inner(mf, e + 1, kind))
    if rule == 2:
        edge = min(edge, inner(mf, e - 1, kind))
    return edge


@njit(cache=True)
def _can_pair(ints: Ints, mi: Ints, mf: Floats, e: int, k: int, kind: int, provisional: bool) -> bool:
    """Span and fractal check from end `e` (of `kind`) to the opposite `k`; a provisional `k` has no right neighbour."""
    if not _span_holds(ints, mi, mf, e, k):
        return False
    rule = ints[FX_RULE]
    far = outer(mf, k, kind)
    if rule >= 1:
        far = max(far, outer(mf, k - 1, kind))
    if rule >= 2 and not provisional:
        # k+1 holds only its first raw bar here; reading the finished bar would see the future.
        far = max(far, outer(mf, k + 1, kind))
    near = _near_edge(ints, mf, e, kind)
    if rule == 3:
        return near > far
    return outer(mf, e, kind) > far and inner(mf, k, kind) < near


@njit(cache=True)
def _is_peak(ints: Ints, floats: Floats, mf: Floats, k: int, kind: int) -> bool:
    return not (ints[PEAK_RULE] and floats[BEYOND] < inner(mf, k, kind))


@njit(cache=True)
def _write_end(mi: Ints, mf: Floats, si: Ints, sf: Floats, r: int, to: int) -> None:
    direction = si[r, S_DIR]
    si[r, S_TO] = to
    si[r, S_END] = peak_row(mi, to, direction)
    sf[r, S_END_PRICE] = mf[to, M_HIGH] if direction > 0 else mf[to, M_LOW]


@njit(cache=True)
def _write_stroke(mi: Ints, mf: Floats, si: Ints, sf: Floats, r: int, start: int, to: int, direction: int) -> None:
    si[r, S_FROM] = start
    si[r, S_START] = peak_row(mi, start, -direction)
    si[r, S_DIR] = direction
    si[r, S_FINAL] = -1
    sf[r, S_START_PRICE] = mf[start, M_LOW] if direction > 0 else mf[start, M_HIGH]
    _write_end(mi, mf, si, sf, r, to)


@njit(cache=True)
def _after_sure_end(
    ints: Ints, floats: Floats, bars: Floats, si: Ints, sf: Floats, row: int, shown_end: int, shown_known: int
) -> None:
    """Life cycle and running peaks once the last sure stroke got its (new) end at bar `row`."""
    r = ints[N_STROKES] - 1
    end = si[r, S_END]
    si[r, S_KNOWN] = shown_known if shown_end == end else row
    si[r, S_CONFIRMED] = row
    sf[r, S_PEAK] = bars[end, B_PEAK_LAST]
    restart_peaks(bars, B_PEAK_NEXT, end, row, -si[r, S_DIR])
    floats[BEYOND] = np.inf
    ints[CLOSED_AT] = -1
    ints[TAIL] = TAIL_NONE


@njit(cache=True)
def _none_left(free_f: Floats, x: int, kind: int, outer_over: float, near_over: float) -> bool:
    """No waiting fractal of `kind` up to entry `x` lies as far out, or stands as clear, as is asked."""
    c = W_TOP_OUTER if kind > 0 else W_BOTTOM_OUTER
    short: bool = free_f[x, c] < outer_over or free_f[x, c + 1] < near_over
    return short


@njit(cache=True)
def _first_mate(ints: Ints, floats: Floats, mi: Ints, mf: Floats, free: Ints, free_f: Floats, k: int) -> int:
    """The oldest waiting fractal that pairs with `k`, or -1.

    Walks back from the newest and stops where a bar passes `k` or nothing older can qualify, so that a series which
    never makes a stroke stays cheap too."""
    mate = -mi[k, M_KIND]
    found = -1
    passed = floats[FREE_LOW] if mate > 0 else -floats[FREE_HIGH]
    limit = inner(mf, k, mate)
    far = max(outer(mf, k, mate), outer(mf, k + 1, mate)) if ints[FX_RULE] == 2 else outer(mf, k, mate)
    for x in range(ints[N_FREE] - 1, -1, -1):
        if (ints[PEAK_RULE] and passed < limit) or _none_left(free_f, x, mate, far, limit):
            break
        e = free[x]
        if mi[e, M_KIND] == mate and _can_pair(ints, mi, mf, e, k, mate, False):
            found = e
        passed = min(passed, inner(mf, e, mate), free_f[x, W_LOW] if mate > 0 else -free_f[x, W_HIGH])
    return found


@njit(cache=True)
def _always_beaten(ints: Ints, floats: Floats, mi: Ints, mf: Floats, free: Ints, free_f: Floats, k: int) -> bool:
    """Whether an older waiting fractal pairs with everything that `k` could ever pair with."""
    kind = mi[k, M_KIND]
    edge, reach = _near_edge(ints, mf, k, kind), outer(mf, k, kind)
    between = min(inner(mf, k, kind), floats[FREE_LOW] if kind > 0 else -floats[FREE_HIGH])
    for x in range(ints[N_FREE] - 1, -1, -1):
        if (ints[PEAK_RULE] and between < edge) or _none_left(free_f, x, kind, reach, edge):
            return False
        e = free[x]
        if mi[e, M_KIND] == kind and outer(mf, e, kind) >= reach and _near_edge(ints, mf, e, kind) >= edge:
            return True
        between = min(between, inner(mf, e, kind), free_f[x, W_LOW] if kind > 0 else -free_f[x, W_HIGH])
    return False


@njit(cache=True)
def _join_waiting(ints: Ints, floats: Floats, mi: Ints, mf: Floats, free: Ints, free_f: Floats, k: int) -> None:
    n = ints[N_FREE]
    free[n] = k
    free_f[n, W_HIGH] = floats[FREE_HIGH]
    free_f[n, W_LOW] = floats[FREE_LOW]
    for c in range(W_TOP_OUTER, W_BOTTOM_NEAR + 1):
        free_f[n, c] = free_f[n - 1, c] if n > 0 else -np.inf
    kind = mi[k, M_KIND]
    c = W_TOP_OUTER if kind > 0 else W_BOTTOM_OUTER
    free_f[n, c] = max(free_f[n, c], outer(mf, k, kind))
    # The right neighbour may still grow, which only lowers the edge: what is kept here stays an upper bound.
    free_f[n, c + 1] = max(free_f[n, c + 1], _near_edge(ints, mf, k, kind))
    ints[N_FREE] = n + 1
    floats[FREE_HIGH] = -np.inf
    floats[FREE_LOW] = np.inf


@njit(cache=True)
def _first_stroke(
    ints: Ints,
    floats: Floats,
    bars: Floats,
    mi: Ints,
    mf: Floats,
    si: Ints,
    sf: Floats,
    free: Ints,
    free_f: Floats,
    k: int,
    row: int,
) -> bool:
    """Try to make the first stroke with merged bar `k` as its end; else let `k` wait if it can ever start one."""
    kind = mi[k, M_KIND]
    start = _first_mate(ints, floats, mi, mf, free, free_f, k) if kind != 0 else -1
    if start >= 0:
        _write_stroke(mi, mf, si, sf, 0, start, k, kind)
        ints[N_STROKES] = 1
        restart_peaks(bars, B_PEAK_LAST, si[0, S_START], row, kind)
        _after_sure_end(ints, floats, bars, si, sf, row, -1, -1)
        return True
    if kind != 0 and not _always_beaten(ints, floats, mi, mf, free, free_f, k):
        _join_waiting(ints, floats, mi, mf, free, free_f, k)
    else:
        floats[FREE_HIGH] = max(floats[FREE_HIGH], mf[k, M_HIGH])
        floats[FREE_LOW] = min(floats[FREE_LOW], mf[k, M_LOW])
    return False


@njit(cache=True)
def sure_ends(
    ints: Ints,
    floats: Floats,
    bars: Floats,
    mi: Ints,
    mf: Floats,
    si: Ints,
    sf: Floats,
    free: Ints,
    free_f: Floats,
    row: int,
) -> bool:
    """Decide what merged bar k = newest-1 does to the sure strokes, as its right neighbour opens at bar `row`.

    True when a new sure stroke was added, which makes the stroke before it final. O(1) amortised."""
    k = ints[N_MERGED] - 2
    kind = mi[k, M_KIND]
    n = ints[N_STROKES]
    if n == 0:
        return _first_stroke(ints, floats, bars, mi, mf, si, sf, free, free_f, k, row)
    last = n - 1
    direction = si[last, S_DIR]
    end = si[last, S_TO]
    shown_end = si[n, S_END] if ints[TAIL] != TAIL_NONE else -1
    shown_known = si[n, S_KNOWN]
    if kind == direction and outer(mf, k, kind) >= outer(mf, end, kind):
        _write_end(mi, mf, si, sf, last, k)
        _after_sure_end(ints, floats, bars, si, sf, row, shown_end if ints[TAIL] == TAIL_STRETCH else -1, shown_known)
        return False
    if (
        kind == -direction
        and _is_peak(ints, floats, mf, k, direction)
        and _can_pair(ints, mi, mf, end, k, direction, False)
    ):
        _write_stroke(mi, mf, si, sf, n, end, k, kind)
        ints[N_STROKES] = n + 1
        si[last, S_FINAL] = row
        for i in range(si[n, S_START], row + 1):
            bars[i, B_PEAK_LAST] = bars[i, B_PEAK_NEXT]
        _after_sure_end(ints, floats, bars, si, sf, row, shown_end if ints[TAIL] == TAIL_NEW else -1, shown_known)
        return True
    if _could_end(ints, floats, mi, mf, end, k, direction):
        ints[CLOSED_AT] = k
    floats[BEYOND] = min(floats[BEYOND], inner(mf, k, direction))
    return False


@njit(cache=True)
def _could_end(ints: Ints, floats: Floats, mi: Ints, mf: Floats, end: int, k: int, direction: int) -> bool:
    return (
        mi[k, M_DIR] == -direction
        and _is_peak(ints, floats, mf, k, direction)
        and _can_pair(ints, mi, mf, end, k, direction, True)
    )


@njit(cache=True)
def provisional_tail(
    ints: Ints, floats: Floats, bars: Floats, mi: Ints, mf: Floats, si: Ints, sf: Floats, row: int
) -> None:
    """Redo the overlay in the row after the sure strokes: the last stroke stretched, one provisional stroke, or none.

    O(1): of the closed bars only the newest possible end is remembered, the open bar is tried each time."""
    n = ints[N_STROKES]
    if n == 0:
        return
    last = n - 1
    direction = si[last, S_DIR]
    end = si[last, S_TO]
    newest = ints[N_MERGED] - 1
    before, before_end, known = ints[TAIL], si[n, S_END], si[n, S_KNOWN]
    tail, to = TAIL_NONE, -1
    if outer(mf, newest, direction) >= outer(mf, end, direction):
        tail, to = TAIL_STRETCH, newest
    elif _could_end(ints, floats, mi, mf, end, newest, direction):
        tail, to = TAIL_NEW, newest
    elif ints[CLOSED_AT] >= 0:
        tail, to = TAIL_NEW, ints[CLOSED_AT]
    ints[TAIL] = tail
    if tail == TAIL_NONE:
        return
    if tail == TAIL_STRETCH:
        _write_stroke(mi, mf, si, sf, n, si[last, S_FROM], to, direction)
        sf[n, S_PEAK] = bars[si[n, S_END], B_PEAK_LAST]
    else:
        _write_stroke(mi, mf, si, sf, n, end, to, -direction)
        sf[n, S_PEAK] = bars[si[n, S_END], B_PEAK_NEXT]
    si[n, S_KNOWN] = known if before == tail and before_end == si[n, S_END] else row
    si[n, S_CONFIRMED] = -1
