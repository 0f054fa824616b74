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

STRATEGY = load_strategy("reversion/bollinger")


def said(*closes: float, period: int = 3, width: float = 1.0, start: int | None = None) -> Signals:
    close = np.array(closes)
    bars = make_series("A", np.arange(len(close)) * 60_000, close, close, close, close, np.ones(len(close)))
    params = STRATEGY.parse({"period": period, "width": width})
    return STRATEGY.evaluate(build_panel(bars, STRATEGY, params, start=start), params)


def test_it_buys_the_fall_through_the_lower_band_and_sells_at_the_middle() -> None:
    # Bands of the last three closes: at 7 the lower is 9 - 1.41; the middle is reached at 10.
    signals = said(10, 10, 10, 7, 7.5, 10, 10)
    np.testing.assert_array_equal(signals.target[:, 0], [np.nan, np.nan, np.nan, 1, 1, 0, 0])
    assert signals.episode[:, 0].tolist() == [-1, -1, -1, 3, 3, 5, 5]
    assert desired_at(signals, 3).reason == "close fell through the lower band"
    assert desired_at(signals, 5).reason == "close is back at the middle"


def test_it_buys_a_crossing_and_not_the_state_of_being_below() -> None:
    # The fall happened before the first row that may trade: staying below is no new reason.
    falling = (10, 10, 10, 7, 4, 1, 1, 1)
    assert np.nanmax(said(*falling, start=4).target, initial=0) == 0
    assert said(*falling).target[3, 0] == 1


def test_absent_bars_are_passed_over() -> None:
    close = np.array([10.0, 10, 10, 7, 7.5, 10, 10])
    rows = np.array([0, 2, 3, 5, 6, 8, 9])
    other = make_series("B", np.arange(10) * 60_000, *[np.full(10, 5.0)] * 4, np.ones(10))
    gappy = make_series("A", rows * 60_000, *[close] * 4, np.ones(7), close_ms=(rows + 1) * 60_000)
    params = STRATEGY.parse({"period": 3, "width": 1.0})
    signals = STRATEGY.evaluate(build_panel([gappy, other], STRATEGY, params), params)
    np.testing.assert_array_equal(signals.target[rows, 0], [np.nan, np.nan, np.nan, 1, 1, 0, 0])
    assert signals.episode[:, 0].tolist() == [-1, -1, -1, -1, -1, 5, 5, -1, 8, 8]


@pytest.mark.data
def test_its_first_trades_of_the_index_fund_are_where_the_close_leaves_the_band(test_data: Path) -> None:
    """Bands of 20 closes and two deviations, worked out apart: 108.59 < 109.09 on 1998-04-27 and 111.44 > 111.28 on
    04-30; 108.50 < 108.51 on 06-03 and 111.81 > 110.67 on 06-05; 112.06 < 112.07 on 07-31 and 109.50 > 109.38 on 08-25.
    Traded a session later.
    """
    [bars] = daily_bars(test_data, "equity_us/lean", ["SPY"])
    result = run_backtest(STRATEGY, bars, STRATEGY.parse({}), cash=100_000, fee=0.001)
    assert first_trades(result, 3) == [
        ("1998-04-28", 109.78, "1998-05-01", 111.75),
        ("1998-06-04", 108.25, "1998-06-08", 111.94),
        ("1998-08-03", 111.78, "1998-08-26", 108.28),
    ]


@pytest.mark.data
def test_it_says_the_same_about_the_index_fund_however_much_follows(test_data: Path) -> None:
    [bars] = daily_bars(test_data, "equity_us/lean", ["SPY"])
    assert check_prefix_invariance(STRATEGY, bars, STRATEGY.parse({}), prefixes=50) == []
