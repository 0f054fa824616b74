"""How much worse than the seen price a market order fills."""

from decimal import Decimal

from alphaloop.core.money import EXACT, ONE, ceil_step, floor_step
from alphaloop.core.order import OrderSide

_BPS = Decimal(10_000)


def slipped(price: Decimal, side: OrderSide, slippage_bps: Decimal, *, tick: Decimal = Decimal(0)) -> Decimal:
    """Price after slippage in basis points, always to the order's disadvantage and rounded that way to the tick."""
    if slippage_bps == 0:
        return price
    moved = EXACT.multiply(price, ONE + EXACT.divide(slippage_bps, _BPS) * side.sign)
    return ceil_step(moved, tick) if side is OrderSide.BUY else floor_step(moved, tick)
