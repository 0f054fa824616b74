import numpy as np
import pytest

from alphaloop.kernels.indicators.volume import volume_ratio

NAN = float("nan")


def test_the_row_is_measured_against_the_rows_before_it() -> None:
    assert np.array_equal(volume_ratio([2, 4, 6, 10], 2), [NAN, NAN, 2.0, 2.0], equal_nan=True)


def test_nothing_traded_before_tells_nothing() -> None:
    assert np.isnan(volume_ratio([0, 0, 5], 2)).all()


def test_fewer_rows_than_the_period_tell_nothing() -> None:
    assert np.isnan(volume_ratio([1, 2], 20)).all()
    assert len(volume_ratio([], 20)) == 0


def test_a_period_of_no_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="period"):
        volume_ratio([1.0], 0)
