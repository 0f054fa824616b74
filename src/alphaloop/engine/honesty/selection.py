"""What a chosen result is worth once all the others that were tried are counted with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from alphaloop.core.errors import InvalidError
from alphaloop.engine.backtest import run_backtest
from alphaloop.engine.honesty.periods import Bars, attempt, common_start, earned, row_times
from alphaloop.engine.panel import Floats
from alphaloop.engine.strategy import Strategy
from alphaloop.kernels.overfit import BLOCKS_MAX, backtest_overfitting, deflated_sharpe, row_sharpes

# Ranks of the chosen trial out of sample, told as a histogram of this many equal classes from worst to best.
RANK_CLASSES = 10


@dataclass(frozen=True, slots=True)
class SelectionReport:
    """`overfitting` is the probability that the best of the past is below the median afterwards (CSCV), 0..1.

    `deflated` is the probability that the chosen Sharpe ratio (`sharpe`, per row) is above `expected_best`, what as
    many trials without skill would have shown. `ranks` int64[10] counts the splits in which the past's best came into
    the worst to the best tenth. `trials` were counted, `known` of them were run here. NaN where it cannot be told.
    """

    trials: int
    known: int
    overfitting: float
    slope: float
    loss_chance: float
    ranks: tuple[int, ...]
    sharpe: float
    expected_best: float
    deflated: float


def judge_selection(
    strategy: Strategy, bars: Bars, params: Any, candidates: Sequence[Any], *, trials: int | None = None, **options: Any
) -> SelectionReport:
    """Probability of overfitting over `candidates`, and the chosen `params` deflated by how many were tried.

    `trials` is the number of all that were ever tried, where that is more than the candidates. Candidates that need
    half of the bars to warm up, or that the strategy refuses, are left out. `options` are those of `run_backtest`.
    """
    rows = len(row_times(bars))
    known = [params, *(one for one in candidates if one != params and 2 * strategy.warmup(one) < rows)]
    if trials is not None and trials < len(known):
        raise InvalidError("There were at least as many trials as candidates.", code="bad_trials")
    returns = trial_returns(strategy, bars, known, **options)
    ratios = row_sharpes(returns)
    split = backtest_overfitting(returns, _blocks(len(returns)))
    deflated = deflated_sharpe(returns[:, 0], ratios, trials)
    places = 1.0 / (1.0 + np.exp(-split.logits))
    ranks = np.histogram(places, bins=RANK_CLASSES, range=(0.0, 1.0))[0]
    return SelectionReport(
        trials=deflated.trials,
        known=returns.shape[1],
        overfitting=split.probability,
        slope=split.slope,
        loss_chance=split.loss_chance,
        ranks=tuple(int(count) for count in ranks),
        sharpe=deflated.sharpe,
        expected_best=deflated.expected_best,
        deflated=deflated.probability,
    )


def trial_returns(strategy: Strategy, bars: Bars, trials: Sequence[Any], **options: Any) -> Floats:
    """Return per row of every trial, float64[T,M], all from the first row on which each of them may trade.

    The first trial must run; others that the strategy refuses have no column.
    """
    options["start_bar"] = common_start(strategy, trials)
    columns = [earned(run_backtest(strategy, bars, trials[0], **options))]
    runs = (attempt(strategy, bars, params, **options) for params in trials[1:])
    return np.stack([*columns, *(earned(run) for run in runs if run is not None)], axis=1)


def _blocks(rows: int) -> int:
    """As many blocks as leave each some thirty rows, an even number from 2 to 16."""
    return int(min(max(rows // 30 // 2 * 2, 2), BLOCKS_MAX))
