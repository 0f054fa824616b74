from dataclasses import asdict, make_dataclass, replace

import pytest

from alphaloop.engine.honesty.space import neighbours_of, spread_around
from tests.engine.honesty.planted import BOLLINGER, FOLLOWER, Params


def test_neighbours_are_a_step_or_two_away_one_number_at_a_time() -> None:
    chosen = BOLLINGER.parse({"period": 40, "width": 2.0})
    found = [(name, asdict(other)[name]) for name, other in neighbours_of(BOLLINGER, chosen)]
    assert [value for name, value in found if name == "period"] == [32, 36, 44, 48]
    assert [value for name, value in found if name == "width"] == pytest.approx([1.6, 1.8, 2.2, 2.4])


def test_neighbours_keep_within_the_bounds() -> None:
    assert [other.period for _, other in neighbours_of(FOLLOWER, Params(2))] == [3, 4]
    assert [other.period for _, other in neighbours_of(FOLLOWER, Params(200))] == [160, 180]


def test_a_spread_begins_with_the_choice_and_is_the_same_for_the_same_seed() -> None:
    chosen = BOLLINGER.parse({})
    spread = spread_around(BOLLINGER, chosen, count=12, seed=3)
    assert spread[0] == chosen
    assert len(spread) == 12
    assert len({tuple(asdict(one).items()) for one in spread}) == 12
    assert spread == spread_around(BOLLINGER, chosen, count=12, seed=3)
    assert spread != spread_around(BOLLINGER, chosen, count=12, seed=4)
    assert all(10 <= one.period <= 40 and 1.0 <= one.width <= 4.0 for one in spread)


def test_a_small_space_is_taken_whole() -> None:
    assert sorted(one.period for one in spread_around(FOLLOWER, Params(20))) == [10, 14, 20, 28, 40]


def test_without_numbers_there_is_nothing_to_vary() -> None:
    empty = make_dataclass("Empty", [], frozen=True)
    strategy = replace(FOLLOWER, Params=empty)
    assert spread_around(strategy, empty()) == [empty()]
    assert neighbours_of(strategy, empty()) == []
