from dataclasses import replace

import numpy as np
import pytest

from alphaloop.core.errors import InvalidError
from alphaloop.engine.honesty.start import start_sensitivity
from alphaloop.engine.panel import Panel
from alphaloop.engine.strategy import Signals, mark_episodes
from alphaloop.lab import load
from tests.engine.honesty.planted import BOLLINGER, COUNTER, FOLLOWER, Params, trending


def test_a_rule_with_a_window_says_the_same_from_any_start() -> None:
    found = start_sensitivity(FOLLOWER, trending(), Params(20))
    assert found.settles
    assert found.settled_after == 19
    assert found.different_share == 0.0
    assert len(found.cases) == 8
    assert max(case.start for case in found.cases) == 750


def test_a_rule_that_counts_from_its_first_bar_is_caught() -> None:
    found = start_sensitivity(COUNTER, trending(), Params())
    assert not found.settles
    assert found.settled_after is None
    assert found.different_share > 0.1


def test_a_position_from_before_the_start_is_not_held_against_a_rule() -> None:
    found = start_sensitivity(BOLLINGER, load("sample").series, BOLLINGER.parse({}))
    assert found.settles
    assert found.different_share < 0.02
    assert max(case.inherited for case in found.cases) > 0


def test_a_size_that_hangs_on_the_first_bar_is_caught_though_it_is_held_from_the_beginning() -> None:
    def sized(panel: Panel, params: Params) -> Signals:
        target = np.where(panel.member, panel.close[0] / panel.close[0].max() * (panel.ts_ms[0] / 1e12 + 0.1), np.nan)
        return Signals(target, mark_episodes(target))

    found = start_sensitivity(replace(COUNTER, evaluate=sized), trending(), Params())
    assert not found.settles
    assert found.different_share > 0.99


def test_several_instruments_are_compared_together() -> None:
    both = [trending(1), trending(2)._replace(name="Y")]
    assert start_sensitivity(FOLLOWER, both, Params()).settles
    assert not start_sensitivity(COUNTER, both, Params()).settles


def test_too_few_bars_for_a_later_start_are_refused() -> None:
    with pytest.raises(InvalidError) as refusal:
        start_sensitivity(FOLLOWER, trending(rows=20), Params(20))
    assert refusal.value.code == "too_few_bars"
