"""The parts that every report has, whatever was traded: how sure its figures are, its curve, its months.

Fractions as fractions, money in quote units, times in epoch ms; what cannot be told is None."""

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from alphaloop.engine.backtest import periods_per_year
from alphaloop.engine.panel import Floats, Ints
from alphaloop.kernels import metrics as figures
from alphaloop.kernels.resampling import curve_interval
from alphaloop.kernels.return_tables import day_closes, monthly_returns, rolling_sharpe

CURVE_POINTS = 2000
DRAWS = 500
_ROLLING_DAYS = 126

Plain = dict[str, Any]


def curve_parts(times: Ints, equity: Floats, cash: float, *, benchmark: Floats | None, draws: int) -> Plain:
    """What can be read off an equity after its warm-up, float64[T]: {first_ts, last_ts, intervals, curve, rolling,
    monthly}. `benchmark` stands beside the same rows."""
    days, closes = day_closes(times, equity)
    return {
        "first_ts": int(times[0]) if len(times) else None,
        "last_ts": int(times[-1]) if len(times) else None,
        "intervals": _intervals(closes, days, draws),
        "curve": _curve(times, equity, cash, benchmark),
        "rolling": _rolling(days, closes),
        "monthly": _monthly(times, equity),
    }


def _intervals(closes: Floats, days: Ints, draws: int) -> Plain:
    """95 % bootstrap intervals over daily closes, {name: [low, high]}."""
    if len(closes) < 3 or draws == 0:
        return {}
    rate = periods_per_year(days)
    chosen: dict[str, Callable[[Floats], float]] = {
        "total_return": figures.total_return,
        "sharpe": lambda curve: figures.sharpe(curve, rate),
        "max_drawdown": figures.max_drawdown,
    }
    found = {name: curve_interval(figure, closes, draws=draws) for name, figure in chosen.items()}
    return {name: [number(one.low), number(one.high)] for name, one in found.items()}


def _curve(times: Ints, equity: Floats, cash: float, benchmark: Floats | None) -> Plain:
    """At most CURVE_POINTS rows of the equity and how far it is below its best, deepest point of each stretch kept."""
    best = np.maximum.accumulate(np.concatenate([[cash], equity]))[1:]
    fallen = np.divide(best - equity, best, out=np.zeros(len(equity)), where=best > 0)
    rows = _thinned(fallen)
    made: Plain = {
        "ts": times[rows].tolist(),
        "equity": equity[rows].tolist(),
        "drawdown": fallen[rows].tolist(),
    }
    if benchmark is not None and bool(np.isfinite(benchmark).any()):
        first = benchmark[np.flatnonzero(np.isfinite(benchmark))[0]]
        made["benchmark"] = [number(value) for value in (benchmark[rows] / first * cash).tolist()]
    return made


def _thinned(fallen: Floats) -> Ints:
    size = len(fallen)
    if size <= CURVE_POINTS:
        return np.arange(size)
    edges = np.linspace(0, size, CURVE_POINTS // 2 + 1).astype(np.int64)
    deepest = [int(a + np.argmax(fallen[a:b])) for a, b in itertools.pairwise(edges.tolist())]
    return np.unique(np.concatenate([deepest, edges[1:] - 1]))


def _rolling(days: Ints, closes: Floats) -> Plain:
    if len(closes) <= _ROLLING_DAYS:
        return {"days": _ROLLING_DAYS, "ts": [], "sharpe": []}
    made = rolling_sharpe(closes, _ROLLING_DAYS, periods_per_year(days))
    rows = np.linspace(_ROLLING_DAYS, len(closes) - 1, min(500, len(closes) - _ROLLING_DAYS)).astype(np.int64)
    return {"days": _ROLLING_DAYS, "ts": days[rows].tolist(), "sharpe": [number(made[row]) for row in rows]}


def _monthly(times: Ints, equity: Floats) -> list[Plain]:
    found = monthly_returns(times, equity)
    return [
        {"year": int(year), "months": [number(value) for value in months], "whole": number(whole)}
        for year, months, whole in zip(found.years, found.months.tolist(), found.whole.tolist(), strict=True)
    ]


def told(values: Plain) -> Plain:
    return {name: number(value) for name, value in values.items()}


def number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def market_line(equity: Floats, ts_ms: Ints, benchmark: Floats | None) -> Plain:
    """Alpha, beta, r2 and the benchmark's own return over rows where it is known; {} without one."""
    if benchmark is None:
        return {}
    known = np.isfinite(benchmark)
    own = benchmark[known]
    line = figures.alpha_beta(equity[known], own, periods_per_year(ts_ms))
    return told({"alpha": line.alpha, "beta": line.beta, "r2": line.r2, "benchmark_return": figures.total_return(own)})


def volatility(curve: Floats, rate: float) -> float:
    """Sample deviation of the curve's returns a year; NaN for less than two of them or a curve that touched nil."""
    if len(curve) <= 2 or not bool((curve[:-1] > 0).all()):
        return math.nan
    return float(np.std(np.diff(curve) / curve[:-1], ddof=1) * math.sqrt(rate))
