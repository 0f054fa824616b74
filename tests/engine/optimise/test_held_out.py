"""A search over real runs: trials see the first part alone, the best is shown on the rest, and all are counted."""

import numpy as np
import pytest

from alphaloop.core.errors import InvalidError
from alphaloop.engine.backtest import run_backtest
from alphaloop.engine.honesty.periods import between
from alphaloop.engine.optimise import METRICS, Goal, Plan, best_of, judge_best, lay_out, make_space, run_points, search
from tests.engine.honesty.planted import DICE, FOLLOWER, Params, noisy, trending

RULES = {"cash": 1000.0, "fee": 0.001}


def test_every_metric_that_can_be_sought_is_one_of_a_run() -> None:
    assert set(METRICS) == set(run_backtest(FOLLOWER, trending(rows=300), Params(20)).metrics)


def test_trials_do_not_see_the_held_out_bars() -> None:
    bars = trending(rows=1000)
    space = make_space(FOLLOWER, {"period": {"low": 5, "high": 60, "step": 5}})
    spoiled = bars._replace(close=np.where(np.arange(1000) < 700, bars.close, bars.close[::-1]))
    figures = []
    for one in (bars, spoiled):
        arena = lay_out(FOLLOWER, one, space, held_out=0.3, rules=RULES)
        assert (arena.cut, arena.start) == (700, FOLLOWER.warmup(Params(60)))
        figures.append([outcome.metrics for outcome in run_points(arena, space, list(space.grid()))])
    assert figures[0] == figures[1]


def test_the_best_is_run_once_on_the_bars_that_were_held_out() -> None:
    bars = trending(rows=1000)
    space = make_space(FOLLOWER, {"period": {"low": 5, "high": 60, "step": 5}})
    arena = lay_out(FOLLOWER, bars, space, held_out=0.3, rules=RULES)
    trials = search(Plan(space, Goal(), "grid", 20), lambda points: run_points(arena, space, points))
    best = best_of(trials, Goal())
    assert best is not None
    params = FOLLOWER.parse(best.point)
    alone = run_backtest(FOLLOWER, between(bars, 0, 700), params, **{**RULES, "start_bar": arena.start})
    found = judge_best(arena, space, Goal(), best, trials=trials, bars=bars, rules=RULES)
    assert found.seen == alone.metrics
    assert found.unseen == run_backtest(FOLLOWER, bars, params, **{**RULES, "start_bar": 700}).metrics
    assert found.trials == 12
    assert found.deflated > 0.9


def test_the_best_of_many_dice_is_called_luck() -> None:
    space = make_space(DICE, {"period": {"low": 2, "high": 61}})
    bars = noisy(3)
    arena = lay_out(DICE, bars, space, held_out=0.0, rules={})
    trials = search(Plan(space, Goal(), "grid", 60), lambda points: run_points(arena, space, points))
    best = best_of(trials, Goal())
    assert best is not None
    found = judge_best(arena, space, Goal(), best, trials=trials, bars=bars, rules={})
    assert found.unseen is None
    assert found.overfitting > 0.4
    assert found.deflated < 0.9
    assert found.to_json()["unseen"] is None


def test_too_few_bars_for_the_slowest_are_refused_before_anything_runs() -> None:
    space = make_space(FOLLOWER, {})
    with pytest.raises(InvalidError) as refusal:
        lay_out(FOLLOWER, trending(rows=60), space, held_out=0.3, rules={})
    assert refusal.value.code == "too_few_bars"
    with pytest.raises(InvalidError):
        lay_out(FOLLOWER, trending(rows=900), space, held_out=0.9, rules={})
