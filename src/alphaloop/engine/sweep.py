"""One strategy over the same bars with many sets of parameters: only the figures are kept, so that thousands fit."""

from collections.abc import Callable, Sequence
from typing import Any

from alphaloop.engine.backtest import run_backtest
from alphaloop.engine.panel import Series
from alphaloop.engine.strategy import Strategy

Metrics = dict[str, float | int | None]


def run_sweep(
    strategy: Strategy,
    bars: Series | Sequence[Series],
    param_sets: Sequence[Any],
    *,
    on_row: Callable[[int], None] | None = None,
    **rules: Any,
) -> list[Metrics]:
    """The metrics of one backtest per set of parameters, in their order, each equal to `run_backtest(...).metrics`.

    `param_sets` are instances of the strategy's Params, `rules` the keyword arguments of `run_backtest`. `on_row` is
    called with the number of sets done after each; what it raises ends the sweep. InvalidError for the first set that
    a backtest would refuse.
    """
    rows: list[Metrics] = []
    for params in param_sets:
        rows.append(run_backtest(strategy, bars, params, **rules).metrics)
        if on_row is not None:
            on_row(len(rows))
    return rows
