"""Market rules as the compiled pass sees them: arrays, and the few questions a fill asks of them.

Each function repeats one of `day_rules` in float64; the parity test holds the two together.
"""

from typing import NamedTuple

import numpy as np

from alphaloop.engine.panel import Bools, Floats, Ints
from alphaloop.engine.sim_compiled import inlined

# A quantity this close below a lot boundary was meant to be on it; float division alone put it there.
LOT_GRACE = 1e-9
# Prices of a file and prices computed from rates agree to this share when they are meant to be equal.
_SAME = 1e-9

# Columns of `Ground.terms`.
LOT_MINIMUM, LOT_STEP, LOT_MAXIMUM, SETTLE = 0, 1, 2, 3
TERMS_WIDTH = 4
# Columns of `Ground.charges`.
SIDE, PER, RATE, MINIMUM, MAXIMUM, STEP, ROUND_UP = 0, 1, 2, 3, 4, 5, 6
CHARGE_WIDTH = 7
# Columns of `Ground.brackets`.
FLOOR, MAINTENANCE, DEDUCTION = 0, 1, 2


class Ground(NamedTuple):
    """D trading days, N columns, K different sets of rules; `on` False means that none of it counts.

    `day[T, C]` is the trading day of each row by each of C calendars, `turns[T]` whether any of them begins in this
    row, `calendar[N]` whose calendar a column keeps.
    `skipped[D, N]` says that the market has traded since the day before without a bar of this column.
    `kind[D, N]` is the row of `terms` and `charges` that holds, `up` and `down` [D, N] are the price limits (inf, 0:
    none), `outside` says on how many days the bars did not keep to them. `ratio` and `cash` [D, N] are what one share
    becomes and receives on its ex-date (1, 0: nothing); a price level p of before is (p + shift) x factor after it.
    `initial[N]` is the share of notional that opening takes (1: all of it); `brackets[K, B, 3]` and `liquidation[K]`
    say by kind when and at which fee a margined column is liquidated, `isolated[N]` whether it stands alone.
    `marks[3, T, N]` are the open, low and high of the mark price, `funding[T, N]` the rate settled at a row's open.
    """

    on: bool
    acts: bool
    margined: bool
    funded: bool
    day: Ints
    turns: Bools
    calendar: Ints
    skipped: Bools
    kind: Ints
    up: Floats
    down: Floats
    outside: int
    ratio: Floats
    cash: Floats
    shift: Floats
    factor: Floats
    terms: Floats
    charges: Floats
    initial: Floats
    brackets: Floats
    liquidation: Floats
    isolated: Ints
    marks: Floats
    funding: Floats


def no_ground(columns: int, lot: float) -> Ground:
    """The ground of a simulation without market rules: one lot for all, everything paid in full."""
    days, one = np.zeros((1, columns)), np.ones((1, columns))
    terms = np.array([[lot, lot, np.inf, 0.0]])
    return Ground(
        on=False,
        acts=False,
        margined=False,
        funded=False,
        day=np.zeros((1, 1), dtype=np.int64),
        turns=np.zeros(1, dtype=np.bool_),
        calendar=np.zeros(columns, dtype=np.int64),
        skipped=np.zeros((1, columns), dtype=np.bool_),
        kind=np.zeros((1, columns), dtype=np.int64),
        up=np.full((1, columns), np.inf),
        down=days,
        outside=0,
        ratio=one,
        cash=days.copy(),
        shift=days.copy(),
        factor=one.copy(),
        terms=terms,
        charges=np.zeros((1, 0, CHARGE_WIDTH)),
        initial=np.ones(columns),
        brackets=np.zeros((1, 0, 3)),
        liquidation=np.zeros(1),
        isolated=np.zeros(columns, dtype=np.int64),
        marks=np.zeros((3, 0, columns)),
        funding=np.zeros((0, columns)),
    )


@inlined
def on_lot(quantity: float, terms: Floats) -> float:
    """The largest order quantity not above `quantity`."""
    least, step = terms[LOT_MINIMUM], terms[LOT_STEP]
    if least > 0.0 and quantity < least * (1.0 - LOT_GRACE):
        return 0.0
    if step <= 0.0:
        return quantity
    floored: float = least + np.floor((quantity - least) / step + LOT_GRACE) * step
    return floored


@inlined
def on_sale(quantity: float, held: float, terms: Floats) -> float:
    """The largest part of `held` that may be sold at once, not above `quantity`."""
    if quantity >= held * (1.0 - _SAME):
        return held
    odd = held - on_lot(held, terms)
    whole = on_lot(quantity, terms)
    if 0.0 < odd <= quantity:
        whole = max(whole, odd + on_lot(quantity - odd, terms))
    return whole


@inlined
def fee_of(charges: Floats, side: float, quantity: float, notional: float) -> float:
    """All fees of an order of this side (1 buy, -1 sell) that has traded so much so far."""
    total = 0.0
    if quantity == 0.0:
        return total
    for c in range(len(charges)):
        if charges[c, RATE] == 0.0 or charges[c, SIDE] * side < 0.0:
            continue
        of = notional if charges[c, PER] == 0.0 else (quantity if charges[c, PER] == 1.0 else 1.0)
        raw = min(max(of * charges[c, RATE], charges[c, MINIMUM]), charges[c, MAXIMUM])
        if charges[c, STEP] > 0.0:
            steps = raw / charges[c, STEP]
            upwards = charges[c, ROUND_UP] > 0.0
            rounded = np.ceil(steps - LOT_GRACE) if upwards else np.floor(steps + 0.5 + LOT_GRACE)
            raw = rounded * charges[c, STEP]
        total += raw
    return total


@inlined
def fee_rate(charges: Floats, side: float, price: float) -> float:
    """Fees as a share of notional, minimums and rounding apart."""
    total = 0.0
    for c in range(len(charges)):
        if charges[c, SIDE] * side >= 0.0:
            if charges[c, PER] == 0.0:
                total += charges[c, RATE]
            elif charges[c, PER] == 1.0:
                total += charges[c, RATE] / price
    return total


@inlined
def fee_floor(charges: Floats, side: float) -> float:
    """What minimums and rounding may add to the rate."""
    total = 0.0
    for c in range(len(charges)):
        if charges[c, RATE] > 0.0 and charges[c, SIDE] * side >= 0.0:
            total += charges[c, MINIMUM] + charges[c, STEP] + (charges[c, RATE] if charges[c, PER] == 2.0 else 0.0)
    return total


@inlined
def locked(side: float, low: float, high: float, down: float, up: float) -> bool:
    """Whether a one-price bar at the limit leaves nobody to trade with on this side (1 buy, -1 sell)."""
    if side > 0.0:
        return low >= up * (1.0 - _SAME)
    return down > 0.0 and high <= down * (1.0 + _SAME)


@inlined
def within(price: float, down: float, up: float) -> float:
    return min(max(price, down), up)


@inlined
def liquidation_price(quantity: float, wallet: float, brackets: Floats) -> float:
    """The mark at which wallet + quantity x mark falls to the maintenance margin; NaN when no price does.

    `wallet` is the cash that stands behind the position with its cost already taken out. Each bracket (floor, rate,
    deduction) is tried with the notional it would then have.
    """
    size = abs(quantity)
    side = np.sign(quantity)
    for b in range(len(brackets)):
        top = brackets[b + 1, 0] if b + 1 < len(brackets) else np.inf
        rate, deduction = brackets[b, 1], brackets[b, 2]
        price: float = -side * (wallet + deduction) / (size * (1.0 - side * rate))
        if brackets[b, 0] <= size * price < top:
            return price
    return np.nan
