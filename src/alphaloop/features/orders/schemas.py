"""Orders, fills and positions on the wire."""

from enum import StrEnum
from typing import Annotated

from fastapi import UploadFile
from pydantic import Field, StringConstraints

from alphaloop.core.order import OrderSide, OrderStatus, OrderType
from alphaloop.core.signal import Direction
from alphaloop.infra.http.wire import Count, Flag, Id, Money, Positive, Ratio, Symbol, TimeMs, Wire


class OrderRole(StrEnum):
    """Why an order exists: a person's own, a strategy's way in or out, the protection of a position, a liquidation."""

    MANUAL = "MANUAL"
    ENTRY = "ENTRY"
    EXIT = "EXIT"
    STOP = "STOP"
    TAKE = "TAKE"
    FORCED = "FORCED"


class StatusFilter(StrEnum):
    OPEN = "open"
    CLOSED = "closed"
    ALL = "all"


IdempotencyKey = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9_.:\-]+$")]


NotNegative = Annotated[Money, Field(ge=0)]


class NewOrder(Wire):
    """An order as a person states it; `stop_loss` and `take_profit` become reduce-only orders that await the fill."""

    account_id: Id | None = None
    instrument: Symbol
    side: OrderSide
    type: OrderType
    quantity: Positive
    price: Positive | None = None
    stop_price: Positive | None = None
    reduce_only: Flag = False
    stop_loss: Positive | None = None
    take_profit: Positive | None = None


class DirectedOrder(Wire):
    """The older form: LONG opens with a buy, SHORT with a sell (C-47)."""

    account_id: Id | None = None
    symbol: Symbol
    direction: Direction
    quantity: Positive
    order_type: OrderType = OrderType.MARKET
    limit_price: Positive | None = None


class ClosePosition(Wire):
    account_id: Id | None = None
    instrument: Symbol


class TicketView(Wire):
    """An order that a person is to carry out at their broker; `text` is the line to copy or send. `note` is `ex_date`
    where its prices were restated since: what lies at the broker still has the old ones."""

    client_order_id: str
    instrument: str
    side: OrderSide
    type: OrderType
    quantity: Money
    filled: Money
    price: Money | None
    stop_price: Money | None
    ts: int
    note: str
    text: str


class NewTicketFill(Wire):
    """What came of a ticket: `fee` is everything the broker took, `ts` when it traded (now, if left out), `trade_id`
    the broker's own number, which makes saying it twice harmless."""

    quantity: Positive
    price: Positive
    fee: NotNegative = Field(default="0", validate_default=True)
    ts: Annotated[Count, Field(ge=0, le=253_402_300_799_999)] | None = None
    trade_id: Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Za-z0-9_.:\-]*$")] = ""


class StatementForm(Wire):
    """A broker's statement as its program exports it: CSV or tab-separated text, at most 1 MB here."""

    account_id: Id
    file: UploadFile


class UnmatchedTrade(Wire):
    """A trade of the statement that no ticket answers for; nothing was booked for it."""

    trade_id: str
    code: str
    side: OrderSide
    quantity: Money
    price: Money
    fee: Money
    ts: int


class StatementBooked(Wire):
    """Trades booked on tickets, trades known already, and the first 50 that no ticket answers for."""

    booked: Count
    known: Count
    unmatched: list[UnmatchedTrade]


class Reason(Wire):
    code: str


class OrderView(Wire):
    id: Id
    client_order_id: str
    venue_order_id: str | None
    account_id: Id
    session_id: Id | None
    instrument: str
    side: OrderSide
    type: OrderType
    quantity: Money
    price: Money | None
    stop_price: Money | None
    status: OrderStatus
    filled_quantity: Money
    average_price: Money | None
    fees: Money
    fee_asset: str
    reduce_only: bool
    role: OrderRole
    parent_id: Id | None
    cancel_requested: bool
    reason: Reason | None = None
    market_ts: int = Field(validation_alias="market_ts_ms")
    created_at_ms: TimeMs = Field(validation_alias="created_at")
    updated_at_ms: TimeMs = Field(validation_alias="updated_at")


class FillView(Wire):
    id: Id
    order_id: Id
    account_id: Id
    instrument: str
    side: OrderSide
    quantity: Money
    price: Money
    fee: Money
    fee_asset: str
    ts: int = Field(validation_alias="ts_ms")


class Preview(Wire):
    """What an order would mean: money in the account's quote asset, shares as ratios of equity.

    `notices` are codes of rules that do not refuse the order but that its owner should know of.
    """

    ok: bool
    code: str | None
    notional: Money | None
    fee: Money | None
    risk_amount: Money | None
    risk_pct: Ratio | None
    usage_pct: Ratio | None
    reward_risk: Ratio | None
    largest_quantity: Money | None
    notices: list[str] = Field(default_factory=list)


class PositionView(Wire):
    account_id: Id
    instrument: str
    quantity: Money
    direction: Direction
    average_price: Money
    mark: Money
    market_value: Money
    unrealised: Money
    realised: Money
    fees: Money
    stop: Money | None = None
    take: Money | None = None
    opened_at_ms: int | None
    suspended: bool = False


class BalanceView(Wire):
    asset: str
    total: Money
    free: Money
    locked: Money
