"""How often published Chan points are taken back, over real series of many markets: the tables of
docs/concepts/repaint.md, and how fast the meter reads.

`--write PAGE` puts the tables between the page's markers, so that its figures are always those of one run."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy.typing as npt
import polars as pl

from alphaloop.kernels.chan import PRESETS, ChanState, config_named
from alphaloop.kernels.chan.events import LifeLog
from alphaloop.kernels.chan.repaint import EVERY_KIND, STAGES, PointLife, RepaintRow, count_repaints, point_lives

OPTIONS = {"write": "a page whose tables to renew, such as docs/concepts/repaint.md"}
CONFIG = "CN-STRICT-1"
BARS = 20_000
SERIES = {
    "ETH/USDT 5m": "bars/crypto/binance/ETHUSDT/5m",
    "ETH/USDT 1h": "bars/crypto/binance/ETHUSDT/1h",
    "ETH/BTC 5m": "bars/crypto/bittrex/ETHBTC/5m",
    "BTC/USD 1d": "bars/crypto/coinbase/BTCUSD/1d",
    "上证指数 1m": "bars/equity_cn/sse_index/SH000001/1m",
    "上证指数 5m": "bars/equity_cn/sse_index/SH000001/5m",
    "IBM 1h": "bars/equity_us/lean/IBM/1h",
    "IBM 1d": "bars/equity_us/lean/IBM/1d",
    "SPY 5m": "bars/equity_us/ninjatrader/SPY/5m",
    "EUR/USD 1h": "bars/fx/oanda/EURUSD/1h",
    "GBP/USD 1m": "bars/fx/fxcm/GBPUSD/1m",
    "Gold CFD 1h": "bars/commodity_cfd/oanda/XAUUSD/1h",
    "Euro Stoxx future 1m": "bars/index_future_eu/eurex/FESX-2006/1m",
    "Crude oil future 1d": "bars/futures_global/global_continuous/CL/1d",
    "沪铝 future 1d": "bars/futures_cn/cn_continuous/AL0/1d",
}
Column = npt.NDArray[Any]
Columns = tuple[Column, Column, Column, Column, Column, Column]
KINDS = ("1", "1p", "2", "2s", "3a", "3b")
START = "<!-- figures: python -m benchmarks repaint --write docs/concepts/repaint.md -->"
END = "<!-- end of figures -->"


def run(json: bool, *, write: str | None = None) -> dict[str, Any]:
    """Count every series and print the tables; {series: {name: {bars, bars_per_s, rows}}, kinds, presets, seconds}."""
    folder = os.environ.get("ALPHALOOP_TEST_DATA") or Path(__file__).parents[2] / "shared"
    root = Path(folder) / "data"
    if not root.is_dir():
        raise SystemExit(f"There is no market data in {root}.")
    began = perf_counter()
    columns = {name: _read(root / f"{path}.parquet") for name, path in SERIES.items()}
    LifeLog(ChanState(config_named(CONFIG))).extend(*columns["沪铝 future 1d"])  # compiling is no part of the figures
    every: list[PointLife] = []
    series: dict[str, dict[str, Any]] = {}
    for name, bars in columns.items():
        start = perf_counter()
        lives = _lives(bars, CONFIG)
        rate = len(bars[0]) / (perf_counter() - start)
        every += lives
        series[name] = {"bars": len(bars[0]), "bars_per_s": round(rate), "rows": count_repaints(lives)}
    kinds = count_repaints(life._replace(kind=life.kind[1:]) for life in every)
    presets = {
        name: count_repaints(life for bars in columns.values() for life in _lives(bars, name)) for name in PRESETS
    }
    page = _page(series, kinds, presets)
    if write:
        _renew(Path(write), page)
    if not json:
        rates = sorted(one["bars_per_s"] for one in series.values())
        print(f"{page}\n\n{rates[0]:,} to {rates[-1]:,} bars/s, {perf_counter() - began:.0f} s in all")
    return {
        "config": CONFIG,
        "series": {name: {**one, "rows": _plain(one["rows"])} for name, one in series.items()},
        "kinds": _plain(kinds),
        "presets": {name: _plain(rows) for name, rows in presets.items()},
        "seconds": round(perf_counter() - began, 1),
    }


def _lives(bars: Columns, config: str) -> list[PointLife]:
    log = LifeLog(ChanState(config_named(config)))
    log.extend(*bars)
    return point_lives(log)


def _read(path: Path) -> Columns:
    frame = pl.read_parquet(path, n_rows=BARS)
    open_, high, low, close, volume = (frame[name].to_numpy() for name in ("open", "high", "low", "close", "volume"))
    return frame["ts"].dt.epoch("ms").to_numpy(), open_, high, low, close, volume


def _plain(rows: Iterable[RepaintRow]) -> list[dict[str, Any]]:
    """For JSON, which has no NaN."""
    return [{key: None if value != value else value for key, value in row._asdict().items()} for row in rows]


def _page(
    series: dict[str, dict[str, Any]], kinds: Sequence[RepaintRow], presets: Mapping[str, Sequence[RepaintRow]]
) -> str:
    heads = [f"{stage}: points | withdrawn" for stage in STAGES] + ["bars until sure · settled · proven"]
    every = [[f"{name} | {one['bars']:,}", *_cells(one["rows"], 0, EVERY_KIND)] for name, one in series.items()]
    return "\n\n".join(
        [
            "Points on strokes, series by series:",
            _table(["series | bars", *heads], every),
            "The same points by kind, buys and sells of all series together:",
            _table(["kind", *heads], [[kind, *_cells(kinds, 0, kind)] for kind in (*KINDS, EVERY_KIND)]),
            "Points on segments, all series together:",
            _table(["kind", *heads], [[kind, *_cells(kinds, 1, kind)] for kind in (*KINDS, EVERY_KIND)]),
            "Points on strokes, all series together, by each preset:",
            _table(["preset", *heads], [[name, *_cells(rows, 0, EVERY_KIND)] for name, rows in presets.items()]),
        ]
    )


def _cells(rows: Iterable[RepaintRow], level: int, kind: str) -> list[str]:
    """Points and share withdrawn at each stage, then the delays: median, and nine of ten in brackets."""
    found = {row.stage: row for row in rows if (row.level, row.kind) == (level, kind) and row.published}
    cells = [
        f"{found[stage].published:,} | {1.0 - found[stage].survival:.0%}" if stage in found else "0 | –"
        for stage in STAGES
    ]
    waits = [
        f"{found[stage].delay_median:.0f} ({found[stage].delay_p90:.0f})" if stage in found else "–"
        for stage in STAGES[1:]
    ]
    return [*cells, " · ".join(waits)]


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [" | ".join(heads), *(" | ".join(row) for row in rows)]
    columns = lines[0].count("|") + 1
    rule = "|".join(["---"] + ["--:"] * (columns - 1))
    return "\n".join([f"| {lines[0]} |", f"|{rule}|", *(f"| {line} |" for line in lines[1:])])


def _renew(path: Path, text: str) -> None:
    page = path.read_text(encoding="utf-8")
    before, start, rest = page.partition(START)
    _, end, after = rest.partition(END)
    if not end:
        raise SystemExit(f"{path} has no place for the figures: it needs the lines {START} and {END}.")
    path.write_text(f"{before}{start}\n\n{text}\n\n{end}{after}", encoding="utf-8")
