"""Orders and their life: which states exist, which moves between them are legal."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class OrderSide(StrEnum):
    BUY = "BUY"
    SELL = "SELL"

    @property
    def sign(self) -> int:
        return 1 if self is OrderSide.BUY else -1

    @property
    def opposite(self) -> "OrderSide":
        return OrderSide.SELL if self is OrderSide.BUY else OrderSide.BUY


class OrderType(StrEnum):
    MARKET = "MARKET"
    LIMIT = "LIMIT"
    STOP = "STOP"
    STOP_LIMIT = "STOP_LIMIT"

    @property
    def has_price(self) -> bool:
        return self in (OrderType.LIMIT, OrderType.STOP_LIMIT)

    @property
    def has_stop_price(self) -> bool:
        return self in (OrderType.STOP, OrderType.STOP_LIMIT)


class OrderStatus(StrEnum):
    INTENT = "INTENT"  # durable here, nothing sent yet
    SUBMITTING = "SUBMITTING"  # bytes may have left
    UNKNOWN = "UNKNOWN"  # sent, answer lost: nobody may assume either way
    LIVE = "LIVE"
    PARTIAL = "PARTIAL"
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"

    @property
    def terminal(self) -> bool:
        return self in TERMINAL

    @property
    def working(self) -> bool:
        """Whether it may still trade, as far as anybody here knows."""
        return self not in TERMINAL


TERMINAL = frozenset({OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.REJECTED, OrderStatus.EXPIRED})

_S = OrderStatus
_MOVES: dict[OrderStatus, frozenset[OrderStatus]] = {
    _S.INTENT: frozenset({_S.SUBMITTING, _S.CANCELLED, _S.REJECTED, _S.EXPIRED}),
    _S.SUBMITTING: frozenset({_S.UNKNOWN, _S.LIVE, _S.PARTIAL, *TERMINAL}),
    _S.UNKNOWN: frozenset({_S.SUBMITTING, _S.LIVE, _S.PARTIAL, *TERMINAL}),
    _S.LIVE: frozenset({_S.UNKNOWN, _S.PARTIAL, *TERMINAL}),
    _S.PARTIAL: frozenset({_S.UNKNOWN, *TERMINAL}),
}


def can_move(before: OrderStatus, after: OrderStatus) -> bool:
    """Whether an order may go from one state to the other; terminal states absorb (a late fill is booked instead)."""
    return after in _MOVES.get(before, frozenset())


@dataclass(frozen=True, slots=True)
class VenueOrder:
    """What a venue is asked to work: the whole order in its own words, nothing about who or why.

    `quantity` is in base units, prices in quote units. `price` is set for limit kinds, `stop_price` for stop kinds.
    `oco_group` ties orders of which one fill cancels the rest (a stop and a take).
    """

    client_order_id: str
    instrument: str
    side: OrderSide
    type: OrderType
    quantity: Decimal
    price: Decimal | None = None
    stop_price: Decimal | None = None
    reduce_only: bool = False
    oco_group: str | None = None
