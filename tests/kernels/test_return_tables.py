import math
from pathlib import Path

import empyrical
import numpy as np
import pandas as pd
import polars as pl
import pytest

from alphaloop.kernels.metrics import sharpe
from alphaloop.kernels.return_tables import day_closes, monthly_returns, rolling_sharpe

DAY_MS = 86_400_000


def test_a_month_runs_from_the_last_close_before_it_to_its_own_last_close() -> None:
    days = np.array(["2020-01-30", "2020-01-31", "2020-02-03", "2020-02-28", "2020-04-01"], dtype="datetime64[ms]")
    made = monthly_returns(days.astype(np.int64), [100.0, 110.0, 90.0, 121.0, 60.5])
    assert made.years.tolist() == [2020]
    np.testing.assert_allclose(made.months[0, [0, 1, 3]], [0.1, 0.1, -0.5])
    assert np.isnan(made.months[0, [2, *range(4, 12)]]).all()
    assert made.whole == pytest.approx([60.5 / 100 - 1])


def test_months_of_several_years_agree_with_empyrical() -> None:
    rng = np.random.default_rng(4)
    days = pd.date_range("2017-03-09", periods=900, freq="B")
    curve = 100 * np.cumprod(1 + rng.normal(0, 0.01, 900))
    made = monthly_returns(days.values.astype("datetime64[ms]").astype(np.int64), curve)
    theirs = empyrical.aggregate_returns(pd.Series(curve, index=days).pct_change().dropna(), "monthly")
    for (year, month), value in theirs.items():
        assert made.months[year - made.years[0], month - 1] == pytest.approx(value, rel=1e-12)
    assert np.isfinite(made.months).sum() == len(theirs)


def test_a_rolling_sharpe_is_the_sharpe_of_its_window() -> None:
    curve = 100 * np.cumprod(1 + np.random.default_rng(8).normal(0, 0.01, 200))
    made = rolling_sharpe(curve, 30, 252)
    assert np.isnan(made[:30]).all()
    for row in (30, 77, 199):
        assert made[row] == pytest.approx(sharpe(curve[row - 30 : row + 1], 252), rel=1e-12)


def test_a_stretch_without_change_or_without_money_tells_nothing() -> None:
    moving = 100 * np.cumprod(1 + np.random.default_rng(8).normal(0, 0.01, 50))
    flat = np.r_[moving, np.full(50, moving[-1])]
    assert np.isnan(rolling_sharpe(flat, 10, 252)[60:]).all()
    assert np.isnan(rolling_sharpe(np.r_[moving, 0.0, 0.0], 10, 252)[-1])
    made = monthly_returns(np.arange(4) * 31 * DAY_MS, [1.0, 0.0, 0.0, 0.0])
    assert made.months[0, 1] == -1.0
    assert np.isnan(made.months[0, 2])


def test_a_day_is_told_by_its_last_row() -> None:
    days, curve = day_closes([5, 10, DAY_MS, 3 * DAY_MS + 7, 3 * DAY_MS + 9], [1.0, 2.0, 3.0, 4.0, 5.0])
    assert days.tolist() == [0, DAY_MS, 3 * DAY_MS]
    assert curve.tolist() == [2.0, 3.0, 5.0]
    assert day_closes([], [])[1].tolist() == []
    with pytest.raises(ValueError, match="its time"):
        day_closes([1, 2], [1.0])


def test_too_little_to_tell_gives_nothing() -> None:
    assert rolling_sharpe([], 5, 252).tolist() == []
    assert np.isnan(rolling_sharpe([1.0, 2.0], 5, 252)).all()
    assert math.isnan(rolling_sharpe([1.0, 2.0, 3.0], 2, math.nan)[-1])
    assert monthly_returns([], []).years.tolist() == []
    with pytest.raises(ValueError, match="two returns"):
        rolling_sharpe([1.0], 1, 252)
    with pytest.raises(ValueError, match="its time"):
        monthly_returns([1, 2], [1.0])


@pytest.mark.data
def test_the_index_of_thirty_years_agrees_with_empyrical(test_data: Path) -> None:
    table = pl.read_parquet(test_data / "data/equity_close/sp500_index.parquet")
    days = pd.DatetimeIndex(table["ts"].to_numpy())
    curve = table["SP500"].to_numpy().astype(float)
    made = monthly_returns(table["ts"].to_numpy().astype("datetime64[ms]").astype(np.int64), curve)
    theirs = empyrical.aggregate_returns(pd.Series(curve, index=days).pct_change().dropna(), "monthly")
    np.testing.assert_allclose(made.months[np.isfinite(made.months)], theirs.to_numpy(), rtol=1e-10, atol=1e-14)
    yearly = empyrical.aggregate_returns(pd.Series(curve, index=days).pct_change().dropna(), "yearly")
    np.testing.assert_allclose(made.whole, yearly.to_numpy(), rtol=1e-10)
    rolled = empyrical.roll_sharpe_ratio(pd.Series(curve, index=days).pct_change().dropna(), 252)
    np.testing.assert_allclose(rolling_sharpe(curve, 252, 252)[252:], rolled.to_numpy(), rtol=1e-8)
