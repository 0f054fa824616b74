"""The rule itself, on bars small enough to check by hand, and on the index fund."""

from pathlib import Path

import numpy as np
import pytest

from alphaloop.engine.backtest import run_backtest
from alphaloop.engine.features import build_panel
from alphaloop.engine.invariance import check_prefix_invariance
from alphaloop.engine.panel import make_series
from alphaloop.engine.strategy import Signals, desired_at, load_strategy
from tests.strategies.markets import daily_bars, first_trades

STRATEGY = load_strategy("trend/breakout")


def said(*closes: float, entry: int = 3, exit: int = 2, start: int | None = None) -> Signals:
    close = np.array(closes)
    bars = make_series("A", np.arange(len(close)) * 60_000, close, close + 1, close - 1, close, np.ones(len(close)))
    params = STRATEGY.parse({"entry_bars": entry, "exit_bars": exit})
    return STRATEGY.evaluate(build_panel(bars, STRATEGY, params, start=start), params)


def test_it_buys_a_close_above_the_highs_before_and_sells_one_below_the_lows() -> None:
    # Highs before 14 are 11, 12, 11; lows of the two bars before 11 are 13 and 12.
    signals = said(10, 11, 10, 14, 13, 11, 11)
    np.testing.assert_array_equal(signals.target[:, 0], [np.nan, np.nan, np.nan, 1, 1, 0, 0])
    assert signals.episode[:, 0].tolist() == [-1, -1, -1, 3, 3, 5, 5]
    assert desired_at(signals, 3).reason == "close rose above the channel"
    assert desired_at(signals, 5).reason == "close fell below the exit channel"


def test_the_channel_itself_is_not_broken_by_touching_it() -> None:
    signals = said(10, 11, 10, 12, 13.01)
    np.testing.assert_array_equal(signals.target[:, 0], [np.nan, np.nan, np.nan, np.nan, 1])


def test_the_bar_that_breaks_out_is_no_part_of_its_own_channel_and_old_highs_leave_it() -> None:
    # 20 leaves a channel of three bars after three bars; 13 is then above 11, 12 and 11.
    signals = said(20, 10, 11, 10, 14)
    assert signals.target[4, 0] == 1
    assert np.all(np.isnan(said(20, 10, 11, 14).target))


def test_the_channel_of_a_long_walk_is_the_highest_of_the_bars_before() -> None:
    close = 100 + np.cumsum(np.random.default_rng(3).normal(0, 1, 500))
    held, expected = False, []
    for t in range(500):
        if t >= 10:
            if held and close[t] < (close - 1)[t - 5 : t].min():
                held = False
            elif not held and close[t] > (close + 1)[t - 10 : t].max():
                held = True
        expected.append(1.0 if held else 0.0)
    target = np.nan_to_num(said(*close, entry=10, exit=5).target[:, 0])
    np.testing.assert_array_equal(target, expected)
    assert 0 < sum(expected) < 500


def test_absent_bars_are_passed_over() -> None:
    close = np.array([10.0, 11, 10, 14, 13, 11, 11])
    rows = np.array([0, 2, 3, 5, 6, 8, 9])
    other = make_series("B", np.arange(10) * 60_000, *[np.full(10, 5.0)] * 4, np.ones(10))
    gappy = make_series(
        "A", rows * 60_000, close, close + 1, close - 1, close, np.ones(7), close_ms=(rows + 1) * 60_000
    )
    params = STRATEGY.parse({"entry_bars": 3, "exit_bars": 2})
    signals = STRATEGY.evaluate(build_panel([gappy, other], STRATEGY, params), params)
    np.testing.assert_array_equal(signals.target[rows, 0], [np.nan, np.nan, np.nan, 1, 1, 0, 0])
    assert np.all(np.isnan(signals.target[:, 1]))


@pytest.mark.data
def test_its_first_trades_of_the_index_fund_are_where_the_close_leaves_its_channel(test_data: Path) -> None:
    """Channels of 60 highs and 20 lows, worked out apart: 112.03 > 111.53 on 1998-04-02 and 108.59 < 108.97 on 04-27;
    113.47 > 113.44 on 06-24 and 107.61 < 111.03 on 08-04; 111.48 > 111.25 on 11-02 and 133.09 < 133.31 on 1999-07-30.
    Traded a session later.
    """
    [bars] = daily_bars(test_data, "equity_us/lean", ["SPY"])
    result = run_backtest(STRATEGY, bars, STRATEGY.parse({}), cash=100_000, fee=0.001)
    assert first_trades(result, 3) == [
        ("1998-04-03", 112.34, "1998-04-28", 109.78),
        ("1998-06-25", 113.91, "1998-08-05", 107.94),
        ("1998-11-03", 111.59, "1999-08-02", 132.75),
    ]


@pytest.mark.data
def test_it_says_the_same_about_the_index_fund_however_much_follows(test_data: Path) -> None:
    [bars] = daily_bars(test_data, "equity_us/lean", ["SPY"])
    assert check_prefix_invariance(STRATEGY, bars, STRATEGY.parse({}), prefixes=50) == []
