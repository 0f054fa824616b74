"""`alphaloop strategies`: what can be run, with its parameters."""

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from alphaloop.engine.strategy import Strategy

_BAD_INPUT = 2

app = typer.Typer(no_args_is_help=True, help="Strategies: what there is and what each can be told.")


@app.callback()
def strategies() -> None:
    """The strategy library."""


def new(
    name: Annotated[str, typer.Argument(help="File name without .py: small letters, digits and _.")],
    into: Annotated[Path | None, typer.Option("--into", help="Folder; default: your own strategies.")] = None,
) -> None:
    """Write a commented strategy file to begin with. Nothing is ever overwritten."""
    from alphaloop.engine.own_files import PREFIX, is_name

    if not is_name(name):
        _refuse("A strategy's name has small letters, digits and _, begins with a letter and has at most 40.")
    path = (into or _own_folder()) / f"{name}.py"
    if path.exists():
        _refuse(f"There is a file {path.name} already.")
    path.parent.mkdir(parents=True, exist_ok=True)
    template = resources.files("alphaloop.entrypoints.cli") / "templates" / "strategy.txt"
    path.write_text(template.read_text(encoding="utf-8").format(name=name), encoding="utf-8")
    typer.echo(f"Written: {path}\nIts key on the platform is {PREFIX}{name}.")


# Commands that stand beside `alphaloop strategies`, under these names.
ROOT = {"new-strategy": new}


def _own_folder() -> Path:
    try:
        from alphaloop.infra.settings import SettingsError, load_settings
    except ModuleNotFoundError:  # the plain wheel comes without a server's settings
        from alphaloop.infra.home import plain_home

        return plain_home() / "strategies"
    try:
        return load_settings().strategies_dir
    except SettingsError as error:
        _refuse(f"alphaloop: {error}")


def find_strategy(key: str) -> "Strategy":
    """The strategy of a key, `user:` ones from your own folder, or the one in a file; as the engine refuses it."""
    from alphaloop.engine.own_files import PREFIX, load_own, strategy_named

    return load_own(key, _own_folder()) if key.startswith(PREFIX) else strategy_named(key)


def _own() -> "list[Strategy]":
    """What lies in your own folder; a file that is no strategy is named on stderr and left out."""
    from alphaloop.core.errors import AlphaLoopError
    from alphaloop.engine.own_files import load_own, own_keys

    folder, found = _own_folder(), []
    for key in own_keys(folder):
        try:
            found.append(load_own(key, folder))
        except AlphaLoopError as error:
            typer.echo(error.message, err=True)
    return found


def _refuse(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(_BAD_INPUT)


@app.command("list")
def list_all(
    as_json: Annotated[bool, typer.Option("--json", help="Print keys, labels and parameters as JSON.")] = False,
) -> None:
    """Every strategy by key, your own files last."""
    from alphaloop.engine.strategy import CATEGORIES, list_strategies

    found = [*list_strategies(), *_own()]
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
