"""Types of the wire: ids and money as strings, ratios and counts as strict numbers, unknown keys refused."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StrictBool,
    StrictInt,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from alphaloop.core.clock import from_ms, to_ms
from alphaloop.core.errors import InvalidError
from alphaloop.core.money import parse_amount, plain
from alphaloop.infra.http.strict_json import JsonNumber

MAX_KEY = 2**63 - 1
_JS_SAFE = 2**53


class Wire(BaseModel):
    """Base of every request and response: unknown keys are errors, input is never echoed."""

    model_config = ConfigDict(
        extra="forbid", from_attributes=True, hide_input_in_errors=True, allow_inf_nan=False, ser_json_inf_nan="null"
    )


def _refuse(code: str, message: str) -> PydanticCustomError:
    return PydanticCustomError(code, message)


def _money(value: Any) -> Decimal:
    if isinstance(value, JsonNumber):
        value = value.raw
    elif isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise _refuse("not_a_decimal", "must be a plain decimal number")
    if isinstance(value, Decimal):  # our own values on the way out
        return value
    try:
        return parse_amount(str(value))
    except InvalidError:
        raise _refuse("not_a_decimal", "must be a plain decimal number") from None


def _ratio(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise _refuse("not_a_number", "must be a number")
    number = float(value)
    if abs(number) > 1e15:
        raise _refuse("number_too_large", "is too large")
    if number == 0 and value != 0:
        # Zero often means something of its own, such as no limit.
        raise _refuse("number_too_small", "is too small")
    return number


def _id(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_KEY:  # our own, on the way out
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 19 and int(value) <= MAX_KEY:
        return int(value)
    raise _refuse("bad_id", "is not an id")


def _digits(value: Any) -> int:
    # pydantic itself would take 1_0, +5 and digits of other scripts.
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 9:
        return int(value)
    raise _refuse("not_a_count", "must be a whole number")


def _time_ms(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 253_402_300_800_000:
        return from_ms(value)
    raise _refuse("bad_time", "must be epoch milliseconds")


Money = Annotated[
    Decimal,
    BeforeValidator(_money),
    PlainSerializer(plain, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^-?\d{1,20}(\.\d{1,18})?$"}),
]
"""Money, price or quantity: plain decimal text (or a JSON number in, string out)."""

Positive = Annotated[Money, Field(gt=0)]
Ratio = Annotated[float, BeforeValidator(_ratio)]
Count = Annotated[StrictInt, Field(ge=-_JS_SAFE, le=_JS_SAFE)]
Flag = StrictBool
Id = Annotated[
    int,
    BeforeValidator(_id),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^\d{1,19}$"}),
]
"""A database key; a string on the wire, because JavaScript stops counting at 2^53."""

TimeMs = Annotated[
    datetime,
    BeforeValidator(_time_ms),
    PlainSerializer(to_ms, return_type=int),
    WithJsonSchema({"type": "integer"}),
]
"""A time; epoch milliseconds on the wire."""

PageSize = Annotated[int, BeforeValidator(_digits), Field(ge=1, le=200)]
"""How many rows of a list to return; for query parameters."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True)]
ShortText = Annotated[str, StringConstraints(max_length=255)]
LongText = Annotated[str, StringConstraints(max_length=4000)]
Symbol = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._/:@\-]+$")]

Item = TypeVar("Item")


class Page(Wire, Generic[Item]):
    """One page of a list; `next_cursor` is opaque and null at the end."""

    items: list[Item]
    next_cursor: str | None = None


class ErrorField(Wire):
    field: str
    code: str


class ErrorBody(Wire):
    """The body of every refusal."""

    code: str
    message: str
    detail: list[ErrorField]
    request_id: str
    retryable: bool


def read_cursor(cursor: str | None) -> int | None:
    """The row id behind a cursor made by `make_cursor`, or InvalidError."""
    if cursor is None or cursor == "":
        return None
    try:
        return _id(cursor.removeprefix("c"))
    except PydanticCustomError:
        raise InvalidError(
            "The cursor is not one of ours.", code="bad_cursor", fields=(("cursor", "bad_cursor"),)
        ) from None


def make_cursor(row_id: int) -> str:
    return f"c{row_id}"
