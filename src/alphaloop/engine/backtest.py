"""A strategy over history: signals, simulated fills, and the report that everybody else quotes."""

import dataclasses
import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from alphaloop import __version__
from alphaloop.engine.course import lay_course
from alphaloop.engine.notes import Note, note_rows
from alphaloop.engine.panel import Floats, Panel, Series
from alphaloop.engine.portfolio import Trade, Trips, find_trips, trades_of
from alphaloop.engine.sim_unfilled import Unfilled, count_unfilled, tell_unfilled
from alphaloop.engine.simulate import Fills, Flows, Ground, Rules, Simulation, simulate
from alphaloop.engine.strategy import Signals, Strategy
from alphaloop.kernels.curve import curve_figures, profit_figures

_YEAR_MS = 365.25 * 86_400_000


@dataclass(frozen=True)
class BacktestResult:
    """What a run showed. `run_id` names data, code, parameters, rules and version: equal ids mean equal results.

    `metrics` holds plain numbers, None where a figure cannot be told. `trips` (and `trades`, the same as records) are
    closed round trips in order of their end, profits net of fees. `equity` is float64[T], one value per row of
    `panel`, after that row's close. `unfilled` are the instructions that could not trade when they first should have,
    and why; `ruled` says that the rules of markets were on.
    """

    identify: Callable[[], str]
    strategy: str
    params: Mapping[str, Any]
    rules: Rules
    metrics: dict[str, float | int | None]
    trips: Trips
    equity: Floats
    fills: Fills
    panel: Panel
    signals: Signals
    unfilled: Unfilled
    notes: tuple[Note, ...] = ()
    flows: Flows | None = None
    stopped: int = -1
    ruled: bool = False

    @cached_property
    def run_id(self) -> str:
        """Sixteen hex digits; reading it takes a hash over all bars, which a sweep never asks for."""
        return self.identify()

    @cached_property
    def trades(self) -> tuple[Trade, ...]:
        """The closed round trips as records."""
        return trades_of(self.trips, self.panel)

    def __str__(self) -> str:
        given = ", ".join(f"{name}={value}" for name, value in self.params.items())
        lines = [f"{self.strategy}({given}) on {', '.join(self.panel.names)}"]
        for name, value in self.metrics.items():
            text = "n/a" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:,.4f}"
            lines.append(f"  {name:<14}{text:>18}")
        if self.ruled or len(self.unfilled.row):
            lines += [f"  {line}" for line in tell_unfilled(self.unfilled)]
        return "\n".join([*lines, *(str(note) for note in self.notes)])


def run_backtest(strategy: Strategy, bars: Series | Sequence[Series], params: Any, **conditions: Any) -> BacktestResult:
    """Run a strategy over bars without any account; `conditions` are the keywords of `course.lay_course`: cash, fee,
    fill, start_bar, the rules of markets, extras.

    InvalidError for unfit bars or numbers, too few bars, or signals that do not fit.
    """
    course = lay_course(strategy, bars, **conditions)
    panel, signals, rules = course.plan(params)
    ground = course.ground
    made = simulate(panel, signals, rules, manage=strategy.manage, params=params, ground=ground)
    trips = find_trips(made.fills, panel)
    return BacktestResult(
        identify=partial(run_id, strategy, bars, params, rules, ground, conditions.get("extras")),
        strategy=strategy.key,
        params=dataclasses.asdict(params),
        rules=rules,
        metrics=sum_up(made, trips.pnl, rules, periods_per_year(panel.ts_ms)),
        trips=trips,
        equity=made.equity,
        fills=made.fills,
        panel=panel,
        signals=signals,
        unfilled=made.unfilled,
        notes=_notes(panel, made, ground),
        flows=made.flows,
        stopped=made.stopped,
        ruled=ground is not None,
    )


def run_id(
    strategy: Strategy,
    bars: Series | Sequence[Series],
    params: Any,
    rules: Rules,
    ground: Ground | None = None,
    extras: Mapping[str, Floats] | None = None,
) -> str:
    """Sixteen hex digits over everything that decides the result."""
    digest = hashlib.sha256()
    for series in [bars] if isinstance(bars, Series) else bars:
        digest.update(series.name.encode())
        for column in series[1:]:
            digest.update(np.ascontiguousarray(column).tobytes())
    for name, values in sorted((extras or {}).items()):
        digest.update(name.encode() + np.ascontiguousarray(values).tobytes())
    if ground is not None:
        for part in ground:
            digest.update(np.ascontiguousarray(part).tobytes())
    told = {
        "strategy": strategy.key,
        "source": strategy.source_hash,
        "params": dataclasses.asdict(params),
        "rules": dataclasses.asdict(rules),
        "version": __version__,
    }
    digest.update(json.dumps(told, sort_keys=True).encode())
    return digest.hexdigest()[:16]


def result_rows(result: BacktestResult, labels: Sequence[Any] | None = None) -> dict[str, Any]:
    """The result as plain JSON: {run_id, metrics, trades, equity}; `labels` are the file's own times, one per row."""
    ts = labels if labels is not None else [int(value) for value in result.panel.ts_ms]
    trades = []
    for trade in result.trades:
        row = dataclasses.asdict(trade)
        row |= {name: value if math.isfinite(value := row[name]) else None for name in ("mfe", "mae")}
        row["entry_ts"], row["exit_ts"] = ts[row.pop("entry_row")], ts[row.pop("exit_row")]
        trades.append(row)
    return {
        "run_id": result.run_id,
        "strategy": result.strategy,
        "params": dict(result.params),
        "metrics": result.metrics,
        "trades": trades,
        "equity": [{"ts": ts[row], "equity": value} for row, value in enumerate(result.equity.tolist())],
        "unfilled": count_unfilled(result.unfilled),
        "notes": note_rows(result.notes),
    }


def periods_per_year(ts_ms: np.ndarray[Any, np.dtype[np.int64]]) -> float:
    """Rows per year as these times have them: about 252 for daily shares, 17 532 for round-the-clock half hours."""
    span = float(ts_ms[-1] - ts_ms[0])
    return (len(ts_ms) - 1) * _YEAR_MS / span if span > 0 else math.nan


def sum_up(made: Simulation, pnl: Floats, rules: Rules, rows_per_year: float) -> dict[str, float | int | None]:
    """The metrics of a run, None where a figure cannot be told; `pnl` are the profits of its closed trips."""
    # Equity starts at the cash, on the row before the first one that may trade.
    curve = curve_figures(rules.cash, made.equity[rules.start :], rows_per_year)
    ratios = {**curve._asdict(), **profit_figures(pnl)._asdict()}
    return {
        "trades": len(pnl),
        "open_trades": int(np.count_nonzero(made.quantity)),
        "final_equity": float(made.equity[-1]),
        "fees": float(made.fills.fee.sum()),
        "bars": len(made.equity),
        **{name: value if math.isfinite(value) else None for name, value in ratios.items()},
    }


def _notes(panel: Panel, made: Simulation, ground: Ground | None) -> tuple[Note, ...]:
    notes = []
    if np.any(np.isfinite(panel.close) & ~np.isfinite(panel.open)):
        notes.append(Note("close_only_bars"))
    if ground is not None and ground.outside:
        notes.append(Note("outside_limits", {"days": int(ground.outside)}))
    if made.stopped >= 0:
        notes.append(Note("liquidated", {"row": int(made.stopped)}))
    return tuple(notes)
