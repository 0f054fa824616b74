"""Whether two fractals may be the ends of one stroke: far enough, clearly apart, and nothing beyond them between."""

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.chan.compiled import compiled, inlined
from alphaloop.kernels.chan.fractal import inner, outer
from alphaloop.kernels.chan.layout import (
    BEYOND,
    FX_RULE,
    GAP_RULE,
    M_DIR,
    M_RAW_HIGH,
    M_RAW_LOW,
    M_START,
    PEAK_RULE,
    SPAN_RULE,
)

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@compiled
def _span_holds(ints: Ints, mi: Ints, mf: Floats, e: int, k: int) -> bool:
    if ints[SPAN_RULE] == 2:
        return True
    span = k - e
    if ints[GAP_RULE] and span < 4:
        for t in range(e, k):
            if mf[t, M_RAW_LOW] > mf[t + 1, M_RAW_HIGH] or mf[t, M_RAW_HIGH] < mf[t + 1, M_RAW_LOW]:
                span += 1
    if ints[SPAN_RULE] == 0:
        return span >= 4
    return span >= 3 and mi[k, M_START] - mi[e + 1, M_START] >= 3


@inlined
def near_edge(ints: Ints, mf: Floats, e: int, kind: int) -> float:
    """What the far end must pass: the inner edge of fractal `e`, widened by the neighbours the rule looks at."""
    rule = ints[FX_RULE]
    edge = inner(mf, e, kind)
    if rule == 1 or rule == 2:
        edge = min(edge, inner(mf, e + 1, kind))
    if rule == 2:
        edge = min(edge, inner(mf, e - 1, kind))
    return edge


@inlined
def can_pair(ints: Ints, mi: Ints, mf: Floats, e: int, k: int, kind: int, provisional: bool) -> bool:
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
    near = near_edge(ints, mf, e, kind)
    if rule == 3:
        return near > far
    return outer(mf, e, kind) > far and inner(mf, k, kind) < near


@inlined
def is_peak(ints: Ints, floats: Floats, mf: Floats, k: int, kind: int) -> bool:
    return not (ints[PEAK_RULE] and floats[BEYOND] < inner(mf, k, kind))


@inlined
def could_end(ints: Ints, floats: Floats, mi: Ints, mf: Floats, end: int, k: int, direction: int) -> bool:
    return (
        mi[k, M_DIR] == -direction
        and is_peak(ints, floats, mf, k, direction)
        and can_pair(ints, mi, mf, end, k, direction, True)
    )
