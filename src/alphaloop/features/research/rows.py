"""From the kernel's tables to the rows a chart draws, and from two states to what changed between them. Pure."""

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from alphaloop.kernels.chan import ChanTables

LAYERS = ("fractals", "strokes", "pivots", "points")
_DIRECTION = {1: "up", -1: "down"}
# A pivot this many strokes behind the newest one has been left for good.
_STROKES_AWAY = 3
# A point this many strokes back no longer describes where the price is.
_POINT_AGE = 2


def structure_rows(
    tables: "ChanTables", ts: "NDArray[np.int64]", *, close: float, decimals: int, window: tuple[int, int] | None = None
) -> dict[str, Any]:
    """Rows of every layer plus `state`, and in `first` the number of the first row of each layer.

    `ts` is int64[N], the open times of the bars the tables refer to; `close` the newest close. `window` (first bar,
    one past the last) leaves out rows that lie wholly outside it.
    """
    first = dict.fromkeys(LAYERS, 0)
    rows: dict[str, Any] = {}
    for layer in LAYERS:
        start, stop = _within(tables, layer, window)
        first[layer] = start
        rows[layer] = layer_rows(tables, layer, ts, decimals=decimals, start=start, stop=stop)
    return {**rows, "first": first, "state": sentence_parts(tables, close)}


def structure_delta(
    before: "ChanTables | None", after: "ChanTables", ts: "NDArray[np.int64]", *, close: float, decimals: int
) -> dict[str, Any]:
    """What changed between two states of one series: per layer the number of the first row that differs and every row
    from there on, so that replacing from `from` gives the new state. `before` None means everything is new."""
    changes: dict[str, Any] = {}
    for layer in LAYERS:
        start = 0
        if before is not None:
            settled = _settled_rows(before, layer)
            start = settled + _first_difference(getattr(before, layer)[settled:], getattr(after, layer)[settled:])
        changes[layer] = {"from": start, "rows": layer_rows(after, layer, ts, decimals=decimals, start=start)}
    return {**changes, "state": sentence_parts(after, close)}


def layer_rows(
    tables: "ChanTables", layer: str, ts: "NDArray[np.int64]", *, decimals: int, start: int = 0, stop: int | None = None
) -> list[dict[str, Any]]:
    """Rows `start` to `stop` of one layer as plain JSON; prices as plain decimal text."""
    table = getattr(tables, layer)[start:stop]
    make = {"fractals": _fractal, "strokes": _stroke, "pivots": _pivot, "points": _point}[layer]
    return [make(row, ts, decimals, start + number) for number, row in enumerate(table)]


def sentence_parts(tables: "ChanTables", close: float) -> dict[str, Any] | None:
    """The parts of the one sentence that says where the price is, or None before the first stroke.

    `key` is up, down, in_pivot, leaving_up or leaving_down; `pivots` counts the pivots of the present run (each wholly
    above, or each wholly below, the one before); `point` is the newest point if it is still at the newest strokes.
    """
    strokes, pivots = tables.strokes, tables.pivots
    if not len(strokes):
        return None
    run, run_direction = _run(pivots)
    last = strokes[-1]
    direction = run_direction if run >= 2 else int(last["direction"])
    point, ratio = _newest_point(tables)
    return {
        "key": _mood(strokes, pivots, close),
        "direction": _DIRECTION[direction],
        "pivots": run,
        "ratio": ratio,
        "point": point,
        "sure": bool(last["sure"]),
    }


def price_text(value: float, decimals: int) -> str:
    """Plain decimal text without trailing zeros."""
    text = f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if decimals else text


def _mood(strokes: "NDArray[np.void]", pivots: "NDArray[np.void]", close: float) -> str:
    direction = _DIRECTION[int(strokes[-1]["direction"])]
    if not len(pivots):
        return direction
    pivot = pivots[-1]
    side = "up" if close > pivot["zg"] else "down" if close < pivot["zd"] else ""
    if not side:
        return "in_pivot"
    away = len(strokes) - 1 - int(pivot["last_stroke"])
    return side if away >= _STROKES_AWAY else f"leaving_{side}"


def _run(pivots: "NDArray[np.void]") -> tuple[int, int]:
    """(number of pivots in the present run, its direction)."""
    if not len(pivots):
        return 0, 0
    run, direction = 1, 0
    for place in range(len(pivots) - 1, 0, -1):
        upper, lower = pivots[place], pivots[place - 1]
        step = 1 if upper["zd"] > lower["zg"] else -1 if upper["zg"] < lower["zd"] else 0
        if step == 0 or (direction and step != direction):
            break
        run, direction = run + 1, step
    return run, direction


def _newest_point(tables: "ChanTables") -> tuple[dict[str, Any] | None, float | None]:
    if not len(tables.points):
        return None, None
    point = tables.points[-1]
    if len(tables.strokes) - 1 - int(point["stroke"]) >= _POINT_AGE:
        return None, None
    return {"kind": str(point["kind"]), "sure": bool(point["sure"])}, _ratio(float(point["ratio"]))


def _ratio(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None


def _fractal(row: "np.void", ts: "NDArray[np.int64]", decimals: int, number: int) -> dict[str, Any]:
    top = row["kind"] > 0
    return {
        "ts": int(ts[row["idx"]]),
        "price": price_text(float(row["high"] if top else row["low"]), decimals),
        "kind": "top" if top else "bottom",
    }


def _stroke(row: "np.void", ts: "NDArray[np.int64]", decimals: int, number: int) -> dict[str, Any]:
    return {
        "n": number,
        "start_ts": int(ts[row["start_idx"]]),
        "start_price": price_text(float(row["start_price"]), decimals),
        "end_ts": int(ts[row["end_idx"]]),
        "end_price": price_text(float(row["end_price"]), decimals),
        "direction": _DIRECTION[int(row["direction"])],
        "sure": bool(row["sure"]),
        "final": bool(row["final_at"] >= 0),
    }


def _pivot(row: "np.void", ts: "NDArray[np.int64]", decimals: int, number: int) -> dict[str, Any]:
    prices = {name: price_text(float(row[name]), decimals) for name in ("zg", "zd", "gg", "dd")}
    return {
        "n": number,
        "start_ts": int(ts[row["start_idx"]]),
        "end_ts": int(ts[row["end_idx"]]),
        **prices,
        "first_stroke": int(row["first_stroke"]),
        "last_stroke": int(row["last_stroke"]),
        "sure": bool(row["sure"]),
        "final": bool(row["final_at"] >= 0),
    }


def _point(row: "np.void", ts: "NDArray[np.int64]", decimals: int, number: int) -> dict[str, Any]:
    kind = str(row["kind"])
    return {
        "ts": int(ts[row["idx"]]),
        "price": price_text(float(row["price"]), decimals),
        "kind": kind,
        "side": "buy" if kind.startswith("B") else "sell",
        "stroke": int(row["stroke"]),
        "ratio": _ratio(float(row["ratio"])),
        "sure": bool(row["sure"]),
    }


def _within(tables: "ChanTables", layer: str, window: tuple[int, int] | None) -> tuple[int, int]:
    """(first, one past the last) row of a layer that touches the window; rows of a layer follow each other in time."""
    table = getattr(tables, layer)
    if window is None:
        return 0, len(table)
    starts = table["idx" if layer in ("fractals", "points") else "start_idx"]
    ends = table["idx" if layer in ("fractals", "points") else "end_idx"]
    start = int((ends < window[0]).sum())
    return start, max(start, int((starts < window[1]).sum()))


def _settled_rows(tables: "ChanTables", layer: str) -> int:
    """How many leading rows of a layer can no longer change: those before the stroke ahead of the last final one.

    Looking only at what follows keeps a bar's cost apart from the length of its series.
    """
    strokes = tables.strokes
    final = _leading(strokes["final_at"] >= 0)
    if final < 2:
        return 0
    table = getattr(tables, layer)
    if layer == "strokes":
        return final
    if layer == "pivots":
        return _leading(table["final_at"] >= 0)
    return int(table["idx"].searchsorted(strokes["start_idx"][final - 2]))


def _leading(flags: "NDArray[np.bool_]") -> int:
    """Number of leading rows that are true."""
    return len(flags) if flags.all() else int(flags.argmin())


def _first_difference(before: "NDArray[np.void]", after: "NDArray[np.void]") -> int:
    """Number of the first row that is not the same in both; compared as bytes, so that NaN equals NaN."""
    import numpy as np

    shared = min(len(before), len(after))
    if shared == 0:
        return 0
    old = np.ascontiguousarray(before[:shared]).view(np.uint8).reshape(shared, -1)
    new = np.ascontiguousarray(after[:shared]).view(np.uint8).reshape(shared, -1)
    differs = (old != new).any(axis=1)
    return int(differs.argmax()) if differs.any() else shared
