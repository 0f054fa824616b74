"""Readable tables out of the machine's flat arrays: one structured array per layer and level, life cycle included."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.chan import layout as at
from alphaloop.kernels.chan.levels import base_of

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Table = npt.NDArray[np.void]


class ChanTables(NamedTuple):
    """Everything shown after the last bar, final or not; the rows' life cycle says which.

    Structured arrays (see `layout`); `macd_*` are float64[bars]. idx columns are rows of the bars. `segments[0]` are
    the segments of strokes, `segments[1]` the segments of those, and so on; `pivots[0]` and `points[0]` stand on the
    strokes, `pivots[1]` and `points[1]` on the segments. A pivot's or point's line columns count lines of its level."""

    merged: Table
    fractals: Table
    strokes: Table
    segments: tuple[Table, ...]
    pivots: tuple[Table, ...]
    points: tuple[Table, ...]
    macd_dif: Floats
    macd_dea: Floats
    macd_hist: Floats


class Settled(NamedTuple):
    """Rows of each layer that can no longer change, counted from the first; as `ChanTables`."""

    bars: int
    merged: int
    fractals: int
    strokes: int
    segments: tuple[int, ...]
    pivots: tuple[int, ...]
    points: tuple[int, ...]


def settled_rows(arrays: Any) -> Settled:
    ints: Ints = arrays.ints
    levels = [_block(ints, level) for level in range(int(ints[at.LEVELS]) + 1)]
    fixed = [_final_rows(arrays, level) for level in range(len(levels) - 1)]
    merged = max(0, int(ints[at.N_MERGED]) - 2)
    return Settled(
        bars=int(ints[at.N_BARS]),
        merged=merged,
        fractals=int(np.count_nonzero(arrays.merged_i[:merged, at.M_KIND])),
        strokes=int(ints[at.N_FINAL]),
        segments=tuple(int(m[at.G_FINAL]) for m in levels[1:]),
        pivots=tuple(fixed),
        points=tuple(int(m[at.Q_FIXED]) for m in levels[:-1]),
    )


def read_tables(arrays: Any, after: Settled | None = None) -> ChanTables:
    """The rows shown, those in `after` left out."""
    ints: Ints = arrays.ints
    depth = int(ints[at.LEVELS])
    start = after or Settled(0, 0, 0, 0, (0,) * depth, (0,) * depth, (0,) * depth)
    merged = slice(start.merged, int(ints[at.N_MERGED]))
    mi, mf = arrays.merged_i[merged], arrays.merged_f[merged]
    macd = arrays.bars[start.bars : ints[at.N_BARS]]
    strokes = slice(start.strokes, int(ints[at.N_SHOWN]))
    segments, pivots, points = [], [], []
    for level in range(depth):
        m, base, above = _block(ints, level), base_of(ints[at.ROOM], level), base_of(ints[at.ROOM], level + 1)
        rows = slice(above + start.segments[level], above + int(_block(ints, level + 1)[at.G_LINES]))
        segments.append(_segment_table(arrays.line_i[rows], arrays.line_f[rows], arrays.line_f[base:above]))
        rows = slice(base + start.pivots[level], base + int(m[at.P_COUNT]))
        sure = arrays.line_i[above : above + int(_block(ints, level + 1)[at.G_LINES]), at.L_ONCE]
        pivots.append(_pivot_table(arrays.pivot_i[rows], arrays.pivot_f[rows], sure))
        rows = slice(base * at.POINTS_ROOM + start.points[level], base * at.POINTS_ROOM + int(m[at.Q_COUNT]))
        points.append(_point_table(arrays.point_i[rows], arrays.point_f[rows]))
    if not ints[at.TRACKED]:
        for table in (*segments, *pivots, *points):
            table["known_at"] = table["confirmed_at"] = table["final_at"] = -1
    return ChanTables(
        merged=_columns(at.MERGED_DTYPE, mi, mf, _MERGED, ("high", "low")),
        fractals=_fractal_table(arrays.merged_i, arrays.merged_f, merged),
        strokes=_line_table(at.STROKE_DTYPE, arrays.line_i[strokes], arrays.line_f[strokes], {}),
        segments=tuple(segments),
        pivots=tuple(pivots),
        points=tuple(points),
        macd_dif=macd[:, at.B_DIF].copy(),
        macd_dea=macd[:, at.B_DEA].copy(),
        macd_hist=macd[:, at.B_HIST].copy(),
    )


_MERGED = {"start_idx": at.M_START, "end_idx": at.M_END, "direction": at.M_DIR}
_LIFE = {"known_at": at.L_KNOWN, "confirmed_at": at.L_CONFIRMED, "final_at": at.L_FINAL}


def _block(ints: Ints, level: int) -> Ints:
    first = at.HEAD_I + level * at.LEVEL_I
    return ints[first : first + at.LEVEL_I]


def _final_rows(arrays: Any, level: int) -> int:
    """Pivots of a level in front of the first that may change."""
    m, base = _block(arrays.ints, level), base_of(arrays.ints[at.ROOM], level)
    open_rows = arrays.pivot_i[base : base + int(m[at.P_COUNT]), at.Z_FINAL] < 0
    return int(np.argmax(open_rows)) if open_rows.any() else len(open_rows)


def _columns(
    dtype: np.dtype[Any], ints: Ints, floats: Floats, places: dict[str, int], prices: tuple[str, ...]
) -> Table:
    table = np.empty(len(ints), dtype)
    for name, column in places.items():
        table[name] = ints[:, column]
    for column, name in enumerate(prices):
        table[name] = floats[:, column]
    return table


def _fractal_table(mi: Ints, mf: Floats, rows: slice) -> Table:
    """Fractals; `idx` is the raw row of the peak."""
    found = rows.start + np.flatnonzero(mi[rows, at.M_KIND])
    kind = mi[found, at.M_KIND]
    table = np.empty(len(found), at.FRACTAL_DTYPE)
    table["idx"] = np.where(kind > 0, mi[found, at.M_HIGH_AT], mi[found, at.M_LOW_AT])
    table["start_idx"], table["end_idx"], table["kind"] = mi[found, at.M_START], mi[found, at.M_END], kind
    table["high"], table["low"] = mf[found, at.M_HIGH], mf[found, at.M_LOW]
    table["known_at"] = mi[found + 1, at.M_START]
    return table


def _line_table(dtype: np.dtype[Any], li: Ints, lf: Floats, more: dict[str, int]) -> Table:
    places = {"start_idx": at.L_START, "end_idx": at.L_END, "direction": at.L_DIR, **_LIFE, **more}
    table = _columns(dtype, li, lf, places, ("start_price", "end_price"))
    table["high"] = np.maximum(table["start_price"], table["end_price"])
    table["low"] = np.minimum(table["start_price"], table["end_price"])
    table["sure"] = li[:, at.L_ONCE] if more else table["confirmed_at"] >= 0
    return table


def _segment_table(li: Ints, lf: Floats, parts: Floats) -> Table:
    more = {
        "first_line": at.L_FROM,
        "last_line": at.L_TO,
        "window": at.L_WINDOW,
        "third": at.L_THIRD,
        "proof": at.L_PROOF,
    }
    table = _line_table(at.SEGMENT_DTYPE, li, lf, more)
    table["reason"] = np.array(at.REASONS)[li[:, at.L_WHY]]
    # A first segment of an even number of lines begins with one against it, which reaches further than its start.
    even = np.flatnonzero((table["last_line"] - table["first_line"]) % 2)
    turn = parts[table["first_line"][even], at.L_END_PRICE]
    table["high"][even] = np.maximum(table["high"][even], turn)
    table["low"][even] = np.minimum(table["low"][even], turn)
    return table


def _pivot_table(zi: Ints, zf: Floats, segment_sure: Ints) -> Table:
    """`sure` is that of the pivot's segment; a pivot on lines alone is sure once its lines are."""
    places = {
        "start_idx": at.Z_START,
        "end_idx": at.Z_END,
        "first_line": at.Z_FROM,
        "last_line": at.Z_TO,
        "segment": at.Z_SEGMENT,
        "parts": at.Z_PARTS,
        "known_at": at.Z_KNOWN,
        "confirmed_at": at.Z_CONFIRMED,
        "final_at": at.Z_FINAL,
    }
    table = _columns(at.PIVOT_DTYPE, zi, zf, places, ("zg", "zd", "gg", "dd"))
    inside = (table["segment"] >= 0) & (table["segment"] < len(segment_sure))
    table["sure"] = np.where(table["segment"] < 0, table["confirmed_at"] >= 0, False)
    table["sure"][inside] = segment_sure[table["segment"][inside]]
    return table


def _point_table(qi: Ints, qf: Floats) -> Table:
    places = {
        "idx": at.Q_IDX,
        "line": at.Q_LINE,
        "pivot": at.Q_PIVOT,
        "of_line": at.Q_OF,
        "known_at": at.Q_KNOWN,
        "confirmed_at": at.Q_CONFIRMED,
        "final_at": at.Q_FINAL,
    }
    table = _columns(at.POINT_DTYPE, qi, qf, places, ("price", "ratio"))
    table["kind"] = [at.POINT_KINDS[int(code)] for code in qi[:, at.Q_KIND]]
    table["sure"] = table["confirmed_at"] >= 0
    return table
