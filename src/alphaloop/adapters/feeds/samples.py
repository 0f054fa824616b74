"""Real bars that come with the installation, for a machine that has neither files nor a network.

They are the public series inside the `arch` package: found on disk without importing it, because importing it costs
seconds and a hundred megabytes.
"""

import csv
import gzip
import importlib.util
import io
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alphaloop.adapters.feeds._decimals import count_decimals
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
from alphaloop.core.clock import to_ms
from alphaloop.core.errors import NotFoundError, UnavailableError


@dataclass(frozen=True, slots=True)
class _Sample:
    symbol: str
    path: str
    columns: tuple[str, str, str, str, str]
    note: str


_OHLCV = ("Open", "High", "Low", "Close", "Volume")
_SAMPLES = {
    sample.symbol: sample
    for sample in (
        _Sample("SPX", "sp500/sp500.csv.gz", _OHLCV, "S&P 500, 1999 to 2018"),
        _Sample("IXIC", "nasdaq/nasdaq.csv.gz", _OHLCV, "Nasdaq Composite, 1999 to 2018"),
        _Sample("VIX", "vix/vix.csv.gz", ("vix",) * 4 + ("",), "VIX closes, 2014 to 2019"),
        _Sample("WTI", "wti/wti.csv.gz", ("DCOILWTICO",) * 4 + ("",), "WTI crude spot closes, 1986 to 2019"),
    )
}

_DESCRIPTION = FeedDescription(
    type="SAMPLES",
    label={"zh": "内置样例", "en": "Built-in samples"},
    summary={
        "zh": "标普 500、纳斯达克、VIX 与 WTI 原油的真实日线，随安装附带，无需网络。",
        "en": "Real daily bars of the S&P 500, Nasdaq, VIX and WTI crude, part of the installation; no network needed.",
    },
    config_schema={"type": "object", "additionalProperties": False, "properties": {}},
)


class SamplesFeed:
    """Daily series; VIX and WTI are closes alone, so their four prices are equal and their volume is 0."""

    def describe(self) -> FeedDescription:
        return _DESCRIPTION

    def test(self, config: dict[str, Any]) -> TestResult:
        began = time.perf_counter()
        return try_listing(self, config, lambda: (time.perf_counter() - began) * 1000)

    def list_series(self, config: dict[str, Any]) -> list[SeriesListing]:
        folder = _folder()
        listed = []
        for symbol, sample in _SAMPLES.items():
            path = folder / sample.path
            if path.is_file():
                size = path.stat().st_size
                listed.append(
                    SeriesListing(
                        symbol=symbol,
                        timeframe=Timeframe.D1,
                        ref=symbol,
                        asset="index" if symbol != "WTI" else "commodity",
                        venue="samples",
                        fingerprint=str(size),
                        note=sample.note,
                    )
                )
        return listed

    def read(self, config: dict[str, Any], ref: str) -> BarTable:
        sample = _SAMPLES.get(ref)
        if sample is None:
            raise NotFoundError("There is no such sample.", code="series_not_found")
        try:
            raw = gzip.decompress((_folder() / sample.path).read_bytes())
        except (OSError, EOFError):
            raise _gone() from None
        return _table(raw.decode("utf-8"), sample)


def make_feed(places: Places) -> Feed:
    return SamplesFeed()


def _folder() -> Path:
    spec = importlib.util.find_spec("arch")
    if spec is None or not spec.submodule_search_locations:
        raise _gone()
    return Path(next(iter(spec.submodule_search_locations))) / "data"


def _gone() -> UnavailableError:
    return UnavailableError("The sample bars are not installed.", code="samples_missing")


def _table(text: str, sample: _Sample) -> BarTable:
    """Days as session dates at 00:00 UTC; days on which the source has no value are left out and counted."""
    import numpy as np

    times: list[int] = []
    rows: list[tuple[float, ...]] = []
    dropped = 0
    for line in csv.DictReader(io.StringIO(text)):
        cells = [line[column] if column else "0" for column in sample.columns]
        if not all(cells) or "." in cells:
            dropped += 1
            continue
        month, day, year = (int(part) for part in line["Date"].split("/"))
        times.append(to_ms(datetime(year, month, day, tzinfo=UTC)))
        rows.append(tuple(float(cell) for cell in cells))
    opened, high, low, close, volume = np.ascontiguousarray(np.array(rows, dtype=np.float64).T)
    return BarTable(
        ts=np.array(times, dtype=np.int64),
        open=opened,
        high=high,
        low=low,
        close=close,
        volume=volume,
        price_decimals=count_decimals(opened, high, low, close),
        volume_decimals=count_decimals(volume),
        dropped=dropped,
    )
