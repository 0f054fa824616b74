"""Trends and sizes against figures worked out another way, on rolled futures."""

from pathlib import Path

import numpy as np
import pytest

from alphaloop.engine.backtest import run_backtest
from alphaloop.engine.features import build_panel
from alphaloop.engine.invariance import check_prefix_invariance
from alphaloop.engine.strategy import desired_at, load_strategy
from tests.strategies.markets import futures_indices

STRATEGY = load_strategy("macro/cta_commodities")
MARKETS = ("COPPER", "CRUDE_W", "GAS_US", "LEANHOG", "PLAT", "SOYBEAN", "WHEAT")


@pytest.mark.data
def test_three_known_decisions(test_data: Path) -> None:
    panel = build_panel(futures_indices(test_data, MARKETS), STRATEGY, STRATEGY.parse({}))
    signals = STRATEGY.evaluate(panel, STRATEGY.parse({}))

    def held(day: str) -> dict[str, float]:
        row = int(np.searchsorted(panel.ts_ms, np.datetime64(day, "ms").astype(np.int64)))
        assert (signals.episode[row] == row).all()
        return dict(zip(MARKETS, np.round(signals.target[row], 4).tolist(), strict=True))

    # The winter of cheap hogs: down 31.6 % over 252 days, like copper (-19.4), crude (-3.8) and gas (-23.1).
    fallen = held("1998-12-01")
    assert fallen["LEANHOG"] == -0.2966
    assert [name for name, weight in fallen.items() if weight < 0] == ["COPPER", "CRUDE_W", "GAS_US", "LEANHOG"]
    # Platinum, soybeans and wheat had no year of prices yet.
    assert fallen["PLAT"] == fallen["SOYBEAN"] == fallen["WHEAT"] == 0.0
    # Before the crash all seven had risen, crude by 78.7 %.
    risen = held("2008-07-01")
    assert risen["CRUDE_W"] == 0.0764
    assert min(risen.values()) > 0.0
    # Oil had begun to fall (-18.5 %), hogs were up 19.8 %.
    mixed = held("2014-12-01")
    assert (mixed["CRUDE_W"], mixed["LEANHOG"]) == (-0.1633, 0.1574)
    row = int(np.searchsorted(panel.ts_ms, np.datetime64("2014-12-01", "ms").astype(np.int64)))
    assert desired_at(signals, row, 1).reason == "it has fallen over the window"
    assert desired_at(signals, row, 3).reason == "it has risen over the window"


@pytest.mark.data
def test_sizes_are_those_of_the_table_of_covariances(test_data: Path) -> None:
    params = STRATEGY.parse({"lookback": 126, "vol_target": 0.08})
    panel = build_panel(futures_indices(test_data, MARKETS), STRATEGY, params)
    signals = STRATEGY.evaluate(panel, params)
    # Of these days no market missed one of the last 127.
    whole = np.isfinite(panel.close)
    began = np.flatnonzero(np.diff(signals.episode[:, 0], prepend=-1) > 0)
    checked = 0
    for row in began:
        if not whole[row - 126 : row + 1].all():
            continue
        window = panel.close[row - 126 : row + 1]
        returns = window[1:] / window[:-1] - 1
        raw = np.sign(window[-1] - window[0]) / returns.std(axis=0, ddof=1)
        years = (panel.ts_ms[row] - panel.ts_ms[row - 126]) / (365.25 * 86_400_000)
        weights = raw * 0.08 / np.sqrt(raw @ np.cov(returns.T) @ raw * 126 / years)
        np.testing.assert_allclose(signals.target[row], weights / max(1.0, np.abs(weights).sum()), rtol=1e-9)
        checked += 1
    assert checked >= 2


@pytest.mark.data
def test_the_whole_swings_about_as_much_as_wanted(test_data: Path) -> None:
    bars = futures_indices(test_data, MARKETS)
    result = run_backtest(STRATEGY, bars, STRATEGY.parse({}), fee=0.0005, can_short=True)
    returns = np.diff(result.equity[2000:]) / result.equity[2000:-1]
    assert 0.08 < returns.std() * np.sqrt(252) < 0.12


@pytest.mark.data
def test_it_says_the_same_about_real_futures_however_much_follows(test_data: Path) -> None:
    bars = futures_indices(test_data, MARKETS)
    assert check_prefix_invariance(STRATEGY, bars, STRATEGY.parse({}), prefixes=20) == []
