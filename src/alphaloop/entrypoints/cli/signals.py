"""`alphaloop signals`: what a strategy wants at the newest bars of some files, without a server."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from alphaloop.entrypoints.cli.backtest import load_bars, pairs, refuse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alphaloop.lab import LabBars

app = typer.Typer(no_args_is_help=True, help="Signals: what a strategy wants now.")


@app.callback()
def signals() -> None:
    """What strategies want at the newest bars."""


@app.command()
def scan(
    key: Annotated[str, typer.Argument(help="Strategy, such as reversion/bollinger, or your own file: my_idea.py.")],
    bars: Annotated[list[str], typer.Option("--bars", help="CSV or Parquet file, or 'sample'; NAME=FILE names it.")],
    param: Annotated[list[str] | None, typer.Option("--param", help="name=value, once per parameter.")] = None,
    extra: Annotated[
        list[str] | None,
        typer.Option("--extra", help="NAME=FILE, :COLUMN and *SCALE may follow: an input besides prices."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the signals as JSON.")] = False,
) -> None:
    """What KEY wants of each of BARS at its newest row; exit code 2 and one line on stderr when something does not
    fit."""
    from alphaloop.adapters.feeds import read_written
    from alphaloop.core.errors import AlphaLoopError
    from alphaloop.engine.extras import lay_extras
    from alphaloop.engine.own_files import strategy_named
    from alphaloop.features.signals.scanning import scan as look

    loaded = [load_bars(one) for one in bars]
    series = [one.series for one in loaded]
    try:
        strategy = strategy_named(key)
        params = strategy.parse(pairs(param or []))
        extras = lay_extras(dict(read_written(text) for text in extra or []), series)
        found = [_row(one, loaded) for one in look(strategy, series, params, extras=extras)]
    except AlphaLoopError as error:
        refuse(error.message)
    if as_json:
        import json

        typer.echo(json.dumps({"strategy": strategy.key, "signals": found}, ensure_ascii=False, allow_nan=False))
        return
    _print(strategy.key, found)


def _row(intent: dict[str, Any], loaded: "Sequence[LabBars]") -> dict[str, Any]:
    """One signal as people read it: its times as the file writes them, and its scores."""
    from alphaloop.core.signal import Sizing
    from alphaloop.features.signals import rules

    of = next(one for one in loaded if one.name == intent["instrument"])
    labels = dict(zip(of.series.ts_ms.tolist(), of.labels, strict=True))
    target, sizing, entry, stop = intent["target"], Sizing(intent["sizing"]), intent["price"], intent["stop"]
    weight = rules.weight_of(target, sizing, entry=entry, stop=stop, cap=None)
    return {
        "instrument": intent["instrument"],
        "ts": labels[intent["ts_ms"]],
        "since_ts": labels.get(intent["episode"], intent["episode"]),
        "age": intent["age"],
        "late": rules.is_late(target, intent["age"]),
        "direction": "FLAT" if target == 0 else "LONG" if target > 0 else "SHORT",
        "target": target,
        "sizing": sizing.value,
        "price": entry,
        "stop": stop,
        "take": intent["take"],
        "trail": intent["trail"],
        "strength": rules.strength_of(intent["strength"], target, sizing),
        "weight": weight,
        "risk_score": rules.risk_score(weight, entry=entry, stop=stop, volatility=intent["volatility"]),
        "rr_ratio": rules.rr_ratio(entry, stop, intent["take"]),
        "reason": intent["reason"],
    }


def _print(key: str, found: list[dict[str, Any]]) -> None:
    if not found:
        typer.echo(f"{key} wants nothing of these bars.")
    for one in found:
        late = ", too late to follow" if one["late"] else ""
        typer.echo(f"{one['instrument']} {one['ts']}: {one['direction']} since {one['since_ts']}{late}")
        names = ("price", "stop", "take", "weight", "risk_score", "rr_ratio")
        shown = (f"{name.replace('_', ' ')} {one[name]:,.6g}" for name in names if one[name] is not None)
        typer.echo(f"  {', '.join(shown)}")
        if one["reason"]:
            typer.echo(f"  {one['reason']}")
