"""Figures that sum up a run: from an equity curve and the profits of its closed trades.

A figure that cannot be told (too few rows, no risk, no loss) is NaN: zero would claim something, infinity would win
every ranking."""

import math

import numpy as np
import numpy.typing as npt

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


def _trades(pnl: npt.ArrayLike) -> list[float]:
    profits: list[float] = np.asarray(pnl, dtype=np.float64).reshape(-1).tolist()
    return profits if all(map(math.isfinite, profits)) else []


def win_rate(pnl: npt.ArrayLike) -> float:
    """Share of closed trades with a profit above zero, 0..1; NaN without trades."""
    profits = _trades(pnl)
    return sum(profit > 0.0 for profit in profits) / len(profits) if profits else _NAN


def profit_factor(pnl: npt.ArrayLike) -> float:
    """Sum of profits / sum of losses; NaN without a loss."""
    profits = _trades(pnl)
    lost = -sum(profit for profit in profits if profit < 0.0)
    return _told(sum(profit for profit in profits if profit > 0.0) / lost) if lost > 0.0 else _NAN


def expectancy(pnl: npt.ArrayLike) -> float:
    """Mean profit of a closed trade, in the unit of `pnl`; NaN without trades."""
    profits = _trades(pnl)
    return _told(sum(profits) / len(profits)) if profits else _NAN
