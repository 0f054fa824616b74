"""How fast a backtest is on a million bars, beside the same rule elsewhere on the same bars.

Two moving averages that cross are run end to end, signals to metrics, also by vectorbt and backtesting.py where
`--peers` names the Python of an environment that has them (`pip install vectorbt backtesting`). On the first 20 000
bars all must make the same trades and the same money to the cent. backtesting.py trades whole units only, so whole
units are what it is compared with; all three mark what is open at the end at the last close.

Bollinger bands are run beside plain vectorised numpy. The reference knows one rule, one instrument, all-in positions
and a fee, and nothing else: no stops, no cash book, no trade list. Both must
come to the same final equity, or the figures mean nothing.

What looking up the rules of a market costs is measured on the same orders with and without them: Shanghai minutes of a
fund that may be sold on the day it was bought, with enough money that no minimum matters."""

import json as text
import statistics
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np

from alphaloop.core.instrument import AssetClass, Instrument
from alphaloop.core.money import ZERO
from alphaloop.engine.backtest import run_backtest
from alphaloop.engine.features import build_panel
from alphaloop.engine.panel import Series, make_series
from alphaloop.engine.rule_arrays import lay_ground
from alphaloop.engine.simulate import Rules, simulate
from alphaloop.engine.strategy import load_strategy

BARS = 1_000_000
ROUNDS = 5
RULE_ROUNDS = 40
PERIOD, WIDTH, CASH, FEE = 20, 2.0, 100_000.0, 0.00001
CROSSING = {"fast": 10, "slow": 30, "fee": 0.001, "cash": 10_000_000.0}
CENT_BARS, SLOW_BARS = 20_000, 100_000
OPTIONS = {"peers": "the Python of an environment that has vectorbt and backtesting"}


def random_walk(rows: int, seed: int = 7) -> Series:
    """Minute bars of a walk, the same for every run."""
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.001, rows)))
    opened = np.concatenate([close[:1], close[:-1]])
    high = np.maximum(opened, close) * (1.0 + np.abs(rng.normal(0.0, 0.0005, rows)))
    low = np.minimum(opened, close) * (1.0 - np.abs(rng.normal(0.0, 0.0005, rows)))
    return make_series("walk", np.arange(rows) * 60_000, opened, high, low, close, np.ones(rows))


def vectorised(bars: Series) -> float:
    """Final equity of the Bollinger rule in numpy alone: events, the later of the two decides, growth multiplied up."""
    windows = np.lib.stride_tricks.sliding_window_view(bars.close, PERIOD)
    middle, reach = windows.mean(axis=1), WIDTH * windows.std(axis=1)
    close = bars.close[PERIOD - 1 :]
    below = close < middle - reach
    rows = np.arange(len(close))
    enters = np.maximum.accumulate(np.where(below & ~np.concatenate([[True], below[:-1]]), rows, -1))
    leaves = np.maximum.accumulate(np.where(close >= middle, rows, -1))
    held = np.concatenate([[False], (enters > leaves)[:-1]])
    opened = bars.open[PERIOD - 1 :]
    changed = np.flatnonzero(held[1:] != held[:-1]) + 1
    starts, ends = changed[held[changed]], changed[~held[changed]]
    last = np.concatenate([opened[ends] * (1.0 - FEE), close[-1:] if len(starts) > len(ends) else []])
    return float(CASH * np.prod(last / (opened[starts] * (1.0 + FEE))))


def timed(work: Callable[[], object]) -> dict[str, float]:
    """Bars per second, median and best of a few rounds, after one unmeasured round."""
    work()
    rates = []
    for _ in range(ROUNDS):
        start = perf_counter()
        work()
        rates.append(BARS / (perf_counter() - start))
    return {"median": round(statistics.median(rates)), "best": round(max(rates))}


def measured(bars: int, work: Callable[[], object]) -> dict[str, float]:
    """Bars per second by the clock and by this process's CPU time, best and median, after one unmeasured round."""
    work()
    clock, cpu = [], []
    for _ in range(3 * ROUNDS):
        start, spent = perf_counter(), process_time()
        work()
        clock.append(bars / (perf_counter() - start))
        cpu.append(bars / (process_time() - spent))
    told = {"median": statistics.median(clock), "best": max(clock), "cpu_median": statistics.median(cpu)}
    return {"bars": bars, **{name: round(rate) for name, rate in told.items()}, "cpu_best": round(max(cpu))}


def ask_peer(python: str, name: str, bars: Series, task: dict[str, Any]) -> dict[str, Any]:
    """What `_peers` says about these bars, or {error}."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "bars.npz"
        np.savez(place, open=bars.open, high=bars.high, low=bars.low, close=bars.close)
        # Isolated, or this folder's modules would hide the standard ones of the same names.
        command = [python, "-I", "-W", "ignore", str(Path(__file__).with_name("_peers.py")), name, str(place)]
        ran = subprocess.run([*command, text.dumps(task)], capture_output=True, text=True, check=False)
    if ran.returncode:
        return {"error": ran.stderr.strip().splitlines()[-1:]}
    found: dict[str, Any] = text.loads(ran.stdout)
    return found


def crossing(bars: Series, peers: str | None) -> dict[str, Any]:
    """SMA(10) crossing SMA(30), long only, next open, end to end: bars per second, and what each engine made of it."""
    strategy = load_strategy("trend/golden_cross")
    params = strategy.parse({"fast": CROSSING["fast"], "slow": CROSSING["slow"]})
    rules = {"cash": CROSSING["cash"], "fee": CROSSING["fee"]}

    def far(panel: Any, given: Any) -> Any:
        never = np.full(panel.close.shape, 1e-9)
        return strategy.evaluate(panel, given)._replace(stop=never, take=1e18 * never, trail=1e17 * never)

    figures: dict[str, Any] = {
        "alphaloop": measured(BARS, lambda: run_backtest(strategy, bars, params, **rules)),
        "alphaloop, three levels on every bar": measured(
            BARS, lambda: run_backtest(replace(strategy, evaluate=far), bars, params, **rules)
        ),
    }
    if peers is None:
        return {"bars_per_s": figures}
    few, many = first_rows(bars, CENT_BARS), first_rows(bars, SLOW_BARS)
    equal = {}
    for name, whole, long in (("vectorbt", False, bars), ("backtesting", True, many)):
        ours = run_backtest(strategy, few, params, **rules, whole=whole).metrics
        theirs = ask_peer(peers, name, few, CROSSING)
        equal[name] = {
            "trades": [ours["trades"], *theirs.get("trades", [])],
            "final_equity": [ours["final_equity"], *theirs.get("final_equity", [])],
        }
        made = ask_peer(peers, name, long, CROSSING)
        figures[f"{name} {made.get('version', '')}"] = made.get("bars_per_s", made)
    agree = all(
        len(set(one["trades"])) == 1
        and len(one["final_equity"]) == 2
        and abs(np.subtract(*one["final_equity"])) < 0.005
        for one in equal.values()
    )
    return {"bars_per_s": figures, "equal": equal, "agree": agree}


def first_rows(bars: Series, rows: int) -> Series:
    """The beginning of a series."""
    return Series(bars.name, *(column[:rows] for column in bars[1:]))


def look_up(period: int) -> dict[str, float]:
    """CPU milliseconds of the pass with rules off and on, each the best of many rounds taken in turn, and the cost."""
    strategy = load_strategy("reversion/bollinger")
    params = strategy.parse({"period": period, "width": WIDTH})
    panel = build_panel(shanghai_minutes(), strategy, params)
    signals = strategy.evaluate(panel, params)
    rules = Rules(cash=1e4 * CASH, fee=FEE, start=strategy.warmup(params))
    fund = Instrument("513100@XSHG", AssetClass.ETF, "513100", "CNY", Decimal("0.001"), Decimal(100), ZERO, "XSHG")
    grounds = {"off": None, "on": lay_ground(panel, [fund], broker_rate=FEE)}
    fills = {name: len(simulate(panel, signals, rules, ground=one).fills.row) for name, one in grounds.items()}
    if fills["off"] != fills["on"]:
        raise SystemExit(f"the rules changed the orders: {fills}")
    best = dict.fromkeys(grounds, float("inf"))
    for _ in range(RULE_ROUNDS):
        for name, ground in grounds.items():
            start = process_time()
            simulate(panel, signals, rules, ground=ground)
            best[name] = min(best[name], 1e3 * (process_time() - start))
    told = {f"{name}_ms": round(taken, 2) for name, taken in best.items()}
    return {"fills": fills["on"], **told, "cost": round(best["on"] / best["off"] - 1.0, 3)}


def shanghai_minutes() -> Series:
    """The walk on the 240 minutes of weekdays in Shanghai."""
    minute = np.concatenate((np.arange(90, 210), np.arange(300, 420)))
    day = np.arange((date(2000, 1, 3) - date(1970, 1, 1)) // timedelta(days=1), 30_000)
    weekdays = day[(day + 3) % 7 < 5][: BARS // len(minute) + 1]
    ts = (weekdays[:, None] * 1440 + minute).ravel()[:BARS] * 60_000
    return make_series("walk", ts, *random_walk(BARS)[3:])


def run(json: bool, *, peers: str | None = None) -> dict[str, Any]:
    """Measure and print bars per second; with `json` the caller prints the figures."""
    strategy = load_strategy("reversion/bollinger")
    params = strategy.parse({"period": PERIOD, "width": WIDTH})
    bars = random_walk(BARS)
    start = perf_counter()
    result = run_backtest(strategy, bars, params, cash=CASH, fee=FEE)
    first_call_s = round(perf_counter() - start, 2)
    panel = build_panel(bars, strategy, params)
    signals = strategy.evaluate(panel, params)
    rules = Rules(cash=CASH, fee=FEE, start=strategy.warmup(params))
    equity = {"alphaloop": float(result.equity[-1]), "numpy": vectorised(bars)}
    if not np.isclose(equity["alphaloop"], equity["numpy"], rtol=1e-9):
        raise SystemExit(f"the two disagree: {equity}")
    figures: dict[str, Any] = {
        "bars": BARS,
        "trades": result.metrics["trades"],
        "final_equity": equity,
        "first_call_s": first_call_s,
        "bars_per_s": {
            "simulate": timed(lambda: simulate(panel, signals, rules)),
            "signals": timed(lambda: strategy.evaluate(panel, params)),
            "backtest with report": timed(lambda: run_backtest(strategy, bars, params, cash=CASH, fee=FEE)),
            "numpy reference": timed(lambda: vectorised(bars)),
        },
        "rules": {f"bands of {period} bars": look_up(period) for period in (PERIOD, 24 * PERIOD)},
    }
    figures["crossing"] = crossing(bars, peers)
    figures["agree"] = figures["crossing"].get("agree", True)
    if json:
        return figures
    print(f"{BARS:,} bars, {figures['trades']} trades, first call {first_call_s} s (compiling, or from the cache)")
    print(f"final equity, alphaloop and numpy: {equity['alphaloop']:.6f} {equity['numpy']:.6f}")
    for name, rate in figures["bars_per_s"].items():
        print(f"  {name:<22}{rate['median']:>14,.0f}  (best {rate['best']:,.0f}) bars/s")
    _show_crossing(figures["crossing"])
    print("looking up market rules, CPU ms of one pass, off and on")
    for name, took in figures["rules"].items():
        print(
            f"  {name:<22}{took['off_ms']:>8.1f}{took['on_ms']:>8.1f}  {took['cost']:+.1%}  ({took['fills']:,} fills)"
        )
    return figures


def _show_crossing(made: dict[str, Any]) -> None:
    print("SMA(10) crossing SMA(30), fee 0.1 %, end to end; median (best) bars/s [of so many bars]")
    for name, rate in made["bars_per_s"].items():
        if "median" not in rate:
            print(f"  {name:<40}{rate}")
            continue
        cpu = f"; by CPU time {rate['cpu_median']:,} ({rate['cpu_best']:,})" if "cpu_best" in rate else ""
        print(f"  {name:<40}{rate['median']:>12,}  ({rate['best']:,}){cpu}  [{rate['bars']:,}]")
    for name, both in made.get("equal", {}).items():
        print(f"  trades and final equity, ours and {name}'s: {both['trades']} {both['final_equity']}")
