"""What a strategy's file says of itself, as the page wants it: its words, and a form made of the typed parameters."""

from typing import TYPE_CHECKING, Any

from alphaloop.features.catalog.schemas import ExtraView, Label, ParamView, StrategyFace

if TYPE_CHECKING:
    from alphaloop.engine.strategy import Strategy

_KINDS: dict[str, Any] = {"integer": "int", "number": "float", "boolean": "bool", "string": "text"}


def library_faces() -> list[StrategyFace]:
    """Every strategy of the library by key. Loads the strategy files, which is why it is imported late."""
    from alphaloop.engine.strategy import list_strategies

    return [face_of(strategy) for strategy in list_strategies()]


def face_of(strategy: "Strategy") -> StrategyFace:
    """What the page shows of a strategy's file."""
    from alphaloop.engine.strategy import CATEGORIES

    return StrategyFace(
        key=strategy.key,
        category=strategy.category,
        category_label=Label(**CATEGORIES[strategy.category]),
        label=Label(**strategy.label),
        summary=Label(**strategy.summary),
        params=[_param(name, field) for name, field in strategy.schema()["properties"].items()],
        risk=Label(**strategy.risk) if strategy.risk else None,
        extras=[ExtraView(name=name, label=Label(**text)) for name, text in strategy.extras.items()],
        instruments=strategy.instruments,
        code_hash=strategy.source_hash,
    )


def _param(name: str, field: dict[str, Any]) -> ParamView:
    return ParamView(
        name=name,
        type="choice" if "enum" in field else _KINDS[field["type"]],
        default=field["default"],
        low=field.get("minimum"),
        high=field.get("maximum"),
        step=field.get("step"),
        choices=field.get("enum"),
        pattern=field.get("pattern"),
        label=Label(**field["label"]),
    )
