"""The parts that strategies of many instruments share, on numbers small enough to check by hand."""

import numpy as np
import pytest

from alphaloop.core.errors import InvalidError
from alphaloop.engine.panel import Panel, make_panel, make_series
from alphaloop.engine.strategy import desired_at
from alphaloop.strategies._universe import (
    best_share,
    decision_rows,
    named_inputs,
    need_instruments,
    own_deviation,
    own_growth,
    own_returns,
    rebalanced,
)
from tests.strategies.markets import DAY_MS

NAN = float("nan")


def panel(*columns: list[float], first_day: int = 0) -> Panel:
    """One column of closes an instrument, NaN where it has no bar."""
    bars = []
    for n, column in enumerate(columns):
        close = np.array(column)
        rows = np.flatnonzero(np.isfinite(close))
        ts, at = (rows + first_day) * DAY_MS, close[rows]
        bars.append(make_series(f"I{n}", ts, at, at, at, at, np.ones(len(at)), close_ms=ts + DAY_MS))
    return make_panel(bars)


def test_a_month_begins_on_its_first_row_and_the_very_first_row_begins_none() -> None:
    # Day 29 is 1970-01-30; the month begins on the third row.
    made = panel([1.0] * 33, first_day=29)
    assert decision_rows(made).tolist() == [2, 30]
    made.member[:3] = False
    assert decision_rows(made).tolist() == [30]


def test_a_month_does_not_begin_on_the_holiday_of_most_markets() -> None:
    closed = [1.0, 1, 1, NAN, 1, 1]
    assert decision_rows(panel([1.0] * 6, closed, closed, first_day=28)).tolist() == [4]
    # One of three may be missing.
    assert decision_rows(panel([1.0] * 6, [1.0] * 6, closed, first_day=28)).tolist() == [3]


def test_growth_counts_the_bars_of_each_instrument_and_not_the_rows() -> None:
    made = panel([10.0, 11, 12, 15, 18], [10.0, NAN, 12, NAN, 18])
    np.testing.assert_allclose(own_growth(made, np.array([4]), 2), [[18 / 12 - 1, 18 / 10 - 1]])
    np.testing.assert_allclose(own_growth(made, np.array([4]), 2, skip=1), [[15 / 11 - 1, NAN]])
    # Without a bar in the row there is nothing to be decided.
    np.testing.assert_allclose(own_growth(made, np.array([3]), 1), [[15 / 12 - 1, NAN]])


def test_deviation_is_that_of_the_last_returns_and_unknown_for_a_price_that_stands_still() -> None:
    made = panel([10.0, 11, 12.1, 12.1, 11], [5.0] * 5)
    expected = np.std([0.1, 0.0, 11 / 12.1 - 1], ddof=1)
    np.testing.assert_allclose(own_deviation(made, np.array([2, 4]), 3), [[NAN, NAN], [expected, NAN]])


def test_outside_the_universe_nothing_is_measured() -> None:
    made = panel([10.0, 11, 12, 15, 18], [10.0, 11, 12, 13, 14])
    made.member[4, 1] = False
    assert np.isnan(own_growth(made, np.array([4]), 2)[0]).tolist() == [False, True]
    assert np.isnan(own_deviation(made, np.array([4]), 2)[0]).tolist() == [False, True]


def test_returns_reach_back_over_absent_rows() -> None:
    made = panel([10.0, NAN, 12, 15], [4.0, 4, 4, 4])
    np.testing.assert_allclose(own_returns(made)[:, 0], [NAN, NAN, 0.2, 0.25])


def test_the_best_share_the_best_in_equal_parts_and_the_unknown_get_nothing() -> None:
    scores = np.array([[3.0, NAN, 1.0, 2.0, 5.0], [1.0, 1.0, 1.0, 1.0, 1.0], [NAN] * 5])
    np.testing.assert_allclose(best_share(scores, 0.5), [[0.5, 0, 0, 0, 0.5], [0.5, 0.5, 0, 0, 0], [0] * 5])
    np.testing.assert_allclose(best_share(scores[:1], 0.01), [[0, 0, 0, 0, 1]])


def test_a_decision_stands_until_the_next_which_is_a_new_episode_though_it_is_the_same() -> None:
    made = panel([1.0] * 6, [1.0] * 6)
    weights = np.array([[0.5, -0.5], [0.5, 0.0]])
    signals = rebalanced(made, np.array([1, 4]), weights, ("up", "down", "out"))
    np.testing.assert_array_equal(signals.target[:, 0], [NAN, 0.5, 0.5, 0.5, 0.5, 0.5])
    np.testing.assert_array_equal(signals.target[:, 1], [NAN, -0.5, -0.5, -0.5, 0.0, 0.0])
    assert signals.episode[:, 0].tolist() == [-1, 1, 1, 1, 4, 4]
    assert [desired_at(signals, 4, n).reason for n in (0, 1)] == ["up", "out"]
    assert desired_at(signals, 1, 1).reason == "down"
    none = rebalanced(made, np.array([], dtype=np.int64), np.empty((0, 2)), ("up", "down", "out"))
    assert np.isnan(none.target).all()


def test_what_is_absent_is_named() -> None:
    made = panel([1.0] * 3)._replace(extras={"rf": np.zeros((3, 1))})
    label = {"zh": "无风险", "en": "the riskless return"}
    assert len(named_inputs(made, {"rf": label})) == 1
    with pytest.raises(InvalidError, match="needs smb: the size factor") as refused:
        named_inputs(made, {"rf": label, "smb": {"zh": "规模", "en": "the size factor"}})
    assert (refused.value.code, refused.value.fields) == ("missing_extra", (("smb", "missing"),))
    with pytest.raises(InvalidError, match="at least 2"):
        need_instruments(made, 2)
