import math

import numpy as np
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
    ):
        assert math.isnan(value)


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
    ]
    assert not any(math.isinf(value) for value in values)
