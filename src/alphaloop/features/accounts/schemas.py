"""Accounts on the wire."""

from typing import Annotated

from pydantic import StringConstraints

from alphaloop.infra.http.wire import Id, Money, Name, Positive, TimeMs, Wire

Asset = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{2,16}$")]


class NewAccount(Wire):
    """A paper account with play money."""

    name: Name
    quote_asset: Asset = "USDT"
    cash: Positive


class AccountView(Wire):
    """An account and what it is worth at its latest marks."""

    id: Id
    name: str
    kind: str
    trading_mode: str
    quote_asset: str
    clock: str
    replay_id: Id | None
    status: str
    opening_cash: Money
    fee_rate: Money
    equity: Money
    cash: Money
    market_value: Money
    unrealised: Money
    realised: Money
    fees: Money
    ts: int
    created_at_ms: TimeMs
