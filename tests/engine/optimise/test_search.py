"""A search finds what is there, never tries a point twice, and goes on after a stop as if there had been none."""

import math
from collections.abc import Sequence

import pytest

from alphaloop.core.errors import InvalidError
from alphaloop.engine.optimise import Axis, Goal, Outcome, Plan, Point, Space, Trial, best_of, parse_constraint, search

SPACE = Space(
    (Axis("a", whole=True, low=1, high=40, step=1), Axis("b", low=0.0, high=1.0), Axis("kind", options=("x", "y")))
)
LISTED = Space((Axis("fast", whole=True, low=1, high=9, step=1), Axis("slow", whole=True, low=1, high=9, step=1)))


def bowl(points: Sequence[Point]) -> list[Outcome]:
    """Best at a = 30, b = 0.25, kind y."""
    found = []
    for point in points:
        far = (point.get("a", 30) - 30) ** 2 / 400 + (point.get("b", 0.25) - 0.25) ** 2
        value = -far - (point.get("kind", "y") == "x")
        found.append(Outcome({"sharpe": value, "trades": point.get("a", 1), "max_drawdown": far}))
    return found


def plan(method: str, trials: int = 60, space: Space = SPACE, seed: int = 1, goal: Goal | None = None) -> Plan:
    return Plan(space, goal or Goal(), method, trials, seed)


def value(trial: Trial | None) -> float:
    assert trial is not None
    return Goal().value(trial)


def keys(trials: list[Trial]) -> list[tuple[object, ...]]:
    return [tuple(trial.point.values()) for trial in trials]


@pytest.mark.parametrize("method", ["random", "bayes"])
def test_no_point_is_tried_twice_and_the_budget_is_kept(method: str) -> None:
    trials = search(plan(method), bowl)
    assert [trial.number for trial in trials] == list(range(60))
    assert len(set(keys(trials))) == 60


def test_a_model_of_the_trials_beats_chance() -> None:
    better = 0
    for seed in range(3):
        guided, blind = (best_of(search(plan(method, seed=seed), bowl), Goal()) for method in ("bayes", "random"))
        better += value(guided) > value(blind)
    assert better >= 2


@pytest.mark.parametrize("method", ["grid", "random", "bayes"])
def test_a_search_that_was_stopped_goes_on_with_the_very_points_it_would_have_tried(method: str) -> None:
    whole = search(plan(method, 81, LISTED), bowl, batch=lambda: 8)
    rounds = iter([True, True, True, False])
    part = search(plan(method, 81, LISTED), bowl, batch=lambda: 8, more=lambda: next(rounds))
    assert len(part) == 24
    asked: list[Point] = []

    def run(points: list[Point]) -> list[Outcome]:
        asked.extend(points)
        return bowl(points)

    rest = search(plan(method, 81, LISTED), run, past=part, batch=lambda: 8)
    assert keys(rest) == keys(whole)
    assert len(asked) == 81 - 24


@pytest.mark.parametrize("method", ["grid", "random", "bayes"])
def test_a_space_that_is_used_up_ends_the_search(method: str) -> None:
    goal = Goal(constraints=(parse_constraint("fast < slow", ["fast", "slow"]),))
    trials = search(plan(method, 1000, LISTED, goal=goal), bowl)
    assert len(trials) == 36
    assert all(trial.point["fast"] < trial.point["slow"] for trial in trials)


def test_a_condition_may_name_a_parameter_that_is_not_searched() -> None:
    goal = Goal(constraints=(parse_constraint("fast < slow", ["fast", "slow"]),), fixed={"slow": 4})
    trials = search(plan("grid", 9, Space(LISTED.axes[:1], {"slow": 4}), goal=goal), bowl)
    assert [trial.point["fast"] for trial in trials] == [1, 2, 3]
    assert best_of(trials, goal) is not None


@pytest.mark.parametrize("method", ["random", "bayes"])
def test_conditions_on_figures_keep_a_trial_from_being_best_but_it_counts(method: str) -> None:
    goal = Goal(constraints=(parse_constraint("trades <= 12", ["trades"]),))
    trials = search(plan(method, goal=goal), bowl)
    best = best_of(trials, goal)
    assert len(trials) == 60
    assert best is not None
    assert best.point["a"] <= 12 < max(trial.point["a"] for trial in trials)


def test_the_smallest_is_sought_where_small_is_good_or_asked_for() -> None:
    trials = search(plan("random"), bowl)
    assert Goal("max_drawdown").upward is False
    assert best_of(trials, Goal("max_drawdown")) == min(trials, key=lambda one: Goal("max_drawdown").value(one))
    assert best_of(trials, Goal("sharpe", maximise=False)) == min(trials, key=Goal().value)


def test_figures_that_cannot_be_told_are_never_best() -> None:
    def run(points: list[Point]) -> list[Outcome]:
        return [Outcome({"sharpe": None if point["fast"] > 1 else 0.5}) for point in points]

    best = best_of(search(plan("grid", 81, LISTED), run), Goal())
    assert best is not None
    assert best.point == {"fast": 1, "slow": 1}


def test_when_nothing_runs_the_reason_is_told_at_once() -> None:
    asked: list[Point] = []

    def run(points: list[Point]) -> list[Outcome]:
        asked.extend(points)
        return [Outcome(None, "line 3: no luck") for _ in points]

    with pytest.raises(InvalidError) as refusal:
        search(plan("random"), run)
    assert (refusal.value.code, refusal.value.message) == ("nothing_runs", "line 3: no luck")
    assert len(asked) == 16


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"method": "luck"}, "unknown_method"),
        ({"method": "grid", "trials": 80, "space": LISTED}, "grid_too_large"),
        ({"method": "random", "trials": 0}, "out_of_bounds"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(changes: dict[str, object], code: str) -> None:
    with pytest.raises(InvalidError) as refusal:
        search(plan(**changes), bowl)  # type: ignore[arg-type]
    assert refusal.value.code == code


def test_a_grid_that_was_begun_may_end_early() -> None:
    part = search(plan("grid", 81, LISTED), bowl)[:20]
    assert search(plan("grid", 20, LISTED), bowl, past=part) == part


def test_a_space_without_a_point_is_refused() -> None:
    goal = Goal(constraints=(parse_constraint("fast > 99", ["fast"]),))
    with pytest.raises(InvalidError) as refusal:
        search(plan("random", space=LISTED, goal=goal), bowl)
    assert refusal.value.code == "empty_space"


def test_a_value_is_a_figure_or_cannot_be_told() -> None:
    assert math.isnan(Goal().value(Trial(0, {}, None, "x")))
    assert not Goal().meets(Trial(0, {}, {"sharpe": None}))
