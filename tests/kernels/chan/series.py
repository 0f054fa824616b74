"""Price series for the Chan tests: random walks as hypothesis strategies, and walks through chosen turning points."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

Floats = npt.NDArray[np.float64]
MINUTE_MS = 60_000


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
