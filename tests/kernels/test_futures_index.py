"""The index of a rolled position, by hand and on real contracts whose adjusted price falls below zero."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from alphaloop.kernels.futures_index import return_index

NAN = float("nan")


def test_differences_are_measured_against_the_contract_that_was_held() -> None:
    # Minus ten to minus nine is one of fifty: two in the hundred. Then a fall of 5.1 from 51.
    np.testing.assert_allclose(return_index([-10, -9, -14.1], [50, 51, 46]), [100, 102, 91.8])


def test_a_roll_earns_nothing() -> None:
    # The new contract costs 60 instead of 51: the adjusted price does not see that.
    np.testing.assert_allclose(return_index([-9, -9, -6], [51, 60, 63], 1.0), [1, 1, 1.05])


def test_absent_rows_are_passed_over() -> None:
    np.testing.assert_allclose(return_index([1, NAN, 2, 4], [10, 10, NAN, 13]), [100, NAN, NAN, 130])


def test_prices_that_cannot_be_are_refused() -> None:
    for adjusted, front in (([1, 2], [0, 1]), ([1, -9], [5, 5]), ([1, 2], [1, 2, 3])):
        with pytest.raises(ValueError, match="price"):
            return_index(adjusted, front)


@pytest.mark.data
def test_the_index_of_soybeans_is_positive_and_follows_the_contract_between_rolls(test_data: Path) -> None:
    frame = pl.read_parquet(test_data / "data/futures_adjusted/SOYBEAN.parquet")
    adjusted, front = frame["price"].to_numpy(), frame["front_price"].to_numpy()
    index = return_index(adjusted, front)
    assert adjusted.min() < 0 < index.min()
    same = np.diff(frame["price_contract"].to_numpy()) == 0
    # Between rolls the position grows like the contract itself, as far as both columns are quoted alike.
    grown, contract = index[1:] / index[:-1], front[1:] / front[:-1]
    assert np.quantile(np.abs(grown - contract)[same], 0.99) < 1e-9
