"""What a group of legs must have behind it: its worst end where that is bounded, else the exchange's rule."""

import numpy as np

from alphaloop.engine.options.quotes import Terms
from alphaloop.engine.panel import Bools, Floats


def worst_loss(strike: Floats, call: Bools, quantity: Floats) -> float:
    """The most that contracts of one expiry can owe there, per unit of multiplier; infinite when calls are uncovered.

    Between strikes the payoff is a straight line, so its lowest point lies at zero or at a strike.
    """
    if float(quantity[call].sum()) < 0.0:
        return float("inf")
    ends = np.append(strike, 0.0).reshape(-1, 1)
    payoff = np.where(call, np.maximum(ends - strike, 0.0), np.maximum(strike - ends, 0.0)) @ quantity
    return max(0.0, -float(payoff.min()))


def naked_need(strike: Floats, call: Bools, quantity: Floats, mark: Floats, spot: float, terms: Terms) -> float:
    """Margin of the short legs by themselves: of calls and puts the dearer side, and the other side's price.

    Source: Cboe, *Margin Manual*, short options on a broad-based index (15 %, at least 10 %). Long legs count nothing.
    """
    out = np.maximum(np.where(call, strike - spot, spot - strike), 0.0)
    least = terms.naked_floor * np.where(call, spot, strike)
    need = np.maximum(terms.naked * spot - out, least)
    short = np.maximum(-quantity, 0.0)
    sides = [(float((short * (mark + need))[side].sum()), float((short * mark)[side].sum())) for side in (call, ~call)]
    (calls, calls_price), (puts, puts_price) = sides
    return max(calls + puts_price, puts + calls_price) if calls and puts else calls + puts


def group_margin(
    strike: Floats, call: Bools, quantity: Floats, mark: Floats, *, spot: float, one_expiry: bool, terms: Terms
) -> float:
    """Margin in quote units for signed `quantity` contracts of one group; 0 when nothing is sold.

    The smaller of the worst loss at expiry (a spread's width) and the naked rule; legs that end on different days
    cover each other only while both live, so they are margined as naked.
    """
    if not np.any(quantity < 0.0):
        return 0.0
    need = naked_need(strike, call, quantity, mark, spot, terms)
    if one_expiry:
        need = min(need, worst_loss(strike, call, quantity))
    return need * terms.multiplier
