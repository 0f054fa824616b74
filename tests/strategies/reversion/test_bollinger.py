"""The rule itself, on closes small enough to check by hand."""

import numpy as np

from alphaloop.engine.features import build_panel
from alphaloop.engine.panel import make_series
from alphaloop.engine.strategy import Signals, desired_at, load_strategy

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
