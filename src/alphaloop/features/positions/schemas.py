"""Equity on the wire."""

from datetime import date

from pydantic import Field

from alphaloop.features.accounts.schemas import AccountView
from alphaloop.features.positions.service.flows import FlowKind
from alphaloop.infra.http.wire import Id, Money, Ratio, Wire

__all__ = ["AccountView", "CashFlowView", "EquityCurve", "EquityPointView", "SnapshotView"]


class EquityPointView(Wire):
    ts: int
    equity: Money
    cash: Money
    market_value: Money


class EquityCurve(Wire):
    points: list[EquityPointView]


class CashFlowView(Wire):
    """Money an account got (below zero: paid) other than by trading; funding has a rate, and the mark as its price."""

    id: Id
    kind: FlowKind
    instrument: str
    asset: str
    amount: Money
    quantity: Money
    rate: Money | None
    price: Money | None
    ts: int = Field(validation_alias="ts_ms")


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
