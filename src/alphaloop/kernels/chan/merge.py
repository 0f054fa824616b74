"""Containment (包含): raw bars that lie inside one another become one merged bar, so that only direction is left."""

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.chan.compiled import compiled
from alphaloop.kernels.chan.layout import (
    M_DIR,
    M_END,
    M_HIGH,
    M_HIGH_AT,
    M_KIND,
    M_LOW,
    M_LOW_AT,
    M_RAW_HIGH,
    M_RAW_LOW,
    M_START,
    MERGE_RULE,
    N_MERGED,
)

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@compiled
def _open_bar(mi: Ints, mf: Floats, m: int, row: int, high: float, low: float, direction: int) -> None:
    mi[m, M_START] = row
    mi[m, M_END] = row
    mi[m, M_DIR] = direction
    mi[m, M_HIGH_AT] = row
    mi[m, M_LOW_AT] = row
    mi[m, M_KIND] = 0
    mf[m, M_HIGH] = high
    mf[m, M_LOW] = low
    mf[m, M_RAW_HIGH] = high
    mf[m, M_RAW_LOW] = low


@compiled
def _absorb(ints: Ints, mi: Ints, mf: Floats, m: int, row: int, high: float, low: float) -> None:
    one_price = high == low and ints[MERGE_RULE] == 0
    if mi[m, M_DIR] > 0:
        # A one-price bar on the very top says nothing about the low; lifting it would erase the range.
        if not (one_price and high == mf[m, M_HIGH]):
            mf[m, M_HIGH] = max(mf[m, M_HIGH], high)
            mf[m, M_LOW] = max(mf[m, M_LOW], low)
    elif not (one_price and low == mf[m, M_LOW]):
        mf[m, M_HIGH] = min(mf[m, M_HIGH], high)
        mf[m, M_LOW] = min(mf[m, M_LOW], low)
    mi[m, M_END] = row
    if high == mf[m, M_HIGH]:
        mi[m, M_HIGH_AT] = row
    if low == mf[m, M_LOW]:
        mi[m, M_LOW_AT] = row
    mf[m, M_RAW_HIGH] = max(mf[m, M_RAW_HIGH], high)
    mf[m, M_RAW_LOW] = min(mf[m, M_RAW_LOW], low)


@compiled
def merge_bar(ints: Ints, mi: Ints, mf: Floats, row: int, high: float, low: float) -> bool:
    """Take raw bar `row` into the merged bars; True when it opened a new one (O(1))."""
    count = ints[N_MERGED]
    if count == 0:
        _open_bar(mi, mf, 0, row, high, low, 1)
        ints[N_MERGED] = 1
        return True
    m = count - 1
    top, bottom = mf[m, M_HIGH], mf[m, M_LOW]
    directed = ints[MERGE_RULE] == 0 or (m > 0 and mf[m - 1, M_HIGH] != top)
    if directed and ((top >= high and bottom <= low) or (top <= high and bottom >= low)):
        _absorb(ints, mi, mf, m, row, high, low)
        return False
    _open_bar(mi, mf, count, row, high, low, 1 if high > top else -1)
    ints[N_MERGED] = count + 1
    return True
