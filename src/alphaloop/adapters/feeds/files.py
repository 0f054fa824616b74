"""Bars from CSV, Parquet and Feather files in a folder the operator allowed; nothing outside that folder is readable.

Layouts understood: `<asset>/<venue>/<SYMBOL>/<timeframe>.parquet` at any depth, `<SYMBOL>/<timeframe>.csv`, flat files
named `<SYMBOL>_<timeframe>.csv` or `<SYMBOL>-<timeframe>.feather`, and freqtrade's `BTC_USDT_USDT-1h-futures.feather`.
"""

import csv
import re
import time
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from alphaloop.adapters.feeds._bar_files import read_bar_file
from alphaloop.adapters.feeds._columns import file_kind
from alphaloop.adapters.feeds._decimals import decimal_texts
from alphaloop.adapters.feeds._folders import folder_schema, open_folder, path_inside, walk_files
from alphaloop.adapters.feeds._funding_files import ListedFunding, read_funding_file
from alphaloop.adapters.feeds.contract import (
    BarTable,
    Feed,
    FeedDescription,
    Places,
    SeriesListing,
    SideListing,
    TestResult,
    try_listing,
)
from alphaloop.core.bar import Timeframe
from alphaloop.core.errors import InvalidError, NotFoundError

_TIMEFRAMES = {timeframe.value: timeframe for timeframe in Timeframe}
_FRAME = "(1m|5m|15m|30m|1h|4h|1d|1w|1M)"
_FLAT = re.compile(rf"([A-Za-z0-9.@^_\-]{{1,40}}?)[_\-]{_FRAME}", re.ASCII)
# freqtrade keeps perpetuals beside spot; its mark prices and funding rates are no bars of anything traded. The
# timeframe of a funding file says where freqtrade looks for it, not how often anything was settled.
_FREQTRADE = re.compile(
    rf"([A-Z0-9]{{2,12}})_([A-Z0-9]{{2,6}})_([A-Z0-9]{{2,6}})-(8h|{_FRAME[1:-1]})-(futures|mark|funding_rate)", re.ASCII
)
_VENUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_\-]{0,23}", re.ASCII)
_MODES = frozenset({"RAW", "SPLIT", "FORWARD", "BACKWARD"})
_SYMBOL = re.compile(r"[A-Za-z0-9^][A-Za-z0-9._\-]{0,39}", re.ASCII)

_DESCRIPTION = FeedDescription(
    type="FILES",
    label={"zh": "本地文件", "en": "Local files"},
    summary={
        "zh": "读取数据文件夹里的 CSV、Parquet 与 Feather K 线。",
        "en": "Reads CSV, Parquet and Feather bars from the data folder.",
    },
    config_schema=folder_schema(),
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
        root, folder = open_folder(self._roots, config)
        ticks = _stated(root, folder) | _stated(root, root)
        found = (_listing(root, path, ticks) for path in walk_files(folder, lambda name: file_kind(name) is not None))
        return sorted((item for item in found if item is not None), key=lambda item: item.ref)

    def read(self, config: dict[str, Any], ref: str) -> BarTable:
        return read_bar_file(self._path(config, ref))

    def list_sides(self, config: dict[str, Any]) -> list[SideListing]:
        """Every file of mark prices or funding rates below the folder, by path."""
        root, folder = open_folder(self._roots, config)
        found = (_side(root, path) for path in walk_files(folder, lambda name: file_kind(name) is not None))
        return sorted((item for item in found if item is not None), key=lambda item: item.ref)

    def read_funding(self, config: dict[str, Any], ref: str) -> list[ListedFunding]:
        """The settlements of a file, at the opens of the eight-hour marks beside it where there are such."""
        path = self._path(config, ref)
        listed = read_funding_file(path)
        found = _FREQTRADE.fullmatch(path.stem)
        marks = path.with_stem(f"{'_'.join(found.groups()[:3])}-8h-mark") if found else None
        if marks is None or not marks.is_file() or marks.is_symlink():
            return listed
        table = read_bar_file(marks)
        opens = dict(zip(table.ts.tolist(), decimal_texts(table.open, table.price_decimals), strict=True))
        return [
            replace(one, mark=Decimal(opens[one.ts_ms])) if one.mark is None and one.ts_ms in opens else one
            for one in listed
        ]

    def _path(self, config: dict[str, Any], ref: str) -> Path:
        root, _ = open_folder(self._roots, config)
        path = path_inside(root, ref) if ref else None
        if path is None or not path.is_file():
            raise NotFoundError("There is no such file.", code="file_not_found")
        return path


def make_feed(places: Places) -> Feed:
    return FilesFeed(places)


def _listing(root: Path, path: Path, ticks: dict[str, dict[str, str]]) -> SeriesListing | None:
    spelled = _spelled(path.relative_to(root).parts, path.stem)
    if spelled is None:
        return None
    symbol, timeframe, asset, venue = spelled
    facts = path.stat()
    ref = path.relative_to(root).as_posix()
    stated = ticks.get(ref, {})
    mode = (stated.get("adjustment") or "").strip().upper()
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
        adjustment=mode if mode in _MODES else "",
    )


def _spelled(parts: tuple[str, ...], stem: str) -> tuple[str, Timeframe, str, str] | None:
    """(symbol, timeframe, asset, venue) that a file's place and name say; None for a file that is no series."""
    timeframe = _TIMEFRAMES.get(stem)
    if timeframe is not None and len(parts) >= 2:
        symbol = parts[-2]
        asset, venue = ("", "", *parts[:-2])[-2:]
    elif (perpetual := _FREQTRADE.fullmatch(stem)) is not None:
        if perpetual[5] != "futures" or perpetual[4] not in _TIMEFRAMES:
            return None
        spelled, venue = _perpetual(perpetual, parts)
        return spelled, _TIMEFRAMES[perpetual[4]], "crypto", venue
    elif (flat := _FLAT.fullmatch(stem)) is not None:
        symbol, timeframe = flat[1], _TIMEFRAMES[flat[2]]
        asset, venue = ("", "", *parts[:-1])[-2:]
    else:
        return None
    return (symbol, timeframe, asset, venue) if _SYMBOL.fullmatch(symbol) else None


def _perpetual(found: re.Match[str], parts: tuple[str, ...]) -> tuple[str, str]:
    """(symbol, venue) of a file in freqtrade's layout: the exchange is the folder around `futures`."""
    base, quote, settle = found.groups()[:3]
    folders = [part for part in parts[:-1] if part != "futures"]
    venue = folders[-1] if folders and _VENUE.fullmatch(folders[-1]) else "binance"
    return f"{base}/{quote}:{settle}@{venue}", venue


def _side(root: Path, path: Path) -> SideListing | None:
    """What a file of mark prices or funding rates is; None for any other, and for marks of no timeframe of ours."""
    found = _FREQTRADE.fullmatch(path.stem)
    if found is None or found[5] == "futures" or (found[5] == "mark" and found[4] not in _TIMEFRAMES):
        return None
    within = path.relative_to(root)
    symbol, venue = _perpetual(found, within.parts)
    return SideListing(symbol, within.as_posix(), _TIMEFRAMES[found[4]] if found[5] == "mark" else None, venue)


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
