"""Strategies over bars from a notebook or a script: one run, or one for every combination of parameters."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alphaloop.core.errors import InvalidError
from alphaloop.lab.bars import LabBars

if TYPE_CHECKING:
    import polars as pl

    from alphaloop.engine.backtest import BacktestResult

_RULES = (
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


def backtest(bars: LabBars | Sequence[LabBars], strategy: str | Path, **options: Any) -> "BacktestResult":
    """Run a strategy by its key, or the one written in a Python file of yours. Keyword arguments are its parameters and
    the rules of the run.

    Rules: cash, fee and slippage (fractions per side), fill ("open" or "close"), start_bar, whole, volume_limit,
    can_short, risk_fraction, and for the rules of markets instruments, actions, stakes, sessions, by_ratio. `extras`
    are named inputs beside prices, float64[T,N] or [T,1]. InvalidError names what does not fit.
    """
    from alphaloop.engine.backtest import run_backtest
    from alphaloop.engine.own_files import strategy_named

    found = strategy_named(strategy)
    rules = {name: options[name] for name in _RULES if name in options}
    given = {name: value for name, value in options.items() if name not in _RULES}
    series = bars.series if isinstance(bars, LabBars) else [one.series for one in bars]
    return run_backtest(found, series, found.parse(given), **rules)


def report(result: "BacktestResult") -> dict[str, Any]:
    """The whole report of a run as plain JSON: curve, months, trades, attribution, intervals, gaps."""
    from alphaloop.engine.report import make_report

    close = result.panel.close
    return make_report(result, benchmark=close[:, 0] if close.shape[1] == 1 else None)


def sweep(
    bars: LabBars | Sequence[LabBars],
    strategy: str | Path,
    grid: Mapping[str, Sequence[Any]],
    *,
    progress: Callable[[int, int], None] | None = None,
    **options: Any,
) -> "pl.DataFrame":
    """One backtest per combination of `grid`; a frame with the parameters and the metrics, best Sharpe first.

    `progress(done, total)` is called after every run; `options` are the same as for `backtest`. InvalidError when the
    grid is empty or has more than 100 000 combinations.
    """
    import polars as pl

    combinations = [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
    if not grid or not 0 < len(combinations) <= MAX_RUNS:
        raise InvalidError("A sweep needs between 1 and 100000 combinations.", code="bad_grid")
    rows: list[dict[str, Any]] = []
    for done, chosen in enumerate(combinations, 1):
        rows.append({**chosen, **backtest(bars, strategy, **options, **chosen).metrics})
        if progress is not None:
            progress(done, len(combinations))
    # The first rows may hold figures that could not be told; look at all of them before choosing column types.
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return frame.sort("sharpe", descending=True, nulls_last=True)
