"""Strokes from an open window: the most extreme opposite fractal since the last end, withdrawn when price passes it.

A stroke with SETTLED more behind it stays for good, so that what is built on it may rest; without that line a price
could, in principle, unroll strokes back to the first."""

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.chan.compiled import compiled
from alphaloop.kernels.chan.fractal import outer, passes
from alphaloop.kernels.chan.layout import (
    L_CONFIRMED,
    L_DIR,
    L_FROM,
    L_KNOWN,
    L_ONCE,
    L_TO,
    M_HIGH,
    M_KIND,
    M_LOW,
    N_FINAL,
    N_MERGED,
    N_SHOWN,
    N_SURE,
    WINDOW_AFTER,
    WINDOW_BARS,
    WINDOW_BEST,
    WINDOW_FROM,
    WINDOW_RIVAL,
    WINDOW_SEEN,
)
from alphaloop.kernels.chan.stroke_rows import make_final, write_stroke

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

SETTLED = 3


@compiled
def _start_window(ints: Ints, k: int, best: int) -> None:
    ints[WINDOW_FROM] = k
    ints[WINDOW_BEST] = best


@compiled
def _weigh(ints: Ints, mi: Ints, mf: Floats, first: int, last: int) -> None:
    """Keep the most extreme opposite fractal among merged bars `first`..`last` if it beats the window's best."""
    start = ints[WINDOW_FROM]
    kind = -mi[start, M_KIND]
    for k in range(first, last + 1):
        if mi[k, M_KIND] != kind:
            continue
        best = ints[WINDOW_BEST]
        if best >= 0:
            better = passes(ints, outer(mf, k, kind), outer(mf, best, kind))
        else:
            better = outer(mf, k, kind) > -outer(mf, start, -kind)
        if better:
            ints[WINDOW_BEST] = k


@compiled
def _see_fractal(ints: Ints, mi: Ints, mf: Floats, li: Ints, k: int) -> None:
    start, kind = ints[WINDOW_FROM], mi[k, M_KIND]
    further = start >= 0 and kind == mi[start, M_KIND] and outer(mf, k, kind) >= outer(mf, start, kind)
    if start < 0 or (further and ints[N_SURE] == 0):
        _start_window(ints, k, -1)
    else:
        _weigh(ints, mi, mf, k, k)
    if ints[N_SURE] > 0 and ints[N_FINAL] == 0:
        # Should the strokes be withdrawn down to none, the first one starts anew, from the furthest fractal.
        rival = ints[WINDOW_RIVAL] if ints[WINDOW_RIVAL] >= 0 else li[0, L_FROM]
        if kind == mi[rival, M_KIND] and outer(mf, k, kind) >= outer(mf, rival, kind):
            ints[WINDOW_RIVAL] = k


@compiled
def _fits(ints: Ints, mf: Floats, a: int, b: int) -> bool:
    """Enough merged bars from before `a` to after `b`, and neither of the two holds the other inside."""
    if b - a + 3 < ints[WINDOW_BARS]:
        return False
    if mf[a, M_HIGH] > mf[b, M_HIGH]:
        return bool(mf[a, M_LOW] >= mf[b, M_LOW])
    return bool(mf[a, M_HIGH] == mf[b, M_HIGH] or mf[a, M_LOW] <= mf[b, M_LOW])


@compiled
def _add(ints: Ints, mi: Ints, mf: Floats, li: Ints, lf: Floats, row: int) -> None:
    n, a, b = ints[N_SURE], ints[WINDOW_FROM], ints[WINDOW_BEST]
    direction = mi[b, M_KIND]
    write_stroke(mi, mf, li, lf, n, a, b, direction)
    li[n, L_ONCE] = 1
    li[n, L_KNOWN] = row
    li[n, L_CONFIRMED] = row
    ints[N_SURE] = n + 1
    make_final(ints, li, n + 1 - SETTLED, row)
    again = n == 0 and ints[WINDOW_SEEN] > b
    _start_window(ints, b, ints[WINDOW_AFTER] if again else -1)
    _weigh(ints, mi, mf, (ints[WINDOW_SEEN] if again else b) + 1, ints[N_MERGED] - 2)


@compiled
def _withdraw(ints: Ints, mi: Ints, mf: Floats, li: Ints, lf: Floats) -> None:
    """Give the last stroke's bars back to the window. What was seen in them is kept, lest it be read over and over."""
    last = ints[N_SURE] - 1
    rival, to, closed = ints[WINDOW_RIVAL], li[last, L_TO], ints[N_MERGED] - 2
    ints[N_SURE] = last
    if last == 0 and rival >= 0:
        _start_window(ints, rival, -1)
        _weigh(ints, mi, mf, rival + 1, closed)
    else:
        ints[WINDOW_AFTER] = ints[WINDOW_BEST]
        _start_window(ints, li[last, L_FROM], to)
        _weigh(ints, mi, mf, max(to, ints[WINDOW_SEEN]) + 1 if last == 0 else to + 1, closed)
    if last == 0:
        ints[WINDOW_RIVAL] = -1
        ints[WINDOW_SEEN] = closed if ints[WINDOW_BEST] == to else -1


@compiled
def window_bar(
    ints: Ints,
    mi: Ints,
    mf: Floats,
    li: Ints,
    lf: Floats,
    opened: bool,
    row: int,
) -> bool:
    """Bring the window's strokes up to raw bar `row`; `opened` when it opened a merged bar, so that the one before it
    may be a fractal. True when a stroke was added or withdrawn. O(1) amortised."""
    newest = ints[N_MERGED] - 1
    if opened and mi[newest - 1, M_KIND] != 0:
        _see_fractal(ints, mi, mf, li, newest - 1)
    best, n = ints[WINDOW_BEST], ints[N_SURE]
    if best >= 0 and _fits(ints, mf, ints[WINDOW_FROM], best):
        kind = mi[best, M_KIND]
        # The very first stroke is made even while price is beyond it; it goes again at the next bar.
        if n > 0 and passes(ints, outer(mf, newest, kind), outer(mf, best, kind)):
            return False
        _add(ints, mi, mf, li, lf, row)
    elif n > ints[N_FINAL] and passes(
        ints, outer(mf, newest, li[n - 1, L_DIR]), outer(mf, li[n - 1, L_TO], li[n - 1, L_DIR])
    ):
        _withdraw(ints, mi, mf, li, lf)
    else:
        return False
    ints[N_SHOWN] = ints[N_SURE]
    return True
