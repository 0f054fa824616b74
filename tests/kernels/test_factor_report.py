"""The factor report against scipy and pandas, on planted factors and on real shares."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
import statsmodels.api as sm
from numpy.typing import NDArray
from scipy import stats

from alphaloop.kernels.factor_report import (
    correlate_rows,
    factor_report,
    forward_returns,
    quantile_of,
    quantile_turnover,
)


def market(seed: int, rows: int = 300, columns: int = 40) -> NDArray[np.float64]:
    steps = np.random.default_rng(seed).normal(0, 0.02, (rows, columns))
    closes: NDArray[np.float64] = 100 * np.exp(np.cumsum(steps, axis=0))
    return closes


def seeing(close: NDArray[np.float64], noise: float, delay: int = 1) -> NDArray[np.float64]:
    """A factor that knows the next return, blurred: what a factor with a true edge would look like."""
    known = forward_returns(close, 1, delay)
    return known + noise * np.random.default_rng(5).normal(0, 0.02, close.shape)


def test_correlations_agree_with_scipy_row_by_row() -> None:
    rng = np.random.default_rng(1)
    close, factor = market(2), rng.normal(size=(300, 40)).round(1)
    factor[rng.random(factor.shape) < 0.2] = np.nan
    close[rng.random(close.shape) < 0.05] = np.nan
    found = factor_report(factor, close, horizons=(1, 5), delay=1)
    for h, horizon in enumerate((1, 5)):
        for t in range(0, 300 - horizon - 1, 13):
            later = close[t + 1 + horizon] / close[t + 1] - 1
            both = np.isfinite(factor[t]) & np.isfinite(later)
            assert found.ic[h, t] == pytest.approx(stats.pearsonr(factor[t, both], later[both])[0], abs=1e-10)
            assert found.rank_ic[h, t] == pytest.approx(stats.spearmanr(factor[t, both], later[both])[0], abs=1e-10)
        assert np.isnan(found.ic[h, 300 - horizon - 1 :]).all()
        told = found.rank_ic[h][np.isfinite(found.rank_ic[h])]
        theirs = sm.OLS(told, np.ones(len(told))).fit(cov_type="HAC", cov_kwds={"maxlags": horizon - 1})
        assert found.ranked[h].t == pytest.approx(theirs.tvalues[0], rel=1e-8)
        assert found.ranked[h].mean == pytest.approx(told.mean())
        assert (found.ranked[h].low, found.ranked[h].high) == pytest.approx(theirs.conf_int()[0], rel=1e-4, abs=1e-5)


def test_quantiles_agree_with_pandas() -> None:
    rng = np.random.default_rng(3)
    close, factor = market(4), rng.normal(size=(300, 40))
    factor[rng.random(factor.shape) < 0.1] = np.nan
    bins = quantile_of(factor, 5)
    theirs = np.ceil(pd.DataFrame(factor).rank(axis=1, pct=True) * 5 - 1e-9) - 1
    np.testing.assert_array_equal(np.where(bins < 0, np.nan, bins), theirs)
    found = factor_report(factor, close, horizons=(5,), quantiles=5)
    later = pd.DataFrame(close).shift(-6) / pd.DataFrame(close).shift(-1) - 1
    for q in range(5):
        mean = later.where(theirs == q).mean(axis=1).mean()
        assert found.quantile_returns[0, q] == pytest.approx(mean, rel=1e-9)
    assert found.coverage == pytest.approx(np.isfinite(factor).mean())


def test_the_cost_that_eats_the_spread_counts_both_sides_of_the_book() -> None:
    close = np.cumprod(np.tile([1.0, 1.01, 1.02, 1.04], (40, 1)), axis=0)
    # Lowest and highest change places on every row: all of both ends is sold and bought again.
    factor = np.where((np.arange(40) % 2 == 0)[:, None], [1.0, 2.0, 3.0, 4.0], [4.0, 3.0, 2.0, 1.0])
    found = factor_report(factor, close, horizons=(1, 2), quantiles=4, delay=0)
    np.testing.assert_allclose(found.renewed[:, [0, -1]], [[1.0, 1.0], [0.0, 0.0]])
    assert found.break_even[0] == pytest.approx(found.spread[0] / 4)
    assert np.isnan(found.break_even[1])


def test_a_factor_with_an_edge_is_told_from_noise() -> None:
    close = market(7)
    edge = factor_report(seeing(close, 3.0), close, horizons=(1, 2, 10))
    noise = factor_report(np.random.default_rng(9).normal(size=close.shape), close, horizons=(1, 2, 10))
    assert edge.ranked[0].mean > 0.25
    assert edge.ranked[0].t > 20
    assert edge.ranked[0].hit > 0.9
    assert edge.ranked[0].mean > edge.ranked[1].mean > edge.ranked[2].mean > 0
    assert np.all(np.diff(edge.quantile_returns[0]) > 0)
    assert edge.spread[0] > 0.01
    assert abs(noise.ranked[0].t) < 3
    assert abs(noise.spread[0]) < 0.002


def test_a_factor_that_knows_only_the_bar_it_was_made_on_earns_nothing_later() -> None:
    """A look into the close that is already over: it shines without a delay and must not with one."""
    close = market(7)
    blind = seeing(close, 0.0, delay=0)
    assert factor_report(blind, close, delay=0, horizons=(1,)).ranked[0].mean == pytest.approx(1.0)
    assert abs(factor_report(blind, close, horizons=(1,)).ranked[0].mean) < 0.05


def test_turnover_counts_who_is_new() -> None:
    bins = np.array([[-1, -1, -1, -1], [0, 0, 1, 1], [0, 1, 0, 1], [0, 1, 0, 1]])
    assert quantile_turnover(bins, 2).tolist() == [0.25, 0.25]
    close = market(1)
    still = np.tile(np.arange(40.0), (300, 1))
    found = factor_report(still, close)
    assert found.turnover.tolist() == [0.0] * 5
    assert found.persistence == pytest.approx(1.0)
    restless = factor_report(np.random.default_rng(2).normal(size=close.shape), close)
    assert restless.turnover == pytest.approx([0.8] * 5, abs=0.03)
    assert abs(restless.persistence) < 0.05


def test_what_cannot_be_told_is_nan() -> None:
    empty = factor_report(np.full((30, 4), np.nan), market(1, 30, 4))
    assert np.isnan(empty.ic).all()
    assert math.isnan(empty.ranked[0].t)
    assert np.isnan(empty.quantile_returns).all()
    assert empty.coverage == 0.0
    assert np.isnan(correlate_rows([[1.0, 1.0, 1.0]], [[1.0, 2.0, 3.0]])).all()
    assert np.isnan(correlate_rows([[0.3, 0.1 * 3, 0.3]], [[1.0, 2.0, 3.0]])).all()
    assert np.isnan(factor_report(np.ones((3, 5)), market(1, 3, 5)).spread).all()
    assert (quantile_of([[1.0, 2.0]], 5) == -1).all()


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="one shape"):
        factor_report(np.ones((3, 2)), np.ones((3, 3)))
    for wrong in ({"horizons": ()}, {"horizons": (0,)}, {"quantiles": 1}, {"delay": -1}):
        with pytest.raises(ValueError, match="or more"):
            factor_report(np.ones((3, 2)), np.ones((3, 2)), **wrong)


@pytest.mark.data
def test_reversal_and_momentum_of_real_shares_are_reported(test_data: Path) -> None:
    closes = pl.read_parquet(test_data / "data/equity_close/sp100_daily.parquet")
    close = closes.select(closes.columns[1:]).to_numpy().astype(float)
    momentum = np.full(close.shape, np.nan)
    momentum[120:] = close[100:-20] / close[:-120] - 1
    found = factor_report(momentum, close, horizons=(1, 5, 20, 60))
    assert found.ic.shape == (4, 626)
    assert [one.rows for one in found.ranked] == [626 - 120 - 1 - horizon for horizon in (1, 5, 20, 60)]
    assert all(abs(one.mean) < 0.2 for one in found.ranked)
    assert found.persistence > 0.95
    assert (found.turnover < 0.25).all()
    assert found.turnover[[0, 4]].max() < found.turnover[1:4].min()
    assert np.isfinite(found.quantile_returns).all()
    for t in (150, 400):
        later = close[t + 21] / close[t + 1] - 1
        assert found.rank_ic[2, t] == pytest.approx(stats.spearmanr(momentum[t], later)[0], abs=1e-12)


@pytest.mark.data
def test_a_published_fundamental_counts_from_the_day_it_was_seen(test_data: Path) -> None:
    """Earnings yield of large shares as of each day, reported beside the same figures known half a year too early."""
    closes = pl.read_parquet(test_data / "data/equity_close/sp500_dataset.parquet")
    names = closes.columns[1:]
    days = closes["ts"].to_numpy().astype("datetime64[ms]")
    since = int(np.searchsorted(days, np.datetime64("2004-06-01")))
    until = int(np.searchsorted(days, np.datetime64("2013-09-01")))
    seen = pl.read_parquet(test_data / "data/fundamentals/key_statistics.parquet")
    seen = seen.filter(pl.col("trailing_p_e").is_not_null() & (pl.col("trailing_p_e") > 0)).sort("ts")
    factor = np.full((len(days), len(names)), np.nan)
    for n, name in enumerate(names):
        own = seen.filter(pl.col("symbol") == name)
        known = np.searchsorted(own["ts"].to_numpy().astype("datetime64[ms]"), days, side="left") - 1
        factor[known >= 0, n] = 1.0 / own["trailing_p_e"].to_numpy()[known[known >= 0]]
    close = closes.select(names).to_numpy().astype(float)
    found = factor_report(factor[since:until], close[since:until], horizons=(20, 60), quantiles=3)
    assert found.coverage > 0.5
    assert found.persistence > 0.95
    assert all(abs(one.mean) < 0.2 for one in found.ranked)
    early = np.full(factor.shape, np.nan)
    early[:-126] = factor[126:]
    prophet = factor_report(early[since:until], close[since:until], horizons=(20, 60), quantiles=3)
    # A price earnings ratio that is not known yet already holds the price it will have: cheap then means fallen.
    assert prophet.ranked[1].mean < found.ranked[1].mean - 0.05
