"""What an analysis gives back: a table for every layer, in the frame a person likes, and why each row is there."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from alphaloop.chan.columns import PRICES, read_columns
from alphaloop.chan.golden import golden_rows
from alphaloop.kernels.chan import ChanConfig, ChanState, ChanTables, config_named
from alphaloop.kernels.chan.explain import (
    PairExplained,
    PointExplained,
    SegmentExplained,
    explain_pair,
    explain_point,
    explain_segment,
)
from alphaloop.kernels.chan.layout import PIVOT_DTYPE, POINT_DTYPE, SEGMENT_DTYPE
from alphaloop.kernels.chan.tables import Table

if TYPE_CHECKING:
    import polars as pl

LAYERS = (
    "merged",
    "fractals",
    "strokes",
    "segments",
    "pivots",
    "points",
    "segment_pivots",
    "segment_points",
    "segments2",
)
_BY_VOLUME = ("volume", "volume_avg")


@dataclass(frozen=True)
class ChanResult:
    """Every layer of one series as known after its last bar.

    The tables are polars frames; idx columns are 0-based rows of the bars, ts columns the bars' own ts values.
    `known_at`, `confirmed_at` and `final_at` are the rows at which that happened, -1 while it has not."""

    config: ChanConfig
    tables: ChanTables
    ts: list[Any]
    bars: Mapping[str, npt.NDArray[np.float64]]

    @cached_property
    def merged(self) -> "pl.DataFrame":
        """Merged bars 包含: start_idx, end_idx, start_ts, end_ts, direction (+1/-1), high, low."""
        return self._frame(self.to_numpy()["merged"])

    @cached_property
    def fractals(self) -> "pl.DataFrame":
        """Fractals 分型: idx of the peak, kind (+1 top, -1 bottom), the merged bar's rows and edges, known_at."""
        return self._frame(self.to_numpy()["fractals"])

    @cached_property
    def strokes(self) -> "pl.DataFrame":
        """Strokes 笔: ends, prices, direction, sure and life cycle; the last may be provisional."""
        return self._frame(self.to_numpy()["strokes"])

    @cached_property
    def segments(self) -> "pl.DataFrame":
        """Segments 线段 of strokes: ends, prices, first and last stroke, how the end was found, life cycle."""
        return self._frame(self.to_numpy()["segments"])

    @cached_property
    def pivots(self) -> "pl.DataFrame":
        """Pivots 中枢 on strokes: zg/zd (range), gg/dd (peaks), first and last stroke, life cycle."""
        return self._frame(self.to_numpy()["pivots"])

    @cached_property
    def points(self) -> "pl.DataFrame":
        """Points 买卖点 on strokes: kind (B1 B1p B2 B2s B3a B3b, S…), price, stroke, pivot, ratio, life cycle."""
        return self._frame(self.to_numpy()["points"])

    @cached_property
    def segment_pivots(self) -> "pl.DataFrame":
        """Pivots on segments; the line columns count segments. Empty when the configuration has one level."""
        return self._frame(self.to_numpy()["segment_pivots"])

    @cached_property
    def segment_points(self) -> "pl.DataFrame":
        """Points on segments; the line columns count segments. Empty when the configuration has one level."""
        return self._frame(self.to_numpy()["segment_points"])

    @cached_property
    def segments2(self) -> "pl.DataFrame":
        """Segments of segments; the line columns count segments. Empty when the configuration has one level."""
        return self._frame(self.to_numpy()["segments2"])

    def layer(self, name: str) -> "pl.DataFrame":
        """The layer of that name, one of LAYERS."""
        frame: pl.DataFrame = getattr(self, name)
        return frame

    def to_pandas(self) -> dict[str, Any]:
        """Every layer as a pandas frame, by name. Needs pandas, which is not among our own requirements."""
        import pandas as pd  # type: ignore[import-untyped,unused-ignore]

        return {name: pd.DataFrame(self.layer(name).to_dict(as_series=False)) for name in LAYERS}

    def to_numpy(self) -> dict[str, Table]:
        """Every layer as the structured array it is kept in, by name; times are rows of the bars."""
        tables = self.tables
        return {
            "merged": tables.merged,
            "fractals": tables.fractals,
            "strokes": tables.strokes,
            "segments": _level(tables.segments, 0, SEGMENT_DTYPE),
            "pivots": _level(tables.pivots, 0, PIVOT_DTYPE),
            "points": _level(tables.points, 0, POINT_DTYPE),
            "segment_pivots": _level(tables.pivots, 1, PIVOT_DTYPE),
            "segment_points": _level(tables.points, 1, POINT_DTYPE),
            "segments2": _level(tables.segments, 1, SEGMENT_DTYPE),
        }

    def explain_point(self, n: int, level: int = 0) -> PointExplained:
        """Why point `n` is there (level 1: of segment_points). ValueError when there is none; `in_words` tells it."""
        return explain_point(self.tables, self.bars, self.config, level, n)

    def explain_segment(self, n: int, level: int = 0) -> SegmentExplained:
        """Why segment `n` ends where it does (level 1: of segments2). ValueError when there is none."""
        return explain_segment(self.tables, self.config, level, n)

    def explain_pair(self, one: int, other: int) -> PairExplained:
        """Why the fractals at these two rows of the bars are, or are not, the ends of one stroke. ValueError when a row
        carries no fractal."""
        first, second = (self._fractal_at(idx) for idx in sorted((one, other)))
        return explain_pair(self.tables, self.bars, self.config, first, second)

    def _fractal_at(self, idx: int) -> int:
        rows = np.flatnonzero(self.tables.fractals["idx"] == idx)
        if not len(rows):
            raise ValueError(f"there is no fractal at row {idx}")
        return int(rows[0])

    def to_golden(self) -> dict[str, list[dict[str, Any]]]:
        """Rows for JSON under the keys merged, fx, bi, seg, segseg, zs, segzs, bsp, segbsp.

        seg.n is the number of lines in a segment, zs.merged_from that of the pivots combined into one; zs are the
        pivots on strokes, segzs those on segments. A ts that is a datetime becomes ISO 8601, any other is echoed as
        given."""
        return golden_rows(self.to_numpy(), self.ts)

    def _frame(self, table: npt.NDArray[np.void]) -> "pl.DataFrame":
        import polars as pl

        names = list(table.dtype.names or ())
        frame = pl.DataFrame({name: np.ascontiguousarray(table[name]) for name in names})
        ts = pl.Series("ts", self.ts)
        for idx, name in (("idx", "ts"), ("start_idx", "start_ts"), ("end_idx", "end_ts")):
            if idx in names:
                frame = frame.insert_column(frame.get_column_index(idx) + 1, ts.gather(table[idx]).alias(name))
        return frame


def analyse(bars: object, config: str | ChanConfig = "CN-STRICT-1") -> ChanResult:
    """All layers of one series.

    `bars` is a polars or pandas frame, a mapping of columns, a structured array, an array of the columns ts, open,
    high, low, close and perhaps volume, or the path of a CSV or Parquet file. Columns may have any of the usual names
    (Date, Open, 收盘价 …); a pandas index of times needs none. ts is epoch seconds, milliseconds, microseconds or
    nanoseconds, ISO 8601 text or a datetime; without a zone it is UTC. The volume is read by the volume measures only.

    Raises ChanInputError(row, reason) for a bar that cannot be read, ValueError for a missing column, an unreadable
    file or an unknown configuration, FileNotFoundError for a missing file."""
    settings = config_named(config) if isinstance(config, str) else config
    given = read_columns(bars)
    volume = given.volume
    if volume is None:
        if settings.measure in _BY_VOLUME:
            raise ValueError(f"the bars have no column 'volume', which the measure {settings.measure!r} reads")
        volume = np.full(len(given.ts), np.nan)
    state = ChanState(settings)
    state.extend(given.ts, given.open, given.high, given.low, given.close, volume)
    prices = {name: np.asarray(getattr(given, name), np.float64) for name in PRICES}
    bars_read = {**prices, "volume": np.asarray(volume, np.float64)}
    return ChanResult(config=settings, tables=state.tables(), ts=given.labels, bars=bars_read)


def _level(layer: tuple[Table, ...], level: int, dtype: np.dtype[Any]) -> Table:
    """One level of a layer; empty when the configuration does not go up so far."""
    return layer[level] if level < len(layer) else np.empty(0, dtype)
