"""What a screen may ask: every wrong field is named, and a query survives being written down."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphaloop.core.bar import Timeframe
from alphaloop.core.errors import InvalidError
from alphaloop.features.research.screening import (
    DIRECTIONS,
    KINDS,
    LEVELS,
    PLACES,
    STAGES,
    Condition,
    Nested,
    ScreenQuery,
    parse_query,
    plain_query,
)
from alphaloop.kernels.chan import POINT_KINDS

B2 = {"timeframe": "30m", "point": ["B2"], "within_bars": 3, "stage": "sure"}

nested = st.builds(
    Nested,
    timeframe=st.just(Timeframe.M1),
    point=st.lists(st.sampled_from(KINDS), unique=True).map(tuple),
    stage=st.sampled_from(STAGES[:3]),
)
conditions = st.builds(
    Condition,
    timeframe=st.sampled_from([Timeframe.M30, Timeframe.D1, Timeframe.MO1]),
    level=st.sampled_from(LEVELS),
    point=st.lists(st.sampled_from(KINDS), unique=True, min_size=1).map(tuple),
    within_bars=st.integers(1, 1000),
    stage=st.sampled_from(STAGES),
    nested=st.none() | nested,
    ratio_below=st.none() | st.floats(0.01, 10),
    price=st.none() | st.sampled_from(PLACES),
    direction=st.none() | st.sampled_from(DIRECTIONS),
)


@given(st.lists(conditions, min_size=1, max_size=8).map(tuple), st.sampled_from(["none", "forward", "backward-sub"]))
def test_a_query_written_down_is_read_back_the_same(asked: tuple[Condition, ...], adjust: str) -> None:
    query = ScreenQuery(asked, "czsc-6", adjust)
    assert parse_query(plain_query(query)) == query


def test_a_list_is_a_query_with_the_usual_configuration() -> None:
    query = parse_query([B2, {"timeframe": "1d", "price": "above_pivot"}])
    assert query.conditions[0] == Condition(Timeframe.M30, point=("B2",), within_bars=3, stage="sure")
    assert query.conditions[1].price == "above_pivot"
    assert (query.config, query.adjust) == ("CN-STRICT-1", "none")


def test_the_kinds_are_those_of_the_kernel() -> None:
    assert set(KINDS) == set(POINT_KINDS.values())


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        (7, ("query", "wrong_type")),
        ([], ("conditions", "missing")),
        ({"config": "czsc-6"}, ("conditions", "missing")),
        ({"conditions": [B2], "colour": 1}, ("colour", "unknown_field")),
        ({"conditions": [B2], "config": 5}, ("config", "wrong_type")),
        ({"conditions": [B2], "adjust": "sideways"}, ("adjust", "unknown_adjustment")),
        ([B2] * 9, ("conditions", "too_long")),
        (["B2"], ("conditions[0]", "wrong_type")),
        ([{**B2, "timeframe": "7m"}], ("conditions[0].timeframe", "unknown_timeframe")),
        ([{"point": ["B2"]}], ("conditions[0].timeframe", "missing")),
        ([{**B2, "point": ["B9"]}], ("conditions[0].point", "unknown_value")),
        ([{**B2, "point": "B2"}], ("conditions[0].point", "wrong_type")),
        ([{**B2, "level": "week"}], ("conditions[0].level", "unknown_value")),
        ([{**B2, "stage": "safe"}], ("conditions[0].stage", "unknown_value")),
        ([{**B2, "within_bars": 0}], ("conditions[0].within_bars", "not_a_count")),
        ([{**B2, "within_bars": True}], ("conditions[0].within_bars", "not_a_count")),
        ([{**B2, "ratio_below": float("nan")}], ("conditions[0].ratio_below", "not_a_number")),
        ([{**B2, "price": "high"}], ("conditions[0].price", "unknown_value")),
        ([{**B2, "direction": "left"}], ("conditions[0].direction", "unknown_value")),
        ([{"timeframe": "1d"}], ("conditions[0]", "nothing_asked")),
        ([{**B2, "nested": {"point": ["B1"]}}], ("conditions[0].nested.timeframe", "missing")),
        ([{**B2, "nested": {"timeframe": "1d"}}], ("conditions[0].nested.timeframe", "not_finer")),
        ([{**B2, "nested": {"timeframe": "5m", "stage": "proven"}}], ("conditions[0].nested.stage", "unknown_value")),
        (
            [{"timeframe": "1d", "price": "in_pivot", "nested": {"timeframe": "5m"}}],
            ("conditions[0].nested", "point_needed"),
        ),
    ],
)
def test_each_wrong_field_is_named(given: Any, fault: tuple[str, str]) -> None:
    with pytest.raises(InvalidError) as caught:
        parse_query(given)
    assert caught.value.code == "bad_screen"
    assert caught.value.fields == (fault,)


def test_several_wrong_fields_are_named_together() -> None:
    with pytest.raises(InvalidError) as caught:
        parse_query([{"timeframe": "x", "stage": "y"}, {"timeframe": "1d", "price": "z"}])
    assert [field for field, _ in caught.value.fields] == [
        "conditions[0].timeframe",
        "conditions[0].stage",
        "conditions[1].price",
    ]
