"""Signals that were made elsewhere, by a model in another program say, traded as a strategy of ours would be.

A signal belongs to the bar at whose close it was known and trades at the next bar's open, never at a price of its own
bar: what looks ahead in the model is beyond our sight, what would look ahead in the alignment is refused.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from alphaloop.core.errors import InvalidError
from alphaloop.core.signal import Sizing
from alphaloop.engine.panel import Floats, Ints, Panel, make_panel
from alphaloop.engine.strategy import Signals, Strategy, mark_episodes
from alphaloop.lab.frames import as_polars, is_table, read_floats, read_times
from alphaloop.lab.running import RULES, Bars, run, series_of

if TYPE_CHECKING:
    import polars as pl

    from alphaloop.lab.results import LabResult

LEVELS = ("target", "stop", "take", "trail")
_TIME_NAMES = ("ts", "time", "timestamp", "date", "datetime", "day", "时间", "日期", "交易日期")
_SYMBOL_NAMES = ("symbol", "ticker", "instrument", "代码")


@dataclass(frozen=True)
class _NoParams:
    """Whoever made the signals chose their parameters."""


def backtest_signals(
    bars: Bars,
    target: Any,
    *,
    stop: Any = None,
    take: Any = None,
    trail: Any = None,
    sizing: str = "weight",
    label: str = "open",
    name: str = "signals",
    **rules: Any,
) -> "LabResult":
    """Trade targets made elsewhere; what is given for row t trades at the open of row t + 1.

    `target` is an array [T] or [T,N] with one value per row of the bars; or a pandas Series with times, a polars or
    pandas table, or a CSV or Parquet file with a column of times and either a column per instrument or the columns
    target (stop, take, trail), with symbol where there are several instruments. Values are shares of the equity (with
    `sizing="units"` units, with "risk" +-1 sized by the distance to the stop); 0 is flat, an empty value or an absent
    row says nothing. `label` "close" means that times name the end of their bars. Further arguments are the rules of
    `backtest`, without fill="close".

    InvalidError 'bad_signals' names what is wrong in its field: 'bad_length' of an array, 'unknown_time' of a time that
    is no bar's, 'unknown_symbol', 'not_increasing' of a time given twice or out of order. A cell is 'bad_bars'.
    """
    for rule in rules:
        if rule not in RULES or rule == "fill":
            known = ", ".join(one for one in RULES if one != "fill")
            raise _refusal(f"Signals from elsewhere trade at the next open; known rules: {known}.", "unknown", rule)
    panel = make_panel(series_of(bars))
    levels = _levels(panel, {"target": target, "stop": stop, "take": take, "trail": trail}, label)
    wanted = levels.get("target")
    if wanted is None:
        raise _refusal("Signals need a target.", "missing", "target")
    signals = Signals(
        wanted,
        mark_episodes(wanted),
        _sizing(sizing),
        stop=levels.get("stop"),
        take=levels.get("take"),
        trail=levels.get("trail"),
    )
    return cast("LabResult", run(bars, _as_strategy(name, signals), _NoParams(), {"start_bar": 0, **rules}))


def _as_strategy(name: str, signals: Signals) -> Strategy:
    """The signals as a strategy; its hash is theirs, so that equal run ids mean equal signals."""
    digest = hashlib.sha256(signals.sizing.name.encode())
    for level in LEVELS:
        values = getattr(signals, level)
        digest.update(level.encode() + (b"" if values is None else np.ascontiguousarray(values).tobytes()))
    return Strategy(
        key=name,
        category="",
        label={"en": name, "zh": name},
        summary={"en": "Signals made elsewhere.", "zh": "外部生成的信号。"},
        Params=_NoParams,
        warmup=lambda _: 0,
        needs=lambda _: (),
        # A run may change what it is handed.
        evaluate=lambda panel, _: signals._replace(target=signals.target.copy()),
        manage=None,
        source_hash=digest.hexdigest(),
    )


def _sizing(name: str) -> Sizing:
    found = {one.name.lower(): one for one in Sizing}
    if name not in found:
        raise _refusal(f"Sizing is one of {', '.join(found)}.", "not_a_choice", "sizing")
    return found[name]


def _levels(panel: Panel, given: Mapping[str, Any], label: str) -> dict[str, Floats]:
    """Every level that was given as float64[T,N]; what is given apart wins over a table's own column."""
    if label not in ("open", "close"):
        raise _refusal("A time names the open or the close of its bar.", "not_a_choice", "label")
    times = panel.ts_ms if label == "open" else panel.close_ms
    made: dict[str, Floats] = {}
    for level, values in given.items():
        if values is None:
            continue
        frame = _as_table(values)
        made.update({level: _shaped(panel, values, level)} if frame is None else _aligned(panel, frame, times, level))
    return made


def _shaped(panel: Panel, values: Any, level: str) -> Floats:
    """An array without times: one value per row, and per instrument where there are several."""
    rows, columns = panel.close.shape
    try:
        made = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise _refusal(f"{level} holds something that is no number.", "not_a_number", level) from None
    if made.ndim == 1 and columns == 1:
        made = made.reshape(-1, 1)
    if made.shape != (rows, columns):
        told = " x ".join(str(size) for size in made.shape)
        wanted = f"{rows}" if columns == 1 else f"{rows} x {columns}"
        message = f"{level} has {told} values and the bars have {wanted}: give one per row, or times with them."
        raise _refusal(message, "bad_length", level)
    return np.ascontiguousarray(made)


def _as_table(values: Any) -> "pl.DataFrame | None":
    """Signals that carry their times as a table; None for plain arrays."""
    import polars as pl

    if isinstance(values, str | Path):
        path = Path(values)
        try:
            return pl.read_parquet(path) if path.suffix.lower() == ".parquet" else pl.read_csv(path, infer_schema=False)
        except (OSError, pl.exceptions.PolarsError):
            raise _refusal(f"{path.name} cannot be read.", "unreadable", "target") from None
    if is_table(values):
        return as_polars(values)
    if type(values).__module__.startswith("pandas") and "datetime" in str(values.index.dtype):
        return as_polars(values.to_frame("target"))
    return None


def _aligned(panel: Panel, frame: "pl.DataFrame", times: Ints, level: str) -> dict[str, Floats]:
    """A table's levels on the rows of the panel: its own level columns, or one column per instrument for `level`."""
    plain = {name.strip().lower(): name for name in frame.columns}
    time = next((plain[name] for name in _TIME_NAMES if name in plain), None)
    if time is None:
        raise _refusal("The signals have no column of times.", "no_such_column", "column ts")
    rows = _rows(read_times(frame, time), times)
    if "target" in plain:
        symbol = next((plain[name] for name in _SYMBOL_NAMES if name in plain), None)
        columns = _columns(panel, frame, symbol)
        _refuse_repeats(rows, columns)
        named = [name for name in LEVELS if name in plain]
        return {name: _placed(panel, rows, columns, read_floats(frame, plain[name], gaps=True)) for name in named}
    _refuse_repeats(rows, np.zeros_like(rows))
    made = np.full(panel.close.shape, np.nan)
    for name in frame.columns:
        if name != time:
            made[rows, _column(panel, name)] = read_floats(frame, name, gaps=True)
    return {level: made}


def _rows(ts_ms: Ints, times: Ints) -> Ints:
    """The row of each time; a time that is no bar's would have to be moved, and moving looks ahead or back."""
    rows = np.minimum(np.searchsorted(times, ts_ms), len(times) - 1)
    wrong = np.flatnonzero(times[rows] != ts_ms)
    if len(wrong):
        at = int(wrong[0])
        message = f"Row {at} of the signals: its time is not that of any bar ({len(wrong)} such rows)."
        raise _refusal(message, "unknown_time", f"row {at}")
    return rows.astype(np.int64)


def _refuse_repeats(rows: Ints, columns: Ints) -> None:
    """InvalidError for a time that is given twice for one instrument, or goes back."""
    last: dict[int, int] = {}
    for at, (row, column) in enumerate(zip(rows.tolist(), columns.tolist(), strict=True)):
        if row <= last.get(column, -1):
            message = f"Row {at} of the signals: its time is not later than the one before."
            raise _refusal(message, "not_increasing", f"row {at}")
        last[column] = row


def _columns(panel: Panel, frame: "pl.DataFrame", symbol: str | None) -> Ints:
    """Whose each row of a table is."""
    if symbol is not None:
        return np.array([_column(panel, str(name)) for name in frame[symbol].to_list()], dtype=np.int64)
    if len(panel.names) > 1:
        raise _refusal("Signals of several instruments need a column symbol.", "no_such_column", "column symbol")
    return np.zeros(frame.height, dtype=np.int64)


def _column(panel: Panel, name: str) -> int:
    if name not in panel.names:
        known = ", ".join(panel.names[:10])
        raise _refusal(f"The bars have no such instrument; they have {known}.", "unknown_symbol", "column symbol")
    return panel.names.index(name)


def _placed(panel: Panel, rows: Ints, columns: Ints, values: Floats) -> Floats:
    made = np.full(panel.close.shape, np.nan)
    made[rows, columns] = values
    return made


def _refusal(message: str, code: str, field: str) -> InvalidError:
    return InvalidError(message, code="bad_signals", fields=((field, code),))
