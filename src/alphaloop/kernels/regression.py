"""Least squares with the figures that say how far to trust it: hedge ratios, factor loadings and alphas rest on it.

What cannot be told (too few rows, columns that depend on each other) is NaN, like in `metrics`."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
# Windows factored at once: bounds the memory of a rolling fit whatever the length of the series.
_CHUNK = 4096


class Fit(NamedTuple):
    """A fitted line. With an intercept it is the first of `coefficients`, `errors` and `t`, each float64[K].

    `residuals` float64[T] is NaN on rows that were left out. `degrees` is rows - coefficients. `r2` is about the mean
    with an intercept and about zero without one.
    """

    coefficients: Floats
    errors: Floats
    t: Floats
    r2: float
    adjusted_r2: float
    residuals: Floats
    rows: int
    degrees: int


def ols(y: npt.ArrayLike, x: npt.ArrayLike, *, intercept: bool = True, lags: int | None = None) -> Fit:
    """Ordinary least squares of y float64[T] on x float64[T] or [T,K]; rows with a NaN are left out.

    Errors are the classical ones; with `lags` they allow for residuals that are correlated up to that many rows apart
    and of changing size (Newey and West, 1987, Bartlett weights, no small-sample factor). ValueError when the shapes
    differ.
    """
    target, design = _arrays(y, x, intercept=intercept)
    kept = np.isfinite(target) & np.isfinite(design).all(axis=1)
    rows, width = int(kept.sum()), design.shape[1]
    residuals = np.full(len(target), np.nan)
    factored = _factor(design[kept]) if rows >= width > 0 else None
    if factored is None:
        nothing = np.full(width, np.nan)
        return Fit(nothing, nothing.copy(), nothing.copy(), np.nan, np.nan, residuals, rows, rows - width)
    q, inverse = factored
    coefficients: Floats = inverse @ (q.T @ target[kept])
    residuals[kept] = rest = target[kept] - design[kept] @ coefficients
    spread = _classical(inverse, rest) if lags is None else _newey_west(design[kept], inverse, rest, lags)
    errors = np.sqrt(np.diag(spread))
    t = np.divide(coefficients, errors, out=np.full(width, np.nan), where=errors > 0.0)
    r2, adjusted = _explained(target[kept], rest, width, intercept=intercept)
    return Fit(coefficients, errors, t, r2, adjusted, residuals, rows, rows - width)


def rolling_ols(y: npt.ArrayLike, x: npt.ArrayLike, window: int, *, intercept: bool = True) -> Floats:
    """Coefficients float64[T,K] of the last `window` rows at each row, the intercept first.

    NaN where the window is not full, holds a NaN, or its columns depend on each other. ValueError when the shapes
    differ or the window is shorter than the coefficients are many.
    """
    target, design = _arrays(y, x, intercept=intercept)
    rows, width = design.shape
    if window < max(width, 1):
        raise ValueError("the window is shorter than the line has coefficients")
    made = np.full((rows, width), np.nan)
    whole = np.isfinite(target) & np.isfinite(design).all(axis=1)
    if rows < window:
        return made
    ready = np.flatnonzero(np.lib.stride_tricks.sliding_window_view(whole, window).all(axis=1))
    views = np.lib.stride_tricks.sliding_window_view(design, window, axis=0)
    targets = np.lib.stride_tricks.sliding_window_view(target, window)
    for first in range(0, len(ready), _CHUNK):
        chosen = ready[first : first + _CHUNK]
        made[chosen + window - 1] = _solve_many(views[chosen].transpose(0, 2, 1), targets[chosen])
    return made


def _arrays(y: npt.ArrayLike, x: npt.ArrayLike, *, intercept: bool) -> tuple[Floats, Floats]:
    target = np.asarray(y, dtype=np.float64)
    design = np.asarray(x, dtype=np.float64)
    if design.ndim == 1:
        design = design.reshape(-1, 1)
    if target.ndim != 1 or design.ndim != 2 or len(design) != len(target):
        raise ValueError("a regression takes one value of y and one row of x per observation")
    if intercept:
        design = np.column_stack([np.ones(len(target)), design])
    return target, design


def _factor(design: Floats) -> tuple[Floats, Floats] | None:
    """Q and the inverse of R of columns scaled to one length, R back in the units given; None without full rank."""
    scale = np.sqrt((design**2).sum(axis=0))
    if not bool(np.all((scale > 0.0) & (scale < np.inf))):
        return None
    q, r = np.linalg.qr(design / scale)
    if not bool(np.all(np.abs(np.diag(r)) > 1e-12)):
        return None
    inverse: Floats = np.linalg.inv(r) / scale[:, None]
    return q, inverse


def _solve_many(designs: Floats, targets: Floats) -> Floats:
    """Coefficients float64[M,K] of M small regressions, by one stacked factorisation."""
    scale = np.sqrt((designs**2).sum(axis=1))
    usable = np.all((scale > 0.0) & (scale < np.inf), axis=1)
    scale[~usable] = 1.0
    q, r = np.linalg.qr(designs / scale[:, None, :])
    usable &= np.all(np.abs(np.diagonal(r, axis1=1, axis2=2)) > 1e-12, axis=1)
    r[~usable] = np.eye(r.shape[1])
    solved: Floats = np.linalg.solve(r, np.einsum("mwk,mw->mk", q, targets)[..., None])[..., 0] / scale
    solved[~usable] = np.nan
    return solved


def _classical(inverse: Floats, rest: Floats) -> Floats:
    degrees = len(rest) - inverse.shape[0]
    spread: Floats = inverse @ inverse.T * (float(rest @ rest) / degrees if degrees > 0 else np.nan)
    return spread


def _newey_west(design: Floats, inverse: Floats, rest: Floats, lags: int) -> Floats:
    scores = design * rest[:, None]
    middle = scores.T @ scores
    for lag in range(1, min(lags, len(rest) - 1) + 1):
        both = scores[lag:].T @ scores[:-lag]
        middle += (1.0 - lag / (lags + 1.0)) * (both + both.T)
    bread = inverse @ inverse.T
    spread: Floats = bread @ middle @ bread
    return spread


def _explained(target: Floats, rest: Floats, width: int, *, intercept: bool) -> tuple[float, float]:
    centred = target - target.mean() if intercept else target
    total, degrees = float(centred @ centred), len(target) - width
    # A target that does not move has nothing to explain.
    if total <= 1e-24 * max(float(target @ target), 1e-300) or degrees <= 0:
        return np.nan, np.nan
    r2 = 1.0 - float(rest @ rest) / total
    return r2, 1.0 - (1.0 - r2) * (len(target) - intercept) / degrees
