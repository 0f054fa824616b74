"""Entries and exits against figures worked out with numpy and statsmodels on real pairs."""

from pathlib import Path

import numpy as np
import pytest
from statsmodels.tsa.stattools import coint

from alphaloop.engine.backtest import run_backtest
from alphaloop.engine.features import build_panel
from alphaloop.engine.invariance import check_prefix_invariance
from alphaloop.engine.panel import Panel, make_series
from alphaloop.engine.strategy import Signals, desired_at, load_strategy
from tests.strategies.markets import closes, with_extras

STRATEGY = load_strategy("reversion/pairs")
PAIRS = ("KO", "PEP", "CVX", "XOM", "BAC", "JPM", "HD", "WMT")


@pytest.fixture(scope="module")
def judged(test_data: Path) -> tuple[Panel, Signals]:
    params = STRATEGY.parse({})
    panel = build_panel(closes(test_data, "sp500_dataset", PAIRS), STRATEGY, params)
    return panel, STRATEGY.evaluate(panel, params)


def entries(signals: Signals, pair: int) -> list[int]:
    episode = signals.episode[:, 2 * pair]
    return [row for row in np.unique(episode[episode >= 0]).tolist() if signals.target[row, 2 * pair] != 0.0]


@pytest.mark.data
def test_two_trades_worked_out_by_hand(judged: tuple[Panel, Signals]) -> None:
    """BAC on JPM, 1998-09-04: slope 0.9666, gap 2.153 deviations, p 0.0237; closed to 0.336 after ten sessions.

    KO on PEP, 1997-08-11: slope 1.1596, gap -2.769, p 0.0049, half-life 4.68: given up after 24 sessions at -4.059.
    """
    panel, signals = judged

    def row_of(day: str) -> int:
        return int(np.searchsorted(panel.ts_ms, np.datetime64(day, "ms").astype(np.int64)))

    row = row_of("1998-09-04")
    assert signals.episode[row, 4] == signals.episode[row, 5] == row
    # One of four pairs: a quarter of the equity over both legs, 1 : 0.9666.
    np.testing.assert_allclose(signals.target[row, 4:6], [-0.25 / 1.9666, 0.25 * 0.9666 / 1.9666], atol=1e-5)
    assert desired_at(signals, row, 4).reason == "the first is too dear against the second"
    assert signals.target[row + 9, 4] < 0 == signals.target[row + 10, 4]
    assert desired_at(signals, row_of("1998-09-21"), 5).reason == "the gap has closed"
    row = row_of("1997-08-11")
    np.testing.assert_allclose(signals.target[row, :2], [0.25 / 2.1596, -0.25 * 1.1596 / 2.1596], atol=1e-5)
    assert desired_at(signals, row, 0).reason == "the first is too cheap against the second"
    assert desired_at(signals, row + 24, 0).reason == "the gap did not close in time"
    assert row + 24 == row_of("1997-09-15")


@pytest.mark.data
def test_every_entry_is_a_gap_that_has_just_opened_between_prices_that_statsmodels_calls_cointegrated(
    judged: tuple[Panel, Signals],
) -> None:
    panel, signals = judged
    seen = 0
    for pair in range(4):
        for row in entries(signals, pair):
            gaps = []
            for end in (row, row + 1):
                y, x = (np.log(panel.close[end - 250 : end, 2 * pair + leg]) for leg in (0, 1))
                slope, level = np.polyfit(x, y, 1)
                rest = y - level - slope * x
                gaps.append(rest[-1] / rest.std())
            assert abs(gaps[0]) < 2.0 <= abs(gaps[1])
            assert coint(y, x)[1] <= 0.05
            side = -np.sign(gaps[1])
            expected = np.array([side, -side * slope]) / (1 + slope) / 4
            np.testing.assert_allclose(signals.target[row, 2 * pair : 2 * pair + 2], expected, rtol=1e-7)
            seen += 1
    assert seen == 47


@pytest.mark.data
def test_both_legs_say_the_same_and_belong_to_one_group(judged: tuple[Panel, Signals]) -> None:
    _, signals = judged
    assert signals.group is not None
    assert signals.reason is not None
    for values in (signals.episode, signals.group, signals.reason):
        np.testing.assert_array_equal(values[:, ::2], values[:, 1::2])
    told = np.isfinite(signals.target)
    np.testing.assert_array_equal(signals.group, np.where(told, np.arange(8) // 2, -1))


@pytest.mark.data
def test_both_legs_of_a_pair_enter_together_and_where_both_find_a_price_as_they_would_apart(test_data: Path) -> None:
    bars = closes(test_data, "sp500_dataset", PAIRS)
    params = STRATEGY.parse({})
    tied = run_backtest(STRATEGY, bars, params, can_short=True, fee=0.0005)
    apart = run_backtest(with_extras(STRATEGY, {}, grouped=False), bars, params, can_short=True, fee=0.0005)
    # Every entry and every exit is two trades.
    assert tied.metrics["trades"] == 2 * 47
    assert tied.equity[-1] == pytest.approx(apart.equity[-1], rel=1e-9)


@pytest.mark.data
def test_it_says_the_same_about_a_real_pair_however_much_follows(test_data: Path) -> None:
    bars = [
        make_series(s.name, *(column[:2600] for column in (s.ts_ms, s.open, s.high, s.low, s.close, s.volume)))
        for s in closes(test_data, "sp500_dataset", PAIRS[4:6])
    ]
    apart = with_extras(STRATEGY, {}, grouped=False)
    assert check_prefix_invariance(apart, bars, STRATEGY.parse({}), prefixes=20) == []


def test_prices_that_only_rise_together_are_left_alone() -> None:
    rng = np.random.default_rng(5)
    rows = 1200
    bars = []
    for name in ("A", "B", "odd"):
        close = 50 * np.exp(rng.normal(0.001, 0.01, rows).cumsum())
        bars.append(make_series(name, np.arange(rows) * 60_000, close, close, close, close, np.ones(rows)))
    params = STRATEGY.parse({})
    signals = STRATEGY.evaluate(build_panel(bars, STRATEGY, params), params)
    assert len(entries(signals, 0)) <= 3
    # One left over has nobody to be compared with.
    assert np.isnan(signals.target[:, 2]).all()
