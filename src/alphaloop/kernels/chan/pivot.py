"""Pivots (中枢) on strokes alone: three consecutive strokes that share a price range, for as long as price returns.

The rule, stroke by stroke: strokes j-2, j-1, j open a pivot when ZD = max of their lows < ZG = min of their highs, and
the stroke before them, the entering one, reaches into that range too. Without the last condition every shallow
pull-back in a trend would be a pivot, for a stroke, its pull-back and its continuation always share the pull-back's
range. A later stroke that reaches strictly into (ZD, ZG) belongs to it; one that ends outside is a leaving stroke and
belongs only once its successor reaches back in. A stroke that stays out ends the pivot and may itself open the next
one."""

import numpy as np
import numpy.typing as npt
from numba import njit

from alphaloop.kernels.chan.divergence import peak_ratio
from alphaloop.kernels.chan.layout import (
    LAST_RATIO,
    PIVOT_COUNT,
    PIVOT_OPEN,
    PIVOT_ROW,
    PIVOT_SEARCH_FROM,
    S_DIR,
    S_END,
    S_END_PRICE,
    S_PEAK,
    S_START,
    S_START_PRICE,
    THIRD_POINT,
    Z_CONFIRMED,
    Z_DD,
    Z_END,
    Z_FINAL,
    Z_FIRST,
    Z_GG,
    Z_KNOWN,
    Z_LAST,
    Z_START,
    Z_ZD,
    Z_ZG,
)
from alphaloop.kernels.chan.points import add_point, first_point, second_point

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@njit(cache=True)
def _high(sf: Floats, r: int) -> float:
    price: float = max(sf[r, S_START_PRICE], sf[r, S_END_PRICE])
    return price


@njit(cache=True)
def _low(sf: Floats, r: int) -> float:
    price: float = min(sf[r, S_START_PRICE], sf[r, S_END_PRICE])
    return price


@njit(cache=True)
def write_open_pivot(ints: Ints, floats: Floats, pi: Ints, pf: Floats, at: int, at_f: int) -> None:
    """Copy the machine's open pivot (if any) to its table row."""
    if ints[at + PIVOT_OPEN]:
        z = ints[at + PIVOT_COUNT] - 1
        for c in range(Z_FINAL + 1):
            pi[z, c] = ints[at + PIVOT_ROW + c]
        for c in range(Z_DD + 1):
            pf[z, c] = floats[at_f + c]


@njit(cache=True)
def _include(ints: Ints, floats: Floats, si: Ints, sf: Floats, at: int, at_f: int, stroke: int, r: int) -> None:
    ints[at + PIVOT_ROW + Z_LAST] = stroke
    ints[at + PIVOT_ROW + Z_END] = si[r, S_END]
    floats[at_f + Z_GG] = max(floats[at_f + Z_GG], _high(sf, r))
    floats[at_f + Z_DD] = min(floats[at_f + Z_DD], _low(sf, r))


@njit(cache=True)
def _try_open(
    ints: Ints, floats: Floats, si: Ints, sf: Floats, at: int, at_f: int, stroke: int, r: int, sure: bool, row: int
) -> None:
    first = stroke - 2
    if first < max(ints[at + PIVOT_SEARCH_FROM], 1):
        return
    entering, a, b = stroke - 3, stroke - 2, stroke - 1
    zd = max(_low(sf, a), _low(sf, b), _low(sf, r))
    zg = min(_high(sf, a), _high(sf, b), _high(sf, r))
    if not (zd < zg and _low(sf, entering) < zg and _high(sf, entering) > zd):
        return
    ints[at + PIVOT_OPEN] = 1
    ints[at + PIVOT_COUNT] += 1
    o = at + PIVOT_ROW
    ints[o + Z_START] = si[a, S_START]
    ints[o + Z_END] = si[r, S_END]
    ints[o + Z_FIRST] = first
    ints[o + Z_LAST] = stroke
    ints[o + Z_KNOWN] = row
    ints[o + Z_CONFIRMED] = row if sure else -1
    ints[o + Z_FINAL] = -1
    floats[at_f + Z_ZG] = zg
    floats[at_f + Z_ZD] = zd
    floats[at_f + Z_GG] = max(_high(sf, a), _high(sf, b), _high(sf, r))
    floats[at_f + Z_DD] = min(_low(sf, a), _low(sf, b), _low(sf, r))


@njit(cache=True)
def _extend(
    ints: Ints,
    floats: Floats,
    si: Ints,
    sf: Floats,
    qi: Ints,
    qf: Floats,
    at: int,
    at_f: int,
    stroke: int,
    r: int,
    sure: bool,
    row: int,
) -> None:
    """The stroke reaches into the pivot: everything before it belongs; itself too unless it ends outside."""
    if ints[at + PIVOT_ROW + Z_LAST] < stroke - 1:
        _include(ints, floats, si, sf, at, at_f, stroke - 1, stroke - 1)
    direction, end = si[r, S_DIR], sf[r, S_END_PRICE]
    leaves = end > floats[at_f + Z_ZG] if direction > 0 else end < floats[at_f + Z_ZD]
    if not leaves:
        _include(ints, floats, si, sf, at, at_f, stroke, r)
        return
    entering = ints[at + PIVOT_ROW + Z_FIRST] - 1
    if si[entering, S_DIR] != direction:
        return
    ratio = peak_ratio(sf[r, S_PEAK], sf[entering, S_PEAK])
    floats[LAST_RATIO] = ratio
    pivot = ints[at + PIVOT_COUNT] - 1
    gg, dd = floats[at_f + Z_GG], floats[at_f + Z_DD]
    first_point(ints, floats, si, sf, qi, qf, at, stroke, r, pivot, gg, dd, ratio, sure, row)


@njit(cache=True)
def take_stroke(
    ints: Ints,
    floats: Floats,
    si: Ints,
    sf: Floats,
    pi: Ints,
    pf: Floats,
    qi: Ints,
    qf: Floats,
    at: int,
    at_f: int,
    stroke: int,
    r: int,
    sure: bool,
    final: bool,
    row: int,
) -> None:
    """Advance the pivot machine stored at `at`/`at_f` by stroke number `stroke` (figures in row `r`); O(1)."""
    floats[LAST_RATIO] = np.nan
    if not ints[at + PIVOT_OPEN]:
        _try_open(ints, floats, si, sf, at, at_f, stroke, r, sure, row)
    elif _low(sf, r) < floats[at_f + Z_ZG] and _high(sf, r) > floats[at_f + Z_ZD]:
        _extend(ints, floats, si, sf, qi, qf, at, at_f, stroke, r, sure, row)
    else:
        pivot = ints[at + PIVOT_COUNT] - 1
        add_point(ints, si, sf, qi, qf, THIRD_POINT, stroke, r, pivot, np.nan, sure, row)
        if final:
            ints[at + PIVOT_ROW + Z_FINAL] = row
        write_open_pivot(ints, floats, pi, pf, at, at_f)
        ints[at + PIVOT_OPEN] = 0
        ints[at + PIVOT_SEARCH_FROM] = stroke
    second_point(ints, si, sf, qi, qf, at, stroke, r, sure, row)
    write_open_pivot(ints, floats, pi, pf, at, at_f)
