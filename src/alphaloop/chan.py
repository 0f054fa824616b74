"""Chan analysis for people who write Python: bars in, tables out, without a server, a database or a login.

from alphaloop import chan
result = chan.analyse("bars.csv")
print(result.strokes)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.chan import ChanConfig, ChanInputError, ChanState, ChanTables, config_named
from alphaloop.kernels.chan.layout import PIVOT_DTYPE, POINT_DTYPE, SEGMENT_DTYPE
from alphaloop.kernels.chan.tables import Table

if TYPE_CHECKING:
    import polars as pl

__all__ = ["ChanConfig", "ChanInputError", "ChanResult", "analyse"]

_PRICES = ("open", "high", "low", "close")
# The size tells the unit: so many seconds lie after the year 5000, so many milliseconds before 1974.
_MS_FROM, _US_FROM, _NS_FROM = 1e11, 1e14, 1e17


@dataclass(frozen=True)
class ChanResult:
    """Every layer of one series as known after its last bar.

    The tables are polars frames; idx columns are 0-based rows of the bars, ts columns the bars' own ts values.
    `known_at`, `confirmed_at` and `final_at` are the rows at which that happened, -1 while it has not."""

    config: ChanConfig
    tables: ChanTables
    ts: list[Any]

    @cached_property
    def merged(self) -> "pl.DataFrame":
        """Merged bars 包含: start_idx, end_idx, start_ts, end_ts, direction (+1/-1), high, low."""
        return self._frame(self.tables.merged)

    @cached_property
    def fractals(self) -> "pl.DataFrame":
        """Fractals 分型: idx of the peak, kind (+1 top, -1 bottom), the merged bar's rows and edges, known_at."""
        return self._frame(self.tables.fractals)

    @cached_property
    def strokes(self) -> "pl.DataFrame":
        """Strokes 笔: ends, prices, direction, sure and life cycle; the last may be provisional."""
        return self._frame(self.tables.strokes)

    @cached_property
    def segments(self) -> "pl.DataFrame":
        """Segments 线段 of strokes: ends, prices, first and last stroke, how the end was found, life cycle."""
        return self._frame(self.tables.segments[0])

    @cached_property
    def pivots(self) -> "pl.DataFrame":
        """Pivots 中枢 on strokes: zg/zd (range), gg/dd (peaks), first and last stroke, life cycle."""
        return self._frame(self.tables.pivots[0])

    @cached_property
    def points(self) -> "pl.DataFrame":
        """Points 买卖点 on strokes: kind (B1 B1p B2 B2s B3a B3b, S…), price, stroke, pivot, ratio, life cycle."""
        return self._frame(self.tables.points[0])

    @cached_property
    def segment_pivots(self) -> "pl.DataFrame":
        """Pivots on segments; the line columns count segments. Empty when the configuration has one level."""
        return self._frame(_level(self.tables.pivots, 1, PIVOT_DTYPE))

    @cached_property
    def segment_points(self) -> "pl.DataFrame":
        """Points on segments; the line columns count segments. Empty when the configuration has one level."""
        return self._frame(_level(self.tables.points, 1, POINT_DTYPE))

    @cached_property
    def segments2(self) -> "pl.DataFrame":
        """Segments of segments; the line columns count segments. Empty when the configuration has one level."""
        return self._frame(_level(self.tables.segments, 1, SEGMENT_DTYPE))

    def to_golden(self) -> dict[str, list[dict[str, Any]]]:
        """Rows for JSON under the keys merged, fx, bi, seg, segseg, zs, segzs, bsp, segbsp.

        seg.n is the number of lines in a segment, zs.merged_from that of the pivots combined into one; zs are the
        pivots on strokes, segzs those on segments. A ts that is a datetime becomes ISO 8601, any other is echoed as
        given."""
        tables = self.tables
        return {
            "merged": [self._span(row, "up" if row["direction"] > 0 else "down") for row in self.tables.merged],
            "fx": [
                {**self._span(row, "top" if row["kind"] > 0 else "bottom"), "peak_idx": int(row["idx"])}
                for row in self.tables.fractals
            ],
            "bi": [self._line_row(row) for row in tables.strokes],
            "seg": self._segment_rows(_level(tables.segments, 0, SEGMENT_DTYPE)),
            "segseg": self._segment_rows(_level(tables.segments, 1, SEGMENT_DTYPE)),
            "zs": self._pivot_rows(_level(tables.pivots, 0, PIVOT_DTYPE), tables.strokes),
            "segzs": self._pivot_rows(_level(tables.pivots, 1, PIVOT_DTYPE), _level(tables.segments, 0, SEGMENT_DTYPE)),
            "bsp": self._point_rows(_level(tables.points, 0, POINT_DTYPE)),
            "segbsp": self._point_rows(_level(tables.points, 1, POINT_DTYPE)),
        }

    def _frame(self, table: npt.NDArray[np.void]) -> "pl.DataFrame":
        import polars as pl

        names = list(table.dtype.names or ())
        frame = pl.DataFrame({name: np.ascontiguousarray(table[name]) for name in names})
        ts = pl.Series("ts", self.ts)
        for idx, name in (("idx", "ts"), ("start_idx", "start_ts"), ("end_idx", "end_ts")):
            if idx in names:
                frame = frame.insert_column(frame.get_column_index(idx) + 1, ts.gather(table[idx]).alias(name))
        return frame

    def _at(self, row: int) -> Any:
        ts = self.ts[row]
        return ts.isoformat() if isinstance(ts, date) else ts

    def _span(self, row: np.void, direction: str) -> dict[str, Any]:
        start, end = int(row["start_idx"]), int(row["end_idx"])
        return {
            "start_idx": start,
            "end_idx": end,
            "start_ts": self._at(start),
            "end_ts": self._at(end),
            "direction": direction,
            "high": float(row["high"]),
            "low": float(row["low"]),
        }

    def _line_row(self, row: np.void) -> dict[str, Any]:
        return {**self._span(row, "up" if row["direction"] > 0 else "down"), "sure": bool(row["sure"])}

    def _segment_rows(self, segments: Table) -> list[dict[str, Any]]:
        return [
            {
                **self._line_row(row),
                "n": int(row["last_line"] - row["first_line"]) + 1,
                "reason": str(row["reason"]),
            }
            for row in segments
        ]

    def _pivot_rows(self, pivots: Table, lines: Table) -> list[dict[str, Any]]:
        rows = []
        for row in pivots:
            start, end = int(row["start_idx"]), int(row["end_idx"])
            rows.append(
                {
                    "start_idx": start,
                    "end_idx": end,
                    "start_ts": self._at(start),
                    "end_ts": self._at(end),
                    "direction": "up" if lines["direction"][row["first_line"]] > 0 else "down",
                    "high": float(row["zg"]),
                    "low": float(row["zd"]),
                    "peak_high": float(row["gg"]),
                    "peak_low": float(row["dd"]),
                    "first_elem": int(row["first_line"]),
                    "last_elem": int(row["last_line"]),
                    "merged_from": int(row["parts"]),
                    "sure": bool(row["sure"]),
                }
            )
        return rows

    def _point_rows(self, points: Table) -> list[dict[str, Any]]:
        """One row for each line that carries points, in time order."""
        rows: dict[int, dict[str, Any]] = {}
        for point in np.sort(points, order="line", kind="stable"):
            line, idx, kind = int(point["line"]), int(point["idx"]), str(point["kind"])
            row = rows.setdefault(
                line,
                {
                    "idx": idx,
                    "ts": self._at(idx),
                    "side": "buy" if kind.startswith("B") else "sell",
                    "types": [],
                    "price": float(point["price"]),
                    "bi_idx": line,
                },
            )
            row["types"] = sorted([*row["types"], kind[1:]])
        return list(rows.values())


def analyse(bars: object, config: str | ChanConfig = "CN-STRICT-1") -> ChanResult:
    """All layers of one series.

    `bars` is a polars or pandas frame, a mapping of columns, or the path of a CSV or Parquet file, with the columns
    ts, open, high, low, close (volume is not read). ts is epoch seconds, milliseconds or microseconds, ISO 8601 text
    or a datetime; without a zone it is UTC.

    Raises ChanInputError(row, reason) for a bar that cannot be read, ValueError for a missing column, an unreadable
    file or an unknown configuration, FileNotFoundError for a missing file."""
    settings = config_named(config) if isinstance(config, str) else config
    columns = _columns(bars)
    missing = [name for name in ("ts", *_PRICES) if name not in columns]
    if missing:
        raise ValueError(f"the bars have no column {missing[0]!r}; needed: ts, open, high, low, close")
    ts = np.asarray(columns["ts"])
    if ts.ndim == 1 and len(ts) == 0:
        raise ChanInputError(0, "there are no bars")
    state = ChanState(settings)
    opens, highs, lows, closes = (columns[name] for name in _PRICES)
    state.extend(_milliseconds(ts), opens, highs, lows, closes, np.zeros(len(ts)))
    return ChanResult(config=settings, tables=state.tables(), ts=_echo(columns["ts"]))


def _level(layer: tuple[Table, ...], level: int, dtype: np.dtype[Any]) -> Table:
    """One level of a layer; empty when the configuration does not go up so far."""
    return layer[level] if level < len(layer) else np.empty(0, dtype)


def _columns(bars: object) -> dict[str, Any]:
    """Column name → array-like, ts as given."""
    if isinstance(bars, str | Path):
        return _file_columns(Path(bars))
    if isinstance(bars, Mapping):
        return {str(name): values for name, values in bars.items()}
    frame: Any = bars
    if type(bars).__module__.startswith("pandas"):
        if "ts" not in frame.columns and frame.index.name == "ts":
            frame = frame.reset_index()
        return {str(name): frame[name].to_numpy() for name in frame.columns}
    if type(bars).__module__.startswith("polars"):
        frame = frame.collect() if hasattr(frame, "collect") else frame
        return _polars_columns(frame)
    raise ValueError("bars must be a polars or pandas frame, a mapping of columns, or a path")


def _file_columns(path: Path) -> dict[str, Any]:
    import polars as pl

    if not path.is_file():
        raise FileNotFoundError(f"no such file: {path}")
    try:
        if path.suffix.lower() == ".parquet":
            return _polars_columns(pl.read_parquet(path))
        return _polars_columns(pl.read_csv(path, infer_schema_length=None))
    except pl.exceptions.NoDataError:
        raise ChanInputError(0, "there are no bars") from None
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"{path.name} cannot be read: {str(error).splitlines()[0]}") from None


def _polars_columns(frame: "pl.DataFrame") -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for name in frame.columns:
        series = frame[name]
        # Dates and times go out as Python objects: that keeps their zone, which a numpy array would drop.
        columns[name] = series.to_list() if name == "ts" and series.dtype.is_temporal() else series.to_numpy()
    return columns


def _echo(ts: Any) -> list[Any]:
    if isinstance(ts, np.ndarray) and ts.dtype.kind == "M":
        ts = ts.astype("datetime64[us]")
    return list(ts.tolist()) if hasattr(ts, "tolist") else list(ts)


def _milliseconds(ts: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Epoch milliseconds. Raises ChanInputError for the first ts that names no time."""
    if ts.ndim != 1:
        raise ChanInputError(0, "the ts column is not a list of times")
    if ts.dtype.kind == "M":
        lost = np.isnat(ts)
        if lost.any():
            raise ChanInputError(int(np.argmax(lost)), "the time is missing")
        return ts.astype("datetime64[ms]").astype(np.int64)
    if ts.dtype.kind not in "iuf":
        return np.array([_instant(row, value) for row, value in enumerate(ts.tolist())], dtype=np.int64)
    if ts.dtype.kind == "f":
        lost = ~np.isfinite(ts)
        if lost.any():
            raise ChanInputError(int(np.argmax(lost)), "the time is missing")
    largest = float(np.abs(ts).max())
    if largest < _MS_FROM:
        return np.round(ts * 1000).astype(np.int64)
    if largest < _US_FROM:
        return ts.astype(np.int64)
    return ts.astype(np.int64) // (1000 if largest < _NS_FROM else 1_000_000)


def _instant(row: int, value: object) -> int:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            raise ChanInputError(row, "the time is not ISO 8601") from None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    # pandas marks a missing time with an object that is a datetime but equals nothing, itself included.
    if not isinstance(value, datetime) or value != value:
        raise ChanInputError(row, "the time is missing")
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1000)
