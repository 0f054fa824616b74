import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphaloop.kernels.indicators.momentum import RsiStep, rsi, stochastic
from tests.kernels.indicators.columns import Floats, walk, walks

NAN = float("nan")


def test_strength_follows_wilders_smoothing() -> None:
    # Changes +2 -1 | +1: averages gain 1, loss 0.5 -> 66.7; then gain 1, loss 0.25 -> 80.
    values = rsi([10, 12, 11, 12], 2)
    assert np.isnan(values[:2]).all()
    assert values[2:] == pytest.approx([200 / 3, 80.0])


def test_only_rises_are_100_only_falls_0_and_no_movement_50() -> None:
    assert rsi(np.arange(1.0, 20.0), 5)[-1] == 100.0
    assert rsi(np.arange(20.0, 1.0, -1.0), 5)[-1] == 0.0
    assert rsi(np.full(20, 7.0), 5)[-1] == 50.0


@given(values=walks(), period=st.integers(1, 30))
def test_strength_bar_by_bar_equals_the_batch(values: Floats, period: int) -> None:
    step = RsiStep(period)
    assert np.array_equal([step.step(value) for value in values.tolist()], rsi(values, period), equal_nan=True)


@given(values=walks(), period=st.integers(1, 30))
def test_strength_stays_between_0_and_100(values: Floats, period: int) -> None:
    told = rsi(values, period)
    told = told[np.isfinite(told)]
    assert ((told >= 0.0) & (told <= 100.0)).all()


def test_the_stochastic_is_the_place_of_the_close_in_its_range() -> None:
    high, low, close = [10, 12, 11], [8, 9, 9], [9, 11, 9]
    lines = stochastic(high, low, close, period=2, smooth=1, signal=2)
    assert np.array_equal(lines.k, [NAN, 75.0, 0.0], equal_nan=True)
    assert np.array_equal(lines.d, [NAN, NAN, 37.5], equal_nan=True)


def test_a_range_without_width_is_the_middle() -> None:
    flat = np.full(10, 3.0)
    assert stochastic(flat, flat, flat, period=3, smooth=1, signal=1).k[-1] == 50.0


def test_an_absent_bar_blanks_its_windows_only() -> None:
    close = walk(60, 2)
    high = close + 1.0
    high[20] = NAN
    k = stochastic(high, close - 1.0, close, period=5, smooth=1, signal=1).k
    assert np.isnan(k[20:25]).all()
    assert np.isfinite(k[25:]).all()


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="different lengths"):
        stochastic([1.0, 2.0], [1.0], [1.0])
