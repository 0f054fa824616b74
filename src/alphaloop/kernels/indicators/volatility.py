"""How far the price swings: deviation, Bollinger bands and the true range."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from alphaloop.kernels.indicators.trend import sma
from alphaloop.kernels.indicators.windows import Floats, check_period, column, columns


class BollingerValues(NamedTuple):
    """Middle, upper and lower band, float64[N]."""

    middle: Floats
    upper: Floats
    lower: Floats


@njit(cache=True)
def _stdev(values: Floats, period: int) -> Floats:
    n = values.shape[0]
    out = np.full(n, np.nan)
    for i in range(period - 1, n):
        mean = 0.0
        for j in range(i - period + 1, i + 1):
            mean += values[j]
        mean /= period
        squares = 0.0
        for j in range(i - period + 1, i + 1):
            squares += (values[j] - mean) ** 2
        out[i] = np.sqrt(squares / period)
    return out


def stdev(values: npt.ArrayLike, period: int) -> Floats:
    """Population standard deviation of the last `period` rows, float64[N]; NaN while warming up or over a NaN."""
    return _stdev(column(values), check_period("period", period))


def bollinger(values: npt.ArrayLike, period: int = 20, width: float = 2.0) -> BollingerValues:
    """SMA(period) and the bands `width` population deviations around it (J. Bollinger). ValueError for width < 0."""
    if not width >= 0.0:
        raise ValueError("width must not be negative")
    prices = column(values)
    middle, reach = sma(prices, period), width * stdev(prices, period)
    return BollingerValues(middle, middle + reach, middle - reach)


@njit(cache=True)
def _range_of(high: float, low: float, before: float) -> float:
    if np.isnan(before):
        return high - low
    return max(high - low, abs(high - before), abs(low - before))


@njit(cache=True)
def _true_range(high: Floats, low: Floats, close: Floats) -> Floats:
    n = high.shape[0]
    out = np.full(n, np.nan)
    before = np.nan
    for i in range(n):
        if np.isnan(high[i]) or np.isnan(low[i]) or np.isnan(close[i]):
            continue
        out[i] = _range_of(high[i], low[i], before)
        before = close[i]
    return out


@njit(cache=True)
def _wilder(values: Floats, period: int) -> Floats:
    out = np.full(values.shape[0], np.nan)
    level, seen = 0.0, 0
    for i in range(values.shape[0]):
        if np.isnan(values[i]):
            continue
        seen += 1
        level += values[i] / period if seen <= period else (values[i] - level) / period
        if seen >= period:
            out[i] = level
    return out


def true_range(high: npt.ArrayLike, low: npt.ArrayLike, close: npt.ArrayLike) -> Floats:
    """max(high - low, |high - close before|, |low - close before|) (Wilder, 1978); the first row is high - low."""
    return _true_range(*columns(high, low, close))


def atr(high: npt.ArrayLike, low: npt.ArrayLike, close: npt.ArrayLike, period: int = 14) -> Floats:
    """Average true range (Wilder, 1978): the mean of the first `period` ranges, then smoothed by 1/period.

    float64[N], NaN for the first period-1 rows; absent (NaN) rows give NaN and are passed over."""
    return _wilder(true_range(high, low, close), check_period("period", period))


class AtrStep:
    """`atr` one bar at a time."""

    def __init__(self, period: int = 14) -> None:
        self._period = check_period("period", period)
        self._before = float("nan")
        self._level = 0.0
        self._seen = 0

    def step(self, high: float, low: float, close: float) -> float:
        """The average after this bar, NaN while warming up or when the bar is absent."""
        if np.isnan(high) or np.isnan(low) or np.isnan(close):
            return float("nan")
        reach = float(_range_of(high, low, self._before))
        self._before = close
        self._seen += 1
        self._level += reach / self._period if self._seen <= self._period else (reach - self._level) / self._period
        return self._level if self._seen >= self._period else float("nan")
