"""The six columns of bars out of whatever a person holds: a frame, a mapping, an array or a file."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from alphaloop.adapters.feeds._columns import COLUMNS, find_columns
from alphaloop.core.errors import InvalidError
from alphaloop.kernels.chan import ChanInputError

if TYPE_CHECKING:
    import polars as pl

PRICES = ("open", "high", "low", "close")
# The size tells the unit: so many seconds lie after the year 5000, so many milliseconds before 1974.
_MS_FROM, _US_FROM, _NS_FROM = 1e11, 1e14, 1e17


@dataclass(frozen=True, slots=True)
class Columns:
    """`labels` are the times as given, one a bar, and `ts` the same in epoch milliseconds, int64[N]. The others are as
    given; `volume` is None when there is none."""

    labels: list[Any]
    ts: npt.NDArray[np.int64]
    open: Any
    high: Any
    low: Any
    close: Any
    volume: Any


def read_columns(bars: object) -> Columns:
    """Raises ChanInputError for a time that names none, ValueError for a missing column or a thing that holds no bars,
    FileNotFoundError."""
    given = _given(bars)
    try:
        places = find_columns(list(given))
    except InvalidError as error:
        named = error.fields[0][0].removeprefix("column ")
        raise ValueError(f"the bars have no column {named!r}; needed: ts, open, high, low, close") from None
    if places is None:
        raise ValueError("the bars have no column 'ts'; needed: ts, open, high, low, close")
    values = list(given.values())
    found = {name: values[places[name]] for name in COLUMNS if name in places}
    ts = np.asarray(found["ts"])
    if ts.ndim == 1 and len(ts) == 0:
        raise ChanInputError(0, "there are no bars")
    prices = {name: found[name] for name in PRICES}
    return Columns(_labels(found["ts"]), _milliseconds(ts), **prices, volume=found.get("volume"))


def _given(bars: object) -> dict[str, Any]:
    """Column name → array-like, as given."""
    if isinstance(bars, str | Path):
        return _file_columns(Path(bars))
    if isinstance(bars, Mapping):
        return {str(name): values for name, values in bars.items()}
    if isinstance(bars, np.ndarray):
        return _array_columns(bars)
    frame: Any = bars
    if type(bars).__module__.startswith("pandas"):
        return _pandas_columns(frame)
    if type(bars).__module__.startswith("polars"):
        return _polars_columns(frame.collect() if hasattr(frame, "collect") else frame)
    raise ValueError("bars must be a polars or pandas frame, a mapping of columns, an array, or a path")


def _array_columns(bars: npt.NDArray[Any]) -> dict[str, Any]:
    """The fields of a structured array, or the columns ts, open, high, low, close and perhaps volume of a plain one."""
    if bars.dtype.names:
        return {name: bars[name] for name in bars.dtype.names}
    if bars.ndim != 2 or bars.shape[1] not in (5, 6):
        raise ValueError("an array of bars has the columns ts, open, high, low, close and perhaps volume")
    return {name: bars[:, at] for at, name in enumerate(COLUMNS[: bars.shape[1]])}


def _pandas_columns(frame: Any) -> dict[str, Any]:
    """The columns, and the index in front of them where it holds the times."""
    names = [str(name[0] if isinstance(name, tuple) else name) for name in frame.columns]
    columns = {name: frame.iloc[:, at].to_numpy() for at, name in reversed(list(enumerate(names)))}
    columns = {name: columns[name] for name in names}
    index = frame.index
    if "datetime" in str(index.dtype) or (index.name is not None and _means_time(str(index.name))):
        return {"ts": index.to_numpy(), **{name: values for name, values in columns.items() if name != "ts"}}
    return columns


def _means_time(name: str) -> bool:
    try:
        return find_columns([name, *PRICES]) == {column: at for at, column in enumerate(COLUMNS[:5])}
    except InvalidError:
        return False


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
    # Dates and times go out as Python objects: that keeps their zone, which a numpy array would drop.
    return {one.name: one.to_list() if one.dtype.is_temporal() else one.to_numpy() for one in frame.get_columns()}


def _labels(ts: Any) -> list[Any]:
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
