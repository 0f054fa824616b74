"""A strategy over history: signals, simulated fills, and the report that everybody else quotes."""

import dataclasses
import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, partial
from typing import Any

import numpy as np

from alphaloop import __version__
from alphaloop.core.errors import InvalidError
from alphaloop.core.instrument import Instrument
from alphaloop.engine.continuity import factors_of, in_traded_prices, seen_through
from alphaloop.engine.features import build_panel
from alphaloop.engine.notes import Note, note_rows
from alphaloop.engine.panel import Floats, Panel, Series, make_panel
from alphaloop.engine.portfolio import Trade, Trips, find_trips, trades_of
from alphaloop.engine.rule_arrays import Actions, Stake, lay_ground
from alphaloop.engine.sim_unfilled import Unfilled, count_unfilled, tell_unfilled
from alphaloop.engine.simulate import Fills, Flows, Ground, Rules, Simulation, simulate
from alphaloop.engine.strategy import Signals, Strategy, check_signals
from alphaloop.kernels import metrics as figures

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


def run_backtest(
    strategy: Strategy,
    bars: Series | Sequence[Series],
    params: Any,
    *,
    cash: float = 1_000_000.0,
    fee: float = 0.0,
    fill: str = "open",
    start_bar: int | None = None,
    whole: bool = False,
    slippage: float = 0.0,
    volume_limit: float | None = None,
    can_short: bool = False,
    risk_fraction: float = 0.01,
    instruments: Sequence[Instrument] | None = None,
    actions: Actions | None = None,
    stakes: Mapping[str, Stake] | None = None,
    fractions: bool = False,
    sessions: Sequence[date] = (),
    by_ratio: float | None = None,
    extras: Mapping[str, Floats] | None = None,
) -> BacktestResult:
    """Run a strategy over bars without any account.

    With `instruments`, one per series, their markets' rules bind every fill: limits, lots, settlement, dated fees
    (`fee` is then the broker's rate). Prices are raw then, and `actions` are booked on their ex-dates: the strategy
    sees the shares of the first bar throughout (`continuity`), orders and fills are in traded prices. `sessions` are
    the market's own days: a day without a bar was a suspension. Prices adjusted by ratio say so by `by_ratio`, the
    share within which a bar's end counts as its limit.

    `extras` are named arrays float64[T,N] or [T,1] beside the panel's rows, such as fundamentals, a rate or the VIX.

    `cash` in quote units; `fee` and `slippage` as fractions of the price per side; `fill` is "open" (of the next bar)
    or "close" (of the deciding bar). Nothing is decided before row `start_bar`, by default the end of the warm-up.
    The whole equity is used: units = equity x weight / (price x (1 + fee)), rounded down when `whole`.
    InvalidError for unfit bars or numbers, too few bars, or signals that do not fit.
    """
    if cash == 0:
        raise InvalidError("A backtest needs cash.", code="out_of_bounds", fields=(("cash", "out_of_bounds"),))
    rules = Rules(
        cash=cash,
        fee=fee,
        slippage=slippage,
        volume_limit=volume_limit,
        fill=fill,
        start=strategy.warmup(params) if start_bar is None else start_bar,
        lot=1.0 if whole else 0.0,
        can_short=can_short,
        risk_fraction=risk_fraction,
    )
    traded, ground, factors = make_panel(bars, extras=extras), None, None
    if instruments is not None:
        ground = lay_ground(
            traded,
            instruments,
            broker_rate=fee,
            actions=actions,
            stakes=stakes,
            fractions=fractions,
            sessions=sessions,
            by_ratio=by_ratio,
        )
        factors = factors_of(traded, ground)
    see = None if factors is None else partial(seen_through, factors=factors)
    seen = build_panel(bars, strategy, params, start=start_bar, extras=extras, see=see)
    signals = strategy.evaluate(seen, params)
    if factors is not None:
        signals = in_traded_prices(check_signals(signals, seen), factors)
    panel = traded._replace(member=seen.member, features=seen.features)
    made = simulate(panel, signals, rules, manage=strategy.manage, params=params, ground=ground)
    trips = find_trips(made.fills, len(panel.names))
    return BacktestResult(
        identify=partial(run_id, strategy, bars, params, rules, ground, extras),
        strategy=strategy.key,
        params=dataclasses.asdict(params),
        rules=rules,
        metrics=_metrics(panel, rules, made, trips),
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


def _metrics(panel: Panel, rules: Rules, made: Simulation, trips: Trips) -> dict[str, float | int | None]:
    # Equity starts at the cash, on the row before the first one that may trade.
    curve = np.concatenate([[rules.cash], made.equity[rules.start :]])
    rate = periods_per_year(panel.ts_ms)
    ratios = {
        "total_return": figures.total_return(curve),
        "cagr": figures.cagr(curve, rate),
        "sharpe": figures.sharpe(curve, rate),
        "sortino": figures.sortino(curve, rate),
        "max_drawdown": figures.max_drawdown(curve),
        "calmar": figures.calmar(curve, rate),
        "win_rate": figures.win_rate(trips.pnl),
        "profit_factor": figures.profit_factor(trips.pnl),
        "expectancy": figures.expectancy(trips.pnl),
    }
    return {
        "trades": len(trips.pnl),
        "open_trades": int(np.count_nonzero(made.quantity)),
        "final_equity": float(made.equity[-1]),
        "fees": float(made.fills.fee.sum()),
        "bars": len(panel.ts_ms),
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
