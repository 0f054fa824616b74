"""How different luck would have looked: the same returns drawn anew in blocks, the same trades in another order.

Every draw is decided by its seed. A draw whose figure cannot be told is left out of the quantiles."""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Figure = Callable[[Floats], float]
# Draws held at once, times rows: bounds the memory whatever the length of the series.
_CELLS = 4_000_000


class Interval(NamedTuple):
    """A figure and where it lies in `level` of the draws; `told` of the draws had a figure, blocks averaged `block`."""

    value: float
    low: float
    high: float
    level: float
    told: int
    block: float


class TradeLuck(NamedTuple):
    """What other luck would have made of the same trades; each quantile is float64[5] at 5, 25, 50, 75 and 95 %.

    `growth` (last / first - 1) and `drawdown` come from trades drawn with replacement, `order_drawdown` from the same
    trades in another order. `loss_chance` is the share of draws that ended below their start; `drawdown_seen` is that
    of the order that happened.
    """

    growth: Floats
    drawdown: Floats
    order_drawdown: Floats
    drawdown_seen: float
    loss_chance: float
    trades: int


QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def stationary_rows(rng: Generator, rows: int, block: float, draws: int = 1) -> Ints:
    """Row numbers int64[draws, rows] of the stationary bootstrap (Politis and Romano, 1994).

    Blocks begin anywhere, run on past the end to the beginning, and are `block` rows long on average (geometric).
    ValueError for a block below one row.
    """
    if not block >= 1.0:
        raise ValueError("a block is one row long at least")
    begins = rng.random((draws, rows)) < 1.0 / block
    begins[:, :1] = True
    place = np.arange(rows)
    latest = np.maximum.accumulate(np.where(begins, place, 0), axis=1)
    first = rng.integers(0, max(rows, 1), (draws, rows))
    drawn: Ints = (np.take_along_axis(first, latest, axis=1) + place - latest) % max(rows, 1)
    return drawn


def block_length(values: npt.ArrayLike) -> float:
    """The average block that suits the memory of float64[T], in rows (Politis and White, 2004; Patton et al., 2009).

    1 where there is no memory or nothing to measure it by.
    """
    series = np.asarray(values, dtype=np.float64)
    rows = len(series)
    if rows < 10 or not np.isfinite(series).all() or float(np.ptp(series)) == 0.0:
        return 1.0
    insignificant = max(5, math.ceil(math.sqrt(math.log10(rows))))
    most = min(math.ceil(math.sqrt(rows)) + insignificant, rows - 1)
    centred = series - series.mean()
    covariance = np.array([centred[k:] @ centred[: rows - k] for k in range(most + 1)]) / rows
    small = np.abs(covariance[1:] / covariance[0]) < 2.0 * math.sqrt(math.log10(rows) / rows)
    runs = np.lib.stride_tricks.sliding_window_view(small, insignificant).all(axis=1)
    # The memory ends before the first run of small correlations; without such a run the last large one counts.
    ends = int(np.argmax(runs)) if runs.any() else int(np.flatnonzero(np.r_[True, ~small])[-1])
    reach = min(2 * max(ends, 1), most)
    lag = np.arange(1, reach + 1)
    weight = np.minimum(1.0, 2.0 * (1.0 - lag / reach))
    spread = covariance[0] + 2.0 * float(weight @ covariance[1 : reach + 1])
    slope = 2.0 * float((weight * lag) @ covariance[1 : reach + 1])
    if spread == 0.0:
        return 1.0
    best = float(np.cbrt((slope / spread) ** 2 * rows))
    return min(max(best, 1.0), math.ceil(min(3.0 * math.sqrt(rows), rows / 3.0)))


def curve_interval(figure: Figure, equity: npt.ArrayLike, **options: Any) -> Interval:
    """Percentile interval of one figure; options as in `curve_intervals`."""
    return curve_intervals({"figure": figure}, equity, **options)["figure"]


def curve_intervals(
    figures: Mapping[str, Figure],
    equity: npt.ArrayLike,
    *,
    block: float | None = None,
    draws: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, Interval]:
    """Percentile intervals of figures of an equity curve float64[T], such as `lambda curve: sharpe(curve, 252)`.

    The curve's returns are drawn in blocks (default: `block_length` of them) and compounded anew, once for all
    figures. NaN bounds where the curve cannot be read or fewer than half of the draws had the figure. Time and memory
    grow with T: give long intraday curves by the day (`return_tables.day_closes`).
    """
    curve = np.asarray(equity, dtype=np.float64)
    seen = {name: figure(curve) for name, figure in figures.items()}
    if len(curve) < 3 or not bool(np.isfinite(curve).all() and (curve > 0.0).all()):
        return {name: Interval(value, math.nan, math.nan, level, 0, math.nan) for name, value in seen.items()}
    returns = np.diff(np.log(curve))
    length = block_length(returns) if block is None else block
    drawn = np.array(
        [[figure(path) for figure in figures.values()] for path in _drawn_curves(returns, length, draws, seed)]
    ).reshape(draws, len(figures))
    return {name: _interval(value, drawn[:, k], level, length) for k, (name, value) in enumerate(seen.items())}


def _interval(value: float, drawn: Floats, level: float, block: float) -> Interval:
    told = drawn[np.isfinite(drawn)]
    if 2 * len(told) < len(drawn):
        return Interval(value, math.nan, math.nan, level, len(told), block)
    low, high = np.quantile(told, ((1.0 - level) / 2.0, (1.0 + level) / 2.0))
    return Interval(value, float(low), float(high), level, len(told), block)


def trade_luck(returns: npt.ArrayLike, draws: int = 1000, seed: int = 0) -> TradeLuck:
    """Trades one after the other, each float64[N] a return on the equity at its entry, drawn anew and reordered.

    A trade that lost everything ends its path at zero. NaN without trades. Trades that overlapped are taken as if one
    had followed the other.
    """
    each = np.asarray(returns, dtype=np.float64)
    if len(each) == 0 or not np.isfinite(each).all():
        nothing = np.full(len(QUANTILES), np.nan)
        return TradeLuck(nothing, nothing.copy(), nothing.copy(), np.nan, np.nan, len(each))
    rng = np.random.default_rng(seed)
    grown, fallen, ordered = np.empty(draws), np.empty(draws), np.empty(draws)
    for draw in range(draws):
        grown[draw], fallen[draw] = _walked(each[rng.integers(0, len(each), len(each))])
        ordered[draw] = _walked(rng.permutation(each))[1]
    return TradeLuck(
        growth=np.quantile(grown, QUANTILES),
        drawdown=np.quantile(fallen, QUANTILES),
        order_drawdown=np.quantile(ordered, QUANTILES),
        drawdown_seen=_walked(each)[1],
        loss_chance=float(np.mean(grown < 0.0)),
        trades=len(each),
    )


def _drawn_curves(returns: Floats, block: float, draws: int, seed: int) -> Iterator[Floats]:
    rng = np.random.default_rng(seed)
    at_once = max(1, _CELLS // len(returns))
    for first in range(0, draws, at_once):
        rows = stationary_rows(rng, len(returns), block, min(at_once, draws - first))
        paths = np.exp(np.cumsum(returns[rows], axis=1))
        yield from np.concatenate([np.ones((len(paths), 1)), paths], axis=1)


def _walked(returns: Floats) -> tuple[float, float]:
    """(growth, deepest fall from an earlier high) of a path of trades."""
    path = np.cumprod(np.maximum(1.0 + returns, 0.0))
    highs = np.maximum.accumulate(np.maximum(path, 1.0))
    return float(path[-1]) - 1.0, float(np.max(1.0 - path / highs))
