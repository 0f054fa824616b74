"""JSON as it should be: no NaN, no duplicate keys, no lone surrogates, bounded depth, numbers kept as written."""

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any

from starlette.exceptions import HTTPException

MAX_DEPTH = 32
_BAD_TEXT = re.compile("[\x00\ud800-\udfff]")


class BodyError(HTTPException):
    """The body is no acceptable JSON; `code` is stable, the text itself is never repeated."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(status, message)
        self.code = code


class JsonNumber(Decimal):
    """A JSON number with a fraction or exponent, together with its own text: `1E+3` stays `1E+3`."""

    raw: str

    def __new__(cls, raw: str) -> "JsonNumber":
        number = super().__new__(cls, raw)
        number.raw = raw
        return number


def parse_json(body: bytes) -> Any:
    """Parsed JSON, or BodyError. Fractions come as JsonNumber, whole numbers as int of at most 40 digits."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise BodyError("json_not_utf8", "The body is not UTF-8.") from None
    _check_depth(text)
    try:
        value = json.loads(
            text,
            parse_float=_number,
            parse_int=_integer,
            parse_constant=_refuse_constant,
            object_pairs_hook=_object,
        )
    except (json.JSONDecodeError, RecursionError):
        raise BodyError("json_invalid", "The body is not valid JSON.") from None
    _check_text(value)
    return value


def _number(raw: str) -> JsonNumber:
    if len(raw) > 64:
        raise BodyError("number_too_long", "A number in the body is too long.", 422)
    try:
        return JsonNumber(raw)
    except InvalidOperation:
        # Not even Decimal has room for such an exponent.
        raise BodyError("number_too_long", "A number in the body is too long.", 422) from None


def _integer(raw: str) -> int:
    if len(raw) > 40:
        raise BodyError("number_too_long", "A number in the body is too long.", 422)
    return int(raw)


def _refuse_constant(_: str) -> Any:
    raise BodyError("number_not_finite", "NaN and Infinity are not numbers here.", 422)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BodyError("json_duplicate_key", "A key appears twice in the body.")
    return found


# A string that never ends is taken to the end of the text: trying again at each of its quotes would take forever.
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)


def _check_depth(text: str) -> None:
    depth = 0
    for bracket in _STRING_OR_BRACKET.finditer(text):
        char = bracket[0]
        if char in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise BodyError("json_too_deep", "The body is nested too deeply.")
        elif char in "]}":
            depth -= 1


def _check_text(value: Any) -> None:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            if _BAD_TEXT.search(item):
                raise BodyError("text_not_allowed", "A text in the body holds characters that cannot be stored.", 422)
        elif isinstance(item, dict):
            waiting.extend(item.keys())
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
