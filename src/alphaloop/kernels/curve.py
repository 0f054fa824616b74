"""The figures of an equity curve and of its trades from one walk over each: a sweep asks for them thousands of times.

Definitions, and when a figure cannot be told, are those of `metrics`, which takes curves one figure at a time."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float64]
_NAN = float("nan")
_BLOCK = 512
# Beyond this the squares of returns would overflow; no real account gets near it.
_LARGEST = 1e100


class CurveFigures(NamedTuple):
    """As `metrics` names them, fractions and ratios; NaN where a figure cannot be told."""

    total_return: float
    cagr: float
    sharpe: float
    sortino: float
    max_drawdown: float
    calmar: float


def curve_figures(first: float, rest: Floats, periods_per_year: float) -> CurveFigures:
    """Figures of the curve that begins with `first` and goes on with `rest`, contiguous float64[T], without copying."""
    whole, steep, mean, squares, short, lowest = _walk(float(first), rest)
    if not whole:
        return CurveFigures(*[_NAN] * 6)
    steps, growth = len(rest), float(rest[-1]) / first
    dated = 0.0 < periods_per_year < math.inf
    yearly = _yearly(growth, periods_per_year / steps) if dated and growth >= 0.0 else _NAN
    sharpe = sortino = _NAN
    if dated and steps >= 2 and not steep:
        root = math.sqrt(periods_per_year)
        sharpe = _ratio(mean, math.sqrt(squares / (steps - 1)), root)
        sortino = _ratio(mean, math.sqrt(short / steps), root)
    fall = _told(1.0 - lowest)
    calmar = _told(yearly / fall) if fall > 0.0 else _NAN
    return CurveFigures(_told(growth - 1.0), yearly, sharpe, sortino, fall, calmar)


class ProfitFigures(NamedTuple):
    """As `metrics` names them; NaN where a figure cannot be told."""

    win_rate: float
    profit_factor: float
    expectancy: float


def profit_figures(pnl: Floats) -> ProfitFigures:
    """Figures of the profits of closed trades, contiguous finite float64[K]."""
    count = len(pnl)
    if count == 0:
        return ProfitFigures(_NAN, _NAN, _NAN)
    wins, won, lost, total = _add_up(pnl)
    return ProfitFigures(wins / count, _told(won / lost) if lost > 0.0 else _NAN, _told(total / count))


def _told(value: float) -> float:
    return value if math.isfinite(value) else _NAN


def _yearly(growth: float, power: float) -> float:
    try:
        return _told(growth**power - 1.0)
    except OverflowError:
        return _NAN


def _ratio(mean: float, spread: float, root: float) -> float:
    # Returns that differ only by rounding have no spread worth dividing by.
    return _told(mean / spread * root) if spread > 1e-14 else _NAN


@njit(cache=True, error_model="numpy", fastmath={"reassoc", "nsz"})
def _walk(first: float, rest: Floats) -> tuple[bool, bool, float, float, float, float]:
    """Whether the curve is finite and positive but for its end, whether a return is beyond float range, the mean of
    the returns, their squared distances from it, their squared shortfalls, and the lowest share of an earlier high.

    Blocks keep the sums exact: each has a mean of its own, and they are joined as by T. F. Chan, G. H. Golub and R. J.
    LeVeque (*Algorithms for computing the sample variance*, 1983).
    """
    rows = len(rest)
    returns = np.empty(_BLOCK)
    whole, steep = rows > 0 and 0.0 < first < np.inf, False
    mean, squares, short, peak, lowest = 0.0, 0.0, 0.0, first, 1.0
    for start in range(0, rows, _BLOCK):
        count = min(_BLOCK, rows - start)
        block = rest[start : start + count]
        before = first if start == 0 else rest[start - 1]
        returns[0] = block[0] / before - 1.0
        whole &= before > 0.0
        for i in range(1, count):
            returns[i] = block[i] / block[i - 1] - 1.0
            whole &= block[i - 1] > 0.0
        total, away, below = 0.0, 0.0, 0.0
        for i in range(count):
            total += returns[i]
            whole &= abs(block[i]) < np.inf
            steep |= not abs(returns[i]) < _LARGEST
        own = total / count
        for i in range(count):
            apart, fall = returns[i] - own, min(returns[i], 0.0)
            away += apart * apart
            below += fall * fall
        shift, seen = own - mean, start + count
        mean += shift * count / seen
        squares += away + shift * shift * start * count / seen
        short += below
        for i in range(count):
            peak = max(peak, block[i])
            if block[i] < lowest * peak:
                lowest = block[i] / peak
    return whole, steep, mean, squares, short, lowest


@njit(cache=True)
def _add_up(pnl: Floats) -> tuple[int, float, float, float]:
    wins, won, lost, total = 0, 0.0, 0.0, 0.0
    for i in range(len(pnl)):
        total += pnl[i]
        if pnl[i] > 0.0:
            wins += 1
            won += pnl[i]
        else:
            lost -= pnl[i]
    return wins, won, lost, total
