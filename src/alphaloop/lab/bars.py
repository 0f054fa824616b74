"""Bars from wherever a person has them: a CSV or Parquet file, or a series that came with the installation."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alphaloop.core.errors import InvalidError

if TYPE_CHECKING:
    import polars as pl

    from alphaloop.adapters.feeds.contract import BarTable
    from alphaloop.engine.panel import Series

_SAMPLES = {"sample": "SPX", "SPX": "SPX", "IXIC": "IXIC", "VIX": "VIX", "WTI": "WTI"}
_WHOLE = re.compile(r"-?[0-9]{1,18}", re.ASCII)


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


def load(source: str | Path) -> LabBars:
    """Bars of a CSV or Parquet file, whatever its columns are called, or of a built-in series.

    "sample" is the S&P 500 from 1999 to 2018; SPX, IXIC, VIX and WTI come with the installation. InvalidError names the
    line and the reason when a file is broken; nothing of it is used then.
    """
    built_in = _SAMPLES.get(source) if isinstance(source, str) else None
    if built_in is not None:
        from alphaloop.adapters.feeds.samples import SamplesFeed

        table = SamplesFeed().read({}, built_in)
        return LabBars(_series(built_in, table), tuple(_days(table)))
    path = Path(source)
    if not path.is_file():
        raise InvalidError(
            f"There is no file {path.name}, and no built-in series of that name ({', '.join(_SAMPLES)}).",
            code="no_such_file",
            fields=(("bars", "no_such_file"),),
        )
    from alphaloop.adapters.feeds import read_bar_file

    table = read_bar_file(path)
    labels = _labels(path)
    if len(labels) != len(table):
        labels = table.ts.tolist()
    return LabBars(_series(path.stem, table), tuple(labels))


def _series(name: str, table: "BarTable") -> "Series":
    from alphaloop.engine.panel import make_series

    return make_series(name, table.ts, table.open, table.high, table.low, table.close, table.volume)


def _days(table: "BarTable") -> list[str]:
    return [str(day) for day in table.ts.astype("datetime64[ms]").astype("datetime64[D]")]


def _labels(path: Path) -> list[Any]:
    """The time column as written: whole numbers as numbers, dates as ISO 8601 text."""
    import polars as pl

    from alphaloop.adapters.feeds._columns import find_columns

    if path.suffix.lower() in (".parquet", ".feather", ".arrow"):
        lazy = pl.scan_parquet(path) if path.suffix.lower() == ".parquet" else pl.scan_ipc(path)
        names = lazy.collect_schema().names()
        column = lazy.select(names[(find_columns(names) or {"ts": 0})["ts"]]).collect().to_series()
        values = column.to_list()
        return [value.isoformat() for value in values] if column.dtype.is_temporal() else values
    with path.open(encoding="utf-8-sig") as file:
        first = file.readline().rstrip("\r\n")
    separator = max(",;\t|", key=first.count)
    found = find_columns(first.split(separator))
    at = (found or {"ts": 0})["ts"]
    frame = pl.read_csv(path, separator=separator, has_header=found is not None, columns=[at], infer_schema=False)
    texts = [text.strip().strip('"') for text in frame.to_series().to_list() if text is not None]
    return [int(text) if _WHOLE.fullmatch(text) else text for text in texts]
