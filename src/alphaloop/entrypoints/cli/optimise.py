"""`alphaloop backtest optimise`: a search for better parameters over files of bars, on as many cores as there are."""

import json
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alphaloop.entrypoints.cli.backtest import app, load_bars, number, pairs, refuse, whole
from alphaloop.entrypoints.cli.honesty import CASH, FEE, JSON, KEY, PARAM

if TYPE_CHECKING:
    from alphaloop.engine.optimise import Goal, Outcome, Plan, Point, Trial, Verdict


@app.command()
def optimise(
    key: KEY,
    bars: Annotated[list[str], typer.Option("--bars", help="CSV or Parquet file, or 'sample'; NAME=FILE names it.")],
    over: Annotated[
        list[str] | None,
        typer.Option("--over", help="name=low:high, name=low:high:step or name=value,value; default: all in bounds."),
    ] = None,
    param: PARAM = None,
    extra: Annotated[list[str] | None, typer.Option("--extra", help="NAME=FILE: an input besides prices.")] = None,
    method: Annotated[str, typer.Option("--method", help="grid, random or bayes.")] = "bayes",
    metric: Annotated[str, typer.Option("--metric", help="What is sought, such as sharpe or max_drawdown.")] = "sharpe",
    minimise: Annotated[bool, typer.Option("--minimise", help="Seek the smallest.")] = False,
    where: Annotated[
        list[str] | None, typer.Option("--where", help="'max_drawdown<=0.2', 'fast<slow': a condition.")
    ] = None,
    trials: Annotated[str, typer.Option("--trials", help="Runs at most.")] = "100",
    seconds: Annotated[str | None, typer.Option("--seconds", help="No new runs after this long.")] = None,
    seed: Annotated[str, typer.Option("--seed", help="Decides every draw.")] = "0",
    held_out: Annotated[str, typer.Option("--held-out", help="Share at the end that only the best sees.")] = "0.3",
    processes: Annotated[str, typer.Option("--processes", help="Processes; 0: one per core.")] = "0",
    resume: Annotated[str | None, typer.Option("--resume", help="Keep trials in this file, and go on from it.")] = None,
    cash: CASH = "1000000",
    fee: FEE = "0",
    as_json: JSON = False,
) -> None:
    """Search better parameters of KEY on BARS. The best so far is told on stderr; Ctrl-C ends the search and tells what
    there is, and with --resume the same command goes on from there."""
    from alphaloop.core.errors import AlphaLoopError

    question = {
        "key": key,
        "bars": bars,
        "over": over or [],
        "param": param or [],
        "extra": extra or [],
        "method": method,
        "metric": metric,
        "minimise": minimise,
        "where": where or [],
        "seed": whole("seed", seed),
        "held_out": number("held-out", held_out),
        "cash": number("cash", cash),
        "fee": number("fee", fee),
    }
    budget = (whole("trials", trials), None if seconds is None else number("seconds", seconds))
    try:
        made = _search(question, budget, whole("processes", processes), None if resume is None else Path(resume))
    except AlphaLoopError as error:
        refuse(error.message)
    if as_json:
        typer.echo(json.dumps(made, ensure_ascii=False, allow_nan=False))
    else:
        _print(made)


def _search(
    question: dict[str, Any], budget: tuple[int, float | None], processes: int, file: Path | None
) -> dict[str, Any]:
    """The search as plain JSON: {trials, best, verdict, importance}."""
    from alphaloop.engine.optimise import Plan, best_of, importance, judge_best, search
    from alphaloop.entrypoints.cli.trial_file import TrialFile
    from alphaloop.infra.jobs.crew import Crew, Rounds, cores

    began = time.monotonic()
    ready = make_ready(question)
    space, goal, arena = ready["space"], ready["goal"], ready["arena"]
    plan = Plan(space, goal, question["method"], budget[0], question["seed"])
    kept = None if file is None else TrialFile(file, {**question, "source": arena.strategy.source_hash})
    found: list[Trial] = [] if kept is None else list(kept.trials)
    say = partial(_say, plan, goal, found)

    def keep(batch: "list[Trial]") -> None:
        if kept is not None:
            kept.add(batch)
        found.extend(batch)
        say()

    def more() -> bool:
        return budget[1] is None or time.monotonic() - began < budget[1]

    with Crew(make_ready, run_share, question, count=processes or cores()) as crew:
        rounds: Rounds[Point, Outcome] = Rounds(crew, partial(run_share, ready), left=budget[0] - len(found))
        try:
            search(plan, rounds.run, past=list(found), on_trials=keep, more=more, batch=rounds.size)
        except KeyboardInterrupt:
            typer.echo("\nStopped.", err=True)
        finally:
            if kept is not None:
                kept.close()
    typer.echo("", err=True)
    best = best_of(found, goal)
    verdict: Verdict | None = None
    if best is not None:
        verdict = judge_best(arena, space, goal, best, trials=found, bars=ready["bars"], rules=ready["rules"])
    return {
        "strategy": arena.strategy.key,
        "method": plan.method,
        "metric": goal.metric,
        "trials": len(found),
        "best": None if best is None else best.to_json(),
        "verdict": None if verdict is None else verdict.to_json(),
        "importance": importance(found, space, goal),
        "rows": {"start": arena.start, "cut": arena.cut, "rows": arena.rows},
    }


def make_ready(question: Mapping[str, Any]) -> dict[str, Any]:
    """Load the strategy and the bars of a question; each process of a crew does it for itself."""
    from alphaloop.adapters.feeds import read_written
    from alphaloop.engine.extras import lay_extras
    from alphaloop.engine.optimise import METRICS, Goal, lay_out, make_space, parse_constraint
    from alphaloop.engine.own_files import strategy_named

    strategy = strategy_named(question["key"])
    ranges = {name: _range(text) for name, text in pairs(question["over"]).items()}
    space = make_space(strategy, ranges, pairs(question["param"]))
    known = {*METRICS, *strategy.schema()["properties"]}
    conditions = tuple(parse_constraint(text, known) for text in question["where"])
    goal = Goal(question["metric"], False if question["minimise"] else None, conditions, space.fixed)
    bars = [load_bars(one).series for one in question["bars"]]
    rules: dict[str, Any] = {"cash": question["cash"], "fee": question["fee"]}
    if question["extra"]:
        rules["extras"] = lay_extras(dict(read_written(text) for text in question["extra"]), bars)
    arena = lay_out(strategy, bars, space, held_out=question["held_out"], rules=rules)
    return {"space": space, "goal": goal, "arena": arena, "bars": bars, "rules": rules}


def run_share(ready: Mapping[str, Any], points: "list[Point]") -> "list[Outcome]":
    from alphaloop.engine.optimise import run_points

    return run_points(ready["arena"], ready["space"], points)


def _range(text: str) -> Any:
    """'5:50:5' or '5,10,20' as a range."""
    if ":" not in text:
        return text.split(",")
    parts = text.split(":")
    if len(parts) not in (2, 3):
        refuse("A range is written low:high or low:high:step.")
    return {name: number(name, part) for name, part in zip(("low", "high", "step"), parts, strict=False)}


def _say(plan: "Plan", goal: "Goal", found: "list[Trial]") -> None:
    from alphaloop.engine.optimise import best_of

    best = best_of(found, goal)
    told = "nothing meets the conditions yet"
    if best is not None:
        told = f"{goal.metric} {goal.value(best):.4g} at {_point(best.point)}"
    typer.echo(f"\r\033[K{len(found)}/{plan.trials}  best: {told}", err=True, nl=False)


def _point(point: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in point.items())


def _print(made: dict[str, Any]) -> None:
    best, verdict = made["best"], made["verdict"]
    if best is None:
        typer.echo(f"{made['trials']} trials, and none meets every condition.")
        return
    rows = made["rows"]
    typer.echo(f"Best of {made['trials']} trials by {made['metric']}: {_point(best['point'])}")
    typer.echo(f"{'':<16}{'seen':>12}{'held out':>12}")
    for name in ("total_return", "sharpe", "max_drawdown", "trades"):
        cells = (verdict["seen"], verdict["unseen"] or {})
        typer.echo(f"{name:<16}" + "".join(f"{_figure(one.get(name)):>12}" for one in cells))
    typer.echo(f"Trials saw rows {rows['start']} to {rows['cut'] - 1} of {rows['rows']}.")
    typer.echo(f"more than luck among so many trials  {_figure(verdict['deflated'])}")
    typer.echo(f"probability of overfitting           {_figure(verdict['overfitting'])}")
    typer.echo(f"neighbours that keep half of it      {_figure(verdict['kept_share'])}")
    if made["importance"]:
        typer.echo("what decided: " + ", ".join(f"{name} {share:.0%}" for name, share in made["importance"].items()))


def _figure(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.4g}"
