"""The small records every explanation is made of: plain numbers, so that a page may use its own words for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.chan.tables import ChanTables

Floats = npt.NDArray[np.float64]
Table = npt.NDArray[np.void]
Bars = Mapping[str, npt.ArrayLike]
"""Name → column of the bars the tables were made from: open, high, low, close, volume."""


@dataclass(frozen=True, slots=True)
class Check:
    """One rule and the two numbers it compares.

    value, limit   in the unit of the rule, see the function that makes it; NaN when there is nothing to compare
    bars           first and last row of the bars the limit was read from, (-1, -1) when it is no price of bars
    required       false for a rule the configuration leaves out, shown all the same"""

    key: str
    holds: bool
    value: float
    limit: float
    bars: tuple[int, int] = (-1, -1)
    required: bool = True

    @property
    def refuses(self) -> bool:
        """Whether this rule says no."""
        return self.required and not self.holds


@dataclass(frozen=True, slots=True)
class Line:
    """A stroke (level 0) or segment (level 1, …): its row, its bars, and the prices at its ends."""

    n: int
    start_idx: int
    end_idx: int
    direction: int
    start_price: float
    end_price: float


@dataclass(frozen=True, slots=True)
class Life:
    """When something was first seen, when its rule passed, and since when it can no longer change; -1 = not yet."""

    known_at: int
    confirmed_at: int
    final_at: int


def lines_of(tables: ChanTables, level: int) -> Table:
    """The strokes (level 0) or the segments of the level below."""
    return tables.segments[level - 1] if level else tables.strokes


def line_at(lines: Table, n: int) -> Line:
    """Row `n` as a record."""
    row = lines[n]
    ends = (int(row["start_idx"]), int(row["end_idx"]), int(row["direction"]))
    return Line(n, *ends, float(row["start_price"]), float(row["end_price"]))


def life_of(row: np.void) -> Life:
    """The life cycle of a row of any layer that has one."""
    return Life(int(row["known_at"]), int(row["confirmed_at"]), int(row["final_at"]))


def column(bars: Bars, name: str, rows: int) -> Floats:
    """A column of the bars. Raises ValueError when it is absent or not as long as the tables say."""
    if name not in bars:
        raise ValueError(f"the bars have no column {name!r}")
    values = np.ascontiguousarray(bars[name], dtype=np.float64)
    if values.shape != (rows,):
        raise ValueError(f"the {name} column has {values.size} rows, the tables are of {rows} bars")
    return values


def row_of(table: Table, n: int, what: str) -> Any:
    """Row `n`, counted from 0. Raises ValueError when there is none: a negative number means no row here."""
    if not 0 <= n < len(table):
        raise ValueError(f"there is no {what} {n}; there are {len(table)}")
    return table[n]
