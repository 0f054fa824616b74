"""One stored series on disk: Parquet chunks by month or year, and a manifest that names the chunks that count.

A change writes new chunk files first and replaces the manifest last, in one step. Whoever reads sees the series
before the change or after it, and a process killed in between leaves nothing but an unused file.
"""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alphaloop.adapters.feeds.contract import BarTable
from alphaloop.core.bar import Timeframe
from alphaloop.core.errors import UnavailableError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_COLUMNS = ("ts", "open", "high", "low", "close", "volume")
_MANIFEST = "series.json"


@dataclass(frozen=True, slots=True)
class Chunk:
    """One file of rows. `sources` says who brought them: (open time from which on, name), the name '' where nobody
    wrote it down."""

    key: str
    file: str
    rows: int
    first_ts: int
    last_ts: int
    sources: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a series holds. The counts remember what earlier imports met: rows that were there already, rows that
    said something else, rows the source had left empty."""

    price_decimals: int = 0
    volume_decimals: int = 0
    serial: int = 0
    duplicates: int = 0
    conflicts: int = 0
    dropped: int = 0
    chunks: tuple[Chunk, ...] = field(default=())

    @property
    def rows(self) -> int:
        return sum(chunk.rows for chunk in self.chunks)

    @property
    def first_ts(self) -> int:
        return self.chunks[0].first_ts

    @property
    def last_ts(self) -> int:
        return self.chunks[-1].last_ts


def chunk_spans(ts: "NDArray[np.int64]", timeframe: Timeframe) -> list[tuple[str, int, int]]:
    """(chunk, first row, one past the last row) of rows in the order of time: a month up to 5m, a year up to 4h, one
    chunk for days and longer."""
    import numpy as np

    if not timeframe.intraday:
        return [("all", 0, len(ts))] if len(ts) else []
    unit = "M" if timeframe.ms <= Timeframe.M5.ms else "Y"
    periods = ts.astype("datetime64[ms]").astype(f"datetime64[{unit}]")
    starts = [0, *(np.flatnonzero(periods[1:] != periods[:-1]) + 1).tolist()] if len(ts) else []
    return [(str(periods[start]), start, stop) for start, stop in zip(starts, [*starts[1:], len(ts)], strict=True)]


def load_manifest(folder: Path) -> Manifest | None:
    try:
        raw: dict[str, Any] = json.loads((folder / _MANIFEST).read_bytes())
    except FileNotFoundError:
        return None
    except (ValueError, OSError):
        raise _damaged() from None
    try:
        return Manifest(**{**raw, "chunks": tuple(_chunk(chunk) for chunk in raw["chunks"])})
    except (TypeError, KeyError):
        raise _damaged() from None


def _chunk(raw: dict[str, Any]) -> Chunk:
    return Chunk(**{**raw, "sources": tuple((int(ts), str(name)) for ts, name in raw.get("sources", ()))})


def save_manifest(folder: Path, manifest: Manifest) -> None:
    """Replace the manifest in one step, then remove chunk files that nothing names any more."""
    plain = {name: getattr(manifest, name) for name in Manifest.__slots__ if name != "chunks"}
    plain["chunks"] = [{name: getattr(chunk, name) for name in Chunk.__slots__} for chunk in manifest.chunks]
    fresh = folder / f"{_MANIFEST}.new"
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(plain, file, separators=(",", ":"))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(folder / _MANIFEST)
    named = {chunk.file for chunk in manifest.chunks}
    for path in folder.glob("*.parquet"):
        if path.name not in named:
            path.unlink(missing_ok=True)


def write_chunk(
    folder: Path, manifest: Manifest, key: str, table: BarTable, sources: tuple[tuple[int, str], ...]
) -> tuple[Manifest, Chunk]:
    """Write rows as a new file; the manifest returned has used up one serial number."""
    import polars as pl

    serial = manifest.serial + 1
    chunk = Chunk(key, f"{key}.{serial}.parquet", len(table), int(table.ts[0]), int(table.ts[-1]), sources)
    frame = pl.DataFrame({name: getattr(table, name) for name in _COLUMNS})
    path = folder / chunk.file
    frame.write_parquet(path, compression="zstd", compression_level=1, statistics=False)
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return replace(manifest, serial=serial), chunk


def read_chunks(folder: Path, manifest: Manifest, chunks: list[Chunk]) -> BarTable:
    """Rows of these chunks in order. FileNotFoundError when another process has replaced one meanwhile."""
    import numpy as np
    import polars as pl

    try:
        frames = [pl.read_parquet(folder / chunk.file) for chunk in chunks]
    except FileNotFoundError:
        raise
    except (pl.exceptions.PolarsError, OSError):
        raise _damaged() from None
    columns = {name: np.concatenate([frame[name].to_numpy() for frame in frames]) for name in _COLUMNS}
    return BarTable.of(columns, price_decimals=manifest.price_decimals, volume_decimals=manifest.volume_decimals)


@contextlib.contextmanager
def series_lock(folder: Path) -> Iterator[None]:
    """One writer per series across processes; the lock falls with the process that holds it."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / ".lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _damaged() -> UnavailableError:
    return UnavailableError("A stored series is damaged; import it again.", code="series_damaged")
