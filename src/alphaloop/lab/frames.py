"""Tables that a person already holds, polars or pandas, as checked bars; a wrong cell is named by its row and column.

Neither library is imported to find out what was given: whoever has no pandas never waits for it.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from alphaloop.adapters.feeds._columns import (
    COLUMNS,
    FIRST_MS,
    LAST_MS,
    REASONS,
    epoch_unit,
    guess_columns,
    read_number,
    read_time,
    row_fault,
)
from alphaloop.core.errors import InvalidError

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

_PRICES = COLUMNS[1:5]
_DAY_MS = 86_400_000
# Which column to look at when a rule between columns is broken.
_AT_FAULT = {"not_increasing": "ts", "high_below_low": "high", "outside_range": "close", "negative_volume": "volume"}


def is_table(thing: object) -> bool:
    """Whether it is a data frame of polars or pandas."""
    kind = type(thing)
    return kind.__module__.partition(".")[0] in ("polars", "pandas") and kind.__name__ in ("DataFrame", "LazyFrame")


def as_polars(table: Any) -> "pl.DataFrame":
    """The table's columns in order; of a pandas one the index too, in front, where it holds times.

    InvalidError 'several_instruments' for columns of two levels that name more than one instrument.
    """
    import polars as pl

    if type(table).__module__.startswith("polars"):
        frame: pl.DataFrame = table.collect() if hasattr(table, "collect") else table
        return frame
    columns: list[pl.Series] = []
    index = table.index.to_timestamp() if hasattr(table.index, "to_timestamp") else table.index
    if "datetime" in str(index.dtype) or "ts" in guess_columns([str(index.name)]):
        columns.append(_from_pandas("ts" if index.name is None else str(index.name), index))
    names = [name if isinstance(name, tuple) else (name,) for name in table.columns]
    if len({name[1:] for name in names}) > 1:
        raise InvalidError("The table holds several instruments: give one table each.", code="several_instruments")
    taken = {column.name for column in columns}
    for at, (name, *_) in enumerate(names):
        if str(name) not in taken:
            taken.add(str(name))
            columns.append(_from_pandas(str(name), table.iloc[:, at]))
    return pl.DataFrame(columns)


def read_table(table: Any, columns: Mapping[str, str] | None = None) -> "tuple[list[Any], dict[str, NDArray[Any]]]":
    """(times as written, {ts int64[T] epoch ms, open, high, low, close, volume float64[T]}).

    `columns` says what the table calls ours where its names do not tell. Rows are counted from 0. InvalidError
    'bad_bars' names the row and the column, 'no_such_column' alone the column.
    """
    import numpy as np

    frame = as_polars(table)
    places = _places(frame.columns, columns)
    if not frame.height:
        raise InvalidError("There are no bars.", code="no_bars")
    ts = read_times(frame, places["ts"])
    made: dict[str, NDArray[Any]] = {"ts": ts}
    for column in _PRICES:
        made[column] = read_floats(frame, places[column])
    made["volume"] = read_floats(frame, places["volume"]) if "volume" in places else np.zeros(len(ts))
    _check_rows(made, places)
    return labels_of(frame, places["ts"], ts), made


def read_times(frame: "pl.DataFrame", name: str) -> "NDArray[np.int64]":
    """A column of times as epoch ms: dates, datetimes (without a zone: UTC), ISO 8601 text or epoch numbers.

    Midnights of a market's own zone are its days, which are kept at 00:00 UTC of their date."""
    import numpy as np
    import polars as pl

    column = frame[name]
    if not len(column):
        return np.empty(0, dtype=np.int64)
    if column.null_count():
        raise cell_fault(int(np.argmax(column.is_null().to_numpy())), name, "missing_value")
    if column.dtype in (pl.Date, pl.Datetime):
        zone = getattr(column.dtype, "time_zone", None)
        found = column.cast(pl.Datetime("ms", zone)).to_physical().to_numpy().astype(np.int64)
        if zone is not None:
            local = column.dt.replace_time_zone(None).cast(pl.Datetime("ms")).to_physical().to_numpy().astype(np.int64)
            found = local if _all_midnight(local) else found
        beyond = (found < FIRST_MS) | (found > LAST_MS)
        if beyond.any():
            raise cell_fault(int(np.argmax(beyond)), name, "bad_time")
        return found
    unit = epoch_unit(float(column[0])) if column.dtype.is_numeric() else None
    times = np.empty(len(column), dtype=np.int64)
    for row, value in enumerate(column.to_list()):
        try:
            times[row], unit = read_time(value.isoformat() if hasattr(value, "isoformat") else str(value), unit)
        except ValueError as reason:
            raise cell_fault(row, name, str(reason)) from None
    return times


def read_floats(frame: "pl.DataFrame", name: str, *, gaps: bool = False) -> "NDArray[np.float64]":
    """A column as float64; text is read as a number. With `gaps` an empty cell is NaN, else it is refused."""
    import numpy as np
    import polars as pl

    column = frame[name]
    made = column.cast(pl.Float64, strict=False) if column.dtype != pl.Object else pl.Series([None] * len(column))
    values: NDArray[np.float64] = made.cast(pl.Float64).fill_null(np.nan).to_numpy().astype(np.float64)
    if np.isfinite(values).all():
        return values
    for row in np.flatnonzero(~np.isfinite(values)).tolist():
        cell = column[row]
        if gaps and (cell is None or cell != cell or str(cell).strip().lower() in ("", "nan")):
            continue
        try:
            values[row] = read_number("" if cell is None else str(cell))
        except ValueError as reason:
            raise cell_fault(row, name, str(reason)) from None
    return values


def labels_of(frame: "pl.DataFrame", name: str, ts: "NDArray[np.int64]") -> list[Any]:
    """The times as a person wrote them; dates and datetimes as ISO 8601 text in UTC."""
    import numpy as np

    if not frame[name].dtype.is_temporal():
        return frame[name].to_list()
    unit = "D" if not (ts % _DAY_MS).any() else "ms" if (ts % 1000).any() else "s"
    return list(np.datetime_as_string(ts.astype("datetime64[ms]").astype(f"datetime64[{unit}]")).tolist())


def cell_fault(row: int, column: str, code: str) -> InvalidError:
    """The refusal of one cell; the row counts from 0."""
    return InvalidError(
        f"Row {row}, column {column}: {REASONS[code]}.",
        code="bad_bars",
        fields=((f"row {row}", code), (f"column {column}", code)),
    )


def _from_pandas(name: str, column: Any) -> "pl.Series":
    import polars as pl

    if "datetime" in str(column.dtype):
        if getattr(column.dtype, "tz", None) is not None:
            local = (column.dt if hasattr(column, "dt") else column).tz_localize(None)
            # polars knows zones by name only, and pandas those of a fixed offset too.
            if _all_midnight(local.to_numpy(dtype="datetime64[ms]")):
                column = local
        return pl.Series(name, column.to_numpy(dtype="datetime64[ms]"))
    values = column.to_numpy()
    if values.dtype != object:
        return pl.Series(name, values)
    cells = zip(values.tolist(), column.isna(), strict=True)
    return pl.Series(name, [None if missing else cell for cell, missing in cells], strict=False)


def _all_midnight(times: "NDArray[Any]") -> bool:
    """Whether times, epoch ms or datetime64[ms], are all at midnight; a missing one is no obstacle."""
    import numpy as np

    values = times.astype(np.int64)
    return not (values[values != np.iinfo(np.int64).min] % _DAY_MS).any()


def _places(names: list[str], columns: Mapping[str, str] | None) -> dict[str, str]:
    """Our column -> the table's."""
    found = {column: names[at] for column, at in guess_columns(names).items()} if columns is None else dict(columns)
    for column, name in found.items():
        if column not in COLUMNS or name not in names:
            raise _no_column(column if column not in COLUMNS else name)
    for column in COLUMNS[:5]:
        if column not in found:
            raise _no_column(column)
    return found


def _no_column(name: str) -> InvalidError:
    field = ((f"column {name}", "no_such_column"),)
    return InvalidError(f"Column {name}: {REASONS['no_such_column']}.", code="bad_bars", fields=field)


def _check_rows(made: "dict[str, NDArray[Any]]", places: Mapping[str, str]) -> None:
    """Refuse the first row that breaks a rule."""
    import numpy as np

    ts, (opened, high, low, close), volume = made["ts"], (made[name] for name in _PRICES), made["volume"]
    wrong = np.r_[False, np.diff(ts) <= 0] | (low <= 0) | (volume < 0)
    wrong |= (high < np.maximum(opened, close)) | (low > np.minimum(opened, close))
    if not wrong.any():
        return
    row = int(np.argmax(wrong))
    prices = (float(opened[row]), float(high[row]), float(low[row]), float(close[row]))
    before = int(ts[row - 1]) if row else None
    code = row_fault(int(ts[row]), before, prices, float(volume[row])) or "outside_range"
    column = _AT_FAULT.get(code) or _PRICES[int(np.argmin(prices))]
    raise cell_fault(row, places.get(column, column), code)
