"""A strategy kept between bars wants what a backtest would want, across ex-dates too."""

import numpy as np
import pytest

from alphaloop.engine.backtest import run_backtest
from alphaloop.engine.continuity import factors_of, seen_through
from alphaloop.engine.panel import make_panel
from alphaloop.engine.rule_arrays import lay_ground
from alphaloop.engine.strategy import load_strategy
from alphaloop.features.sessions.runner import Runner
from tests.engine.test_continuity import CASH, DAY, SPLIT, SYMBOL, bars, share

PARAMS = {"period": 3, "width": 0.9}
DAYS = {(one.ex_date.toordinal() - 719_163): one for one in (SPLIT, CASH)}


def test_across_ex_dates_it_wants_what_the_backtest_wanted() -> None:
    series, _ = bars()
    actions = {SYMBOL: [SPLIT, CASH]}
    runner = Runner(load_strategy("reversion/bollinger"), PARAMS, instrument=SYMBOL, start_ts=0, memory=[])
    strategy = load_strategy("reversion/bollinger")
    made = run_backtest(strategy, series, strategy.parse(PARAMS), cash=100_000, instruments=[share()], actions=actions)
    wanted = []
    for t in range(len(series.ts_ms)):
        ts = int(series.ts_ms[t])
        prices = tuple(float(getattr(series, name)[t]) for name in ("open", "high", "low", "close", "volume"))
        passed = [DAYS[ts // DAY]] if ts // DAY in DAYS else []
        runner.append(ts_ms=ts, close_ms=int(series.close_ms[t]), prices=prices, passed=passed)  # type: ignore[arg-type]
        desired = runner.desired(None)
        wanted.append(np.nan if desired is None or desired.target is None else desired.target)
    assert np.array_equal(np.array(wanted)[2:], made.signals.target[2:, 0], equal_nan=True)


def test_what_it_sees_is_the_panel_of_the_backtest() -> None:
    series, _ = bars()
    panel = make_panel(series)
    ground = lay_ground(panel, [share()], broker_rate=0.0, actions={SYMBOL: [SPLIT, CASH]})
    factors = factors_of(panel, ground)
    assert factors is not None
    runner = Runner(load_strategy("reversion/bollinger"), PARAMS, instrument=SYMBOL, start_ts=0, memory=[])
    for t in range(len(series.ts_ms)):
        ts = int(series.ts_ms[t])
        prices = tuple(float(getattr(series, name)[t]) for name in ("open", "high", "low", "close", "volume"))
        passed = [DAYS[ts // DAY]] if ts // DAY in DAYS else []
        runner.append(ts_ms=ts, close_ms=int(series.close_ms[t]), prices=prices, passed=passed)  # type: ignore[arg-type]
    seen = seen_through(runner._panel(), runner._factors[:10].reshape(-1, 1))
    assert seen.close == pytest.approx(seen_through(panel, factors).close)
