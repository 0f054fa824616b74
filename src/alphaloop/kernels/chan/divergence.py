"""What divergence (背驰) reads of each bar: the MACD, and the volume or RSI where the measure asks for it."""

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.chan.compiled import compiled
from alphaloop.kernels.chan.forces import RSI, VOLUME, VOLUME_AVG
from alphaloop.kernels.chan.layout import (
    ALPHA_FAST,
    ALPHA_SIGNAL,
    ALPHA_SLOW,
    B_DEA,
    B_DIF,
    B_EXTRA,
    B_HIST,
    DEA,
    EMA_FAST,
    EMA_SLOW,
    LAST_CLOSE,
    RSI_GAIN,
    RSI_LOSS,
)

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@compiled
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


@compiled
def measure_bar(measure: int, floats: Floats, bars: Floats, row: int, close: float, volume: float) -> None:
    """Keep what the measure reads besides the histogram: the volume, or Wilder's RSI over 14 bars."""
    if measure in (VOLUME, VOLUME_AVG):
        bars[row, B_EXTRA] = volume
    elif measure == RSI:
        change = close - floats[LAST_CLOSE] if row > 0 else 0.0
        floats[RSI_GAIN] += (max(change, 0.0) - floats[RSI_GAIN]) / 14.0
        floats[RSI_LOSS] += (max(-change, 0.0) - floats[RSI_LOSS]) / 14.0
        moved = floats[RSI_GAIN] + floats[RSI_LOSS]
        bars[row, B_EXTRA] = 100.0 * floats[RSI_GAIN] / moved if moved > 0.0 else 50.0
        floats[LAST_CLOSE] = close
