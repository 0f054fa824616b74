"""One declaration of a parameter gives its form, its bounds and its refusals."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphaloop.core.errors import InvalidError
from alphaloop.engine.params import choice, numbers, param, params_schema, parse_params, pattern, switch


@dataclass(frozen=True)
class Params:
    period: int = param(20, 2, 500, label_zh="周期", label_en="Period")
    width: float = param(2.0, 0.1, 10.0, step=0.1, label_zh="带宽", label_en="Width")
    rule: str = choice("a", ("a", "b"), label_zh="规则", label_en="Rule")
    levels: str = pattern("own", "own(,4h)?", label_zh="级别", label_en="Levels")
    both: bool = switch(False, label_zh="双向", label_en="Both sides")


def test_the_schema_states_type_default_bounds_and_both_labels() -> None:
    schema = params_schema(Params)
    assert schema["additionalProperties"] is False
    assert schema["properties"]["period"] == {
        "type": "integer",
        "default": 20,
        "minimum": 2,
        "maximum": 500,
        "step": 1,
        "label": {"zh": "周期", "en": "Period"},
    }
    assert schema["properties"]["rule"]["enum"] == ["a", "b"]
    assert schema["properties"]["levels"]["pattern"] == "own(,4h)?"
    assert schema["properties"]["both"]["type"] == "boolean"


def test_json_values_and_command_line_text_mean_the_same() -> None:
    said = parse_params(Params, {"period": 30, "width": 1, "rule": "b", "levels": "own,4h", "both": True})
    typed = parse_params(Params, {"period": "30", "width": "1.0", "rule": "b", "levels": "own,4h", "both": "true"})
    assert said == typed == Params(30, 1.0, "b", "own,4h", True)
    assert parse_params(Params, {}) == Params()


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"perod": 3}, "params", "unknown_parameter"),
        ({"period": 1}, "period", "out_of_bounds"),
        ({"period": 501}, "period", "out_of_bounds"),
        ({"period": 2.5}, "period", "not_an_integer"),
        ({"period": True}, "period", "not_an_integer"),
        ({"period": "1_000"}, "period", "not_an_integer"),
        ({"period": "٣٠"}, "period", "not_an_integer"),
        ({"period": None}, "period", "not_an_integer"),
        ({"period": float("nan")}, "period", "not_an_integer"),
        ({"period": 10**400}, "period", "out_of_bounds"),
        ({"width": float("nan")}, "width", "not_a_number"),
        ({"width": float("inf")}, "width", "not_a_number"),
        ({"width": "NaN"}, "width", "not_a_number"),
        ({"width": "1e400"}, "width", "not_a_number"),
        ({"width": 10**400}, "width", "not_a_number"),
        ({"width": "1e99"}, "width", "out_of_bounds"),
        ({"width": [1]}, "width", "not_a_number"),
        ({"rule": "c"}, "rule", "not_a_choice"),
        ({"rule": 3}, "rule", "not_a_text"),
        ({"levels": "own\n"}, "levels", "bad_format"),
        ({"levels": "x" * 201}, "levels", "not_a_text"),
        ({"both": 1}, "both", "not_a_switch"),
    ],
)
def test_a_wrong_value_is_refused_by_field_and_code(given: dict[str, Any], field: str, code: str) -> None:
    with pytest.raises(InvalidError) as refused:
        parse_params(Params, given)
    assert refused.value.code == "bad_parameter"
    assert refused.value.fields == ((field, code),)


@given(st.dictionaries(st.sampled_from(["period", "width", "rule", "levels", "both", "x"]), st.from_type(object)))
def test_whatever_is_given_the_answer_is_parameters_in_bounds_or_a_refusal(given: dict[str, Any]) -> None:
    try:
        made = parse_params(Params, given)
    except InvalidError:
        return
    assert 2 <= made.period <= 500
    assert 0.1 <= made.width <= 10
    assert made.rule in ("a", "b")


def test_only_numbers_reach_compiled_code() -> None:
    assert numbers(Params()) == (("period", 20.0), ("width", 2.0), ("both", 0.0))


def test_a_field_without_bounds_and_label_is_a_mistake_of_the_author() -> None:
    @dataclass(frozen=True)
    class Bare:
        period: int = field(default=3)

    with pytest.raises(TypeError):
        params_schema(Bare)
