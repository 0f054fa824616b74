"""Two plainer rules for segments (线段): "break", a segment ends where the lines turn to new extremes the other way;
and "one_plus_one", it ends where one line fails and the next confirms. Both look at single lines, not at a feature
sequence, and speak the language of `segment.search_ends`."""

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.chan.compiled import compiled
from alphaloop.kernels.chan.layout import (
    G_BEGIN,
    G_DIR,
    G_FIRST_UNPROVEN,
    G_NEXT,
    G_UNPROVEN,
    G_WAIT,
    L_DIR,
    L_END_PRICE,
    L_START_PRICE,
    U_END,
    U_PROOF,
    U_THIRD,
    U_WINDOW,
)

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@compiled
def _push(m: Ints, unproven: Ints, end: int, proof: int) -> None:
    u = m[G_FIRST_UNPROVEN] + m[G_UNPROVEN]
    unproven[u, U_END] = unproven[u, U_WINDOW] = end
    unproven[u, U_THIRD] = unproven[u, U_PROOF] = proof
    m[G_UNPROVEN] += 1


@compiled
def _hand_over(m: Ints, count: int, tail: bool) -> int:
    """Take the oldest `count` ends off the list of those unproven."""
    m[G_UNPROVEN] -= count
    if tail:
        m[G_FIRST_UNPROVEN] += count
    return count


@compiled
def search_breaks(m: Ints, unproven: Ints, li: Ints, lf: Floats, n: int, tail: bool) -> int:
    """The rule "break": the furthest line stands as a candidate until one three or more later turns to a new extreme.

    G_WAIT holds the candidate, G_DIR the direction of the last segment."""
    while m[G_NEXT] < n:
        j = max(m[G_NEXT], 2)
        if j >= n:
            return 0
        m[G_NEXT] = j + 1
        s, peak = li[j, L_DIR], m[G_WAIT]
        if peak >= 0 and li[peak, L_DIR] == s and s * lf[j, L_END_PRICE] >= s * lf[peak, L_END_PRICE]:
            m[G_WAIT] = j
            continue
        if s * lf[j, L_END_PRICE] <= s * lf[j - 2, L_END_PRICE]:
            continue
        if peak < 0:
            if s != m[G_DIR]:
                m[G_WAIT] = j
        elif li[peak, L_DIR] != s and j - peak > 2:
            m[G_DIR] = li[peak, L_DIR]
            m[G_WAIT] = j
            _push(m, unproven, peak, j)
            return _hand_over(m, 1, tail)
    return 0


@compiled
def _turns(li: Ints, lf: Floats, j: int) -> bool:
    """Whether line `j` and the one two later show that the lines now go its way."""
    s = li[j, L_DIR]
    before, end, after = s * lf[j - 2, L_END_PRICE], s * lf[j, L_END_PRICE], s * lf[j + 2, L_END_PRICE]
    higher = s * lf[j + 2, L_START_PRICE] > s * lf[j, L_START_PRICE]
    if end < before:
        return bool(higher and after > end)
    return bool(end > before and higher and after > before)


@compiled
def search_pairs(m: Ints, unproven: Ints, li: Ints, lf: Floats, n: int, tail: bool) -> int:
    """The rule "one_plus_one": line j turned the lines its way, so the segment ended before it. An end may still move
    outward until the next one is found, which makes it final. G_BEGIN is where the segment being read begins."""
    while m[G_NEXT] + 2 < n:
        j = max(m[G_NEXT], 2)
        if j + 2 >= n:
            return 0
        m[G_NEXT] = j + 1
        s, begin = li[j, L_DIR], m[G_BEGIN]
        if m[G_DIR] != 0 and s != m[G_DIR]:
            continue
        # What ends before j must reach beyond the line where it begins.
        reach = -s * lf[j - 1, L_END_PRICE]
        if reach < min(-s * lf[begin, L_START_PRICE], -s * lf[begin, L_END_PRICE]):
            continue
        if (m[G_DIR] == 0 or j - (begin - 1) >= 4) and _turns(li, lf, j):
            m[G_DIR], m[G_BEGIN] = -s, j
            _push(m, unproven, j - 1, j + 2)
            if m[G_UNPROVEN] > 1:
                return _hand_over(m, 1, tail)
    return 0
