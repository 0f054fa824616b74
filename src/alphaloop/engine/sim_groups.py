"""Legs that trade together: before a price is traded at, what all legs of a group can do becomes what each may do.

A group is every column whose instruction carries the same number and wants something to be held. At the first price
that all its legs have, they are sized; one that may not be held at all (short sales are off, less than a lot) rejects
them all. Money that does not reach for all scales all alike, for good; room that does not (volume, a locked board,
unsettled shares) scales what all trade now, and the rest follows in step. While one leg cannot trade, none does.

Exits are never tied: a target of 0, a stop, a take or a liquidation closes its own leg at once. A leg that cannot leave
yet leaves later, alone, and is counted as unfilled; what becomes of the others is the strategy's next word.
"""

import numpy as np

from alphaloop.engine.panel import Floats
from alphaloop.engine.sim_book import DUST, Book, Terms, rules_row
from alphaloop.engine.sim_compiled import compiled, inlined
from alphaloop.engine.sim_events import refuse
from alphaloop.engine.sim_orders import orderable, rate_of, room_for, size_pending, why_no_room
from alphaloop.engine.sim_rules import LOT_GRACE, Ground, fee_floor, on_lot
from alphaloop.engine.sim_unfilled import GROUP, NO_OBSTACLE, SUSPENDED

# `cap` of a leg that must not trade at this price.
HELD_BACK = -1.0


# A call of its own: folded into both prices of the pass it would double the time to compile it.
@compiled
def tie_groups(
    book: Book,
    t: int,
    prices: Floats,
    reach: tuple[Floats, Floats],
    equity: float,
    terms: Terms,
    ground: Ground,
    fills: Floats,
    count: int,
) -> int:
    """Size the waiting legs of every group and set their `cap`: how much each may trade at this price."""
    for n in range(len(prices)):
        book.slots[n].cap = np.inf
    for n in range(len(prices)):
        slot = book.slots[n]
        # The first leg speaks for all; those after it are tied by then.
        if _is_leg(book, n, slot.pending_group) and slot.pending_group >= 0 and _is_first(book, n):
            count = _tie(book, n, t, prices, reach, equity, terms, ground, fills, count)
    return count


@inlined
def _is_leg(book: Book, n: int, group: int) -> bool:
    slot = book.slots[n]
    leg: bool = slot.pending and slot.pending_target != 0.0 and slot.pending_group == group
    return leg


@inlined
def _is_first(book: Book, n: int) -> bool:
    first = True
    for m in range(n):
        first &= not _is_leg(book, m, book.slots[n].pending_group)
    return first


@inlined
def _tie(
    book: Book,
    n: int,
    t: int,
    prices: Floats,
    reach: tuple[Floats, Floats],
    equity: float,
    terms: Terms,
    ground: Ground,
    fills: Floats,
    count: int,
) -> int:
    group = book.slots[n].pending_group
    absent = False
    for m in range(n, len(prices)):
        absent |= _is_leg(book, m, group) and np.isnan(prices[m])
    if absent:
        for m in range(n, len(prices)):
            if not _is_leg(book, m, group):
                continue
            count = refuse(book, m, t, SUSPENDED if np.isnan(prices[m]) else GROUP, fills, count)
            slot = book.slots[m]
            slot.cap = HELD_BACK
            slot.pending_age += 1
            slot.pending = not (0 <= terms.late_bars < slot.pending_age)
        return count
    failed = False
    for m in range(n, len(prices)):
        slot = book.slots[m]
        if _is_leg(book, m, group):
            slot.last = prices[m]
            if np.isnan(slot.pending_quantity):
                why = size_pending(book, m, prices[m], equity, terms, ground)
                if why != NO_OBSTACLE:
                    failed = True
                    count = refuse(book, m, t, why, fills, count)
                    # It stays a leg until the others know.
                    slot.pending = True
    failed = failed or not _share_money(book, n, group, prices, terms, ground)
    if failed:
        for m in range(n, len(prices)):
            if _is_leg(book, m, group):
                count = refuse(book, m, t, GROUP, fills, count)
                book.slots[m].pending = False
        return count
    return _share_room(book, n, group, t, prices, reach, ground, fills, count)


@inlined
def _share_money(book: Book, n: int, group: int, prices: Floats, terms: Terms, ground: Ground) -> bool:
    """Scale all openings alike to what the free money pays for; False when that leaves a leg with nothing.

    What is free, and what closing frees, is reckoned as in `sim_orders.affordable`."""
    free, cost = book.money[0], 0.0
    for m in range(len(prices)):
        slot = book.slots[m]
        if slot.quantity != 0.0:
            free += (slot.quantity - ground.initial[m] * abs(slot.quantity)) * slot.last
        if m < n or not _is_leg(book, m, group):
            continue
        delta = slot.pending_quantity - slot.quantity
        side = np.sign(delta)
        closing = min(abs(slot.quantity), abs(delta)) if slot.quantity * delta < 0.0 else 0.0
        left = slot.quantity + side * closing
        paid = prices[m] * (1.0 + terms.slippage * side)
        rate = rate_of(book, m, side, paid, terms, ground)
        free -= closing * paid * (side + rate)
        free += (left - ground.initial[m] * abs(left) - slot.quantity + ground.initial[m] * abs(slot.quantity)) * paid
        cost += (abs(delta) - closing) * paid * (ground.initial[m] + rate)
        if ground.on:
            free -= fee_floor(ground.charges[rules_row(book, m, ground)], side)
    if cost <= free * (1.0 + LOT_GRACE):
        return True
    ratio, whole = max(free, 0.0) / cost, True
    for m in range(n, len(prices)):
        slot = book.slots[m]
        if not _is_leg(book, m, group):
            continue
        delta = slot.pending_quantity - slot.quantity
        closing = min(abs(slot.quantity), abs(delta)) if slot.quantity * delta < 0.0 else 0.0
        opening = on_lot(ratio * (abs(delta) - closing), ground.terms[rules_row(book, m, ground)])
        whole &= opening > 0.0 or abs(delta) == closing
        slot.pending_quantity = slot.quantity + np.sign(delta) * (closing + opening)
    return whole


@inlined
def _share_room(
    book: Book,
    n: int,
    group: int,
    t: int,
    prices: Floats,
    reach: tuple[Floats, Floats],
    ground: Ground,
    fills: Floats,
    count: int,
) -> int:
    """Let every leg trade the share that the leg with the least room can."""
    ratio = 1.0
    for m in range(n, len(prices)):
        if _is_leg(book, m, group):
            delta, room = _delta_and_room(book, m, reach, ground)
            if abs(delta) > room * (1.0 + DUST):
                ratio = min(ratio, room / abs(delta))
    if ratio == 1.0:
        return count
    short = False
    for m in range(n, len(prices)):
        if _is_leg(book, m, group):
            delta, room = _delta_and_room(book, m, reach, ground)
            slot = book.slots[m]
            slot.cap = orderable(book, m, np.sign(delta), ratio * abs(delta), ground)
            short |= slot.cap == 0.0 and delta != 0.0
    for m in range(n, len(prices)):
        if short and _is_leg(book, m, group):
            delta, room = _delta_and_room(book, m, reach, ground)
            why = why_no_room(book, m, np.sign(delta), reach[0][m], reach[1][m], ground) if room == 0.0 else GROUP
            count = refuse(book, m, t, why, fills, count)
    for m in range(n, len(prices)):
        if short and _is_leg(book, m, group):
            book.slots[m].cap = HELD_BACK
    return count


@compiled
def _delta_and_room(book: Book, n: int, reach: tuple[Floats, Floats], ground: Ground) -> tuple[float, float]:
    slot = book.slots[n]
    delta = slot.pending_quantity - slot.quantity
    side = np.sign(delta)
    room = np.inf
    if delta != 0.0:
        room = orderable(book, n, side, room_for(book, n, side, reach[0][n], reach[1][n], ground), ground)
    return delta, room
