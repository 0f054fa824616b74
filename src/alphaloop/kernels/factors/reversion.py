"""What has run too far comes back, because haste is paid for.

All take closes float64[T,N] that are comparable over time (splits taken out) and give float64[T,N]; larger values are
meant to earn more, so what fell stands high. NaN until the window is full and where there is no bar."""

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.factors.own_rows import (
    Floats,
    by_instrument,
    check_rows,
    check_skip,
    growth,
    late,
    over,
    steps_of,
)
from alphaloop.kernels.indicators.momentum import rsi


def short_reversal(close: npt.ArrayLike, lookback: int = 21) -> Floats:
    """Fall over `lookback` rows (Jegadeesh, *Evidence of predictable behavior of security returns*, Journal of Finance
    45, 1990; weekly: Lehmann, *Fads, martingales, and market efficiency*, Quarterly Journal of Economics 105, 1990)."""
    check_rows(lookback=lookback)
    return by_instrument(lambda column: -growth(column, lookback), close)


def long_reversal(close: npt.ArrayLike, lookback: int = 756, skip: int = 252) -> Floats:
    """Fall from `lookback` to `skip` rows ago: years, without the last, which is momentum's (De Bondt and Thaler, *Does
    the stock market overreact?*, Journal of Finance 40, 1985)."""
    check_skip(lookback, skip)
    return by_instrument(lambda column: -growth(column, lookback, skip), close)


def mean_gap(close: npt.ArrayLike, lookback: int = 20) -> Floats:
    """How far the close lies below its mean of `lookback` rows, in their deviations (as Bollinger's bands measure it;
    Poterba and Summers, *Mean reversion in stock prices*, Journal of Financial Economics 22, 1988). NaN where the
    closes do not differ."""
    check_rows(lookback=lookback)
    if lookback < 2:
        raise ValueError("a deviation needs two rows")

    def gap(windows: Floats) -> Floats:
        spread = windows.std(axis=1, ddof=1)
        below = windows.mean(axis=1) - windows[:, -1]
        told = spread > 1e-12 * windows[:, -1]
        made: Floats = np.divide(below, spread, out=np.full(len(below), np.nan), where=told)
        return made

    return by_instrument(lambda column: over(column, lookback, gap), close)


def rsi_gap(close: npt.ArrayLike, period: int = 14) -> Floats:
    """50 less the relative strength index, -50..50 (Wilder, *New concepts in technical trading systems*, 1978)."""
    check_rows(period=period)
    return by_instrument(lambda column: 50.0 - rsi(column, period), close)


def max_return(close: npt.ArrayLike, lookback: int = 21) -> Floats:
    """Less the largest step of `lookback`: what has just jumped is bought as a lottery ticket and paid too dear (Bali,
    Cakici and Whitelaw, *Maxing out*, Journal of Financial Economics 99, 2011)."""
    check_rows(lookback=lookback)
    return by_instrument(
        lambda column: late(-over(steps_of(column), lookback, lambda windows: np.asarray(windows.max(axis=1)))), close
    )
