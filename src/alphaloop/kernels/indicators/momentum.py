"""How hard the price moves: relative strength and the stochastic oscillator."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from alphaloop.kernels.indicators.trend import sma
from alphaloop.kernels.indicators.windows import Floats, check_period, column, columns


class StochasticValues(NamedTuple):
    """%K and its average %D, float64[N] in 0..100."""

    k: Floats
    d: Floats


@njit(cache=True)
def _strength(gain: float, loss: float) -> float:
    total = gain + loss
    # No movement at all is neither strong nor weak.
    return 50.0 if total == 0.0 else 100.0 * (gain / total)


@njit(cache=True)
def _rsi(values: Floats, period: int) -> Floats:
    n = values.shape[0]
    out = np.full(n, np.nan)
    gain, loss, before, seen = 0.0, 0.0, np.nan, 0
    for i in range(n):
        value = values[i]
        if np.isnan(value):
            continue
        if seen > 0:
            change = value - before
            up, down = max(change, 0.0), max(-change, 0.0)
            if seen <= period:
                gain += up / period
                loss += down / period
            else:
                gain += (up - gain) / period
                loss += (down - loss) / period
            if seen >= period:
                out[i] = _strength(gain, loss)
        before = value
        seen += 1
    return out


def rsi(values: npt.ArrayLike, period: int = 14) -> Floats:
    """Relative strength index in 0..100 (J. W. Wilder, New Concepts in Technical Trading Systems, 1978).

    The first average is the plain mean of `period` changes, later ones are smoothed by 1/period; NaN for the first
    `period` rows. A series without any movement gives 50. An absent (NaN) row gives NaN and is passed over."""
    return _rsi(column(values), check_period("period", period))


class RsiStep:
    """`rsi` one value at a time."""

    def __init__(self, period: int = 14) -> None:
        self._period = check_period("period", period)
        self._gain = self._loss = 0.0
        self._before = 0.0
        self._seen = 0

    def step(self, value: float) -> float:
        """The index after `value`, NaN while warming up or when `value` is NaN."""
        if np.isnan(value):
            return float("nan")
        shown = float("nan")
        if self._seen > 0:
            change = value - self._before
            up, down = max(change, 0.0), max(-change, 0.0)
            if self._seen <= self._period:
                self._gain += up / self._period
                self._loss += down / self._period
            else:
                self._gain += (up - self._gain) / self._period
                self._loss += (down - self._loss) / self._period
            if self._seen >= self._period:
                shown = float(_strength(self._gain, self._loss))
        self._before = value
        self._seen += 1
        return shown


@njit(cache=True)
def _raw_k(high: Floats, low: Floats, close: Floats, period: int) -> Floats:
    n = close.shape[0]
    out = np.full(n, np.nan)
    for i in range(period - 1, n):
        top, bottom = high[i], low[i]
        whole = not np.isnan(close[i])
        for j in range(i - period + 1, i + 1):
            whole = whole and not (np.isnan(high[j]) or np.isnan(low[j]))
            top, bottom = max(top, high[j]), min(bottom, low[j])
        if whole:
            out[i] = 50.0 if top == bottom else 100.0 * (close[i] - bottom) / (top - bottom)
    return out


def stochastic(
    high: npt.ArrayLike, low: npt.ArrayLike, close: npt.ArrayLike, *, period: int = 14, smooth: int = 3, signal: int = 3
) -> StochasticValues:
    """Slow stochastic (G. Lane): %K = SMA(smooth) of the close's place in the range of `period` rows, %D = SMA(%K).

    NaN while warming up; a range without width gives 50."""
    highs, lows, closes = columns(high, low, close)
    k = sma(_raw_k(highs, lows, closes, check_period("period", period)), smooth)
    return StochasticValues(k, sma(k, signal))
