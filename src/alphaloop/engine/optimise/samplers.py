"""Ways to walk a space. Each is told every trial there is and asked for points that have not been tried.

All of them depend on seed and trials alone, so that a search which was stopped goes on as if it never had been."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from alphaloop.core.errors import UnavailableError
from alphaloop.engine.optimise.goal import Goal
from alphaloop.engine.optimise.space import Axis, Point, Space
from alphaloop.engine.optimise.trials import Trial

Admits = Callable[[Point], bool]

# Points at random that are all known or refused before a space counts as used up.
_FRUITLESS = 2_000
_LISTED = 100_000
_FIRST = 16
"""Trials at random before the first guess."""


class Sampler(Protocol):
    """`batch` is how many points must be asked for at a time for the same result again; None: any number."""

    batch: int | None

    def ask(self, count: int, trials: Sequence[Trial]) -> list[Point]:
        """Up to `count` new points, fewer when there are no more."""
        ...


class GridSampler:
    """Every combination once, in order."""

    batch: int | None = None

    def __init__(self, space: Space, admits: Admits) -> None:
        self._space = space
        self._rest = (point for point in space.grid() if admits(point))

    def ask(self, count: int, trials: Sequence[Trial]) -> list[Point]:
        return _take(self._rest, count, self._space, trials)


class RandomSampler:
    """Points at random, each at most once."""

    batch: int | None = None

    def __init__(self, space: Space, admits: Admits, seed: int) -> None:
        self._space = space
        self._rest = _at_random(space, admits, seed)

    def ask(self, count: int, trials: Sequence[Trial]) -> list[Point]:
        return _take(self._rest, count, self._space, trials)


class BayesSampler:
    """Points where a model of the trials so far expects the most: Optuna's tree-structured Parzen estimator (Bergstra,
    Bardenet, Bengio and Kegl, 2011), conditions included. The study is made anew from the trials at every batch."""

    batch: int | None = 8

    def __init__(self, space: Space, admits: Admits, goal: Goal, seed: int) -> None:
        try:
            import optuna
        except ImportError:
            raise UnavailableError(
                "The Bayesian search needs Optuna: pip install alphaloop[server].", code="no_optuna"
            ) from None
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._optuna: Any = optuna
        self._space, self._admits, self._goal, self._seed = space, admits, goal, seed
        self._axes = {axis.name: self._distribution(axis) for axis in space.axes}

    def ask(self, count: int, trials: Sequence[Trial]) -> list[Point]:
        fallback = _at_random(self._space, self._admits, self._seed)
        if len(trials) < _FIRST:
            return _take(fallback, min(count, _FIRST - len(trials)), self._space, trials)
        study = self._study(trials)
        known = {self._space.key(trial.point) for trial in trials}
        found: list[Point] = []
        for _ in range(4 * count):
            if len(found) == count:
                break
            point = self._point(study.ask(self._axes).params)
            if self._admits(point) and self._space.key(point) not in known:
                known.add(self._space.key(point))
                found.append(point)
        # A small space is soon known where it is good; the rest of the batch looks elsewhere.
        return [*found, *_take(fallback, count - len(found), self._space, trials, known)]

    def _study(self, trials: Sequence[Trial]) -> Any:
        sampler = self._optuna.samplers.TPESampler(
            seed=(self._seed * 1_000_003 + len(trials)) % 2**32, n_startup_trials=0, multivariate=True
        )
        study = self._optuna.create_study(sampler=sampler, direction="maximize" if self._goal.upward else "minimize")
        study.add_trials([made for trial in trials if (made := self._told(trial)) is not None])
        return study

    def _told(self, trial: Trial) -> Any | None:
        value = self._goal.value(trial)
        if not math.isfinite(value):
            return None
        over = self._goal.excesses(trial)
        return self._optuna.trial.create_trial(
            value=value,
            params=trial.point,
            distributions=self._axes,
            constraints={str(place): excess for place, excess in enumerate(over)} or None,
        )

    def _distribution(self, axis: Axis) -> Any:
        made = self._optuna.distributions
        if axis.options:
            return made.CategoricalDistribution(axis.options)
        if axis.size is None:
            return made.FloatDistribution(axis.low, axis.high)
        last = axis.at(axis.size - 1)
        if axis.whole:
            return made.IntDistribution(int(axis.low), int(last), step=int(axis.step or 1))
        return made.FloatDistribution(axis.low, float(last), step=axis.step)

    def _point(self, params: dict[str, Any]) -> Point:
        return {
            axis.name: params[axis.name] if axis.options else axis.number(params[axis.name])
            for axis in self._space.axes
        }


def _at_random(space: Space, admits: Admits, seed: int) -> Iterator[Point]:
    """Points at random without end; once they only repeat, what is left of a space that can be listed, in a random
    order."""
    rng = np.random.default_rng(seed)
    seen: set[tuple[Any, ...]] = set()
    fruitless = 0
    while fruitless < _FRUITLESS:
        point = space.draw(rng)
        if space.key(point) in seen or not admits(point):
            fruitless += 1
            continue
        fruitless = 0
        seen.add(space.key(point))
        yield point
    if space.size is not None and space.size <= _LISTED:
        rest = [point for point in space.grid() if space.key(point) not in seen and admits(point)]
        yield from (rest[place] for place in rng.permutation(len(rest)))


def _take(
    points: Iterator[Point],
    count: int,
    space: Space,
    trials: Sequence[Trial],
    known: set[tuple[Any, ...]] | None = None,
) -> list[Point]:
    """The next `count` points that nobody knows."""
    known = {space.key(trial.point) for trial in trials} if known is None else known
    found: list[Point] = []
    while len(found) < count and (point := next(points, None)) is not None:
        if space.key(point) not in known:
            found.append(point)
    return found
