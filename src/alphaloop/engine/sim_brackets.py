"""Stops and takes inside a bar, the worst assumed: which is hit, at which price, and what happens to the rest."""

import numpy as np

from alphaloop.engine.panel import Floats
from alphaloop.engine.sim_book import DUST, Book, Terms, apply_fill, new_order, protective_level
from alphaloop.engine.sim_compiled import inlined
from alphaloop.engine.sim_events import record, refuse
from alphaloop.engine.sim_orders import fee_for, held_within, orderable, room_for, why_no_room
from alphaloop.engine.sim_rules import Ground


@inlined
def _exit(
    book: Book, n: int, t: int, open: float, high: float, low: float, slippage: float, room: float
) -> tuple[float, int]:
    """Price and reason (1 stop, 2 take, 0 none) at which the position's bracket is hit inside this bar."""
    slot = book.slots[n]
    side = np.sign(slot.quantity)
    # A trail starts from the entry price, which nobody knows before the entry bar: it protects from the next bar on.
    trail = np.nan if slot.entry_row == t else slot.trail
    stop = protective_level(side, slot.stop_at, trail, slot.best)
    # Where nothing can be sold a take cannot fill, and then it does not shield the position from its stop either.
    take = slot.take_at if room > 0.0 else np.nan
    worst, best = (low, high) if side > 0 else (high, low)
    if side * open <= side * stop:
        return open * (1.0 - side * slippage), 1
    if side * open >= side * take:
        return open, 2
    if side * worst <= side * stop:
        return stop * (1.0 - side * slippage), 1
    if side * best >= side * take:
        return take, 2
    return 0.0, 0


@inlined
def trade_brackets(
    book: Book,
    t: int,
    bar: tuple[Floats, Floats, Floats],
    terms: Terms,
    ground: Ground,
    fills: Floats,
    count: int,
) -> int:
    for n in range(len(book.slots)):
        slot = book.slots[n]
        held = slot.quantity
        # A position against the present intent is being unwound already: the levels are not its own.
        if held == 0.0 or held * slot.intent < 0.0 or np.isnan(bar[0][n]):
            continue
        room = orderable(
            book, n, -np.sign(held), room_for(book, n, -np.sign(held), bar[2][n], bar[1][n], ground), ground
        )
        price, reason = _exit(book, n, t, bar[0][n], bar[1][n], bar[2][n], terms.slippage, room)
        if reason == 0:
            continue
        price = held_within(book, n, price, ground)
        if slot.order_reason != reason:
            # What is left of a take that filled in part is still the same order.
            new_order(book, n, reason)
        quantity = abs(held) if abs(held) <= room * (1.0 + DUST) else room
        # The levels were those of the present intent, even where it could not trade yet: it is what ends here.
        slot.spent = slot.acted_episode if slot.acted_target != 0.0 else slot.episode
        slot.pending = False
        if reason == 1:
            book.asked[1] += 1
            slot.refused = -1 if quantity == 0.0 else -2
            slot.take_at = np.nan
            if quantity < abs(held):
                # A touched stop is a market order from now on: the rest goes at the next opens.
                slot.pending = True
                slot.pending_target = slot.pending_quantity = 0.0
                slot.pending_reason = reason
                slot.pending_episode = slot.episode
                if quantity == 0.0:
                    why = why_no_room(book, n, -np.sign(held), bar[2][n], bar[1][n], ground)
                    count = refuse(book, n, t, why, fills, count)
        slot.stop_at = slot.trail = np.nan
        if quantity > 0.0:
            slot.room -= quantity
            signed = -held if quantity == abs(held) else -np.sign(held) * quantity
            fee = fee_for(book, n, signed, price, terms, ground)
            apply_fill(book, n, t, signed, price, fee)
            count = record(fills, count, (t, n, signed, price, fee, reason, slot.episode))
    return count
