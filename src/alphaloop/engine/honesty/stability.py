"""Does the result stand on a hill or on a needle? The same run with parameters a step or two beside the chosen ones."""

import dataclasses
import math
from dataclasses import dataclass
from statistics import median
from typing import Any

from alphaloop.engine.backtest import run_backtest
from alphaloop.engine.honesty.periods import Bars, attempt, common_start, figure, row_times
from alphaloop.engine.honesty.space import neighbours_of
from alphaloop.engine.strategy import Strategy


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One parameter changed; `value` is the metric then, NaN where it cannot be told."""

    changed: str
    to: float
    value: float


@dataclass(frozen=True, slots=True)
class StabilityReport:
    """`kept_share` of the neighbours have half of the chosen metric or more; NaN when that is not above zero.

    `median` and `worst` are over the neighbours whose metric can be told.
    """

    metric: str
    value: float
    neighbours: tuple[Neighbour, ...]
    median: float
    worst: float
    kept_share: float


def parameter_stability(
    strategy: Strategy, bars: Bars, params: Any, *, metric: str = "sharpe", reach: int = 2, **options: Any
) -> StabilityReport:
    """Run `params` and its neighbours over the same rows.

    A neighbour that the strategy refuses, or that needs half of the bars to warm up, is left out. A metric that cannot
    be told, such as that of no trades, counts as not kept. `options` are those of `run_backtest`.
    """
    rows = len(row_times(bars))
    beside = [one for one in neighbours_of(strategy, params, reach) if 2 * strategy.warmup(one[1]) < rows]
    options["start_bar"] = common_start(strategy, [params, *(other for _, other in beside)])

    value = figure(run_backtest(strategy, bars, params, **options), metric)
    runs = ((name, other, attempt(strategy, bars, other, **options)) for name, other in beside)
    found = tuple(
        Neighbour(name, float(dataclasses.asdict(other)[name]), figure(result, metric))
        for name, other, result in runs
        if result is not None
    )
    told = [one.value for one in found if math.isfinite(one.value)]
    judged = bool(found) and value > 0.0
    return StabilityReport(
        metric=metric,
        value=value,
        neighbours=found,
        median=median(told) if told else math.nan,
        worst=min(told, default=math.nan),
        kept_share=sum(one.value >= value / 2.0 for one in found) / len(found) if judged else math.nan,
    )
