"""How much of a best result is owed to having looked for it: among many trials of nothing, one always shines.

Sharpe ratios here are per row, not per year. What cannot be told is NaN."""

import math
from itertools import combinations
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_NAN = float("nan")
_EULER = 0.5772156649015329
BLOCKS_MAX = 16


class Overfitting(NamedTuple):
    """Over C ways to split the rows in two halves: how the trial that was best in one half did in the other.

    `probability` is the share of splits in which it fell to the lower half of all trials; `chosen` int64[C] names it,
    `in_sample` and `out_of_sample` float64[C] are its Sharpe ratios, `logits` float64[C] its rank. `slope` says how
    much of a better past was left afterwards, `loss_chance` how often it lost money.
    """

    probability: float
    logits: Floats
    chosen: Ints
    in_sample: Floats
    out_of_sample: Floats
    slope: float
    loss_chance: float
    blocks: int


class Deflated(NamedTuple):
    """`sharpe` of a run, the `expected_best` of as many trials without any skill, and the `probability` 0..1 that the
    true ratio is above that."""

    sharpe: float
    expected_best: float
    probability: float
    trials: int


def backtest_overfitting(returns: npt.ArrayLike, blocks: int = BLOCKS_MAX) -> Overfitting:
    """Combinatorially symmetric cross-validation (Bailey, Borwein, Lopez de Prado and Zhu, 2015).

    `returns` float64[T,M]: one column per trial, rows aligned. The first rows are dropped so that `blocks` (even, 2 to
    16) equal blocks remain. A trial that never moved has Sharpe ratio 0. NaN under two trials or four rows a block;
    ValueError for returns that are not finite.
    """
    table = np.asarray(returns, dtype=np.float64)
    if table.ndim != 2 or not np.isfinite(table).all():
        raise ValueError("returns are one finite number per row and trial")
    if blocks % 2 or not 2 <= blocks <= BLOCKS_MAX:
        raise ValueError(f"blocks are an even number from 2 to {BLOCKS_MAX}")
    length, trials = len(table) // blocks, table.shape[1]
    if trials < 2 or length < 4:
        empty = np.empty(0)
        return Overfitting(_NAN, empty, np.empty(0, dtype=np.int64), empty, empty, _NAN, _NAN, blocks)
    # Sums over each block are all that a Sharpe ratio of any union of blocks needs.
    parts = table[len(table) - blocks * length :].reshape(blocks, length, trials)
    sums, squares = parts.sum(axis=1), (parts**2).sum(axis=1)
    halves = np.array(list(combinations(range(blocks), blocks // 2)))
    member = np.zeros((len(halves), blocks))
    np.put_along_axis(member, halves, 1.0, axis=1)
    inside = _ratios(member @ sums, member @ squares, length * blocks // 2)
    outside = _ratios((1.0 - member) @ sums, (1.0 - member) @ squares, length * blocks // 2)
    chosen = inside.argmax(axis=1)
    every = np.arange(len(halves))
    best_in, best_out = inside[every, chosen], outside[every, chosen]
    below = (outside < best_out[:, None]).sum(axis=1)
    equal = (outside == best_out[:, None]).sum(axis=1)
    place = (below + (equal + 1) / 2.0) / (trials + 1.0)
    logits = np.log(place / (1.0 - place))
    varied = best_in - best_in.mean()
    moved = float(varied @ varied)
    return Overfitting(
        probability=float(np.mean(logits <= 0.0)),
        logits=logits,
        chosen=chosen.astype(np.int64),
        in_sample=best_in,
        out_of_sample=best_out,
        slope=float(varied @ best_out) / moved if moved > 0.0 else _NAN,
        loss_chance=float(np.mean(best_out < 0.0)),
        blocks=blocks,
    )


def probabilistic_sharpe(sharpe: float, rows: int, *, skew: float, kurtosis: float, benchmark: float = 0.0) -> float:
    """Probability 0..1 that the true Sharpe ratio is above `benchmark` (Bailey and Lopez de Prado, 2012).

    Ratios per row; `kurtosis` is 3 for a normal distribution.
    """
    width = 1.0 - skew * sharpe + (kurtosis - 1.0) / 4.0 * sharpe**2
    if rows < 2 or not math.isfinite(width) or width <= 0.0:
        return _NAN
    return NormalDist().cdf((sharpe - benchmark) * math.sqrt((rows - 1) / width))


def expected_best_sharpe(spread: float, trials: int) -> float:
    """The largest Sharpe ratio to expect of `trials` independent trials without skill whose ratios vary by `spread`.

    `spread` is a standard deviation (Bailey and Lopez de Prado, 2014). One trial is expected to show nothing.
    """
    if trials < 2:
        return 0.0
    normal = NormalDist()
    high, higher = normal.inv_cdf(1.0 - 1.0 / trials), normal.inv_cdf(1.0 - 1.0 / (trials * math.e))
    return spread * ((1.0 - _EULER) * high + _EULER * higher)


def deflated_sharpe(returns: npt.ArrayLike, trial_sharpes: npt.ArrayLike, trials: int | None = None) -> Deflated:
    """The Sharpe ratio of returns float64[T] less what picking it among trials explains (same source, 2014).

    `trial_sharpes` holds the ratios per row of the trials that were looked at, the chosen one too; `trials` is their
    number, which may be larger than the ratios that are known. NaN under three rows or when returns do not vary.
    """
    values = np.asarray(returns, dtype=np.float64)
    known = np.asarray(trial_sharpes, dtype=np.float64)
    known = known[np.isfinite(known)]
    count = max(len(known), 1) if trials is None else trials
    spread = float(known.std(ddof=1)) if len(known) > 1 else (0.0 if count == 1 else _NAN)
    hurdle = expected_best_sharpe(spread, count)
    if len(values) < 3 or not np.isfinite(values).all() or float(values.std()) <= 1e-14:
        return Deflated(_NAN, hurdle, _NAN, count)
    centred = values - values.mean()
    deviation = float(values.std())
    skew, kurtosis = (float(np.mean(centred**power)) / deviation**power for power in (3, 4))
    ratio = float(values.mean() / values.std(ddof=1))
    chance = probabilistic_sharpe(ratio, len(values), skew=skew, kurtosis=kurtosis, benchmark=hurdle)
    return Deflated(ratio, hurdle, chance, count)


def row_sharpes(returns: npt.ArrayLike) -> Floats:
    """Sharpe ratio per row of each column of float64[T,M]; 0 for a column that never moved."""
    table = np.asarray(returns, dtype=np.float64)
    return _ratios(table.sum(axis=0), (table**2).sum(axis=0), len(table))


def _ratios(sums: Floats, squares: Floats, rows: int) -> Floats:
    mean = sums / rows
    spread = np.sqrt(np.maximum(squares - rows * mean**2, 0.0) / (rows - 1))
    # Returns that differ only by rounding have no spread worth dividing by.
    moved = spread > np.maximum(1e-14, 1e-7 * np.abs(mean))
    ratios: Floats = np.divide(mean, spread, out=np.zeros_like(mean), where=moved)
    return ratios
