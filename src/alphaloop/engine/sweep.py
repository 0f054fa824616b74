"""One strategy over the same bars with many sets of parameters: only the figures are kept, so that thousands fit."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np

from alphaloop.engine.backtest import periods_per_year, sum_up
from alphaloop.engine.course import lay_course
from alphaloop.engine.panel import Series
from alphaloop.engine.portfolio import trip_profits
from alphaloop.engine.simulate import simulate
from alphaloop.engine.strategy import Strategy

Metrics = dict[str, float | int | None]
MEMORY_BYTES = 128 * 1024 * 1024


def run_sweep(
    strategy: Strategy,
    bars: Series | Sequence[Series],
    param_sets: Sequence[Any],
    *,
    on_row: Callable[[int], None] | None = None,
    **conditions: Any,
) -> list[Metrics]:
    """The metrics of one backtest per set of parameters, in their order, each equal to `run_backtest(...).metrics`.

    `param_sets` are instances of the strategy's Params, `conditions` the keyword arguments of `run_backtest`. `on_row`
    is called with the number of sets done after each; what it raises ends the sweep. InvalidError for the first set
    that a backtest would refuse.
    """
    if not param_sets:
        return []
    course = lay_course(strategy, bars, memo=Remembered(), **conditions)
    rate, columns = periods_per_year(course.traded.ts_ms), len(course.traded.names)
    rows: list[Metrics] = []
    for params in param_sets:
        panel, signals, rules = course.plan(params)
        made = simulate(panel, signals, rules, manage=strategy.manage, params=params, ground=course.ground)
        rows.append(sum_up(made, trip_profits(made.fills, columns), rules, rate))
        if on_row is not None:
            on_row(len(rows))
    return rows


class Remembered:
    """What several sets of parameters have in common, computed once; beyond MEMORY_BYTES the least used goes first."""

    def __init__(self, most: int = MEMORY_BYTES) -> None:
        self._most, self._held = most, 0
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()

    def __call__(self, key: Hashable, make: Callable[[], Any]) -> Any:
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        made = make()
        self._kept[key] = made
        self._held += _size(made)
        while self._held > self._most and len(self._kept) > 1:
            self._held -= _size(self._kept.popitem(last=False)[1])
        return made


def _size(made: Any) -> int:
    if isinstance(made, np.ndarray):
        return made.nbytes
    parts = made.values() if isinstance(made, dict) else made if isinstance(made, tuple) else ()
    return sum(_size(part) for part in parts)
