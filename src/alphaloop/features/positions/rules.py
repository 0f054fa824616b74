"""Pure decisions about positions: how a fill moves one, and which round trip it ends."""

from dataclasses import dataclass
from decimal import Decimal

from alphaloop.core.money import EXACT, ZERO, stored
from alphaloop.core.order import OrderSide
from alphaloop.core.position import Position, apply_fill
from alphaloop.core.signal import Direction


@dataclass(frozen=True, slots=True)
class Trip:
    """A round trip: from flat to flat. Values are sums of price x quantity, fees are in quote units."""

    entry_quantity: Decimal = ZERO
    entry_value: Decimal = ZERO
    exit_quantity: Decimal = ZERO
    exit_value: Decimal = ZERO
    fees: Decimal = ZERO
    opened_ms: int | None = None


@dataclass(frozen=True, slots=True)
class ClosedTrip:
    """A finished round trip at average prices; `realised` is after fees."""

    direction: Direction
    quantity: Decimal
    entry_price: Decimal
    exit_price: Decimal
    fees: Decimal
    realised: Decimal
    entry_ms: int
    exit_ms: int


def move(
    position: Position, trip: Trip, *, signed: Decimal, price: Decimal, fee: Decimal, ts_ms: int
) -> tuple[Position, Trip, ClosedTrip | None]:
    """Position and trip after one fill of `signed` base units, and the trip that it closed, if any.

    A fill that crosses zero closes one trip and opens the next; its fee is split by quantity.
    """
    before = position.quantity
    after = _filled(position, signed, price, fee)
    if before == 0 or (before > 0) == (signed > 0):
        return after, _entered(trip, abs(signed), price, fee, ts_ms), None
    closing = min(abs(before), abs(signed))
    opening = EXACT.subtract(abs(signed), closing)
    closing_fee = stored(EXACT.divide(EXACT.multiply(fee, closing), abs(signed)))
    left = _exited(trip, closing, price, closing_fee)
    if after.quantity != 0 and opening == 0:
        return after, left, None
    closed = _closed(left, Direction.LONG if before > 0 else Direction.SHORT, ts_ms)
    fresh = Trip() if opening == 0 else _entered(Trip(), opening, price, EXACT.subtract(fee, closing_fee), ts_ms)
    return after, fresh, closed


def _filled(position: Position, signed: Decimal, price: Decimal, fee: Decimal) -> Position:
    side = OrderSide.BUY if signed > 0 else OrderSide.SELL
    moved = apply_fill(position, side=side, quantity=abs(signed), price=price, fee=fee)
    return Position(stored(moved.quantity), stored(moved.average_price), stored(moved.realised), stored(moved.fees))


def _entered(trip: Trip, quantity: Decimal, price: Decimal, fee: Decimal, ts_ms: int) -> Trip:
    return Trip(
        entry_quantity=EXACT.add(trip.entry_quantity, quantity),
        entry_value=EXACT.add(trip.entry_value, EXACT.multiply(quantity, price)),
        exit_quantity=trip.exit_quantity,
        exit_value=trip.exit_value,
        fees=EXACT.add(trip.fees, fee),
        opened_ms=trip.opened_ms if trip.opened_ms is not None else ts_ms,
    )


def _exited(trip: Trip, quantity: Decimal, price: Decimal, fee: Decimal) -> Trip:
    return Trip(
        entry_quantity=trip.entry_quantity,
        entry_value=trip.entry_value,
        exit_quantity=EXACT.add(trip.exit_quantity, quantity),
        exit_value=EXACT.add(trip.exit_value, EXACT.multiply(quantity, price)),
        fees=EXACT.add(trip.fees, fee),
        opened_ms=trip.opened_ms,
    )


def _closed(trip: Trip, direction: Direction, ts_ms: int) -> ClosedTrip:
    gain = EXACT.subtract(trip.exit_value, trip.entry_value)
    if direction is Direction.SHORT:
        gain = -gain
    return ClosedTrip(
        direction=direction,
        quantity=trip.entry_quantity,
        entry_price=stored(EXACT.divide(trip.entry_value, trip.entry_quantity)),
        exit_price=stored(EXACT.divide(trip.exit_value, trip.exit_quantity)),
        fees=stored(trip.fees),
        realised=stored(EXACT.subtract(gain, trip.fees)),
        entry_ms=trip.opened_ms if trip.opened_ms is not None else ts_ms,
        exit_ms=ts_ms,
    )
