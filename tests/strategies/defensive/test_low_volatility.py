"""Choices of the calmest shares against numpy, row by row, on real shares."""

from pathlib import Path

import numpy as np
import pytest

from alphaloop.engine.features import build_panel
from alphaloop.engine.invariance import check_prefix_invariance
from alphaloop.engine.strategy import desired_at, load_strategy
from tests.strategies.markets import us_shares

STRATEGY = load_strategy("defensive/low_volatility")


@pytest.mark.data
def test_it_holds_the_fifth_of_the_shares_whose_closes_swung_least(test_data: Path) -> None:
    bars = us_shares(test_data)
    params = STRATEGY.parse({"lookback": 252, "top_pct": 0.2})
    panel = build_panel(bars, STRATEGY, params)
    signals = STRATEGY.evaluate(panel, params)
    for month in ("2006-02", "2009-03", "2013-06"):
        row = int(np.searchsorted(panel.ts_ms, np.datetime64(f"{month}-01", "ms").astype(np.int64)))
        spread: list[float] = []
        for series in bars:
            end = int(np.searchsorted(series.ts_ms, panel.ts_ms[row], side="right"))
            known = series.close[max(end - 253, 0) : end]
            spread.append(float(np.std(np.diff(known) / known[:-1], ddof=1)) if len(known) == 253 else np.inf)
        count = round(0.2 * int(np.isfinite(spread).sum()))
        calmest = set(np.argsort(spread)[:count].tolist())
        assert set(np.flatnonzero(signals.target[row] > 0).tolist()) == calmest
        np.testing.assert_allclose(signals.target[row][list(calmest)], 1 / count)
        assert (signals.episode[row] == row).all()


@pytest.mark.data
def test_its_first_choice_is_calm_shares_and_no_nervous_ones(test_data: Path) -> None:
    """2006-01-03 is the first month with 252 returns before it: JNJ 0.89 % a day, PG 0.92 %, SO 0.89 %; AAPL 2.46 %,
    REGN 4.25 %."""
    bars = us_shares(test_data)
    params = STRATEGY.parse({})
    panel = build_panel(bars, STRATEGY, params)
    signals = STRATEGY.evaluate(panel, params)
    first = int(np.flatnonzero(np.isfinite(signals.target).any(axis=1))[0])
    names = {series.name: n for n, series in enumerate(bars)}
    assert np.datetime64(int(panel.ts_ms[first]), "ms") == np.datetime64("2006-01-03")
    for name in ("JNJ", "PG", "SO"):
        assert desired_at(signals, first, names[name]).reason == "among the calmest of the universe"
    for name in ("AAPL", "REGN"):
        assert signals.target[first, names[name]] == 0.0
        assert desired_at(signals, first, names[name]).reason == "not among the calmest"


@pytest.mark.data
def test_it_says_the_same_about_real_shares_however_much_follows(test_data: Path) -> None:
    bars = us_shares(test_data)[:60]
    assert check_prefix_invariance(STRATEGY, bars, STRATEGY.parse({}), prefixes=30) == []
