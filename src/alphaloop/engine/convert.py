"""The one crossing between float64 arithmetic and exact decimals: nothing else may turn one into the other."""

import math
from decimal import Decimal

from alphaloop.core.errors import InvalidError

_DIGITS = 15


def to_decimal(value: float, *, field: str = "value") -> Decimal:
    """Decimal of the shortest text that names the float, at most 15 significant digits; NaN and infinities are refused.

    Fifteen digits are what every float64 keeps faithfully, so 0.1 becomes 0.1 and not its binary expansion.
    """
    if not math.isfinite(value):
        raise InvalidError(f"{field} is not a finite number.", code="not_finite", fields=((field, "not_finite"),))
    return Decimal(format(value, f".{_DIGITS}g"))


def to_float(value: Decimal) -> float:
    """Nearest float64 of a finite decimal, for arrays and kernels only."""
    if not value.is_finite():
        raise InvalidError("A price or quantity is not a finite number.", code="not_finite")
    return float(value)
