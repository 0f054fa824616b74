"""Unit roots and cointegration against statsmodels, on made-up walks and on real pairs."""

import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from statsmodels.tsa.adfvalues import mackinnoncrit, mackinnonp
from statsmodels.tsa.stattools import adfuller, coint

from alphaloop.kernels.cointegration import cointegration, critical_values, half_life, p_value, unit_root

PAIRS = (("KO", "PEP"), ("CVX", "XOM"), ("BAC", "JPM"), ("HD", "WMT"), ("JNJ", "PFE"), ("AAPL", "MSFT"))


def agree(y: NDArray[np.float64], x: NDArray[np.float64]) -> None:
    statistic, p, critical = coint(y, x)
    ours = cointegration(y, x)
    assert ours.statistic == pytest.approx(statistic, rel=1e-8)
    assert ours.p_value == pytest.approx(p, abs=1e-6)
    np.testing.assert_allclose(ours.critical, critical, rtol=1e-10)


@given(st.integers(0, 10**6), st.integers(40, 400), st.integers(1, 4))
@settings(max_examples=25, deadline=None)
def test_engle_granger_agrees_with_statsmodels(seed: int, rows: int, others: int) -> None:
    rng = np.random.default_rng(seed)
    x = 50 + rng.normal(size=(rows, others)).cumsum(axis=0)
    gap = np.zeros(rows)
    for t in range(1, rows):
        gap[t] = 0.8 * gap[t - 1] + rng.normal()
    agree(x.sum(axis=1) + gap, x)


@given(st.integers(0, 10**6), st.integers(30, 300), st.sampled_from([0.0, 0.5, 0.95, 1.0]))
@settings(max_examples=25, deadline=None)
def test_the_unit_root_test_agrees_with_statsmodels(seed: int, rows: int, memory: float) -> None:
    rng = np.random.default_rng(seed)
    values = np.zeros(rows)
    for t in range(1, rows):
        values[t] = memory * values[t - 1] + rng.normal()
    theirs = adfuller(values, result_object=False)
    ours = unit_root(values)
    assert ours.statistic == pytest.approx(theirs[0], rel=1e-8)
    assert ours.p_value == pytest.approx(theirs[1], abs=1e-6)
    assert (ours.lags, ours.rows) == (theirs[2], theirs[3])


def test_the_tables_are_those_of_mackinnon() -> None:
    for series in range(1, 7):
        for statistic in np.linspace(-30, 3, 120):
            assert p_value(float(statistic), series) == pytest.approx(mackinnonp(statistic, "c", series), abs=1e-12)
        for rows in (30, 250, 10_000):
            np.testing.assert_allclose(critical_values(series, rows), mackinnoncrit(series, "c", rows), rtol=1e-12)


def test_the_half_life_of_a_known_gap_is_found() -> None:
    rng = np.random.default_rng(1)
    gap = np.zeros(50_000)
    for t in range(1, len(gap)):
        gap[t] = 0.9 * gap[t - 1] + rng.normal()
    assert half_life(gap) == pytest.approx(math.log(0.5) / math.log(0.9), rel=0.05)


def test_what_belongs_together_is_told_from_what_does_not() -> None:
    rng = np.random.default_rng(9)
    walk = 100 + rng.normal(size=1000).cumsum()
    other = 100 + rng.normal(size=1000).cumsum()
    tied = cointegration(2.0 * walk + 7.0 + rng.normal(size=1000), walk)
    assert tied.p_value < 1e-6
    assert tied.hedge == pytest.approx([2.0], abs=0.02)
    assert tied.half_life < 1.0 or math.isnan(tied.half_life)
    assert cointegration(other, walk).p_value > 0.1


def test_absent_prices_are_left_out() -> None:
    rng = np.random.default_rng(2)
    x = 50 + rng.normal(size=300).cumsum()
    y = x + rng.normal(size=300)
    holed = y.copy()
    holed[[10, 200]] = np.nan
    kept = np.isfinite(holed)
    ours, theirs = cointegration(holed, x), cointegration(y[kept], x[kept])
    assert (ours.statistic, ours.rows) == (theirs.statistic, 298)
    assert np.isnan(ours.spread[[10, 200]]).all()


def test_what_cannot_be_told_is_nan() -> None:
    rows = np.arange(50.0)
    for short in ([], [1.0], [1.0, 2.0], [3.0] * 60):
        assert math.isnan(unit_root(short).statistic)
        assert math.isnan(unit_root(short).p_value)
        assert math.isnan(half_life(short))
    same = cointegration(2 * rows + 1, rows)
    assert math.isnan(same.statistic)
    assert math.isnan(same.half_life)
    assert math.isnan(cointegration([], np.empty((0, 1))).p_value)


def test_too_many_series_are_refused() -> None:
    with pytest.raises(ValueError, match="at most"):
        cointegration(np.ones(20), np.ones((20, 6)))


@pytest.mark.data
def test_real_pairs_agree_with_statsmodels(test_data: Path) -> None:
    table = pl.read_parquet(test_data / "data/equity_close/sp500_dataset.parquet")
    for one, other in PAIRS:
        y, x = (table[name].to_numpy().astype(float) for name in (one, other))
        for part in (slice(-1000, None), slice(2000, 2500)):
            agree(y[part], x[part])
            agree(np.log(y[part]), np.log(x[part]))
    agree(*(table[name].to_numpy().astype(float) for name in PAIRS[0]))
    etfs = pl.read_parquet(test_data / "data/equity_close/etf_23_daily.parquet")
    agree(etfs["EWU"].to_numpy().astype(float), etfs.select("EFA", "VGK").to_numpy().astype(float))
