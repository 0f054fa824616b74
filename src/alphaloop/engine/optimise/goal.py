"""What is sought: one metric as large or as small as possible, among the trials that meet every condition."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from alphaloop.core.errors import InvalidError
from alphaloop.engine.optimise.constraints import Constraint
from alphaloop.engine.optimise.space import Point
from alphaloop.engine.optimise.trials import Trial

METRICS = (
    "trades",
    "open_trades",
    "final_equity",
    "fees",
    "bars",
    "total_return",
    "cagr",
    "sharpe",
    "sortino",
    "max_drawdown",
    "calmar",
    "win_rate",
    "profit_factor",
    "expectancy",
)
"""Metrics that every run has."""

_SMALL_IS_GOOD = frozenset({"max_drawdown", "fees", "open_trades"})


@dataclass(frozen=True, slots=True)
class Goal:
    """`maximise` None means what is better for that metric: the smallest drawdown, the largest of nearly all else.
    `fixed` are the parameters that are not searched, so that conditions may name them too."""

    metric: str = "sharpe"
    maximise: bool | None = None
    constraints: tuple[Constraint, ...] = ()
    fixed: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.metric not in METRICS:
            known = ", ".join(METRICS)
            raise InvalidError(f"Known metrics: {known}.", code="unknown_metric", fields=(("metric", "unknown"),))

    @property
    def upward(self) -> bool:
        return self.metric not in _SMALL_IS_GOOD if self.maximise is None else self.maximise

    def admits(self, point: Point) -> bool:
        """Whether the conditions that are about parameters alone hold: others are never run."""
        known = {**self.fixed, **point}
        return all(one.holds(known) for one in self.constraints if one.names <= set(known))

    def value(self, trial: Trial) -> float:
        """The sought figure; NaN where it cannot be told."""
        told = None if trial.metrics is None else trial.metrics.get(self.metric)
        return math.nan if told is None else float(told)

    def excesses(self, trial: Trial) -> list[float]:
        """How far each condition is from holding, 0 where it does."""
        figures = {**self.fixed, **trial.point, **(trial.metrics or {})}
        return [one.excess(figures) for one in self.constraints]

    def meets(self, trial: Trial) -> bool:
        """Whether it was run, its figure can be told, and every condition holds."""
        return math.isfinite(self.value(trial)) and not any(self.excesses(trial))

    def rank(self, trial: Trial) -> float:
        """Larger is better."""
        return self.value(trial) if self.upward else -self.value(trial)


def best_of(trials: Iterable[Trial], goal: Goal) -> Trial | None:
    """The best trial that meets every condition, the earliest of equals; None where there is none."""
    fit = [trial for trial in trials if goal.meets(trial)]
    return max(fit, key=lambda trial: (goal.rank(trial), -trial.number), default=None)
