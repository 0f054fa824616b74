"""A backtest as people read it: what it earned and when, what it risked, what traded, and how sure any of it is."""

import dataclasses
import math
from collections import defaultdict
from collections.abc import Callable

import numpy as np

from alphaloop.engine.backtest import BacktestResult, periods_per_year
from alphaloop.engine.notes import note_rows
from alphaloop.engine.panel import Floats, Ints
from alphaloop.engine.portfolio import Trade
from alphaloop.engine.report_parts import DRAWS, Plain, curve_parts, market_line, number, told, volatility
from alphaloop.engine.sim_unfilled import count_unfilled
from alphaloop.engine.simulate import FillReason
from alphaloop.kernels import metrics as figures

_GAP = 5  # times the usual step


def make_report(result: BacktestResult, *, benchmark: Floats | None = None, draws: int = DRAWS) -> Plain:
    """Everything a report page shows, as plain JSON; fractions as fractions, money in quote units, times in epoch ms.

    {metrics, intervals, curve, rolling, monthly, trades, instruments, reasons, unfilled, gaps, notes}. `benchmark` is
    float64[T], a price or an equity beside each row (NaN: none there), for alpha, beta and its own curve.
    Figures that cannot be told are None."""
    panel, start = result.panel, result.rules.start
    times = panel.ts_ms[start:]
    equity = result.equity[start:]
    held = figures.held_units(result.fills.row, result.fills.column, result.fills.quantity, panel.close.shape)[start:]
    beside = None if benchmark is None else benchmark[start:]
    return {
        "run_id": result.run_id,
        "strategy": result.strategy,
        "params": dict(result.params),
        "rules": dataclasses.asdict(result.rules),
        "instruments": [_instrument(result, n, name) for n, name in enumerate(panel.names)],
        "metrics": {**result.metrics, **_more_metrics(result, held), **market_line(equity, panel.ts_ms, beside)},
        **curve_parts(times, equity, result.rules.cash, benchmark=beside, draws=draws),
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
    return told(
        {
            "volatility": volatility(curve, rate),
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


def _trade(trade: Trade, result: BacktestResult) -> Plain:
    row = dataclasses.asdict(trade)
    ts = result.panel.ts_ms
    paid = trade.quantity * trade.entry_price
    row |= {
        "entry_ts": int(ts[trade.entry_row]),
        "exit_ts": int(ts[trade.exit_row]),
        "return": number(trade.pnl / paid) if paid > 0 else None,
        "bars": trade.exit_row - trade.entry_row,
        "mfe": number(trade.mfe),
        "mae": number(trade.mae),
    }
    return row


def _instrument(result: BacktestResult, column: int, name: str) -> Plain:
    mine = [trade for trade in result.trades if trade.instrument == name]
    pnl = [trade.pnl for trade in mine]
    return {
        "name": name,
        "trades": len(mine),
        "pnl": float(sum(pnl)),
        "win_rate": number(figures.win_rate(pnl)),
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

    def said(row: int, column: int) -> str:
        if codes is None or row - late < 0:
            return ""
        code = int(codes[row - late, column])
        return words[code] if 0 <= code < len(words) else ""

    return said


def _known_closes(close: Floats) -> Floats:
    """Each row's last known close, NaN before the first."""
    rows = np.where(np.isfinite(close), np.arange(len(close)).reshape(-1, 1), -1)
    last = np.maximum.accumulate(rows, axis=0)
    known = np.take_along_axis(close, np.maximum(last, 0), axis=0)
    return np.where(last >= 0, known, np.nan)


def benchmark_beside(ts_ms: Ints, times: Ints, prices: Floats) -> Floats:
    """The last price at or before each row's time, float64[T]; NaN before the first."""
    at = np.searchsorted(times, ts_ms, side="right") - 1
    return np.where(at >= 0, prices[np.maximum(at, 0)], np.nan)
