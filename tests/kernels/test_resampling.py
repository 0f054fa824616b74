"""Draws against arch's bootstrap, and against what theory says of series whose truth is known."""

import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from arch.bootstrap import StationaryBootstrap, optimal_block_length
from numpy.typing import NDArray

from alphaloop.kernels.metrics import sharpe
from alphaloop.kernels.resampling import block_length, curve_interval, curve_intervals, stationary_rows, trade_luck


def remembering(seed: int, rows: int, memory: float) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    values = np.zeros(rows)
    for t in range(1, rows):
        values[t] = memory * values[t - 1] + rng.normal()
    return values


@pytest.mark.parametrize("memory", [-0.5, 0.3, 0.7, 0.9])
def test_the_block_that_suits_is_the_one_theory_asks_for(memory: float) -> None:
    """An autoregression has the block (2 m / (1 - m^2))^(2/3) x rows^(1/3)."""
    rows = 40_000
    wanted = np.cbrt((2 * memory / (1 - memory**2)) ** 2 * rows)
    found = [block_length(remembering(seed, rows, memory)) for seed in range(5)]
    assert np.median(found) == pytest.approx(wanted, rel=0.15)


@pytest.mark.parametrize("rows", [60, 500, 3000])
def test_the_block_that_suits_is_of_the_size_that_arch_finds(rows: int) -> None:
    for seed in range(5):
        values = remembering(seed, rows, 0.7)
        theirs = float(optimal_block_length(values)["stationary"].iloc[0])
        assert 0.5 < block_length(values) / theirs < 2.0


def test_without_memory_the_block_is_short() -> None:
    assert np.median([block_length(remembering(seed, 3000, 0.0)) for seed in range(9)]) < 6
    assert block_length([1.0] * 100) == 1.0
    assert block_length([1.0, 2.0]) == 1.0


def test_blocks_run_on_and_are_as_long_as_asked() -> None:
    rows = stationary_rows(np.random.default_rng(1), 1000, 20.0, 200)
    assert rows.shape == (200, 1000)
    follows = (np.diff(rows, axis=1) % 1000) == 1
    assert 1 / (1 - follows.mean()) == pytest.approx(20, rel=0.05)
    counts = np.bincount(rows.ravel(), minlength=1000)
    assert counts.min() > 0
    assert abs(counts.mean() - 200) < 1e-9
    np.testing.assert_array_equal(rows, stationary_rows(np.random.default_rng(1), 1000, 20.0, 200))
    with pytest.raises(ValueError, match="one row"):
        stationary_rows(np.random.default_rng(1), 10, 0.5)


def test_an_interval_is_as_wide_as_the_bootstrap_of_arch() -> None:
    returns = 0.0005 + 0.01 * remembering(3, 2000, 0.2)
    curve = np.exp(np.r_[0.0, np.cumsum(returns)])
    ours = curve_interval(lambda path: sharpe(path, 252), curve, block=15, draws=800, seed=4)
    theirs = StationaryBootstrap(15, returns, seed=7).conf_int(
        lambda drawn: sharpe(np.exp(np.r_[0.0, np.cumsum(drawn)]), 252), 800, method="percentile"
    )
    assert ours.value == pytest.approx(sharpe(curve, 252))
    assert (ours.low, ours.high) == pytest.approx(theirs.ravel().tolist(), abs=0.12)
    assert ours == curve_interval(lambda path: sharpe(path, 252), curve, block=15, draws=800, seed=4)


def test_many_figures_share_the_same_draws() -> None:
    curve = np.exp(np.r_[0.0, np.cumsum(0.01 * remembering(3, 500, 0.2))])
    figures = {"sharpe": lambda path: sharpe(path, 252), "twice": lambda path: 2 * sharpe(path, 252)}
    found = curve_intervals(figures, curve, draws=100)
    assert found["sharpe"] == curve_interval(figures["sharpe"], curve, draws=100)
    assert found["twice"].high == pytest.approx(2 * found["sharpe"].high)


def test_the_truth_lies_inside_about_as_often_as_promised() -> None:
    inside = 0
    for seed in range(60):
        returns = np.random.default_rng(seed).normal(0.001, 0.01, 400)
        curve = np.exp(np.r_[0.0, np.cumsum(returns)])
        drawn = curve_interval(
            lambda path: float(np.mean(np.diff(np.log(path)))), curve, draws=200, level=0.9, seed=seed
        )
        inside += drawn.low <= 0.001 <= drawn.high
    assert 46 <= inside <= 60


def test_a_curve_that_tells_nothing_has_no_interval() -> None:
    for curve in ([], [1.0, 2.0], [1.0, 0.0, 1.0], [1.0, math.nan, 2.0]):
        drawn = curve_interval(lambda path: sharpe(path, 252), curve)
        assert math.isnan(drawn.low)
    flat = curve_interval(lambda path: sharpe(path, 252), [5.0] * 50)
    assert math.isnan(flat.high)
    assert flat.told == 0


def test_the_order_of_trades_changes_the_fall_but_not_the_end() -> None:
    luck = trade_luck([-0.1] * 5 + [0.2] * 5, draws=500, seed=2)
    assert luck.drawdown_seen == pytest.approx(1 - 0.9**5)
    assert luck.order_drawdown[0] < luck.drawdown_seen
    assert np.all(np.diff(luck.growth) >= 0)
    assert 0 < luck.loss_chance < 0.5
    assert luck.trades == 10
    assert trade_luck([0.1] * 9).loss_chance == 0.0
    ruined = trade_luck([0.1, -1.5])
    assert ruined.drawdown_seen == 1.0
    assert math.isnan(trade_luck([]).loss_chance)


@pytest.mark.data
def test_quiet_and_wild_days_of_the_index_remember_longer_than_its_returns(test_data: Path) -> None:
    curve = pl.read_parquet(test_data / "data/equity_close/sp500_index.parquet")["SP500"].to_numpy().astype(float)
    returns = np.diff(np.log(curve))
    assert 1.0 <= block_length(returns) < 20
    assert block_length(np.abs(returns)) > 100
    drawn = curve_interval(lambda path: sharpe(path, 252), curve, draws=300, seed=1)
    assert drawn.low < drawn.value < drawn.high
    assert 0.5 < drawn.high - drawn.low < 1.0
