import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphaloop.kernels.indicators.trend import sma
from alphaloop.kernels.indicators.volatility import AtrStep, atr, bollinger, stdev, true_range
from tests.kernels.indicators.columns import Floats, walk, walks

NAN = float("nan")


def test_deviation_is_that_of_the_whole_window() -> None:
    assert stdev([2, 4, 4, 4, 5, 5, 7, 9], 8)[-1] == 2.0
    values = walk(80, 3)
    expected = [values[i - 9 : i + 1].std() for i in range(9, 80)]
    assert stdev(values, 10)[9:] == pytest.approx(expected)


def test_the_bands_lie_the_same_way_off_the_average() -> None:
    values = walk(60, 4)
    bands = bollinger(values, 20, 2.5)
    assert np.array_equal(bands.middle, sma(values, 20), equal_nan=True)
    assert bands.upper[30] - bands.middle[30] == pytest.approx(2.5 * stdev(values, 20)[30])
    assert bands.middle[30] - bands.lower[30] == pytest.approx(2.5 * stdev(values, 20)[30])


def test_a_negative_width_is_refused() -> None:
    with pytest.raises(ValueError, match="width"):
        bollinger([1.0], 1, -1.0)


def test_the_true_range_counts_the_gap_from_the_close_before() -> None:
    assert true_range([10, 15, 9], [8, 13, 7], [9, 14, 8]).tolist() == [2.0, 6.0, 7.0]


def test_the_average_range_follows_wilders_smoothing() -> None:
    # Ranges 2, 6, 7: mean of the first two 4, then 4 + (7 - 4) / 2.
    assert np.array_equal(atr([10, 15, 9], [8, 13, 7], [9, 14, 8], 2), [NAN, 4.0, 5.5], equal_nan=True)


@given(close=walks(), period=st.integers(1, 30))
def test_the_average_range_bar_by_bar_equals_the_batch(close: Floats, period: int) -> None:
    high, low = close * 1.01, close * 0.98
    step = AtrStep(period)
    rows = [step.step(*bar) for bar in zip(high.tolist(), low.tolist(), close.tolist(), strict=True)]
    assert np.array_equal(rows, atr(high, low, close, period), equal_nan=True)
