"""The rule on closes small enough to check by hand, and on the index fund."""

from pathlib import Path

import numpy as np
import pytest

from alphaloop.engine.backtest import run_backtest
from alphaloop.engine.features import build_panel
from alphaloop.engine.invariance import check_prefix_invariance
from alphaloop.engine.panel import make_series
from alphaloop.engine.strategy import Signals, desired_at, load_strategy
from tests.strategies.markets import daily_bars, first_trades

STRATEGY = load_strategy("trend/golden_cross")


def said(*closes: float, fast: int = 2, slow: int = 3, start: int | None = None) -> Signals:
    close = np.array(closes)
    bars = make_series("A", np.arange(len(close)) * 60_000, close, close, close, close, np.ones(len(close)))
    params = STRATEGY.parse({"fast": fast, "slow": slow})
    return STRATEGY.evaluate(build_panel(bars, STRATEGY, params, start=start), params)


def test_it_buys_the_crossing_above_and_sells_the_crossing_below() -> None:
    # Averages of two and three closes: 8.5 < 9, then 9.5 > 9, 11.5 > 10.33, and 10.5 < 11 at the end.
    signals = said(10, 9, 8, 11, 12, 12, 9)
    np.testing.assert_array_equal(signals.target[:, 0], [np.nan, np.nan, np.nan, 1, 1, 1, 0])
    assert signals.episode[:, 0].tolist() == [-1, -1, -1, 3, 3, 3, 6]
    assert desired_at(signals, 3).reason == "the shorter average rose above the longer"
    assert desired_at(signals, 6).reason == "the shorter average fell below the longer"


def test_it_buys_a_crossing_and_not_the_state_of_being_above() -> None:
    assert np.all(np.isnan(said(8, 9, 10, 11, 12, 13).target))
    assert np.nanmax(said(10, 9, 8, 11, 12, 12, start=4).target, initial=0) == 0


def test_averages_that_only_touch_have_not_crossed() -> None:
    # Both averages are 9 at the fourth close and come apart on the same side again.
    assert np.all(np.isnan(said(10, 9, 8, 10, 5, 5).target))
    assert np.all(np.isnan(said(10, 9, 8, 11, 12, fast=3).target))


def test_the_shorter_period_is_the_fast_one_in_either_order() -> None:
    closes = 100 + np.random.default_rng(2).normal(0, 1, 300).cumsum()
    one, other = said(*closes, fast=5, slow=20), said(*closes, fast=20, slow=5)
    np.testing.assert_array_equal(one.target, other.target)
    assert np.nanmax(one.target) == 1


@pytest.mark.data
def test_its_first_trades_of_the_index_fund_are_where_the_averages_cross(test_data: Path) -> None:
    """Averages of 50 and 200 closes, worked out apart: 109.61 > 109.58 on 1998-12-08, 131.75 < 131.80 on 1999-11-05,
    132.08 > 132.05 on 1999-11-11, 144.46 < 144.48 on 2000-10-30, 88.84 > 88.64 on 2003-05-15. Traded a session later.
    """
    [bars] = daily_bars(test_data, "equity_us/lean", ["SPY"])
    result = run_backtest(STRATEGY, bars, STRATEGY.parse({}), cash=100_000, fee=0.001)
    assert first_trades(result, 3) == [
        ("1998-12-09", 118.69, "1999-11-08", 137.0),
        ("1999-11-12", 139.25, "2000-10-31", 141.02),
        ("2003-05-16", 94.89, "2004-08-19", 109.81),
    ]


@pytest.mark.data
def test_it_says_the_same_about_the_index_fund_however_much_follows(test_data: Path) -> None:
    [bars] = daily_bars(test_data, "equity_us/lean", ["SPY"])
    assert check_prefix_invariance(STRATEGY, bars, STRATEGY.parse({}), prefixes=50) == []
