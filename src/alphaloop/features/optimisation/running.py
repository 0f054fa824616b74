"""The search itself, in the child process and its crew: bars and a question in, trials and a verdict out. It knows no
database."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from alphaloop.engine.honesty.periods import Bars, row_times
from alphaloop.engine.optimise import (
    METRICS,
    Arena,
    Axis,
    Goal,
    Outcome,
    Plan,
    Point,
    Space,
    Trial,
    best_of,
    importance,
    judge_best,
    lay_out,
    make_constraint,
    make_space,
    run_points,
    search,
)
from alphaloop.features.backtests.running import as_series, extras_beside, find, read_table
from alphaloop.features.market.service import BarStore
from alphaloop.infra.jobs.child import Teller
from alphaloop.infra.jobs.crew import Crew, Rounds

TARGET = f"{__name__}:run"


@dataclass(frozen=True, slots=True)
class Ready:
    """A question with everything that trials need."""

    plan: Plan
    arena: Arena
    bars: Bars
    rules: Mapping[str, Any]


def run(args: dict[str, Any], report: Teller) -> dict[str, Any]:
    """{best, verdict} for the arguments that `service.arguments_of` made, `past` trials counted; the layout and each
    batch of trials are sent ahead. InvalidError says what does not fit."""
    began = time.monotonic()
    asked, past = args["search"], [Trial.of(row) for row in args.pop("past")]
    report(len(past), asked["trials"], "bars")
    ready = make_ready(args)
    plan, goal = ready.plan, ready.plan.goal
    report.part({"layout": layout_of(ready, args)})
    # The first trial may have to compile: that is no longer the reading of bars.
    report(len(past), plan.trials, "trials")
    best = best_of(past, goal)

    def keep(found: list[Trial]) -> None:
        nonlocal best
        best = best_of(found if best is None else [best, *found], goal)
        rows = [row_of(trial, goal) for trial in found]
        report.part({"trials": rows, "best": None if best is None else row_of(best, goal)})
        report(found[-1].number + 1, plan.trials, "trials")

    def more() -> bool:
        return asked["seconds"] is None or time.monotonic() - began < asked["seconds"]

    with Crew(make_ready, work, args, count=args["processes"]) as crew:
        rounds = Rounds(crew, partial(work, ready), left=plan.trials - len(past))
        trials = search(plan, rounds.run, past=past, on_trials=keep, more=more, batch=rounds.size)
    report(len(trials), plan.trials, "verdict")
    if best is None:
        return {"best": None, "verdict": None}
    verdict = judge_best(ready.arena, plan.space, goal, best, trials=trials, bars=ready.bars, rules=ready.rules)
    shares = importance(trials, plan.space, goal)
    return {"best": row_of(best, goal), "verdict": {**verdict.to_json(), "importance": shares}}


def make_ready(args: dict[str, Any]) -> Ready:
    """Load the strategy and the bars of a question; each process of a crew does it for itself."""
    asked = args["search"]
    strategy = find(args["strategy"], args["strategies_dir"])
    ranges = {name: one["values"] or one for name, one in asked["ranges"].items()}
    space = make_space(strategy, ranges, asked["params"])
    plan = Plan(space, goal_of(asked, space), asked["method"], asked["trials"], asked["seed"])
    store = BarStore(args["bars_dir"])
    bars = [as_series(key, read_table(store, key, args)) for key in args["keys"]]
    rules = args["rules"] | {"instruments": args["instruments"], "actions": args["actions"]}
    rules["extras"] = extras_beside(strategy, bars, args)
    arena = lay_out(strategy, bars, space, held_out=asked["held_out"], rules=rules)
    return Ready(plan, arena, bars, rules)


def work(ready: Ready, points: list[Point]) -> list[Outcome]:
    return run_points(ready.arena, ready.plan.space, points)


def goal_of(asked: Mapping[str, Any], space: Space | None = None) -> Goal:
    """The goal of a question; its conditions too where the space is known whose names they may use."""
    goal = Goal(asked["metric"], asked["maximise"])
    if space is None:
        return goal
    known = {*METRICS, *space.fixed, *(axis.name for axis in space.axes)}
    found = tuple(make_constraint(one["left"], one["op"], one["right"], known=known) for one in asked["constraints"])
    return replace(goal, constraints=found, fixed=space.fixed)


def layout_of(ready: Ready, args: Mapping[str, Any]) -> dict[str, Any]:
    """The space and the rows as plain JSON; the space can be had again by `space_of`."""
    arena, space = ready.arena, ready.plan.space
    cut_ts = int(row_times(ready.bars)[arena.cut]) if arena.cut < arena.rows else None
    return {
        "axes": [{**asdict(axis), "options": list(axis.options)} for axis in space.axes],
        "fixed": dict(space.fixed),
        "start": arena.start,
        "cut": arena.cut,
        "rows": arena.rows,
        "cut_ts": cut_ts,
        "upward": ready.plan.goal.upward,
        # Settlements are rows of one history, and a search cuts it.
        "notes": ["funding_left_out"] if any(args["settlements"].values()) else [],
    }


def space_of(layout: Mapping[str, Any]) -> Space:
    """The space that `layout_of` told of."""
    axes = (Axis(**{**axis, "options": tuple(axis["options"])}) for axis in layout["axes"])
    return Space(tuple(axes), layout["fixed"])


def row_of(trial: Trial, goal: Goal) -> dict[str, Any]:
    """A trial as it is stored."""
    value = goal.value(trial)
    return trial.to_json() | {"figure": value if value == value else None, "fit": goal.meets(trial)}


def map_of(rows: Sequence[dict[str, Any]], asked: Mapping[str, Any], layout: Mapping[str, Any], x: str, y: str) -> Any:
    """The parameter map over stored trials; InvalidError 'unknown_axis'."""
    from alphaloop.engine.optimise import parameter_map

    space = space_of(layout)
    return parameter_map([Trial.of(row) for row in rows], space, goal_of(asked), x, y)
