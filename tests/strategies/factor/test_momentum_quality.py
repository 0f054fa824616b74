"""Choices by rise and return on assets, worked out from the closes and the company snapshots."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import rankdata

from alphaloop.engine.features import build_panel
from alphaloop.engine.invariance import check_prefix_invariance
from alphaloop.engine.strategy import desired_at, load_strategy
from tests.strategies.markets import last_reported, us_shares, with_extras

STRATEGY = load_strategy("factor/momentum_quality")
NAME = "return_on_assets"


@pytest.mark.data
def test_its_choices_of_october_2007(test_data: Path) -> None:
    """Amazon had risen 147.1 % from 252 to 21 sessions before and earned 9.67 % on its assets; Apple 76.9 and 11.85;
    Citigroup had fallen."""
    bars = us_shares(test_data)
    names = [series.name for series in bars]
    params = STRATEGY.parse({})
    earned = last_reported(test_data, bars, NAME, max_days=400)
    panel = build_panel(bars, STRATEGY, params, extras={NAME: earned})
    signals = STRATEGY.evaluate(panel, params)
    row = int(np.searchsorted(panel.ts_ms, np.datetime64("2007-10-01", "ms").astype(np.int64)))
    grown = np.full(len(bars), np.nan)
    for n, series in enumerate(bars):
        at = int(np.searchsorted(series.ts_ms, panel.ts_ms[row]))
        if at >= 252 and series.ts_ms[at] == panel.ts_ms[row]:
            grown[n] = series.close[at - 21] / series.close[at - 252] - 1
    assert round(float(grown[names.index("AMZN")]), 3) == 1.471
    assert earned[row, names.index("AMZN")] == 9.67
    assert round(float(grown[names.index("AAPL")]), 3) == 0.769
    assert earned[row, names.index("AAPL")] == 11.85
    both = np.flatnonzero(np.isfinite(grown) & np.isfinite(earned[row]))
    score = rankdata(grown[both]) + rankdata(earned[row, both])
    wanted = round(0.2 * len(both))
    held = np.flatnonzero(signals.target[row] > 0)
    assert len(held) == wanted
    # Everyone held scores at least as much as everyone left alone.
    assert score[np.isin(both, held)].min() >= score[~np.isin(both, held)].max()
    np.testing.assert_allclose(signals.target[row, held], 1 / wanted)
    assert desired_at(signals, row, names.index("AMZN")).reason == "among the best by rise and return on assets"
    assert desired_at(signals, row, names.index("C")).target == 0.0


@pytest.mark.data
def test_a_share_whose_figures_have_grown_old_is_left_alone(test_data: Path) -> None:
    """The snapshots end in September 2013: from 2015 on nothing is known and nothing held."""
    bars = us_shares(test_data)
    params = STRATEGY.parse({})
    earned = last_reported(test_data, bars, NAME, max_days=400)
    panel = build_panel(bars, STRATEGY, params, extras={NAME: earned})
    signals = STRATEGY.evaluate(panel, params)
    row = int(np.searchsorted(panel.ts_ms, np.datetime64("2015-01-02", "ms").astype(np.int64)))
    assert (signals.target[row:] == 0.0).all()


@pytest.mark.data
def test_it_says_the_same_about_real_shares_however_much_follows(test_data: Path) -> None:
    bars = us_shares(test_data)[:40]
    ready = with_extras(STRATEGY, {NAME: last_reported(test_data, bars, NAME, max_days=400)})
    assert check_prefix_invariance(ready, bars, STRATEGY.parse({}), prefixes=20) == []
