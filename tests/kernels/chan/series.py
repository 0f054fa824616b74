"""Price series for the Chan tests: random walks as hypothesis strategies, walks through chosen turning points, and
the first bars of real files of each kind of market."""

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
from hypothesis import strategies as st

Floats = npt.NDArray[np.float64]
MINUTE_MS = 60_000

# One file of each kind: crypto, an A-share index by the minute, A shares, US and Hong Kong stocks, currencies, futures
# with few prices a bar and with gaps, a metal.
REAL = (
    "crypto/binance/ETHUSDT/30m",
    "equity_cn/sse_index/SH000001/1m",
    "equity_cn/sse_szse/SH600519/1d",
    "equity_us/us_daily/ESS/1d",
    "equity_hk/hkex/HK02318/1d",
    "fx/fxcm/GBPUSD/1m",
    "futures_cn/cn_continuous/RB0/1d",
    "futures_global/global_continuous/CL/1d",
    "index_future_eu/eurex/FESX-2006/1m",
    "commodity_cfd/oanda/XAUUSD/1h",
)


class Bars(NamedTuple):
    ts_ms: npt.NDArray[np.int64]
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def part(self, start: int, stop: int) -> "Bars":
        return Bars(*(column[start:stop] for column in self))

    def rows(self) -> list[tuple[int, float, float, float, float, float]]:
        return list(zip(*(column.tolist() for column in self), strict=True))


def bars_from(open_: Floats, high: Floats, low: Floats, close: Floats) -> Bars:
    n = len(high)
    return Bars(np.arange(n) * MINUTE_MS, open_, high, low, close, np.ones(n))


def random_bars(n: int, seed: int, *, tick: float = 1.0, step: int = 3, start: int = 1000) -> Bars:
    """A walk on a coarse price grid, so that equal highs, one-price bars and containments are common."""
    rng = np.random.default_rng(seed)
    close = start + np.cumsum(rng.integers(-step, step + 1, n))
    open_ = np.concatenate([[start], close[:-1]])
    high = np.maximum(open_, close) + rng.integers(0, step, n)
    low = np.minimum(open_, close) - rng.integers(0, step, n)
    shift = max(0, 1 - int(low.min()))
    return bars_from(*((column + shift).astype(np.float64) * tick for column in (open_, high, low, close)))


def any_bars(longest: int = 240) -> st.SearchStrategy[Bars]:
    """Random walks of many roughnesses; a failing one is told by its length, seed and step."""
    return st.builds(
        random_bars, st.integers(1, longest), st.integers(0, 2**32 - 1), step=st.sampled_from([1, 2, 3, 5, 12, 40])
    )


def restless_bars(n: int, seed: int, reach: int, runs: int) -> Bars:
    """Up and down at nearly every bar, so that many fractals come before the first stroke does."""
    rng = np.random.default_rng(seed)
    side = np.where(np.arange(n) % 2, 1.0, -1.0)
    calm = rng.random(n) < runs / 20
    middle = (
        100.0 + np.where(calm, 0.0, side) * rng.integers(1, reach + 1, n) + np.cumsum(rng.integers(-1, 2, n) * calm)
    )
    half = rng.integers(1, 3, n) / 2
    return bars_from(middle, middle + half, middle - half, middle)


def bars_through(*turns: float | tuple[float, int], half: float = 0.1) -> Bars:
    """Bars that walk straight from one turning point to the next; a turn is a price or (price, bars taken).

    The default is 8 bars, so that every leg is long enough to be a stroke; the tops are price + half, the bottoms
    price - half."""
    price = turns[0][0] if isinstance(turns[0], tuple) else turns[0]
    middle = [price]
    for turn in turns[1:]:
        target, count = turn if isinstance(turn, tuple) else (turn, 8)
        middle.extend(np.linspace(price, target, count + 1)[1:].tolist())
        price = target
    mid = np.array(middle, dtype=np.float64)
    return bars_from(mid, mid + half, mid - half, mid)


def turning_bars(steps: Sequence[int], *, half: float = 0.25, start: int = 0) -> Bars:
    """A bar at each turning point of a zigzag that moves by these steps, up first: every step a stroke, if short ones
    count. `start` moves all prices; they stay positive."""
    signed = [step if number % 2 == 0 else -step for number, step in enumerate(steps)]
    middle = np.array(list(accumulate(signed, initial=start)), np.float64)
    middle += 1.0 - min(0.0, middle.min())
    return bars_from(middle, middle + half, middle - half, middle)


def any_turns(longest: int = 90, reach: int = 9) -> st.SearchStrategy[Bars]:
    """Zigzags on a small price grid, so that equal tops, nested ranges and gaps between features are common."""
    return st.builds(turning_bars, st.lists(st.integers(1, reach), min_size=1, max_size=longest))


def real_bars(test_data: Path, name: str, count: int, *, skip: int = 0) -> Bars:
    """The bars `skip`..`skip` + `count` of one of the files of REAL."""
    columns = ["ts", "open", "high", "low", "close", "volume"]
    frame = pl.read_parquet(test_data / "data" / "bars" / f"{name}.parquet", columns=columns, n_rows=skip + count)
    frame = frame.slice(skip).with_columns(pl.col("ts").dt.epoch("ms"))
    return Bars(*(frame[column].to_numpy().copy() for column in columns))
