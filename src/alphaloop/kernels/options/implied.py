"""The volatility that a price implies: the language in which options of different strikes and dates are compared."""

import math

import numpy as np
import numpy.typing as npt
from numba import vectorize

from alphaloop.kernels.options.pricing import Floats, european, possible

# No option is quoted beyond this; a price that asks for more lies within rounding of its upper bound.
_HIGHEST = 100.0
_ROUNDS = 200


def implied_volatility(
    price: npt.ArrayLike,
    spot: npt.ArrayLike,
    strike: npt.ArrayLike,
    years: npt.ArrayLike,
    call: npt.ArrayLike,
    *,
    rate: npt.ArrayLike = 0.0,
    dividend: npt.ArrayLike = 0.0,
) -> Floats:
    """The volatility a year at which the European price is `price`, float64 of the broadcast shape.

    NaN where no volatility gives it: at or below what the forward leaves, at or above what the option can ever pay, and
    at expiry. The root is kept in a bracket, so that no start or flat slope can lose it. Far in the money the price
    holds few digits of volatility, and so does the answer.
    """
    return np.asarray(_implied(price, spot, strike, years, np.asarray(call, np.bool_), rate, dividend))


@vectorize(cache=True)  # type: ignore[no-untyped-call]
def _implied(price: float, spot: float, strike: float, years: float, call: bool, rate: float, dividend: float) -> float:
    if not possible(spot, strike, years, 0.0, rate, dividend) or years == 0.0 or math.isnan(price):
        return math.nan
    held, paid = spot * math.exp(-dividend * years), strike * math.exp(-rate * years)
    # Parity moves an option that is in the money to its twin outside, whose whole price is time value.
    sign = 1.0 if call else -1.0
    out_call = held < paid
    target = price if out_call == call else price - sign * (held - paid)
    if not 0.0 < target < (held if out_call else paid):
        return math.nan
    low, high = 0.0, 1.0
    while european(spot, strike, years, high, out_call, rate, dividend) < target:
        low, high = high, 2.0 * high
        if high > _HIGHEST:
            return math.nan
    # The point of inflection, from which Newton's steps never overshoot (Manaster and Koehler, 1982).
    guess = math.sqrt(2.0 * abs(math.log(held / paid)) / years)
    for _ in range(_ROUNDS):
        if not low < guess < high:
            guess = 0.5 * (low + high)
        error = european(spot, strike, years, guess, out_call, rate, dividend) - target
        if error == 0.0:
            return guess
        if error > 0.0:
            high = guess
        else:
            low = guess
        spread = guess * math.sqrt(years)
        d1 = math.log(held / paid) / spread + 0.5 * spread
        slope = held * math.sqrt(years / (2.0 * math.pi)) * math.exp(-0.5 * d1 * d1)
        following = guess - error / slope if slope > 0.0 else 0.5 * (low + high)
        if abs(following - guess) <= 1e-15 * guess or high - low <= 1e-15 * high:
            return guess
        guess = following
    return guess
