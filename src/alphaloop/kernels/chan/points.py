"""Points (买卖点) on strokes and stroke pivots: first B1/S1, second B2/S2 and third B3a/S3a."""

import numpy as np
import numpy.typing as npt
from numba import njit

from alphaloop.kernels.chan.layout import (
    B1_PIVOT,
    B1_STROKE,
    FIRST_POINT,
    N_POINTS,
    Q_CONFIRMED,
    Q_IDX,
    Q_KIND,
    Q_KNOWN,
    Q_PIVOT,
    Q_PRICE,
    Q_RATIO,
    Q_STROKE,
    RATE,
    S1_PIVOT,
    S1_STROKE,
    S_DIR,
    S_END,
    S_END_PRICE,
    SECOND_POINT,
)

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@njit(cache=True)
def add_point(
    ints: Ints,
    si: Ints,
    sf: Floats,
    qi: Ints,
    qf: Floats,
    kind: int,
    stroke: int,
    r: int,
    pivot: int,
    ratio: float,
    sure: bool,
    row: int,
) -> None:
    """Append a point at the end of stroke number `stroke`, whose figures are in row `r`; buys come on down strokes."""
    q = ints[N_POINTS]
    qi[q, Q_IDX] = si[r, S_END]
    qi[q, Q_KIND] = -si[r, S_DIR] * kind
    qi[q, Q_STROKE] = stroke
    qi[q, Q_PIVOT] = pivot
    qi[q, Q_KNOWN] = row
    qi[q, Q_CONFIRMED] = row if sure else -1
    qf[q, Q_PRICE] = sf[r, S_END_PRICE]
    qf[q, Q_RATIO] = ratio
    ints[N_POINTS] = q + 1


@njit(cache=True)
def first_point(
    ints: Ints,
    floats: Floats,
    si: Ints,
    sf: Floats,
    qi: Ints,
    qf: Floats,
    at: int,
    stroke: int,
    r: int,
    pivot: int,
    gg: float,
    dd: float,
    ratio: float,
    sure: bool,
    row: int,
) -> None:
    """B1/S1: the stroke leaves the pivot the way it was entered, passes every price of it, and its force has faded."""
    direction = si[r, S_DIR]
    end = sf[r, S_END_PRICE]
    passes = end > gg if direction > 0 else end < dd
    # A NaN ratio compares false: nothing to measure against is no divergence.
    if passes and ratio <= floats[RATE]:
        add_point(ints, si, sf, qi, qf, FIRST_POINT, stroke, r, pivot, ratio, sure, row)
        mark = S1_STROKE if direction > 0 else B1_STROKE
        ints[at + mark] = stroke
        ints[at + (S1_PIVOT if direction > 0 else B1_PIVOT)] = pivot


@njit(cache=True)
def second_point(
    ints: Ints, si: Ints, sf: Floats, qi: Ints, qf: Floats, at: int, stroke: int, r: int, sure: bool, row: int
) -> None:
    """B2/S2: the next stroke the same way after a first point does not end beyond it."""
    direction = si[r, S_DIR]
    marked = ints[at + (S1_STROKE if direction > 0 else B1_STROKE)]
    if marked < 0 or marked != stroke - 2:
        return
    before, end = sf[marked, S_END_PRICE], sf[r, S_END_PRICE]
    holds = end <= before if direction > 0 else end >= before
    if holds:
        pivot = ints[at + (S1_PIVOT if direction > 0 else B1_PIVOT)]
        add_point(ints, si, sf, qi, qf, SECOND_POINT, stroke, r, pivot, np.nan, sure, row)
