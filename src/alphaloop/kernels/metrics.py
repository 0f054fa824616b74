"""Figures that sum up a run: from an equity curve, the profits of its closed trades and what it held.

A figure that cannot be told (too few rows, no risk, no loss) is NaN: zero would claim something, infinity would win
every ranking."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.regression import ols

Floats = npt.NDArray[np.float64]
_NAN = float("nan")


def _curve(equity: npt.ArrayLike) -> Floats:
    return np.asarray(equity, dtype=np.float64).reshape(-1)


def _usable(equity: Floats) -> bool:
    return equity.shape[0] >= 2 and bool(np.isfinite(equity).all()) and bool((equity[:-1] > 0.0).all())


def _told(value: float) -> float:
    return value if math.isfinite(value) else _NAN


def _excess(equity: Floats, per_year: float, periods_per_year: float) -> Floats | None:
    """Returns of each step above `per_year`, or None when there are under two or one is beyond float range."""
    if not _usable(equity) or equity.shape[0] < 3 or not 0.0 < periods_per_year < math.inf:
        return None
    with np.errstate(over="ignore"):
        excess: Floats = equity[1:] / equity[:-1] - 1.0 - per_year / periods_per_year
    # Beyond this the squares below would overflow; no real account gets near it.
    return excess if bool((np.abs(excess) < 1e100).all()) else None


def _ratio(mean: float, spread: float, periods_per_year: float) -> float:
    # Returns that differ only by rounding have no spread worth dividing by.
    return _told(mean / spread * math.sqrt(periods_per_year)) if spread > 1e-14 else _NAN


def total_return(equity: npt.ArrayLike) -> float:
    """Last / first - 1, as a fraction; NaN under two rows or when money ran out on the way."""
    curve = _curve(equity)
    return _told(float(curve[-1]) / float(curve[0]) - 1.0) if _usable(curve) else _NAN


def cagr(equity: npt.ArrayLike, periods_per_year: float) -> float:
    """Compound annual growth: (last / first) ^ (periods_per_year / steps) - 1, as a fraction."""
    curve = _curve(equity)
    if not _usable(curve) or curve[-1] < 0.0 or not 0.0 < periods_per_year < math.inf:
        return _NAN
    try:
        grown: float = (float(curve[-1]) / float(curve[0])) ** (periods_per_year / (curve.shape[0] - 1))
    except OverflowError:
        return _NAN
    return _told(grown - 1.0)


def sharpe(equity: npt.ArrayLike, periods_per_year: float, risk_free: float = 0.0) -> float:
    """Mean excess return / sample deviation, x sqrt(periods_per_year) (Sharpe, 1994); `risk_free` is per year."""
    excess = _excess(_curve(equity), risk_free, periods_per_year)
    return _NAN if excess is None else _ratio(float(excess.mean()), float(excess.std(ddof=1)), periods_per_year)


def sortino(equity: npt.ArrayLike, periods_per_year: float, target: float = 0.0) -> float:
    """Mean return above `target` (per year) / root mean square shortfall, x sqrt(periods_per_year) (Sortino, 1994)."""
    excess = _excess(_curve(equity), target, periods_per_year)
    if excess is None:
        return _NAN
    shortfall = math.sqrt(float(np.mean(np.minimum(excess, 0.0) ** 2)))
    return _ratio(float(excess.mean()), shortfall, periods_per_year)


def max_drawdown(equity: npt.ArrayLike) -> float:
    """Deepest fall from an earlier high, as a fraction >= 0 (0.25 = a quarter was lost)."""
    curve = _curve(equity)
    if not _usable(curve):
        return _NAN
    with np.errstate(over="ignore"):
        return _told(float(np.max(1.0 - curve / np.maximum.accumulate(curve))))


def calmar(equity: npt.ArrayLike, periods_per_year: float) -> float:
    """CAGR / maximal drawdown (Young, 1991), over the whole curve; NaN without a drawdown."""
    fall = max_drawdown(equity)
    return _told(cagr(equity, periods_per_year) / fall) if fall > 0.0 else _NAN


def ulcer_index(equity: npt.ArrayLike) -> float:
    """Root mean square of the fall from the earlier high, over all rows, as a fraction >= 0 (Martin, 1987)."""
    curve = _curve(equity)
    if not _usable(curve):
        return _NAN
    with np.errstate(over="ignore"):
        fall = 1.0 - curve / np.maximum.accumulate(curve)
        return _told(math.sqrt(float(np.mean(fall**2))))


def omega(equity: npt.ArrayLike, periods_per_year: float, target: float = 0.0) -> float:
    """Sum of returns above `target` (per year) / sum of shortfalls below it (Keating, Shadwick, 2002); NaN without."""
    excess = _excess(_curve(equity), target, periods_per_year)
    if excess is None:
        return _NAN
    short = -float(np.minimum(excess, 0.0).sum())
    return _told(float(np.maximum(excess, 0.0).sum()) / short) if short > 1e-14 else _NAN


def tail_ratio(equity: npt.ArrayLike) -> float:
    """95th percentile of the returns / size of the 5th: above 1 the good days are larger; NaN without a bad tail."""
    excess = _excess(_curve(equity), 0.0, 1.0)
    if excess is None:
        return _NAN
    low, high = np.percentile(excess, (5.0, 95.0))
    return _told(abs(float(high)) / abs(float(low))) if abs(float(low)) > 1e-14 else _NAN


class MarketLine(NamedTuple):
    """Returns against a benchmark's: `alpha` per year (not compounded), `beta`, their t, and the share explained."""

    alpha: float
    beta: float
    alpha_t: float
    beta_t: float
    r2: float


def alpha_beta(
    equity: npt.ArrayLike, benchmark: npt.ArrayLike, periods_per_year: float, risk_free: float = 0.0
) -> MarketLine:
    """Jensen's (1968) alpha and beta: excess returns on the benchmark's, by least squares, row by row of two curves.

    NaN where a curve cannot be read or the benchmark does not move. ValueError when the curves differ in length.
    """
    ours, theirs = _curve(equity), _curve(benchmark)
    if ours.shape != theirs.shape:
        raise ValueError("the curve and its benchmark have different lengths")
    excess, market = (_excess(curve, risk_free, periods_per_year) for curve in (ours, theirs))
    if excess is None or market is None or float(market.std()) <= 1e-14:
        return MarketLine(_NAN, _NAN, _NAN, _NAN, _NAN)
    fit = ols(excess, market)
    (level, slope), (level_t, slope_t) = fit.coefficients.tolist(), fit.t.tolist()
    return MarketLine(_told(level * periods_per_year), slope, level_t, slope_t, fit.r2)


def _trades(pnl: npt.ArrayLike) -> Floats:
    profits = np.asarray(pnl, dtype=np.float64).reshape(-1)
    return profits if bool(np.isfinite(profits).all()) else profits[:0]


def win_rate(pnl: npt.ArrayLike) -> float:
    """Share of closed trades with a profit above zero, 0..1; NaN without trades."""
    profits = _trades(pnl)
    return float(np.mean(profits > 0.0)) if len(profits) else _NAN


def profit_factor(pnl: npt.ArrayLike) -> float:
    """Sum of profits / sum of losses; NaN without a loss."""
    profits = _trades(pnl)
    with np.errstate(over="ignore", invalid="ignore"):
        lost, won = -float(profits[profits < 0.0].sum()), float(profits[profits > 0.0].sum())
        return _told(won / lost) if lost > 0.0 else _NAN


def expectancy(pnl: npt.ArrayLike) -> float:
    """Mean profit of a closed trade, in the unit of `pnl`; NaN without trades."""
    profits = _trades(pnl)
    with np.errstate(over="ignore", invalid="ignore"):
        return _told(float(profits.sum()) / len(profits)) if len(profits) else _NAN


def sqn(pnl: npt.ArrayLike) -> float:
    """System quality number: sqrt(trades) x mean / sample deviation of the trades' profits (Tharp, 2006).

    Pass results in units of the risk taken (R) where trades differ in size; NaN under two trades or when all are equal.
    """
    profits = _trades(pnl)
    # Beyond this the squares below would overflow; no real account gets near it.
    if len(profits) < 2 or float(np.abs(profits).max()) > 1e150:
        return _NAN
    spread = float(profits.std(ddof=1))
    scale = float(np.abs(profits).max())
    return _told(math.sqrt(len(profits)) * float(profits.mean()) / spread) if spread > 1e-12 * scale else _NAN


def held_units(row: npt.ArrayLike, column: npt.ArrayLike, quantity: npt.ArrayLike, shape: tuple[int, int]) -> Floats:
    """Units held after each row, float64[T,N], from fills: bar row, column and signed quantity, one of each a fill."""
    change = np.zeros(shape)
    where = (np.asarray(row, dtype=np.int64), np.asarray(column, dtype=np.int64))
    np.add.at(change, where, np.asarray(quantity, dtype=np.float64))
    held: Floats = change.cumsum(axis=0)
    # Sums of partial fills may miss zero by rounding; less than that is nothing.
    held[np.abs(held) <= 1e-9 * np.maximum.accumulate(np.abs(held), axis=0)] = 0.0
    return held


def time_in_market(held: npt.ArrayLike) -> float:
    """Share of rows with any position, 0..1; `held` is float64[T] or [T,N] in any unit; NaN without rows."""
    units = np.asarray(held, dtype=np.float64)
    if len(units) == 0:
        return _NAN
    return float(np.mean(np.any(units.reshape(len(units), -1) != 0.0, axis=1)))


def gross_exposure(values: npt.ArrayLike, equity: npt.ArrayLike) -> float:
    """Mean over the rows of the sum of |position value| / equity; 1 is fully invested, above 1 is borrowed.

    `values` is float64[T,N] in the unit of `equity` float64[T], NaN meaning no price. ValueError on other shapes.
    """
    curve = _curve(equity)
    if not _usable(curve) or curve[-1] <= 0.0:
        return _NAN
    worth = np.abs(np.asarray(values, dtype=np.float64).reshape(len(curve), -1))
    return _told(float(np.mean(np.nansum(worth, axis=1) / curve)))


def turnover(notional: npt.ArrayLike, equity: npt.ArrayLike, periods_per_year: float) -> float:
    """Half of all that was bought and sold, per year and in units of the mean equity: 1 turns it over once a year.

    `notional` holds price x quantity of every fill, of any sign; `equity` is float64[T].
    """
    curve, traded = _curve(equity), _curve(notional)
    if not _usable(curve) or not np.isfinite(traded).all() or not 0.0 < periods_per_year < math.inf:
        return _NAN
    with np.errstate(over="ignore"):
        years, mean = (len(curve) - 1) / periods_per_year, float(curve.mean())
        return _told(float(np.abs(traded).sum()) / 2.0 / mean / years) if years * mean > 0.0 else _NAN
