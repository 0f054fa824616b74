"""What was tried, and what it showed."""

from dataclasses import dataclass
from typing import Any

from alphaloop.engine.optimise.space import Point

Metrics = dict[str, float | int | None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The metrics of one run, or why there was none (`error`, one sentence)."""

    metrics: Metrics | None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Trial:
    """One point that was run, numbered from 0 in the order in which it was asked for."""

    number: int
    point: Point
    metrics: Metrics | None
    error: str = ""

    def to_json(self) -> dict[str, Any]:
        return {"number": self.number, "point": self.point, "metrics": self.metrics, "error": self.error}

    @classmethod
    def of(cls, row: dict[str, Any]) -> "Trial":
        return cls(int(row["number"]), dict(row["point"]), row["metrics"], row.get("error", ""))
