"""Each factor on a few rows that can be worked out by hand."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from alphaloop.kernels.factors import fundamental, momentum, reversion, volume

NAN = float("nan")


def column(*values: float) -> NDArray[np.float64]:
    return np.array(values, dtype=np.float64).reshape(-1, 1)


def told(made: NDArray[np.float64]) -> Any:
    return pytest.approx(made[:, 0].tolist(), rel=1e-9, nan_ok=True)


CLOSE = column(10, 11, NAN, 22, 11, 33)


def test_momentum_is_the_rise_without_its_end_over_own_rows() -> None:
    # Own rows: 10, 11, 22, 11, 33.
    assert told(momentum.momentum(CLOSE, 3, 1)) == [NAN, NAN, NAN, NAN, 22 / 10 - 1, 11 / 11 - 1]
    assert told(momentum.momentum(CLOSE, 2, 0)) == [NAN, NAN, NAN, 1.2, 0.0, 0.5]


def test_nearness_is_measured_at_the_highest_close() -> None:
    assert told(momentum.high_nearness(CLOSE, 3)) == [NAN, NAN, NAN, 1.0, 0.5, 1.0]


def test_a_steady_rise_is_worth_more_than_a_rough_one() -> None:
    steps = np.array([0.10, 1.00, -0.50, 2.00])  # 10 11 22 11 33
    want = [NAN, NAN, NAN, NAN, steps[:2].mean() / steps[:2].std(ddof=1), steps[1:3].mean() / steps[1:3].std(ddof=1)]
    assert told(momentum.steady_momentum(CLOSE, 3, 1)) == want
    assert np.isnan(momentum.steady_momentum(column(1, 2, 4, 8), 2, 0)).all()


def test_rising_days_are_counted_against_falling_ones() -> None:
    assert told(momentum.rising_days(CLOSE, 3, 0)) == [NAN, NAN, NAN, NAN, 1 / 3, 1 / 3]


def test_reversals_are_falls() -> None:
    assert told(reversion.short_reversal(CLOSE, 1)) == [NAN, -0.1, NAN, -1.0, 0.5, -2.0]
    assert told(reversion.long_reversal(CLOSE, 3, 1)) == [NAN, NAN, NAN, NAN, -1.2, 0.0]


def test_the_gap_to_the_mean_is_in_deviations() -> None:
    assert told(reversion.mean_gap(column(1, 2, 3), 3)) == [NAN, NAN, -1.0]
    assert np.isnan(reversion.mean_gap(column(5, 5, 5), 2)).all()


def test_rsi_is_turned_around_its_middle() -> None:
    assert told(reversion.rsi_gap(column(1, 2, 3), 2)) == [NAN, NAN, -50.0]
    assert told(reversion.rsi_gap(column(3, 2, 1), 2)) == [NAN, NAN, 50.0]


def test_a_jump_stands_low() -> None:
    assert told(reversion.max_return(CLOSE, 2)) == [NAN, NAN, NAN, -1.0, -1.0, -2.0]


def test_illiquidity_is_the_step_per_million() -> None:
    traded = column(1e6, 2e6, NAN, 4e6, 1e6, 0)
    made = volume.illiquidity(CLOSE, traded, 2)
    assert told(made) == [NAN, NAN, NAN, (0.1 / 2 + 1.0 / 4) / 2, (1.0 / 4 + 0.5) / 2, NAN]


def test_turnover_is_of_the_shares_that_there_are() -> None:
    assert told(volume.turnover(column(10, 30), column(100, 100), 2)) == [NAN, -0.2]
    assert np.isnan(volume.turnover(column(10, 30), column(100, 0), 2)).all()


def test_value_traded_and_its_shock() -> None:
    traded = column(1, 1, np.e**2, np.e**3)
    assert told(volume.traded_value(traded, 1)) == [0.0, 0.0, -2.0, -3.0]
    assert told(volume.volume_shock(traded, 1, 2)) == [NAN, NAN, 2.0, 3.0 - np.log((1 + np.e**2) / 2)]


def test_volume_on_rising_rows_lifts_the_slope() -> None:
    close, traded = column(1, 2, 3, 2), column(9, 10, 30, 20)
    # On-balance volume within each window of two: 10, 40 and then 30, 10.
    assert told(volume.obv_slope(close, traded, 2)) == [NAN, NAN, 30 / 20, -20 / 25]


def test_fundamentals_are_ratios_that_make_sense() -> None:
    caps = column(200, 200, 0)
    assert told(fundamental.book_to_market(column(100, -5, 10), caps)) == [0.5, NAN, NAN]
    assert told(fundamental.earnings_yield(column(10, -10, 10), caps)) == [0.05, -0.05, NAN]
    assert told(fundamental.size(caps)) == [-np.log(200), -np.log(200), NAN]
    assert told(fundamental.gross_profitability(column(30), column(120))) == [0.25]
    assert told(fundamental.return_on_equity(column(30, 30), column(120, -120))) == [0.25, NAN]
    assert told(fundamental.asset_growth(column(100, 150, NAN, 300), 2)) == [NAN, NAN, NAN, -2.0]
