"""`alphaloop strategies`: what can be run, with its parameters."""

from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Strategies: what there is and what each can be told.")


@app.callback()
def strategies() -> None:
    """The strategy library."""


@app.command("list")
def list_all(
    as_json: Annotated[bool, typer.Option("--json", help="Print keys, labels and parameters as JSON.")] = False,
) -> None:
    """Every strategy by key."""
    from alphaloop.engine.strategy import CATEGORIES, list_strategies

    found = list_strategies()
    if as_json:
        import json

        rows = [
            {
                "key": strategy.key,
                "category": strategy.category,
                "category_label": CATEGORIES[strategy.category],
                "label": dict(strategy.label),
                "summary": dict(strategy.summary),
                "params": strategy.schema()["properties"],
            }
            for strategy in found
        ]
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{len(found)} strategies", title_justify="left")
    for name in ("key", "category", "name 名称", "parameters"):
        table.add_column(name)
    for strategy in found:
        params = strategy.schema()["properties"]
        given = ", ".join(f"{name}={field['default']}" for name, field in params.items())
        table.add_row(strategy.key, strategy.category, f"{strategy.label['en']} {strategy.label['zh']}", given)
    Console().print(table)
