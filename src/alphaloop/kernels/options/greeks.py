"""How a European option's price moves with each of its inputs: what a hedge is sized by and a book is watched by."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from alphaloop.kernels.options.pricing import Floats, normal_cdf, possible

_DENSITY = 1.0 / math.sqrt(2.0 * math.pi)


class Greeks(NamedTuple):
    """Slopes of the price, each float64 of the broadcast shape, of one option on one unit of the underlying.

    `delta` and `gamma` per unit of the spot, `vega` per 1.00 of volatility (a hundredth of it is one point), `theta`
    per year that passes, `rho` per 1.00 of rate. NaN where there is no price, and at expiry or without volatility,
    where the price has a corner; `delta` is told there too, as 0 or 1 (half at the corner itself).
    """

    delta: Floats
    gamma: Floats
    vega: Floats
    theta: Floats
    rho: Floats


def option_greeks(
    spot: npt.ArrayLike,
    strike: npt.ArrayLike,
    years: npt.ArrayLike,
    volatility: npt.ArrayLike,
    call: npt.ArrayLike,
    *,
    rate: npt.ArrayLike = 0.0,
    dividend: npt.ArrayLike = 0.0,
) -> Greeks:
    """The five slopes in the Black-Scholes-Merton model; inputs as in `pricing.option_price`."""
    numbers = [np.asarray(given, np.float64) for given in (spot, strike, years, volatility, call, rate, dividend)]
    wide = np.broadcast_arrays(*numbers)
    made = _greeks(*(np.array(given).reshape(-1) for given in wide))
    return Greeks(*(row.reshape(wide[0].shape) for row in made))


@njit(cache=True)
def _greeks(
    spot: Floats, strike: Floats, years: Floats, volatility: Floats, call: Floats, rate: Floats, dividend: Floats
) -> Floats:
    made = np.full((5, len(spot)), np.nan)
    for i in range(len(spot)):
        if not possible(spot[i], strike[i], years[i], volatility[i], rate[i], dividend[i]):
            continue
        sign = 1.0 if call[i] != 0.0 else -1.0
        carried = math.exp(-dividend[i] * years[i])
        held, paid = spot[i] * carried, strike[i] * math.exp(-rate[i] * years[i])
        spread = volatility[i] * math.sqrt(years[i])
        if spread == 0.0:
            beyond = sign * (held - paid)
            made[0, i] = sign * carried * (1.0 if beyond > 0.0 else 0.5 if beyond == 0.0 else 0.0)
            continue
        d1 = math.log(held / paid) / spread + 0.5 * spread
        d2 = d1 - spread
        density = _DENSITY * math.exp(-0.5 * d1 * d1)
        near, far = normal_cdf(sign * d1), normal_cdf(sign * d2)
        made[0, i] = sign * carried * near
        made[1, i] = carried * density / (spot[i] * spread)
        made[2, i] = held * density * math.sqrt(years[i])
        decay = -held * density * volatility[i] / (2.0 * math.sqrt(years[i]))
        made[3, i] = decay - sign * rate[i] * paid * far + sign * dividend[i] * held * near
        made[4, i] = sign * paid * years[i] * far
    return made
