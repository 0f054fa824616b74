"""Accounts on the wire."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import StringConstraints

from alphaloop.infra.http.wire import Flag, Id, Money, Name, Positive, TimeMs, Wire

MarketKey = Annotated[str, StringConstraints(pattern=r"^[a-z_]{0,24}$")]
Asset = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{2,16}$")]


class NewAccount(Wire):
    """A paper account with play money, or that of somebody who trades by hand (`manual`), with the cash that lies at
    their broker; what is left out comes from the market's preset, where a market is named."""

    name: Name
    venue: Literal["paper", "manual"] = "paper"
    market: MarketKey = ""
    quote_asset: Asset | None = None
    cash: Positive | None = None
    leverage: Positive = Decimal(1)
    isolated: Flag = False
    fractional: Flag = False


class PresetView(Wire):
    """What a paper account for a market starts with; `colours` says whether red or green means up."""

    market: str
    title: dict[str, str]
    currency: str
    calendar: str
    cash: Money
    benchmark: str
    colours: str
    commission: Money
    slippage_bps: Money


class AccountView(Wire):
    """An account and what it is worth at its latest marks."""

    id: Id
    name: str
    kind: str
    trading_mode: str
    venue: str
    quote_asset: str
    clock: str
    replay_id: Id | None
    status: str
    opening_cash: Money
    fee_rate: Money
    market: str
    benchmark: str | None
    colours: str | None
    leverage: Money
    isolated: bool
    fractional: bool
    equity: Money
    cash: Money
    market_value: Money
    unrealised: Money
    realised: Money
    fees: Money
    ts: int
    created_at_ms: TimeMs
