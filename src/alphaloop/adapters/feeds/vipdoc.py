"""Bars of 通达信 (TDX) as its programs leave them on disk: `.day`, `.lc1` and `.lc5` files below a `vipdoc` folder.

32 bytes a bar. Days: date, open, high, low, close as whole numbers, amount, volume. Minutes: a packed date, the minute
of the day at which the bar ends in Shanghai, four float32 prices, amount, volume. Prices are as traded.
"""

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alphaloop.adapters.feeds._clock_times import utc_opens
from alphaloop.adapters.feeds._columns import bad_file
from alphaloop.adapters.feeds._folders import folder_schema, open_folder, path_inside, walk_files
from alphaloop.adapters.feeds._wanted import table_of
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
from alphaloop.core.errors import NotFoundError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_NAME = re.compile(r"(sh|sz|bj)(\d{6})\.(day|lc1|lc5)", re.ASCII | re.IGNORECASE)
_FRAMES = {"day": Timeframe.D1, "lc1": Timeframe.M1, "lc5": Timeframe.M5}
_DAY = [(name, "<u4") for name in ("date", "open", "high", "low", "close")] + [
    ("amount", "<f4"),
    ("volume", "<u4"),
    ("rest", "<u4"),
]
_MINUTE = [
    ("date", "<u2"),
    ("minute", "<u2"),
    *((name, "<f4") for name in ("open", "high", "low", "close", "amount")),
    ("volume", "<u4"),
    ("rest", "<u4"),
]
_RECORD = 32
_PRICES = ("open", "high", "low", "close")
# Funds, bonds and Shanghai's B-shares are quoted in thousandths; everything else in hundredths.
_THOUSANDTHS = re.compile(r"sh(5|1|01|9)\d+|sz(1)\d+", re.ASCII)

_DESCRIPTION = FeedDescription(
    type="VIPDOC",
    label={"zh": "通达信本地数据", "en": "TDX files (vipdoc)"},
    summary={
        "zh": "读取通达信 vipdoc 文件夹里的日线与 1、5 分钟线，不复权。",
        "en": "Reads daily, 1- and 5-minute bars of a TDX vipdoc folder, as traded.",
    },
    config_schema=folder_schema(),
)


class VipdocFeed:
    """Reads below the folders the operator allowed, and nothing else."""

    def __init__(self, places: Places) -> None:
        self._roots = [root.resolve() for root in places.roots]

    def describe(self) -> FeedDescription:
        return _DESCRIPTION

    def test(self, config: dict[str, Any]) -> TestResult:
        began = time.perf_counter()
        return try_listing(self, config, lambda: (time.perf_counter() - began) * 1000)

    def list_series(self, config: dict[str, Any]) -> list[SeriesListing]:
        """Every such file below the folder, by path."""
        root, folder = open_folder(self._roots, config)
        found = (_listing(root, path) for path in walk_files(folder, lambda name: _NAME.fullmatch(name) is not None))
        return sorted(found, key=lambda item: item.ref)

    def read(self, config: dict[str, Any], ref: str) -> BarTable:
        root, _ = open_folder(self._roots, config)
        path = path_inside(root, ref) if ref else None
        if path is None or not path.is_file() or not _NAME.fullmatch(path.name):
            raise NotFoundError("There is no such file.", code="file_not_found")
        return _read(path)


def make_feed(places: Places) -> Feed:
    return VipdocFeed(places)


def _listing(root: Path, path: Path) -> SeriesListing:
    found = _NAME.fullmatch(path.name)
    assert found is not None  # the walk has matched it
    facts = path.stat()
    return SeriesListing(
        symbol=(found[1] + found[2]).upper(),
        timeframe=_FRAMES[found[3].lower()],
        ref=path.relative_to(root).as_posix(),
        asset="equity_cn",
        venue="tdx",
        fingerprint=f"{facts.st_size}:{facts.st_mtime_ns}",
        size=facts.st_size,
        adjustment="RAW",
    )


def _read(path: Path) -> BarTable:
    import numpy as np

    raw = path.read_bytes()
    if not raw or len(raw) % _RECORD:
        raise bad_file("", "unreadable" if raw else "empty")
    daily = path.suffix.lower() == ".day"
    rows: NDArray[Any] = np.frombuffer(raw, dtype=_DAY if daily else _MINUTE)
    timeframe = _FRAMES[path.suffix.lower()[1:]]
    places = 3 if _THOUSANDTHS.match(path.stem.lower()) else 2
    if daily:
        prices = {name: (rows[name].astype(np.float64) / 10**places).round(places) for name in _PRICES}
        written = _days(rows["date"] // 10_000, rows["date"] // 100 % 100, rows["date"] % 100)
    else:
        # float32 keeps seven digits; the decimals of the market give back what was traded.
        prices = {name: rows[name].astype(np.float64).round(places) for name in _PRICES}
        packed = rows["date"].astype(np.int64)
        days = _days(packed // 2048 + 2004, packed % 2048 // 100, packed % 2048 % 100)
        written = days + rows["minute"].astype(np.int64) * 60_000
    opens = utc_opens(written, timeframe, market="XSHG", on_market_clock=True, at_close=True)
    return table_of(opens, {**prices, "volume": rows["volume"].astype(np.float64)})


def _days(year: "NDArray[Any]", month: "NDArray[Any]", day: "NDArray[Any]") -> "NDArray[np.int64]":
    """Epoch ms of dates; InvalidError names the first row that holds none."""
    import numpy as np

    year, month, day = (column.astype(np.int64) for column in (year, month, day))
    wrong = np.flatnonzero((year < 1980) | (year > 2100) | (month < 1) | (month > 12) | (day < 1) | (day > 31))
    if len(wrong):
        raise bad_file(f"row {int(wrong[0]) + 1}", "bad_time")
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    found: NDArray[np.int64] = (months.astype("datetime64[D]") + (day - 1)).astype("datetime64[ms]").astype(np.int64)
    return found
