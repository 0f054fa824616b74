"""The space of a strategy comes from what its parameters declare, and can only be narrowed."""

from typing import Any

import numpy as np
import pytest

from alphaloop.core.errors import InvalidError
from alphaloop.engine.optimise import Axis, make_space
from alphaloop.engine.strategy import load_strategy

CROSS = load_strategy("trend/golden_cross")
BANDS = load_strategy("reversion/bollinger")


def test_without_ranges_every_number_is_searched_within_its_bounds() -> None:
    space = make_space(CROSS, {})
    assert [(axis.name, axis.low, axis.high, axis.step) for axis in space.axes] == [
        ("fast", 1, 500, 1),
        ("slow", 2, 1000, 1),
    ]
    assert space.size == 500 * 999


def test_ranges_and_lists_narrow_it_and_the_rest_stays() -> None:
    space = make_space(CROSS, {"fast": {"low": 5, "high": 20, "step": 5}}, {"slow": 90})
    assert ([axis.values() for axis in space.axes], space.fixed) == ([[5, 10, 15, 20]], {"slow": 90})
    listed = make_space(CROSS, {"fast": ["5", 9, 9], "slow": [50, 60]})
    assert [tuple(point.values()) for point in listed.grid()] == [(5, 50), (5, 60), (9, 50), (9, 60)]


def test_steps_of_fractions_reach_their_end() -> None:
    axis = Axis("width", low=0.0, high=0.3, step=0.1)
    assert axis.values() == [0.0, 0.1, 0.2, 0.3]


@pytest.mark.parametrize(
    ("ranges", "fixed", "code"),
    [
        ({"speed": {}}, {}, "bad_parameter"),
        ({"fast": {"low": 0}}, {}, "bad_parameter"),
        ({"fast": {"low": 20, "high": 10}}, {}, "bad_range"),
        ({"fast": {"low": 5, "high": 20, "step": 1.5}}, {}, "bad_range"),
        ({"fast": {"low": 5, "high": 20, "step": -1}}, {}, "bad_range"),
        ({"fast": {"low": 5, "high": 20, "step": 99}}, {}, "bad_range"),
        ({"fast": []}, {}, "bad_range"),
        ({"fast": [1, 0]}, {}, "bad_parameter"),
        ({}, {"slow": 1}, "bad_parameter"),
        ({}, {"fast": 5, "slow": 9}, "empty_space"),
    ],
)
def test_what_does_not_fit_the_strategy_is_refused(ranges: dict[str, Any], fixed: dict[str, Any], code: str) -> None:
    with pytest.raises(InvalidError) as refusal:
        make_space(CROSS, ranges, fixed)
    assert refusal.value.code == code


def test_every_point_drawn_at_random_is_taken_by_the_strategy() -> None:
    for strategy in (CROSS, BANDS):
        space, rng = make_space(strategy, {}), np.random.default_rng(0)
        for _ in range(200):
            strategy.parse({**space.fixed, **space.draw(rng)})
        assert {strategy.warmup(strategy.parse(point)) for point in space.corners()}
