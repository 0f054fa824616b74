"""Cross-sections against pandas and statsmodels, on made-up tables with holes and on real closes."""

from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from alphaloop.kernels.cross_section import neutralise, rank, winsorise, zscore


def holed(seed: int, rows: int = 12, columns: int = 25) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(rows, columns)).round(1) * 10.0 ** rng.integers(-3, 4)
    table[rng.random(table.shape) < 0.2] = np.nan
    table[3] = np.nan
    table[5, 1:] = np.nan
    return table


@given(st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_ranks_quantiles_and_scores_agree_with_pandas(seed: int) -> None:
    table = holed(seed)
    frame = pd.DataFrame(table)
    np.testing.assert_allclose(rank(table), frame.rank(axis=1, pct=True))
    low, high = frame.quantile(0.1, axis=1), frame.quantile(0.9, axis=1)
    np.testing.assert_allclose(winsorise(table, 0.1, 0.9), frame.clip(low, high, axis=0))
    scored = frame.sub(frame.mean(axis=1), axis=0).div(frame.std(axis=1), axis=0)
    np.testing.assert_allclose(zscore(table), scored, rtol=1e-9, atol=1e-12)


@given(st.integers(0, 10**6), st.integers(1, 3), st.booleans())
@settings(max_examples=30, deadline=None)
def test_neutral_values_are_the_residuals_of_statsmodels(seed: int, width: int, grouped: bool) -> None:
    table = holed(seed)
    rng = np.random.default_rng(seed + 1)
    loads = rng.normal(size=(*table.shape, width))
    loads[2, 4] = np.nan
    kinds = rng.integers(0, 4, table.shape[1])
    made = neutralise(table, exposures=loads, groups=kinds if grouped else None)
    for t in range(len(table)):
        kept = np.isfinite(table[t]) & np.isfinite(loads[t]).all(axis=1)
        if kept.sum() < 10:
            continue
        constants = pd.get_dummies(kinds[kept]).to_numpy(dtype=float) if grouped else np.ones((kept.sum(), 1))
        theirs = sm.OLS(table[t, kept], np.column_stack([constants, loads[t, kept]])).fit()
        np.testing.assert_allclose(made[t, kept], theirs.resid, atol=1e-9 * max(1.0, np.nanmax(np.abs(table))))
        assert np.isnan(made[t, ~kept]).all()


def test_groups_alone_take_out_their_means() -> None:
    made = neutralise([1.0, 3.0, 10.0, 20.0, np.nan, 7.0], groups=[0, 0, 1, 1, 1, -1])
    np.testing.assert_allclose(made, [-1, 1, -5, 5, np.nan, np.nan])
    moving = neutralise([[1.0, 3.0], [1.0, 3.0]], groups=[[0, 0], [0, 1]])
    np.testing.assert_allclose(moving, [[-1, 1], [0, 0]])


def test_a_row_that_says_nothing_stays_silent() -> None:
    for table in ([[np.nan, np.nan]], [[np.nan, np.inf]]):
        for made in (rank(table), winsorise(table), zscore(table), neutralise(table)):
            assert np.isnan(made).all()
    assert np.isnan(zscore([5.0, 5.0, 5.0])).all()
    assert np.isnan(zscore([0.1 * 3, 0.3, 0.3])).all()
    assert np.isnan(zscore([5.0])).all()
    assert rank([7.0]).tolist() == [1.0]
    assert np.isnan(neutralise([1.0, 2.0], exposures=[[[1.0, 2.0], [3.0, 5.0]]])).all()


def test_exposures_that_repeat_each_other_are_taken_out_once() -> None:
    rng = np.random.default_rng(1)
    values, load = rng.normal(size=(1, 20)), rng.normal(size=(1, 20))
    twice = neutralise(values, exposures=np.stack([load, 2 * load], axis=2))
    np.testing.assert_allclose(twice, neutralise(values, exposures=load), atol=1e-12)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="quantiles"):
        winsorise([1.0], 0.9, 0.1)
    with pytest.raises(ValueError, match="groups"):
        neutralise([1.0, 2.0], groups=[1])
    with pytest.raises(ValueError, match="one row"):
        rank(np.ones((2, 2, 2)))


@pytest.mark.data
def test_momentum_of_real_shares_is_made_neutral_of_sector_and_size(test_data: Path) -> None:
    closes = pl.read_parquet(test_data / "data/equity_close/sp100_daily.parquet")
    names = closes.columns[1:]
    sectors = dict(
        pl.read_parquet(test_data / "data/fundamentals/sp500_sectors.parquet").select("Symbol", "GICS Sector").rows()
    )
    known = sorted(set(sectors.values()))
    groups = np.array([known.index(sectors[name]) if name in sectors else -1 for name in names])
    close = closes.select(names).to_numpy().astype(float)
    momentum = np.full(close.shape, np.nan)
    momentum[120:] = close[120:] / close[:-120] - 1
    wild = np.full(close.shape, np.nan)
    wild[120:] = np.lib.stride_tricks.sliding_window_view(np.diff(np.log(close), axis=0), 120, axis=0).std(axis=2)
    made = neutralise(zscore(winsorise(momentum, 0.02, 0.98)), groups=groups, exposures=wild)
    assert np.isnan(made[:120]).all()
    assert np.isnan(made[:, groups < 0]).all()
    for t in (120, 400, 625):
        for kind in set(groups[groups >= 0].tolist()):
            assert abs(made[t, groups == kind].sum()) < 1e-9
        inside = groups >= 0
        assert abs(made[t, inside] @ wild[t, inside]) < 1e-9
