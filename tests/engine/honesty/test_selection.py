import numpy as np
import pytest

from alphaloop.core.errors import InvalidError
from alphaloop.engine.backtest import run_backtest
from alphaloop.engine.honesty.selection import judge_selection, trial_returns
from alphaloop.kernels.overfit import row_sharpes
from tests.engine.honesty.planted import DICE, FOLLOWER, Params, noisy, trending

KNOBS = [Params(knob) for knob in range(2, 62)]


def test_the_best_of_many_dice_is_called_what_it_is() -> None:
    bars = noisy(3)
    best = KNOBS[int(row_sharpes(trial_returns(DICE, bars, KNOBS)).argmax())]
    found = judge_selection(DICE, bars, best, KNOBS)
    assert found.overfitting > 0.4
    assert found.deflated < 0.9
    assert sum(found.ranks) == 12870
    alone = judge_selection(DICE, bars, best, [])
    assert alone.deflated > found.deflated + 0.05
    assert np.isnan(alone.overfitting)
    assert (found.trials, found.known, alone.trials) == (60, 60, 1)


def test_a_rule_that_works_among_dice_that_do_not_is_kept() -> None:
    bars = trending(rows=3000, noise=0.005)
    found = judge_selection(FOLLOWER, bars, Params(20), [Params(period) for period in (10, 14, 28, 40, 190)])
    assert found.overfitting < 0.5
    assert found.deflated > 0.95


def test_trials_beyond_those_that_are_known_count() -> None:
    bars = noisy(4)
    few, many = (judge_selection(DICE, bars, KNOBS[0], KNOBS[:10], trials=count) for count in (10, 10_000))
    assert many.expected_best > few.expected_best
    assert many.deflated < few.deflated
    with pytest.raises(InvalidError) as refusal:
        judge_selection(DICE, bars, KNOBS[0], KNOBS[:10], trials=5)
    assert refusal.value.code == "bad_trials"


def test_all_trials_are_judged_on_the_same_rows() -> None:
    bars = trending(rows=400)
    made = trial_returns(FOLLOWER, bars, [Params(10), Params(100)], fee=0.001)
    assert made.shape == (301, 2)
    alone = run_backtest(FOLLOWER, bars, Params(10), fee=0.001, start_bar=99)
    assert np.prod(1 + made[:, 0]) - 1 == pytest.approx(alone.metrics["total_return"])
