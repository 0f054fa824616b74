"""A course is laid once and asked many times, and no answer leaves a trace in the next."""

import numpy as np
import pytest

from alphaloop.core.errors import InvalidError
from alphaloop.engine.course import lay_course
from alphaloop.engine.strategy import load_strategy
from alphaloop.engine.sweep import Remembered
from alphaloop.lab import load

CROSS = load_strategy("trend/golden_cross")


def test_each_set_of_parameters_starts_from_its_own_warm_up() -> None:
    course = lay_course(CROSS, load("sample").series, memo=Remembered())
    late, early = (course.plan(CROSS.parse({"fast": 5, "slow": slow})) for slow in (200, 20))
    assert (late.rules.start, early.rules.start) == (200, 20)
    assert (np.argmax(late.panel.member), np.argmax(early.panel.member)) == (200, 20)
    assert course.traded.member.all()


def test_a_course_needs_cash_and_a_plan_enough_bars() -> None:
    with pytest.raises(InvalidError) as broke:
        lay_course(CROSS, load("sample").series, cash=0.0)
    assert broke.value.code == "out_of_bounds"
    few = load("sample").series
    short = few._replace(**{name: getattr(few, name)[:20] for name in few._fields[1:]})
    with pytest.raises(InvalidError) as refused:
        lay_course(CROSS, short).plan(CROSS.parse({"slow": 50}))
    assert refused.value.code == "too_few_bars"


def test_what_is_remembered_is_made_once_and_the_least_used_is_forgotten_first() -> None:
    made: list[str] = []

    def answer(name: str) -> np.ndarray:
        made.append(name)
        return np.zeros(100)

    memo = Remembered(most=2000)
    for name in ("a", "b", "a", "c", "a", "b"):
        memo(name, lambda name=name: answer(name))  # type: ignore[misc]
    assert made == ["a", "b", "c", "b"]
