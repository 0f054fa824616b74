"""How much is traded, against what is usual."""

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.indicators.trend import sma
from alphaloop.kernels.indicators.windows import Floats, check_period, column


def volume_ratio(volume: npt.ArrayLike, period: int = 20) -> Floats:
    """Volume of the row over the mean of the `period` rows before it, float64[N].

    The row itself is left out of the mean so that a burst does not dilute its own measure; NaN for the first `period`
    rows and where that mean is zero."""
    check_period("period", period)
    volumes = column(volume)
    out = np.full(volumes.shape[0], np.nan)
    usual = sma(volumes, period)[:-1]
    traded = usual > 0.0
    out[1:][traded] = volumes[1:][traded] / usual[traded]
    return out
