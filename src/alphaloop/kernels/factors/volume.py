"""How much is traded tells how dear it is to trade, and who has just noticed.

`traded` float64[T,N] is the value that changed hands in a row, at the prices of that day: close x volume as traded.
Shares alone would jump at every split. All give float64[T,N]; larger values are meant to earn more. NaN until the
window is full and where there is no bar."""

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.factors.own_rows import Floats, by_instrument, check_rows, late, mean_over, over, steps_of


def illiquidity(close: npt.ArrayLike, traded: npt.ArrayLike, lookback: int = 21) -> Floats:
    """Mean of |step| / a million traded over `lookback` rows (Amihud, *Illiquidity and stock returns*, Journal of
    Financial Markets 5, 2002). NaN while a row without trade is in the window."""
    check_rows(lookback=lookback)

    def impact(closes: Floats, value: Floats) -> Floats:
        millions = np.where(value[1:] > 0.0, value[1:] / 1e6, np.nan)
        return late(mean_over(np.abs(steps_of(closes)) / millions, lookback))

    return by_instrument(impact, close, traded)


def turnover(volume: npt.ArrayLike, shares: npt.ArrayLike, lookback: int = 21) -> Floats:
    """Less the mean share of all shares that is traded in a row (Datar, Naik and Radcliffe, *Liquidity and stock
    returns*, Journal of Financial Markets 1, 1998). `shares` outstanding, as known on each row."""
    check_rows(lookback=lookback)

    def rate(traded: Floats, outstanding: Floats) -> Floats:
        return -mean_over(traded / np.where(outstanding > 0.0, outstanding, np.nan), lookback)

    return by_instrument(rate, volume, shares)


def traded_value(traded: npt.ArrayLike, lookback: int = 63) -> Floats:
    """Less the logarithm of the mean value traded (Brennan, Chordia and Subrahmanyam, *Alternative factor
    specifications*, Journal of Financial Economics 49, 1998)."""
    check_rows(lookback=lookback)
    return by_instrument(lambda value: -_log(mean_over(value, lookback)), traded)


def volume_shock(traded: npt.ArrayLike, recent: int = 5, lookback: int = 50) -> Floats:
    """Logarithm of the mean value of `recent` rows over that of the `lookback` rows before them: attention buys
    (Gervais, Kaniel and Mingelgrin, *The high-volume return premium*, Journal of Finance 56, 2001)."""
    check_rows(recent=recent, lookback=lookback)

    def shock(value: Floats) -> Floats:
        usual = np.full(len(value), np.nan)
        usual[recent:] = mean_over(value, lookback)[: max(len(value) - recent, 0)]
        return _log(mean_over(value, recent)) - _log(usual)

    return by_instrument(shock, traded)


def obv_slope(close: npt.ArrayLike, traded: npt.ArrayLike, lookback: int = 20) -> Floats:
    """Slope of the on-balance volume of `lookback` rows, in mean volumes a row (Granville, *New key to stock
    market profits*, 1963): value counts up on rising rows and down on falling ones."""
    check_rows(lookback=lookback)
    if lookback < 2:
        raise ValueError("a slope needs two rows")
    places = np.arange(lookback) - (lookback - 1) / 2.0
    weights = places / (places**2).sum()

    def rise(windows: Floats) -> Floats:
        made: Floats = (np.cumsum(windows, axis=1) * weights).sum(axis=1)
        return made

    def slope(closes: Floats, value: Floats) -> Floats:
        signed = np.sign(np.diff(closes)) * value[1:]
        rises = over(signed, lookback, rise)
        usual = mean_over(value[1:], lookback)
        return late(np.divide(rises, usual, out=np.full(len(usual), np.nan), where=usual > 0.0))

    return by_instrument(slope, close, traded)


def _log(values: Floats) -> Floats:
    return np.log(values, out=np.full(len(values), np.nan), where=values > 0.0)
