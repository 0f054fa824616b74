"""How fast the Chan layers are, whole series and bar by bar, beside czsc and, when a checkout is given, chan.py on the
same bars in the same run.

They do not do the same work. czsc: merged bars, fractals and strokes (its pivots are computed when read). chan.py and
ours: every layer up to the points, and MACD; chan.py adds Bollinger bands. Of ours, `final` makes the tables after the
last bar, `asof` everything anew as of every bar, `asof_rows` writes all its columns too; `step` takes a bar a call.
The peers run in processes of their own, bounded in time, and their bar objects are built before the clock starts."""

import os
import statistics
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from multiprocessing import TimeoutError, get_context
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.chan import ChanAsof, ChanState, asof_features, config_named
from benchmarks._chan_py import COLUMNS, ChanPy, PeerError

Column = npt.NDArray[Any]
Columns = tuple[Column, Column, Column, Column, Column, Column]
OPTIONS = {"checkout": "a work tree of chan.py to measure too"}
ROUNDS = 5
STEP_BARS = 5000  # chan.py bar by bar
PEER_S = 120
PEER_BARS = 100_000  # longer series are measured without peers
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
    """`summary` of a few rounds, after one unmeasured round."""
    work()
    rates = []
    for _ in range(ROUNDS):
        start = perf_counter()
        work()
        rates.append(bars / (perf_counter() - start))
    return summary(bars, rates)


def summary(bars: int, rates: Sequence[float]) -> dict[str, float]:
    """Bars, and bars a second: median and best."""
    return {"bars": bars, "median": round(statistics.median(rates)), "best": round(max(rates))}


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
        "final": lambda: ChanState(CONFIG, tracked=False).extend(*columns),
        "asof": lambda: ChanState(CONFIG).extend(*columns),
        "asof_rows": lambda: asof_features(*columns, CONFIG),
        "step": step,
        "step_rows": asof_step,
    }
    return {name: bars_per_second(len(rows), work) for name, work in works.items()}


def peak_mb(bars: int) -> float | None:
    """The most memory this process ever held after it analysed a walk as of each of its bars, MB; None where the system
    does not say. A child's resource usage would count its parent's memory too."""
    columns = random_walk(bars)[1]
    ChanState(CONFIG).extend(*columns)
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.is_file() else []
    held = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return round(int(held[0]) / 1024, 1) if held else None


def czsc_rates(columns: Columns) -> dict[str, dict[str, float]]:
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


def czsc(columns: Columns) -> dict[str, Any]:
    with get_context("spawn").Pool(1) as process:
        try:
            found: dict[str, Any] = process.apply_async(czsc_rates, (columns,)).get(PEER_S)
            return found
        except TimeoutError:
            return {"batch and step": {"error": f"no figures within {PEER_S} s"}}


def chan_py(checkout: Path, columns: Columns) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for work, bars in (("batch", len(columns[0])), ("step", min(STEP_BARS, len(columns[0])))):
        with ChanPy(checkout) as peer:
            peer.send(work, {name: column[:bars].tolist() for name, column in zip(COLUMNS, columns, strict=True)})
            try:
                found[work] = summary(bars, peer.receive(timeout_s=PEER_S))
            except PeerError as error:
                found[work] = {"error": str(error)}
    return found


def run(json: bool, *, checkout: str | None = None) -> dict[str, Any]:
    """Measure bars per second; without `json` the figures are also printed as a table."""
    root = Path(os.environ.get("ALPHALOOP_TEST_DATA", Path(__file__).parents[2] / "shared"))
    series = [found for found in (real_bars(root), random_walk(PEER_BARS), random_walk(1_000_000)) if found]
    start = perf_counter()
    ChanState(CONFIG).extend(*series[0][1])
    figures: dict[str, Any] = {"first_call_s": round(perf_counter() - start, 2), "series": {}}
    for name, columns in series:
        figures["series"][name] = {"bars": len(columns[0]), "alphaloop": ours(columns)}
        if len(columns[0]) > PEER_BARS:
            continue
        figures["series"][name]["czsc"] = czsc(columns)
        if checkout:
            try:
                figures["series"][name]["chan.py"] = chan_py(Path(checkout), columns)
            except PeerError as error:
                raise SystemExit(str(error)) from None
    with get_context("spawn").Pool(1) as process:
        figures["peak_mb_1m_bars"] = process.apply(peak_mb, (1_000_000,))
    if not json:
        _show(figures)
    return figures


def _show(figures: dict[str, Any]) -> None:
    print(f"first call (compiling, or from the cache): {figures['first_call_s']} s")
    print(f"peak memory of a process that analyses 1M bars: {figures['peak_mb_1m_bars']} MB")
    for name, peers in figures["series"].items():
        print(f"{name}; median (best) bars/s of {ROUNDS} rounds, and the bars of a round")
        for who, works in list(peers.items())[1:]:
            for work, rate in works.items():
                told = rate.get("error") or f"{rate['median']:>12,}  ({rate['best']:,})  {rate['bars']:,}"
                print(f"  {who:<10}{work:<12}{told}")
