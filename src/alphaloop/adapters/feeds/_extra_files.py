"""Reads inputs besides prices (a rate, VIX, factors, fundamentals) from CSV, Parquet and Feather files.

A bad row refuses the whole file by its number; an empty cell is a value that was not there."""

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alphaloop.adapters.feeds._bar_files import MAX_BYTES, MAX_ROWS
from alphaloop.adapters.feeds._columns import bad_file, file_kind, read_time
from alphaloop.core.errors import InvalidError

if TYPE_CHECKING:
    import polars as pl

    from alphaloop.engine.extras import Extra

_NAMES = {
    "ts": "ts timestamp time date datetime day period_end 日期 时间",
    "known_at": "known_at filed filed_at filing_date published published_at announced 公告日 公告日期 披露日",
    "symbol": "symbol ticker code instrument 代码 股票代码",
}
_MEANING = {alias: name for name, aliases in _NAMES.items() for alias in aliases.split()}
# What a column may be called that holds the value, after the input's own name.
_VALUES = ("value", "close", "数值", "收盘")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
_WRITTEN = re.compile(r"(?P<path>.+?)(?::(?P<column>[^:*/\\]+))?(?:\*(?P<scale>[0-9.eE+-]+))?")


def is_extra_name(text: str) -> bool:
    """Whether an input can be called that."""
    return _NAME.fullmatch(text) is not None


def read_extra_file(
    path: Path, name: str, *, kind: str | None = None, column: str | None = None, scale: float = 1.0
) -> "Extra":
    """The values of input `name` in a file, in the order of their times, each multiplied by `scale`.

    The value stands in `column`, else in the column of the input's name, `value` or `close`, else in the only one left.
    A column such as `known_at` or `filed` says when each could be read, `symbol` whose it is. InvalidError
    'bad_bar_file' names the first bad row or the missing column."""
    import numpy as np

    from alphaloop.engine.extras import Extra

    frame = _frame(path, kind or file_kind(path.name))
    places = _places(frame.columns, name, column)
    if frame.height > MAX_ROWS:
        raise bad_file("", "too_many_rows")
    ts = _times(frame[places["ts"]])
    values = _values(frame[places["value"]]) * scale
    known = _times(frame[places["known_at"]]) if "known_at" in places else None
    symbols = frame[places["symbol"]].cast(str).fill_null("").to_list() if "symbol" in places else None
    order = np.argsort(ts, kind="stable")
    order = order[np.isfinite(values[order])]
    if len(order) == 0:
        raise bad_file("", "empty")
    if symbols is None and known is None and np.any(np.diff(ts[order]) == 0):
        raise bad_file(f"row {int(order[1:][np.diff(ts[order]) == 0][0]) + 1}", "not_increasing")
    return Extra(
        ts[order],
        values[order],
        None if symbols is None else tuple(symbols[row].strip() for row in order.tolist()),
        None if known is None else known[order],
    )


def read_written(text: str, folder: Path | None = None) -> tuple[str, "Extra"]:
    """An input as people write it on a command line: NAME=FILE, NAME=FILE:COLUMN or NAME=FILE:COLUMN*SCALE, such as
    rate=FEDFUNDS.csv*0.01."""
    name, equals, rest = text.partition("=")
    written = _WRITTEN.fullmatch(rest)
    if not equals or not is_extra_name(name) or written is None:
        raise InvalidError("An extra is written NAME=FILE, or NAME=FILE:COLUMN*SCALE.", code="bad_extra")
    path, column, scale = Path(rest), None, 1.0
    if not path.is_file():
        path, column = Path(written["path"]), written["column"]
        try:
            scale = float(written["scale"] or 1.0)
        except ValueError:
            scale = math.nan
    path = path if folder is None else folder / path
    if not math.isfinite(scale) or scale == 0.0:
        raise InvalidError("The scale of an extra is a number.", code="bad_extra")
    if not path.is_file():
        raise InvalidError(f"There is no file {path.name}.", code="no_such_file", fields=((name, "no_such_file"),))
    return name, read_extra_file(path, name, column=column, scale=scale)


def _places(names: list[str], name: str, column: str | None) -> Mapping[str, str]:
    plain = {one: one.strip().lower().replace(" ", "_") for one in names}
    places = {_MEANING[text]: one for one, text in reversed(plain.items()) if text in _MEANING}
    if "ts" not in places:
        raise bad_file("column ts", "no_such_column")
    rest = [one for one in names if one not in places.values()]
    if column is not None:
        wanted = [one for one in names if one == column]
    else:
        wanted = [one for text in (name, *_VALUES) for one in rest if plain[one] == text] or rest[: len(rest) == 1]
    if not wanted:
        raise bad_file(f"column {column or name}", "no_such_column")
    return {**places, "value": wanted[0]}


def _frame(path: Path, kind: str | None) -> "pl.DataFrame":
    import polars as pl

    try:
        if kind is None or path.stat().st_size > MAX_BYTES:
            raise bad_file("", "unreadable" if kind is None else "too_large")
        if kind == "parquet":
            return pl.read_parquet(path)
        return pl.read_ipc(path) if kind == "feather" else pl.read_csv(path, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError, ValueError):
        raise bad_file("", "unreadable") from None


def _times(column: "pl.Series") -> Any:
    """Epoch ms, int64[K]."""
    import numpy as np

    if column.null_count():
        raise bad_file(f"row {int(column.is_null().arg_max() or 0) + 1}", "missing_value")
    if column.dtype.is_temporal():
        return column.cast(_moments()).to_physical().to_numpy().astype(np.int64)
    made, unit = np.empty(len(column), dtype=np.int64), None
    for row, value in enumerate(column.to_list()):
        try:
            made[row], unit = read_time(str(value), unit)
        except ValueError as reason:
            raise bad_file(f"row {row + 1}", str(reason)) from None
    return made


def _moments() -> "pl.Datetime":
    import polars as pl

    return pl.Datetime("ms")


def _values(column: "pl.Series") -> Any:
    """float64[K], NaN for an empty cell."""
    import numpy as np
    import polars as pl

    if not column.dtype.is_numeric():
        texts = column.cast(pl.String).str.strip_chars()
        empty = texts.is_null() | texts.is_in(["", ".", "NA", "NaN", "nan"])
        numbers = texts.cast(pl.Float64, strict=False)
        wrong = numbers.is_null() & ~empty
        if wrong.any():
            raise bad_file(f"row {int(wrong.arg_max() or 0) + 1}", "not_a_number")
        column = numbers
    made = column.cast(pl.Float64).fill_null(np.nan).to_numpy()
    if np.isinf(made).any():
        raise bad_file(f"row {int(np.argmax(np.isinf(made))) + 1}", "not_finite")
    return np.array(made)
