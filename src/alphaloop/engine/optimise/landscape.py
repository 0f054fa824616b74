"""The trials seen from above: a metric over two parameters, and how much each parameter decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from alphaloop.core.errors import InvalidError
from alphaloop.engine.optimise.goal import Goal
from alphaloop.engine.optimise.space import Axis, Space
from alphaloop.engine.optimise.trials import Trial
from alphaloop.engine.panel import Floats, Ints

CELLS_MAX = 24
_GROUPS = 8


@dataclass(frozen=True, slots=True)
class ParameterMap:
    """A metric over two parameters. `x` and `y` are the values, or the middles of equal parts where there are more than
    24; `best` and `mean` float64[y,x] over the trials of a cell whatever their other parameters (NaN: none), `count`
    int64[y,x] how many those were. With one searched parameter `y` is empty of a name and has one row."""

    x_name: str
    y_name: str
    x: tuple[Any, ...]
    y: tuple[Any, ...]
    best: Floats
    mean: Floats
    count: Ints


def parameter_map(trials: Sequence[Trial], space: Space, goal: Goal, x: str, y: str = "") -> ParameterMap:
    """The map over two axes of the space; trials whose figure cannot be told are left out, those that break a condition
    are not. InvalidError 'unknown_axis'."""
    across, up = _axis(space, x), _axis(space, y) if y else None
    if x == y:
        raise InvalidError(
            "A map needs two different parameters.", code="unknown_axis", fields=(("y", "unknown_axis"),)
        )
    told = [trial for trial in trials if np.isfinite(goal.value(trial))]
    columns, x_values = _places(across, [trial.point[x] for trial in told])
    rows, y_values = ([0] * len(told), ("",)) if up is None else _places(up, [trial.point[y] for trial in told])
    shape = (len(y_values), len(x_values))
    best, total, count = np.full(shape, np.nan), np.zeros(shape), np.zeros(shape, dtype=np.int64)
    for row, column, trial in zip(rows, columns, told, strict=True):
        value, before = goal.value(trial), best[row, column]
        if np.isnan(before) or (value > before) == goal.upward:
            best[row, column] = value
        total[row, column] += value
        count[row, column] += 1
    mean = np.divide(total, count, out=np.full(shape, np.nan), where=count > 0)
    return ParameterMap(x, y, x_values, y_values, best, mean, count)


def importance(trials: Sequence[Trial], space: Space, goal: Goal) -> dict[str, float]:
    """Share of the metric's variance that each parameter explains alone (the correlation ratio, Pearson 1905), 0..1.

    Trials are put in up to eight groups by the parameter. Shares need not add up to one: parameters also work together.
    Empty under twice as many trials as groups."""
    told = [trial for trial in trials if np.isfinite(goal.value(trial))]
    if len(told) < 2 * _GROUPS:
        return {}
    values = np.array([goal.value(trial) for trial in told])
    whole = float(np.var(values))
    shares = {}
    for axis in space.axes:
        places = np.array(_places(axis, [trial.point[axis.name] for trial in told], _GROUPS)[0])
        within = sum(
            float(np.var(group)) * len(group) for k in set(places.tolist()) if len(group := values[places == k])
        )
        shares[axis.name] = 1.0 - within / len(values) / whole if whole > 0.0 else 0.0
    return shares


def _axis(space: Space, name: str) -> Axis:
    for axis in space.axes:
        if axis.name == name:
            return axis
    known = ", ".join(axis.name for axis in space.axes)
    raise InvalidError(f"Searched parameters: {known}.", code="unknown_axis", fields=(("x", "unknown_axis"),))


def _places(axis: Axis, values: Sequence[Any], most: int = CELLS_MAX) -> tuple[list[int], tuple[Any, ...]]:
    """(place of each value, what the places are called)."""
    if axis.size is not None and axis.size <= most:
        every = axis.values()
        places = {value: place for place, value in enumerate(every)}
        return [places[value] for value in values], tuple(every)
    width = (axis.high - axis.low) / most
    found = [min(int((value - axis.low) / width), most - 1) for value in values]
    middles = (axis.low + (place + 0.5) * width for place in range(most))
    return found, tuple(round(middle) if axis.whole else float(f"{middle:.4g}") for middle in middles)
