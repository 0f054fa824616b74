"""Other parameters that might as well have been chosen: the nearest neighbours, and a wider spread around a choice."""

import dataclasses
import math
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from alphaloop.core.errors import InvalidError
from alphaloop.engine.strategy import Strategy

# From half of a value to its double, in even ratios.
_SPREAD = (0.5, 0.7071, 1.0, 1.4142, 2.0)
_GRID_MAX = 100_000


def neighbours_of(strategy: Strategy, params: Any, reach: int = 2) -> list[tuple[str, Any]]:
    """(changed field, parameters) one to `reach` steps beside `params`, one number changed at a time.

    A step is the field's own, or a tenth of its value where that is more. Neighbours outside the bounds do not exist.
    """
    found = []
    for name, value, field in _numbers(strategy, params):
        step = max(field.get("step") or 0.0, _tenth(value, field))
        for count in range(-reach, reach + 1):
            moved = value + count * step
            if count and field["minimum"] <= moved <= field["maximum"]:
                found.append((name, _with(strategy, params, **{name: moved})))
    return [(name, other) for name, other in found if other is not None and other != params]


def spread_around(strategy: Strategy, params: Any, count: int = 32, seed: int = 0) -> list[Any]:
    """`params` and up to `count` - 1 others, every number between half and double of its value, within the bounds.

    All combinations, or a seeded choice among them where there are more; `params` alone where nothing is a number.
    """
    axes: dict[str, list[float]] = {}
    for name, value, field in _numbers(strategy, params):
        near = {_on_grid(min(max(value * ratio, field["minimum"]), field["maximum"]), field) for ratio in _SPREAD}
        axes[name] = sorted(near)
    total = math.prod(len(values) for values in axes.values())
    rng = np.random.default_rng(seed)
    combinations: Iterator[tuple[float, ...]]
    if total <= _GRID_MAX:
        every = list(product(*axes.values()))
        combinations = (every[k] for k in rng.permutation(len(every)))
    else:
        combinations = (tuple(float(rng.choice(values)) for values in axes.values()) for _ in range(20 * count))
    chosen = [params]
    for values in combinations:
        other = _with(strategy, params, **dict(zip(axes, values, strict=True)))
        if len(chosen) < count and other is not None and other not in chosen:
            chosen.append(other)
    return chosen


def _numbers(strategy: Strategy, params: Any) -> Iterator[tuple[str, float, dict[str, Any]]]:
    for name, field in strategy.schema()["properties"].items():
        if field["type"] in ("integer", "number"):
            yield name, float(getattr(params, name)), field


def _tenth(value: float, field: dict[str, Any]) -> float:
    tenth = abs(value) / 10.0 or (field["maximum"] - field["minimum"]) / 100.0
    return float(max(round(tenth), 1)) if field["type"] == "integer" else tenth


def _on_grid(value: float, field: dict[str, Any]) -> float:
    return float(round(value)) if field["type"] == "integer" else round(value, 10)


def _with(strategy: Strategy, params: Any, **changes: float) -> Any | None:
    """The parameters with these changes, or None where the strategy refuses them."""
    given = dataclasses.asdict(params)
    for name, value in changes.items():
        given[name] = round(value) if isinstance(given[name], int) else value
    try:
        return strategy.parse(given)
    except InvalidError:
        return None
