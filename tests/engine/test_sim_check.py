"""What is asked of the numbers of signals in one walk says the same as numpy does."""

import numpy as np
import pytest

from alphaloop.engine.sim_check import is_infinite_in, is_unsaid


@pytest.mark.parametrize("wrong", [np.inf, -np.inf])
def test_an_infinite_number_is_found_wherever_it_stands_and_nothing_else_is_one(wrong: float) -> None:
    for row in (0, 6, 12):
        values = np.array([0.0, np.nan, 1e308, -1e308] * 3 + [1.0])
        assert not is_infinite_in(values)
        values[row] = wrong
        assert is_infinite_in(values)


def test_only_a_target_needs_an_episode() -> None:
    target, episode = np.array([np.nan, 0.0, -1.0]), np.array([-1, 1, 1])
    assert not is_unsaid(target, episode)
    episode[2] = -1
    assert is_unsaid(target, episode)
