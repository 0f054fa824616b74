import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphaloop.kernels.indicators.trend import EmaStep, MacdStep, ema, macd, sma
from tests.kernels.indicators.columns import Floats, walk, walks

NAN = float("nan")


def test_a_simple_average_is_the_mean_of_its_window() -> None:
    assert np.array_equal(sma([1, 2, 3, 4, 8], 3), [NAN, NAN, 2.0, 3.0, 5.0], equal_nan=True)


def test_an_absent_row_blanks_the_windows_that_hold_it_and_no_others() -> None:
    assert np.array_equal(sma([1, NAN, 3, 5, 7], 2), [NAN, NAN, NAN, 4.0, 6.0], equal_nan=True)


def test_an_exponential_average_starts_at_the_first_value() -> None:
    # alpha = 2 / (3 + 1): 2, 2 + (4 - 2) / 2 = 3, 3 + (6 - 3) / 2 = 4.5, 4.5 + (1 - 4.5) / 2 = 2.75
    assert np.array_equal(ema([2, 4, 6, 1], 3), [NAN, NAN, 4.5, 2.75], equal_nan=True)


@given(values=walks(), period=st.integers(1, 30))
def test_an_exponential_average_bar_by_bar_equals_the_batch(values: Floats, period: int) -> None:
    step = EmaStep(period)
    assert np.array_equal([step.step(value) for value in values.tolist()], ema(values, period), equal_nan=True)


@given(values=walks(), fast=st.integers(1, 15), more=st.integers(1, 15), signal=st.integers(1, 12))
def test_macd_bar_by_bar_equals_the_batch(values: Floats, fast: int, more: int, signal: int) -> None:
    lines = macd(values, fast, fast + more, signal)
    step = MacdStep(fast, fast + more, signal)
    rows = [step.step(value) for value in values.tolist()]
    for name in ("dif", "dea", "hist"):
        assert np.array_equal([getattr(row, name) for row in rows], getattr(lines, name), equal_nan=True)


def test_macd_is_the_distance_of_its_averages() -> None:
    prices = walk(200, 1)
    lines = macd(prices)
    assert np.isnan(lines.dif[:25]).all()
    assert np.isfinite(lines.dif[25:]).all()
    assert np.isnan(lines.hist[:33]).all()
    assert np.isfinite(lines.hist[33:]).all()
    assert lines.dif[100] == ema(prices, 12)[100] - ema(prices, 26)[100]
    assert lines.hist[100] == lines.dif[100] - lines.dea[100]


@pytest.mark.parametrize("period", [0, -1, 2.5, True])
def test_a_period_that_is_no_count_of_rows_is_refused(period: int) -> None:
    for make in (sma, ema):
        with pytest.raises(ValueError, match="period"):
            make([1.0], period)


def test_macd_needs_a_shorter_and_a_longer_period() -> None:
    with pytest.raises(ValueError, match="shorter"):
        macd([1.0], 26, 12)


def test_no_rows_give_no_rows() -> None:
    assert len(sma([], 3)) == len(ema([], 3)) == len(macd([]).hist) == 0


def test_a_table_is_no_column() -> None:
    with pytest.raises(ValueError, match="one column"):
        sma([[1.0], [2.0]], 1)
