"""Segments (线段) of lines, by the feature sequence: the lines against a segment's direction form elements, and a
fractal of three elements ends it. One streaming machine with an explicit list of unproven ends, so that a gap that
needs proof from later lines costs neither recursion nor a second look at the whole series.

Prices are read in the segment's own sign (times +1 or -1), which makes the rules of a down segment the exact mirror
of an up segment's, ties included."""

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.chan.compiled import compiled
from alphaloop.kernels.chan.layout import (
    F_SIDE,
    G_BEGIN,
    G_DIR,
    G_FIRST_UNPROVEN,
    G_NEXT,
    G_OPEN,
    G_SIDE,
    G_UNPROVEN,
    G_WAIT,
    G_WAIT_SIDE,
    L_DIR,
    L_END_PRICE,
    L_ONCE,
    L_START_PRICE,
    SIDE_F,
    SIDE_I,
    U_END,
    U_PROOF,
    U_THIRD,
    U_WINDOW,
    X_FIRST,
    X_HIGH_1,
    X_HIGH_2,
    X_LAST,
    X_LOW_1,
    X_LOW_2,
    X_NEXT,
    X_PEAK,
    X_STAGE,
)

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

REAL, AGAIN, UNDECIDED = 1, 0, -1
# Feature lines a window holds at most. Only an ever widening range makes long ones (no market in our data came near),
# and reading such a window again for each of its lines would cost the square of its length.
WINDOW_MAX = 128


@compiled
def _side(direction: int) -> int:
    """Offset of the window that looks for the end of a segment going `direction`."""
    return G_SIDE if direction > 0 else G_SIDE + SIDE_I


@compiled
def _clear(m: Ints, direction: int) -> None:
    a = _side(direction)
    m[a + X_FIRST] = -1
    m[a + X_NEXT] = -1
    m[a + X_STAGE] = 0


@compiled
def _add_element(m: Ints, g: Floats, lf: Floats, direction: int, j: int) -> int:
    """Let feature line `j` join the window's elements: 1 the third element completes a fractal, -1 the window's first
    line must go, 0 neither."""
    a = _side(direction)
    f = F_SIDE if direction > 0 else F_SIDE + SIDE_F
    high, low = direction * lf[j, L_START_PRICE], direction * lf[j, L_END_PRICE]
    if m[a + X_STAGE] == 0:
        g[f + X_HIGH_1], g[f + X_LOW_1] = high, low
        m[a + X_STAGE] = 1
        return 0
    if m[a + X_STAGE] == 1:
        if high <= g[f + X_HIGH_1] and low >= g[f + X_LOW_1]:
            g[f + X_LOW_1] = low
            return 0
        g[f + X_HIGH_2], g[f + X_LOW_2] = high, low
        m[a + X_PEAK] = m[a + X_LAST] = j
        m[a + X_STAGE] = 2
        return -1 if high < g[f + X_HIGH_1] else 0
    top, bottom = g[f + X_HIGH_2], g[f + X_LOW_2]
    inside = high <= top and low >= bottom
    around = high >= top and low <= bottom and not (high == top and low < bottom)
    if inside or around:
        if high >= top:
            m[a + X_PEAK] = j
        m[a + X_LAST] = j
        g[f + X_HIGH_2], g[f + X_LOW_2] = max(top, high), max(bottom, low)
        return 0
    return 1 if g[f + X_HIGH_1] < top and high <= top and low < bottom else -1


@compiled
def _read_up_to(m: Ints, g: Floats, lf: Floats, direction: int, j: int) -> int:
    """Feed the window with its lines up to `j`; the line at which a fractal stands, or -1."""
    a = _side(direction)
    if m[a + X_FIRST] < 0:
        m[a + X_FIRST] = m[a + X_NEXT] = j
    if j - m[a + X_FIRST] > 2 * WINDOW_MAX:
        m[a + X_FIRST] = m[a + X_NEXT] = j - WINDOW_MAX
        m[a + X_STAGE] = 0
    while m[a + X_NEXT] <= j:
        line = m[a + X_NEXT]
        verdict = _add_element(m, g, lf, direction, line)
        m[a + X_NEXT] = line + 2
        if verdict > 0:
            return int(line)
        if verdict < 0:
            m[a + X_FIRST] += 2
            m[a + X_NEXT] = m[a + X_FIRST]
            m[a + X_STAGE] = 0
    return -1


@compiled
def _feed(m: Ints, g: Floats, li: Ints, lf: Floats) -> None:
    """Read one more line; before the first segment both directions are tried until one has a second element."""
    j = m[G_NEXT]
    direction = m[G_DIR]
    if direction != 0:
        m[G_NEXT] = j + 2
    else:
        m[G_NEXT] = j + 1
        direction = -li[j, L_DIR]
        if m[G_OPEN] != 0 and m[G_OPEN] != direction:
            return
    found = _read_up_to(m, g, lf, direction, j)
    if m[G_DIR] == 0:
        if m[_side(direction) + X_STAGE] == 2:
            if m[G_OPEN] == 0:
                _clear(m, -direction)
            m[G_OPEN] = direction
        else:
            m[G_OPEN] = 0
    if found >= 0:
        m[G_WAIT] = found
        m[G_WAIT_SIDE] = direction


@compiled
def _verdict(m: Ints, g: Floats, li: Ints, lf: Floats, n: int, tail: bool) -> tuple[int, int]:
    """Whether the third element breaks the second for real, and the line that proves it.

    With `tail` the lines are all there are, so a missing line is an answer too; without, the machine waits for it."""
    s, x = m[G_WAIT_SIDE], m[G_WAIT]
    low = s * lf[x, L_END_PRICE]
    if low < s * lf[m[_side(s) + X_LAST], L_END_PRICE]:
        return REAL, x
    if x + 2 < n:
        if s * lf[x + 2, L_END_PRICE] < low:
            return REAL, x + 2
        return (AGAIN, -1) if li[x + 2, L_ONCE] and x + 3 < n else (UNDECIDED, -1)
    f = F_SIDE if s > 0 else F_SIDE + SIDE_F
    if tail and x + 1 < n and s * lf[x + 1, L_END_PRICE] > g[f + X_HIGH_2]:
        return AGAIN, -1
    return UNDECIDED, -1


@compiled
def _restart(m: Ints) -> None:
    """Drop the first line of the window that failed and read everything after it again."""
    s = m[G_WAIT_SIDE]
    again = m[_side(s) + X_FIRST] + 2
    _clear(m, 1)
    _clear(m, -1)
    m[G_OPEN] = 0
    m[G_NEXT] = again
    m[G_WAIT] = -1


@compiled
def begin_search(m: Ints, first: int, direction: int) -> None:
    """Look for the end of a segment that starts with line `first`; direction 0 = unknown, the very first one."""
    _clear(m, 1)
    _clear(m, -1)
    m[G_BEGIN] = first
    m[G_DIR] = direction
    m[G_OPEN] = 0
    m[G_WAIT] = -1
    m[G_NEXT] = first if direction == 0 else first + 1


@compiled
def search_ends(m: Ints, g: Floats, unproven: Ints, li: Ints, lf: Floats, n: int, tail: bool) -> int:
    """Read lines up to `n`; the number of ends proven at once, 0 when more lines are needed. Call again until 0.

    The ends are rows of `unproven` (U_*): with `tail`, those before G_FIRST_UNPROVEN, else rows 0, 1, …. An end
    behind a gap waits there until an end without one is found after it. With `tail` what came before is left alone."""
    while True:
        if m[G_WAIT] < 0:
            if m[G_NEXT] >= n:
                return 0
            _feed(m, g, li, lf)
            continue
        verdict, proof = _verdict(m, g, li, lf, n, tail)
        if verdict == UNDECIDED:
            return 0
        if verdict == AGAIN:
            _restart(m)
            continue
        if not _push_end(m, g, unproven, proof):
            continue
        count = m[G_UNPROVEN]
        m[G_UNPROVEN] = 0
        if tail:
            m[G_FIRST_UNPROVEN] += count
        return int(count)


@compiled
def _push_end(m: Ints, g: Floats, unproven: Ints, proof: int) -> bool:
    """Note the end just found and begin the next segment; True when it has no gap, which proves all before it."""
    s, third = m[G_WAIT_SIDE], m[G_WAIT]
    a, f = _side(s), F_SIDE if s > 0 else F_SIDE + SIDE_F
    u = m[G_FIRST_UNPROVEN] + m[G_UNPROVEN]
    if m[G_UNPROVEN] > 0:
        unproven[u - 1, U_PROOF] = third
    unproven[u, U_END] = m[a + X_PEAK] - 1
    unproven[u, U_WINDOW] = m[a + X_FIRST]
    unproven[u, U_THIRD] = third
    unproven[u, U_PROOF] = proof
    m[G_UNPROVEN] += 1
    begin_search(m, m[a + X_PEAK], -s)
    return not g[f + X_HIGH_1] < g[f + X_LOW_2]
