"""`alphaloop backtest passport` and `sweep`: whether a result is honest, and what other parameters would have made."""

import itertools
from typing import Annotated

import typer

from alphaloop.entrypoints.cli.backtest import app, number, pairs, refuse, whole

KEY = Annotated[str, typer.Argument(help="Strategy, such as reversion/bollinger, or your own file: my_idea.py.")]
BARS = Annotated[str, typer.Option("--bars", help="CSV or Parquet file, or 'sample'.")]
PARAM = Annotated[list[str] | None, typer.Option("--param", help="name=value, once per parameter.")]
CASH = Annotated[str, typer.Option("--cash", help="Starting cash in quote units.")]
FEE = Annotated[str, typer.Option("--fee", help="Fee per side, as a fraction of the price.")]
JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_MOST = 10_000


@app.command()
def passport(
    key: KEY,
    bars: BARS,
    param: PARAM = None,
    cash: CASH = "1000000",
    fee: FEE = "0",
    draws: Annotated[str, typer.Option("--draws", help="Markets to draw anew.")] = "100",
    trials: Annotated[str | None, typer.Option("--trials", help="How many parameter sets were ever tried.")] = None,
    seed: Annotated[str, typer.Option("--seed", help="Decides every draw.")] = "0",
    as_json: JSON = False,
) -> None:
    """Ask nine questions of KEY on BARS: does it look ahead, did luck or the search for it make the result? Exit code 1
    when one of them fails."""
    from alphaloop.core.errors import AlphaLoopError
    from alphaloop.engine.honesty import make_passport
    from alphaloop.engine.honesty.passport import QUESTIONS
    from alphaloop.engine.own_files import strategy_named
    from alphaloop.lab import load

    def say(question: str) -> None:
        if not as_json:
            typer.echo(QUESTIONS[question]["en"], err=True)

    try:
        strategy = strategy_named(key)
        made = make_passport(
            strategy,
            load(bars).series,
            strategy.parse(pairs(param or [])),
            trials=None if trials is None else whole("trials", trials),
            draws=whole("draws", draws),
            seed=whole("seed", seed),
            on_check=say,
            cash=number("cash", cash),
            fee=number("fee", fee),
        )
    except AlphaLoopError as error:
        refuse(error.message)
    if as_json:
        import json

        typer.echo(json.dumps(made.to_json(), ensure_ascii=False, allow_nan=False))
    else:
        for check in made.checks:
            typer.echo(f"{check.verdict:<8} {check.figure:>8.3f}  {check.question}")
        typer.echo(f"verdict: {made.verdict}")
    raise typer.Exit(1 if made.verdict == "fail" else 0)


@app.command()
def sweep(
    key: KEY,
    bars: BARS,
    over: Annotated[list[str], typer.Option("--over", help="name=value,value,…, once per parameter to vary.")],
    param: PARAM = None,
    cash: CASH = "1000000",
    fee: FEE = "0",
    by: Annotated[str, typer.Option("--by", help="Metric to sort by, best first.")] = "sharpe",
    top: Annotated[str, typer.Option("--top", help="Rows to show.")] = "20",
    as_json: JSON = False,
) -> None:
    """Run KEY with every combination of the values; the best of many is luck until `passport` says otherwise."""
    from alphaloop.core.errors import AlphaLoopError
    from alphaloop.engine.backtest import run_backtest
    from alphaloop.engine.own_files import strategy_named
    from alphaloop.lab import load

    grid = {name: values.split(",") for name, values in pairs(over).items()}
    combinations = [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
    if len(combinations) > _MOST:
        refuse(f"At most {_MOST:,} combinations.")
    fixed, rows = pairs(param or []), []
    try:
        strategy, series = strategy_named(key), load(bars).series
        for chosen in combinations:
            params = strategy.parse({**fixed, **chosen})
            made = run_backtest(strategy, series, params, cash=number("cash", cash), fee=number("fee", fee))
            rows.append({**{name: getattr(params, name) for name in grid}, **made.metrics})
    except AlphaLoopError as error:
        refuse(error.message)
    if by not in rows[0]:
        refuse(f"There is no metric {by}; there are {', '.join(name for name in rows[0] if name not in grid)}.")
    rows.sort(key=lambda row: (row[by] is None, -(row[by] or 0.0)))
    rows = rows[: whole("top", top)]
    if as_json:
        import json

        typer.echo(json.dumps({"runs": len(combinations), "rows": rows}, ensure_ascii=False, allow_nan=False))
        return
    names = [*grid, *dict.fromkeys(["trades", "total_return", "sharpe", "max_drawdown", by])]
    typer.echo("".join(f"{name:>14}" for name in names))
    for row in rows:
        cells = ("n/a" if row[name] is None else f"{row[name]:.4g}" for name in names)
        typer.echo("".join(f"{cell:>14}" for cell in cells))
    typer.echo(f"{len(combinations)} runs")
