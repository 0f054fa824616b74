"""The contract's small parts: loading, episodes, rows as instructions, signals that make no sense."""

from types import ModuleType
from typing import Any

import numpy as np
import pytest

from alphaloop.core.errors import InvalidError, NotFoundError
from alphaloop.core.signal import Desired, Sizing
from alphaloop.engine.panel import make_panel, make_series
from alphaloop.engine.strategy import (
    CATEGORIES,
    Chan,
    Signals,
    check_signals,
    desired_at,
    is_new_instruction,
    list_strategies,
    load_strategy,
    mark_episodes,
    strategy_from_module,
)

NAN = float("nan")


def column(*values: float) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return np.array(values, dtype=float).reshape(-1, 1)


def test_a_key_is_a_path_and_an_unknown_one_is_told_which_there_are() -> None:
    assert load_strategy("reversion/bollinger").category == "mean_reversion"
    for key in ("nope", "../core/money", "reversion/Bollinger", "reversion", "", "chan/multi_level.py"):
        with pytest.raises(NotFoundError, match="reversion/bollinger") as refused:
            load_strategy(key)
        assert refused.value.code == "unknown_strategy"


def test_every_strategy_has_a_known_category_and_its_own_source_hash() -> None:
    found = list_strategies()
    assert {strategy.key for strategy in found} >= {"reversion/bollinger", "chan/multi_level"}
    assert all(strategy.category in CATEGORIES for strategy in found)
    assert len({strategy.source_hash for strategy in found}) == len(found)


def test_a_strategy_file_without_the_contract_is_refused_by_what_it_lacks() -> None:
    module = ModuleType("half")
    module.CATEGORY = "chan"  # type: ignore[attr-defined]
    with pytest.raises(InvalidError, match="LABEL, SUMMARY, Params, warmup, needs, evaluate"):
        strategy_from_module("user:half", module)


def test_an_episode_is_the_row_at_which_a_target_began() -> None:
    target = column(NAN, 1, 1, 0, 0, 1, NAN, 1, -1)
    assert mark_episodes(target)[:, 0].tolist() == [-1, 1, 1, 3, 3, 5, -1, 7, 8]


def test_a_row_becomes_an_instruction_and_nan_becomes_none() -> None:
    target = column(NAN, 1.0)
    signals = Signals(
        target,
        mark_episodes(target),
        sizing=Sizing.RISK,
        stop=column(NAN, 9.5),
        reason=np.array([[0], [1]]),
        reasons=("", "because"),
    )
    assert desired_at(signals, 0) == Desired(None, Sizing.RISK, -1)
    assert desired_at(signals, 1) == Desired(1.0, Sizing.RISK, 1, stop=9.5, reason="because")


def test_only_a_new_target_or_episode_is_a_new_instruction() -> None:
    one = Desired(1.0, Sizing.WEIGHT, 3)
    assert not is_new_instruction(one, Desired(1.0, Sizing.WEIGHT, 3, stop=2.0))
    assert not is_new_instruction(one, Desired(None, Sizing.WEIGHT, 9))
    assert is_new_instruction(one, Desired(1.0, Sizing.WEIGHT, 4))
    assert is_new_instruction(one, Desired(0.0, Sizing.WEIGHT, 3))
    assert is_new_instruction(None, Desired(0.0, Sizing.WEIGHT, 3))


@pytest.mark.parametrize(
    "changes",
    [
        {"target": np.ones((3, 2))},
        {"target": np.array([[1.0], [np.inf], [1.0]])},
        {"target": np.ones((3, 1), dtype=np.float32)},
        {"stop": np.ones(3)},
        {"episode": np.array([[0], [-1], [0]])},
        {"episode": np.zeros((3, 1))[:2]},
        {"take": [[1.0], [1.0], [1.0]]},
    ],
)
def test_signals_that_make_no_sense_are_refused(changes: dict[str, object]) -> None:
    flat = np.full(3, 10.0)
    panel = make_panel(make_series("A", np.arange(3), flat, flat, flat, flat, flat))
    good = Signals(np.ones((3, 1)), np.zeros((3, 1), dtype=np.int64))
    assert check_signals(good, panel) is good
    with pytest.raises(InvalidError):
        check_signals(good._replace(**changes), panel)


def test_a_need_names_a_known_timeframe() -> None:
    assert Chan("4h").config == "CN-STRICT-1"
    with pytest.raises(InvalidError):
        Chan("7m")


@pytest.mark.parametrize("field", ["target", "stop"])
def test_signals_with_an_infinite_number_are_refused(field: str) -> None:
    panel = make_panel(make_series("A", np.arange(3) * 60_000, *np.ones((5, 3))))
    good = Signals(np.ones((3, 1)), np.zeros((3, 1), dtype=np.int64), stop=np.full((3, 1), np.nan))
    assert check_signals(good, panel) is good
    # A view that nobody may write to is read all the same.
    changes: Any = {field: np.broadcast_to(-np.inf, (3, 1))}
    with pytest.raises(InvalidError, match=f"{field} is infinite"):
        check_signals(good._replace(**changes), panel)


def test_a_target_whose_beginning_is_not_told_is_refused() -> None:
    panel = make_panel(make_series("A", np.arange(3) * 60_000, *np.ones((5, 3))))
    target, episode = np.array([[np.nan], [1.0], [1.0]]), np.array([[-1], [1], [1]])
    assert check_signals(Signals(target, episode), panel).target is target
    with pytest.raises(InvalidError, match="without saying when"):
        check_signals(Signals(target, np.array([[-1], [1], [-1]])), panel)
