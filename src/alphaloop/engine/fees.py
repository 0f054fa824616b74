"""What venues, brokers and states charge per order; one formula for backtest, paper and the risk check's reserve."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

from alphaloop.core.money import EXACT, ONE, ZERO
from alphaloop.core.order import OrderSide


@dataclass(frozen=True, slots=True)
class Charge:
    """A fee per order: `rate` per `notional`, `unit` or `order`, between minimum and maximum, rounded to a step.

    `broker` marks the one that an account may have agreed otherwise. Without `step` the market's money step counts.
    """

    name: str
    rate: Decimal
    per: str = "notional"
    side: str = "both"
    minimum: Decimal = ZERO
    maximum: Decimal | None = None
    step: Decimal | None = None
    rounding: str = "half_up"
    broker: bool = False

    def falls_on(self, side: OrderSide) -> bool:
        return self.side in ("both", side.value.lower())

    def amount(self, quantity: Decimal, notional: Decimal, step: Decimal) -> Decimal:
        """Quote units for an order that has traded so much; nothing for one that has not traded, or at rate 0."""
        if quantity == 0 or self.rate == 0:
            return ZERO
        of = {"notional": notional, "unit": quantity, "order": ONE}[self.per]
        raw = max(EXACT.multiply(of, self.rate), self.minimum)
        raw = raw if self.maximum is None else min(raw, self.maximum)
        grid = step if self.step is None else self.step
        if grid == 0:
            return raw
        kind = ROUND_CEILING if self.rounding == "up" else ROUND_HALF_UP
        return EXACT.multiply(EXACT.divide(raw, grid).to_integral_value(kind), grid)
