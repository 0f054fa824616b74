"""Choose on the past, trade the future, move on: the only result that nobody could have picked afterwards."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from alphaloop.core.errors import InvalidError
from alphaloop.engine.backtest import BacktestResult, periods_per_year, run_backtest
from alphaloop.engine.honesty.periods import Bars, attempt, between, common_start, earned, figure, row_times
from alphaloop.engine.panel import Floats
from alphaloop.engine.strategy import Strategy
from alphaloop.kernels import metrics as figures
from alphaloop.kernels.overfit import deflated_sharpe


class Split(NamedTuple):
    """Rows to choose on and rows to trade, each from the first to before the last."""

    train: tuple[int, int]
    test: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Fold:
    """What was best on the past of a split, and how it did afterwards; metrics are NaN where they cannot be told."""

    split: Split
    params: dict[str, Any]
    in_sample: float
    out_of_sample: float
    gained: float


@dataclass(frozen=True, slots=True)
class WalkForward:
    """`equity` float64 chains the returns of all tests, beginning at 1, from row `first_row` on.

    `sharpe` and `total_return` are of that curve, `probability` 0..1 that its true Sharpe ratio is above zero.
    `efficiency` is the mean metric after the choice / the mean before it, NaN unless the latter is above zero.
    `gaining_share` of the tests made money.
    """

    metric: str
    anchored: bool
    purge: int
    folds: tuple[Fold, ...]
    first_row: int
    equity: Floats
    sharpe: float
    probability: float
    total_return: float
    efficiency: float
    gaining_share: float


def purged_splits(
    rows: int, folds: int, *, first: int = 0, anchored: bool = False, purge: int = 0, train_folds: int = 3
) -> list[Split]:
    """`folds` tests of equal length one after the other, each behind the rows to choose on.

    Those are `train_folds` test lengths, or with `anchored` all rows from `first` on, less the last `purge` rows, whose
    outcome may reach into the test. InvalidError when a part would hold fewer than two rows.
    """
    if folds < 1 or train_folds < 1 or purge < 0:
        raise InvalidError("A walk needs at least one fold to choose on and one to trade.", code="bad_folds")
    length = (rows - first) // (folds + train_folds)
    if length < 2 or train_folds * length - purge < 2:
        raise InvalidError("There are too few bars for so many folds.", code="too_few_bars")
    splits = []
    for fold in range(folds):
        begin = first + (train_folds + fold) * length
        # What does not divide evenly belongs to the last test: it is the newest.
        end = rows if fold == folds - 1 else begin + length
        since = first if anchored else begin - train_folds * length
        splits.append(Split((since, begin - purge), (begin, end)))
    return splits


def walk_forward(
    strategy: Strategy,
    bars: Bars,
    candidates: Sequence[Any],
    *,
    folds: int = 5,
    anchored: bool = False,
    purge: int = 5,
    train_folds: int = 3,
    metric: str = "sharpe",
    **options: Any,
) -> WalkForward:
    """Choose among `candidates` by `metric` on each past, trade the choice on what follows, and chain the tests.

    The strategy always sees its history from the beginning, as live trading would, and trades only inside the part;
    each test starts flat. A candidate that the strategy refuses is passed over; where nothing could be told on a past,
    the first that ran trades. `options` are those of `run_backtest`. InvalidError for no candidates or too few bars.
    """
    if not candidates:
        raise InvalidError("There is nothing to choose among.", code="no_candidates")
    times = row_times(bars)
    splits = purged_splits(
        len(times),
        folds,
        first=common_start(strategy, candidates),
        anchored=anchored,
        purge=purge,
        train_folds=train_folds,
    )
    made, returns = [], []
    for split in splits:
        past = between(bars, 0, split.train[1])
        options["start_bar"] = split.train[0]
        best, score = _best(candidates, [attempt(strategy, past, params, **options) for params in candidates], metric)
        options["start_bar"] = split.test[0]
        result = run_backtest(strategy, between(bars, 0, split.test[1]), best, **options)
        returns.append(earned(result))
        gained = float(np.prod(1.0 + returns[-1])) - 1.0
        made.append(Fold(split, dataclasses.asdict(best), score, figure(result, metric), gained))
    equity = np.cumprod(np.concatenate([[1.0], *(1.0 + part for part in returns)]))
    before, after = (_mean([getattr(fold, name) for fold in made]) for name in ("in_sample", "out_of_sample"))
    return WalkForward(
        metric=metric,
        anchored=anchored,
        purge=purge,
        folds=tuple(made),
        first_row=splits[0].test[0],
        equity=equity,
        sharpe=figures.sharpe(equity, periods_per_year(times)),
        probability=deflated_sharpe(np.concatenate(returns), [], trials=1).probability,
        total_return=figures.total_return(equity),
        efficiency=after / before if before > 0.0 else math.nan,
        gaining_share=sum(fold.gained > 0.0 for fold in made) / len(made),
    )


def _best(candidates: Sequence[Any], runs: Sequence[BacktestResult | None], metric: str) -> tuple[Any, float]:
    """The candidate with the largest metric and that metric; the first that ran where none can be told."""
    ran = [(params, figure(run, metric)) for params, run in zip(candidates, runs, strict=True) if run is not None]
    if not ran:
        raise InvalidError("The strategy refuses every candidate.", code="no_candidates")
    return max(ran, key=lambda one: one[1] if math.isfinite(one[1]) else -math.inf)


def _mean(values: Sequence[float]) -> float:
    # A part without trades has no Sharpe ratio; it earned nothing, and that is what it counts as.
    return sum(value if math.isfinite(value) else 0.0 for value in values) / len(values)
