"""What one instruction comes to: how much to hold, how much of it money and market allow now, and what it costs."""

import numpy as np

from alphaloop.engine.sim_book import Book, Terms, new_order, rules_row
from alphaloop.engine.sim_compiled import inlined
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

# Small functions are inlined: a call that hands over the ground costs more than what they do.


@inlined
def instruct(book: Book, n: int, target: float, episode: int, group: int, levels: tuple[float, float, float]) -> None:
    """Read one row of signals: move the bracket, and make a changed target or episode the pending instruction."""
    slot = book.slots[n]
    if np.isnan(target) or (target != 0.0 and episode == slot.spent):
        return
    if target != 0.0:
        slot.stop_at, slot.take_at, slot.trail = levels
        slot.intent = target
    if target != slot.acted_target or episode != slot.acted_episode:
        slot.acted_target = target
        slot.acted_episode = episode
        slot.pending = True
        slot.pending_target = target
        slot.pending_quantity = np.nan
        slot.pending_episode = episode
        slot.pending_reason = 0
        slot.pending_age = 0
        slot.pending_group = group
        slot.refused = -2
        if target != 0.0 or slot.quantity != 0.0:
            slot.refused = -1
            book.asked[0 if target != 0.0 else 1] += 1
        new_order(book, n, 0)


@inlined
def rate_of(book: Book, n: int, side: float, price: float, terms: Terms, ground: Ground) -> float:
    """Fees as a share of notional, for sizing."""
    if not ground.on:
        return terms.fee
    rate: float = fee_rate(ground.charges[rules_row(book, n, ground)], side, price)
    return rate


@inlined
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


@inlined
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


@inlined
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


@inlined
def orderable(book: Book, n: int, side: float, room: float, ground: Ground) -> float:
    """What of the room can be ordered at once: whole lots, or of a holding also its odd remainder."""
    slot = book.slots[n]
    terms = ground.terms[rules_row(book, n, ground)]
    part: float = on_lot(room, terms)
    held = slot.quantity
    if ground.on and side < 0.0 and held > 0.0:
        part = on_sale(room, held, terms) if room < held else max(part, held)
    return part


@inlined
def held_within(book: Book, n: int, price: float, ground: Ground) -> float:
    """A price after slippage cannot leave the day's limits."""
    slot = book.slots[n]
    if not ground.on:
        return price
    day = slot.session
    kept: float = within(price, ground.down[day, n], ground.up[day, n])
    return kept


@inlined
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


@inlined
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
