"""Funding and marks of a perpetual laid over the rows of a backtest, so that it is charged what a replay is charged."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from alphaloop.adapters.feeds.contract import BarTable
from alphaloop.engine.convert import to_float
from alphaloop.features.market.marks import Marks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Settled(Protocol):
    """What a settlement must say."""

    @property
    def ts_ms(self) -> int: ...
    @property
    def rate(self) -> Decimal: ...
    @property
    def mark(self) -> Decimal | None: ...


@dataclass(frozen=True, slots=True, eq=False)
class Carry:
    """`mark` float64[3, T]: open, low and high of the mark over each row, the bar's own prices where it is not known in
    whole; `funding` float64[T]: what is settled at each row's open. Both as `engine/rule_arrays.Stake` takes them."""

    mark: "NDArray[np.float64]"
    funding: "NDArray[np.float64]"


def carry_over(table: BarTable, close_ms: "NDArray[np.int64]", marks: Marks, settlements: Sequence[Settled]) -> Carry:
    """Over the rows of a table that end at `close_ms` (int64[T], epoch ms).

    A settlement belongs to the first row that opens at or after it; several between two rows are summed. The mark that
    comes with a rate is the one of that row's open."""
    import numpy as np

    mark = np.stack([table.open, table.low, table.high])
    _lay_marks(mark, table.ts, close_ms, marks)
    funding = np.zeros(len(table))
    rows = np.searchsorted(table.ts, [one.ts_ms for one in settlements]).tolist()
    for row, one in zip(rows, settlements, strict=True):
        if row == len(table) or one.ts_ms < int(table.ts[0]):
            continue
        funding[row] += to_float(one.rate)
        if one.mark is not None:
            stated = to_float(one.mark)
            mark[:, row] = stated, min(mark[1, row], stated), max(mark[2, row], stated)
    return Carry(mark, funding)


def _lay_marks(
    mark: "NDArray[np.float64]", ts: "NDArray[np.int64]", close_ms: "NDArray[np.int64]", marks: Marks
) -> None:
    """Put the marks over every row that they cover in whole."""
    import numpy as np

    series = marks.wide
    if series is None or not len(series.table):
        return
    known, length = series.table, series.timeframe.ms
    first, stop = np.searchsorted(known.ts, ts), np.searchsorted(known.ts, close_ms)
    begins = known.ts[np.minimum(first, len(known) - 1)] == ts
    rows = np.flatnonzero(begins & (stop - first == -(-(close_ms - ts) // length)))
    if not len(rows):
        return
    # reduceat takes runs by their starts; every second run lies between two bars and is left out.
    runs = np.stack([first[rows], stop[rows]], axis=1).ravel()
    mark[0, rows] = known.open[first[rows]]
    mark[1, rows] = np.minimum.reduceat(np.append(known.low, np.inf), runs)[::2]
    mark[2, rows] = np.maximum.reduceat(np.append(known.high, -np.inf), runs)[::2]
