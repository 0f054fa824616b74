"""A backtest as people read it: what it earned and when, what it risked, what traded, and how sure any of it is."""

import dataclasses
import itertools
import math
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np

from alphaloop.engine.backtest import BacktestResult, periods_per_year
from alphaloop.engine.notes import note_rows
from alphaloop.engine.panel import Floats, Ints
from alphaloop.engine.portfolio import Trade
from alphaloop.engine.sim_unfilled import count_unfilled
from alphaloop.engine.simulate import FillReason
from alphaloop.kernels import metrics as figures
from alphaloop.kernels.resampling import curve_interval
from alphaloop.kernels.return_tables import day_closes, monthly_returns, rolling_sharpe

CURVE_POINTS = 2000
DRAWS = 500
_ROLLING_DAYS = 126
_GAP = 5  # times the usual step

Plain = dict[str, Any]


def make_report(result: BacktestResult, *, benchmark: Floats | None = None, draws: int = DRAWS) -> Plain:
    """Everything a report page shows, as plain JSON; fractions as fractions, money in quote units, times in epoch ms.

    {metrics, intervals, curve, rolling, monthly, trades, instruments, reasons, unfilled, gaps, notes}. `benchmark` is
    float64[T], a price or an equity beside each row (NaN: none there), for alpha, beta and its own curve.
    Figures that cannot be told are None."""
    panel, start = result.panel, result.rules.start
    times = panel.ts_ms[start:]
    equity = result.equity[start:]
    held = figures.held_units(result.fills.row, result.fills.column, result.fills.quantity, panel.close.shape)[start:]
    days, closes = day_closes(times, equity)
    return {
        "run_id": result.run_id,
        "strategy": result.strategy,
        "params": dict(result.params),
        "rules": dataclasses.asdict(result.rules),
        "instruments": [_instrument(result, n, name) for n, name in enumerate(panel.names)],
        "first_ts": int(times[0]) if len(times) else None,
        "last_ts": int(times[-1]) if len(times) else None,
        "metrics": {**result.metrics, **_more_metrics(result, held), **_market(result, benchmark)},
        "intervals": _intervals(closes, days, draws),
        "curve": _curve(times, equity, result.rules.cash, None if benchmark is None else benchmark[start:]),
        "rolling": _rolling(days, closes),
        "monthly": _monthly(times, equity),
        "trades": [_trade(trade, result) for trade in result.trades],
        "reasons": _by_reason(result),
        "unfilled": count_unfilled(result.unfilled),
        "gaps": find_gaps(panel.ts_ms),
        "notes": note_rows(result.notes),
    }


def find_gaps(ts_ms: Ints, most: int = 20) -> list[Plain]:
    """Steps far longer than the usual one, longest first: {from_ts, to_ts}. Nights and weekends of a market are usual:
    a step counts when it is also longer than five times the step that nine in ten do not exceed."""
    steps = np.diff(ts_ms)
    if len(steps) < 10:
        return []
    usual = max(float(np.quantile(steps, 0.9)), float(np.median(steps)))
    wide = np.flatnonzero(steps > _GAP * usual)
    longest = wide[np.argsort(-steps[wide], kind="stable")][:most]
    return [{"from_ts": int(ts_ms[row]), "to_ts": int(ts_ms[row + 1])} for row in longest]


def _more_metrics(result: BacktestResult, held: Floats) -> Plain:
    rate = periods_per_year(result.panel.ts_ms)
    curve = np.concatenate([[result.rules.cash], result.equity[result.rules.start :]])
    pnl = np.array([trade.pnl for trade in result.trades])
    values = held * np.nan_to_num(_known_closes(result.panel.close)[result.rules.start :])
    rows = [trade.exit_row - trade.entry_row for trade in result.trades]
    return _told(
        {
            "volatility": float(np.std(np.diff(curve) / curve[:-1], ddof=1) * math.sqrt(rate))
            if len(curve) > 2 and bool((curve[:-1] > 0).all())
            else math.nan,
            "ulcer_index": figures.ulcer_index(curve),
            "omega": figures.omega(curve, rate),
            "tail_ratio": figures.tail_ratio(curve),
            "sqn": figures.sqn(pnl),
            "time_in_market": figures.time_in_market(held),
            "gross_exposure": figures.gross_exposure(values, result.equity[result.rules.start :]),
            "turnover": figures.turnover(result.fills.quantity * result.fills.price, curve, rate),
            "mean_bars_held": float(np.mean(rows)) if rows else math.nan,
            "best_trade": float(pnl.max()) if len(pnl) else math.nan,
            "worst_trade": float(pnl.min()) if len(pnl) else math.nan,
        }
    )


def _market(result: BacktestResult, benchmark: Floats | None) -> Plain:
    if benchmark is None:
        return {}
    start = result.rules.start
    known = np.isfinite(benchmark[start:])
    line = figures.alpha_beta(
        result.equity[start:][known], benchmark[start:][known], periods_per_year(result.panel.ts_ms)
    )
    own = benchmark[start:][known]
    return _told({"alpha": line.alpha, "beta": line.beta, "r2": line.r2, "benchmark_return": figures.total_return(own)})


def _intervals(closes: Floats, days: Ints, draws: int) -> Plain:
    """95 % bootstrap intervals over daily closes, {name: [low, high]}."""
    if len(closes) < 3 or draws == 0:
        return {}
    rate = periods_per_year(days)
    chosen: dict[str, Callable[[Floats], float]] = {
        "total_return": figures.total_return,
        "sharpe": lambda curve: figures.sharpe(curve, rate),
        "max_drawdown": figures.max_drawdown,
    }
    found = {name: curve_interval(figure, closes, draws=draws) for name, figure in chosen.items()}
    return {name: [_number(one.low), _number(one.high)] for name, one in found.items()}


def _curve(times: Ints, equity: Floats, cash: float, benchmark: Floats | None) -> Plain:
    """At most CURVE_POINTS rows of the equity and how far it is below its best, deepest point of each stretch kept."""
    best = np.maximum.accumulate(np.concatenate([[cash], equity]))[1:]
    fallen = np.divide(best - equity, best, out=np.zeros(len(equity)), where=best > 0)
    rows = _thinned(fallen)
    made: Plain = {
        "ts": times[rows].tolist(),
        "equity": equity[rows].tolist(),
        "drawdown": fallen[rows].tolist(),
    }
    if benchmark is not None and bool(np.isfinite(benchmark).any()):
        first = benchmark[np.flatnonzero(np.isfinite(benchmark))[0]]
        made["benchmark"] = [_number(value) for value in (benchmark[rows] / first * cash).tolist()]
    return made


def _thinned(fallen: Floats) -> Ints:
    size = len(fallen)
    if size <= CURVE_POINTS:
        return np.arange(size)
    edges = np.linspace(0, size, CURVE_POINTS // 2 + 1).astype(np.int64)
    deepest = [int(a + np.argmax(fallen[a:b])) for a, b in itertools.pairwise(edges.tolist())]
    return np.unique(np.concatenate([deepest, edges[1:] - 1]))


def _rolling(days: Ints, closes: Floats) -> Plain:
    if len(closes) <= _ROLLING_DAYS:
        return {"days": _ROLLING_DAYS, "ts": [], "sharpe": []}
    made = rolling_sharpe(closes, _ROLLING_DAYS, periods_per_year(days))
    rows = np.linspace(_ROLLING_DAYS, len(closes) - 1, min(500, len(closes) - _ROLLING_DAYS)).astype(np.int64)
    return {"days": _ROLLING_DAYS, "ts": days[rows].tolist(), "sharpe": [_number(made[row]) for row in rows]}


def _monthly(times: Ints, equity: Floats) -> list[Plain]:
    found = monthly_returns(times, equity)
    return [
        {"year": int(year), "months": [_number(value) for value in months], "whole": _number(whole)}
        for year, months, whole in zip(found.years, found.months.tolist(), found.whole.tolist(), strict=True)
    ]


def _trade(trade: Trade, result: BacktestResult) -> Plain:
    row = dataclasses.asdict(trade)
    ts = result.panel.ts_ms
    paid = trade.quantity * trade.entry_price
    row |= {
        "entry_ts": int(ts[trade.entry_row]),
        "exit_ts": int(ts[trade.exit_row]),
        "return": _number(trade.pnl / paid) if paid > 0 else None,
        "bars": trade.exit_row - trade.entry_row,
        **_excursions(trade, result),
    }
    return row


def _excursions(trade: Trade, result: BacktestResult) -> Plain:
    """How far price went against and for the trade while it was held, as fractions of the entry price."""
    column = result.panel.names.index(trade.instrument)
    rows = slice(trade.entry_row, trade.exit_row + 1)
    high, low = result.panel.high[rows, column], result.panel.low[rows, column]
    if not np.isfinite(high).any() or trade.entry_price <= 0:
        return {"mfe": None, "mae": None}
    up, down = np.nanmax(high) / trade.entry_price - 1.0, 1.0 - np.nanmin(low) / trade.entry_price
    best, worst = (up, down) if trade.side.lower() in ("buy", "long") else (down, up)
    return {"mfe": _number(max(0.0, best)), "mae": _number(max(0.0, worst))}


def _instrument(result: BacktestResult, column: int, name: str) -> Plain:
    mine = [trade for trade in result.trades if trade.instrument == name]
    pnl = [trade.pnl for trade in mine]
    return {
        "name": name,
        "trades": len(mine),
        "pnl": float(sum(pnl)),
        "win_rate": _number(figures.win_rate(pnl)),
        "bars": int(np.count_nonzero(np.isfinite(result.panel.close[:, column]))),
        "fees": float(result.fills.fee[result.fills.column == column].sum()),
    }


def _by_reason(result: BacktestResult) -> list[Plain]:
    """Closed trades by the reason their entry gave and by what ended them: {entry, exit, trades, pnl}."""
    entries = _reason_of_rows(result)
    ends = {
        (row, column): FillReason(reason).name.lower()
        for row, column, reason in zip(
            result.fills.row.tolist(), result.fills.column.tolist(), result.fills.reason.tolist(), strict=True
        )
    }
    sums: dict[tuple[str, str], list[float]] = defaultdict(list)
    for trade in result.trades:
        column = result.panel.names.index(trade.instrument)
        key = (entries(trade.entry_row, column), ends.get((trade.exit_row, column), ""))
        sums[key].append(trade.pnl)
    return [
        {"entry": entry, "exit": leaving, "trades": len(pnl), "pnl": float(sum(pnl))}
        for (entry, leaving), pnl in sorted(sums.items(), key=lambda one: -abs(sum(one[1])))
    ]


def _reason_of_rows(result: BacktestResult) -> Callable[[int, int], str]:
    codes, words = result.signals.reason, result.signals.reasons
    late = 0 if result.rules.fill == "close" else 1

    def told(row: int, column: int) -> str:
        if codes is None or row - late < 0:
            return ""
        code = int(codes[row - late, column])
        return words[code] if 0 <= code < len(words) else ""

    return told


def _known_closes(close: Floats) -> Floats:
    """Each row's last known close, NaN before the first."""
    rows = np.where(np.isfinite(close), np.arange(len(close)).reshape(-1, 1), -1)
    last = np.maximum.accumulate(rows, axis=0)
    known = np.take_along_axis(close, np.maximum(last, 0), axis=0)
    return np.where(last >= 0, known, np.nan)


def _told(values: Plain) -> Plain:
    return {name: _number(value) for name, value in values.items()}


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def benchmark_beside(ts_ms: Ints, times: Ints, prices: Floats) -> Floats:
    """The last price at or before each row's time, float64[T]; NaN before the first."""
    at = np.searchsorted(times, ts_ms, side="right") - 1
    return np.where(at >= 0, prices[np.maximum(at, 0)], np.nan)
