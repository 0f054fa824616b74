"""Prices of options on one underlying: European ones by formula, American ones on a tree of prices.

Everything broadcasts: spot, strike, years to expiry, rate and dividend yield (both continuous, a year), volatility
(a year) and whether it is a call. Impossible inputs (a price or strike that is not positive, a negative time or
volatility, NaN) give NaN.
"""

import math

import numpy as np
import numpy.typing as npt
from numba import njit, vectorize

Floats = npt.NDArray[np.float64]

_ROOT_HALF = math.sqrt(0.5)
# Leisen and Reimer's tree has its middle on the strike, which takes an odd number of steps.
STEPS = 501


def option_price(
    spot: npt.ArrayLike,
    strike: npt.ArrayLike,
    years: npt.ArrayLike,
    volatility: npt.ArrayLike,
    call: npt.ArrayLike,
    *,
    rate: npt.ArrayLike = 0.0,
    dividend: npt.ArrayLike = 0.0,
) -> Floats:
    """European price, float64 of the broadcast shape, in units of the spot.

    Source: F. Black and M. Scholes, *The Pricing of Options and Corporate Liabilities* (1973), with R. Merton's (1973)
    dividend yield. At expiry, or without volatility, it is what the forward leaves.
    """
    return np.asarray(_price(spot, strike, years, volatility, np.asarray(call, np.bool_), rate, dividend))


def american_price(
    spot: npt.ArrayLike,
    strike: npt.ArrayLike,
    years: npt.ArrayLike,
    volatility: npt.ArrayLike,
    call: npt.ArrayLike,
    *,
    rate: npt.ArrayLike = 0.0,
    dividend: npt.ArrayLike = 0.0,
    steps: int = STEPS,
) -> Floats:
    """American price, float64 of the broadcast shape, on a tree of `steps` steps (made odd).

    Source: D. Leisen and M. Reimer, *Binomial models for option valuation - examining and improving convergence*
    (1996). ValueError for fewer than one step.
    """
    if steps < 1:
        raise ValueError("a tree needs at least one step")
    odd = steps + 1 - steps % 2
    return np.asarray(_on_tree(spot, strike, years, volatility, np.asarray(call, np.bool_), rate, dividend, odd))


@njit(cache=True)
def normal_cdf(x: float) -> float:
    return 0.5 * math.erfc(-x * _ROOT_HALF)


@njit(cache=True)
def possible(spot: float, strike: float, years: float, volatility: float, rate: float, dividend: float) -> bool:
    """Whether a price can be told at all; a comparison with NaN is False."""
    told = spot > 0.0 and strike > 0.0 and years >= 0.0 and volatility >= 0.0
    return told and not math.isnan(rate) and not math.isnan(dividend)


@njit(cache=True)
def european(
    spot: float, strike: float, years: float, volatility: float, call: bool, rate: float, dividend: float
) -> float:
    """One European price from numbers that are possible."""
    sign = 1.0 if call else -1.0
    held, paid = spot * math.exp(-dividend * years), strike * math.exp(-rate * years)
    spread = volatility * math.sqrt(years)
    if spread == 0.0:
        return max(sign * (held - paid), 0.0)
    d1 = math.log(held / paid) / spread + 0.5 * spread
    return sign * (held * normal_cdf(sign * d1) - paid * normal_cdf(sign * (d1 - spread)))


@vectorize(cache=True)  # type: ignore[no-untyped-call]
def _price(
    spot: float, strike: float, years: float, volatility: float, call: bool, rate: float, dividend: float
) -> float:
    if not possible(spot, strike, years, volatility, rate, dividend):
        return math.nan
    return european(spot, strike, years, volatility, call, rate, dividend)


@njit(cache=True)
def _share(d: float, steps: int) -> float:
    """Peizer and Pratt's second inversion: the odds of a rise that put the tree's normal point at `d`."""
    scaled = d / (steps + 1.0 / 3.0 + 0.1 / (steps + 1.0))
    away = math.sqrt(0.25 - 0.25 * math.exp(-scaled * scaled * (steps + 1.0 / 6.0)))
    return 0.5 + (away if d > 0.0 else -away)


@vectorize(cache=True)  # type: ignore[no-untyped-call]
def _on_tree(
    spot: float, strike: float, years: float, volatility: float, call: bool, rate: float, dividend: float, steps: int
) -> float:
    if not possible(spot, strike, years, volatility, rate, dividend):
        return math.nan
    sign = 1.0 if call else -1.0
    spread = volatility * math.sqrt(years)
    if spread < 1e-12:
        # Nothing moves but by the carry: exercised now or at the end, whichever is worth more.
        return max(sign * (spot - strike), european(spot, strike, years, 0.0, call, rate, dividend))
    d2 = (math.log(spot / strike) + (rate - dividend) * years) / spread - 0.5 * spread
    odds, tilted = _share(d2, steps), _share(d2 + spread, steps)
    growth = math.exp((rate - dividend) * years / steps)
    up, down = growth * tilted / odds, growth * (1.0 - tilted) / (1.0 - odds)
    later = math.exp(-rate * years / steps)
    values = np.empty(steps + 1)
    for j in range(steps + 1):
        values[j] = max(sign * (spot * up**j * down ** (steps - j) - strike), 0.0)
    for i in range(steps - 1, -1, -1):
        price = spot * down**i
        for j in range(i + 1):
            kept = later * (odds * values[j + 1] + (1.0 - odds) * values[j])
            values[j] = max(kept, sign * (price - strike))
            price *= up / down
    return float(values[0])
