"""The bar store: every series the platform keeps, exact to the decimals of its source and fast at its newest end.

All calls block; services run them in a thread.
"""

import contextlib
import shutil
from bisect import bisect_right
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from alphaloop.adapters.feeds import decimal_texts
from alphaloop.adapters.feeds.contract import BarTable, SeriesListing
from alphaloop.core.bar import Bar, Timeframe
from alphaloop.core.calendar import Calendar
from alphaloop.core.errors import NotFoundError, UnavailableError
from alphaloop.core.instrument import check_symbol
from alphaloop.features.market.series_files import (
    Chunk,
    Manifest,
    chunk_spans,
    load_manifest,
    read_chunks,
    save_manifest,
    series_lock,
    write_chunk,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_PRICES = ("open", "high", "low", "close", "volume")
_REPORTED = 20
# 1m and 1M are one name where the file system ignores case.
_FOLDERS = {timeframe: "1mo" if timeframe is Timeframe.MO1 else timeframe.value for timeframe in Timeframe}
_TIMEFRAMES = {name: timeframe for timeframe, name in _FOLDERS.items()}


@dataclass(frozen=True, slots=True)
class Appended:
    """What an append did: rows new, rows there already with the same values, rows there with other values (the
    first of them by open time), rows replaced because that was asked for."""

    added: int
    duplicates: int
    conflicts: int
    replaced: int
    conflict_ts: tuple[int, ...]
    manifest: Manifest


class BarStore:
    """Series under one folder: `<venue>/<symbol>/<timeframe>/`. Holds no state, so any process may open one."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def marks(self) -> "BarStore":
        """Mark prices of perpetuals, kept in the same way beside the bars."""
        return BarStore(self._root / "_marks")

    def manifest(self, symbol: str, timeframe: Timeframe) -> Manifest | None:
        """What is stored of a series, or None."""
        return load_manifest(self._folder(symbol, timeframe))

    def append(
        self,
        symbol: str,
        timeframe: Timeframe,
        table: BarTable,
        *,
        source: str = "",
        replace_conflicts: bool = False,
    ) -> Appended:
        """Merge rows into a series by open time; afterwards they are all there or, after a crash, none of them.

        A row that is there with the same values is dropped. One with other values is kept as it was and reported,
        unless `replace_conflicts` says that the newer version wins. `source` is who brings them, as people call it.
        """

        folder = self._folder(symbol, timeframe)
        with series_lock(folder):
            manifest = load_manifest(folder) or Manifest()
            done = _merge_into(folder, manifest, timeframe, table, source, replace_conflicts)
            save_manifest(folder, done.manifest)
        return done

    def read(
        self,
        symbol: str,
        timeframe: Timeframe,
        *,
        since_ts: int | None = None,
        before_ts: int | None = None,
        first: int | None = None,
        last: int | None = None,
    ) -> BarTable:
        """Rows with since_ts <= ts < before_ts, then only the `first` or the `last` so many of them.

        NotFoundError 'series_not_found' when nothing is stored. Only the chunks that matter are read.
        """
        folder = self._folder(symbol, timeframe)
        for _ in range(5):
            manifest = load_manifest(folder)
            if manifest is None or not manifest.chunks:
                raise NotFoundError("There are no bars of this instrument and timeframe.", code="series_not_found")
            chosen = _needed(manifest, since_ts, before_ts, first=first, last=last)
            with contextlib.suppress(FileNotFoundError):  # replaced by a writer between the two reads
                return _range(read_chunks(folder, manifest, chosen), since_ts, before_ts, first=first, last=last)
        raise UnavailableError("The series is being rewritten; try again.", code="series_busy")

    def sources(self, symbol: str, timeframe: Timeframe, *, first_ts: int, last_ts: int) -> list[tuple[int, str]]:
        """Who brought the rows of first_ts..last_ts, in order: (open time from which on, name). Rows of which nobody
        wrote that down are passed over."""
        manifest = load_manifest(self._folder(symbol, timeframe)) or Manifest()
        told: list[tuple[int, str]] = []
        for chunk in manifest.chunks:
            spans = [*chunk.sources, (chunk.last_ts + 1, "")]
            for (ts, name), (end, _) in pairwise(spans):
                if name and ts <= last_ts and end > first_ts and (not told or told[-1][1] != name):
                    told.append((max(ts, first_ts), name))
        return told

    def delete(self, symbol: str, timeframe: Timeframe) -> None:
        folder = self._folder(symbol, timeframe)
        if folder.is_dir():
            with series_lock(folder):
                shutil.rmtree(folder, ignore_errors=True)

    def stored_series(self) -> list[SeriesListing]:
        """Every series on disk; `ref` is 'SYMBOL|timeframe'."""
        found = []
        for path in sorted(self._root.glob("*/*/*/series.json")):
            venue, name, folder = path.parts[-4:-1]
            timeframe = _TIMEFRAMES.get(folder)
            if timeframe is not None:
                symbol = f"{unquote(name)}@{venue}"
                size = path.stat().st_size
                found.append(SeriesListing(symbol, timeframe, f"{symbol}|{timeframe}", venue=venue, size=size))
        return found

    def stored_table(self, symbol: str, timeframe: Timeframe) -> BarTable:
        return self.read(symbol, timeframe)

    def _folder(self, symbol: str, timeframe: Timeframe) -> Path:
        name, _, venue = check_symbol(symbol).rpartition("@")
        return self._root / venue / quote(name, safe="") / _FOLDERS[timeframe]


def bars_of(table: BarTable, symbol: str, timeframe: Timeframe, calendar: Calendar) -> list[Bar]:
    """Exact Decimal bars of a table, for the matcher and for people."""
    columns = [
        [Decimal(text) for text in decimal_texts(getattr(table, name), places)]
        for name, places in zip(_PRICES, [table.price_decimals] * 4 + [table.volume_decimals], strict=True)
    ]
    return [
        Bar(symbol, timeframe, ts, calendar.close_ms(ts, timeframe), *numbers)
        for ts, *numbers in zip(table.ts.tolist(), *columns, strict=True)
    ]


def rows_of(table: BarTable) -> list[list[int | str]]:
    """Rows for the wire: [ts, open, high, low, close, volume] with plain decimal text."""
    columns = [
        decimal_texts(getattr(table, name), places)
        for name, places in zip(_PRICES, [table.price_decimals] * 4 + [table.volume_decimals], strict=True)
    ]
    return [list(row) for row in zip(table.ts.tolist(), *columns, strict=True)]


def arrays_of(table: BarTable) -> "dict[str, NDArray[np.generic]]":
    """ts int64[N] (epoch ms) and open, high, low, close, volume float64[N], for kernels."""
    return {name: getattr(table, name) for name in ("ts", *_PRICES)}


def closed_rows(table: BarTable, timeframe: Timeframe, calendar: Calendar, as_of_ms: int) -> int:
    """How many leading rows were closed at `as_of_ms`: closes come in the order of opens, so halving finds it."""
    return bisect_right(range(len(table)), as_of_ms, key=lambda row: calendar.close_ms(int(table.ts[row]), timeframe))


def _merge_into(
    folder: Path, manifest: Manifest, timeframe: Timeframe, table: BarTable, source: str, replace_conflicts: bool
) -> Appended:
    """Write the chunks that `table` changes; nothing counts until the manifest returned with it is saved."""
    manifest = replace(
        manifest,
        price_decimals=max(manifest.price_decimals, table.price_decimals),
        volume_decimals=max(manifest.volume_decimals, table.volume_decimals),
    )
    chunks = {chunk.key: chunk for chunk in manifest.chunks}
    added = 0
    clashes: list[int] = []
    for key, start, stop in chunk_spans(table.ts, timeframe):
        part, new, known = table.cut(start, stop), stop - start, chunks.get(key)
        brought, before = part.ts, () if known is None else known.sources
        if known is not None:
            part, new, clash, brought = _merge(read_chunks(folder, manifest, [known]), part, replace_conflicts)
            clashes.extend(clash)
            if len(brought) == 0:
                continue
        added += new
        manifest, chunks[key] = write_chunk(folder, manifest, key, part, _sources(before, part.ts, brought, source))
    duplicates = len(table) - added - len(clashes)
    manifest = replace(
        manifest,
        duplicates=manifest.duplicates + duplicates,
        conflicts=manifest.conflicts + len(clashes),
        dropped=manifest.dropped + table.dropped,
        chunks=tuple(sorted(chunks.values(), key=lambda chunk: chunk.first_ts)),
    )
    replaced = len(clashes) if replace_conflicts else 0
    return Appended(added, duplicates, len(clashes), replaced, tuple(clashes[:_REPORTED]), manifest)


def _needed(
    manifest: Manifest, since_ts: int | None, before_ts: int | None, *, first: int | None, last: int | None
) -> list[Chunk]:
    chosen = [
        chunk
        for chunk in manifest.chunks
        if (since_ts is None or chunk.last_ts >= since_ts) and (before_ts is None or chunk.first_ts < before_ts)
    ]
    if not chosen:
        return [manifest.chunks[-1]]
    wanted = last if last is not None else first
    if wanted is None:
        return chosen
    ordered = chosen[::-1] if last is not None else chosen
    # The chunk at the bound may be cut, so its rows do not count towards what is wanted.
    taken, rows = [ordered[0]], 0 if (before_ts is not None or since_ts is not None) else ordered[0].rows
    for chunk in ordered[1:]:
        if rows >= wanted:
            break
        taken.append(chunk)
        rows += chunk.rows
    return taken[::-1] if last is not None else taken


def _range(
    table: BarTable, since_ts: int | None, before_ts: int | None, *, first: int | None, last: int | None
) -> BarTable:
    import numpy as np

    start = 0 if since_ts is None else int(np.searchsorted(table.ts, since_ts))
    stop = len(table) if before_ts is None else int(np.searchsorted(table.ts, before_ts))
    stop = max(start, stop)
    if last is not None:
        start = max(start, stop - last)
    elif first is not None:
        stop = min(stop, start + first)
    return table.cut(start, stop)


def _sources(
    known: tuple[tuple[int, str], ...], ts: "NDArray[np.int64]", brought: "NDArray[np.int64]", source: str
) -> tuple[tuple[int, str], ...]:
    """Who brought which of the rows at `ts`, once `source` has brought those at `brought`."""
    import numpy as np

    names = ["", *(name for _, name in known), source]
    who = np.searchsorted(np.array([first for first, _ in known], dtype=np.int64), ts, side="right")
    who[np.searchsorted(ts, brought)] = len(names) - 1
    told = np.array(names, dtype=object)[who]
    starts = [0, *(np.flatnonzero(told[1:] != told[:-1]) + 1).tolist()]
    return tuple((int(ts[row]), str(told[row])) for row in starts)


def _merge(
    known: BarTable, fresh: BarTable, replace_conflicts: bool
) -> "tuple[BarTable, int, list[int], NDArray[np.int64]]":
    """(both by time, rows new, open times at which the two say different things, open times of rows taken in)."""
    import numpy as np

    at = np.searchsorted(known.ts, fresh.ts)
    inside = np.minimum(at, len(known.ts) - 1)
    same_ts = known.ts[inside] == fresh.ts
    differs = np.zeros(len(fresh.ts), dtype=bool)
    for name in _PRICES:
        differs |= getattr(known, name)[inside] != getattr(fresh, name)
    clash = same_ts & differs
    fits = ~same_ts
    merged = {}
    for name in ("ts", *_PRICES):
        before = getattr(known, name)
        if replace_conflicts and clash.any():
            before = before.copy()
            before[inside[clash]] = getattr(fresh, name)[clash]
        merged[name] = np.insert(before, at[fits], getattr(fresh, name)[fits])
    table = BarTable.of(merged, price_decimals=known.price_decimals, volume_decimals=known.volume_decimals)
    taken = fits | clash if replace_conflicts else fits
    return table, int(fits.sum()), fresh.ts[clash].tolist(), fresh.ts[taken]
