"""The same moving-average crossing in vectorbt and in backtesting.py, run by the Python of an environment with both.

It knows nothing of alphaloop: bars come in a file, figures go out as one JSON object. Each peer is used as its own
documentation shows it, and asked for what a backtest here gives: trades, final equity, return, Sharpe and drawdown."""

import json
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

ROUNDS = 3


def rates(bars: int, work: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """What the work gave, and bars per second after one round that compiles."""
    made, found = work(), []
    for _ in range(ROUNDS):
        start = perf_counter()
        made = work()
        found.append(bars / (perf_counter() - start))
    return made, {"bars": bars, "median": round(statistics.median(found)), "best": round(max(found))}


def peak_mb() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return round(int(next(line.split()[1] for line in lines if line.startswith("VmHWM:"))) / 1024, 1)


def vectorbt(bars: dict[str, Any], task: dict[str, Any]) -> dict[str, Any]:
    import pandas as pd
    import vectorbt as vbt

    index = pd.date_range("2020-01-01", periods=len(bars["close"]), freq="1min")
    close, opened = pd.Series(bars["close"], index), pd.Series(bars["open"], index)
    fast, slow = task["fast"], task["slow"]

    def run() -> Any:
        many = [vbt.MA.run(close, window, short_name=name) for window, name in ((fast, "fast"), (slow, "slow"))]
        enters, leaves = many[0].ma_crossed_above(many[1]), many[0].ma_crossed_below(many[1])
        price = opened if isinstance(enters, pd.Series) else opened.to_frame()
        held = vbt.Portfolio.from_signals(
            close,
            enters.vbt.fshift(1),
            leaves.vbt.fshift(1),
            price=price,
            fees=task["fee"],
            init_cash=task["cash"],
            freq="1min",
        )
        held.total_return(), held.sharpe_ratio(), held.max_drawdown()
        return held.trades.closed.count(), held.final_value()

    sets = len(fast) if isinstance(fast, list) else 1
    (trades, equity), rate = rates(sets * len(close), run)
    told = {"trades": np.atleast_1d(trades).tolist(), "final_equity": np.atleast_1d(equity).tolist()}
    return {"version": vbt.__version__, **told, "bars_per_s": rate, "peak_mb": peak_mb()}


def backtesting(bars: dict[str, Any], task: dict[str, Any]) -> dict[str, Any]:
    import backtesting as package
    import pandas as pd
    from backtesting import Backtest, Strategy
    from backtesting.lib import crossover

    frame = pd.DataFrame(
        {name.title(): bars[name] for name in ("open", "high", "low", "close")},
        pd.date_range("2020-01-01", periods=len(bars["close"]), freq="1min"),
    )

    def average(values: Any, window: int) -> Any:
        return pd.Series(values).rolling(window).mean()

    class Crossing(Strategy):
        def init(self) -> None:
            self.fast = self.I(average, self.data.Close, task["fast"])
            self.slow = self.I(average, self.data.Close, task["slow"])

        def next(self) -> None:
            if crossover(self.fast, self.slow):
                self.buy()
            elif crossover(self.slow, self.fast):
                self.position.close()

    def run() -> Any:
        return Backtest(frame, Crossing, cash=task["cash"], commission=task["fee"]).run()

    stats, rate = rates(len(frame), run)
    told = {"trades": [int(stats["# Trades"])], "final_equity": [float(stats["Equity Final [$]"])]}
    return {"version": package.__version__, **told, "bars_per_s": rate, "peak_mb": peak_mb()}


if __name__ == "__main__":
    name, place, asked = sys.argv[1:]
    with np.load(place) as table:
        columns = {key: table[key] for key in table.files}
    print(json.dumps({"vectorbt": vectorbt, "backtesting": backtesting}[name](columns, json.loads(asked))))
