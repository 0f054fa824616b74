"""Where the price is going: simple and exponential averages, and the MACD built on them."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from alphaloop.kernels.indicators.windows import Floats, check_period, column


class MacdValues(NamedTuple):
    """MACD lines, float64[N] from the batch form, floats from the step form; hist = dif - dea."""

    dif: Floats
    dea: Floats
    hist: Floats


class MacdRow(NamedTuple):
    """One row of `MacdValues`."""

    dif: float
    dea: float
    hist: float


@njit(cache=True)
def _ema(values: Floats, period: int) -> Floats:
    out = np.full(values.shape[0], np.nan)
    alpha = 2.0 / (period + 1.0)
    level, seen = 0.0, 0
    for i in range(values.shape[0]):
        value = values[i]
        if np.isnan(value):
            continue
        level = value if seen == 0 else level + alpha * (value - level)
        seen += 1
        if seen >= period:
            out[i] = level
    return out


# Rows summed side by side: few enough to stay in the nearest cache.
_BLOCK = 512


@njit(cache=True, error_model="numpy")
def _sma(values: Floats, period: int, out: Floats) -> None:
    n = values.shape[0]
    out[: period - 1] = np.nan
    # A window sum carried along drifts and never forgets a NaN; adding up each window keeps every row independent.
    # Many windows are added up at once, each from its oldest row on, so that the sums are those of a plain loop.
    for first in range(period - 1, n, _BLOCK):
        rows = min(_BLOCK, n - first)
        total, window = out[first : first + rows], values[first - period + 1 : first + rows]
        total[:] = 0.0
        j = 0
        while j + 4 <= period:
            a, b, c, d = window[j:], window[j + 1 :], window[j + 2 :], window[j + 3 :]
            for i in range(rows):
                total[i] = total[i] + a[i] + b[i] + c[i] + d[i]
            j += 4
        while j < period:
            a = window[j:]
            for i in range(rows):
                total[i] += a[i]
            j += 1
        for i in range(rows):
            total[i] /= period


def sma(values: npt.ArrayLike, period: int) -> Floats:
    """Mean of the last `period` rows, float64[N]; NaN for the first period-1 rows and where the window has a NaN."""
    rows = column(values)
    # Numpy asks the system for large pages, compiled code does not: many small ones cost more than the sums.
    out = np.empty(len(rows))
    _sma(rows, check_period("period", period), out)
    return out


def ema(values: npt.ArrayLike, period: int) -> Floats:
    """Exponential average with alpha = 2 / (period + 1), started at the first value, shown from row period-1 on.

    An absent (NaN) row gives NaN and leaves the average where it was."""
    return _ema(column(values), check_period("period", period))


class EmaStep:
    """`ema` one value at a time."""

    def __init__(self, period: int) -> None:
        self._period = check_period("period", period)
        self._alpha = 2.0 / (self._period + 1.0)
        self._level = 0.0
        self._seen = 0

    def step(self, value: float) -> float:
        """The average after `value`, NaN while warming up or when `value` is NaN."""
        if np.isnan(value):
            return float("nan")
        self._level = value if self._seen == 0 else self._level + self._alpha * (value - self._level)
        self._seen += 1
        return float(self._level) if self._seen >= self._period else float("nan")


def macd(values: npt.ArrayLike, fast: int = 12, slow: int = 26, signal: int = 9) -> MacdValues:
    """DIF = EMA(fast) - EMA(slow), DEA = EMA(DIF, signal), hist = DIF - DEA (G. Appel, 1979).

    DIF is known from the slower average's first shown row, DEA and hist signal-1 rows later. The Chinese chart habit
    of drawing 2 x hist is left to the chart. Raises ValueError when fast >= slow."""
    _check_macd(fast, slow)
    prices = column(values)
    dif = ema(prices, fast) - ema(prices, slow)
    dea = ema(dif, signal)
    return MacdValues(dif, dea, dif - dea)


def _check_macd(fast: int, slow: int) -> None:
    if check_period("fast", fast) >= check_period("slow", slow):
        raise ValueError("fast must be shorter than slow")


class MacdStep:
    """`macd` one value at a time."""

    def __init__(self, fast: int = 12, slow: int = 26, signal: int = 9) -> None:
        _check_macd(fast, slow)
        self._fast, self._slow, self._signal = EmaStep(fast), EmaStep(slow), EmaStep(signal)

    def step(self, value: float) -> MacdRow:
        """The three lines after `value`."""
        dif = self._fast.step(value) - self._slow.step(value)
        dea = self._signal.step(dif)
        return MacdRow(dif, dea, dif - dea)
