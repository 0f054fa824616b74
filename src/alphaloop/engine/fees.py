"""What a venue charges per fill; one formula for backtest, paper and the risk check's reserve."""

from decimal import Decimal

from alphaloop.core.money import EXACT, stored


def fee_amount(quantity: Decimal, price: Decimal, rate: Decimal) -> Decimal:
    """Fee in quote units: |quantity| x price x rate, rounded half-even to 18 places. `rate` is a fraction per side."""
    return stored(EXACT.multiply(EXACT.multiply(abs(quantity), price), rate))
