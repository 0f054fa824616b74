"""`alphaloop backtest why` and `watch`: ask a run about one bar, and run a file anew whenever it is saved."""

from collections.abc import Callable
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alphaloop.entrypoints.cli.backtest import app, load_bars, number, pairs, refuse

if TYPE_CHECKING:
    from alphaloop.lab import LabBars, LabResult

KEY = Annotated[str, typer.Argument(help="Strategy, such as reversion/bollinger, or your own file: my_idea.py.")]
BARS = Annotated[list[str], typer.Option("--bars", help="CSV or Parquet file, or 'sample'; NAME=FILE names it.")]
PARAM = Annotated[list[str] | None, typer.Option("--param", help="name=value, once per parameter.")]
CASH = Annotated[str, typer.Option("--cash", help="Starting cash in quote units.")]
FEE = Annotated[str, typer.Option("--fee", help="Fee per side, as a fraction of the price.")]
FILL = Annotated[str, typer.Option("--fill", help="open (of the next bar) or close (of this one).")]
_SHOWN = ("trades", "total_return", "sharpe", "max_drawdown")


@app.command()
def why(
    key: KEY,
    bars: BARS,
    at: Annotated[str, typer.Option("--at", help="Day, time (ISO 8601) or row of the bar.")],
    param: PARAM = None,
    instrument: Annotated[str | None, typer.Option("--instrument", help="Of several; default: the first.")] = None,
    cash: CASH = "1000000",
    fee: FEE = "0",
    fill: FILL = "open",
    language: Annotated[str, typer.Option("--language", help="en or zh.")] = "en",
    as_json: Annotated[bool, typer.Option("--json", help="Print codes and figures as JSON.")] = False,
) -> None:
    """Why KEY traded in the bar, or did not: what was wanted, its size, the rules, the fill."""
    from alphaloop.core.errors import AlphaLoopError

    if language not in ("en", "zh"):
        refuse("language is en or zh.")
    loaded = [load_bars(one) for one in bars]
    try:
        result = _run(key, loaded, param, cash=number("cash", cash), fee=number("fee", fee), fill=fill)
        answer = result.why(int(at) if at.removeprefix("-").isdigit() and len(at) < 8 else at, instrument)
    except AlphaLoopError as error:
        refuse(error.message)
    if as_json:
        import json

        steps = [{"stage": one.stage, "code": one.code, "facts": dict(one.facts)} for one in answer.reasons]
        told = {"instrument": answer.instrument, "row": answer.row, "traded": answer.traded, "reasons": steps}
        typer.echo(json.dumps(told, ensure_ascii=False, allow_nan=False))
        return
    typer.echo("\n".join([f"{answer.instrument} {answer.label(answer.row)}", *answer.lines(language)]))


@app.command()
def watch(
    file: Annotated[str, typer.Argument(help="Your own strategy file, such as my_idea.py.")],
    bars: BARS,
    param: PARAM = None,
    cash: CASH = "1000000",
    fee: FEE = "0",
    fill: FILL = "open",
    every: Annotated[str, typer.Option("--every", help="Seconds between two looks at the file.")] = "0.5",
) -> None:
    """Run FILE over BARS, and again whenever it is saved; a mistake is told with its line. Ctrl-C ends it."""
    path, pause = Path(file), number("every", every)
    if path.suffix != ".py" or not path.is_file():
        refuse(f"There is no file {path.name} to watch: give a strategy of your own, such as my_idea.py.")
    if not 0.0 < pause <= 3600.0:
        refuse("every must lie between 0 and 3600 seconds.")
    loaded = [load_bars(one) for one in bars]
    conditions = {"cash": number("cash", cash), "fee": number("fee", fee), "fill": fill}
    before: dict[str, Any] = {}

    def again() -> None:
        told = _attempt(file, loaded, param, conditions)
        if told is not None:
            typer.echo(_changes(before, told))
            before.update(told)

    try:
        watch_file(path, again, pause=lambda: sleep(pause))
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


def watch_file(path: Path, act: Callable[[], None], *, pause: Callable[[], object]) -> None:
    """Call `act` now and after every change of the file, until `act` or `pause` raises."""
    seen: bytes | None = None
    while True:
        text = _text(path)
        # An editor may take the file away, or empty it, for a moment before it puts the new one there.
        if text and text != seen:
            seen = text
            act()
        pause()


def _text(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _attempt(file: str, loaded: "list[LabBars]", param: list[str] | None, conditions: Any) -> dict[str, Any] | None:
    """Print a run of the file, or what is wrong with it; its metrics."""
    from alphaloop.core.errors import AlphaLoopError

    try:
        result = _run(file, loaded, param, **conditions)
    except AlphaLoopError as error:
        typer.echo(error.message, err=True)
        return None
    typer.echo(str(result))
    return result.metrics


def _changes(before: dict[str, Any], after: dict[str, Any]) -> str:
    """One line on what the edit did to the figures that people look at first."""
    if not before:
        return "Watching; save the file to run it again, Ctrl-C to end."
    parts = [
        f"{name} {_figure(before[name])} → {_figure(after[name])}" for name in _SHOWN if before[name] != after[name]
    ]
    return ", ".join(parts) if parts else "The edit changed none of these figures."


def _figure(value: float | None) -> str:
    return "n/a" if value is None else f"{value:,.4g}"


def _run(key: str, loaded: "list[LabBars]", param: list[str] | None, **conditions: Any) -> "LabResult":
    """A run as the lab makes it; InvalidError for strategies of option legs, which fill no bars."""
    from alphaloop.core.errors import InvalidError
    from alphaloop.engine.own_files import strategy_named
    from alphaloop.lab import LabResult
    from alphaloop.lab.running import run

    strategy = strategy_named(key)
    bars = loaded[0] if len(loaded) == 1 else loaded
    result = run(bars, strategy, strategy.parse(pairs(param or [])), conditions)
    if not isinstance(result, LabResult):
        raise InvalidError("This is told of strategies that trade bars, not of option legs.", code="option_legs")
    return result
