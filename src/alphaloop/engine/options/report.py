"""A run of option legs as people read it: the same report as any other, a group of legs being one trade."""

import dataclasses
import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from alphaloop.engine.backtest import periods_per_year
from alphaloop.engine.notes import note_rows
from alphaloop.engine.options.backtest import OptionResult
from alphaloop.engine.options.fills import UNDERLYING, OptionTrade
from alphaloop.engine.panel import Floats
from alphaloop.engine.report import find_gaps
from alphaloop.engine.report_parts import DRAWS, Plain, curve_parts, market_line, number, told, volatility
from alphaloop.kernels import metrics as figures

# A group without a quote may still begin later; every other refusal is for good.
_LATER = "no_quote"


def option_report(result: OptionResult, *, benchmark: Floats | None = None, draws: int = DRAWS) -> Plain:
    """The report of `engine/report.make_report` for option legs. `rules` are the terms of the contracts; attribution is
    by how groups ended, with what the underlying itself brought as a row of its own."""
    panel, start = result.panel, result.start
    times, equity = panel.ts_ms[start:], result.equity[start:]
    beside = None if benchmark is None else benchmark[start:]
    trades = [_trade(trade, result) for trade in result.trades]
    return {
        "run_id": result.run_id,
        "strategy": result.strategy,
        "params": dict(result.params),
        "rules": {"cash": result.cash, "start": start, "fill": "close", **dataclasses.asdict(result.terms)},
        "instruments": [_instrument(result, trades)],
        "metrics": {**result.metrics, **_more_metrics(result), **market_line(equity, panel.ts_ms, beside)},
        **curve_parts(times, equity, result.cash, benchmark=beside, draws=draws),
        "trades": trades,
        "reasons": _by_ending(result),
        "unfilled": _unfilled(result),
        "gaps": find_gaps(panel.ts_ms),
        "notes": note_rows(result.notes),
    }


def option_rows(result: OptionResult, labels: Sequence[Any] | None = None) -> Plain:
    """The result as plain JSON like `engine/backtest.result_rows`; `labels` are the file's own times, one per row."""
    ts = labels if labels is not None else result.panel.ts_ms.tolist()
    trades = []
    for trade in result.trades:
        row = {name: value for name, value in _told_trade(trade, result).items() if name != "instrument"}
        trades.append({"entry_ts": ts[trade.entry_row], "exit_ts": ts[trade.exit_row], **row})
    return {
        "run_id": result.run_id,
        "strategy": result.strategy,
        "params": dict(result.params),
        "metrics": result.metrics,
        "trades": trades,
        "equity": [{"ts": ts[row], "equity": value} for row, value in enumerate(result.equity.tolist())],
        "unfilled": _unfilled(result),
        "notes": note_rows(result.notes),
    }


def _told_trade(trade: OptionTrade, result: OptionResult) -> Plain:
    """A group per unit of the underlying: sold for its credit or bought for its price, and what ending it cost or
    brought, hedge included, so that profit = (exit - entry) x quantity - fees for what was bought."""
    units = trade.quantity * result.terms.multiplier
    sold = trade.credit > 0.0
    entry = abs(trade.credit) / units
    moved = (trade.pnl + trade.fees) / units
    return {
        "instrument": result.panel.names[0],
        "side": "SELL" if sold else "BUY",
        "quantity": units,
        "entry_price": entry,
        "exit_price": entry - moved if sold else entry + moved,
        "fees": trade.fees,
        "pnl": trade.pnl,
        "legs": trade.reason,
        "ended": trade.ended,
    }


def _trade(trade: OptionTrade, result: OptionResult) -> Plain:
    ts = result.panel.ts_ms
    return _told_trade(trade, result) | {
        "entry_row": trade.entry_row,
        "exit_row": trade.exit_row,
        "entry_ts": int(ts[trade.entry_row]),
        "exit_ts": int(ts[trade.exit_row]),
        "return": number(trade.pnl / abs(trade.credit)) if trade.credit else None,
        "bars": trade.exit_row - trade.entry_row,
        "mfe": None,
        "mae": None,
    }


def _more_metrics(result: OptionResult) -> Plain:
    equity, start = result.equity[result.start :], result.start
    rate = periods_per_year(result.panel.ts_ms)
    curve = np.concatenate([[result.cash], equity])
    pnl = np.array([trade.pnl for trade in result.trades])
    size = np.array([1.0 if fill.contract == UNDERLYING else result.terms.multiplier for fill in result.fills])
    traded = np.array([fill.quantity * fill.price for fill in result.fills]) * size
    rows = [trade.exit_row - trade.entry_row for trade in result.trades]
    used = np.divide(result.margin[start:], equity, out=np.zeros(len(equity)), where=equity > 0)
    return told(
        {
            "volatility": volatility(curve, rate),
            "ulcer_index": figures.ulcer_index(curve),
            "omega": figures.omega(curve, rate),
            "tail_ratio": figures.tail_ratio(curve),
            "sqn": figures.sqn(pnl),
            "time_in_market": float(_held(result)[start:].mean()) if len(equity) else math.nan,
            "margin_used": float(used.mean()) if len(used) else math.nan,
            "turnover": figures.turnover(traded, curve, rate),
            "mean_bars_held": float(np.mean(rows)) if rows else math.nan,
            "best_trade": float(pnl.max()) if len(pnl) else math.nan,
            "worst_trade": float(pnl.min()) if len(pnl) else math.nan,
        }
    )


def _held(result: OptionResult) -> Floats:
    """1.0 on rows after whose close anything is held, the underlying included, float64[T]."""
    rows = len(result.panel.ts_ms)
    open_rows: dict[int, float] = defaultdict(float)
    held = np.zeros(rows)
    by_row = itertools.groupby(sorted(result.fills, key=lambda fill: fill.row), key=lambda fill: fill.row)
    last = 0
    for row, fills in by_row:
        held[last:row] = any(abs(quantity) > 1e-9 for quantity in open_rows.values())
        for fill in fills:
            open_rows[fill.contract] += fill.quantity
        last = row
    held[last:] = any(abs(quantity) > 1e-9 for quantity in open_rows.values())
    return held


def _instrument(result: OptionResult, trades: list[Plain]) -> Plain:
    return {
        "name": result.panel.names[0],
        "trades": len(trades),
        "pnl": float(result.equity[-1] - result.cash),
        "win_rate": number(figures.win_rate([trade["pnl"] for trade in trades])),
        "bars": int(np.count_nonzero(np.isfinite(result.panel.close[:, 0]))),
        "fees": float(sum(fill.fee for fill in result.fills)),
    }


def _by_ending(result: OptionResult) -> list[Plain]:
    sums: dict[str, list[float]] = defaultdict(list)
    for trade in result.trades:
        sums[trade.ended].append(trade.pnl)
    rows = [{"entry": "options", "exit": ended, "trades": len(pnl), "pnl": sum(pnl)} for ended, pnl in sums.items()]
    rest = float(result.equity[-1] - result.cash) - sum(trade.pnl for trade in result.trades)
    rows.append({"entry": "underlying_and_open", "exit": "", "trades": 0, "pnl": rest})
    return sorted(rows, key=lambda row: -abs(float(row["pnl"])))


def _unfilled(result: OptionResult) -> dict[str, Plain]:
    """In the shape of `count_unfilled`: groups that did not begin when they should have; what was held always ended."""
    late = {one.group for one in result.refused}
    never = {one.group for one in result.refused if one.why != _LATER}
    why = Counter(one.why for one in result.refused)
    asked = len(result.legs.share)
    entries = {"asked": asked, "unfilled": len(late), "never": len(never), "reasons": dict(why)}
    return {"entries": entries, "exits": {"asked": len(result.trades), "unfilled": 0, "never": 0, "reasons": {}}}
