"""How long one screen over 500 stored instruments of 5 000 bars takes in one process, reading the files included,
beside czsc on a few of the same files.

The bars are walks, the same for every run. The peer does less: it reads, and knows merged bars, fractals and
strokes."""

import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from alphaloop.adapters.feeds.contract import BarTable
from alphaloop.core.bar import Timeframe
from alphaloop.core.calendar import find_calendar
from alphaloop.features.market.service import BarStore, SeriesKey, newest_table
from alphaloop.features.research.matching import BARS_READ, Member, screen
from alphaloop.features.research.screening import parse_query

SYMBOLS = 500
BARS = 5000
PEER_SYMBOLS = 20
ROUNDS = 3
READERS = 2
QUERY = parse_query(
    [
        {"timeframe": "30m", "point": ["B2"], "within_bars": 5},
        {"timeframe": "1d", "price": "above_pivot"},
    ]
)


def run(json: bool) -> dict[str, Any]:
    """Print seconds for the whole universe, and what share of them is reading."""
    with tempfile.TemporaryDirectory(prefix="alphaloop-screener-") as folder:
        store = BarStore(Path(folder))
        names = [f"COIN{number}/USDT@binance" for number in range(SYMBOLS)]
        for number, name in enumerate(names):
            store.append(name, Timeframe.M30, walk(number))
        members = [member(store, name) for name in names]
        list(screen(members[:2], QUERY))  # compiled, or read from the disk cache, off the clock
        ours = [seconds(members) for _ in range(ROUNDS)]
        began = perf_counter()
        for one in members:
            one.read(Timeframe.M30)
        reading = perf_counter() - began
        with get_context("spawn").Pool(1) as process:
            peer = process.apply(czsc_seconds, (folder, names[:PEER_SYMBOLS])) * SYMBOLS / PEER_SYMBOLS
    figures = {
        "symbols": SYMBOLS,
        "bars": BARS,
        "seconds": {"median": round(sorted(ours)[ROUNDS // 2], 2), "best": round(min(ours), 2)},
        "reading_alone_s": round(reading, 2),
        "czsc_s": round(peer, 1),
    }
    if not json:
        print(f"{SYMBOLS} symbols x {BARS} bars, {len(QUERY.conditions)} conditions, every layer of both levels")
        print(f"  alphaloop   {figures['seconds']['median']:>6} s (best {figures['seconds']['best']} s)")
        print(f"  of it reading one after another {figures['reading_alone_s']} s")
        print(f"  czsc, strokes only {figures['czsc_s']} s (measured on {PEER_SYMBOLS} symbols)")
    return figures


def walk(seed: int) -> BarTable:
    """Half-hour bars with two decimals."""
    random = np.random.default_rng(seed)
    close = np.round(100 * np.exp(np.cumsum(random.normal(0, 0.002, BARS))), 2)
    opened = np.concatenate((close[:1], close[:-1]))
    return BarTable(
        ts=1_700_006_400_000 + Timeframe.M30.ms * np.arange(BARS, dtype=np.int64),
        open=opened,
        high=np.round(np.maximum(opened, close) + random.integers(0, 30, BARS) / 100, 2),
        low=np.round(np.minimum(opened, close) - random.integers(0, 30, BARS) / 100, 2),
        close=close,
        volume=np.round(random.uniform(0.01, 90, BARS), 2),
        price_decimals=2,
        volume_decimals=2,
    )


def member(store: BarStore, name: str) -> Member:
    def read(timeframe: Timeframe) -> BarTable:
        return newest_table(store, SeriesKey(name, timeframe, "24x7", (Timeframe.M30,)), limit=BARS_READ)[0]

    return Member(name, find_calendar("24x7"), read)


def seconds(members: Sequence[Member]) -> float:
    began = perf_counter()
    with ThreadPoolExecutor(READERS) as pool:
        outcomes = list(screen(members, QUERY, pool))
    if any(one.code for one in outcomes):
        raise RuntimeError("a series could not be screened")
    return perf_counter() - began


def czsc_seconds(folder: str, names: Sequence[str]) -> float:
    from czsc import CZSC, Freq, RawBar

    store = BarStore(Path(folder))
    began = perf_counter()
    for name in names:
        table = store.read(name, Timeframe.M30)
        columns = (table.ts, table.open, table.high, table.low, table.close, table.volume)
        bars = [
            RawBar(
                symbol=name,
                id=number,
                dt=datetime.fromtimestamp(ts / 1000, UTC).replace(tzinfo=None),
                freq=Freq.F30,
                open=open_,
                close=close,
                high=high,
                low=low,
                vol=volume,
                amount=volume * close,
            )
            for number, (ts, open_, high, low, close, volume) in enumerate(
                zip(*(c.tolist() for c in columns), strict=True)
            )
        ]
        CZSC(bars, max_bi_num=BARS)
    return perf_counter() - began
