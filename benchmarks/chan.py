"""How fast the Chan layers are, whole series and bar by bar, beside czsc on the same bars in the same run.

The two do not do the same work: ours is merged bars, fractals, strokes, pivots, points and MACD; czsc's is merged bars,
fractals and strokes (its pivots are computed when read). Its bar objects are built before the clock starts."""

import json as jsonlib
import os
import statistics
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.chan import ChanAsof, ChanState, asof_features, config_named

Column = npt.NDArray[Any]
Columns = tuple[Column, Column, Column, Column, Column, Column]
ROUNDS = 5
CONFIG = config_named("CN-STRICT-1")


def real_bars(root: Path) -> tuple[str, Columns] | None:
    """The longest reference series, if the market data is here."""
    path = root / "golden" / "chan" / "unittest_btc_1m" / "bars.csv"
    if not path.is_file():
        return None
    table = np.loadtxt(path, delimiter=",", skiprows=1)
    ts = (table[:, 0] * 1000).astype(np.int64)
    open_, high, low, close, volume = (np.ascontiguousarray(table[:, i]) for i in range(1, 6))
    return "btc_1m", (ts, open_, high, low, close, volume)


def random_walk(n: int, seed: int = 7) -> tuple[str, Columns]:
    """A walk with minute bars, the same for every run."""
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.002, n)))
    open_ = np.concatenate([close[:1], close[:-1]])
    high = np.maximum(open_, close) * (1.0 + np.abs(rng.normal(0.0, 0.001, n)))
    low = np.minimum(open_, close) * (1.0 - np.abs(rng.normal(0.0, 0.001, n)))
    ts = 1_600_000_000_000 + np.arange(n, dtype=np.int64) * 60_000
    return f"random_walk_{n}", (ts, open_, high, low, close, np.ones(n))


def bars_per_second(bars: int, work: Callable[[], object]) -> dict[str, float]:
    """Median and best of a few rounds, after one unmeasured round."""
    work()
    rates = []
    for _ in range(ROUNDS):
        start = perf_counter()
        work()
        rates.append(bars / (perf_counter() - start))
    return {"median": round(statistics.median(rates)), "best": round(max(rates))}


def ours(columns: Columns) -> dict[str, dict[str, float]]:
    rows = list(zip(*(column.tolist() for column in columns), strict=True))

    def step() -> None:
        state = ChanState(CONFIG)
        for row in rows:
            state.step(*row)

    def asof_step() -> None:
        feed = ChanAsof(CONFIG)
        for row in rows:
            feed.step(*row)

    works: dict[str, Callable[[], object]] = {
        "batch": lambda: ChanState(CONFIG).extend(*columns),
        "asof_batch": lambda: asof_features(*columns, CONFIG),
        "step": step,
        "asof_step": asof_step,
    }
    return {name: bars_per_second(len(rows), work) for name, work in works.items()}


def peer(columns: Columns) -> dict[str, dict[str, float]]:
    from czsc import CZSC, Freq, RawBar

    bars = [
        RawBar(
            symbol="X",
            id=i,
            dt=datetime.fromtimestamp(ts / 1000, UTC).replace(tzinfo=None),
            freq=Freq.F1,
            open=open_,
            close=close,
            high=high,
            low=low,
            vol=volume,
            amount=volume * close,
        )
        for i, (ts, open_, high, low, close, volume) in enumerate(
            zip(*(column.tolist() for column in columns), strict=True)
        )
    ]

    def step() -> None:
        analyser = CZSC(bars[:1])
        for bar in bars[1:]:
            analyser.update(bar)

    return {"batch": bars_per_second(len(bars), lambda: CZSC(bars)), "step": bars_per_second(len(bars), step)}


def run(json: bool) -> dict[str, Any]:
    """Measure and print bars per second; `json` prints the figures as one JSON object instead of a table."""
    root = Path(os.environ.get("ALPHALOOP_TEST_DATA", Path(__file__).parents[2] / "shared"))
    series = [found for found in (real_bars(root), random_walk(100_000)) if found]
    start = perf_counter()
    ChanState(CONFIG).extend(*series[0][1])
    figures: dict[str, Any] = {"first_call_s": round(perf_counter() - start, 2), "series": {}}
    for name, columns in series:
        figures["series"][name] = {"bars": len(columns[0]), "alphaloop": ours(columns), "czsc": peer(columns)}
    if json:
        print(jsonlib.dumps(figures))
        return figures
    print(f"first call (compiling, or from the cache): {figures['first_call_s']} s")
    for name, figure in figures["series"].items():
        print(f"{name}, {figure['bars']} bars; median (best) bars/s of {ROUNDS}")
        for who in ("alphaloop", "czsc"):
            for work, rate in figure[who].items():
                print(f"  {who:<10}{work:<12}{rate['median']:>12,.0f}  ({rate['best']:,.0f})")
    return figures


if __name__ == "__main__":
    run("--json" in sys.argv)
