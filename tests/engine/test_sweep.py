"""A sweep gives for every set of parameters what a backtest of its own would."""

from typing import Any

import pytest

from alphaloop.core.errors import InvalidError
from alphaloop.engine.backtest import run_backtest
from alphaloop.engine.strategy import list_strategies, load_strategy
from alphaloop.engine.sweep import run_sweep
from alphaloop.lab import load

ALONE = [one for one in list_strategies() if one.instruments == 1 and not one.extras]
CROSS = load_strategy("trend/golden_cross")
SETS = [CROSS.parse({"fast": fast, "slow": slow}) for fast, slow in ((5, 20), (10, 30), (20, 10), (7, 7))]


@pytest.mark.parametrize("key", [one.key for one in ALONE])
def test_a_sweep_equals_backtests_one_by_one(key: str) -> None:
    strategy, bars = load_strategy(key), load("sample").series
    sets = SETS if strategy is CROSS else [strategy.parse({})]
    rules: dict[str, Any] = {"cash": 50_000.0, "fee": 0.0005, "slippage": 0.0001}
    assert run_sweep(strategy, bars, sets, **rules) == [
        run_backtest(strategy, bars, params, **rules).metrics for params in sets
    ]


def test_rows_are_told_one_by_one_and_may_end_the_sweep() -> None:
    seen: list[int] = []

    def stop_at_two(row: int) -> None:
        seen.append(row)
        if row == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        run_sweep(CROSS, load("sample").series, SETS, on_row=stop_at_two)
    assert seen == [1, 2]


def test_a_set_that_a_backtest_refuses_is_refused() -> None:
    bars = load("sample").series
    with pytest.raises(InvalidError) as refused:
        run_sweep(CROSS, bars, [*SETS, CROSS.parse({"slow": 1000})], cash=0.0)
    assert refused.value.code == "out_of_bounds"
    assert run_sweep(CROSS, bars, []) == []
