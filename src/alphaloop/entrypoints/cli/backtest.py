"""`alphaloop backtest`: a strategy over a file of bars, as a table for people or as JSON for scripts."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alphaloop.engine.run import Result
    from alphaloop.lab import LabBars

app = typer.Typer(no_args_is_help=True, help="Backtests: run a strategy over a file of bars.")

_BAD_INPUT = 2
_ROWS_SHOWN = 10


@app.callback()
def backtest() -> None:
    """Strategies over history."""


# Numbers arrive as text so that a wrong one is answered in one line, like every other wrong input.
@app.command()
def run(
    key: Annotated[str, typer.Argument(help="Strategy: reversion/bollinger, user:my_idea, or a file my_idea.py.")],
    bars: Annotated[list[str], typer.Option("--bars", help="CSV or Parquet file, or 'sample'; NAME=FILE names it.")],
    param: Annotated[list[str] | None, typer.Option("--param", help="name=value, once per parameter.")] = None,
    extra: Annotated[
        list[str] | None,
        typer.Option("--extra", help="NAME=FILE, :COLUMN and *SCALE may follow: an input besides prices."),
    ] = None,
    cash: Annotated[str, typer.Option("--cash", help="Starting cash in quote units.")] = "1000000",
    fee: Annotated[str, typer.Option("--fee", help="Fee per side, as a fraction of the price.")] = "0",
    slippage: Annotated[str, typer.Option("--slippage", help="Slippage per side, as a fraction.")] = "0",
    fill: Annotated[str, typer.Option("--fill", help="open (of the next bar) or close (of this one).")] = "open",
    start_bar: Annotated[
        str | None, typer.Option("--start-bar", help="First row that may decide; default: after the warm-up.")
    ] = None,
    units: Annotated[bool, typer.Option("--whole", help="Trade whole units only.")] = False,
    can_short: Annotated[bool, typer.Option("--can-short", help="Short positions may be opened.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print metrics, trades and equity as JSON.")] = False,
) -> None:
    """Run KEY over BARS (given again: over several together); exit code 2 and one line on stderr when something does
    not fit."""
    from alphaloop.adapters.feeds import read_written
    from alphaloop.core.errors import AlphaLoopError
    from alphaloop.engine.extras import lay_extras
    from alphaloop.engine.run import rows_of, run_strategy
    from alphaloop.entrypoints.cli.strategies import find_strategy

    loaded = [load_bars(one) for one in bars]
    series = [one.series for one in loaded]
    try:
        strategy = find_strategy(key)
        result = run_strategy(
            strategy,
            series,
            strategy.parse(pairs(param or [])),
            extras=lay_extras(dict(read_written(text) for text in extra or []), series),
            cash=number("cash", cash),
            fee=number("fee", fee),
            slippage=number("slippage", slippage),
            fill=fill,
            start_bar=None if start_bar is None else whole("start-bar", start_bar),
            whole=units,
            can_short=can_short,
        )
    except AlphaLoopError as error:
        refuse(error.message)
    labels = row_labels(loaded, result)
    if as_json:
        import json

        typer.echo(json.dumps(rows_of(result, labels), ensure_ascii=False, allow_nan=False))
        return
    _print(result, labels)


def load_bars(written: str) -> "LabBars":
    """The bars of FILE or NAME=FILE, or of a built-in series; a file's own name is the instrument's otherwise."""
    import dataclasses

    from alphaloop.core.errors import AlphaLoopError
    from alphaloop.lab import load

    name, equals, rest = written.partition("=")
    named = bool(equals) and not Path(written).is_file()
    source = rest if named else written
    try:
        loaded = load(source if source == "sample" else Path(source))
    except AlphaLoopError as error:
        refuse(error.message)
    except OSError as error:
        refuse(f"{Path(source).name} cannot be read: {error.strerror}.")
    return dataclasses.replace(loaded, series=loaded.series._replace(name=name)) if named else loaded


def row_labels(loaded: "Sequence[LabBars]", result: "Result") -> "list[Any]":
    """The time of each row as the files write it; the first file that has the row decides."""
    written = {
        ts: label for one in reversed(loaded) for ts, label in zip(one.series.ts_ms.tolist(), one.labels, strict=True)
    }
    return [written[ts] for ts in result.panel.ts_ms.tolist()]


def refuse(message: str) -> NoReturn:
    """End with one line on stderr and the exit code of bad input."""
    typer.echo(message, err=True)
    raise typer.Exit(_BAD_INPUT)


def pairs(given: list[str]) -> dict[str, str]:
    """name=value texts as a mapping."""
    found = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name:
            refuse("A parameter is written name=value.")
        found[name] = value
    return found


def number(name: str, text: str) -> float:
    """A finite number of the command line."""
    import math
    import re

    if re.fullmatch(r"-?[0-9]{1,18}(\.[0-9]{1,18})?([eE]-?[0-9]{1,2})?", text, re.ASCII):
        value = float(text)
        if math.isfinite(value):
            return value
    refuse(f"{name} must be a number.")


def whole(name: str, text: str) -> int:
    """A whole number of the command line, 0 or more."""
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        refuse(f"{name} must be a whole number, 0 or more.")
    return int(text)


def _print(result: "Result", labels: "Sequence[Any]") -> None:
    from rich.console import Console
    from rich.table import Table

    from alphaloop.engine.run import rows_of

    console = Console()
    console.print(str(result), highlight=False)
    trades = rows_of(result, labels)["trades"]
    if not trades:
        console.print("No trades.")
        return
    table = Table(title=f"Last trades of {len(trades)}", title_justify="left")
    for name in ("from", "to", "side", "quantity", "entry", "exit", "profit"):
        table.add_column(name, justify="left" if name in ("from", "to", "side") else "right")
    for trade in trades[-_ROWS_SHOWN:]:
        figures = (trade["quantity"], trade["entry_price"], trade["exit_price"], trade["pnl"])
        times = (str(trade["entry_ts"]), str(trade["exit_ts"]))
        table.add_row(*times, trade["side"], *(f"{figure:,.6g}" for figure in figures))
    console.print(table)
