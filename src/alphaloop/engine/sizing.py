"""From what a strategy wants to how much to order: exact, on the grid, never more than one can pay or hold."""

from decimal import Decimal

from alphaloop.core.instrument import Instrument
from alphaloop.core.money import EXACT, ONE, ZERO
from alphaloop.core.order import OrderSide
from alphaloop.core.signal import Desired, Sizing
from alphaloop.engine.convert import to_decimal
from alphaloop.engine.day_rules import DayRules

DEFAULT_RISK = Decimal("0.01")


def target_quantity(
    desired: Desired,
    *,
    equity: Decimal,
    price: Decimal,
    allocation: Decimal = ONE,
    fee_rate: Decimal = ZERO,
    risk_fraction: Decimal = DEFAULT_RISK,
) -> Decimal | None:
    """Signed position, in base units and not yet on the lot grid, that the intent asks for; None without an answer.

    WEIGHT: target x allocation x equity / (price x (1 + fee rate)). UNITS: the target itself. RISK: target x
    risk_fraction x allocation x equity / |price - stop|, nothing without a stop on the losing side of the price.
    """
    if desired.target is None or not price.is_finite() or price <= 0 or not equity.is_finite():
        return None
    target = to_decimal(desired.target, field="target")
    if target == 0:
        return ZERO
    if desired.sizing is Sizing.UNITS:
        return target
    budget = EXACT.multiply(EXACT.multiply(target, allocation), max(equity, ZERO))
    if desired.sizing is Sizing.WEIGHT:
        return EXACT.divide(budget, EXACT.multiply(price, ONE + fee_rate))
    if desired.stop is None:
        return None
    distance = EXACT.subtract(price, to_decimal(desired.stop, field="stop")).copy_abs()
    if distance == 0 or (to_decimal(desired.stop) < price) != (target > 0):
        return None
    wanted = EXACT.divide(EXACT.multiply(budget, risk_fraction), distance)
    affordable = EXACT.divide(EXACT.multiply(allocation, max(equity, ZERO)), EXACT.multiply(price, ONE + fee_rate))
    return min(wanted.copy_abs(), affordable).copy_sign(target)


def order_quantity(
    desired: Desired,
    *,
    equity: Decimal,
    price: Decimal,
    current_quantity: Decimal,
    instrument: Instrument,
    allocation: Decimal = ONE,
    fee_rate: Decimal = ZERO,
    risk_fraction: Decimal = DEFAULT_RISK,
    rules: DayRules | None = None,
) -> tuple[OrderSide, Decimal] | None:
    """Side and quantity that turn the position into the desired one, or None when nothing should be sent.

    The quantity is floored to the lot. A reduction never exceeds the position; a full exit is the whole position. An
    order below the minimum notional is not sent, unless it closes the position. Without `can_short` a negative target
    means flat. `rules` are those of the day it will trade on (None: the instrument's own grid); a part that the market
    takes no order for is not sent. `price` is the price the order is expected at, `equity` in quote units,
    `allocation` a share of it.
    """
    wanted = target_quantity(
        desired,
        equity=equity,
        price=price,
        allocation=allocation,
        fee_rate=fee_rate,
        risk_fraction=risk_fraction,
    )
    if wanted is None:
        return None
    if wanted < 0 and not instrument.can_short:
        wanted = ZERO
    rules = rules or DayRules("", "").of(instrument)
    target = rules.floor_quantity(wanted.copy_abs()).copy_sign(wanted)
    delta = EXACT.subtract(target, current_quantity)
    if delta == 0:
        return None
    side = OrderSide.BUY if delta > 0 else OrderSide.SELL
    closes = target == 0
    quantity = delta.copy_abs()
    if not closes and side is OrderSide.SELL and 0 < quantity <= current_quantity:
        quantity = rules.floor_sale(quantity, current_quantity)
    elif not closes:
        quantity = rules.floor_quantity(quantity)
    if quantity == 0:
        return None
    if not closes and EXACT.multiply(quantity, price) < instrument.min_notional:
        return None
    return side, quantity
