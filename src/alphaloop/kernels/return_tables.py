"""An equity curve told over time: month by month, and as a ratio that moves, where one figure hides too much."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_DAY_MS = 86_400_000


class MonthlyReturns(NamedTuple):
    """`years` int64[Y]; `months` float64[Y,12], NaN where the curve has no row; `whole` float64[Y] compounds them."""

    years: Ints
    months: Floats
    whole: Floats


def monthly_returns(ts_ms: npt.ArrayLike, equity: npt.ArrayLike) -> MonthlyReturns:
    """Return of each calendar month (UTC) as a fraction: its last equity / the last one before it - 1.

    The first month starts from the first row. A month after the account was emptied is NaN. `ts_ms` int64[T] rises;
    ValueError when the lengths differ.
    """
    times, curve = np.asarray(ts_ms, dtype=np.int64), np.asarray(equity, dtype=np.float64)
    if times.ndim != 1 or times.shape != curve.shape:
        raise ValueError("every row of the curve needs its time")
    if len(times) == 0:
        return MonthlyReturns(np.empty(0, dtype=np.int64), np.empty((0, 12)), np.empty(0))
    months = times.astype("datetime64[ms]").astype("datetime64[M]").astype(np.int64)
    last = np.flatnonzero(np.r_[months[1:] != months[:-1], True])
    before = np.r_[curve[0], curve[last[:-1]]]
    made = np.divide(curve[last], before, out=np.full(len(last), np.nan), where=before > 0.0) - 1.0
    year = months[last] // 12 + 1970
    years = np.arange(year[0], year[-1] + 1)
    table = np.full((len(years), 12), np.nan)
    table[year - year[0], months[last] % 12] = made
    told = np.isfinite(table)
    whole = np.where(told.any(axis=1), np.prod(np.where(told, 1.0 + table, 1.0), axis=1) - 1.0, np.nan)
    return MonthlyReturns(years.astype(np.int64), table, whole)


def day_closes(ts_ms: npt.ArrayLike, equity: npt.ArrayLike) -> tuple[Ints, Floats]:
    """(start of each UTC day with rows, its last equity): a long intraday curve as short as its figures need it.

    ValueError when the lengths differ.
    """
    times, curve = np.asarray(ts_ms, dtype=np.int64), np.asarray(equity, dtype=np.float64)
    if times.ndim != 1 or times.shape != curve.shape:
        raise ValueError("every row of the curve needs its time")
    days = times // _DAY_MS
    last = np.flatnonzero(np.r_[days[1:] != days[:-1], True][: len(days)])
    return days[last] * _DAY_MS, curve[last]


def rolling_sharpe(equity: npt.ArrayLike, window: int, periods_per_year: float) -> Floats:
    """Sharpe ratio of the last `window` returns at each row, float64[T].

    NaN until the window is full, while a return in it cannot be told, and where returns do not vary. ValueError for
    a window under two.
    """
    if window < 2:
        raise ValueError("a rolling Sharpe ratio needs a window of two returns at least")
    curve = np.asarray(equity, dtype=np.float64).reshape(-1)
    made = np.full(len(curve), np.nan)
    if len(curve) <= window or not 0.0 < periods_per_year < math.inf:
        return made
    returns = np.full(len(curve), np.nan)
    usable = (curve[:-1] > 0.0) & np.isfinite(curve[:-1]) & np.isfinite(curve[1:])
    returns[1:][usable] = curve[1:][usable] / curve[:-1][usable] - 1.0
    # Sums that slide gather rounding until a flat stretch seems to vary, so every window is added up afresh.
    _windows(returns, window, math.sqrt(periods_per_year), made)
    return made


@njit(cache=True)
def _windows(returns: Floats, window: int, scale: float, made: Floats) -> None:
    for t in range(window, len(returns)):
        mean = 0.0
        for k in range(t - window + 1, t + 1):
            mean += returns[k]
        mean /= window
        squares = 0.0
        for k in range(t - window + 1, t + 1):
            squares += (returns[k] - mean) ** 2
        spread = math.sqrt(squares / (window - 1))
        if spread > 1e-14:
            made[t] = mean / spread * scale
