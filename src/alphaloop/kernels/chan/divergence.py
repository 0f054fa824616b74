"""Divergence (背驰): the MACD histogram measures the force of a stroke; running peaks keep every bar O(1)."""

import numpy as np
import numpy.typing as npt
from numba import njit

from alphaloop.kernels.chan.layout import (
    ALPHA_FAST,
    ALPHA_SIGNAL,
    ALPHA_SLOW,
    B_DEA,
    B_DIF,
    B_HIST,
    B_PEAK_LAST,
    B_PEAK_NEXT,
    DEA,
    EMA_FAST,
    EMA_SLOW,
)

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@njit(cache=True)
def macd_bar(floats: Floats, bars: Floats, row: int, close: float) -> None:
    """DIF = EMA(fast) - EMA(slow), DEA = EMA(DIF), histogram = DIF - DEA (Appel); averages start at the first close."""
    if row == 0:
        floats[EMA_FAST] = close
        floats[EMA_SLOW] = close
        floats[DEA] = 0.0
    else:
        floats[EMA_FAST] += floats[ALPHA_FAST] * (close - floats[EMA_FAST])
        floats[EMA_SLOW] += floats[ALPHA_SLOW] * (close - floats[EMA_SLOW])
        floats[DEA] += floats[ALPHA_SIGNAL] * ((floats[EMA_FAST] - floats[EMA_SLOW]) - floats[DEA])
    bars[row, B_DIF] = floats[EMA_FAST] - floats[EMA_SLOW]
    bars[row, B_DEA] = floats[DEA]
    bars[row, B_HIST] = bars[row, B_DIF] - bars[row, B_DEA]
    bars[row, B_PEAK_LAST] = 0.0
    bars[row, B_PEAK_NEXT] = 0.0


@njit(cache=True)
def grow_peaks(bars: Floats, row: int, direction: int) -> None:
    """Carry both running peaks to `row`; `direction` is that of the last sure stroke."""
    hist = bars[row, B_HIST] * direction
    bars[row, B_PEAK_LAST] = max(bars[row - 1, B_PEAK_LAST], hist)
    bars[row, B_PEAK_NEXT] = max(bars[row - 1, B_PEAK_NEXT], -hist)


@njit(cache=True)
def restart_peaks(bars: Floats, column: int, start: int, row: int, direction: int) -> None:
    """Recompute one running peak over rows start..row. Called once per sure end, so the cost is amortised O(1)."""
    peak = 0.0
    for i in range(start, row + 1):
        peak = max(peak, bars[i, B_HIST] * direction)
        bars[i, column] = peak


@njit(cache=True)
def peak_ratio(out_peak: float, in_peak: float) -> float:
    """Leaving peak / entering peak; NaN when the entering stroke has no histogram on its side to compare with."""
    return out_peak / in_peak if in_peak > 0.0 else np.nan
