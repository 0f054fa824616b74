"""Runs of points on the first part of the bars; the rest is held out and seen only by the best."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from alphaloop.core.errors import InvalidError
from alphaloop.engine.extras import need_extras
from alphaloop.engine.honesty.periods import Bars, between, row_times
from alphaloop.engine.optimise.space import Point, Space
from alphaloop.engine.optimise.trials import Metrics, Outcome
from alphaloop.engine.run import run_strategy
from alphaloop.engine.strategy import Strategy
from alphaloop.engine.sweep import run_sweep

HELD_OUT_MAX = 0.6
_LEAST = 20


@dataclass(frozen=True, slots=True)
class Arena:
    """What points are run on: the bars of rows 0 to `cut` - 1, traded from row `start` on, by these rules."""

    strategy: Strategy
    bars: Bars
    rules: Mapping[str, Any]
    start: int
    cut: int
    rows: int


def lay_out(strategy: Strategy, bars: Bars, space: Space, *, held_out: float, rules: Mapping[str, Any]) -> Arena:
    """The arena of a search. `held_out` is the share of rows at the end that no trial sees, 0 to 0.6; `rules` are the
    keyword arguments of `run_backtest`.

    All points trade from the same row, the one from which the slowest of them may: figures of different rows cannot be
    compared. InvalidError 'too_few_bars' when that leaves fewer than half of the rows that trials see."""
    if not 0.0 <= held_out <= HELD_OUT_MAX:
        raise InvalidError(
            f"Between 0 and {HELD_OUT_MAX} of the bars are held out.",
            code="out_of_bounds",
            fields=(("held_out", "out_of_bounds"),),
        )
    rows = len(row_times(bars))
    cut = rows - round(rows * held_out)
    start = max(max(_warmups(strategy, space)), rules.get("start_bar") or 0)
    if cut - start < max(cut / 2, _LEAST):
        raise InvalidError(
            f"The slowest of these parameters trade from bar {start} on, and trials see {cut} bars: take more bars or "
            "narrower ranges.",
            code="too_few_bars",
        )
    return Arena(strategy, between(bars, 0, cut), {**until(rules, cut), "start_bar": start}, start, cut, rows)


def run_points(arena: Arena, space: Space, points: Sequence[Point]) -> list[Outcome]:
    """One outcome a point; what a strategy refuses is told on its own trial, and the others run."""
    outcomes: list[Outcome] = []
    try:
        params = [arena.strategy.parse({**space.fixed, **point}) for point in points]
        return [Outcome(one) for one in _figures(arena, params)]
    except InvalidError as error:
        if len(points) == 1:
            return [Outcome(None, error.message)]
    for point in points:
        outcomes += run_points(arena, space, [point])
    return outcomes


def _figures(arena: Arena, params: Sequence[Any]) -> list[Metrics]:
    if arena.strategy.legs is not None:
        return [run_strategy(arena.strategy, arena.bars, one, **arena.rules).metrics for one in params]
    need_extras(arena.strategy, arena.rules.get("extras") or {})
    return run_sweep(arena.strategy, arena.bars, params, **arena.rules)


def until(rules: Mapping[str, Any], cut: int) -> dict[str, Any]:
    """The rules with everything that has one value a row cut to the first `cut` rows."""
    kept = dict(rules)
    if kept.get("extras"):
        kept["extras"] = {name: values[:cut] for name, values in kept["extras"].items()}
    if kept.get("stakes"):
        kept["stakes"] = {
            name: replace(
                stake,
                mark=None if stake.mark is None else stake.mark[:, :cut],
                funding=None if stake.funding is None else stake.funding[:cut],
            )
            for name, stake in kept["stakes"].items()
        }
    return kept


def _warmups(strategy: Strategy, space: Space) -> list[int]:
    found = []
    for point in space.corners():
        try:
            found.append(int(np.ceil(strategy.warmup(strategy.parse({**space.fixed, **point})))))
        except InvalidError:
            continue
    return found or [0]
