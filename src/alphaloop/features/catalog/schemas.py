"""Strategies on the wire."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from alphaloop.infra.http.wire import Page, Wire


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


class ExtraView(Wire):
    """An input besides prices, such as a factor or a rate."""

    name: str
    label: Label


class StrategyView(Wire):
    """One strategy. What asks for `extras` cannot run on the platform's own bars alone; `instruments` is how many it
    needs at least."""

    key: str
    category: str
    category_label: Label
    label: Label
    summary: Label
    params: list[ParamView]
    risk: Label | None = None
    extras: list[ExtraView] = Field(default_factory=list)
    instruments: int = 1


class BrokenFile(Wire):
    """A file in the folder of one's own strategies that is none, and why."""

    file: str
    message: str


class StrategyPage(Page[StrategyView]):
    """The library and one's own files; `broken` are files that cannot be read."""

    broken: list[BrokenFile] = Field(default_factory=list)
