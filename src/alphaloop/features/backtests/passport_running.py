"""The passport itself, in the child process: bars and a strategy in, nine answers out. It knows no database."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

from alphaloop.core.errors import InvalidError
from alphaloop.engine.honesty import make_passport, spread_around
from alphaloop.engine.honesty.passport import QUESTIONS
from alphaloop.engine.honesty.periods import Bars, attempt, common_start, figure, row_times
from alphaloop.engine.strategy import Strategy
from alphaloop.features.backtests.running import as_series, find, read_table
from alphaloop.features.market.service import BarStore
from alphaloop.infra.jobs.child import Report

TARGET = f"{__name__}:run"
STEPS = ("bars", *QUESTIONS, "map")


def run(args: dict[str, Any], report: Report) -> dict[str, Any]:
    """The passport as plain JSON, with a parameter `map` and `notes`, for the arguments of a backtest and of the
    question (`schemas.PassportAsked`). InvalidError says what does not fit."""
    strategy = find(args["strategy"], args["strategies_dir"])
    if strategy.legs is not None:
        raise InvalidError("A passport is made of strategies that trade bars, not of option legs.", code="option_legs")
    params = strategy.parse(args["params"])
    looked_at = combinations(strategy, args["params"], args["ranges"])

    def told(step: str) -> None:
        report(STEPS.index(step), len(STEPS), step)

    told("bars")
    store = BarStore(args["bars_dir"])
    bars = [as_series(key, read_table(store, key, args)) for key in args["keys"]]
    options = args["rules"] | {"instruments": args["instruments"], "actions": args["actions"]}
    made = make_passport(
        strategy,
        bars,
        params,
        candidates=looked_at,
        trials=args["trials"],
        metric=args["metric"],
        draws=args["draws"],
        seed=args["seed"],
        on_check=told,
        **options,
    ).to_json()
    told("map")
    tried = spread_around(strategy, params, seed=args["seed"]) if looked_at is None else looked_at
    made["map"] = parameter_map(strategy, bars, [params, *(one for one in tried if one != params)], args, options)
    report(len(STEPS), len(STEPS), "map")
    # Settlements are rows of one history, and the checks cut and reorder it.
    made["notes"] = ["funding_left_out"] if any(args["settlements"].values()) else []
    return made


def combinations(strategy: Strategy, params: dict[str, Any], ranges: dict[str, list[Any]]) -> list[Any] | None:
    """Every combination of the values that makes a rule; None when no values were given. InvalidError when none
    does."""
    if not ranges:
        return None
    found: list[Any] = []
    refusal = InvalidError("Nothing is left to choose among.", code="no_candidates")
    for values in itertools.product(*ranges.values()):
        try:
            one = strategy.parse({**params, **dict(zip(ranges, values, strict=True))})
        except InvalidError as error:
            refusal = error
        else:
            found += [] if one in found else [one]
    if not found:
        raise refusal
    return found


def parameter_map(
    strategy: Strategy, bars: Bars, tried: Sequence[Any], args: dict[str, Any], options: dict[str, Any]
) -> dict[str, Any]:
    """{names, points}: the metric of each of `tried` over the same rows, by the parameters that differ between them;
    the first is the chosen one. Values that cannot be told are null."""
    names = [name for name in strategy.schema()["properties"] if len({getattr(one, name) for one in tried}) > 1]
    rows = len(row_times(bars))
    usable = [tried[0], *(one for one in tried[1:] if 2 * strategy.warmup(one) < rows)]
    options = options | {"start_bar": common_start(strategy, usable)}
    points = []
    for one in usable:
        result = attempt(strategy, bars, one, **options)
        value = math.nan if result is None else figure(result, args["metric"])
        points.append(
            {**{name: getattr(one, name) for name in names}, "value": value if math.isfinite(value) else None}
        )
    return {"metric": args["metric"], "names": names, "points": points}
