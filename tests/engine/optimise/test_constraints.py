"""Conditions are read as data, hold or do not, and say by how much they are missed."""

import pytest

from alphaloop.core.errors import InvalidError
from alphaloop.engine.optimise.constraints import make_constraint, parse_constraint

KNOWN = ("fast", "slow", "max_drawdown", "trades")


@pytest.mark.parametrize(
    ("text", "figures", "holds"),
    [
        ("max_drawdown<=0.2", {"max_drawdown": 0.2}, True),
        ("max_drawdown <= 0.2", {"max_drawdown": 0.21}, False),
        ("trades >= 30", {"trades": 30}, True),
        ("fast < slow", {"fast": 5, "slow": 5}, False),
        ("fast < slow", {"fast": 4, "slow": 5}, True),
        ("fast != slow", {"fast": 4, "slow": 4}, False),
        ("trades > 1e2", {"trades": None}, False),
        ("trades == 3", {"trades": 3.0}, True),
        ("max_drawdown < 0.5", {"max_drawdown": float("nan")}, False),
    ],
)
def test_a_condition_holds_or_does_not(text: str, figures: dict[str, object], holds: bool) -> None:
    made = parse_constraint(text, KNOWN)
    assert made.holds(figures) is holds
    assert (made.excess(figures) == 0.0) is holds


def test_the_excess_grows_with_the_distance() -> None:
    made = parse_constraint("max_drawdown <= 0.2", KNOWN)
    near, far, unknown = (made.excess({"max_drawdown": value}) for value in (0.25, 0.6, None))
    assert 0 < near < far < unknown
    assert str(made) == "max_drawdown <= 0.2"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "fast",
        "fast <",
        "fast < slow < 3",
        "fast = 3",
        "fast < nothing",
        "__import__('os') < 3",
        "fast < inf",
        "3<x",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidError) as refusal:
        parse_constraint(text, KNOWN)
    assert refusal.value.code == "bad_constraint"


def test_a_condition_from_data_is_judged_alike() -> None:
    assert make_constraint("fast", "<", 3.0, known=KNOWN).holds({"fast": 2})
    for left, op, right in [("fast", "in", 3.0), ("fast", "<", float("nan")), ("other", "<", 3.0)]:
        with pytest.raises(InvalidError):
            make_constraint(left, op, right, known=KNOWN)
