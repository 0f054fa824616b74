"""The run itself, in the child process: bars and a strategy in, a report out. It knows no database."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from alphaloop.adapters.feeds.contract import BarTable
from alphaloop.core.clock import from_ms
from alphaloop.core.errors import InvalidError
from alphaloop.engine.extras import lay_extras
from alphaloop.engine.notes import Note
from alphaloop.engine.own_files import PREFIX, load_own
from alphaloop.engine.panel import Floats, Ints, Series, make_series
from alphaloop.engine.report import benchmark_beside
from alphaloop.engine.rule_arrays import Stake
from alphaloop.engine.run import Result, report_of, run_strategy
from alphaloop.engine.strategy import Strategy, load_strategy
from alphaloop.features.market.service import BarStore, SeriesKey, carry_over, find_extras, read_marks, read_series
from alphaloop.infra.jobs.child import Report

STEPS = 4
TARGET = f"{__name__}:run"


def run(args: dict[str, Any], report: Report) -> dict[str, Any]:
    """{run_id, metrics, report, made_of: {code_hash, params}} for the arguments that `service.arguments_of` made.
    InvalidError says what does not fit."""
    result = simulate(args, report)
    report(3, STEPS, "report")
    made = report_of(result, benchmark=_benchmark(BarStore(args["bars_dir"]), result, args))
    report(4, STEPS, "report")
    strategy = find(args["strategy"], args["strategies_dir"])
    made_of = {"code_hash": strategy.source_hash, "params": asdict(strategy.parse(args["params"]))}
    return {"run_id": made["run_id"], "metrics": made["metrics"], "report": made, "made_of": made_of}


def simulate(args: dict[str, Any], report: Report) -> Result:
    """The run of these arguments, before anybody asks it for a report."""
    strategy = find(args["strategy"], args["strategies_dir"])
    params = strategy.parse(args["params"])
    report(1, STEPS, "bars")
    store = BarStore(args["bars_dir"])
    tables = {key: read_table(store, key, args) for key in args["keys"]}
    series = {key: as_series(key, table) for key, table in tables.items()}
    report(2, STEPS, "strategy")
    rows = np.unique(np.concatenate([one.ts_ms for one in series.values()]))
    stakes = {
        key.symbol: _stake(store, key, tables[key], series[key], rows, args)
        for key in series
        if key.symbol in args["settlements"]
    }
    result = run_strategy(
        strategy,
        list(series.values()),
        params,
        extras=extras_beside(strategy, list(series.values()), args),
        instruments=args["instruments"],
        actions=args["actions"],
        stakes=stakes,
        **args["rules"],
    )
    switches = [note for key, table in tables.items() for note in source_switches(store, key, table)]
    return replace(result, notes=(*result.notes, *switches))


def find(key: str, strategies_dir: Path) -> Strategy:
    """A strategy of the library, or of the person's own folder under `user:`."""
    return load_own(key, strategies_dir) if key.startswith(PREFIX) else load_strategy(key)


def extras_beside(strategy: Strategy, series: Sequence[Series], args: Mapping[str, Any]) -> dict[str, Floats]:
    """Every input besides prices that the strategy declares and the platform keeps, beside the rows of these series.

    `extra_places` of the arguments says where, `extras` which is kept under another name."""
    if not strategy.extras:
        return {}
    return lay_extras(find_extras(args["extra_places"], strategy.extras, called=args["extras"]), series)


def read_table(store: BarStore, key: SeriesKey, args: dict[str, Any]) -> BarTable:
    """Bars of one series in the period that was asked for; InvalidError 'no_bars' when there are none."""
    table = read_series(store, key, as_of_ms=None, since_ts=args["start_ts"])
    stop = len(table) if args["end_ts"] is None else int(np.searchsorted(table.ts, args["end_ts"], side="right"))
    if stop == 0:
        raise InvalidError(
            f"{key.symbol} has no {key.timeframe.value} bars in this period.",
            code="no_bars",
            fields=(("instruments", "no_bars"),),
        )
    return table.cut(0, stop)


def source_switches(store: BarStore, key: SeriesKey, table: BarTable) -> list[Note]:
    """A note when the bars of the tested period came from more than one source, else none."""
    told = store.sources(key.symbol, key.origin, first_ts=int(table.ts[0]), last_ts=int(table.ts[-1]))
    if len(told) < 2:
        return []
    first = from_ms(told[1][0]).strftime("%Y-%m-%d %H:%M UTC")
    names = ", ".join(dict.fromkeys(name for _, name in told))
    return [Note("source_switch", {"name": key.symbol, "changes": len(told) - 1, "sources": names, "first": first})]


def as_series(key: SeriesKey, table: BarTable) -> Series:
    """The bars as the engine takes them, each known at its close by the market's calendar."""
    calendar = key.calendar_rules
    ends = np.array([calendar.close_ms(one, key.timeframe) for one in table.ts.tolist()], dtype=np.int64)
    columns = (table.open, table.high, table.low, table.close, table.volume)
    return make_series(key.symbol, table.ts, *columns, close_ms=ends)


def _stake(store: BarStore, key: SeriesKey, table: BarTable, series: Series, rows: Ints, args: dict[str, Any]) -> Stake:
    """Marks and settlements of a perpetual, laid over the rows of all series together."""
    known = read_marks(store, key.symbol, key.timeframe, since_ts=int(table.ts[0]))
    carry = carry_over(table, series.close_ms, known, args["settlements"][key.symbol])
    mark, funding, at = np.full((3, len(rows)), np.nan), np.zeros(len(rows)), np.searchsorted(rows, table.ts)
    mark[:, at], funding[at] = carry.mark, carry.funding
    return Stake(leverage=args["leverage"], isolated=args["isolated"], mark=mark, funding=funding)


def _benchmark(store: BarStore, result: Result, args: dict[str, Any]) -> Floats | None:
    key = args["benchmark"]
    if key is None:
        return result.panel.close[:, 0] if len(result.panel.names) == 1 else None
    table = read_series(store, key, as_of_ms=None, since_ts=None)
    return benchmark_beside(result.panel.ts_ms, np.asarray(table.ts), np.asarray(table.close))
