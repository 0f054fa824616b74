"""Points (买卖点) of segments: where a segment may have ended (1, 1p), where that end was tested (2, 2s), and where
price left a pivot and did not come back (3a behind the end, 3b at the pivot before it).

Points of the last segments are found anew at each look; those of older segments can no longer change and stay."""

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.chan.compiled import compiled, inlined
from alphaloop.kernels.chan.layout import (
    B1,
    B1P,
    B2,
    B2S,
    B3A,
    B3B,
    G_LINES,
    K_CONFIRMED,
    K_KNOWN,
    K_MARK,
    K_MASK,
    K_POINT,
    K_RUN,
    L_CONFIRMED,
    L_DIR,
    L_END,
    L_END_PRICE,
    L_FORCE_IN,
    L_FORCE_OUT,
    L_FROM,
    L_ONCE,
    L_PIVOTS,
    L_PIVOTS_TO,
    L_START_PRICE,
    L_TO,
    LAST_RATIO,
    POINT_RULES,
    Q_CONFIRMED,
    Q_COUNT,
    Q_FINAL,
    Q_FIXED,
    Q_IDX,
    Q_KIND,
    Q_KNOWN,
    Q_LINE,
    Q_NEWEST,
    Q_OF,
    Q_PIVOT,
    Q_PRICE,
    Q_RATIO,
    Q_SEGMENT,
    R_FIRST_PEAK,
    R_KINDS,
    R_MIN_PIVOTS,
    R_MORE_FOLLOW,
    R_MORE_SECONDS,
    R_SECOND_FOLLOWS,
    R_THIRD_FOLLOWS,
    R_THIRD_PEAK,
    R_THIRD_PIVOTS,
    R_THIRD_STRICT,
    RATE,
    RUN,
    SECOND_RATE,
    Z_DD,
    Z_FROM,
    Z_GG,
    Z_TO,
    Z_ZD,
    Z_ZG,
)
from alphaloop.kernels.chan.pivot_rows import line_high, line_low

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# Points further than this many lines behind their segment's end are not looked for, so that an endless range after a
# trend cannot make every bar dearer than the last.
REACH = 64


@compiled
def add_point(
    m: Ints, kinds: int, qi: Ints, qf: Floats, li: Ints, lf: Floats, births: Ints, kind: int, j: int, pivot: int,
    of_line: int, ratio: float, row: int,
) -> None:  # fmt: skip
    """Append a point at the end of line `j`, unless it is there already; buys come on down lines."""
    bit = 1 << kind
    if not kinds & bit or births[j, K_MASK] & bit:
        return
    births[j, K_MASK] |= bit
    q = m[Q_COUNT]
    known, confirmed = row, -1
    b = K_POINT + 4 * (kind - 1)
    if births[j, b + K_RUN] == m[RUN] and births[j, b + K_MARK] == li[j, L_END]:
        known, confirmed = births[j, b + K_KNOWN], births[j, b + K_CONFIRMED]
    qi[q, Q_IDX], qi[q, Q_KIND], qi[q, Q_LINE] = li[j, L_END], -li[j, L_DIR] * kind, j
    qi[q, Q_PIVOT], qi[q, Q_OF] = pivot, of_line
    qi[q, Q_KNOWN] = known
    qi[q, Q_CONFIRMED] = -1 if li[j, L_CONFIRMED] < 0 else (confirmed if confirmed >= 0 else row)
    qi[q, Q_FINAL] = -1
    qf[q, Q_PRICE], qf[q, Q_RATIO] = lf[j, L_END_PRICE], ratio
    m[Q_COUNT] = q + 1


@compiled
def drop_points(m: Ints, qi: Ints, births: Ints) -> None:
    """Take away the points that may change; those that come back at this bar keep their birth."""
    for q in range(m[Q_FIXED], m[Q_COUNT]):
        j, kind = qi[q, Q_LINE], abs(qi[q, Q_KIND])
        b = K_POINT + 4 * (kind - 1)
        births[j, b + K_RUN], births[j, b + K_MARK] = m[RUN], qi[q, Q_IDX]
        births[j, b + K_KNOWN], births[j, b + K_CONFIRMED] = qi[q, Q_KNOWN], qi[q, Q_CONFIRMED]
        births[j, K_MASK] &= ~(1 << kind)
    m[Q_COUNT] = m[Q_FIXED]


@compiled
def divergence_ratio(lf: Floats, leaving: int, entering: int) -> float:
    """Force of the leaving line / force of the entering line; NaN when the entering one has none to compare with."""
    force = lf[entering, L_FORCE_IN]
    return lf[leaving, L_FORCE_OUT] / force if force > 0.0 else np.nan


@inlined
def _first_point(
    m: Ints, g: Floats, ints: Ints, floats: Floats, multi_only: bool, qi: Ints, qf: Floats, zi: Ints, zf: Floats,
    li: Ints, lf: Floats, so: Ints, births: Ints, k: int, row: int,
) -> None:  # fmt: skip
    rules = ints[POINT_RULES:]
    end, d = so[k, L_TO], so[k, L_DIR]
    first_z, to_z = so[k, L_PIVOTS], so[k, L_PIVOTS_TO]
    pivots = to_z - first_z
    if multi_only:
        for z in range(first_z, to_z):
            if zi[z, Z_FROM] == zi[z, Z_TO]:
                pivots -= 1
    enough = pivots >= rules[R_MIN_PIVOTS]
    last = to_z - 1
    leaves = (
        to_z > first_z
        and zi[last, Z_FROM] != zi[last, Z_TO]
        and ((zi[last, Z_TO] + 1 < m[G_LINES] and zi[last, Z_TO] + 1 >= end) or zi[last, Z_TO] >= end)
        and end - (zi[last, Z_FROM] - 1) > 2
    )
    far = d * lf[end, L_END_PRICE]
    if leaves:
        out = zi[last, Z_TO] + 1
        peak = out < m[G_LINES] and d * (zf[last, Z_GG] if d > 0 else zf[last, Z_DD]) <= d * (
            line_high(lf, out) if li[out, L_DIR] > 0 else line_low(lf, out)
        )
        ratio = divergence_ratio(lf, end, zi[last, Z_FROM] - 1)
        g[LAST_RATIO] = ratio
        breaks = far > d * (zf[last, Z_ZG] if d > 0 else zf[last, Z_ZD]) and li[end, L_DIR] == d
        if enough and breaks and (peak or not rules[R_FIRST_PEAK]) and ratio <= floats[RATE]:
            add_point(m, rules[R_KINDS], qi, qf, li, lf, births, B1, end, last, zi[last, Z_FROM] - 1, ratio, row)
        return
    before = end - 2
    if before < so[k, L_FROM] or li[end, L_DIR] != d or far < d * lf[before, L_END_PRICE]:
        return
    ratio = divergence_ratio(lf, end, before)
    g[LAST_RATIO] = ratio
    if enough and ratio <= floats[RATE]:
        add_point(m, rules[R_KINDS], qi, qf, li, lf, births, B1P, end, -1, before, ratio, row)


@compiled
def _segment_of(so: Ints, shown: int, k: int, j: int) -> int:
    """The segment of line `j`, looked for from segment `k` on; `shown` for a line behind the last."""
    while k < shown and so[k, L_TO] < j:
        k += 1
    return k


@inlined
def _second_points(
    m: Ints, ints: Ints, floats: Floats, qi: Ints, qf: Floats, li: Ints, lf: Floats, so: Ints, births: Ints, shown: int,
    k: int, row: int,
) -> None:  # fmt: skip
    rules = ints[POINT_RULES:]
    end, n = so[k, L_TO], m[G_LINES]
    if shown < 2 or end + 2 >= n or (rules[R_SECOND_FOLLOWS] and births[end, K_MASK] == 0):
        return
    away, back = end + 1, end + 2
    length = abs(lf[away, L_END_PRICE] - lf[away, L_START_PRICE])
    share = abs(lf[back, L_END_PRICE] - lf[back, L_START_PRICE]) / length
    if share <= floats[SECOND_RATE]:
        add_point(m, rules[R_KINDS], qi, qf, li, lf, births, B2, back, -1, end, share, row)
    elif rules[R_MORE_FOLLOW]:
        return
    home = _segment_of(so, shown, k, back)
    low, high = line_low(lf, back), line_high(lf, back)
    d = li[back, L_DIR]
    for step in range(1, min(rules[R_MORE_SECONDS], REACH // 2) + 1):
        j = back + 2 * step
        if j >= n:
            return
        there = _segment_of(so, shown, home, j)
        if there != home and (there < shown - 1 or there - home >= 2 or (home < shown and so[home, L_ONCE])):
            return
        touches = line_low(lf, j) < high and line_high(lf, j) > low
        if step == 1:
            low, high = max(low, line_low(lf, j)), min(high, line_high(lf, j))
        share = abs(lf[j, L_END_PRICE] - lf[away, L_END_PRICE]) / length
        if not touches or d * lf[j, L_END_PRICE] > d * lf[away, L_START_PRICE] or share > floats[SECOND_RATE]:
            return
        add_point(m, rules[R_KINDS], qi, qf, li, lf, births, B2S, j, -1, end, share, row)


@compiled
def _stays_out(zf: Floats, z: int, li: Ints, lf: Floats, j: int) -> bool:
    out: bool = lf[j, L_END_PRICE] >= zf[z, Z_ZG] if li[j, L_DIR] < 0 else lf[j, L_END_PRICE] <= zf[z, Z_ZD]
    return out


@inlined
def _third_after(
    m: Ints, ints: Ints, qi: Ints, qf: Floats, zi: Ints, zf: Floats, li: Ints, lf: Floats, so: Ints, births: Ints,
    shown: int, k: int, row: int,
) -> None:  # fmt: skip
    """3a: after the end of segment `k`, price leaves the first pivot(s) of the next one and does not come back."""
    rules = ints[POINT_RULES:]
    end, n, after = so[k, L_TO], m[G_LINES], k + 1
    tried = 0
    for z in range(so[after, L_PIVOTS], so[after, L_PIVOTS_TO]):
        if zi[z, Z_FROM] == zi[z, Z_TO]:
            continue
        j = zi[z, Z_TO] + 2
        if tried == rules[R_THIRD_PIVOTS] or j >= n or (rules[R_THIRD_STRICT] and zi[z, Z_FROM] - 1 != end + 1):
            return
        tried += 1
        there = _segment_of(so, shown, after, j)
        if there == shown:
            if after != shown - 1:
                return
        elif there != after and so[there, L_TO] - so[there, L_FROM] >= 2:
            return
        if li[j, L_DIR] == so[after, L_DIR] or (there != after and after < shown - 2):
            return
        if not _stays_out(zf, z, li, lf, j):
            continue
        beyond = line_high(lf, j) >= zf[z, Z_GG] if li[j, L_DIR] < 0 else line_low(lf, j) <= zf[z, Z_DD]
        if beyond or not rules[R_THIRD_PEAK]:
            add_point(m, rules[R_KINDS], qi, qf, li, lf, births, B3A, j, z, end, np.nan, row)


@compiled
def _last_before_return(m: Ints, zi: Ints, so: Ints, shown: int, after: int) -> int:
    """The last line at which a 3b of the segment before `after` may stand."""
    n = m[G_LINES]
    if after >= shown:
        return int(n - 1)
    multi = 0
    for z in range(so[after, L_PIVOTS], so[after, L_PIVOTS_TO]):
        if zi[z, Z_FROM] != zi[z, Z_TO]:
            multi += 1
            if zi[z, Z_TO] + 1 < n:
                return int(zi[z, Z_TO] + 1)
    return int(n - 1 if multi == 0 and after == shown - 1 else so[after, L_TO] - 1)


@inlined
def _third_before(
    m: Ints, ints: Ints, qi: Ints, qf: Floats, zi: Ints, zf: Floats, li: Ints, lf: Floats, so: Ints, births: Ints,
    shown: int, k: int, row: int,
) -> None:  # fmt: skip
    """3b: after the end of segment `k`, price passes that segment's own last pivot and stays beyond it."""
    rules = ints[POINT_RULES:]
    end, z = so[k, L_TO], so[k, L_PIVOTS_TO] - 1
    while z >= so[k, L_PIVOTS] and zi[z, Z_FROM] == zi[z, Z_TO]:
        z -= 1
    if z < so[k, L_PIVOTS] or (rules[R_THIRD_STRICT] and zi[z, Z_TO] + 1 != end):
        return
    limit = min(_last_before_return(m, zi, so, shown, k + 1), m[G_LINES] - 1, end + REACH)
    there = k
    for j in range(end + 2, limit + 1, 2):
        there = _segment_of(so, shown, there, j)
        if there != k + 1 and there < shown - 1:
            return
        if _stays_out(zf, z, li, lf, j):
            add_point(m, rules[R_KINDS], qi, qf, li, lf, births, B3B, j, z, end, np.nan, row)
            return


@compiled
def note_newest(m: Ints, qi: Ints) -> None:
    """Remember the row of the point that stands furthest to the right; points of one place count by their order."""
    best = -1
    for q in range(max(0, m[Q_FIXED] - 6), m[Q_COUNT]):
        if best < 0 or qi[q, Q_IDX] > qi[best, Q_IDX]:
            best = q
    m[Q_NEWEST] = best


@compiled
def show_points(
    m: Ints, g: Floats, ints: Ints, floats: Floats, multi_only: bool, qi: Ints, qf: Floats, zi: Ints, zf: Floats,
    li: Ints, lf: Floats, so: Ints, births: Ints, shown: int, final_segments: int, row: int,
) -> None:  # fmt: skip
    """Points of all segments that are not settled yet. Three final segments behind a segment settle its points."""
    drop_points(m, qi, births)
    g[LAST_RATIO] = np.nan
    third_follows = ints[POINT_RULES + R_THIRD_FOLLOWS]
    for k in range(m[Q_SEGMENT], shown):
        _first_point(m, g, ints, floats, multi_only, qi, qf, zi, zf, li, lf, so, births, k, row)
        _second_points(m, ints, floats, qi, qf, li, lf, so, births, shown, k, row)
        if shown >= 2 and not (third_follows and births[so[k, L_TO], K_MASK] == 0):
            if k + 1 < shown:
                _third_after(m, ints, qi, qf, zi, zf, li, lf, so, births, shown, k, row)
            _third_before(m, ints, qi, qf, zi, zf, li, lf, so, births, shown, k, row)
        if k + 3 < final_segments:
            for q in range(m[Q_FIXED], m[Q_COUNT]):
                qi[q, Q_FINAL] = row
            m[Q_FIXED], m[Q_SEGMENT] = m[Q_COUNT], k + 1
    note_newest(m, qi)
