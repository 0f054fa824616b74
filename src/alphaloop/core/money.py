"""Exact decimal arithmetic for money, price and quantity; binary floats never carry any of them."""

import re
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal

from alphaloop.core.errors import InvalidError

ZERO = Decimal(0)
ONE = Decimal(1)

# 38 digits is what NUMERIC(38,18) stores; intermediate products get room so that rounding happens once, at the end.
EXACT = Context(prec=76, rounding=ROUND_HALF_EVEN)
STORED = Decimal("1e-18")
_PLAIN = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,18})?", re.ASCII)


def parse_amount(text: str, *, field: str = "amount") -> Decimal:
    """Decimal from plain decimal text: at most 20 digits before and 18 after the point.

    Exponents, signs other than '-', underscores, NaN, Infinity and non-ASCII digits are refused with InvalidError.
    """
    if not _PLAIN.fullmatch(text):
        raise InvalidError(
            f"{field} must be a plain decimal number.", code="not_a_decimal", fields=((field, "not_a_decimal"),)
        )
    value = Decimal(text)
    return ZERO if value == 0 else value


def stored(value: Decimal) -> Decimal:
    """Round half-even to the 18 places a money column keeps."""
    return EXACT.quantize(value, STORED)


def plain(value: Decimal) -> str:
    """Shortest plain decimal text without exponent or trailing zeros: Decimal('1E+3') -> '1000'."""
    if value == 0:
        return "0"
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def floor_step(value: Decimal, step: Decimal) -> Decimal:
    """Largest multiple of `step` not above `value`; `step` 0 means no grid."""
    return value if step == 0 else EXACT.multiply(EXACT.divide(value, step).to_integral_value(ROUND_FLOOR), step)


def ceil_step(value: Decimal, step: Decimal) -> Decimal:
    """Smallest multiple of `step` not below `value`; `step` 0 means no grid."""
    return value if step == 0 else EXACT.multiply(EXACT.divide(value, step).to_integral_value(ROUND_CEILING), step)


def on_grid(value: Decimal, step: Decimal) -> bool:
    """Whether `value` is a multiple of `step`; `step` 0 means every value is."""
    return step == 0 or EXACT.remainder(value, step) == 0
