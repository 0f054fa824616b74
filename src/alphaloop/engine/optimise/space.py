"""The space that is searched: one axis per parameter, out of the bounds and steps that the strategy declares."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from numpy.random import Generator

from alphaloop.core.errors import InvalidError
from alphaloop.engine.strategy import Strategy

Point = dict[str, Any]
"""A value for every axis."""

# An axis without a step is cut into this many parts where values must be listed.
_PARTS = 10
_DIGITS = 10
CORNERS_MAX = 64


@dataclass(frozen=True, slots=True)
class Axis:
    """One searched parameter: `options`, or numbers from `low` to `high` in steps (`step` None: any number)."""

    name: str
    whole: bool = False
    low: float = 0.0
    high: float = 0.0
    step: float | None = None
    options: tuple[Any, ...] = ()

    @property
    def size(self) -> int | None:
        """How many values there are; None where they cannot be counted."""
        if self.options:
            return len(self.options)
        # 0.1 steps from 0 to 0.3 are four values, although 0.3 / 0.1 is a little less than 3 in floats.
        return None if self.step is None else math.floor((self.high - self.low) / self.step + 1e-9) + 1

    def at(self, place: int) -> Any:
        """The value at that place of the list."""
        if self.options:
            return self.options[place]
        step = (self.high - self.low) / _PARTS if self.step is None else self.step
        return self.number(self.low + place * step)

    def values(self) -> list[Any]:
        """Every value; of an axis without a step eleven from end to end."""
        return [self.at(place) for place in range(self.size or _PARTS + 1)]

    def number(self, value: float) -> float | int:
        return round(value) if self.whole else round(value, _DIGITS)

    def draw(self, rng: Generator) -> Any:
        size = self.size
        return self.number(rng.uniform(self.low, self.high)) if size is None else self.at(int(rng.integers(size)))


@dataclass(frozen=True, slots=True)
class Space:
    """Axes to be searched, and the values of the parameters that are not."""

    axes: tuple[Axis, ...]
    fixed: Mapping[str, Any] = field(default_factory=dict)

    @property
    def size(self) -> int | None:
        sizes = [axis.size for axis in self.axes]
        return None if None in sizes else math.prod(size for size in sizes if size is not None)

    def grid(self) -> Iterator[Point]:
        """Every combination, the last axis moving fastest."""
        names = [axis.name for axis in self.axes]
        for values in product(*(axis.values() for axis in self.axes)):
            yield dict(zip(names, values, strict=True))

    def grid_size(self) -> int:
        return math.prod(axis.size or _PARTS + 1 for axis in self.axes)

    def draw(self, rng: Generator) -> Point:
        return {axis.name: axis.draw(rng) for axis in self.axes}

    def corners(self) -> Iterator[Point]:
        """Points with every axis at one of its ends, at most 64: where what a strategy needs is largest."""
        ends = [(axis.name, [axis.at(0), axis.options[-1] if axis.options else _last(axis)]) for axis in self.axes]
        names = [name for name, _ in ends]
        for count, values in enumerate(product(*(found for _, found in ends))):
            if count >= CORNERS_MAX:
                return
            yield dict(zip(names, values, strict=True))

    def key(self, point: Point) -> tuple[Any, ...]:
        """What makes two points the same."""
        return tuple(point[axis.name] for axis in self.axes)


def make_space(strategy: Strategy, ranges: Mapping[str, Any], fixed: Mapping[str, Any] | None = None) -> Space:
    """The space of a strategy's parameters.

    `ranges` are {name: {"low", "high", "step"}} or {name: [values]}, each part optional and within the declared bounds;
    none means every number and switch and choice in its own bounds. All other parameters stay at `fixed` or their
    default. InvalidError names the wrong field."""
    fields = strategy.schema()["properties"]
    # Unknown and unfit names are refused by the strategy's own reading of them.
    held = strategy.parse(dict(fixed or {}))
    wanted = ranges or {name: {} for name, told in fields.items() if _searchable(told) and name not in (fixed or {})}
    if not wanted:
        raise InvalidError("Nothing of this strategy can be searched.", code="empty_space")
    axes = tuple(_axis(strategy, fields, name, given) for name, given in wanted.items())
    return Space(axes, {name: getattr(held, name) for name in fields if name not in wanted})


def _axis(strategy: Strategy, fields: Mapping[str, Any], name: str, given: Any) -> Axis:
    if name not in fields:
        known = ", ".join(fields) or "none"
        raise InvalidError(f"Known parameters: {known}.", code="bad_parameter", fields=((name, "unknown_parameter"),))
    told = fields[name]
    if isinstance(given, list | tuple):
        options = tuple(dict.fromkeys(getattr(strategy.parse({name: value}), name) for value in given))
        if not options:
            raise _refused(name, "An axis needs at least one value.")
        return Axis(name, options=options)
    if "enum" in told or told["type"] == "boolean":
        return Axis(name, options=tuple(told.get("enum", (False, True))))
    if "minimum" not in told:
        raise _refused(name, "A text is searched only over values that are named.")
    low, high = (given.get(end) for end in ("low", "high"))
    low = told["minimum"] if low is None else getattr(strategy.parse({name: low}), name)
    high = told["maximum"] if high is None else getattr(strategy.parse({name: high}), name)
    step = given.get("step") or told.get("step")
    whole = told["type"] == "integer"
    if not low < high:
        raise _refused(name, "A range begins below its end.")
    if step is not None and not (math.isfinite(step) and 0 < step <= high - low and (not whole or step == int(step))):
        raise _refused(name, "A step is above zero, fits into the range, and is whole for whole numbers.")
    return Axis(name, whole=whole, low=float(low), high=float(high), step=None if step is None else float(step))


def _last(axis: Axis) -> Any:
    return axis.number(axis.high) if axis.size is None else axis.at(axis.size - 1)


def _searchable(told: Mapping[str, Any]) -> bool:
    return "minimum" in told or "enum" in told or told["type"] == "boolean"


def _refused(name: str, message: str) -> InvalidError:
    return InvalidError(message, code="bad_range", fields=((name, "bad_range"),))
