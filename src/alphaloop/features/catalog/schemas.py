"""Strategies on the wire."""

from typing import Literal

from alphaloop.infra.http.wire import Wire


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
