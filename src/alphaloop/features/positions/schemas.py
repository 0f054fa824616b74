"""Equity on the wire."""

from datetime import date

from alphaloop.features.accounts.schemas import AccountView
from alphaloop.infra.http.wire import Money, Ratio, Wire

__all__ = ["AccountView", "EquityCurve", "EquityPointView", "SnapshotView"]


class EquityPointView(Wire):
    ts: int
    equity: Money
    cash: Money
    market_value: Money


class EquityCurve(Wire):
    points: list[EquityPointView]


class SnapshotView(Wire):
    """One day. Returns are fractions; the benchmark is null until the account has one."""

    date: date
    equity: Money
    cash: Money
    market_value: Money
    realized_pnl: Money
    unrealized_pnl: Money
    daily_return: Ratio | None
    cumulative_return: Ratio | None
    max_drawdown_pct: Ratio | None
    benchmark_return: Ratio | None
