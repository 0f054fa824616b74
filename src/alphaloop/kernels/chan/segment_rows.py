"""The segments shown after a bar: those proven by final lines, kept for good, and behind them what the newest lines
suggest, made anew at each change: proven by lines that may still move, one end in doubt, and the rest cut at its
extremes."""

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.chan.compiled import compiled, copy_row, inlined
from alphaloop.kernels.chan.layout import (
    G_CHANGED,
    G_FINAL,
    G_HIGHS,
    G_LINES,
    G_LOWS,
    G_SIDE,
    G_STACKED,
    G_UNPROVEN,
    G_WAIT,
    G_WAIT_SIDE,
    K_CONFIRMED,
    K_KNOWN,
    K_MARK,
    K_RUN,
    K_SEGMENT,
    L_CONFIRMED,
    L_DIR,
    L_END,
    L_END_PRICE,
    L_FINAL,
    L_FROM,
    L_KNOWN,
    L_ONCE,
    L_PROOF,
    L_START,
    L_START_PRICE,
    L_THIRD,
    L_TO,
    L_WHY,
    L_WINDOW,
    RUN,
    SEARCH_F,
    SEARCH_I,
    SIDE_I,
    U_END,
    U_PROOF,
    U_THIRD,
    U_WINDOW,
    WHY_LEFT,
    WHY_OPEN,
    WHY_PROVEN,
    WHY_SHORT,
    WHY_SPLIT,
    WHY_UNPROVEN,
    X_FIRST,
    X_PEAK,
)
from alphaloop.kernels.chan.segment import search_ends
from alphaloop.kernels.chan.segment_plain import search_breaks, search_pairs

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

FEATURES, PAIRS, BREAKS = 0, 1, 2
# The lines before the first ended segment are cut at most so often; a widening range would be cut without end.
CUTS_MAX = 16


@compiled
def _counts_as_extreme(li: Ints, lf: Floats, j: int) -> bool:
    """A line that ends short of the one two before it is never the extreme that ends a segment."""
    s = li[j, L_DIR]
    return j < 2 or s * lf[j - 2, L_END_PRICE] <= s * lf[j, L_END_PRICE]


@compiled
def _further(li: Ints, lf: Floats, best: int, j: int) -> int:
    """The line that ends further in the direction of `j`: `best`, or `j` when it passes it or there is none."""
    s = li[j, L_DIR]
    return j if best < 0 or s * lf[j, L_END_PRICE] > s * lf[best, L_END_PRICE] else best


@compiled
def stack_extremes(m: Ints, stacks: Ints, li: Ints, lf: Floats) -> None:
    """Keep, for the final lines, the ends that no later end of their direction reaches (two stacks), and the furthest
    end of each direction so far, the first one on ties; O(1) amortised."""
    for j in range(m[G_STACKED], m[G_FINAL]):
        for side in range(2):
            stacks[j, 2 + side] = stacks[j - 1, 2 + side] if j > 0 else -1
        own = 2 if li[j, L_DIR] > 0 else 3
        stacks[j, own] = _further(li, lf, stacks[j, own], j)
        if not _counts_as_extreme(li, lf, j):
            continue
        s = li[j, L_DIR]
        side, size_at = (0, G_HIGHS) if s > 0 else (1, G_LOWS)
        size = m[size_at]
        while size > 0 and s * lf[stacks[size - 1, side], L_END_PRICE] <= s * lf[j, L_END_PRICE]:
            size -= 1
        stacks[size, side] = j
        m[size_at] = size + 1
    m[G_STACKED] = m[G_FINAL]


@compiled
def _extreme(m: Ints, stacks: Ints, li: Ints, lf: Floats, first: int, n: int, s: int) -> int:
    """The line going `s` that ends furthest among lines first..n-1, the last one on ties, or -1; O(log)."""
    side, size = (0, m[G_HIGHS]) if s > 0 else (1, m[G_LOWS])
    low, high = 0, size
    while low < high:
        mid = (low + high) // 2
        if stacks[mid, side] < first:
            low = mid + 1
        else:
            high = mid
    best = stacks[low, side] if low < size else -1
    for j in range(max(first, m[G_FINAL]), n):
        further = best < 0 or s * lf[j, L_END_PRICE] >= s * lf[best, L_END_PRICE]
        if li[j, L_DIR] == s and further and _counts_as_extreme(li, lf, j):
            best = j
    return best


@compiled
def _write(
    above: Ints, li: Ints, lf: Floats, so: Ints, sf: Floats, births: Ints, run: int, r: int, first: int, last: int,
    direction: int, why: int, sure: bool, final: bool, row: int,
) -> None:  # fmt: skip
    """Write segment row `r` over lines first..last; one that was shown at the bar before keeps its birth."""
    end = li[last, L_END]
    known, confirmed = row, -1
    b = K_SEGMENT
    if births[first, b + K_RUN] == run and births[first, b + K_MARK] == end:
        known, confirmed = births[first, b + K_KNOWN], births[first, b + K_CONFIRMED]
    if known == row or (sure or final) != (confirmed >= 0) or so[r, L_FROM] != first or so[r, L_END] != end:
        above[G_CHANGED] += 1
    so[r, L_FROM], so[r, L_TO] = first, last
    so[r, L_START], so[r, L_END] = li[first, L_START], end
    so[r, L_DIR], so[r, L_ONCE] = direction, sure
    so[r, L_KNOWN] = known
    so[r, L_CONFIRMED] = -1 if not (sure or final) else (confirmed if confirmed >= 0 else row)
    so[r, L_FINAL] = row if final else -1
    so[r, L_WHY] = why
    so[r, L_WINDOW] = so[r, L_THIRD] = so[r, L_PROOF] = -1
    sf[r, L_START_PRICE], sf[r, L_END_PRICE] = lf[first, L_START_PRICE], lf[last, L_END_PRICE]


@compiled
def _split_at(m: Ints, stacks: Ints, li: Ints, lf: Floats, end: int) -> int:
    """Where a very first segment that ends with line `end` must be cut, or -1: at the most extreme end against it."""
    s, settled = -li[end, L_DIR], min(end - 2, m[G_STACKED])
    best = stacks[settled - 1, 2 if s > 0 else 3] if settled > 0 else -1
    for j in range(max(settled, 0), end - 2):
        if li[j, L_DIR] == s:
            best = _further(li, lf, best, j)
    if best < 0:
        return -1
    outer = max(s * lf[0, L_START_PRICE], s * lf[0, L_END_PRICE])
    return best if best == 0 or (best > 0 and s * lf[best, L_END_PRICE] > outer) else -1


@compiled
def _write_first(
    m: Ints, above: Ints, stacks: Ints, li: Ints, lf: Floats, so: Ints, sf: Floats, births: Ints, end: int, final: bool,
    row: int,
) -> int:  # fmt: skip
    """Write lines 0..`end` as segments that alternate, when they cannot be one; how many, 0 when they can."""
    # The cuts come out newest first and go in oldest first; reading them again costs less than a list for them.
    cut, cuts = _split_at(m, stacks, li, lf, end), 0
    while cut >= 0 and cuts < CUTS_MAX:
        cuts += 1
        cut = _split_at(m, stacks, li, lf, cut)
    if cuts == 0:
        return 0
    last = end
    for r in range(cuts, -1, -1):
        first = _split_at(m, stacks, li, lf, last) + 1 if r > 0 else 0
        _write(above, li, lf, so, sf, births, m[RUN], r, first, last, li[last, L_DIR], WHY_SPLIT, False, final, row)
        last = first - 1
    return cuts + 1


@compiled
def _write_end(
    m: Ints, above: Ints, stacks: Ints, unproven: Ints, u: int, li: Ints, lf: Floats, so: Ints, sf: Floats,
    births: Ints, r: int, proven: bool, final: bool, row: int,
) -> int:  # fmt: skip
    """Write the segment(s) that end as `unproven[u]` says from row `r` on; the next free row."""
    end = unproven[u, U_END]
    first = so[r - 1, L_TO] + 1 if r > 0 else 0
    direction = li[end, L_DIR]
    if r == 0:
        split = _write_first(m, above, stacks, li, lf, so, sf, births, end, final, row)
        if split > 0:
            return split
    third, proof = unproven[u, U_THIRD], unproven[u, U_PROOF]
    # Of final lines only the very first may be unsure, so the window's first line speaks for the whole window.
    sure = proven and end - first >= 2 and li[unproven[u, U_WINDOW], L_ONCE] == 1
    sure = sure and li[third, L_ONCE] == 1 and li[proof, L_ONCE] == 1
    why = WHY_PROVEN if proven else WHY_UNPROVEN
    if end - first < 2:
        why = WHY_SHORT
    _write(above, li, lf, so, sf, births, m[RUN], r, first, end, direction, why, sure, final, row)
    so[r, L_WINDOW], so[r, L_THIRD] = unproven[u, U_WINDOW], third
    so[r, L_PROOF] = proof if proven else -1
    return r + 1


@inlined
def _search(rule: int, m: Ints, g: Floats, unproven: Ints, li: Ints, lf: Floats, n: int, tail: bool) -> int:
    if rule == BREAKS:
        return search_breaks(m, unproven, li, lf, n, tail)
    if rule == PAIRS:
        return search_pairs(m, unproven, li, lf, n, tail)
    return search_ends(m, g, unproven, li, lf, n, tail)


@compiled
def commit_segments(
    rule: int, m: Ints, above: Ints, g: Floats, unproven: Ints, stacks: Ints, li: Ints, lf: Floats, so: Ints,
    sf: Floats, births: Ints, final_rows: int, row: int,
) -> int:  # fmt: skip
    """Read the lines that became final; the number of final segments, whose rows never change again."""
    stack_extremes(m, stacks, li, lf)
    r = final_rows
    while True:
        count = _search(rule, m, g, unproven, li, lf, m[G_FINAL], False)
        if count == 0:
            return r
        for u in range(count):
            r = _write_end(m, above, stacks, unproven, u, li, lf, so, sf, births, r, True, True, row)
        for u in range(m[G_UNPROVEN]):
            copy_row(unproven[u], unproven[count + u])


@compiled
def _rest_as_one(
    m: Ints, above: Ints, li: Ints, lf: Floats, so: Ints, sf: Floats, births: Ints, r: int, n: int, row: int
) -> int:  # fmt: skip
    end = so[r - 1, L_TO]
    last = n - 2 if li[end, L_DIR] == li[n - 1, L_DIR] else n - 1
    if end + 1 >= n or last <= end:
        return r
    _write(above, li, lf, so, sf, births, m[RUN], r, end + 1, last, li[last, L_DIR], WHY_OPEN, False, False, row)
    return r + 1


@compiled
def _left_over(
    m: Ints, above: Ints, stacks: Ints, li: Ints, lf: Floats, so: Ints, sf: Floats, births: Ints, r: int, n: int,
    whole: bool, row: int,
) -> int:  # fmt: skip
    """Cut the lines behind row `r`-1 at their extremes (or leave them `whole`); the next free row."""
    if r == 0:
        if n < 3:
            return 0
        s = 1
        if not whole:
            up, down = _extreme(m, stacks, li, lf, 0, n, 1), _extreme(m, stacks, li, lf, 0, n, -1)
            start = lf[0, L_START_PRICE]
            rise = max(0.0, lf[up, L_END_PRICE] - start)
            fall = max(0.0, start - lf[down, L_END_PRICE])
            s = li[0, L_DIR] if rise == fall else (1 if rise > fall else -1)
            last = up if s > 0 else down
        else:
            last = n - 1
            s = li[last, L_DIR]
        _write(above, li, lf, so, sf, births, m[RUN], 0, 0, last, s, WHY_LEFT, False, False, row)
        return _rest_as_one(m, above, li, lf, so, sf, births, 1, n, row)
    while True:
        end = so[r - 1, L_TO]
        if n - 1 - end < 3:
            return r
        s = li[end, L_DIR]
        beyond = s * lf[n - 1, L_END_PRICE] >= s * lf[end, L_END_PRICE]
        if whole and not beyond:
            return _rest_as_one(m, above, li, lf, so, sf, births, r, n, row)
        last = _extreme(m, stacks, li, lf, end + 3, n, -s)
        if last >= 0:
            _write(above, li, lf, so, sf, births, m[RUN], r, end + 1, last, -s, WHY_LEFT, False, False, row)
            r += 1
        elif not beyond:
            return _rest_as_one(m, above, li, lf, so, sf, births, r, n, row)
        else:
            return r
        if not beyond and n - 1 - last < 3:
            return _rest_as_one(m, above, li, lf, so, sf, births, r, n, row)


@inlined
def _note_doubt(
    rule: int, m: Ints, ahead: Ints, unproven: Ints, stacks: Ints, li: Ints, lf: Floats, u: int, n: int
) -> bool:  # fmt: skip
    """Put the end that stands but is not final yet into `unproven[u]`; False when there is none."""
    if rule == PAIRS:
        if ahead[G_UNPROVEN] == 0:
            return False
        end = unproven[u, U_END]
        s = li[end, L_DIR]
        further = _extreme(m, stacks, li, lf, end + 1, n, s)
        if further >= 0 and s * lf[further, L_END_PRICE] > s * lf[end, L_END_PRICE]:
            # The note of the end itself is kept in its row, so that it can come back.
            copy_row(unproven[u + 1], unproven[u])
            unproven[u, U_END] = further
            unproven[u, U_THIRD] = -1
        return True
    if ahead[G_UNPROVEN] > 0:
        return True
    if ahead[G_WAIT] < 0:
        return False
    if rule == BREAKS:
        unproven[u, U_END] = ahead[G_WAIT]
        unproven[u, U_WINDOW] = unproven[u, U_THIRD] = unproven[u, U_PROOF] = ahead[G_WAIT]
        return True
    a = G_SIDE if ahead[G_WAIT_SIDE] > 0 else G_SIDE + SIDE_I
    unproven[u, U_END] = ahead[a + X_PEAK] - 1
    unproven[u, U_WINDOW] = ahead[a + X_FIRST]
    unproven[u, U_THIRD] = ahead[G_WAIT]
    return True


@compiled
def show_segments(
    rule: int, m: Ints, above: Ints, g: Floats, ahead_i: Ints, ahead_f: Floats, unproven: Ints, stacks: Ints,
    li: Ints, lf: Floats, so: Ints, sf: Floats, births: Ints, final_rows: int, whole: bool, row: int,
) -> int:  # fmt: skip
    """Rows behind the final ones as the lines shown now suggest them; the number of segments shown.

    Looks ahead on a copy of the search (`ahead_*`), so nothing that rests on a moving line is remembered."""
    n = m[G_LINES]
    copy_row(ahead_i, m[:SEARCH_I])
    copy_row(ahead_f, g[:SEARCH_F])
    r, u = final_rows, 0
    while True:
        count = _search(rule, ahead_i, ahead_f, unproven, li, lf, n, True)
        for _ in range(count):
            r = _write_end(m, above, stacks, unproven, u, li, lf, so, sf, births, r, True, False, row)
            u += 1
        if count == 0:
            break
    if _note_doubt(rule, m, ahead_i, unproven, stacks, li, lf, u, n):
        proven = rule == PAIRS and unproven[u, U_THIRD] >= 0
        r = _write_end(m, above, stacks, unproven, u, li, lf, so, sf, births, r, proven, False, row)
        if rule == PAIRS and not proven:
            copy_row(unproven[u], unproven[u + 1])
    return _left_over(m, above, stacks, li, lf, so, sf, births, r, n, whole, row)
