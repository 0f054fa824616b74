"""What a rolled futures position earned, as an index that is always positive.

Back-adjusted prices keep differences right and levels wrong: they may be near zero or below it, so that growth taken
from them means nothing. The contract that was held says what the differences are to be measured against.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def return_index(adjusted: npt.ArrayLike, front: npt.ArrayLike, first: float = 100.0) -> Floats:
    """Growth float64[T] of `first` held in the front contract without leverage: I(t) = I(t-1) (1 + dA(t) / F(t-1)).

    `adjusted` float64[T] is the back-adjusted price A, `front` float64[T] the unadjusted price F of the contract held.
    Interest on the cash behind the position is not part of it. Rows with an absent (NaN) price give NaN and are passed
    over. ValueError when the shapes differ, a front price is not above zero, or a fall is larger than the price.
    """
    price, held = np.asarray(adjusted, dtype=np.float64), np.asarray(front, dtype=np.float64)
    if price.ndim != 1 or price.shape != held.shape:
        raise ValueError("adjusted and front prices are two columns of one length")
    rows = np.flatnonzero(np.isfinite(price) & np.isfinite(held))
    if np.any(held[rows] <= 0.0):
        raise ValueError("a front price is above zero")
    growth = np.ones(len(rows))
    growth[1:] = 1.0 + np.diff(price[rows]) / held[rows][:-1]
    if np.any(growth <= 0.0):
        raise ValueError("a position without leverage cannot lose more than its price")
    made = np.full(len(price), np.nan)
    made[rows] = first * np.cumprod(growth)
    return made
