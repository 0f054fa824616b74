"""Strategies on the wire."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from alphaloop.infra.http.wire import Wire


def _plain_numbers(params: dict[str, Any]) -> dict[str, Any]:
    """Strategies compute in float64: their fractions need not stay the exact decimals of the body."""
    return {name: float(value) if isinstance(value, Decimal) else value for name, value in params.items()}


Params = Annotated[dict[str, Any], Field(max_length=64), AfterValidator(_plain_numbers)]
StrategyKey = Annotated[str, Field(pattern=r"^[a-z0-9_:/]{1,96}$")]


class Label(Wire):
    zh: str
    en: str


class ParamView(Wire):
    """One field of a strategy's form. Numbers have bounds, choices have options, texts have a pattern."""

    name: str
    type: Literal["int", "float", "bool", "choice", "text"]
    default: int | float | bool | str
    low: float | None = None
    high: float | None = None
    step: float | None = None
    choices: list[str] | None = None
    pattern: str | None = None
    label: Label


class StrategyView(Wire):
    key: str
    category: str
    category_label: Label
    label: Label
    summary: Label
    params: list[ParamView]
