"""Strategies over bars from a notebook or a script: one run, or one for every combination of parameters."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alphaloop.core.errors import InvalidError
from alphaloop.lab.bars import LabBars, LabUniverse
from alphaloop.lab.compiling import compile_line
from alphaloop.lab.universe import confined, within

if TYPE_CHECKING:
    import polars as pl

    from alphaloop.engine.options.backtest import OptionResult
    from alphaloop.engine.panel import Series
    from alphaloop.engine.run import Result
    from alphaloop.engine.strategy import Strategy
    from alphaloop.lab.results import LabResult

RULES = (
    "cash",
    "fee",
    "fill",
    "start_bar",
    "whole",
    "slippage",
    "volume_limit",
    "can_short",
    "risk_fraction",
    "instruments",
    "actions",
    "stakes",
    "sessions",
    "by_ratio",
    "extras",
)
MAX_RUNS = 100_000
Bars = LabBars | Sequence[LabBars]


def backtest(bars: Bars, strategy: str | Path, **options: Any) -> "LabResult | OptionResult":
    """Run a strategy by its key, or the one written in a Python file of yours. Keyword arguments are its parameters and
    the rules of the run.

    Rules: cash, fee and slippage (fractions per side), fill ("open" or "close"), start_bar, whole, volume_limit,
    can_short, risk_fraction, and for the rules of markets instruments, actions, stakes, sessions, by_ratio. `extras`
    are named inputs beside prices, float64[T,N] or [T,1]. A strategy of option legs gives an OptionResult, without
    tables. InvalidError names what does not fit.
    """
    from alphaloop.engine.own_files import strategy_named

    found = strategy_named(strategy)
    given = {name: value for name, value in options.items() if name not in RULES}
    return run(bars, found, found.parse(given), {name: options[name] for name in RULES if name in options})


def run(bars: Bars, strategy: "Strategy", params: Any, rules: Mapping[str, Any]) -> "LabResult | OptionResult":
    """One backtest of a strategy as a value, kept to the universe of the bars."""
    from alphaloop.engine.compile_blame import blaming
    from alphaloop.engine.options.backtest import OptionResult
    from alphaloop.engine.run import run_strategy
    from alphaloop.lab.results import lab_result

    # A universe wraps the strategy, and the file to blame is the one inside.
    with blaming(strategy), compile_line():
        made = run_strategy(in_universe(strategy, bars), series_of(bars), params, **rules)
    if isinstance(made, OptionResult):
        return made
    if not isinstance(bars, LabUniverse) or bars.universe is None:
        return lab_result(made)
    return lab_result(replace(made, panel=confined(made.panel, bars.universe)), bars.coverage)


def series_of(bars: Bars) -> "Series | list[Series]":
    """What the engine calls bars."""
    return bars.series if isinstance(bars, LabBars) else [one.series for one in bars]


def in_universe(strategy: "Strategy", bars: Bars) -> "Strategy":
    """The strategy, kept to the memberships that came with the bars."""
    universe = bars.universe if isinstance(bars, LabUniverse) else None
    return strategy if universe is None else within(strategy, universe)


def report(result: "Result") -> dict[str, Any]:
    """The whole report of a run as plain JSON: curve, months, trades, attribution, intervals, gaps."""
    from alphaloop.engine.run import report_of

    close = result.panel.close
    return report_of(result, benchmark=close[:, 0] if close.shape[1] == 1 else None)


def sweep(
    bars: Bars,
    strategy: str | Path,
    grid: Mapping[str, Sequence[Any]],
    *,
    progress: Callable[[int, int], None] | None = None,
    parallel: int = 1,
    **options: Any,
) -> "pl.DataFrame":
    """One backtest per combination of `grid`; a frame with the parameters and the metrics, best Sharpe first.

    `progress(done, total)` is called after every run, with `parallel` processes after every share of them; `options`
    are the same as for `backtest`. InvalidError when the grid is empty or has more than 100 000 combinations.
    """
    import polars as pl

    from alphaloop.engine.compile_blame import blaming, try_manage
    from alphaloop.engine.own_files import strategy_named
    from alphaloop.engine.sweep import run_sweep
    from alphaloop.lab.parallel import sweep_in_processes

    combinations = [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
    if not grid or not 0 < len(combinations) <= MAX_RUNS:
        raise InvalidError("A sweep needs between 1 and 100000 combinations.", code="bad_grid")
    found = strategy_named(strategy)
    fixed = {name: value for name, value in options.items() if name not in RULES}
    rules = {name: options[name] for name in RULES if name in options}
    chosen = [found.parse({**fixed, **one}) for one in combinations]

    def tell(done: int) -> None:
        if progress is not None:
            progress(done, len(chosen))

    with blaming(found), compile_line():
        try_manage(found, chosen[0])
        if parallel > 1:
            rows = sweep_in_processes(bars, strategy, [{**fixed, **one} for one in combinations], rules, parallel, tell)
        else:
            rows = run_sweep(in_universe(found, bars), series_of(bars), chosen, on_row=tell, **rules)
    # The first rows may hold figures that could not be told; look at all of them before choosing column types.
    frame = pl.DataFrame(
        [{**one, **row} for one, row in zip(combinations, rows, strict=True)], infer_schema_length=None
    )
    return frame.sort("sharpe", descending=True, nulls_last=True)
