"""The force of two lines by every measure there is, not only by the one that decided: a divergence that all measures
see says more than one that hangs on the choice."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from alphaloop.kernels.chan import layout as at
from alphaloop.kernels.chan.config import ChanConfig
from alphaloop.kernels.chan.divergence import measure_bar
from alphaloop.kernels.chan.explain.records import Bars, Floats, Table, column, lines_of
from alphaloop.kernels.chan.forces import (
    MEASURES,
    RSI,
    SEGMENT_MEASURES,
    VOLUME,
    VOLUME_AVG,
    segment_forces,
    stroke_forces,
)
from alphaloop.kernels.chan.tables import ChanTables

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Measured:
    """What one measure says about an entering and a leaving line.

    name      one of `forces.MEASURES`
    ratio     leaving / entering, where little means weaker; NaN when the entering line has no force to compare with
    decides   whether it is the measure of the configuration
    of_parts  made of the forces of a segment's lines; a measure without such a rule reads its bars as if it were one"""

    name: str
    entering: float
    leaving: float
    ratio: float
    decides: bool
    of_parts: bool


class Forces:
    """Forces of single lines by any measure, read from the bars the tables were made of.

    The kernel's own arithmetic, fed with a copy of what it reads: the figures are equal to the last digit."""

    def __init__(self, tables: ChanTables, bars: Bars) -> None:
        rows = len(tables.macd_hist)
        self._tables = tables
        self._read = np.zeros((rows, at.BAR_F))
        self._read[:, at.B_HIST] = tables.macd_hist
        self._volume = column(bars, "volume", rows)
        self._rsi = _rsi_rows(column(bars, "close", rows))
        self._merged = np.zeros((len(tables.merged), at.MERGED_I), np.int64)
        self._merged[:, at.M_START] = tables.merged["start_idx"]
        self._merged[:, at.M_END] = tables.merged["end_idx"]

    def of(self, name: str, level: int, n: int) -> tuple[float, float]:
        """(force as an entering line, force as a leaving one) of line `n` of `level`."""
        measure = MEASURES.index(name)
        if measure in (VOLUME, VOLUME_AVG):
            self._read[:, at.B_EXTRA] = self._volume
        elif measure == RSI:
            self._read[:, at.B_EXTRA] = self._rsi
        _, lf = self._lines(measure, level, n, n + 1)
        return float(lf[0, at.L_FORCE_IN]), float(lf[0, at.L_FORCE_OUT])

    def _lines(self, measure: int, level: int, first: int, stop: int) -> tuple[Ints, Floats]:
        """Lines first..stop-1 of a level as the kernel keeps them, measured."""
        rows = lines_of(self._tables, level)[first:stop]
        li, lf = self._copied(rows)
        block = np.zeros(at.LEVEL_I, np.int64)
        block[at.G_LINES] = len(rows)
        if level == 0 or not _made_of_parts(measure):
            stroke_forces(block, measure, self._read, self._merged, li, lf)
            return li, lf
        below, end = int(rows["first_line"][0]), int(rows["last_line"][-1]) + 1
        parts_i, parts_f = self._lines(measure, level - 1, below, end)
        li[:, at.L_FROM], li[:, at.L_TO] = rows["first_line"] - below, rows["last_line"] - below
        segment_forces(block, measure, parts_i, parts_f, 0, li, lf)
        return li, lf

    def _copied(self, rows: Table) -> tuple[Ints, Floats]:
        li, lf = np.zeros((len(rows), at.LINE_I), np.int64), np.zeros((len(rows), at.LINE_F))
        starts = self._merged[:, at.M_START]
        for place, name, part in ((at.L_START, "start_idx", at.L_FROM), (at.L_END, "end_idx", at.L_TO)):
            li[:, place] = rows[name]
            li[:, part] = np.searchsorted(starts, rows[name], side="right") - 1
        li[:, at.L_DIR] = rows["direction"]
        lf[:, at.L_START_PRICE], lf[:, at.L_END_PRICE] = rows["start_price"], rows["end_price"]
        return li, lf


def compare_forces(
    tables: ChanTables, bars: Bars, config: ChanConfig, level: int, *, entering: int, leaving: int
) -> tuple[Measured, ...]:
    """What every measure says about two lines of `level`, in the order of `forces.MEASURES`.

    Raises ValueError when the bars lack the close or the volume, or are not those of the tables."""
    forces = Forces(tables, bars)
    chosen = config.segment_measure if level else config.measure
    found = []
    for name in MEASURES:
        before, after = forces.of(name, level, entering)[0], forces.of(name, level, leaving)[1]
        ratio = after / before if before > 0.0 else float("nan")
        parts = level > 0 and _made_of_parts(MEASURES.index(name))
        found.append(Measured(name, before, after, ratio, name == chosen, parts))
    return tuple(found)


def _made_of_parts(measure: int) -> bool:
    return MEASURES[measure] in SEGMENT_MEASURES


@njit(cache=True)
def _rsi_rows(close: Floats) -> Floats:
    floats, bars = np.zeros(at.HEAD_F), np.zeros((close.shape[0], at.BAR_F))
    for row in range(close.shape[0]):
        measure_bar(RSI, floats, bars, row, close[row], 0.0)
    return bars[:, at.B_EXTRA].copy()
