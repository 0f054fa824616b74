"""One bar through all layers, for a whole series or bar by bar: the same compiled loop, so the two cannot differ."""

import numpy as np
import numpy.typing as npt
from numba import njit

from alphaloop.kernels.chan.divergence import grow_peaks, macd_bar
from alphaloop.kernels.chan.fractal import mark_fractal
from alphaloop.kernels.chan.layout import (
    FIXED,
    FIXED_F,
    LAST_RATIO,
    N_BARS,
    N_MERGED,
    N_PIVOTS,
    N_POINTS,
    N_POINTS_FIXED,
    N_STROKES,
    PIVOT_COUNT,
    PIVOT_F,
    PIVOT_OPEN,
    PIVOT_ROW,
    PIVOT_SCALARS,
    Q_CONFIRMED,
    Q_IDX,
    Q_KIND,
    Q_KNOWN,
    Q_PRICE,
    Q_STROKE,
    S_CONFIRMED,
    S_DIR,
    S_END,
    S_END_PRICE,
    S_START_PRICE,
    SEEN_END,
    SEEN_STROKES,
    SEEN_TAIL,
    SEEN_TAIL_END,
    SHOWN,
    SHOWN_F,
    TAIL,
    TAIL_NEW,
    TAIL_NONE,
    TAIL_STRETCH,
    Z_CONFIRMED,
    Z_FIRST,
    Z_KNOWN,
    Z_ZD,
    Z_ZG,
)
from alphaloop.kernels.chan.merge import merge_bar
from alphaloop.kernels.chan.pivot import take_stroke, write_open_pivot
from alphaloop.kernels.chan.stroke import provisional_tail, sure_ends

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# Columns of the as-of rows, in the order `_feature_row` writes them.
FEATURES = (
    "stroke_direction",
    "stroke_start_price",
    "stroke_sure",
    "last_final_stroke_end_price",
    "pivot_count",
    "pivot_zg",
    "pivot_zd",
    "point_kind",
    "point_price",
    "point_age",
    "point_sure",
    "divergence_ratio",
)


@njit(cache=True)
def _keep_birth(
    ints: Ints, pi: Ints, qi: Ints, old_pi: Ints, old_qi: Ints, pivots: int, points: int, first_z: int, first_q: int
) -> None:
    """What was shown at the bar before keeps the bar at which it was first seen and confirmed."""
    for q in range(first_q, ints[N_POINTS]):
        for x in range(points):
            same = old_qi[x, Q_IDX] == qi[q, Q_IDX] and old_qi[x, Q_STROKE] == qi[q, Q_STROKE]
            if same and old_qi[x, Q_KIND] == qi[q, Q_KIND]:
                qi[q, Q_KNOWN] = old_qi[x, Q_KNOWN]
                if qi[q, Q_CONFIRMED] >= 0 and old_qi[x, Q_CONFIRMED] >= 0:
                    qi[q, Q_CONFIRMED] = old_qi[x, Q_CONFIRMED]
    for z in range(first_z, ints[N_PIVOTS]):
        for x in range(pivots):
            if old_pi[x, Z_FIRST] == pi[z, Z_FIRST]:
                pi[z, Z_KNOWN] = old_pi[x, Z_KNOWN]
                if pi[z, Z_CONFIRMED] >= 0 and old_pi[x, Z_CONFIRMED] >= 0:
                    pi[z, Z_CONFIRMED] = old_pi[x, Z_CONFIRMED]


@njit(cache=True)
def _upper_layers(
    ints: Ints,
    floats: Floats,
    si: Ints,
    sf: Floats,
    pi: Ints,
    pf: Floats,
    qi: Ints,
    qf: Floats,
    old_pi: Ints,
    old_qi: Ints,
    added: bool,
    row: int,
) -> None:
    """Pivots and points: final strokes advance the fixed machine once, the tail is replayed on a copy of it."""
    first_q = ints[N_POINTS_FIXED]
    first_z = ints[FIXED + PIVOT_COUNT] - ints[FIXED + PIVOT_OPEN]
    points, pivots = ints[N_POINTS] - first_q, ints[N_PIVOTS] - first_z
    old_qi[:points] = qi[first_q : first_q + points]
    old_pi[:pivots] = pi[first_z : first_z + pivots]
    n = ints[N_STROKES]
    ints[N_POINTS] = first_q
    write_open_pivot(ints, floats, pi, pf, FIXED, FIXED_F)
    if added and n >= 2:
        take_stroke(ints, floats, si, sf, pi, pf, qi, qf, FIXED, FIXED_F, n - 2, n - 2, True, True, row)
        ints[N_POINTS_FIXED] = ints[N_POINTS]
    for c in range(PIVOT_SCALARS):
        ints[SHOWN + c] = ints[FIXED + c]
    for c in range(PIVOT_F):
        floats[SHOWN_F + c] = floats[FIXED_F + c]
    tail = ints[TAIL]
    if tail != TAIL_STRETCH:
        take_stroke(ints, floats, si, sf, pi, pf, qi, qf, SHOWN, SHOWN_F, n - 1, n - 1, True, False, row)
        if tail == TAIL_NEW:
            take_stroke(ints, floats, si, sf, pi, pf, qi, qf, SHOWN, SHOWN_F, n, n, False, False, row)
    else:
        take_stroke(ints, floats, si, sf, pi, pf, qi, qf, SHOWN, SHOWN_F, n - 1, n, False, False, row)
    ints[N_PIVOTS] = ints[SHOWN + PIVOT_COUNT]
    _keep_birth(ints, pi, qi, old_pi, old_qi, pivots, points, first_z, first_q)
    if ints[FIXED + PIVOT_OPEN]:
        z = ints[FIXED + PIVOT_COUNT] - 1
        ints[FIXED + PIVOT_ROW + Z_KNOWN] = pi[z, Z_KNOWN]
        ints[FIXED + PIVOT_ROW + Z_CONFIRMED] = pi[z, Z_CONFIRMED]


@njit(cache=True)
def _tail_changed(ints: Ints, si: Ints) -> bool:
    n = ints[N_STROKES]
    end = si[n - 1, S_END]
    tail_end = si[n, S_END] if ints[TAIL] != TAIL_NONE else -1
    same = ints[SEEN_STROKES] == n and ints[SEEN_TAIL] == ints[TAIL]
    if same and ints[SEEN_END] == end and ints[SEEN_TAIL_END] == tail_end:
        return False
    ints[SEEN_STROKES] = n
    ints[SEEN_TAIL] = ints[TAIL]
    ints[SEEN_END] = end
    ints[SEEN_TAIL_END] = tail_end
    return True


@njit(cache=True)
def _feature_row(
    ints: Ints, floats: Floats, si: Ints, sf: Floats, pf: Floats, qi: Ints, qf: Floats, row: int, out: Floats
) -> None:
    out[:] = np.nan
    out[4] = ints[N_PIVOTS]
    n = ints[N_STROKES]
    if n == 0:
        return
    r = n if ints[TAIL] != TAIL_NONE else n - 1
    out[0] = si[r, S_DIR]
    out[1] = sf[r, S_START_PRICE]
    out[2] = 1.0 if si[r, S_CONFIRMED] >= 0 else 0.0
    if n >= 2:
        out[3] = sf[n - 2, S_END_PRICE]
    z = ints[N_PIVOTS] - 1
    if z >= 0:
        out[5] = pf[z, Z_ZG]
        out[6] = pf[z, Z_ZD]
    q = ints[N_POINTS] - 1
    if q >= 0:
        out[7] = qi[q, Q_KIND]
        out[8] = qf[q, Q_PRICE]
        out[9] = row - qi[q, Q_KNOWN]
        out[10] = 1.0 if qi[q, Q_CONFIRMED] >= 0 else 0.0
    out[11] = floats[LAST_RATIO]


@njit(cache=True)
def advance(
    ints: Ints,
    floats: Floats,
    bars: Floats,
    mi: Ints,
    mf: Floats,
    si: Ints,
    sf: Floats,
    pi: Ints,
    pf: Floats,
    qi: Ints,
    qf: Floats,
    free: Ints,
    free_f: Floats,
    high: Floats,
    low: Floats,
    close: Floats,
    features: Floats,
) -> None:
    """Take len(high) closed bars into the state; `features` is float64[n, 12] to fill or float64[0, 12]. O(1) a bar.

    Arrays must have room for n more rows each; the prices must be checked before."""
    # The compile cache watches this file only: after editing a callee in another file, clear it (the .nbi and .nbc
    # files in __pycache__), or this loop keeps running the old one.
    wanted = features.shape[0] > 0
    old_pi = np.empty((4, pi.shape[1]), np.int64)
    old_qi = np.empty((8, qi.shape[1]), np.int64)
    for i in range(high.shape[0]):
        row = ints[N_BARS]
        macd_bar(floats, bars, row, close[i])
        if ints[N_STROKES] > 0:
            grow_peaks(bars, row, si[ints[N_STROKES] - 1, S_DIR])
        added = False
        if merge_bar(ints, mi, mf, row, high[i], low[i]) and ints[N_MERGED] >= 3:
            mark_fractal(mi, mf, ints[N_MERGED] - 2)
            added = sure_ends(ints, floats, bars, mi, mf, si, sf, free, free_f, row)
        if ints[N_STROKES] > 0:
            provisional_tail(ints, floats, bars, mi, mf, si, sf, row)
            if _tail_changed(ints, si):
                _upper_layers(ints, floats, si, sf, pi, pf, qi, qf, old_pi, old_qi, added, row)
        ints[N_BARS] = row + 1
        if wanted:
            _feature_row(ints, floats, si, sf, pf, qi, qf, row, features[i])
