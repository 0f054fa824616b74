"""Types of the wire: what passes, what is refused, and that nothing refused is repeated."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from alphaloop.core.errors import InvalidError
from alphaloop.infra.http.strict_json import BodyError, parse_json
from alphaloop.infra.http.wire import (
    Count,
    Flag,
    Id,
    Money,
    PageSize,
    Positive,
    Ratio,
    TimeMs,
    Wire,
    make_cursor,
    read_cursor,
)


class Body(Wire):
    money: Money = Decimal(1)
    positive: Positive = Decimal(1)
    ratio: Ratio = 0.5
    count: Count = 1
    flag: Flag = False
    id: Id = 1
    at: TimeMs = datetime(2026, 1, 1, tzinfo=UTC)
    size: PageSize = 1


# JSON text of numbers that are none, or none of ours (TRUST 19).
BAD_NUMBERS = [
    "NaN",
    "Infinity",
    "-Infinity",
    '"NaN"',
    '"Infinity"',
    '"1_000"',
    '"1E+1000000"',
    '"1e5"',
    '"+1"',
    '" 1"',
    '"1 "',
    '""',
    '"٣"',
    '"１"',
    '"0x10"',
    '"1,5"',
    '"1\\n"',
    '"' + "9" * 40 + '"',
    '"0.' + "1" * 19 + '"',
    "9" * 40,
    "1e400",
    "1E+1000000",
    "true",
    "null",
    "[]",
    "{}",
    '"one"',
]
FIELDS = ["money", "positive", "ratio", "count", "flag", "id", "at", "size"]
# What is fine for one kind: long whole numbers are refused by size, tiny ones are zero for a ratio.
FINE = {("flag", "true")}


def parsed(field: str, value: str) -> Body:
    return Body.model_validate(parse_json(f'{{"{field}": {value}}}'.encode()))


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", BAD_NUMBERS)
def test_a_bad_number_is_refused_in_every_field(field: str, value: str) -> None:
    if (field, value) in FINE:
        assert parsed(field, value).flag is True
        return
    with pytest.raises((ValidationError, BodyError)) as refused:
        parsed(field, value)
    if isinstance(refused.value, ValidationError):
        assert "9999999999" not in str(refused.value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('"1.50"', "1.5"),
        ("1.50", "1.5"),
        ("3", "3"),
        ('"-0.0"', "0"),
        ('"0.000000000000000001"', "0.000000000000000001"),
    ],
)
def test_money_comes_as_text_or_number_and_leaves_as_text(value: str, expected: str) -> None:
    body = parsed("money", value)
    assert isinstance(body.money, Decimal)
    assert json.loads(body.model_dump_json())["money"] == expected


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**19), max_value=10**19, places=18))
def test_money_survives_the_way_out_and_in(amount: Decimal) -> None:
    text = json.loads(Body(money=amount).model_dump_json())["money"]
    assert parsed("money", json.dumps(text)).money == amount


@pytest.mark.parametrize("value", ["0", "-1", '"-0.5"', '"0.0"'])
def test_what_must_be_positive_is(value: str) -> None:
    with pytest.raises(ValidationError):
        parsed("positive", value)


@pytest.mark.parametrize("value", ['"9223372036854775808"', '"-1"', "1.0", '"1.0"', '"c1"'])
def test_an_id_is_a_63_bit_number_in_text(value: str) -> None:
    with pytest.raises(ValidationError):
        parsed("id", value)
    assert parsed("id", '"9223372036854775807"').id == 2**63 - 1
    assert json.loads(Body(id=2**60).model_dump_json())["id"] == str(2**60)


@pytest.mark.parametrize("value", ["1.5", "1.0", '"1"', str(2**53 + 1), "false"])
def test_a_count_is_a_whole_number_that_a_browser_can_hold(value: str) -> None:
    with pytest.raises(ValidationError):
        parsed("count", value)


def test_times_are_epoch_milliseconds_both_ways() -> None:
    assert parsed("at", "1767225600123").at == datetime(2026, 1, 1, 0, 0, 0, 123000, tzinfo=UTC)
    assert json.loads(Body().model_dump_json())["at"] == 1767225600000
    for value in ("1767225600.5", '"1767225600123"', "999999999999999999"):
        with pytest.raises(ValidationError):
            parsed("at", value)


def test_unknown_keys_are_refused_and_input_is_not_repeated() -> None:
    with pytest.raises(ValidationError) as refused:
        Body.model_validate({"canary": "canary-value"})
    assert "canary-value" not in str(refused.value)
    assert [item["type"] for item in refused.value.errors()] == ["extra_forbidden"]


@pytest.mark.parametrize("value", ["1_0", "+5", "５", "0", "201", "", "1e2", "-1", True, 1.0])
def test_a_page_size_is_1_to_200_in_plain_digits(value: Any) -> None:
    with pytest.raises(ValidationError):
        Body.model_validate({"size": value})
    assert Body.model_validate({"size": "200"}).size == 200


@given(st.integers(0, 2**63 - 1))
def test_a_cursor_leads_back_to_its_row(row_id: int) -> None:
    assert read_cursor(make_cursor(row_id)) == row_id


@pytest.mark.parametrize("cursor", ["x", "c", "c-1", "c1.0", "cc1", "c9223372036854775808", "c１", "c 1"])
def test_a_made_up_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidError) as refused:
        read_cursor(cursor)
    assert refused.value.code == "bad_cursor"
    assert read_cursor("") is None
    assert read_cursor(None) is None
