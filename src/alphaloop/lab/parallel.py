"""A sweep over several processes: each gets the bars once and then a share of the combinations after another."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alphaloop.lab.running import Bars

# Small enough to tell progress, large enough that handing it over costs nothing.
_SHARE = 50
_given: tuple[Any, ...] = ()


def sweep_in_processes(
    bars: "Bars",
    strategy: str | Path,
    combinations: Sequence[Mapping[str, Any]],
    rules: Mapping[str, Any],
    processes: int,
    on_row: Callable[[int], None],
) -> list[dict[str, Any]]:
    """Metrics of each combination, in their order; `on_row` hears how many are done after each share."""
    # A process that was forked would inherit threads of numba and polars that no longer run.
    pool = ProcessPoolExecutor(
        processes, mp_context=get_context("spawn"), initializer=_begin, initargs=(bars, strategy, dict(rules))
    )
    rows: list[dict[str, Any]] = []
    size = max(1, min(_SHARE, -(-len(combinations) // processes)))
    shares = [combinations[at : at + size] for at in range(0, len(combinations), size)]
    with pool:
        for part in pool.map(_run, shares):
            rows += part
            on_row(len(rows))
    return rows


def _begin(*given: Any) -> None:
    global _given
    _given = given


def _run(share: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    from alphaloop.engine.own_files import strategy_named
    from alphaloop.engine.sweep import run_sweep
    from alphaloop.lab.running import in_universe, series_of

    bars, named, rules = _given
    strategy = strategy_named(named)
    params = [strategy.parse(one) for one in share]
    return list(run_sweep(in_universe(strategy, bars), series_of(bars), params, **rules))
