"""One walk over a curve gives what its figures give one at a time."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaloop.kernels import metrics
from alphaloop.kernels.curve import curve_figures, profit_figures


def one_at_a_time(first: float, rest: np.ndarray, rate: float) -> list[float]:
    curve = np.concatenate([[first], rest])
    return [
        metrics.total_return(curve),
        metrics.cagr(curve, rate),
        metrics.sharpe(curve, rate),
        metrics.sortino(curve, rate),
        metrics.max_drawdown(curve),
        metrics.calmar(curve, rate),
    ]


@given(st.integers(0, 10**6), st.sampled_from([1, 2, 3, 511, 512, 513, 1500]), st.sampled_from([0.0, 1e-6, 0.02]))
@settings(max_examples=60, deadline=None)
def test_a_walk_equals_the_figures_one_at_a_time(seed: int, rows: int, size: float) -> None:
    rest = 1e5 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0.0, size, rows)))
    assert curve_figures(1e5, rest, 252.0) == pytest.approx(one_at_a_time(1e5, rest, 252.0), rel=1e-8, nan_ok=True)


@pytest.mark.parametrize(
    "rest",
    [
        [],
        [101.0],
        [50.0, -10.0],
        [50.0, -10.0, 20.0],
        [0.0, 5.0],
        [50.0, 0.0],
        [math.inf, 5.0],
        [5.0, math.nan],
        [5.0, 6.0, math.inf],
        [1e-300, 1e10],
        [100.0] * 700,
        [100.0 * 1.01**k for k in range(1, 1000)],
        [-5.0],
    ],
)
def test_what_cannot_be_told_is_nan_in_both(rest: list[float]) -> None:
    curve = np.array(rest)
    for rate in (252.0, 0.0, math.nan, math.inf):
        wanted = one_at_a_time(100.0, curve, rate)
        assert curve_figures(100.0, curve, rate) == pytest.approx(wanted, rel=1e-9, nan_ok=True)


@given(st.lists(st.floats(-1e6, 1e6), max_size=40))
@settings(deadline=None)
def test_figures_of_profits_equal_those_one_at_a_time(profits: list[float]) -> None:
    pnl = np.array(profits)
    wanted = [metrics.win_rate(pnl), metrics.profit_factor(pnl), metrics.expectancy(pnl)]
    assert profit_figures(pnl) == pytest.approx(wanted, rel=1e-9, abs=1e-9, nan_ok=True)
