"""The very first stroke: with no end to start from, every fractal so far may still be its beginning."""

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.chan.compiled import compiled
from alphaloop.kernels.chan.fractal import inner, outer
from alphaloop.kernels.chan.layout import (
    FREE_HIGH,
    FREE_LOW,
    FX_RULE,
    M_HIGH,
    M_KIND,
    M_LOW,
    N_FREE,
    PEAK_RULE,
    W_BOTTOM_NEAR,
    W_BOTTOM_OUTER,
    W_HIGH,
    W_LOW,
    W_TOP_OUTER,
)
from alphaloop.kernels.chan.stroke_fit import can_pair, near_edge

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@compiled
def _none_left(free_f: Floats, x: int, kind: int, outer_over: float, near_over: float) -> bool:
    """No waiting fractal of `kind` up to entry `x` lies as far out, or stands as clear, as is asked."""
    c = W_TOP_OUTER if kind > 0 else W_BOTTOM_OUTER
    short: bool = free_f[x, c] < outer_over or free_f[x, c + 1] < near_over
    return short


@compiled
def first_mate(ints: Ints, floats: Floats, mi: Ints, mf: Floats, free: Ints, free_f: Floats, k: int) -> int:
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
        if mi[e, M_KIND] == mate and can_pair(ints, mi, mf, e, k, mate, False):
            found = e
        passed = min(passed, inner(mf, e, mate), free_f[x, W_LOW] if mate > 0 else -free_f[x, W_HIGH])
    return found


@compiled
def _always_beaten(ints: Ints, floats: Floats, mi: Ints, mf: Floats, free: Ints, free_f: Floats, k: int) -> bool:
    """Whether an older waiting fractal pairs with everything that `k` could ever pair with."""
    kind = mi[k, M_KIND]
    edge, reach = near_edge(ints, mf, k, kind), outer(mf, k, kind)
    between = min(inner(mf, k, kind), floats[FREE_LOW] if kind > 0 else -floats[FREE_HIGH])
    for x in range(ints[N_FREE] - 1, -1, -1):
        if (ints[PEAK_RULE] and between < edge) or _none_left(free_f, x, kind, reach, edge):
            return False
        e = free[x]
        if mi[e, M_KIND] == kind and outer(mf, e, kind) >= reach and near_edge(ints, mf, e, kind) >= edge:
            return True
        between = min(between, inner(mf, e, kind), free_f[x, W_LOW] if kind > 0 else -free_f[x, W_HIGH])
    return False


@compiled
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
    free_f[n, c + 1] = max(free_f[n, c + 1], near_edge(ints, mf, k, kind))
    ints[N_FREE] = n + 1
    floats[FREE_HIGH] = -np.inf
    floats[FREE_LOW] = np.inf


@compiled
def wait_for_mate(ints: Ints, floats: Floats, mi: Ints, mf: Floats, free: Ints, free_f: Floats, k: int) -> None:
    """Let merged bar `k`, which ends nothing yet, wait if it can ever start the first stroke."""
    if mi[k, M_KIND] != 0 and not _always_beaten(ints, floats, mi, mf, free, free_f, k):
        _join_waiting(ints, floats, mi, mf, free, free_f, k)
    else:
        floats[FREE_HIGH] = max(floats[FREE_HIGH], mf[k, M_HIGH])
        floats[FREE_LOW] = min(floats[FREE_LOW], mf[k, M_LOW])
