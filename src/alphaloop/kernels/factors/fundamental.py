"""What a company owns and earns against what it costs.

All take tables float64[T,N] of what was known on each row: a report belongs to the row after its publication, not to
the quarter it tells of, and stands until the next one. All give float64[T,N]; larger values are meant to earn more. NaN
where an input is absent or the figure makes no sense."""

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.factors.own_rows import Floats, by_instrument, check_rows, growth


def book_to_market(book_equity: npt.ArrayLike, market_cap: npt.ArrayLike) -> Floats:
    """Book equity over market value (Fama and French, *The cross-section of expected stock returns*, Journal of Finance
    47, 1992). NaN for negative equity, as there."""
    return by_instrument(lambda book, cap: _over(np.where(book > 0.0, book, np.nan), cap), book_equity, market_cap)


def earnings_yield(earnings: npt.ArrayLike, market_cap: npt.ArrayLike) -> Floats:
    """A year's earnings over market value (Basu, *Investment performance of common stocks in relation to their
    price-earnings ratios*, Journal of Finance 32, 1977). Losses stand lowest."""
    return by_instrument(_over, earnings, market_cap)


def size(market_cap: npt.ArrayLike) -> Floats:
    """Less the logarithm of market value (Banz, *The relationship between return and market value of common stocks*,
    Journal of Financial Economics 9, 1981)."""
    return by_instrument(lambda cap: -np.log(cap, out=np.full(len(cap), np.nan), where=cap > 0.0), market_cap)


def gross_profitability(gross_profit: npt.ArrayLike, assets: npt.ArrayLike) -> Floats:
    """A year's revenue less cost of goods over assets (Novy-Marx, *The other side of value*, Journal of Financial
    Economics 108, 2013)."""
    return by_instrument(_over, gross_profit, assets)


def return_on_equity(earnings: npt.ArrayLike, book_equity: npt.ArrayLike) -> Floats:
    """Earnings over book equity (Hou, Xue and Zhang, *Digesting anomalies*, Review of Financial Studies 28, 2015)."""
    return by_instrument(_over, earnings, book_equity)


def asset_growth(assets: npt.ArrayLike, lookback: int = 252) -> Floats:
    """Less the growth of assets over `lookback` rows: who grows fast by buying earns less (Cooper, Gulen and Schill,
    *Asset growth and the cross-section of stock returns*, Journal of Finance 63, 2008)."""
    check_rows(lookback=lookback)
    return by_instrument(lambda owned: -growth(np.where(owned > 0.0, owned, np.nan), lookback), assets)


def _over(part: Floats, whole: Floats) -> Floats:
    made: Floats = np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0.0)
    return made
