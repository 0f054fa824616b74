"""Loadings against two other least squares on French's own portfolios, and choices among real shares."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm

from alphaloop.engine.features import build_panel
from alphaloop.engine.invariance import check_prefix_invariance
from alphaloop.engine.panel import Floats, make_series
from alphaloop.engine.strategy import desired_at, load_strategy
from alphaloop.strategies.factor.fama_french import EXTRAS, PUBLISHED_AFTER_DAYS, loadings
from tests.strategies.markets import DAY_MS, Bars, aligned, columns, us_shares, with_extras

STRATEGY = load_strategy("factor/fama_french")
PORTFOLIOS = ("S1V1", "S1V5", "S5V1", "S5V5", "BusEq", "Utils")


def daily_factors(root: Path, bars: Bars) -> dict[str, Floats]:
    ts, values = columns(root, "factors/ff3_developed_daily", list(EXTRAS))
    return {name: aligned(bars, ts, values[:, k]) for k, name in enumerate(EXTRAS)}


@pytest.mark.data
def test_loadings_agree_with_two_other_least_squares_on_the_portfolios_of_french(test_data: Path) -> None:
    frame = pl.read_parquet(test_data / "data/factors/ff_monthly_portfolios.parquet")
    frame = frame.filter(pl.col("ts").dt.year() >= 1971)
    ts = frame["ts"].dt.epoch("ms").to_numpy().astype(np.int64)
    ends = np.append(ts[1:], ts[-1] + 31 * DAY_MS)
    bars = []
    for name in PORTFOLIOS:
        close = 100 * np.cumprod(1 + frame[name].to_numpy())
        bars.append(make_series(name, ts, close, close, close, close, np.zeros(len(ts)), close_ms=ends))
    named = {"mkt_rf": "MktRF", "smb": "SMB", "hml": "HML", "rf": "RF"}
    extras = {name: frame[column].to_numpy().reshape(-1, 1) for name, column in named.items()}
    params = STRATEGY.parse({"lookback": 120})
    panel = build_panel(bars, STRATEGY, params, extras=extras)
    rows = np.array([200, 330, len(ts) - 1])
    found = loadings(panel, rows, 120)
    for k, row in enumerate(rows):
        # What had been published two months earlier: the row that had closed by then, and 119 before it.
        end = int(np.flatnonzero(ends <= ends[row] - PUBLISHED_AFTER_DAYS * DAY_MS)[-1]) + 1
        x = frame.select("MktRF", "SMB", "HML").to_numpy()[end - 120 : end]
        for n, name in enumerate(PORTFOLIOS):
            y = (frame[name] - frame["RF"]).to_numpy()[end - 120 : end]
            theirs = np.linalg.lstsq(np.column_stack([np.ones(120), x]), y, rcond=None)[0][1:]
            np.testing.assert_allclose(found[k, n], theirs, rtol=1e-8, atol=1e-10)
            np.testing.assert_allclose(
                found[k, n], sm.OLS(y, sm.add_constant(x)).fit().params[1:], rtol=1e-8, atol=1e-10
            )
    # Small and cheap loads on both factors; large and dear on neither.
    small_cheap, large_dear = found[:, PORTFOLIOS.index("S1V5")], found[:, PORTFOLIOS.index("S5V1")]
    assert (small_cheap[:, 1] > 0.7).all()
    assert (small_cheap[:, 2] > 0.4).all()
    assert (large_dear[:, 1:] < 0.0).all()


@pytest.mark.data
def test_it_holds_the_fifth_of_the_shares_that_move_most_with_small_and_cheap(test_data: Path) -> None:
    """June 2013: Citigroup and Bank of America are in; Apple, which moved against cheap companies (-2.39), is not."""
    bars = us_shares(test_data)
    params = STRATEGY.parse({})
    extras = daily_factors(test_data, bars)
    panel = build_panel(bars, STRATEGY, params, extras=extras)
    signals = STRATEGY.evaluate(panel, params)
    names = [series.name for series in bars]
    row = int(np.searchsorted(panel.ts_ms, np.datetime64("2013-06-03", "ms").astype(np.int64)))
    end = int(np.flatnonzero(panel.close_ms <= panel.close_ms[row] - 60 * DAY_MS)[-1]) + 1
    x = np.column_stack([np.ones(252), *(extras[name][end - 252 : end, 0] for name in ("mkt_rf", "smb", "hml"))])
    found = np.full((len(bars), 2), np.nan)
    for n in range(len(bars)):
        close = panel.close[end - 253 : end, n]
        y = close[1:] / close[:-1] - 1 - extras["rf"][end - 252 : end, 0]
        there = np.isfinite(y)
        if there.mean() > 0.95:
            found[n] = np.linalg.lstsq(x[there], y[there], rcond=None)[0][2:]
    assert round(float(found[names.index("AAPL"), 1]), 2) == -2.39
    score = ((found - np.nanmean(found, axis=0)) / np.nanstd(found, axis=0, ddof=1)).sum(axis=1)
    best = np.argsort(-score)[: round(0.2 * int(np.isfinite(score).sum()))]
    assert set(np.flatnonzero(signals.target[row] > 0).tolist()) == set(best.tolist())
    np.testing.assert_allclose(signals.target[row, best], 1 / len(best))
    for name, why in (("C", "moves most"), ("BAC", "moves most"), ("AAPL", "moves less")):
        assert desired_at(signals, row, names.index(name)).reason.startswith(why)


@pytest.mark.data
def test_a_factor_of_the_last_two_months_is_not_read_yet(test_data: Path) -> None:
    bars = us_shares(test_data)[:40]
    params = STRATEGY.parse({})
    extras = daily_factors(test_data, bars)
    whole = build_panel(bars, STRATEGY, params, extras=extras)
    row = int(np.searchsorted(whole.ts_ms, np.datetime64("2013-06-03", "ms").astype(np.int64)))
    late = {name: values.copy() for name, values in extras.items()}
    for values in late.values():
        values[row - 38 :] = np.nan
    known = STRATEGY.evaluate(whole._replace(extras=late), params)
    np.testing.assert_array_equal(known.target[row], STRATEGY.evaluate(whole, params).target[row])
    assert np.nanmax(known.target[row]) > 0


@pytest.mark.data
def test_it_says_the_same_about_real_shares_however_much_follows(test_data: Path) -> None:
    bars = us_shares(test_data)[:40]
    ready = with_extras(STRATEGY, daily_factors(test_data, bars))
    assert check_prefix_invariance(ready, bars, STRATEGY.parse({}), prefixes=10) == []
