"""Does a factor tell tomorrow's winners from losers? Correlation, decay, quantiles and turnover in one report.

The factor of row t is known at that row's close; what it could earn begins `delay` rows later."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.cross_section import rank
from alphaloop.kernels.regression import ols

Floats = npt.NDArray[np.float64]
# A correlation over fewer instruments is an anecdote.
WIDTH_MIN = 3
# 95 % of a normal lie within so many errors of its mean.
_WIDE = 1.96


class Correlation(NamedTuple):
    """Mean correlation of factor and return after `horizon` rows, over `rows` rows, with the share above zero.

    `ratio` is mean / deviation; `t` and the 95 % interval `low` to `high` allow for returns that overlap (Newey and
    West, horizon - 1 lags).
    """

    horizon: int
    mean: float
    low: float
    high: float
    deviation: float
    ratio: float
    t: float
    hit: float
    rows: int


class FactorReport(NamedTuple):
    """One factor over H horizons and Q quantiles; NaN where a figure cannot be told.

    `ic` and `rank_ic` float64[H,T] by row (Pearson and Spearman), summed up in `linear` and `ranked`; the means of
    `ranked` over rising horizons are the decay. `quantile_returns` float64[H,Q] are mean returns of the lowest to the
    highest quantile, `spread` float64[H] of highest less lowest. `turnover` float64[Q] is the share of a quantile that
    was not in it a row before, `renewed` float64[H,Q] the share that was not in it `horizon` rows before; `break_even`
    float64[H] is the cost a side that eats the spread of a book renewed so often, as a fraction of the price.
    `persistence` is the mean rank correlation of the factor with itself a row before.
    `coverage` is the mean share of priced instruments that have a factor.
    """

    horizons: tuple[int, ...]
    delay: int
    ic: Floats
    rank_ic: Floats
    linear: tuple[Correlation, ...]
    ranked: tuple[Correlation, ...]
    quantile_returns: Floats
    spread: Floats
    turnover: Floats
    renewed: Floats
    break_even: Floats
    persistence: float
    coverage: float


def factor_report(
    factor: npt.ArrayLike,
    close: npt.ArrayLike,
    *,
    horizons: Sequence[int] = (1, 5, 20),
    quantiles: int = 5,
    delay: int = 1,
) -> FactorReport:
    """Report on factor float64[T,N] by closes float64[T,N]; NaN is absent.

    The return of row t and horizon h is close[t + delay + h] / close[t + delay] - 1. With delay 0 the close that the
    factor was made of is also traded, which no account can do. ValueError for shapes or numbers that do not fit.
    """
    values, prices = np.asarray(factor, dtype=np.float64), np.asarray(close, dtype=np.float64)
    if values.ndim != 2 or values.shape != prices.shape:
        raise ValueError("factor and closes are tables of one shape")
    if not horizons or min(horizons) < 1 or quantiles < 2 or delay < 0:
        raise ValueError("horizons are 1 or more, quantiles 2 or more, the delay 0 or more")
    values = np.where(np.isfinite(values), values, np.nan)
    bins = quantile_of(values, quantiles)
    ahead = [forward_returns(prices, horizon, delay) for horizon in horizons]
    ic = np.stack([correlate_rows(values, returns) for returns in ahead])
    ranked = np.stack([correlate_ranks(values, returns) for returns in ahead])
    earned = np.stack([_quantile_means(bins, returns, quantiles) for returns in ahead])
    renewed = np.stack([quantile_turnover(bins, quantiles, horizon) for horizon in horizons])
    spread = earned[:, -1] - earned[:, 0]
    # Whoever leaves is sold and whoever comes is bought, on both sides of the book.
    traded = 2.0 * (renewed[:, -1] + renewed[:, 0])
    priced = np.isfinite(prices)
    return FactorReport(
        horizons=tuple(horizons),
        delay=delay,
        ic=ic,
        rank_ic=ranked,
        linear=tuple(_summed_up(row, horizon) for row, horizon in zip(ic, horizons, strict=True)),
        ranked=tuple(_summed_up(row, horizon) for row, horizon in zip(ranked, horizons, strict=True)),
        quantile_returns=earned,
        spread=spread,
        turnover=quantile_turnover(bins, quantiles),
        renewed=renewed,
        break_even=np.divide(spread, traded, out=np.full(len(spread), np.nan), where=traded > 0.0),
        persistence=_mean(correlate_ranks(values[1:], values[:-1])),
        coverage=float((np.isfinite(values) & priced).sum() / priced.sum()) if priced.any() else math.nan,
    )


def forward_returns(close: npt.ArrayLike, horizon: int, delay: int = 1) -> Floats:
    """close[t + delay + horizon] / close[t + delay] - 1 for each row t, float64[T,N]; NaN where a close is absent."""
    prices = np.asarray(close, dtype=np.float64)
    made = np.full(prices.shape, np.nan)
    rows = len(prices) - delay - horizon
    if rows <= 0:
        return made
    first, last = prices[delay : delay + rows], prices[delay + horizon :]
    usable = np.isfinite(first) & np.isfinite(last) & (first > 0.0)
    np.divide(last, first, out=made[:rows], where=usable)
    return made - 1.0


def quantile_of(values: npt.ArrayLike, quantiles: int) -> npt.NDArray[np.int64]:
    """Quantile 0 (lowest) to `quantiles` - 1 of each value in its row, int64[T,N]; -1 where it is absent.

    Quantiles hold equally many; equal values share one. Rows with fewer values than quantiles have none.
    """
    table = np.asarray(values, dtype=np.float64)
    places = rank(table)
    enough = np.isfinite(places).sum(axis=1) >= quantiles
    told = np.isfinite(places) & enough[:, None]
    # A place of exactly k / quantiles belongs below the border, whichever way its division rounded.
    return np.where(told, np.ceil(np.where(told, places, 1.0) * quantiles - 1e-9), 0.0).astype(np.int64) - 1


def correlate_rows(one: npt.ArrayLike, other: npt.ArrayLike) -> Floats:
    """Pearson correlation of each row's pairs, float64[T]; NaN under three pairs or when one side does not vary."""
    x, y = np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)
    both = np.isfinite(x) & np.isfinite(y)
    count = both.sum(axis=1)
    x, y = (_centred(side, both, count) for side in (x, y))
    wide, high = (x**2).sum(axis=1), (y**2).sum(axis=1)
    # A side scaled to 1 that varies by less than rounding does not vary.
    usable = (count >= WIDTH_MIN) & (np.minimum(wide, high) > 1e-24)
    made = np.full(len(x), np.nan)
    np.divide((x * y).sum(axis=1), np.sqrt(wide * high), out=made, where=usable)
    return made


def correlate_ranks(one: Floats, other: Floats) -> Floats:
    """The same for the ranks of each row's pairs (Spearman), float64[T]."""
    both = np.isfinite(one) & np.isfinite(other)
    return correlate_rows(rank(np.where(both, one, np.nan)), rank(np.where(both, other, np.nan)))


def quantile_turnover(bins: npt.NDArray[np.int64], quantiles: int, rows: int = 1) -> Floats:
    """Mean share of each quantile's members, float64[Q], that were not in it `rows` rows before."""
    made = np.full(quantiles, np.nan)
    for q in range(quantiles):
        now, before = bins[rows:] == q, bins[: max(len(bins) - rows, 0)] == q
        count = now.sum(axis=1)
        # The first row that has quantiles at all has nothing to differ from.
        usable = (count > 0) & before.any(axis=1)
        if usable.any():
            made[q] = float(np.mean((now & ~before).sum(axis=1)[usable] / count[usable]))
    return made


def _centred(side: Floats, both: npt.NDArray[np.bool_], count: npt.NDArray[np.int64]) -> Floats:
    kept = np.where(both, side, 0.0)
    mean = kept.sum(axis=1) / np.maximum(count, 1)
    scale = np.abs(kept).max(axis=1, initial=0.0)
    centred: Floats = np.where(both, kept - mean[:, None], 0.0) / np.where(scale > 0.0, scale, 1.0)[:, None]
    return centred


def _quantile_means(bins: npt.NDArray[np.int64], returns: Floats, quantiles: int) -> Floats:
    """Mean over the rows of each quantile's mean return, so that every row counts alike."""
    made = np.full(quantiles, np.nan)
    for q in range(quantiles):
        inside = (bins == q) & np.isfinite(returns)
        count = inside.sum(axis=1)
        if count.any():
            sums = np.where(inside, returns, 0.0).sum(axis=1)
            made[q] = float(np.mean(sums[count > 0] / count[count > 0]))
    return made


def _summed_up(values: Floats, horizon: int) -> Correlation:
    told = values[np.isfinite(values)]
    if len(told) < 3:
        nothing = math.nan
        return Correlation(horizon, _mean(told), nothing, nothing, nothing, nothing, nothing, nothing, len(told))
    mean, deviation = float(told.mean()), float(told.std(ddof=1))
    fit = ols(told, np.empty((len(told), 0)), lags=horizon - 1)
    reach = _WIDE * float(fit.errors[0])
    return Correlation(
        horizon=horizon,
        mean=mean,
        low=mean - reach,
        high=mean + reach,
        deviation=deviation,
        ratio=mean / deviation if deviation > 1e-12 else math.nan,
        t=float(fit.t[0]),
        hit=float(np.mean(told > 0.0)),
        rows=len(told),
    )


def _mean(values: Floats) -> float:
    told = values[np.isfinite(values)]
    return float(told.mean()) if len(told) else math.nan
