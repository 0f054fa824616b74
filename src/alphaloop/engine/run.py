"""The one door to a backtest: option legs go to the option book, everything else to the simulator."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from alphaloop.core.errors import InvalidError
from alphaloop.engine.backtest import BacktestResult, result_rows, run_backtest
from alphaloop.engine.compile_blame import blaming, try_manage
from alphaloop.engine.extras import need_extras
from alphaloop.engine.notes import Note
from alphaloop.engine.options.backtest import OptionResult, run_option_backtest
from alphaloop.engine.options.quotes import Terms
from alphaloop.engine.options.report import option_report, option_rows
from alphaloop.engine.panel import Floats, Series
from alphaloop.engine.report import make_report
from alphaloop.engine.report_parts import DRAWS
from alphaloop.engine.strategy import Strategy

Result = BacktestResult | OptionResult

# Rules of the simulator that the option book does not know, and what each is when nobody asked for it.
_UNBOUND = {"slippage": 0.0, "volume_limit": None, "can_short": False, "instruments": None, "whole": False}


def run_strategy(
    strategy: Strategy,
    bars: Series | Sequence[Series],
    params: Any,
    *,
    extras: Mapping[str, Floats] | None = None,
    **rules: Any,
) -> Result:
    """Run any strategy over bars. `rules` are those of `run_backtest`; of them option legs heed cash, fee and
    start_bar, and a note says so where another was given.

    InvalidError as from the run itself, 'missing_extra' for every declared input that `extras` lack, and
    'strategy_failed' with the line of the strategy's own file that cannot be compiled."""
    need_extras(strategy, extras or {})
    with blaming(strategy):
        try_manage(strategy, params)
        return _run(strategy, bars, params, extras, rules)


def _run(
    strategy: Strategy,
    bars: Series | Sequence[Series],
    params: Any,
    extras: Mapping[str, Floats] | None,
    rules: Mapping[str, Any],
) -> Result:
    beside = extras or {}
    if strategy.legs is None:
        made = run_backtest(strategy, bars, params, extras=extras, **rules)
        absent = _absent({name: beside[name][made.rules.start :] for name in strategy.extras})
        return dataclasses.replace(made, notes=(*made.notes, *absent)) if absent else made
    laid = _run_options(strategy, bars, params, beside, rules)
    absent = _absent({name: beside[name][laid.start :] for name in strategy.extras})
    return dataclasses.replace(laid, notes=(*laid.notes, *absent)) if absent else laid


def rows_of(result: Result, labels: Sequence[Any] | None = None) -> dict[str, Any]:
    """The result as plain JSON: {run_id, metrics, trades, equity, …}; `labels` are the file's own times."""
    return option_rows(result, labels) if isinstance(result, OptionResult) else result_rows(result, labels)


def report_of(result: Result, *, benchmark: Floats | None = None, draws: int = DRAWS) -> dict[str, Any]:
    """The whole report of a result (`engine/report.make_report`)."""
    if isinstance(result, OptionResult):
        return option_report(result, benchmark=benchmark, draws=draws)
    return make_report(result, benchmark=benchmark, draws=draws)


def _run_options(
    strategy: Strategy,
    bars: Series | Sequence[Series],
    params: Any,
    extras: Mapping[str, Floats],
    rules: Mapping[str, Any],
) -> OptionResult:
    assert strategy.legs is not None
    many = [bars] if isinstance(bars, Series) else list(bars)
    if len(many) != 1:
        raise InvalidError("Option legs take one underlying.", code="too_many_instruments")
    fee = float(rules.get("fee", 0.0))
    result = run_option_backtest(
        strategy,
        strategy.legs,
        many[0],
        params,
        extras={name: extras[name] for name in strategy.extras},
        cash=float(rules.get("cash", 1_000_000.0)),
        terms=Terms(fee_rate=fee) if fee else None,
        start_bar=rules.get("start_bar"),
    )
    if any(rules.get(name, usual) != usual for name, usual in _UNBOUND.items()):
        return dataclasses.replace(result, notes=(*result.notes, Note("options_without_rules")))
    return result


def _absent(extras: Mapping[str, Floats]) -> list[Note]:
    """How many rows know nothing of an input."""
    notes = []
    for name, values in extras.items():
        absent = int(np.count_nonzero(~np.isfinite(values).any(axis=1)))
        if absent:
            notes.append(Note("extra_absent", {"name": name, "absent": absent, "rows": len(values)}))
    return notes
