"""Conditions that a trial must meet: a parameter or metric against a number or another. They are data, never code."""

import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from alphaloop.core.errors import InvalidError

_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<=": lambda left, right: left <= right,
    ">=": lambda left, right: left >= right,
    "<": lambda left, right: left < right,
    ">": lambda left, right: left > right,
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
}
OPERATORS = tuple(_OPERATORS)
_TEXT = re.compile(r"\s*([a-z_][a-z0-9_]{0,63})\s*(<=|>=|==|!=|<|>)\s*([^\s<>=!]{1,64})\s*", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?([eE]-?[0-9]{1,2})?", re.ASCII)
_FAR = 1e9


@dataclass(frozen=True, slots=True)
class Constraint:
    """`left` is a name, `right` a name or a number."""

    left: str
    op: str
    right: str | float

    @property
    def names(self) -> set[str]:
        return {self.left} | ({self.right} if isinstance(self.right, str) else set())

    def holds(self, figures: Mapping[str, Any]) -> bool:
        """Whether it holds for these figures; one that cannot be told (None) holds nothing."""
        left, right = self._sides(figures)
        return left is not None and right is not None and _OPERATORS[self.op](left, right)

    def excess(self, figures: Mapping[str, Any]) -> float:
        """How far it is from holding: above zero where it does not, and large where a side cannot be told."""
        left, right = self._sides(figures)
        if left is None or right is None:
            return _FAR
        if self.holds(figures):
            return 0.0
        # A strict or unequal relation is broken at a distance of nothing, too.
        return min(abs(left - right), _FAR) or 1e-12

    def _sides(self, figures: Mapping[str, Any]) -> tuple[float | None, float | None]:
        right = figures.get(self.right) if isinstance(self.right, str) else self.right
        return _figure(figures.get(self.left)), _figure(right)

    def __str__(self) -> str:
        return f"{self.left} {self.op} {self.right if isinstance(self.right, str) else format(self.right, 'g')}"


def parse_constraint(text: str, known: Collection[str]) -> Constraint:
    """'max_drawdown <= 0.2' or 'fast < slow' as a condition; InvalidError for anything else."""
    found = _TEXT.fullmatch(text)
    if found is None:
        raise _refused("A condition is written name <= number or name < name.")
    return make_constraint(*found.groups(), known=known)


def make_constraint(left: str, op: str, right: str | float, *, known: Collection[str]) -> Constraint:
    """A condition over `known` names. InvalidError 'bad_constraint'."""
    if isinstance(right, str) and _NUMBER.fullmatch(right):
        right = float(right)
    made = Constraint(left, op, right)
    if op not in _OPERATORS:
        raise _refused(f"A condition compares by one of {' '.join(OPERATORS)}.")
    if not made.names <= set(known):
        raise _refused(f"A condition is about {', '.join(sorted(known))}.")
    if not isinstance(right, str) and not math.isfinite(right):
        raise _refused("A condition's number must be finite.")
    return made


def _figure(value: Any) -> float | None:
    if isinstance(value, bool | int | float) and math.isfinite(value):
        return float(value)
    return None


def _refused(message: str) -> InvalidError:
    return InvalidError(message, code="bad_constraint", fields=(("constraints", "bad_constraint"),))
