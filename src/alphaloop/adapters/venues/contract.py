"""What a venue offers, split in two: trading, which only `features/orders/execution` may hold, and reading."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from alphaloop.core.fill import Fill
from alphaloop.core.order import OrderStatus, VenueOrder


class Answer(StrEnum):
    """What is known after asking: UNKNOWN means the bytes may have arrived, so nobody may assume either way."""

    ACCEPTED = "ACCEPTED"
    REFUSED = "REFUSED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Placed:
    answer: Answer
    venue_order_id: str | None = None
    code: str = ""


@dataclass(frozen=True, slots=True)
class VenueOrderState:
    """An order as the venue sees it. `filled` is a checksum; fills are booked one by one from `fills_after`."""

    client_order_id: str
    venue_order_id: str
    status: OrderStatus
    filled: Decimal
    reason: str


@dataclass(frozen=True, slots=True)
class Settled:
    """What a position of `quantity` (signed) `paid` at a funding settlement; below zero it received."""

    quantity: Decimal
    paid: Decimal


class TradePort(Protocol):
    async def place(self, account_id: int, order: VenueOrder, *, ts_ms: int) -> Placed:
        """Send one order. The same client_order_id never makes two orders: a known one is answered as it stands."""
        ...

    async def cancel(self, account_id: int, client_order_id: str, *, ts_ms: int) -> Answer:
        """Ask for a cancel. REFUSED means the order was not working (look it up); fills are never undone."""
        ...


class ReadPort(Protocol):
    async def find_order(self, account_id: int, client_order_id: str) -> VenueOrderState | None: ...

    async def order_states(self, account_id: int, client_order_ids: list[str]) -> list[VenueOrderState]: ...

    async def fills_after(self, account_id: int, position: int) -> list[tuple[int, Fill]]:
        """(position, fill) of every fill past that position in the venue's own log, oldest first; 0 starts it."""
        ...

    async def balances(self, account_id: int) -> dict[str, Decimal]:
        """Asset -> total as the venue keeps it."""
        ...
