"""The running state of a simulation, and the arithmetic of one fill: cost, fee, how much may trade and be paid."""

# mypy: disable-error-code="untyped-decorator"

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from alphaloop.engine.panel import Bools, Floats, Ints
from alphaloop.engine.sim_rules import (
    LOT_GRACE,
    SETTLE,
    Ground,
    fee_floor,
    fee_of,
    fee_rate,
    locked,
    on_lot,
    on_sale,
    within,
)
from alphaloop.engine.sim_unfilled import CASH, LIMIT, LOT, NO_OBSTACLE, NO_STOP, NOTIONAL, SETTLEMENT, SHORT, VOLUME

# Small functions are inlined: a call that hands over the book costs more than what they do.

# Sums of partial fills miss their target by less than this share of it: nothing is left to trade.
DUST = 1e-12


class View(NamedTuple):
    """The panel as compiled code sees it; `features` is float64[K,T,N], K in the order of `panel.features`."""

    ts_ms: Ints
    close_ms: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    member: Bools
    features: Floats


class Held(NamedTuple):
    """What `manage` knows of the position it manages; `mem` is the only state it may write."""

    column: int
    quantity: float
    average_entry: float
    entry_row: int
    best: float
    worst: float
    realised: float
    equity: float
    cash: float
    adds: int
    mem: Floats


SLOT = np.dtype(
    [
        ("quantity", np.float64),
        ("average", np.float64),
        ("best", np.float64),
        ("worst", np.float64),
        ("realised", np.float64),
        ("entry_row", np.int64),
        ("adds", np.int64),
        ("episode", np.int64),
        ("spent", np.int64),
        ("intent", np.float64),
        ("stop_at", np.float64),
        ("take_at", np.float64),
        ("trail", np.float64),
        ("acted_target", np.float64),
        ("acted_episode", np.int64),
        ("pending", np.bool_),
        ("pending_target", np.float64),
        ("pending_quantity", np.float64),
        ("pending_episode", np.int64),
        ("pending_reason", np.int64),
        ("pending_age", np.int64),
        ("last", np.float64),
        ("room", np.float64),
        ("session", np.int64),
        ("today", np.float64),
        ("order_quantity", np.float64),
        ("order_notional", np.float64),
        ("order_reason", np.int64),
        ("refused", np.int64),
    ],
    align=True,
)
"""What a book remembers of one column. No field may be called as a method of arrays is: Python would find that first.

`today` is what was bought in trading day `session`; `order_*` is what the order under way has traded so far. `refused`
is where the record of the pending instruction's first obstacle lies (-1: none yet, -2: it wants no trade).
"""


class Book(NamedTuple):
    """All running state: `slots` has a record (SLOT) per column, `money` holds the cash, `mem` is each manager's own.

    One array of records and not an array for each field: every array handed to a compiled function costs a call some
    nanoseconds. `asked` counts instructions that wanted a trade, [entries, exits].
    """

    money: Floats
    slots: Any
    asked: Ints
    mem: Floats


class Terms(NamedTuple):
    fee: float
    slippage: float
    volume_limit: float
    at_close: bool
    start: int
    min_notional: float
    can_short: bool
    risk_fraction: float
    late_bars: int
    sizing: int
    leveled: bool


@njit(cache=True)
def protective_level(direction: float, stop: float, trail: float, best: float) -> float:
    """The stop that counts: the tighter of the fixed one and the best price minus the trail; NaN when there is none."""
    if np.isnan(trail):
        return stop
    trailing = best - direction * trail
    if np.isnan(stop):
        return trailing
    tighter: float = max(stop, trailing) if direction > 0 else min(stop, trailing)
    return tighter


@njit(cache=True)
def equity_of(book: Book, prices: Floats) -> float:
    total: float = book.money[0]
    for n in range(len(book.slots)):
        slot = book.slots[n]
        if slot.quantity != 0.0:
            total += slot.quantity * (slot.last if np.isnan(prices[n]) else prices[n])
    return total


@njit(cache=True)
def apply_fill(book: Book, n: int, t: int, quantity: float, price: float, fee: float) -> None:
    """Average cost: adding moves the average, reducing realises, crossing does both."""
    slot = book.slots[n]
    before = slot.quantity
    after = before + quantity
    if abs(after) <= DUST * abs(before):
        after = 0.0
    book.money[0] -= quantity * price + fee
    opened = before == 0.0 or before * after < 0.0
    if before == 0.0 or before * quantity > 0.0:
        slot.average = (abs(before) * slot.average + abs(quantity) * price) / abs(after)
        slot.adds += 1
    else:
        closed = min(abs(before), abs(quantity))
        slot.realised += (price - slot.average) * closed * np.sign(before)
        if after == 0.0:
            slot.average = 0.0
    if opened:
        slot.average = slot.best = slot.worst = price
        slot.entry_row = t
        slot.adds = 0
    slot.quantity = after
    if quantity > 0.0:
        slot.today += quantity


@njit(cache=True, inline="always")
def rules_row(book: Book, n: int, ground: Ground) -> int:
    """The row of `terms` and `charges` that holds for a column now."""
    slot = book.slots[n]
    kind: int = ground.kind[slot.session, n]
    return kind


@njit(cache=True, inline="always")
def rate_of(book: Book, n: int, side: float, price: float, terms: Terms, ground: Ground) -> float:
    """Fees as a share of notional, for sizing."""
    if not ground.on:
        return terms.fee
    rate: float = fee_rate(ground.charges[rules_row(book, n, ground)], side, price)
    return rate


@njit(cache=True, inline="always")
def fee_for(book: Book, n: int, quantity: float, price: float, terms: Terms, ground: Ground) -> float:
    """The fee of one fill: what its order owes by now less what it owed before, so that minimums count once."""
    slot = book.slots[n]
    size = abs(quantity)
    if not ground.on:
        return size * price * terms.fee
    charges, side = ground.charges[rules_row(book, n, ground)], np.sign(quantity)
    before = fee_of(charges, side, slot.order_quantity, slot.order_notional)
    slot.order_quantity += size
    slot.order_notional += size * price
    after: float = fee_of(charges, side, slot.order_quantity, slot.order_notional)
    return after - before


@njit(cache=True, inline="always")
def new_order(book: Book, n: int, reason: int) -> None:
    slot = book.slots[n]
    slot.order_reason = reason
    slot.order_quantity = slot.order_notional = 0.0


@njit(cache=True, inline="always")
def room_for(book: Book, n: int, side: float, low: float, high: float, ground: Ground) -> float:
    """How much may trade on this side: the volume left, nothing on a locked board, and only settled shares to sell."""
    slot = book.slots[n]
    room: float = slot.room
    if not ground.on:
        return room
    day = slot.session
    if locked(side, low, high, ground.down[day, n], ground.up[day, n]):
        return 0.0
    if side < 0.0 and slot.quantity > 0.0 and ground.terms[ground.kind[day, n], SETTLE] > 0.0:
        room = min(room, max(slot.quantity - slot.today, 0.0))
    return room


@njit(cache=True)
def why_no_room(book: Book, n: int, side: float, low: float, high: float, ground: Ground) -> int:
    """What keeps an instruction of this side from trading now that `room_for` leaves it nothing."""
    slot = book.slots[n]
    if ground.on:
        day = slot.session
        if locked(side, low, high, ground.down[day, n], ground.up[day, n]):
            return LIMIT
        if side < 0.0 and ground.terms[ground.kind[day, n], SETTLE] > 0.0 and slot.quantity <= slot.today:
            return SETTLEMENT
    return VOLUME


@njit(cache=True, inline="always")
def orderable(book: Book, n: int, side: float, room: float, ground: Ground) -> float:
    """What of the room can be ordered at once: whole lots, or of a holding also its odd remainder."""
    slot = book.slots[n]
    terms = ground.terms[rules_row(book, n, ground)]
    part: float = on_lot(room, terms)
    held = slot.quantity
    if ground.on and side < 0.0 and held > 0.0:
        part = on_sale(room, held, terms) if room < held else max(part, held)
    return part


@njit(cache=True, inline="always")
def held_within(book: Book, n: int, price: float, ground: Ground) -> float:
    """A price after slippage cannot leave the day's limits."""
    slot = book.slots[n]
    if not ground.on:
        return price
    day = slot.session
    kept: float = within(price, ground.down[day, n], ground.up[day, n])
    return kept


@njit(cache=True)
def size_pending(book: Book, n: int, price: float, equity: float, terms: Terms, ground: Ground) -> int:
    """Turn the pending target into a quantity to hold, once, at the first price it could trade at.

    Returns why there is nothing to hold though something is wanted, or NO_OBSTACLE.
    """
    slot = book.slots[n]
    target = slot.pending_target
    held = slot.quantity
    wanted = 0.0
    if target != 0.0 and terms.sizing == 1:
        wanted = target
    elif target != 0.0:
        rising = target * equity / price > held
        paid = price * (1.0 + terms.slippage) if rising else price * (1.0 - terms.slippage)
        rate = rate_of(book, n, 1.0 if rising else -1.0, paid, terms, ground)
        affordable = max(equity, 0.0) / (paid * (1.0 + rate))
        if terms.sizing == 0:
            wanted = target * affordable
        else:
            distance = paid - slot.stop_at
            if np.isnan(distance) or distance == 0.0 or (distance > 0.0) != (target > 0.0):
                slot.pending = False
                return NO_STOP
            wanted = np.sign(target) * min(
                abs(target) * terms.risk_fraction * max(equity, 0.0) / abs(distance),
                affordable / ground.initial[n],
            )
    if wanted < 0.0 and not terms.can_short:
        wanted = 0.0
    wanted = np.sign(wanted) * on_lot(abs(wanted), ground.terms[rules_row(book, n, ground)])
    if wanted != 0.0 and abs(wanted - held) * price < terms.min_notional:
        slot.pending = False
        return NOTIONAL
    slot.pending_quantity = wanted
    if wanted != 0.0 or held != 0.0 or target == 0.0:
        return NO_OBSTACLE
    if target < 0.0 and not terms.can_short:
        return SHORT
    return LOT if equity > 0.0 else CASH


@njit(cache=True)
def affordable(book: Book, n: int, delta: float, price: float, terms: Terms, ground: Ground) -> float:
    """The part of `delta` that money covers: closing is free, opening takes the column's initial share of notional.

    Free is the equity less that share of everything held: for shares paid in full this is the cash less twice the
    shorts.
    """
    slot = book.slots[n]
    held = slot.quantity
    closing = 0.0
    if held * delta < 0.0:
        closing = min(abs(held), abs(delta))
    opening = abs(delta) - closing
    if opening == 0.0:
        return delta
    side = np.sign(delta)
    rate = rate_of(book, n, side, price, terms, ground)
    free = book.money[0]
    for m in range(len(book.slots)):
        if m != n and book.slots[m].quantity != 0.0:
            free += (book.slots[m].quantity - ground.initial[m] * abs(book.slots[m].quantity)) * book.slots[m].last
    left = held + side * closing
    free -= closing * price * (side + rate)
    free += (left - ground.initial[n] * abs(left)) * price
    cost = price * (ground.initial[n] + rate)
    if opening * cost > free * (1.0 + LOT_GRACE):
        opening = on_lot(max(free, 0.0) / cost, ground.terms[rules_row(book, n, ground)])
    if ground.on and opening > 0.0:
        charges = ground.charges[rules_row(book, n, ground)]
        notional = opening * price
        if notional * ground.initial[n] + fee_of(charges, side, opening, notional) > free * (1.0 + LOT_GRACE):
            rest = max(free - fee_floor(charges, side), 0.0)
            opening = on_lot(rest / cost, ground.terms[rules_row(book, n, ground)])
    allowed: float = side * (closing + opening)
    return allowed
