"""The layers as JSON rows in the form of the reference outputs, so that any engine's can be held against them."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np

from alphaloop.kernels.chan.tables import Table

Rows = list[dict[str, Any]]


def golden_rows(layers: Mapping[str, Table], ts: Sequence[Any]) -> dict[str, Rows]:
    """merged, fx, bi, seg, segseg, zs, segzs, bsp, segbsp of the layers by name; `ts` are the bars' times."""
    at = _Times(ts)
    return {
        "merged": [_span(row, at, _way(row)) for row in layers["merged"]],
        "fx": [
            {**_span(row, at, "top" if row["kind"] > 0 else "bottom"), "peak_idx": int(row["idx"])}
            for row in layers["fractals"]
        ],
        "bi": [_line(row, at) for row in layers["strokes"]],
        "seg": [_segment(row, at) for row in layers["segments"]],
        "segseg": [_segment(row, at) for row in layers["segments2"]],
        "zs": [_pivot(row, layers["strokes"], at) for row in layers["pivots"]],
        "segzs": [_pivot(row, layers["segments"], at) for row in layers["segment_pivots"]],
        "bsp": _points(layers["points"], at),
        "segbsp": _points(layers["segment_points"], at),
    }


class _Times:
    def __init__(self, ts: Sequence[Any]) -> None:
        self._ts = ts

    def __getitem__(self, row: int) -> Any:
        ts = self._ts[row]
        return ts.isoformat() if isinstance(ts, date) else ts


def _way(row: np.void) -> str:
    return "up" if row["direction"] > 0 else "down"


def _place(row: np.void, at: _Times, direction: str) -> dict[str, Any]:
    start, end = int(row["start_idx"]), int(row["end_idx"])
    times = {"start_ts": at[start], "end_ts": at[end]}
    return {"start_idx": start, "end_idx": end, **times, "direction": direction}


def _span(row: np.void, at: _Times, direction: str) -> dict[str, Any]:
    return {**_place(row, at, direction), "high": float(row["high"]), "low": float(row["low"])}


def _line(row: np.void, at: _Times) -> dict[str, Any]:
    return {**_span(row, at, _way(row)), "sure": bool(row["sure"])}


def _segment(row: np.void, at: _Times) -> dict[str, Any]:
    count = int(row["last_line"] - row["first_line"]) + 1
    return {**_line(row, at), "n": count, "reason": str(row["reason"])}


def _pivot(row: np.void, lines: Table, at: _Times) -> dict[str, Any]:
    return {
        **_place(row, at, _way(lines[row["first_line"]])),
        "high": float(row["zg"]),
        "low": float(row["zd"]),
        "peak_high": float(row["gg"]),
        "peak_low": float(row["dd"]),
        "first_elem": int(row["first_line"]),
        "last_elem": int(row["last_line"]),
        "merged_from": int(row["parts"]),
        "sure": bool(row["sure"]),
    }


def _points(points: Table, at: _Times) -> Rows:
    """One row for each line that carries points, in the order of time."""
    rows: dict[int, dict[str, Any]] = {}
    for point in points[np.argsort(points["line"], kind="stable")]:
        line, idx, kind = int(point["line"]), int(point["idx"]), str(point["kind"])
        row = rows.setdefault(
            line,
            {
                "idx": idx,
                "ts": at[idx],
                "side": "buy" if kind.startswith("B") else "sell",
                "types": [],
                "price": float(point["price"]),
                "bi_idx": line,
            },
        )
        row["types"] = sorted([*row["types"], kind[1:]])
    return list(rows.values())
