"""Parts of a history, and what a run earned in them: what every check that runs a strategy again is made of."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from alphaloop.core.errors import InvalidError
from alphaloop.engine.backtest import BacktestResult, run_backtest
from alphaloop.engine.panel import Floats, Ints, Series
from alphaloop.engine.strategy import Strategy

Bars = Series | Sequence[Series]


def row_times(bars: Bars) -> Ints:
    """Start of every row of the panel these bars make, int64[T] in epoch milliseconds."""
    return np.unique(np.concatenate([series.ts_ms for series in all_series(bars)]))


def all_series(bars: Bars) -> list[Series]:
    return [bars] if isinstance(bars, Series) else list(bars)


def between(bars: Bars, first: int, last: int) -> Bars:
    """The bars of rows `first` to `last` - 1 of their panel; an instrument without any keeps its column."""
    times = row_times(bars)
    begin = times[first] if first < len(times) else times[-1] + 1
    end = times[last] if last < len(times) else times[-1] + 1
    parts = []
    for series in all_series(bars):
        kept = slice(*np.searchsorted(series.ts_ms, (begin, end)).tolist())
        columns: dict[str, Any] = {name: getattr(series, name)[kept] for name in Series._fields[1:]}
        parts.append(series._replace(**columns))
    return parts[0] if isinstance(bars, Series) else parts


def common_start(strategy: Strategy, trials: Iterable[Any]) -> int:
    """The first row from which all of these parameters may trade, so that they are judged on the same rows."""
    return max(strategy.warmup(params) for params in trials)


def attempt(strategy: Strategy, bars: Bars, params: Any, **options: Any) -> BacktestResult | None:
    """A run, or None where the strategy refuses these parameters: not every combination makes a rule."""
    try:
        return run_backtest(strategy, bars, params, **options)
    except InvalidError:
        return None


def earned(result: BacktestResult) -> Floats:
    """Return of each row from the first traded one on, float64; 0 once the money was gone."""
    curve = np.concatenate([[result.rules.cash], result.equity[result.rules.start :]])
    made = np.zeros(len(curve) - 1)
    np.divide(curve[1:] - curve[:-1], curve[:-1], out=made, where=curve[:-1] > 0.0)
    return made


def figure(result: BacktestResult, metric: str) -> float:
    """A metric of a run, NaN where it cannot be told; InvalidError when runs have no such metric."""
    if metric not in result.metrics:
        known = ", ".join(result.metrics)
        raise InvalidError(f"Known metrics: {known}.", code="unknown_metric", fields=(("metric", "unknown"),))
    value = result.metrics[metric]
    return math.nan if value is None else float(value)
