"""The kernel's explanations as rows for the wire: bars by their times, prices as text, and numbers as they are.

The words are the page's own; what goes out are keys and the figures that belong to them."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from alphaloop.adapters.feeds.contract import BarTable
from alphaloop.core.errors import NotFoundError
from alphaloop.features.research.rows import price_text
from alphaloop.features.research.structures import Structure
from alphaloop.kernels.chan import ChanConfig
from alphaloop.kernels.chan.explain import (
    Check,
    Life,
    Line,
    Measured,
    PairExplained,
    PointExplained,
    SegmentExplained,
)

_COUNTS = frozenset({"span", "raw_between", "pivots", "follows", "at_once", "lines", "distance"})
_RATIOS = frozenset({"diverges", "gives_back"})
_DIRECTION = {1: "up", -1: "down"}
_KIND = {1: "top", -1: "bottom"}


class Told:
    """One series, and what is told of it."""

    def __init__(self, found: Structure, bars: BarTable, config: ChanConfig, as_of_ms: int) -> None:
        self.tables, self.config, self.as_of_ms = found.tables, config, as_of_ms
        self.bars = {name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}
        self._ts, self._decimals = found.ts, found.decimals

    def fractal_at(self, ts: int) -> int:
        """The row of the fractal whose peak is the bar that opened at `ts`, or NotFoundError 'no_fractal'."""
        row = int(self._ts.searchsorted(ts))
        rows = np.flatnonzero(self.tables.fractals["idx"] == row)
        if row == len(self._ts) or self._ts[row] != ts or not len(rows):
            raise NotFoundError("There is no fractal at that bar.", code="no_fractal")
        return int(rows[0])

    def point(self, told: PointExplained) -> dict[str, Any]:
        pivot = told.pivot
        return {
            "layer": "point",
            "key": told.key,
            "level": told.level,
            "n": told.n,
            "kind": told.kind,
            "ts": self._at(told.idx),
            "price": self._price(told.price),
            "line": self._line(told.line),
            "compared": self._line(told.compared),
            "segment": None
            if told.segment is None
            else {
                "n": told.segment.n,
                "direction": _DIRECTION[told.segment.direction],
                "first_line": told.segment.first_line,
                "last_line": told.segment.last_line,
                "reason": told.segment.reason,
                "sure": told.segment.sure,
            },
            "pivot": None
            if pivot is None
            else {
                "n": pivot.n,
                "start_ts": self._at(pivot.start_idx),
                "end_ts": self._at(pivot.end_idx),
                **{name: self._price(getattr(pivot, name)) for name in ("zg", "zd", "gg", "dd")},
                "first_line": pivot.first_line,
                "last_line": pivot.last_line,
            },
            "rests_on": list(told.rests_on),
            "measure": told.measure or None,
            "ratio": _number(told.ratio),
            "threshold": _number(told.threshold),
            "measures": [_measured(one) for one in told.measures],
            "checks": self._checks(told.checks),
            "life": self._life(told.life),
            "line_final_ts": self._at(told.line_final_at),
            "segment_final_ts": self._at(told.segment_final_at),
        }

    def segment(self, told: SegmentExplained) -> dict[str, Any]:
        return {
            "layer": "segment",
            "key": told.key,
            "level": told.level,
            "n": told.n,
            "line": self._line(told.line),
            "first_line": told.first_line,
            "last_line": told.last_line,
            "reason": told.reason,
            "sure": told.sure,
            "elements": [
                {"lines": list(one.lines), "high": self._price(one.high), "low": self._price(one.low)}
                for one in told.elements
            ],
            "checks": self._checks(told.checks),
            "peak": _row(told.peak),
            "third": _row(told.third),
            "proof": _row(told.proof),
            "behind": _row(told.behind),
            "life": self._life(told.life),
        }

    def pair(self, told: PairExplained) -> dict[str, Any]:
        return {
            "layer": "pair",
            "key": told.key,
            "start": {
                "ts": self._at(told.from_idx),
                "price": self._price(told.from_price),
                "kind": _KIND[told.from_kind],
            },
            "end": {"ts": self._at(told.to_idx), "price": self._price(told.to_price), "kind": _KIND[told.to_kind]},
            "checks": self._checks(told.checks),
            "stroke": self._line(told.stroke),
        }

    def _at(self, row: int) -> int | None:
        return int(self._ts[row]) if row >= 0 else None

    def _price(self, value: float) -> str:
        return price_text(value, self._decimals)

    def _line(self, line: Line | None) -> dict[str, Any] | None:
        if line is None:
            return None
        return {
            "n": line.n,
            "start_ts": self._at(line.start_idx),
            "end_ts": self._at(line.end_idx),
            "direction": _DIRECTION[line.direction],
            "start_price": self._price(line.start_price),
            "end_price": self._price(line.end_price),
        }

    def _life(self, life: Life) -> dict[str, Any]:
        return {f"{name}_ts": self._at(getattr(life, f"{name}_at")) for name in ("known", "confirmed", "final")}

    def _checks(self, checks: Sequence[Check]) -> list[dict[str, Any]]:
        return [
            {
                "key": check.key,
                "unit": _unit(check.key),
                "holds": check.holds,
                "required": check.required,
                "value": _number(check.value),
                "limit": _number(check.limit),
                "from_ts": self._at(check.bars[0]),
                "to_ts": self._at(check.bars[1]),
            }
            for check in checks
        ]


def _unit(key: str) -> str:
    if key == "kinds":
        return "kind"
    return "count" if key in _COUNTS else "ratio" if key in _RATIOS else "price"


def _measured(one: Measured) -> dict[str, Any]:
    return {
        "name": one.name,
        "entering": _number(one.entering),
        "leaving": _number(one.leaving),
        "ratio": _number(one.ratio),
        "decides": one.decides,
    }


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _row(n: int) -> int | None:
    return int(n) if n >= 0 else None
