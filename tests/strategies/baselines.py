"""What each strategy did on real data when last looked at: `python -m tests.strategies.baselines` writes it down,
for the tests and into the table of the strategy's page.

A baseline is no judgement. It says that a change of code changed a result, which is then explained or undone.
"""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from alphaloop.engine.backtest import BacktestResult, run_backtest
from alphaloop.engine.panel import Floats
from alphaloop.engine.strategy import load_strategy
from alphaloop.lab import load
from alphaloop.strategies.factor.fama_french import EXTRAS
from tests.conftest import ROOT, data_folder
from tests.strategies.markets import (
    Bars,
    aligned,
    closes,
    columns,
    daily_bars,
    futures_indices,
    last_reported,
    us_shares,
    with_extras,
)

FOLDER = ROOT / "tests/golden/strategies"
SECTORS = ("XLB", "XLE", "XLF", "XLI", "XLK", "XLP", "XLU", "XLV", "XLY")
COMMODITIES = ("COPPER", "CRUDE_W", "GAS_US", "LEANHOG", "PLAT", "SOYBEAN", "WHEAT")
PAIRS = ("KO", "PEP", "CVX", "XOM", "BAC", "JPM", "HD", "WMT")
_SURVIVORS = "187 US shares of today's S&P 500 that were listed in January 2005 (survivors; no dividends)"


class Case(NamedTuple):
    """`inputs` reads bars and named inputs from the shared data; `rules` are the run's. Parameters are the defaults."""

    told: str
    inputs: Callable[[Path], tuple[Bars, dict[str, Floats]]]
    rules: dict[str, Any]


def _plain(read: Callable[[Path], Bars]) -> Callable[[Path], tuple[Bars, dict[str, Floats]]]:
    return lambda root: (read(root), {})


def _with_factors(root: Path) -> tuple[Bars, dict[str, Floats]]:
    bars = us_shares(root)
    ts, values = columns(root, "factors/ff3_developed_daily", list(EXTRAS))
    return bars, {name: aligned(bars, ts, values[:, k]) for k, name in enumerate(EXTRAS)}


def _with_earnings(root: Path) -> tuple[Bars, dict[str, Floats]]:
    bars = us_shares(root)
    return bars, {"return_on_assets": last_reported(root, bars, "return_on_assets", max_days=400)}


_SPY = _plain(lambda root: daily_bars(root, "equity_us/lean", ["SPY"]))
_SPY_TOLD = "SPY daily 1998-2018 (no dividends)"
CASES = {
    "trend/golden_cross": Case(_SPY_TOLD, _SPY, {"fee": 0.001}),
    "trend/breakout": Case(_SPY_TOLD, _SPY, {"fee": 0.001}),
    "reversion/bollinger": Case(_SPY_TOLD, _SPY, {"fee": 0.001}),
    "chan/multi_level": Case(_SPY_TOLD, _SPY, {"fee": 0.001}),
    "chan/nested_intervals": Case(
        "ETH/USDT, five minutes, Binance",
        _plain(lambda root: [load(root / "data/bars/crypto/binance/ETHUSDT/5m.parquet").series]),
        {"fee": 0.001},
    ),
    "reversion/pairs": Case(
        "KO/PEP, CVX/XOM, BAC/JPM, HD/WMT adjusted closes 1990-2018; legs tied together",
        _plain(lambda root: closes(root, "sp500_dataset", PAIRS)),
        {"fee": 0.0005, "can_short": True},
    ),
    "factor/fama_french": Case(f"{_SURVIVORS}; French's daily developed factors", _with_factors, {"fee": 0.001}),
    "factor/momentum_quality": Case(
        f"{_SURVIVORS}; company snapshots to September 2013", _with_earnings, {"fee": 0.001}
    ),
    "defensive/low_volatility": Case(_SURVIVORS, _plain(us_shares), {"fee": 0.001}),
    "macro/sector_rotation": Case(
        "nine US sector funds 2000-2018 (no dividends)",
        _plain(lambda root: daily_bars(root, "equity_us/sector_etf", SECTORS)),
        {"fee": 0.001},
    ),
    "macro/cta_commodities": Case(
        "seven rolled commodity futures 1987-2016 as return indices, without interest on cash",
        _plain(lambda root: futures_indices(root, COMMODITIES)),
        {"fee": 0.0005, "can_short": True},
    ),
}


def run_case(key: str, root: Path) -> BacktestResult:
    case, strategy = CASES[key], load_strategy(key)
    bars, extras = case.inputs(root)
    return run_backtest(with_extras(strategy, extras), bars, strategy.parse({}), **case.rules)


def written(key: str, result: BacktestResult) -> dict[str, Any]:
    """The baseline as JSON. Targets are rounded before they are hashed: the last bit differs between machines."""
    days = result.panel.ts_ms.astype("datetime64[ms]").astype("datetime64[D]")
    rounded = np.round(result.signals.target, 9) + 0.0
    rounded[np.isnan(rounded)] = np.nan
    kept = ("trades", "total_return", "cagr", "sharpe", "max_drawdown", "fees")
    return {
        "strategy": key,
        "bars": CASES[key].told,
        "from": str(days[0]),
        "to": str(days[-1]),
        "instruments": len(result.panel.names),
        "params": dict(result.params),
        "rules": CASES[key].rules,
        "final_equity": round(float(result.equity[-1]), 4),
        "fills": len(result.fills.row),
        "target_sha256": hashlib.sha256(rounded.tobytes()).hexdigest(),
        **{name: result.metrics[name] for name in kept},
    }


def page_of(key: str) -> Path:
    return ROOT / f"docs/strategies/{key.rpartition('/')[2]}.md"


def table(stored: dict[str, Any]) -> str:
    """The baseline as the page of the strategy shows it."""
    rules = stored["rules"]
    rows = {
        "bars": stored["bars"],
        "from, to": f"{stored['from']}, {stored['to']}",
        "parameters": ", ".join(f"{name} {value}" for name, value in stored["params"].items()),
        "rules": f"next open, fee {rules['fee']:.2%} a side{', short selling' if rules.get('can_short') else ''}",
        "closed trades": f"{stored['trades']:,}",
        "return a year": f"{stored['cagr']:.1%}",
        "deepest fall": f"{stored['max_drawdown']:.1%}",
        "Sharpe ratio": f"{stored['sharpe']:.2f}",
        "1,000,000 became": f"{stored['final_equity']:,.0f}",
    }
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())])


def with_table(page: str, stored: dict[str, Any]) -> str:
    """The page with the table below 'What it did' made anew."""
    head, title, rest = page.partition("\n## What it did\n")
    after = rest.lstrip("\n").split("\n\n", 1)
    return f"{head}{title}\n{table(stored)}\n" + (f"\n{after[1]}" if len(after) > 1 else "")


def place_of(key: str) -> Path:
    return FOLDER / f"{key.replace('/', '_')}.json"


def main() -> None:
    root = data_folder()
    if root is None:
        raise SystemExit("real market data not found; set ALPHALOOP_TEST_DATA")
    FOLDER.mkdir(exist_ok=True)
    for key in CASES:
        stored = written(key, run_case(key, root))
        place_of(key).write_text(json.dumps(stored, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        page = page_of(key).read_text(encoding="utf-8")
        page_of(key).write_text(with_table(page, stored), encoding="utf-8")


if __name__ == "__main__":
    main()
