"""Readable tables out of the machine's flat arrays: one structured array per layer, life cycle included."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.chan import layout as at

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class ChanTables(NamedTuple):
    """Everything shown after the last bar, final or not; the rows' life cycle says which.

    Structured arrays (see `layout`); `macd_*` are float64[bars]. Rows refer to raw bars and strokes by number."""

    merged: npt.NDArray[np.void]
    fractals: npt.NDArray[np.void]
    strokes: npt.NDArray[np.void]
    pivots: npt.NDArray[np.void]
    points: npt.NDArray[np.void]
    macd_dif: Floats
    macd_dea: Floats
    macd_hist: Floats


def merged_table(mi: Ints, mf: Floats) -> npt.NDArray[np.void]:
    """Merged bars: raw rows, direction, edges."""
    table = np.empty(len(mi), at.MERGED_DTYPE)
    table["start_idx"], table["end_idx"], table["direction"] = mi[:, at.M_START], mi[:, at.M_END], mi[:, at.M_DIR]
    table["high"], table["low"] = mf[:, at.M_HIGH], mf[:, at.M_LOW]
    return table


def fractal_table(mi: Ints, mf: Floats) -> npt.NDArray[np.void]:
    """Fractals; `idx` is the raw row of the peak."""
    rows = np.flatnonzero(mi[:, at.M_KIND])
    kind = mi[rows, at.M_KIND]
    table = np.empty(len(rows), at.FRACTAL_DTYPE)
    table["idx"] = np.where(kind > 0, mi[rows, at.M_HIGH_AT], mi[rows, at.M_LOW_AT])
    table["start_idx"], table["end_idx"], table["kind"] = mi[rows, at.M_START], mi[rows, at.M_END], kind
    table["high"], table["low"] = mf[rows, at.M_HIGH], mf[rows, at.M_LOW]
    table["known_at"] = mi[rows + 1, at.M_START]
    return table


def stroke_table(ints: Ints, si: Ints, sf: Floats) -> npt.NDArray[np.void]:
    """Strokes as shown now: sure ones, the last stretched or followed by the provisional one."""
    n = int(ints[at.N_STROKES])
    rows = np.arange(n)
    if ints[at.TAIL] == at.TAIL_STRETCH:
        rows[-1] = n
    elif ints[at.TAIL] == at.TAIL_NEW:
        rows = np.arange(n + 1)
    table = np.empty(len(rows), at.STROKE_DTYPE)
    for name, column in (
        ("start_idx", at.S_START),
        ("end_idx", at.S_END),
        ("direction", at.S_DIR),
        ("known_at", at.S_KNOWN),
        ("confirmed_at", at.S_CONFIRMED),
        ("final_at", at.S_FINAL),
    ):
        table[name] = si[rows, column]
    start, end = sf[rows, at.S_START_PRICE], sf[rows, at.S_END_PRICE]
    table["start_price"], table["end_price"] = start, end
    table["high"], table["low"] = np.maximum(start, end), np.minimum(start, end)
    table["sure"] = table["confirmed_at"] >= 0
    return table


def pivot_table(pi: Ints, pf: Floats) -> npt.NDArray[np.void]:
    """Pivots as shown now."""
    table = np.empty(len(pi), at.PIVOT_DTYPE)
    for name, column in (
        ("start_idx", at.Z_START),
        ("end_idx", at.Z_END),
        ("first_stroke", at.Z_FIRST),
        ("last_stroke", at.Z_LAST),
        ("known_at", at.Z_KNOWN),
        ("confirmed_at", at.Z_CONFIRMED),
        ("final_at", at.Z_FINAL),
    ):
        table[name] = pi[:, column]
    for name, column in (("zg", at.Z_ZG), ("zd", at.Z_ZD), ("gg", at.Z_GG), ("dd", at.Z_DD)):
        table[name] = pf[:, column]
    table["sure"] = table["confirmed_at"] >= 0
    return table


def point_table(qi: Ints, qf: Floats) -> npt.NDArray[np.void]:
    """Points as shown now, kinds by name."""
    table = np.empty(len(qi), at.POINT_DTYPE)
    for name, column in (
        ("idx", at.Q_IDX),
        ("stroke", at.Q_STROKE),
        ("pivot", at.Q_PIVOT),
        ("known_at", at.Q_KNOWN),
        ("confirmed_at", at.Q_CONFIRMED),
    ):
        table[name] = qi[:, column]
    table["price"], table["ratio"] = qf[:, at.Q_PRICE], qf[:, at.Q_RATIO]
    table["kind"] = [at.POINT_KINDS[int(code)] for code in qi[:, at.Q_KIND]]
    table["sure"] = table["confirmed_at"] >= 0
    return table
