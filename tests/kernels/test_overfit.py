"""Overfitting figures against the papers' own numbers, the long way round, and cases whose truth is known."""

import math
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from alphaloop.kernels.overfit import (
    backtest_overfitting,
    deflated_sharpe,
    expected_best_sharpe,
    probabilistic_sharpe,
    row_sharpes,
)


def the_long_way(returns: NDArray[np.float64], blocks: int) -> list[float]:
    """Logits by cutting, joining and ranking every split with nothing shared with the kernel."""
    parts = np.array_split(returns, blocks)
    logits = []
    for half in combinations(range(blocks), blocks // 2):
        past = np.concatenate([parts[k] for k in half])
        future = np.concatenate([parts[k] for k in range(blocks) if k not in half])
        best = int(np.argmax(past.mean(axis=0) / past.std(axis=0, ddof=1)))
        rank = stats.rankdata(future.mean(axis=0) / future.std(axis=0, ddof=1))[best] / (returns.shape[1] + 1)
        logits.append(math.log(rank / (1 - rank)))
    return logits


def test_every_split_is_ranked_as_the_long_way_round_ranks_it() -> None:
    returns = np.random.default_rng(3).normal(0.001, 0.01, (240, 7))
    found = backtest_overfitting(returns, blocks=6)
    np.testing.assert_allclose(found.logits, the_long_way(returns, 6), rtol=1e-12)
    assert found.probability == np.mean(np.array(the_long_way(returns, 6)) <= 0)


def test_the_best_of_pure_noise_is_called_overfitted() -> None:
    noise = np.random.default_rng(11).normal(0, 0.01, (1000, 100))
    found = backtest_overfitting(noise)
    assert len(found.logits) == 12870
    assert found.probability > 0.35
    assert found.in_sample.mean() > 0.05
    assert abs(found.out_of_sample.mean()) < found.in_sample.mean() / 2
    assert found.slope < 0.2


def test_a_true_edge_among_noise_is_not() -> None:
    returns = np.random.default_rng(11).normal(0, 0.01, (1000, 100))
    returns[:, 42] += 0.004
    found = backtest_overfitting(returns)
    assert found.probability < 0.01
    assert np.mean(found.chosen == 42) > 0.95
    assert found.loss_chance < 0.05


def test_trials_that_are_all_the_same_tell_nothing_apart() -> None:
    one = np.random.default_rng(1).normal(0, 0.01, (160, 1))
    assert backtest_overfitting(np.repeat(one, 5, axis=1)).probability == 1.0
    assert backtest_overfitting(np.zeros((160, 5))).loss_chance == 0.0


def test_too_little_is_not_judged() -> None:
    assert math.isnan(backtest_overfitting(np.ones((100, 1))).probability)
    assert math.isnan(backtest_overfitting(np.ones((20, 5))).probability)
    with pytest.raises(ValueError, match="even"):
        backtest_overfitting(np.ones((100, 3)), blocks=5)
    with pytest.raises(ValueError, match="finite"):
        backtest_overfitting(np.full((100, 3), np.nan))


def test_the_numbers_of_the_paper_come_out() -> None:
    """Bailey and Lopez de Prado (2014): five years of days, a yearly ratio of 2.5 picked among 100 trials, or 46."""
    sharpe, spread = 2.5 / math.sqrt(250), math.sqrt(0.5 / 250)
    hurdle = expected_best_sharpe(spread, 100)
    assert hurdle == pytest.approx(0.1132, abs=5e-5)
    assert probabilistic_sharpe(sharpe, 1250, skew=-3, kurtosis=10, benchmark=hurdle) == pytest.approx(0.9004, abs=5e-5)
    fewer = expected_best_sharpe(spread, 46)
    assert probabilistic_sharpe(sharpe, 1250, skew=-3, kurtosis=10, benchmark=fewer) == pytest.approx(0.9505, abs=5e-5)


def test_the_best_to_expect_of_nothing_is_what_chance_brings() -> None:
    best = np.random.default_rng(2).normal(0, 0.05, (4000, 60)).max(axis=1).mean()
    assert expected_best_sharpe(0.05, 60) == pytest.approx(best, rel=0.02)
    assert expected_best_sharpe(0.05, 1) == 0.0


def test_the_probability_uses_the_moments_that_scipy_finds() -> None:
    returns = np.random.default_rng(5).standard_t(4, 800) * 0.01 + 0.0008
    sharpe = returns.mean() / returns.std(ddof=1)
    skew, kurtosis = stats.skew(returns), stats.kurtosis(returns, fisher=False)
    width = 1 - skew * sharpe + (kurtosis - 1) / 4 * sharpe**2
    found = deflated_sharpe(returns, [sharpe])
    assert found.probability == pytest.approx(stats.norm.cdf(sharpe * math.sqrt(799 / width)), rel=1e-12)
    assert found.expected_best == 0.0


def test_noise_that_was_picked_is_deflated_and_an_edge_is_not() -> None:
    noise = np.random.default_rng(7).normal(0, 0.01, (1000, 200))
    ratios = row_sharpes(noise)
    best = noise[:, ratios.argmax()]
    assert deflated_sharpe(best, [ratios.max()]).probability > 0.99
    assert deflated_sharpe(best, ratios).probability < 0.9
    edge = np.random.default_rng(8).normal(0.002, 0.01, 1000)
    assert deflated_sharpe(edge, np.r_[ratios, row_sharpes(edge[:, None])]).probability > 0.95


def test_more_trials_than_are_known_raise_the_hurdle() -> None:
    returns = np.random.default_rng(7).normal(0.001, 0.01, 500)
    known = [0.02, 0.05, 0.1]
    few, many = deflated_sharpe(returns, known), deflated_sharpe(returns, known, trials=1000)
    assert many.expected_best > few.expected_best
    assert many.probability < few.probability
    assert math.isnan(deflated_sharpe(returns, [0.1], trials=50).probability)


def test_a_curve_that_does_not_vary_is_not_judged() -> None:
    assert math.isnan(deflated_sharpe([0.0] * 50, [0.0, 0.1]).probability)
    assert math.isnan(deflated_sharpe([], []).probability)
    assert row_sharpes(np.full((30, 2), 0.01)).tolist() == [0.0, 0.0]
