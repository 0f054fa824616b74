"""Positions as arithmetic over fills: average cost, realised profit, and the round trips they form."""

from dataclasses import dataclass, replace
from decimal import Decimal

from alphaloop.core.money import EXACT, ZERO
from alphaloop.core.order import OrderSide


@dataclass(frozen=True, slots=True)
class Position:
    """Signed `quantity` in base units (negative = short), `average_price` and `realised` in quote units, fees apart."""

    quantity: Decimal = ZERO
    average_price: Decimal = ZERO
    realised: Decimal = ZERO
    fees: Decimal = ZERO

    def unrealised(self, mark: Decimal) -> Decimal:
        return EXACT.multiply(EXACT.subtract(mark, self.average_price), self.quantity)

    def market_value(self, mark: Decimal) -> Decimal:
        return EXACT.multiply(mark, self.quantity)


def apply_fill(position: Position, *, side: OrderSide, quantity: Decimal, price: Decimal, fee: Decimal) -> Position:
    """The position after one fill, by average cost: adding moves the average, reducing realises, crossing does both.

    `quantity` is positive, `fee` is in quote units (0 when it was charged in another asset).
    """
    signed = quantity * side.sign
    before = position.quantity
    after = EXACT.add(before, signed)
    fees = EXACT.add(position.fees, fee)
    if before == 0 or (before > 0) == (signed > 0):
        cost = EXACT.add(EXACT.multiply(abs(before), position.average_price), EXACT.multiply(quantity, price))
        return replace(position, quantity=after, average_price=EXACT.divide(cost, abs(after)), fees=fees)
    closed = min(abs(before), quantity)
    gain = EXACT.multiply(EXACT.subtract(price, position.average_price), closed.copy_sign(before))
    crossed = quantity > abs(before)
    average = price if crossed else (ZERO if after == 0 else position.average_price)
    return Position(quantity=after, average_price=average, realised=EXACT.add(position.realised, gain), fees=fees)
