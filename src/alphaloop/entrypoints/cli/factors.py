"""`alphaloop factors`: what there is to tell winners from losers by, and a report on one of them over files of bars."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alphaloop.entrypoints.cli.backtest import pairs, refuse, whole

if TYPE_CHECKING:
    from alphaloop.engine.panel import Floats, Ints, Series

app = typer.Typer(no_args_is_help=True, help="Factors: numbers that are meant to tell later winners from losers.")

JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_FILES = (".csv", ".parquet")
_CLOSE = "close"


@app.callback()
def factors() -> None:
    """Numbers that are meant to tell later winners from losers."""


@app.command(name="list")
def list_factors(as_json: JSON = False) -> None:
    """Every factor with what it needs and the rows it may be asked for."""
    from alphaloop.kernels.factors import FACTORS

    if as_json:
        import json

        typer.echo(json.dumps([one._asdict() for one in FACTORS.values()], ensure_ascii=False))
        return
    for one in FACTORS.values():
        given = ", ".join(f"{name}={value}" for name, value in one.params.items())
        typer.echo(f"{one.key:<20} {one.category:<12} {one.meaning['en']}{f' ({given})' if given else ''}")


@app.command()
def report(
    name: Annotated[str, typer.Argument(help="Factor, such as momentum; `factors list` names them.")],
    bars: Annotated[
        list[str] | None, typer.Option("--bars", help="CSV or Parquet file of one instrument, or a folder of them.")
    ] = None,
    table: Annotated[
        list[str] | None,
        typer.Option("--table", help="input=FILE: ts and one column per instrument, such as market_cap=caps.csv."),
    ] = None,
    param: Annotated[list[str] | None, typer.Option("--param", help="name=rows, once per parameter.")] = None,
    horizon: Annotated[list[str] | None, typer.Option("--horizon", help="Rows ahead, once each: 1, 5 and 20.")] = None,
    quantiles: Annotated[str, typer.Option("--quantiles", help="Groups from the lowest to the highest.")] = "5",
    delay: Annotated[str, typer.Option("--delay", help="Rows from the factor to the trade.")] = "1",
    as_json: JSON = False,
) -> None:
    """Does the factor NAME tell later winners from losers? Instruments are the files of BARS, or the columns of a
    table of closes; exit code 2 and one line on stderr when something does not fit."""
    from alphaloop.core.errors import AlphaLoopError
    from alphaloop.kernels.factors.study import study_factor

    try:
        inputs, ts_ms, names = _inputs(bars or [], pairs(table or []))
        made = study_factor(
            name,
            inputs,
            ts_ms=ts_ms,
            names=names,
            params={key: whole(key, value) for key, value in pairs(param or []).items()},
            horizons=[whole("horizon", one) for one in horizon or ["1", "5", "20"]],
            quantiles=whole("quantiles", quantiles),
            delay=whole("delay", delay),
        )
    except AlphaLoopError as error:
        refuse(error.message)
    except ValueError as error:
        refuse(f"{error}.")
    if as_json:
        import json

        typer.echo(json.dumps(made, ensure_ascii=False, allow_nan=False))
        return
    _print(made)


def _inputs(bars: Sequence[str], tables: dict[str, str]) -> "tuple[dict[str, Floats], Ints, tuple[str, ...]]":
    """Tables by input, their rows' times and the instruments; tables of slower figures stand until the next one."""
    from alphaloop.kernels.factors import INPUTS

    if unknown := tables.keys() - INPUTS.keys():
        refuse(f"There is no input {min(unknown)}; there are {', '.join(INPUTS)}.")
    read = {name: _wide(Path(file)) for name, file in tables.items()}
    if bars:
        from alphaloop.engine.panel import make_panel

        panel = make_panel(_all_series(bars))
        inputs = {_CLOSE: panel.close, "volume": panel.volume, "traded": panel.close * panel.volume}
        ts_ms, names = panel.ts_ms, panel.names
    elif _CLOSE in read:
        ts_ms, names, closes = read.pop(_CLOSE)
        inputs = {_CLOSE: closes}
    else:
        refuse("Name files with --bars, or a table of closes with --table close=FILE.")
    for name, (times, columns, values) in read.items():
        inputs[name] = _as_known(times, columns, values, ts_ms=ts_ms, names=names)
    return inputs, ts_ms, names


def _all_series(bars: Sequence[str]) -> "list[Series]":
    from alphaloop.lab import load

    files = []
    for one in map(Path, bars):
        found = sorted(path for path in one.rglob("*") if path.suffix in _FILES) if one.is_dir() else [one]
        files += found or [one]
    # Files of the same name lie in folders that are named after their instruments.
    stems = [path.stem for path in files]
    names = stems if len(set(stems)) == len(stems) else [path.parent.name for path in files]
    return [load(path).series._replace(name=name) for path, name in zip(files, names, strict=True)]


def _wide(path: Path) -> "tuple[Ints, tuple[str, ...], Floats]":
    """Times, instruments and float64[T,N] of a table with a column ts and one for each instrument."""
    import numpy as np
    import polars as pl

    if path.suffix not in _FILES or not path.is_file():
        refuse(f"There is no .csv or .parquet file {path.name}.")
    try:
        frame = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, try_parse_dates=True)
        times = frame["ts"] if frame["ts"].dtype.is_integer() else frame["ts"].cast(pl.Datetime("ms")).dt.epoch("ms")
        ts_ms = times.to_numpy().astype(np.int64)
        columns = tuple(name for name in frame.columns if name != "ts")
        values = frame.select(pl.col(columns).cast(pl.Float64)).to_numpy()
    except pl.exceptions.PolarsError as error:
        refuse(f"{path.name} is no table of ts and numbers: {str(error).splitlines()[0]}")
    if not (np.diff(ts_ms) > 0).all():
        refuse(f"The times of {path.name} do not increase.")
    return ts_ms, columns, values


def _as_known(
    times: "Ints", columns: tuple[str, ...], values: "Floats", *, ts_ms: "Ints", names: tuple[str, ...]
) -> "Floats":
    """The newest value at or before each row, per instrument; NaN before the first and for instruments without one."""
    import numpy as np

    made = np.full((len(ts_ms), len(names)), np.nan)
    for n, name in enumerate(names):
        if name in columns:
            column = values[:, columns.index(name)]
            known = np.flatnonzero(np.isfinite(column))
            at = np.searchsorted(times[known], ts_ms, side="right") - 1
            made[at >= 0, n] = column[known[at[at >= 0]]]
    return made


def _print(made: dict[str, Any]) -> None:
    def number(value: float | None, form: str) -> str:
        return "n/a" if value is None else format(value, form)

    typer.echo(f"{made['label']['en']}: {len(made['instruments'])} instruments, {made['rows']} rows")
    typer.echo(f"{'rows':>6}{'rank IC':>10}{'95 %':>18}{'t':>8}{'hit':>7}{'spread':>10}{'break-even':>12}")
    for place, one in enumerate(made["rank_ic"]):
        span = f"{number(one['low'], '+.3f')} {number(one['high'], '+.3f')}"
        typer.echo(
            f"{one['horizon']:>6}{number(one['mean'], '+.4f'):>10}{span:>18}{number(one['t'], '+.1f'):>8}"
            f"{number(one['hit'], '.0%'):>7}{number(made['spread'][place], '+.3%'):>10}"
            f"{number(made['break_even'][place], '.3%'):>12}"
        )
    for place, horizon in enumerate(made["horizons"]):
        told = "  ".join(number(one, "+.3%") for one in made["quantile_returns"][place])
        typer.echo(f"mean return after {horizon}, lowest to highest: {told}")
    typer.echo(f"coverage {number(made['coverage'], '.0%')}, persistence {number(made['persistence'], '.3f')}")
    for one in made["others"][:3]:
        typer.echo(f"like {one['factor']}: {one['mean']:+.2f}")
    for warning in made["warnings"]:
        typer.echo(f"! {warning['text']['en']}")
