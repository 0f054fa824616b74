"""Choices among the nine sector funds, worked out by hand from their closes."""

from pathlib import Path

import numpy as np
import pytest

from alphaloop.engine.backtest import run_backtest
from alphaloop.engine.features import build_panel
from alphaloop.engine.invariance import check_prefix_invariance
from alphaloop.engine.panel import make_series
from alphaloop.engine.strategy import desired_at, load_strategy
from tests.strategies.markets import DAY_MS, daily_bars

STRATEGY = load_strategy("macro/sector_rotation")
SECTORS = ("XLB", "XLE", "XLF", "XLI", "XLK", "XLP", "XLU", "XLV", "XLY")


def test_what_has_fallen_leaves_its_part_in_cash() -> None:
    days = np.arange(60, dtype=np.int64)
    paths = {"up": 0.1, "slow": 0.01, "down": -0.05}
    bars = []
    for name, step in paths.items():
        close = np.linspace(10.0, 10.0 + 59 * step, 60)
        bars.append(make_series(name, days * DAY_MS, close, close, close, close, np.ones(60)))
    params = STRATEGY.parse({"lookback": 20, "top_n": 3})
    signals = STRATEGY.evaluate(build_panel(bars, STRATEGY, params), params)
    # 1970-02-01 is the first day of a month with twenty days before it.
    assert np.isnan(signals.target[:31]).all()
    np.testing.assert_allclose(signals.target[31], [1 / 3, 1 / 3, 0.0])
    assert desired_at(signals, 31, 0).reason == "among the sectors that rose most"
    assert desired_at(signals, 31, 2).reason == "others rose more, or it has fallen"
    assert signals.episode[:, 0].tolist() == [-1] * 31 + [31] * 28 + [59]


@pytest.mark.data
def test_it_held_the_leaders_of_three_known_months(test_data: Path) -> None:
    bars = daily_bars(test_data, "equity_us/sector_etf", SECTORS)
    params = STRATEGY.parse({"lookback": 126, "top_n": 3})
    panel = build_panel(bars, STRATEGY, params)
    signals = STRATEGY.evaluate(panel, params)

    def held(day: str) -> set[str]:
        row = int(np.searchsorted(panel.ts_ms, np.datetime64(day, "ms").astype(np.int64)))
        assert (signals.episode[row] == row).all()
        return {SECTORS[n] for n in np.flatnonzero(signals.target[row] > 0)}

    # Over 126 sessions energy had risen 15.2 %, technology 12.3 %, materials 7.5 %; industrials 4.9 %.
    assert held("2007-11-01") == {"XLE", "XLK", "XLB"}
    # The best of the nine, staples, had fallen 9.2 %.
    assert held("2009-01-02") == set()
    # Financials 25.9 %, health care 20.4 %, consumer discretionary 18.7 %; industrials 17.5 %.
    assert held("2013-06-03") == {"XLF", "XLV", "XLY"}


@pytest.mark.data
def test_it_says_the_same_about_the_sectors_however_much_follows(test_data: Path) -> None:
    bars = daily_bars(test_data, "equity_us/sector_etf", SECTORS)
    assert check_prefix_invariance(STRATEGY, bars, STRATEGY.parse({}), prefixes=50) == []
    assert run_backtest(STRATEGY, bars, STRATEGY.parse({}), fee=0.001).metrics["trades"] == 173
