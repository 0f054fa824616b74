"""Reads CSV, Parquet and Feather bar files fast, and refuses a broken one by naming its first bad line.

A file is read in one vectorised pass; only when that pass finds something wrong is it walked line by line for the
exact place and reason.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alphaloop.adapters.feeds._columns import (
    COLUMNS,
    FIRST_MS,
    LAST_MS,
    bad_file,
    chosen_columns,
    decoded,
    epoch_unit,
    file_kind,
    find_columns,
    read_number,
    read_time,
    row_fault,
    separator_of,
)
from alphaloop.adapters.feeds._decimals import count_decimals
from alphaloop.adapters.feeds.contract import BarTable

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

MAX_BYTES = 200 * 1024 * 1024
MAX_ROWS = 5_000_000
_PRICES = COLUMNS[1:5]
_TIME_FORMATS = (
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y/%m/%d",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
)


class _SuspectError(Exception):
    """The fast pass met something it cannot vouch for."""


def read_bar_file(path: Path, *, kind: str | None = None, columns: Mapping[str, str] | None = None) -> BarTable:
    """Bars of a file, or InvalidError 'bad_bar_file' naming the line and the reason.

    `kind` is csv, parquet or feather; by default the ending of the name decides. `columns` says what the file calls
    ours (ts, open, high, low, close, volume) where its names do not tell. Times are epoch seconds, milliseconds,
    microseconds, YYYYMMDD or ISO 8601 (without a zone: UTC). At most 200 MB and 5 000 000 rows.
    """
    kind = kind or file_kind(path.name)
    if kind is None:
        raise bad_file("", "unreadable")
    try:
        if path.stat().st_size > MAX_BYTES:
            raise bad_file("", "too_large")
        return _read_text(path, columns) if kind == "csv" else _read_binary(path, kind, columns)
    except OSError:
        raise bad_file("", "unreadable") from None


def _read_text(path: Path, columns: Mapping[str, str] | None) -> BarTable:
    places, separator, headed, utf8 = _sniff(path, columns)
    try:
        return _checked(_fast_columns(path, places, separator, headed=headed, utf8=utf8))
    except _SuspectError:
        return _walk(path, places, separator, headed)


def _sniff(path: Path, columns: Mapping[str, str] | None) -> tuple[dict[str, int], str, bool, bool]:
    """(position of each column, separator, whether the first line is a header, whether it is UTF-8)."""
    with path.open("rb") as file:
        raw = file.readline(65_536)
    first, utf8 = decoded(raw)
    first = first.strip("\r\n")
    if not first.strip():
        raise bad_file("", "empty") if not raw else bad_file("line 1", "missing_value")
    separator = separator_of(first)
    names = first.split(separator)
    if columns is not None:
        return chosen_columns(names, columns), separator, True, utf8
    found = find_columns(names)
    if found is not None:
        return found, separator, True, utf8
    try:
        read_time(names[0], None)
    except ValueError:
        raise bad_file("column ts", "no_such_column") from None
    if len(names) < 5:
        raise bad_file("column close", "no_such_column")
    return {column: at for at, column in enumerate(COLUMNS) if at < len(names)}, separator, False, utf8


def _fast_columns(path: Path, places: dict[str, int], separator: str, *, headed: bool, utf8: bool) -> "pl.DataFrame":
    import polars as pl

    chosen = sorted(places, key=lambda column: places[column])
    try:
        frame = pl.read_csv(
            path,
            separator=separator,
            has_header=headed,
            columns=[places[column] for column in chosen],
            infer_schema=False,
            n_rows=MAX_ROWS + 1,
            truncate_ragged_lines=False,
            encoding="utf8" if utf8 else "utf8-lossy",
        )
    except (pl.exceptions.PolarsError, ValueError) as error:
        raise _SuspectError from error
    frame.columns = chosen
    return frame


def _read_binary(path: Path, kind: str, columns: Mapping[str, str] | None) -> BarTable:
    import polars as pl

    try:
        lazy = pl.scan_parquet(path) if kind == "parquet" else pl.scan_ipc(path)
        names = lazy.collect_schema().names()
        places = find_columns(names) if columns is None else chosen_columns(names, columns)
        if places is None:
            raise bad_file("column ts", "no_such_column")
        rows = lazy.select(pl.len()).collect().item()
        if rows > MAX_ROWS:
            raise bad_file("", "too_many_rows")
        frame = lazy.select([pl.col(names[at]).alias(column) for column, at in places.items()]).collect()
    except (pl.exceptions.PolarsError, ValueError, OSError):
        raise bad_file("", "unreadable") from None
    try:
        return _checked(frame)
    except _SuspectError:
        return _walk_rows(frame)


def _checked(frame: "pl.DataFrame") -> BarTable:
    """The table of six columns when every rule holds, else _SuspectError."""
    import numpy as np

    if not frame.height or frame.height > MAX_ROWS:
        raise _SuspectError
    ts = _times(frame["ts"])
    opened, high, low, close = (_floats(frame[column]) for column in _PRICES)
    volume = _floats(frame["volume"]) if "volume" in frame.columns else np.zeros(len(ts))
    held = (
        bool((np.diff(ts) > 0).all())
        and int(ts[0]) >= FIRST_MS
        and int(ts[-1]) <= LAST_MS
        and bool(((low > 0) & (low <= opened) & (low <= close) & (high >= opened) & (high >= close)).all())
        and bool((volume >= 0).all())
    )
    if not held:
        raise _SuspectError
    return _table(ts, opened, high, low, close, volume)


def _table(
    ts: "NDArray[np.int64]", opened: Any, high: Any, low: Any, close: Any, volume: "NDArray[np.float64]"
) -> BarTable:
    return BarTable(
        ts=ts,
        open=opened,
        high=high,
        low=low,
        close=close,
        volume=volume + 0.0,  # -0.0 becomes 0.0
        price_decimals=count_decimals(opened, high, low, close),
        volume_decimals=count_decimals(volume),
    )


def _floats(column: "pl.Series") -> "NDArray[np.float64]":
    import numpy as np
    import polars as pl

    if column.dtype == pl.String:
        # polars would also take inf and NaN here; both fail the finite check below.
        column = column.str.strip_chars().cast(pl.Float64, strict=False)
    elif column.dtype.is_numeric():
        column = column.cast(pl.Float64, strict=False)
    else:
        raise _SuspectError
    if column.null_count():
        raise _SuspectError
    values: NDArray[np.float64] = np.ascontiguousarray(column.to_numpy(), dtype=np.float64)
    if not np.isfinite(values).all():
        raise _SuspectError
    return values


def _times(column: "pl.Series") -> "NDArray[np.int64]":
    import numpy as np
    import polars as pl

    if column.null_count():
        raise _SuspectError
    if column.dtype in (pl.Date, pl.Datetime):
        column = column.cast(pl.Datetime("ms", getattr(column.dtype, "time_zone", None))).cast(pl.Int64)
    elif column.dtype == pl.String:
        return _text_times(column.str.strip_chars(' "'))
    elif not column.dtype.is_numeric():
        raise _SuspectError
    else:
        column = _epoch_ms(column)
    return np.ascontiguousarray(column.to_numpy(), dtype=np.int64)


def _text_times(column: "pl.Series") -> "NDArray[np.int64]":
    import numpy as np
    import polars as pl

    numbers = column.cast(pl.Int64, strict=False)
    if not numbers.null_count():
        found = _epoch_ms(numbers)
    else:
        first = str(column[0])
        zoned = first.endswith("Z") or "+" in first[10:] or "-" in first[10:]
        for pattern in _TIME_FORMATS:
            parsed = column.str.to_datetime(
                pattern + ("%#z" if zoned else ""), time_unit="ms", strict=False, exact=True, cache=False
            )
            if not parsed.null_count():
                found = parsed.cast(pl.Int64)
                break
        else:
            raise _SuspectError
    return np.ascontiguousarray(found.to_numpy(), dtype=np.int64)


def _epoch_ms(numbers: "pl.Series") -> "pl.Series":
    import polars as pl

    unit = epoch_unit(float(numbers[0]))
    if unit == 0:
        days = numbers.cast(pl.Int64).cast(pl.String).str.to_date("%Y%m%d", strict=False)
        if days.null_count():
            raise _SuspectError
        return days.cast(pl.Datetime("ms")).cast(pl.Int64)
    if unit >= 1_000_000:
        scaled = numbers * (unit // 1_000_000)
        return scaled if scaled.dtype == pl.Int64 else scaled.cast(pl.Float64).round().cast(pl.Int64, strict=False)
    return numbers.cast(pl.Int64, strict=False) // (1_000_000 // unit)


def _walk(path: Path, places: dict[str, int], separator: str, headed: bool) -> BarTable:
    """Read a text file line by line: the first bad line is refused by its number, a good file is returned."""
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline=None) as file:
        lines = ((number, line) for number, line in enumerate(file, 1) if line.strip() and not (headed and number == 1))
        return _collect(
            ((f"line {number}", _cells(line, places, separator, f"line {number}")) for number, line in lines)
        )


def _cells(line: str, places: dict[str, int], separator: str, where: str) -> dict[str, str]:
    cells = line.rstrip("\r\n").split(separator)
    if len(cells) <= max(places.values()):
        raise bad_file(where, "missing_value")
    return {column: cells[at].strip().strip('"') for column, at in places.items()}


def _walk_rows(frame: "pl.DataFrame") -> BarTable:
    """The same for a binary file, whose lines are rows."""
    import polars as pl

    kind = frame["ts"].dtype
    if kind in (pl.Date, pl.Datetime):
        frame = frame.with_columns(
            pl.col("ts").cast(pl.Datetime("ms", getattr(kind, "time_zone", None))).cast(pl.Int64).alias("ts")
        )
    return _collect(
        (f"row {number}", {name: "" if cell is None else str(cell) for name, cell in row.items()})
        for number, row in enumerate(frame.iter_rows(named=True), 1)
    )


def _collect(rows: Any) -> BarTable:
    import numpy as np

    kept: list[tuple[float, ...]] = []
    times: list[int] = []
    unit: int | None = None
    for where, cells in rows:
        if len(times) >= MAX_ROWS:
            raise bad_file("", "too_many_rows")
        try:
            ts_ms, unit = read_time(cells["ts"], unit)
            numbers = [read_number(cells[column]) for column in _PRICES]
            volume = read_number(cells["volume"]) if "volume" in cells else 0.0
        except ValueError as reason:
            raise bad_file(where, str(reason)) from None
        opened, high, low, close = numbers
        fault = row_fault(ts_ms, times[-1] if times else None, (opened, high, low, close), volume)
        if fault is not None:
            raise bad_file(where, fault)
        times.append(ts_ms)
        kept.append((opened, high, low, close, volume))
    if not times:
        raise bad_file("", "empty")
    columns = np.ascontiguousarray(np.array(kept, dtype=np.float64).T)
    return _table(np.array(times, dtype=np.int64), *columns)
