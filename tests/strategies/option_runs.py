"""The option strategies on the index and its VIX: `python -m tests.strategies.option_runs` writes down what they did.

A baseline is no judgement. It says that a change of code changed a result, which is then explained or undone.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from alphaloop.core.plugins import load_plugin
from alphaloop.engine.options.backtest import OptionResult, run_option_backtest
from alphaloop.engine.panel import Floats, Series
from alphaloop.engine.strategy import load_strategy
from alphaloop.lab import load
from tests.conftest import ROOT, data_folder
from tests.strategies.markets import aligned, columns

KEYS = ("defensive/tail_hedge", "volatility/iron_condor", "volatility/vol_arbitrage")
FOLDER = ROOT / "tests/golden/strategies"
TOLD = (
    "S&P 500 closes 1999-2018 with VIX closes and the Federal Reserve's primary credit rate; options by the stated rule"
)


def index_and_vix(root: Path) -> tuple[Series, dict[str, Floats]]:
    """The built-in index with VIX as quoted on its days, and the last published rate, a fraction a year."""
    bars = load("sample").series
    ts, vix = columns(root, "macro/VIX_daily_ohlc", ["close"])
    since, rate = columns(root, "macro/LEAN_interest_rate_usa", ["pcredit8"])
    # The rates begin in 2003; the first stands for the years before.
    last = np.maximum(np.searchsorted(since, bars.ts_ms, side="right") - 1, 0)
    return bars, {"vix": aligned([bars], ts, vix[:, 0]), "rate": rate[last] / 100.0}


def run_key(key: str, root: Path, **given: Any) -> OptionResult:
    strategy = load_strategy(key)
    bars, extras = index_and_vix(root)
    legs_of = load_plugin("alphaloop.strategies", key).legs
    return run_option_backtest(strategy, legs_of, bars, strategy.parse(given), extras=extras)


def written(result: OptionResult) -> dict[str, Any]:
    """The baseline as JSON; legs by a digest of contracts and rows, which no rounding moves."""
    days = result.panel.ts_ms.astype("datetime64[ms]").astype("datetime64[D]")
    digest = hashlib.sha256()
    for part in (*result.legs.contracts, result.legs.start, result.legs.contract, result.legs.ratio):
        digest.update(part.tobytes())
    kept = ("trades", "total_return", "cagr", "sharpe", "max_drawdown", "win_rate", "fees")
    return {
        "strategy": result.strategy,
        "bars": TOLD,
        "from": str(days[0]),
        "to": str(days[-1]),
        "params": dict(result.params),
        "final_equity": round(float(result.equity[-1]), 4),
        "fills": len(result.fills),
        "legs_sha256": digest.hexdigest(),
        **{name: result.metrics[name] for name in kept},
    }


def place_of(key: str) -> Path:
    return FOLDER / f"{key.replace('/', '_')}.json"


def main() -> None:
    root = data_folder()
    if root is None:
        raise SystemExit("real market data not found; set ALPHALOOP_TEST_DATA")
    for key in KEYS:
        told = json.dumps(written(run_key(key, root)), indent=1, ensure_ascii=False)
        place_of(key).write_text(told + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
