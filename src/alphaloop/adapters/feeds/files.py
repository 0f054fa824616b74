"""Bars from CSV, Parquet and Feather files in a folder the operator allowed; nothing outside that folder is readable.

Layouts understood: `<asset>/<venue>/<SYMBOL>/<timeframe>.parquet` at any depth, `<SYMBOL>/<timeframe>.csv`, and flat
files named `<SYMBOL>_<timeframe>.csv` or `<SYMBOL>-<timeframe>.feather`.
"""

import csv
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alphaloop.adapters.feeds._bar_files import read_bar_file
from alphaloop.adapters.feeds._columns import file_kind
from alphaloop.adapters.feeds.contract import (
    BarTable,
    Feed,
    FeedDescription,
    Places,
    SeriesListing,
    TestResult,
    try_listing,
)
from alphaloop.core.bar import Timeframe
from alphaloop.core.errors import InvalidError, NotFoundError, UnavailableError

MAX_FILES = 20_000
MAX_DEPTH = 8
_TIMEFRAMES = {timeframe.value: timeframe for timeframe in Timeframe}
_FLAT = re.compile(r"([A-Za-z0-9.@^_\-]{1,40}?)[_\-](1m|5m|15m|30m|1h|4h|1d|1w|1M)", re.ASCII)
_SYMBOL = re.compile(r"[A-Za-z0-9^][A-Za-z0-9._\-]{0,39}", re.ASCII)

_DESCRIPTION = FeedDescription(
    type="FILES",
    label={"zh": "本地文件", "en": "Local files"},
    summary={
        "zh": "读取数据文件夹里的 CSV、Parquet 与 Feather K 线。",
        "en": "Reads CSV, Parquet and Feather bars from the data folder.",
    },
    config_schema={
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "folder": {
                "type": "string",
                "maxLength": 500,
                "default": "",
                "title": {"zh": "文件夹", "en": "Folder"},
                "description": {
                    "zh": "数据文件夹内的子文件夹；留空表示整个数据文件夹。",
                    "en": "A folder inside the data folder; empty means all of it.",
                },
            }
        },
    },
)


class FilesFeed:
    """Reads below `places.roots` only: no `..`, no link that leads outside."""

    def __init__(self, places: Places) -> None:
        self._roots = [root.resolve() for root in places.roots]

    def describe(self) -> FeedDescription:
        return _DESCRIPTION

    def test(self, config: dict[str, Any]) -> TestResult:
        began = time.perf_counter()
        return try_listing(self, config, lambda: (time.perf_counter() - began) * 1000)

    def list_series(self, config: dict[str, Any]) -> list[SeriesListing]:
        """Every bar file below the folder, by path."""
        root, folder = self._folder(config)
        ticks = _stated(root, folder) | _stated(root, root)
        found = (_listing(root, path, ticks) for path in _walk(folder))
        return sorted((item for item in found if item is not None), key=lambda item: item.ref)

    def read(self, config: dict[str, Any], ref: str) -> BarTable:
        root, _ = self._folder(config)
        path = _inside(root, ref) if ref else None
        if path is None or not path.is_file():
            raise NotFoundError("There is no such file.", code="file_not_found")
        return read_bar_file(path)

    def _folder(self, config: dict[str, Any]) -> tuple[Path, Path]:
        """(allowed root, folder in it) that the settings name."""
        wanted = config.get("folder", "")
        if not isinstance(wanted, str):
            raise _bad_folder("bad_folder", "The folder is not a path.")
        if not self._roots:
            raise UnavailableError("This installation has no data folder.", code="no_data_folder")
        outside = True
        for root in self._roots:
            folder = _inside(root, wanted.strip())
            if folder is None:
                continue
            outside = False
            if folder.is_dir() and os.access(folder, os.R_OK | os.X_OK):
                return root, folder
        if outside:
            raise _bad_folder("folder_not_allowed", "The folder lies outside the data folder.")
        raise UnavailableError("The folder cannot be opened.", code="folder_unreachable")


def make_feed(places: Places) -> Feed:
    return FilesFeed(places)


def _inside(root: Path, text: str) -> Path | None:
    """The path that `text` names below the root, links resolved; None when it leads outside or is no path at all."""
    try:
        path = (root / text).resolve()
        path.exists()  # a name that is too long fails here
    except (OSError, ValueError):
        return None
    return path if path.is_relative_to(root) else None


def _bad_folder(code: str, message: str) -> InvalidError:
    return InvalidError(message, code=code, fields=(("config.folder", code),))


def _walk(folder: Path) -> Iterator[Path]:
    """Regular files below a folder, links not followed, at most MAX_FILES of them."""
    seen = 0
    base = len(folder.parts)
    for place, folders, files in os.walk(folder, followlinks=False):
        here = Path(place)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if len(here.parts) - base >= MAX_DEPTH:
            folders.clear()
        for name in sorted(files):
            path = here / name
            if file_kind(name) is None or path.is_symlink():
                continue
            seen += 1
            if seen > MAX_FILES:
                raise UnavailableError(f"The folder holds more than {MAX_FILES} files.", code="too_many_files")
            yield path


def _listing(root: Path, path: Path, ticks: dict[str, dict[str, str]]) -> SeriesListing | None:
    parts = path.relative_to(root).parts
    timeframe = _TIMEFRAMES.get(path.stem)
    if timeframe is not None and len(parts) >= 2:
        symbol = parts[-2]
        asset, venue = ("", "", *parts[:-2])[-2:]
    else:
        flat = _FLAT.fullmatch(path.stem)
        if flat is None:
            return None
        symbol, timeframe = flat[1], _TIMEFRAMES[flat[2]]
        asset, venue = ("", "", *parts[:-1])[-2:]
    if not _SYMBOL.fullmatch(symbol):
        return None
    facts = path.stat()
    ref = path.relative_to(root).as_posix()
    stated = ticks.get(ref, {})
    return SeriesListing(
        symbol=symbol,
        timeframe=timeframe,
        ref=ref,
        asset=asset,
        venue=venue,
        fingerprint=f"{facts.st_size}:{facts.st_mtime_ns}",
        size=facts.st_size,
        tick=stated.get("tick_size") or "",
        quote=stated.get("currency") or "",
        note=(stated.get("note") or "")[:200],
    )


def _stated(root: Path, folder: Path) -> dict[str, dict[str, str]]:
    """What an `instruments.csv` beside the bars says about each file, by path below the root; empty without one."""
    table = folder / "instruments.csv"
    if not table.is_file() or table.is_symlink() or table.stat().st_size > 5_000_000:
        return {}
    below = folder.relative_to(root)
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            return {(below / row["path"]).as_posix(): row for row in csv.DictReader(file) if row.get("path")}
    except (UnicodeDecodeError, csv.Error):
        raise InvalidError("instruments.csv in the data folder cannot be read.", code="bad_instruments_file") from None
