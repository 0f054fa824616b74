"""JSON as it should be: whatever arrives is parsed or refused with a code, quickly."""

import json
import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphaloop.infra.http.strict_json import BodyError, JsonNumber, parse_json


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "json_invalid"),
        (b"{", "json_invalid"),
        (b"NaN", "number_not_finite"),
        (b'{"a":-Infinity}', "number_not_finite"),
        (b"\xff", "json_not_utf8"),
        (b"\xef\xbb\xbf{}", "json_invalid"),
        (b'{"a":1,"a":1}', "json_duplicate_key"),
        (b'{"a":{"b":1,"b":2}}', "json_duplicate_key"),
        (b'"\\u0000"', "text_not_allowed"),
        (b'"\\ud800"', "text_not_allowed"),
        (b'{"\\ud800":1}', "text_not_allowed"),
        (b'["\\udc00\\ud800"]', "text_not_allowed"),
        (b"[" * 33 + b"]" * 33, "json_too_deep"),
        (b"[" * 100_000, "json_too_deep"),
        (b'{"a":' * 100_000, "json_too_deep"),
        (b"1" * 41, "number_too_long"),
        (b"1." + b"1" * 70, "number_too_long"),
        (b"1e99999999999999999999999", "number_too_long"),
        (b"-1e-99999999999999999999999", "number_too_long"),
        (b"01", "json_invalid"),
        (b"+1", "json_invalid"),
        (b"1_000", "json_invalid"),
        (b"'a'", "json_invalid"),
        (b'"a\nb"', "json_invalid"),
        ("１".encode(), "json_invalid"),
    ],
)
def test_what_is_no_acceptable_json_is_refused_with_its_code(body: bytes, code: str) -> None:
    with pytest.raises(BodyError) as refused:
        parse_json(body)
    assert refused.value.code == code
    assert refused.value.status_code in (400, 422)


@pytest.mark.parametrize("body", [b"[" * 32 + b"]" * 32, b'"[[[[{{{{"', b'"' + b"[" * 5000 + b'"', b'["\\"[","\\\\"]'])
def test_brackets_inside_texts_are_no_depth(body: bytes) -> None:
    assert parse_json(body) == json.loads(body)


@pytest.mark.parametrize(
    "body",
    [b'"' + b'\\"' * 400_000, b'"' + b"\\\\" * 400_000, b'"' * 800_001, b'"a' * 400_000, b'"' + b"x" * 900_000],
)
def test_a_text_without_end_is_refused_in_no_time(body: bytes) -> None:
    start = time.perf_counter()
    with pytest.raises(BodyError):
        parse_json(body)
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize("raw", ["1.10", "1E+3", "-0.0", "1e400", "0.1", "1e-400"])
def test_a_number_keeps_its_own_text(raw: str) -> None:
    number = parse_json(raw.encode())
    assert isinstance(number, JsonNumber)
    assert number.raw == raw
    assert number == Decimal(raw)


@given(st.binary(max_size=200))
def test_any_bytes_are_parsed_or_refused(body: bytes) -> None:
    try:
        parse_json(body)
    except BodyError as refused:
        assert refused.code.startswith(("json_", "number_", "text_"))  # noqa: PT017


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**38), 10**38) | st.text(st.characters(exclude_characters="\x00")),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text("abc", max_size=5), inner, max_size=5),
    max_leaves=20,
)


@given(json_values)
def test_ordinary_json_comes_through_unchanged(value: object) -> None:
    assert parse_json(json.dumps(value).encode()) == value
    assert parse_json(json.dumps(value, ensure_ascii=False, indent=1).encode()) == value
