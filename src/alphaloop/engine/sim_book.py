"""The running state of a simulation, and the arithmetic of one fill: cost, fee, how much may trade and be paid."""

# mypy: disable-error-code="untyped-decorator"

from typing import NamedTuple

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


class Book(NamedTuple):
    """All running state, one slot per column; `money` holds the cash.

    `today` is what was bought in trading day `session`; `order_*` is what the order under way has traded so far.
    """

    money: Floats
    quantity: Floats
    average: Floats
    best: Floats
    worst: Floats
    realised: Floats
    entry_row: Ints
    adds: Ints
    episode: Ints
    spent: Ints
    intent: Floats
    stop: Floats
    take: Floats
    trail: Floats
    acted_target: Floats
    acted_episode: Ints
    pending: Bools
    pending_target: Floats
    pending_quantity: Floats
    pending_episode: Ints
    pending_reason: Ints
    pending_age: Ints
    last: Floats
    room: Floats
    session: Ints
    today: Floats
    order_quantity: Floats
    order_notional: Floats
    order_reason: Ints
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
    for n in range(len(book.quantity)):
        if book.quantity[n] != 0.0:
            total += book.quantity[n] * (book.last[n] if np.isnan(prices[n]) else prices[n])
    return total


@njit(cache=True)
def apply_fill(book: Book, n: int, t: int, quantity: float, price: float, fee: float) -> None:
    """Average cost: adding moves the average, reducing realises, crossing does both."""
    before = book.quantity[n]
    after = before + quantity
    if abs(after) <= DUST * abs(before):
        after = 0.0
    book.money[0] -= quantity * price + fee
    opened = before == 0.0 or before * after < 0.0
    if before == 0.0 or before * quantity > 0.0:
        book.average[n] = (abs(before) * book.average[n] + abs(quantity) * price) / abs(after)
        book.adds[n] += 1
    else:
        closed = min(abs(before), abs(quantity))
        book.realised[n] += (price - book.average[n]) * closed * np.sign(before)
        if after == 0.0:
            book.average[n] = 0.0
    if opened:
        book.average[n] = book.best[n] = book.worst[n] = price
        book.entry_row[n] = t
        book.adds[n] = 0
    book.quantity[n] = after
    if quantity > 0.0:
        book.today[n] += quantity


@njit(cache=True)
def rules_row(book: Book, n: int, ground: Ground) -> int:
    """The row of `terms` and `charges` that holds for a column now."""
    kind: int = ground.kind[book.session[n], n]
    return kind


@njit(cache=True)
def rate_of(book: Book, n: int, side: float, price: float, terms: Terms, ground: Ground) -> float:
    """Fees as a share of notional, for sizing."""
    if not ground.on:
        return terms.fee
    rate: float = fee_rate(ground.charges[rules_row(book, n, ground)], side, price)
    return rate


@njit(cache=True)
def fee_for(book: Book, n: int, quantity: float, price: float, terms: Terms, ground: Ground) -> float:
    """The fee of one fill: what its order owes by now less what it owed before, so that minimums count once."""
    size = abs(quantity)
    if not ground.on:
        return size * price * terms.fee
    charges, side = ground.charges[rules_row(book, n, ground)], np.sign(quantity)
    before = fee_of(charges, side, book.order_quantity[n], book.order_notional[n])
    book.order_quantity[n] += size
    book.order_notional[n] += size * price
    after: float = fee_of(charges, side, book.order_quantity[n], book.order_notional[n])
    return after - before


@njit(cache=True)
def new_order(book: Book, n: int, reason: int) -> None:
    book.order_reason[n] = reason
    book.order_quantity[n] = book.order_notional[n] = 0.0


@njit(cache=True)
def room_for(book: Book, n: int, side: float, low: float, high: float, ground: Ground) -> float:
    """How much may trade on this side: the volume left, nothing on a locked board, and only settled shares to sell."""
    room: float = book.room[n]
    if not ground.on:
        return room
    day = book.session[n]
    if locked(side, low, high, ground.down[day, n], ground.up[day, n]):
        return 0.0
    if side < 0.0 and book.quantity[n] > 0.0 and ground.terms[ground.kind[day, n], SETTLE] > 0.0:
        room = min(room, max(book.quantity[n] - book.today[n], 0.0))
    return room


@njit(cache=True)
def orderable(book: Book, n: int, side: float, room: float, ground: Ground) -> float:
    """What of the room can be ordered at once: whole lots, or of a holding also its odd remainder."""
    terms = ground.terms[rules_row(book, n, ground)]
    part: float = on_lot(room, terms)
    held = book.quantity[n]
    if ground.on and side < 0.0 and held > 0.0:
        part = on_sale(room, held, terms) if room < held else max(part, held)
    return part


@njit(cache=True)
def held_within(book: Book, n: int, price: float, ground: Ground) -> float:
    """A price after slippage cannot leave the day's limits."""
    if not ground.on:
        return price
    day = book.session[n]
    kept: float = within(price, ground.down[day, n], ground.up[day, n])
    return kept


@njit(cache=True)
def size_pending(book: Book, n: int, price: float, equity: float, terms: Terms, ground: Ground) -> None:
    """Turn the pending target into a quantity to hold, once, at the first price it could trade at."""
    target = book.pending_target[n]
    held = book.quantity[n]
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
            distance = paid - book.stop[n]
            if np.isnan(distance) or distance == 0.0 or (distance > 0.0) != (target > 0.0):
                book.pending[n] = False
                return
            wanted = np.sign(target) * min(
                abs(target) * terms.risk_fraction * max(equity, 0.0) / abs(distance),
                affordable / ground.initial[n],
            )
    if wanted < 0.0 and not terms.can_short:
        wanted = 0.0
    wanted = np.sign(wanted) * on_lot(abs(wanted), ground.terms[rules_row(book, n, ground)])
    if wanted != 0.0 and abs(wanted - held) * price < terms.min_notional:
        book.pending[n] = False
        return
    book.pending_quantity[n] = wanted


@njit(cache=True)
def affordable(book: Book, n: int, delta: float, price: float, terms: Terms, ground: Ground) -> float:
    """The part of `delta` that money covers: closing is free, opening takes the column's initial share of notional.

    Free is the equity less that share of everything held: for shares paid in full this is the cash less twice the
    shorts.
    """
    held = book.quantity[n]
    closing = 0.0
    if held * delta < 0.0:
        closing = min(abs(held), abs(delta))
    opening = abs(delta) - closing
    if opening == 0.0:
        return delta
    side = np.sign(delta)
    rate = rate_of(book, n, side, price, terms, ground)
    free = book.money[0]
    for m in range(len(book.quantity)):
        if m != n and book.quantity[m] != 0.0:
            free += (book.quantity[m] - ground.initial[m] * abs(book.quantity[m])) * book.last[m]
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
