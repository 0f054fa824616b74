"""The run itself, in the child process: bars and a strategy in, a report out. It knows no database."""

from pathlib import Path
from typing import Any

import numpy as np

from alphaloop.core.errors import InvalidError
from alphaloop.engine.backtest import BacktestResult, run_backtest
from alphaloop.engine.own_files import PREFIX, load_own
from alphaloop.engine.panel import Floats, Series, make_series
from alphaloop.engine.report import benchmark_beside, make_report
from alphaloop.engine.strategy import Strategy, load_strategy
from alphaloop.features.market.service import BarStore, SeriesKey, read_series
from alphaloop.infra.jobs.child import Report

STEPS = 4
TARGET = f"{__name__}:run"


def run(args: dict[str, Any], report: Report) -> dict[str, Any]:
    """{run_id, metrics, report} for the arguments that `jobs.arguments` made. InvalidError says what does not fit."""
    strategy = find(args["strategy"], args["strategies_dir"])
    params = strategy.parse(args["params"])
    report(1, STEPS, "bars")
    store = BarStore(args["bars_dir"])
    series = [_series(store, key, args) for key in args["keys"]]
    report(2, STEPS, "strategy")
    result = _simulate(strategy, series, params, args)
    report(3, STEPS, "report")
    made = make_report(result, benchmark=_benchmark(store, result, args))
    return {"run_id": made["run_id"], "metrics": made["metrics"], "report": made}


def find(key: str, strategies_dir: Path) -> Strategy:
    """A strategy of the library, or of the person's own folder under `user:`."""
    return load_own(key, strategies_dir) if key.startswith(PREFIX) else load_strategy(key)


def _simulate(strategy: Strategy, series: list[Series], params: Any, args: dict[str, Any]) -> BacktestResult:
    rules = args["rules"]
    return run_backtest(strategy, series, params, instruments=args["instruments"], actions=args["actions"], **rules)


def _series(store: BarStore, key: SeriesKey, args: dict[str, Any]) -> Series:
    table = read_series(store, key, as_of_ms=None, since_ts=args["start_ts"])
    stop = len(table) if args["end_ts"] is None else int(np.searchsorted(table.ts, args["end_ts"], side="right"))
    if stop == 0:
        raise InvalidError(
            f"{key.symbol} has no {key.timeframe.value} bars in this period.",
            code="no_bars",
            fields=(("instruments", "no_bars"),),
        )
    columns = (np.asarray(getattr(table, name)[:stop]) for name in ("ts", "open", "high", "low", "close", "volume"))
    ts, open_, high, low, close, volume = columns
    calendar = key.calendar_rules
    ends = np.array([calendar.close_ms(int(one), key.timeframe) for one in ts.tolist()], dtype=np.int64)
    return make_series(key.symbol, ts, open_, high, low, close, volume, close_ms=ends)


def _benchmark(store: BarStore, result: BacktestResult, args: dict[str, Any]) -> Floats | None:
    key = args["benchmark"]
    if key is None:
        return result.panel.close[:, 0] if len(result.panel.names) == 1 else None
    table = read_series(store, key, as_of_ms=None, since_ts=None)
    return benchmark_beside(result.panel.ts_ms, np.asarray(table.ts), np.asarray(table.close))
