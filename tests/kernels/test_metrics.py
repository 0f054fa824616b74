import math
from pathlib import Path

import empyrical
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphaloop.kernels import metrics

CURVE = [100.0, 110.0, 99.0, 108.9]
DEGENERATE: list[list[float]] = [
    [],
    [100.0],
    [100.0, float("nan"), 110.0],
    [100.0, 0.0, 50.0],
    [0.0, 0.0],
    [100.0, -5.0, 20.0],
    [100.0, float("inf")],
]


def test_total_return_is_last_over_first() -> None:
    assert metrics.total_return(CURVE) == pytest.approx(0.089)


def test_growth_is_compounded_to_a_year() -> None:
    assert metrics.cagr([100.0, 110.0, 121.0], 1) == pytest.approx(0.1)
    assert metrics.cagr([100.0, 110.0, 121.0], 2) == pytest.approx(0.21)


def test_sharpe_is_mean_over_deviation_of_the_year() -> None:
    returns = np.array([0.1, -0.1, 0.1])
    expected = (returns.mean() - 0.01) / returns.std(ddof=1) * math.sqrt(4)
    assert metrics.sharpe(CURVE, 4, risk_free=0.04) == pytest.approx(expected)


def test_sortino_divides_by_the_shortfall_alone() -> None:
    expected = (0.1 / 3) / math.sqrt(0.01 / 3) * math.sqrt(4)
    assert metrics.sortino(CURVE, 4) == pytest.approx(expected)


def test_drawdown_is_the_deepest_fall_from_a_high() -> None:
    assert metrics.max_drawdown([100, 120, 90, 130, 117]) == pytest.approx(0.25)
    assert metrics.max_drawdown([1, 2, 3]) == 0.0


def test_calmar_sets_growth_against_the_drawdown() -> None:
    assert metrics.calmar(CURVE, 3) == pytest.approx(0.089 / 0.1)


def test_trades_are_summed_up() -> None:
    pnl = [30.0, -10.0, 0.0, -5.0]
    assert metrics.win_rate(pnl) == 0.25
    assert metrics.profit_factor(pnl) == 2.0
    assert metrics.expectancy(pnl) == 3.75


@pytest.mark.parametrize("equity", DEGENERATE)
def test_a_curve_that_tells_nothing_gives_nan(equity: list[float]) -> None:
    for value in (
        metrics.total_return(equity),
        metrics.cagr(equity, 252),
        metrics.sharpe(equity, 252),
        metrics.sortino(equity, 252),
        metrics.max_drawdown(equity),
        metrics.calmar(equity, 252),
        metrics.ulcer_index(equity),
        metrics.omega(equity, 252),
        metrics.tail_ratio(equity),
        metrics.turnover([5.0], equity, 252),
        metrics.gross_exposure(equity, equity),
        *metrics.alpha_beta(equity, equity, 252),
    ):
        assert math.isnan(value)


def test_the_quality_number_weighs_the_mean_by_the_count_of_trades() -> None:
    pnl = [30.0, -10.0, 0.0, -5.0, 12.0]
    assert metrics.sqn(pnl) == pytest.approx(math.sqrt(5) * np.mean(pnl) / np.std(pnl, ddof=1))
    assert math.isnan(metrics.sqn([3.0]))
    assert math.isnan(metrics.sqn([3.0, 3.0, 3.0]))


def test_the_ulcer_index_weighs_how_deep_and_how_long() -> None:
    assert metrics.ulcer_index([100, 90, 95, 100]) == pytest.approx(math.sqrt((0.01 + 0.0025) / 4))


def test_what_was_held_and_turned_over_is_summed_up() -> None:
    held = metrics.held_units([1, 3, 3], [0, 0, 1], [2.0, -2.0, 5.0], (5, 2))
    np.testing.assert_array_equal(held, [[0, 0], [2, 0], [2, 0], [0, 5], [0, 5]])
    assert metrics.time_in_market(held) == 0.8
    equity = np.full(5, 100.0)
    assert metrics.gross_exposure(held * [10.0, -4.0], equity) == pytest.approx((0.2 + 0.2 + 0.2 + 0.2) / 5)
    assert metrics.turnover([20.0, -20.0, 20.0], equity, 4) == pytest.approx(0.3)


def test_rounding_left_over_by_partial_fills_is_not_a_position() -> None:
    parts = [0.1] * 3
    held = metrics.held_units([0, 1, 2, 3], [0] * 4, [*parts, -sum(reversed(parts)) - 1e-17], (4, 1))
    assert metrics.time_in_market(held) == 0.75


def test_alpha_and_beta_of_a_known_line_are_found() -> None:
    rng = np.random.default_rng(1)
    market = rng.normal(0.0003, 0.01, 4000)
    ours = 0.0002 + 1.4 * market + rng.normal(0, 0.002, 4000)
    line = metrics.alpha_beta(np.cumprod(np.r_[1, 1 + ours]), np.cumprod(np.r_[1, 1 + market]), 252)
    assert line.beta == pytest.approx(1.4, abs=0.02)
    assert line.alpha == pytest.approx(0.0002 * 252, abs=0.02)
    assert line.alpha_t > 4
    assert math.isnan(metrics.alpha_beta(CURVE, [5.0] * 4, 252).beta)
    with pytest.raises(ValueError, match="lengths"):
        metrics.alpha_beta(CURVE, [1.0, 2.0], 252)


@pytest.mark.data
@pytest.mark.parametrize("name", ["AAPL", "AMD", "KO", "XOM", "BAC"])
def test_real_curves_agree_with_empyrical(name: str, test_data: Path) -> None:
    table = pl.read_parquet(test_data / "data/equity_close/sp500_dataset.parquet")
    index = pl.read_parquet(test_data / "data/equity_close/sp500_index.parquet")["SP500"].to_numpy().astype(float)
    curve = table[name].to_numpy().astype(float)
    returns, market = curve[1:] / curve[:-1] - 1, index[1:] / index[:-1] - 1
    same = {"rel": 1e-9}
    assert metrics.total_return(curve) == pytest.approx(empyrical.cum_returns_final(returns), **same)
    assert metrics.cagr(curve, 252) == pytest.approx(empyrical.annual_return(returns), **same)
    assert metrics.sharpe(curve, 252) == pytest.approx(empyrical.sharpe_ratio(returns), **same)
    assert metrics.sortino(curve, 252) == pytest.approx(empyrical.sortino_ratio(returns), **same)
    assert metrics.max_drawdown(curve) == pytest.approx(-empyrical.max_drawdown(returns), **same)
    assert metrics.calmar(curve, 252) == pytest.approx(empyrical.calmar_ratio(returns), **same)
    assert metrics.omega(curve, 252) == pytest.approx(empyrical.omega_ratio(returns), **same)
    assert metrics.tail_ratio(curve) == pytest.approx(empyrical.tail_ratio(returns), **same)
    line = metrics.alpha_beta(curve, index, 252)
    assert line.beta == pytest.approx(empyrical.beta(returns, market), **same)
    # empyrical compounds the daily alpha over the year, ours is its 252-fold.
    assert (1 + line.alpha / 252) ** 252 - 1 == pytest.approx(empyrical.alpha(returns, market), rel=1e-7)


def test_no_risk_no_loss_and_no_trades_give_nan() -> None:
    steady = [100.0 * 1.5**i for i in range(8)]
    assert math.isnan(metrics.sharpe(steady, 252))
    assert math.isnan(metrics.sortino(steady, 252))
    assert math.isnan(metrics.calmar(steady, 252))
    assert math.isnan(metrics.profit_factor([5.0]))
    assert math.isnan(metrics.win_rate([]))
    assert math.isnan(metrics.expectancy([]))
    assert math.isnan(metrics.expectancy([1.0, float("nan")]))
    assert math.isnan(metrics.cagr([1.0, 1e6], 1e6))


@given(
    equity=st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=30),
    year=st.floats(),
)
def test_no_curve_raises_or_gives_infinity(equity: list[float], year: float) -> None:
    values = [
        metrics.total_return(equity),
        metrics.cagr(equity, year),
        metrics.sharpe(equity, year),
        metrics.sortino(equity, year),
        metrics.max_drawdown(equity),
        metrics.calmar(equity, year),
        metrics.win_rate(equity),
        metrics.profit_factor(equity),
        metrics.expectancy(equity),
        metrics.sqn(equity),
        metrics.ulcer_index(equity),
        metrics.omega(equity, year),
        metrics.tail_ratio(equity),
        metrics.turnover(equity, equity, year),
        *metrics.alpha_beta(equity, equity[::-1], year),
    ]
    assert not any(math.isinf(value) for value in values)
