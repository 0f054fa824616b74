"""Least squares against statsmodels, on made-up numbers and on the French factors."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.regression.rolling import RollingOLS

from alphaloop.kernels.regression import Fit, ols, rolling_ols


def agree(fit: Fit, theirs: object) -> None:
    for ours, name in ((fit.coefficients, "params"), (fit.errors, "bse"), (fit.t, "tvalues"), (fit.r2, "rsquared")):
        np.testing.assert_allclose(ours, getattr(theirs, name), rtol=1e-8, atol=1e-12, err_msg=name)


@given(st.integers(0, 10**6), st.integers(1, 5), st.booleans())
@settings(max_examples=40, deadline=None)
def test_it_agrees_with_statsmodels(seed: int, width: int, intercept: bool) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(60, width)) * 10.0 ** rng.integers(-3, 4, width)
    y = x @ rng.normal(size=width) + rng.normal(size=60) + 3.0
    theirs = sm.OLS(y, sm.add_constant(x) if intercept else x).fit()
    fit = ols(y, x, intercept=intercept)
    agree(fit, theirs)
    assert fit.adjusted_r2 == pytest.approx(theirs.rsquared_adj, rel=1e-8)
    np.testing.assert_allclose(fit.residuals, theirs.resid, atol=1e-9)
    assert (fit.rows, fit.degrees) == (60, theirs.df_resid)


def test_errors_that_allow_for_correlation_agree_too() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=200).cumsum()
    y = 2 * x + rng.normal(size=200).cumsum()
    theirs = sm.OLS(y, sm.add_constant(x)).fit(cov_type="HAC", cov_kwds={"maxlags": 6})
    np.testing.assert_allclose(ols(y, x, lags=6).errors, theirs.bse, rtol=1e-8)


def test_a_rolling_fit_agrees_at_every_row() -> None:
    rng = np.random.default_rng(5)
    x = 100 + rng.normal(size=(300, 2)).cumsum(axis=0)
    y = 5 + x @ [0.7, -0.2] + rng.normal(size=300)
    theirs = RollingOLS(y, sm.add_constant(x), 40).fit().params
    np.testing.assert_allclose(rolling_ols(y, x, 40)[39:], theirs[39:], rtol=1e-7, atol=1e-9)


def test_a_rolling_fit_says_nothing_while_a_gap_is_in_its_window() -> None:
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(200, 2)), rng.normal(size=200)
    y[100] = np.nan
    made = rolling_ols(y, x, 40)
    assert np.isnan(made[:39]).all()
    assert np.isnan(made[100:140]).all()
    for row in (39, 99, 140, 199):
        window = slice(row - 39, row + 1)
        np.testing.assert_allclose(made[row], sm.OLS(y[window], sm.add_constant(x[window])).fit().params, rtol=1e-8)


def test_rows_with_a_gap_are_left_out() -> None:
    x, y = np.array([1.0, 2, np.nan, 4, 5, 6]), np.array([2.0, 4.1, 6, np.nan, 9.9, 12])
    kept = [0, 1, 4, 5]
    fit = ols(y, x)
    agree(fit, sm.OLS(y[kept], sm.add_constant(x[kept])).fit())
    assert np.isnan(fit.residuals[[2, 3]]).all()


@pytest.mark.parametrize(
    ("y", "x"),
    [([], []), ([1.0], [1.0]), ([1.0, 2, 3], [5.0, 5, 5]), ([1.0, 2, 3], [[1.0, 2], [2, 4], [3, 6]])],
)
def test_a_line_that_cannot_be_told_is_nan(y: list[float], x: list[float]) -> None:
    fit = ols(y, np.asarray(x, dtype=float).reshape(len(y), -1) if len(y) else np.empty((0, 1)))
    assert np.isnan(fit.coefficients).all()
    assert np.isnan(fit.errors).all()
    assert np.isnan(fit.r2)


def test_a_target_that_does_not_move_has_nothing_to_explain() -> None:
    assert np.isnan(ols([3.0] * 5, [1.0, 2, 3, 5, 8]).r2)


def test_shapes_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match="one row of x"):
        ols([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="shorter"):
        rolling_ols([1.0, 2.0], [1.0, 2.0], 1)


@pytest.mark.data
def test_loadings_of_the_french_portfolios_agree(test_data: Path) -> None:
    table = pl.read_parquet(test_data / "data/factors/ff_monthly_portfolios.parquet")
    factors = table.select("MktRF", "SMB", "HML").to_numpy().astype(float)
    for name in ("NoDur", "Enrgy", "BusEq", "Utils", "S1V1", "S3V5"):
        excess = (table[name] - table["RF"]).to_numpy().astype(float)
        fit = ols(excess, factors)
        agree(fit, sm.OLS(excess, sm.add_constant(factors)).fit())
        assert 0.5 < fit.coefficients[1] < 1.6
        moving = rolling_ols(excess, factors, 60)
        theirs = RollingOLS(excess, sm.add_constant(factors), 60).fit().params
        np.testing.assert_allclose(moving[59:], theirs[59:], rtol=1e-8, atol=1e-10)
