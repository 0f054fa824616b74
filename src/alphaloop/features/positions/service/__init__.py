"""Use cases of positions: booking fills, ex-dates and funding, marking, and stating what an account is worth."""

from alphaloop.features.positions.service.booking import (
    accounts_holding,
    apply_fill,
    find_position,
    list_positions,
    view,
)
from alphaloop.features.positions.service.ex_dates import book_action
from alphaloop.features.positions.service.flows import FlowKind, list_cash_flows
from alphaloop.features.positions.service.funding import FundingPaid, book_funding
from alphaloop.features.positions.service.marking import (
    Worth,
    account_time_ms,
    equity_curve,
    find_mark,
    mark,
    snapshot_now,
    snapshots,
    suspended,
    trading_day,
    worth,
)

__all__ = [
    "FlowKind",
    "FundingPaid",
    "Worth",
    "account_time_ms",
    "accounts_holding",
    "apply_fill",
    "book_action",
    "book_funding",
    "equity_curve",
    "find_mark",
    "find_position",
    "list_cash_flows",
    "list_positions",
    "mark",
    "snapshot_now",
    "snapshots",
    "suspended",
    "trading_day",
    "view",
    "worth",
]
