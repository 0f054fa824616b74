"""From the kernel's tables to the rows a chart draws, and from two states to what changed between them. Pure."""

import math
from collections import namedtuple
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from alphaloop.kernels.chan import ChanTables
    from alphaloop.kernels.chan.tables import Settled

LAYERS = (
    "fractals",
    "strokes",
    "pivots",
    "points",
    "segments",
    "segment_pivots",
    "segment_points",
    "segments2",
)
# Where the kernel keeps a layer that stands on several levels.
_LEVELLED = {
    "pivots": ("pivots", 0),
    "points": ("points", 0),
    "segments": ("segments", 0),
    "segment_pivots": ("pivots", 1),
    "segment_points": ("points", 1),
    "segments2": ("segments", 1),
}
_DIRECTION = {1: "up", -1: "down"}
# A pivot this many strokes behind the newest one has been left for good.
_STROKES_AWAY = 3
# A point this many strokes back no longer describes where the price is.
_POINT_AGE = 2
# The sentence looks at no more rows of a layer than these last ones, so that a bar costs the same in a long series.
LOOK_BACK = 64


class Tail(NamedTuple):
    """The last rows of every layer; `first` is the number, over the whole series, of the first row in each."""

    rows: "Mapping[str, NDArray[np.void]]"
    first: Mapping[str, int]

    def count(self, layer: str) -> int:
        """Rows of the layer in the whole series."""
        return self.first[layer] + len(self.rows[layer])

    def cut(self, first: Mapping[str, int]) -> "Tail":
        """The same without the rows in front of `first`, which is nowhere less than here."""
        return Tail({layer: rows[first[layer] - self.first[layer] :] for layer, rows in self.rows.items()}, first)


def tail_of(tables: "ChanTables", after: "Settled | None" = None) -> Tail:
    """The rows of `tables`, which were read `after` those rows. A level that was not computed has none."""
    first = dict.fromkeys(LAYERS, 0) if after is None else counts(after)
    return Tail({layer: _place(tables, layer, nothing=()) for layer in LAYERS}, first)


def counts(settled: "Settled") -> dict[str, int]:
    """Settled rows of each layer, by the layer's name."""
    return {layer: _place(settled, layer, nothing=0) for layer in LAYERS}


def structure_rows(
    tables: "ChanTables", ts: "NDArray[np.int64]", *, close: float, decimals: int, window: tuple[int, int] | None = None
) -> dict[str, Any]:
    """Rows of every layer plus `state`, and in `first` the number of the first row of each layer.

    `ts` is int64[N], the open times of the bars the tables refer to; `close` the newest close. `window` (first bar,
    one past the last) leaves out the rows before the first and after the last one that touch it.
    """
    shown = tail_of(tables)
    spans = {layer: _within(shown.rows[layer], window) for layer in LAYERS}
    rows = {
        layer: layer_rows(shown, layer, ts, decimals=decimals, start=start, stop=stop)
        for layer, (start, stop) in spans.items()
    }
    first = {layer: start for layer, (start, _) in spans.items()}
    return {**rows, "first": first, "state": sentence_parts(shown, close)}


def structure_delta(
    before: Tail | None, after: Tail, ts: "NDArray[np.int64]", *, close: float, decimals: int
) -> dict[str, Any]:
    """What changed between two states of one series: per layer the number of the first row that differs and every row
    from there on, so that replacing from `from` gives the new state. Both tails begin at the same rows, and those in
    front of them have not changed; `before` None means everything is new."""
    changes: dict[str, Any] = {}
    for layer in LAYERS:
        start = after.first[layer]
        if before is not None:
            start += _first_difference(before.rows[layer], after.rows[layer])
        changes[layer] = {"from": start, "rows": layer_rows(after, layer, ts, decimals=decimals, start=start)}
    return {**changes, "state": sentence_parts(after, close)}


def layer_rows(
    shown: Tail, layer: str, ts: "NDArray[np.int64]", *, decimals: int, start: int = 0, stop: int | None = None
) -> list[dict[str, Any]]:
    """Rows number `start` to `stop` of one layer as plain JSON; prices as plain decimal text."""
    offset = shown.first[layer]
    table = shown.rows[layer][start - offset : None if stop is None else stop - offset]
    if not len(table):
        return []
    make, fields = _MAKE[layer], _fields(table.dtype.names)
    return [make(fields(row), ts, decimals, start + number) for number, row in enumerate(table.tolist())]


def sentence_parts(shown: Tail, close: float) -> dict[str, Any] | None:
    """The parts of the one sentence that says where the price is, or None before the first stroke.

    `key` is up, down, in_pivot, leaving_up or leaving_down; `pivots` counts the pivots of the present run (each wholly
    above, or each wholly below, the one before); `point` is the newest point if it is still at the newest strokes.
    """
    strokes, pivots = shown.rows["strokes"], shown.rows["pivots"][-LOOK_BACK:]
    if not len(strokes):
        return None
    run, run_direction = _run(pivots)
    last = strokes[-1]
    direction = run_direction if run >= 2 else int(last["direction"])
    point, ratio = _newest_point(shown)
    return {
        "key": _mood(int(last["direction"]), shown.count("strokes"), pivots, close),
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


def _mood(direction: int, strokes: int, pivots: "NDArray[np.void]", close: float) -> str:
    if not len(pivots):
        return _DIRECTION[direction]
    pivot = pivots[-1]
    side = "up" if close > pivot["zg"] else "down" if close < pivot["zd"] else ""
    if not side:
        return "in_pivot"
    away = strokes - 1 - int(pivot["last_line"])
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


def _newest_point(shown: Tail) -> tuple[dict[str, Any] | None, float | None]:
    """The point furthest right and its ratio; points of one segment follow each other, those of two may not."""
    points = shown.rows["points"][-LOOK_BACK:]
    if not len(points):
        return None, None
    point = points[len(points) - 1 - int(points["line"][::-1].argmax())]
    if shown.count("strokes") - 1 - int(point["line"]) >= _POINT_AGE:
        return None, None
    return {"kind": str(point["kind"]), "sure": bool(point["sure"])}, _ratio(float(point["ratio"]))


def _ratio(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None


@cache
def _fields(names: tuple[str, ...]) -> Callable[[tuple[Any, ...]], Any]:
    """A row's plain values under their names: several times faster to read than a row of the array itself."""
    row: Any = namedtuple("row", names)  # type: ignore[misc]  # the names are the kernel's own
    make: Callable[[tuple[Any, ...]], Any] = row._make
    return make


def _fractal(row: Any, ts: "NDArray[np.int64]", decimals: int, number: int) -> dict[str, Any]:
    top = row.kind > 0
    return {
        "ts": int(ts[row.idx]),
        "price": price_text(row.high if top else row.low, decimals),
        "kind": "top" if top else "bottom",
    }


def _line(row: Any, ts: "NDArray[np.int64]", decimals: int, number: int) -> dict[str, Any]:
    return {
        "n": number,
        "start_ts": int(ts[row.start_idx]),
        "start_price": price_text(row.start_price, decimals),
        "end_ts": int(ts[row.end_idx]),
        "end_price": price_text(row.end_price, decimals),
        "direction": _DIRECTION[row.direction],
        **_life(row, ts),
    }


def _segment(row: Any, ts: "NDArray[np.int64]", decimals: int, number: int) -> dict[str, Any]:
    return {
        **_line(row, ts, decimals, number),
        "first_line": row.first_line,
        "last_line": row.last_line,
        "reason": row.reason,
    }


def _pivot(row: Any, ts: "NDArray[np.int64]", decimals: int, number: int) -> dict[str, Any]:
    prices = {name: price_text(getattr(row, name), decimals) for name in ("zg", "zd", "gg", "dd")}
    return {
        "n": number,
        "start_ts": int(ts[row.start_idx]),
        "end_ts": int(ts[row.end_idx]),
        **prices,
        "first_line": row.first_line,
        "last_line": row.last_line,
        "segment": row.segment if row.segment >= 0 else None,
        "parts": row.parts,
        **_life(row, ts),
    }


def _point(row: Any, ts: "NDArray[np.int64]", decimals: int, number: int) -> dict[str, Any]:
    return {
        "n": number,
        "ts": int(ts[row.idx]),
        "price": price_text(row.price, decimals),
        "kind": row.kind,
        "side": "buy" if row.kind.startswith("B") else "sell",
        "line": row.line,
        "pivot": row.pivot if row.pivot >= 0 else None,
        "of_line": row.of_line if row.of_line >= 0 else None,
        "ratio": _ratio(row.ratio),
        **_life(row, ts),
    }


def _life(row: Any, ts: "NDArray[np.int64]") -> dict[str, Any]:
    return {
        "sure": row.sure,
        "final": row.final_at >= 0,
        "known_ts": int(ts[row.known_at]),
        "confirmed_ts": int(ts[row.confirmed_at]) if row.confirmed_at >= 0 else None,
    }


_MAKE: dict[str, Callable[[Any, "NDArray[np.int64]", int, int], dict[str, Any]]] = {
    "fractals": _fractal,
    "strokes": _line,
    "pivots": _pivot,
    "points": _point,
    "segments": _segment,
    "segment_pivots": _pivot,
    "segment_points": _point,
    "segments2": _segment,
}


def _place(found: Any, layer: str, *, nothing: Any) -> Any:
    """A layer's entry in the kernel's tables or counts, which keep the levels of a layer in a tuple."""
    if layer not in _LEVELLED:
        return getattr(found, layer)
    name, level = _LEVELLED[layer]
    levels = getattr(found, name)
    return levels[level] if level < len(levels) else nothing


def _within(table: "NDArray[np.void]", window: tuple[int, int] | None) -> tuple[int, int]:
    """(first, one past the last) row that touches the window; points of different segments may change places."""
    if window is None or not len(table):
        return 0, len(table)
    names = table.dtype.names or ()
    starts, ends = (table["idx"], table["idx"]) if "idx" in names else (table["start_idx"], table["end_idx"])
    touching = ((ends >= window[0]) & (starts < window[1])).nonzero()[0]
    if not len(touching):
        nothing = int((ends < window[0]).sum())
        return nothing, nothing
    return int(touching[0]), int(touching[-1]) + 1


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
