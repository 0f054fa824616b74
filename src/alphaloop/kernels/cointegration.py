"""Do two prices belong together? Unit-root and Engle-Granger tests, the hedge ratio and how fast a gap closes.

Figures that cannot be told (too few rows, a series that does not move) are NaN."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.regression import Floats, ols

_NAN = float("nan")
SERIES_MAX = 6

# MacKinnon (1994), tests with a constant, one row per number of series (1 is the plain unit-root test). A statistic
# up to _TURN has p = Phi(polynomial of _LEFT), above it Phi(polynomial of _RIGHT); beyond the outer bounds 0 or 1.
_LOWEST = (-18.83, -18.86, -23.48, -28.07, -25.96, -23.27)
_TURN = (-1.61, -2.62, -3.13, -3.47, -3.78, -3.93)
_HIGHEST = (2.74, 0.92, 0.55, 0.61, 0.79, 1.0)
_LEFT = (
    (2.1659, 1.4412, 0.038269),
    (2.92, 1.5012, 0.039796),
    (3.4699, 1.4856, 0.03164),
    (3.9673, 1.4777, 0.026315),
    (4.5509, 1.5338, 0.029545),
    (5.1399, 1.6036, 0.034445),
)
_RIGHT = (
    (1.7339, 0.93202, -0.12745, -0.010368),
    (2.1945, 0.64695, -0.29198, -0.042377),
    (2.5893, 0.45168, -0.36529, -0.050074),
    (3.0387, 0.45452, -0.33666, -0.041921),
    (3.5049, 0.52098, -0.29158, -0.033468),
    (3.9489, 0.58933, -0.25359, -0.02721),
)
# MacKinnon (2010), critical values at 1, 5 and 10 %: a polynomial in 1 / rows.
_CRITICAL = (
    ((-3.43035, -6.5393, -16.786, -79.433), (-2.86154, -2.8903, -4.234, -40.04), (-2.56677, -1.5384, -2.809, 0.0)),
    ((-3.89644, -10.9519, -33.527, 0.0), (-3.33613, -6.1101, -6.823, 0.0), (-3.04445, -4.2412, -2.72, 0.0)),
    ((-4.29374, -14.4354, -33.195, 47.433), (-3.74066, -8.5632, -10.852, 27.982), (-3.45218, -6.2143, -3.718, 0.0)),
    ((-4.64332, -18.1031, -37.972, 0.0), (-4.096, -11.2349, -11.175, 0.0), (-3.8102, -8.3931, -4.137, 0.0)),
    ((-4.95756, -21.8883, -45.142, 0.0), (-4.41519, -14.0405, -12.575, 0.0), (-4.13157, -10.7417, -3.784, 0.0)),
    (
        (-5.24568, -25.6688, -57.737, 88.639),
        (-4.70693, -16.9178, -17.492, 60.007),
        (-4.42501, -13.1875, -5.104, 27.877),
    ),
)


class UnitRoot(NamedTuple):
    """Augmented Dickey-Fuller test: a small `p_value` speaks for a series that returns to a level.

    `lags` differences were used; `critical` holds the statistic needed at 1, 5 and 10 %.
    """

    statistic: float
    p_value: float
    lags: int
    rows: int
    critical: tuple[float, float, float]


class Cointegration(NamedTuple):
    """Engle-Granger test of y on x: a small `p_value` speaks for prices that belong together.

    `spread` float64[T] = y - intercept - x @ hedge, NaN where a price is absent. `half_life` is in rows.
    """

    statistic: float
    p_value: float
    lags: int
    critical: tuple[float, float, float]
    intercept: float
    hedge: Floats
    half_life: float
    spread: Floats
    rows: int


def unit_root(values: npt.ArrayLike, max_lags: int | None = None) -> UnitRoot:
    """Augmented Dickey-Fuller test with a constant of float64[T]; absent (NaN) rows are skipped.

    Lags up to `max_lags` (default: 12 x (T / 100) ^ 1/4, Schwert, 1989) are chosen by Akaike's criterion; p-values are
    MacKinnon's (1994). ValueError for more than one column.
    """
    kept = _present(values)
    statistic, lags, rows = _dickey_fuller(kept, constant=True, max_lags=max_lags)
    return UnitRoot(statistic, p_value(statistic), lags, rows, critical_values(1, rows))


def cointegration(y: npt.ArrayLike, x: npt.ArrayLike, max_lags: int | None = None) -> Cointegration:
    """Engle and Granger's (1987) test of y float64[T] on x float64[T] or [T,K]: does the gap between them return?

    Least squares with a constant gives the hedge ratios, then the gap is tested for a unit root, with p-values for
    K + 1 series. Rows with an absent price are left out. ValueError for more than five x, or shapes that differ.
    """
    fit = ols(y, x)
    series = len(fit.coefficients)
    if series > SERIES_MAX:
        raise ValueError(f"at most {SERIES_MAX} series can be tested together")
    rest = fit.residuals[np.isfinite(fit.residuals)]
    statistic, lags = _NAN, 0
    # A gap that is nothing but rounding says nothing about how it returns.
    if fit.r2 < 1.0 - 1e-10:
        statistic, lags, _ = _dickey_fuller(rest, constant=False, max_lags=max_lags)
    return Cointegration(
        statistic=statistic,
        p_value=p_value(statistic, series),
        lags=lags,
        critical=critical_values(series, fit.rows - 1),
        intercept=float(fit.coefficients[0]),
        hedge=fit.coefficients[1:],
        half_life=half_life(rest) if fit.r2 < 1.0 - 1e-10 else _NAN,
        spread=fit.residuals,
        rows=fit.rows,
    )


def half_life(spread: npt.ArrayLike) -> float:
    """Rows until half of a gap has closed: -ln 2 / ln(1 + b), from change = a + b x level; NaN when it does not close.

    b at or below -1 overshoots in one row and has no half-life either.
    """
    values = _present(spread)
    if len(values) < 4:
        return _NAN
    slope = float(ols(np.diff(values), values[:-1]).coefficients[1])
    return -math.log(2.0) / math.log1p(slope) if -1.0 < slope < 0.0 else _NAN


def p_value(statistic: float, series: int = 1) -> float:
    """MacKinnon's (1994) approximate p-value of a Dickey-Fuller statistic over `series` series, 0..1."""
    if math.isnan(statistic):
        return _NAN
    n = series - 1
    if statistic > _HIGHEST[n]:
        return 1.0
    if statistic < _LOWEST[n]:
        return 0.0
    terms = _LEFT[n] if statistic <= _TURN[n] else _RIGHT[n]
    point = sum(term * statistic**power for power, term in enumerate(terms))
    return 0.5 * math.erfc(-point / math.sqrt(2.0))


def critical_values(series: int, rows: int) -> tuple[float, float, float]:
    """The statistic needed at 1, 5 and 10 % over `rows` rows (MacKinnon, 2010); NaN without rows."""
    if rows < 1:
        return _NAN, _NAN, _NAN
    one, five, ten = (sum(term / rows**power for power, term in enumerate(level)) for level in _CRITICAL[series - 1])
    return one, five, ten


def _present(values: npt.ArrayLike) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise ValueError("the test takes one column of numbers")
    return array[np.isfinite(array)]


def _dickey_fuller(values: Floats, *, constant: bool, max_lags: int | None) -> tuple[float, int, int]:
    """(statistic, lags, rows of the regression); the statistic is the t of the level in change = level + lags."""
    rows = len(values)
    wanted = math.ceil(12.0 * (rows / 100.0) ** 0.25) if max_lags is None else max_lags
    most = min(wanted, rows // 2 - int(constant) - 1)
    if most < 0 or float(np.ptp(values)) == 0.0:
        return _NAN, 0, 0
    lags = _best_lags(values, most, constant=constant)
    change, design = _lagged(values, lags)
    fit = ols(change, design, intercept=constant)
    return float(fit.t[int(constant)]), lags, len(change)


def _best_lags(values: Floats, most: int, *, constant: bool) -> int:
    """The number of lags with the smallest Akaike criterion, all judged on the same rows."""
    change, design = _lagged(values, most)
    if constant:
        design = np.column_stack([np.ones(len(change)), design])
    q, _ = np.linalg.qr(design)
    # One factorisation serves every number of lags: each further column takes its own share off the squares.
    left = float(change @ change) - np.cumsum((q.T @ change) ** 2)
    shortest = 1 + int(constant)
    used = np.arange(shortest, design.shape[1] + 1)
    criterion = len(change) * np.log(np.maximum(left[shortest - 1 :], 1e-300)) + 2.0 * used
    return int(np.argmin(criterion))


def _lagged(values: Floats, lags: int) -> tuple[Floats, Floats]:
    """Changes, and beside each the level before it and the `lags` changes before it."""
    change = np.diff(values)
    before = [change[lags - k : len(change) - k] for k in range(1, lags + 1)]
    return change[lags:], np.column_stack([values[lags:-1], *before])
