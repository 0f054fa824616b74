"""Prices made comparable across ex-dates: raw bars and what happened on those dates go in, adjusted columns come out.

Nothing is ever rounded: adjusted prices rounded to the tick move highs and lows onto each other and change structures.
A day is any whole number that grows with time (the market room uses epoch ms of the session date at 00:00 UTC).
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Days = npt.NDArray[np.int64]


class Terms(NamedTuple):
    """What happened on K ex-dates, per share held before: `cash` paid out, `bonus` shares given (a split of 1 into 3 is
    2), `rights` shares offered at `rights_price`. `ratio` is the source's own step, NaN where the terms say it.

    day int64[K] strictly increasing, the rest float64[K]."""

    day: Days
    cash: Floats
    bonus: Floats
    rights: Floats
    rights_price: Floats
    ratio: Floats


class Steps(NamedTuple):
    """How each ex-date turns a price of before into one of after: price * scale + offset; `shares` one share becomes.

    float64[K]; scale and shares are above zero."""

    day: Days
    scale: Floats
    offset: Floats
    shares: Floats


class Columns(NamedTuple):
    """Adjusted open, high, low, close and volume, float64[N]."""

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats


def closes_before(day: Days, close: Floats, ex_day: Days) -> Floats:
    """The last close before each ex-date, float64[K]; NaN where no bar is older. `day` int64[N] never decreases."""
    at = np.searchsorted(day, ex_day, side="left") - 1
    known = at >= 0
    found = np.full(len(ex_day), np.nan)
    found[known] = close[at[known]]
    return found


def reference_prices(before: Floats, terms: Terms) -> Floats:
    """What a share closed at `before` is worth after each ex-date (除权除息参考价), float64[K], not on any tick:
    (close - cash + rights * rights_price) / (1 + bonus + rights), the exchanges' formula in Shanghai and Shenzhen."""
    worth: Floats = (before - terms.cash + terms.rights * terms.rights_price) / (1.0 + terms.bonus + terms.rights)
    return worth


def ratio_steps(before: Floats, terms: Terms) -> Steps:
    """Steps by ratio (等比): reference price over the close before it, or the source's own ratio.

    A step whose close is unknown is 1, because no bar stands before it. ValueError when a step is not above zero."""
    with np.errstate(invalid="ignore", divide="ignore"):
        worked = reference_prices(before, terms) / before
    scale = np.where(np.isnan(terms.ratio), worked, terms.ratio)
    scale = np.where(np.isnan(before), 1.0, scale)
    return _checked(terms, scale, np.zeros(len(scale)))


def subtract_steps(terms: Terms) -> Steps:
    """Steps by subtraction (加减): the cash comes off the price, so that differences of prices stay what they were
    between two ex-dates. Early prices may fall below zero. A source's own ratio is not used."""
    shares = 1.0 + terms.bonus + terms.rights
    return _checked(terms, 1.0 / shares, (terms.rights * terms.rights_price - terms.cash) / shares)


def _checked(terms: Terms, scale: Floats, offset: Floats) -> Steps:
    shares = 1.0 + terms.bonus + terms.rights
    if len(scale) and not (np.isfinite(scale).all() and (scale > 0).all() and (shares > 0).all()):
        raise ValueError("an ex-date leaves no price above zero")
    if (np.diff(terms.day) <= 0).any():
        raise ValueError("ex-dates must rise")
    return Steps(terms.day, scale, offset, shares)


def adjust(
    day: Days,
    prices: tuple[Floats, Floats, Floats, Floats],
    volume: Floats,
    *,
    steps: Steps,
    anchor_day: int,
) -> Columns:
    """Columns in the shares and prices of `anchor_day`: the newest bar's day gives forward adjustment (前复权), the
    first bar's day backward (后复权), any other day forward adjustment as of that day.

    `prices` are open, high, low, close float64[N]; `volume` float64[N] is counted in shares of the anchor day. Bars
    between two ex-dates around the anchor come back bit for bit.
    """
    part, anchor = _part(day, steps), int(np.searchsorted(steps.day, anchor_day, side="right"))
    level, shift, shares = _cumulated(steps)
    # From the basis of part s to that of the anchor a: scale by A(a)/A(s), then move by A(a) * (D(a) - D(s)).
    scale = (level[anchor] / level)[part]
    offset = (level[anchor] * (shift[anchor] - shift))[part]
    opened, high, low, close = (column * scale + offset for column in prices)
    return Columns(opened, high, low, close, volume * (shares[anchor] / shares)[part])


def known_factors(day: Days, *, steps: Steps) -> Floats:
    """The cumulated factor known at each bar, float64[N], 1 before the first ex-date.

    factor[t] uses nothing later than t, so price * factor / factor[T] is the series as adjusted on the day of bar T:
    a backtest that multiplies by it meets no future ex-date. Steps by ratio only."""
    level, _, _ = _cumulated(steps)
    factors: Floats = (1.0 / level)[_part(day, steps)]
    return factors


def broken_links(factors: Floats, scale: Floats, *, tolerance: float = 0.01) -> npt.NDArray[np.int64]:
    """Rows of a source's cumulated factors (float64[K], growing as prices are cut) that do not follow from the row
    before by the step `scale` says, within a relative `tolerance`; or that are no positive number at all."""
    with np.errstate(invalid="ignore", divide="ignore"):
        stated = np.concatenate((np.ones(1), factors[:-1])) / factors
        wrong = ~(np.abs(stated / scale - 1.0) <= tolerance)
    return np.flatnonzero(wrong | ~np.isfinite(factors) | (factors <= 0))


def _part(day: Days, steps: Steps) -> npt.NDArray[np.intp]:
    """How many ex-dates each bar has behind it; the ex-date's own bar trades after it."""
    return np.searchsorted(steps.day, day, side="right")


def _cumulated(steps: Steps) -> tuple[Floats, Floats, Floats]:
    """A, D and shares of each of the K+1 parts between ex-dates."""
    level = np.concatenate((np.ones(1), np.cumprod(steps.scale)))
    shift = np.concatenate((np.zeros(1), np.cumsum(steps.offset / level[1:])))
    return level, shift, np.concatenate((np.ones(1), np.cumprod(steps.shares)))
