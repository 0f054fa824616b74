"""Bars from wherever a person has them: a table, a file, a folder, or a series that came with the installation."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, overload

from alphaloop.core.errors import InvalidError
from alphaloop.lab.folders import files_of, is_json, pair_of, read_json
from alphaloop.lab.frames import is_table, read_table
from alphaloop.lab.universe import Coverage, Universe, cover, read_universe

if TYPE_CHECKING:
    import polars as pl

    from alphaloop.adapters.feeds.contract import BarTable
    from alphaloop.engine.panel import Series

_SAMPLES = {"sample": "SPX", "SPX": "SPX", "IXIC": "IXIC", "VIX": "VIX", "WTI": "WTI"}
_WHOLE = re.compile(r"-?[0-9]{1,18}", re.ASCII)
Columns = Mapping[str, str] | None


class Table(Protocol):
    """A data frame of polars or pandas."""

    @property
    def columns(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class LabBars:
    """Closed bars of one instrument. `labels` are the times as the source wrote them, one per row."""

    series: "Series"
    labels: tuple[Any, ...]

    @property
    def name(self) -> str:
        return self.series.name

    @property
    def frame(self) -> "pl.DataFrame":
        """ts (UTC), open, high, low, close, volume."""
        import polars as pl

        ts = pl.Series("ts", self.series.ts_ms).cast(pl.Datetime("ms", "UTC"))
        names = ("open", "high", "low", "close", "volume")
        return pl.DataFrame([ts, *(pl.Series(name, getattr(self.series, name)) for name in names)])

    def __len__(self) -> int:
        return len(self.series.ts_ms)

    def __repr__(self) -> str:
        return f"<{self.name}: {len(self)} bars, {self.labels[0]} to {self.labels[-1]}>"


@dataclass(frozen=True, slots=True)
class LabUniverse(Sequence[LabBars]):
    """Bars of several instruments and, where it was said, who of them belonged to the universe when."""

    bars: tuple[LabBars, ...]
    universe: Universe | None = None

    @property
    def coverage(self) -> Coverage | None:
        """Who is missing, was delisted or ends early; None without a universe."""
        return None if self.universe is None else cover(self.universe, [one.series for one in self.bars])

    @overload
    def __getitem__(self, at: int) -> LabBars: ...
    @overload
    def __getitem__(self, at: slice) -> "tuple[LabBars, ...]": ...
    def __getitem__(self, at: int | slice) -> "LabBars | tuple[LabBars, ...]":
        return self.bars[at]

    def __len__(self) -> int:
        return len(self.bars)

    def __repr__(self) -> str:
        told = ", ".join(one.name for one in self.bars[:5])
        return f"<{len(self.bars)} instruments: {told}{', …' if len(self.bars) > 5 else ''}>"


@overload
def load(source: str | Path | Table, *, name: str | None = None, columns: Columns = None) -> LabBars: ...
@overload
def load(source: str | Path, *, timeframe: str, columns: Columns = None, universe: Any = None) -> LabUniverse: ...
@overload
def load(
    source: list[Any] | tuple[Any, ...] | Mapping[Any, Any], *, columns: Columns = None, universe: Any = None
) -> LabUniverse: ...
def load(
    source: Any,
    *,
    name: str | None = None,
    columns: Columns = None,
    timeframe: str | None = None,
    universe: Any = None,
) -> LabBars | LabUniverse:
    """Bars of a file or a polars or pandas table, whatever its columns are called, or of a built-in series.

    "sample" is the S&P 500 from 1999 to 2018; SPX, IXIC, VIX and WTI come with the installation. Files are CSV,
    Parquet, Feather and freqtrade's JSON; `columns` says what they call ours (ts, open, high, low, close, volume) where
    the names do not tell. A list, or a mapping of names, gives several instruments, and so does a folder with the
    `timeframe` to take from it. `universe` is a table or file of memberships (symbol, from, to, delisted).
    InvalidError names the line, or the row and the column, and the reason; nothing is used then.
    """
    if isinstance(source, list | tuple | Mapping):
        named = source.items() if isinstance(source, Mapping) else ((None, one) for one in source)
        return _several(named, columns, universe)
    if timeframe is not None:
        folder = Path(source)
        if not folder.is_dir():
            raise _no_file(folder, f"There is no folder {folder.name}.")
        return _several(((None, path) for path in files_of(folder, timeframe)), columns, universe)
    return _one(source, name, columns)


def _several(given: Iterable[tuple[Any, Any]], columns: Columns, universe: Any) -> LabUniverse:
    made = []
    for named, source in given:
        is_file = isinstance(source, str | Path) and source not in _SAMPLES
        # Tables grouped by polars are named by tuples.
        name = str(named[0] if isinstance(named, tuple) else named) if named is not None else None
        try:
            made.append(_one(source, name or (pair_of(Path(source)) if is_file else None), columns))
        except InvalidError as error:
            whose = name or (Path(source).name if is_file else f"Table {len(made)}")
            raise InvalidError(f"{whose}: {error.message}", code=error.code, fields=error.fields) from None
    if not made:
        raise InvalidError("There are no bars.", code="no_bars")
    return LabUniverse(tuple(made), None if universe is None else read_universe(universe))


def _one(source: Any, name: str | None, columns: Columns) -> LabBars:
    if isinstance(source, LabBars):
        return source
    if is_table(source):
        labels, made = read_table(source, columns)
        return LabBars(_series_of(name or "bars", made), tuple(labels))
    built_in = _SAMPLES.get(source) if isinstance(source, str) else None
    if built_in is not None:
        from alphaloop.adapters.feeds.samples import SamplesFeed

        table = SamplesFeed().read({}, built_in)
        return LabBars(_series(name or built_in, table), tuple(_days(table)))
    if not isinstance(source, str | Path):
        raise InvalidError(
            "Bars are a file, a folder, a table of polars or pandas, or a list of these.", code="no_bars"
        )
    return _from_file(Path(source), name, columns)


def _from_file(path: Path, name: str | None, columns: Columns) -> LabBars:
    if path.is_dir():
        raise InvalidError(
            f'{path.name} is a folder: say which timeframe of it, such as timeframe="1h".',
            code="timeframe_needed",
            fields=(("timeframe", "missing"),),
        )
    if not path.is_file():
        raise _no_file(
            path, f"There is no file {path.name}, and no built-in series of that name ({', '.join(_SAMPLES)})."
        )
    if is_json(path):
        labels, made = read_table(read_json(path))
        return LabBars(_series_of(name or pair_of(path), made), tuple(labels))
    from alphaloop.adapters.feeds import read_bar_file

    table = read_bar_file(path, columns=columns)
    labels = _labels(path, columns)
    if len(labels) != len(table):
        labels = table.ts.tolist()
    return LabBars(_series(name or path.stem, table), tuple(labels))


def _no_file(path: Path, message: str) -> InvalidError:
    return InvalidError(message, code="no_such_file", fields=(("bars", "no_such_file"),))


def _series_of(name: str, made: Mapping[str, Any]) -> "Series":
    from alphaloop.engine.panel import make_series

    return make_series(name, made["ts"], made["open"], made["high"], made["low"], made["close"], made["volume"])


def _series(name: str, table: "BarTable") -> "Series":
    from alphaloop.engine.panel import make_series

    return make_series(name, table.ts, table.open, table.high, table.low, table.close, table.volume)


def _days(table: "BarTable") -> list[str]:
    return [str(day) for day in table.ts.astype("datetime64[ms]").astype("datetime64[D]")]


def _labels(path: Path, columns: Columns) -> list[Any]:
    """The time column as written: whole numbers as numbers, dates as ISO 8601 text."""
    import polars as pl

    from alphaloop.adapters.feeds._columns import decoded, find_columns, separator_of

    def place(names: list[str]) -> tuple[int, bool]:
        """(where the times are, whether there is a header)."""
        if columns is not None:
            return names.index(columns["ts"]), True
        found = find_columns(names)
        return (0, False) if found is None else (found["ts"], True)

    if path.suffix.lower() in (".parquet", ".feather", ".arrow"):
        lazy = pl.scan_parquet(path) if path.suffix.lower() == ".parquet" else pl.scan_ipc(path)
        names = lazy.collect_schema().names()
        column = lazy.select(names[place(names)[0]]).collect().to_series()
        values = column.to_list()
        return [value.isoformat() for value in values] if column.dtype.is_temporal() else values
    with path.open("rb") as file:
        first = decoded(file.readline())[0].rstrip("\r\n")
    separator = separator_of(first)
    at, headed = place([cell.strip().strip('"') for cell in first.split(separator)])
    frame = pl.read_csv(
        path, separator=separator, has_header=headed, columns=[at], infer_schema=False, encoding="utf8-lossy"
    )
    texts = [text.strip().strip('"') for text in frame.to_series().to_list() if text is not None]
    return [int(text) if _WHOLE.fullmatch(text) else text for text in texts]
