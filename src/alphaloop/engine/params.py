"""Strategy parameters as frozen dataclasses: browser form, CLI help and optimiser space derive from one declaration."""

import dataclasses
import math
import re
from collections.abc import Mapping
from typing import Any, TypeVar, get_type_hints

from alphaloop.core.errors import InvalidError

_META = "alphaloop.param"
_INTEGER = re.compile(r"-?[0-9]{1,15}", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?([eE]-?[0-9]{1,2})?", re.ASCII)
_TEXT_MAX = 200

P = TypeVar("P")


def param(default: float, low: float, high: float, *, label_zh: str, label_en: str, step: float | None = None) -> Any:
    """A number field with inclusive bounds; its annotation (`int` or `float`) decides which numbers are accepted."""
    return dataclasses.field(
        default=default,
        metadata={_META: {"low": low, "high": high, "step": step, "zh": label_zh, "en": label_en}},
    )


def choice(default: str, options: tuple[str, ...], *, label_zh: str, label_en: str) -> Any:
    """A text field that takes one of the named options."""
    return dataclasses.field(default=default, metadata={_META: {"options": options, "zh": label_zh, "en": label_en}})


def pattern(default: str, expression: str, *, label_zh: str, label_en: str) -> Any:
    """A text field that must match a regular expression from end to end."""
    return dataclasses.field(default=default, metadata={_META: {"pattern": expression, "zh": label_zh, "en": label_en}})


def switch(default: bool, *, label_zh: str, label_en: str) -> Any:
    """A yes/no field."""
    return dataclasses.field(default=default, metadata={_META: {"zh": label_zh, "en": label_en}})


def params_schema(cls: type[Any]) -> dict[str, Any]:
    """JSON Schema of a Params class: per field its type, default, bounds or options, and a label in both languages.

    A field that was not declared by this module's functions is a TypeError: it would have no bounds and no label.
    """
    hints = get_type_hints(cls)
    properties: dict[str, Any] = {}
    for field in dataclasses.fields(cls):
        meta = _meta(field)
        kind = _KINDS[hints[field.name]]
        row: dict[str, Any] = {"type": kind, "default": field.default, "label": {"zh": meta["zh"], "en": meta["en"]}}
        if "low" in meta:
            step = meta["step"] if meta["step"] is not None else (1 if kind == "integer" else None)
            row |= {"minimum": meta["low"], "maximum": meta["high"]} | ({"step": step} if step is not None else {})
        if "options" in meta:
            row["enum"] = list(meta["options"])
        if "pattern" in meta:
            row["pattern"] = meta["pattern"]
        properties[field.name] = row
    return {"type": "object", "additionalProperties": False, "properties": properties}


def parse_params(cls: type[P], given: Mapping[str, object]) -> P:
    """An instance from JSON values or command-line text; InvalidError names the first wrong field and why.

    Missing fields take their default. Refused: unknown names, NaN and infinities, booleans for numbers, fractions
    for whole numbers, values outside the bounds.
    """
    fields = {field.name: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    hints = get_type_hints(cls)
    for name in given:
        if name not in fields:
            # The name is the caller's own text: it is not repeated, the known ones are.
            raise _refuse("params", "unknown_parameter", f"Known parameters: {', '.join(fields) or 'none'}.")
    values = {name: _parse(name, hints[name], _meta(fields[name]), value) for name, value in given.items()}
    return cls(**values)


def numbers(params: Any) -> tuple[tuple[str, float], ...]:
    """(name, value) of every numeric field, in declaration order: what a compiled `manage` sees of the parameters."""
    return tuple(
        (field.name, float(value))
        for field in dataclasses.fields(params)
        if isinstance(value := getattr(params, field.name), int | float)
    )


_KINDS: dict[object, str] = {int: "integer", float: "number", str: "string", bool: "boolean"}


def _meta(field: "dataclasses.Field[Any]") -> Mapping[str, Any]:
    if _META not in field.metadata:
        raise TypeError(f"parameter {field.name} has no bounds and no label; declare it with param() or choice()")
    found: Mapping[str, Any] = field.metadata[_META]
    return found


def _parse(name: str, kind: object, meta: Mapping[str, Any], value: object) -> object:
    if kind is bool:
        return _parse_switch(name, value)
    if kind is str:
        return _parse_text(name, meta, value)
    number = _parse_integer(name, value) if kind is int else _parse_number(name, value)
    if not meta["low"] <= number <= meta["high"]:
        raise _refuse(name, "out_of_bounds", f"{name} is between {meta['low']} and {meta['high']}.")
    return number


def _parse_integer(name: str, value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        return int(value)
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    raise _refuse(name, "not_an_integer", f"{name} must be a whole number.")


def _parse_number(name: str, value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isfinite(number):
            return number
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value)
    raise _refuse(name, "not_a_number", f"{name} must be a finite number.")


def _parse_text(name: str, meta: Mapping[str, Any], value: object) -> str:
    if not isinstance(value, str) or len(value) > _TEXT_MAX:
        raise _refuse(name, "not_a_text", f"{name} must be a short text.")
    if "options" in meta and value not in meta["options"]:
        raise _refuse(name, "not_a_choice", f"{name} is one of {', '.join(meta['options'])}.")
    if "pattern" in meta and not re.fullmatch(meta["pattern"], value, re.ASCII):
        raise _refuse(name, "bad_format", f"{name} does not have the expected form.")
    return value


def _parse_switch(name: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise _refuse(name, "not_a_switch", f"{name} is true or false.")


def _refuse(name: str, code: str, message: str) -> InvalidError:
    return InvalidError(message, code="bad_parameter", fields=((name, code),))
