"""A thousand sets of parameters on ten thousand bars, on one core, beside vectorbt with the same sets as columns.

vectorbt runs in an environment of its own (`--peers`, as in `benchmarks backtest`) and is asked for trades, final
equity, return, Sharpe and drawdown of every set. Each set must end with the same trades and money in both."""

from multiprocessing import get_context
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np

from alphaloop.engine.strategy import load_strategy
from alphaloop.engine.sweep import run_sweep
from benchmarks.backtest import OPTIONS, ask_peer, random_walk

__all__ = ["OPTIONS", "run"]

BARS = 10_000
ROUNDS = 9
FAST, SLOW = range(5, 45), range(50, 175, 5)
CASH, FEE = 10_000_000.0, 0.001


def ours() -> dict[str, Any]:
    """Seconds of a sweep, by the clock and by CPU time, what each set came to, and the most memory ever held."""
    bars, strategy = random_walk(BARS), load_strategy("trend/golden_cross")
    sets = [strategy.parse({"fast": fast, "slow": slow}) for fast in FAST for slow in SLOW]
    took, spent, rows = [], [], run_sweep(strategy, bars, sets[:1], cash=CASH, fee=FEE)
    for _ in range(ROUNDS):
        start, cpu = perf_counter(), process_time()
        rows = run_sweep(strategy, bars, sets, cash=CASH, fee=FEE)
        took.append(perf_counter() - start)
        spent.append(process_time() - cpu)
    status = Path("/proc/self/status")
    held = [line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
    return {
        "sets": len(sets),
        "bars": BARS,
        "best_s": round(min(took), 3),
        "median_s": round(float(np.median(took)), 3),
        "cpu_best_s": round(min(spent), 3),
        "peak_mb": round(int(held[0]) / 1024, 1),
        "trades": [row["trades"] for row in rows],
        "final_equity": [row["final_equity"] for row in rows],
    }


def run(json: bool, *, peers: str | None = None) -> dict[str, Any]:
    """Measure and print seconds; with `json` the caller prints the figures."""
    # A process of its own, or its memory would count what was imported before.
    with get_context("spawn").Pool(1) as process:
        mine = process.apply(ours)
    figures: dict[str, Any] = {"alphaloop": mine}
    if peers is not None:
        fast, slow = [one for one in FAST for _ in SLOW], [one for _ in FAST for one in SLOW]
        theirs = ask_peer(peers, "vectorbt", random_walk(BARS), {"fast": fast, "slow": slow, "fee": FEE, "cash": CASH})
        figures["vectorbt"] = theirs
        if "error" not in theirs:
            rate = theirs.pop("bars_per_s")
            theirs |= {
                "best_s": round(rate["bars"] / rate["best"], 3),
                "median_s": round(rate["bars"] / rate["median"], 3),
            }
        figures["agree"] = _agree(mine, theirs)
    for one in figures.values():
        if isinstance(one, dict):
            one.pop("trades", None), one.pop("final_equity", None)
    if not json:
        for name, one in figures.items():
            print(name, one)
    return figures


def _agree(mine: dict[str, Any], theirs: dict[str, Any]) -> bool:
    if mine["trades"] != theirs.get("trades"):
        return False
    return bool(np.allclose(mine["final_equity"], theirs["final_equity"], rtol=1e-9, atol=0.005))
