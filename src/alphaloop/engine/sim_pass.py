"""The compiled pass behind `simulate`: one loop over rows and columns, arrays in and arrays out.

It knows no instruments, calendars or decimals; what the rules of a market mean for a row has been worked out before.
"""

from typing import Any

import numpy as np

from alphaloop.engine.panel import Floats, Ints
from alphaloop.engine.sim_book import DUST, Book, Held, Terms, View, apply_fill, equity_of, rules_row
from alphaloop.engine.sim_brackets import trade_brackets
from alphaloop.engine.sim_compiled import compiled, compiled_anew, inlined
from alphaloop.engine.sim_events import fund, liquidate, new_day, record, refuse
from alphaloop.engine.sim_groups import tie_groups
from alphaloop.engine.sim_orders import (
    affordable,
    fee_for,
    held_within,
    instruct,
    orderable,
    room_for,
    size_pending,
    why_no_room,
)
from alphaloop.engine.sim_quiet import pass_calm_rows, pass_quiet_rows
from alphaloop.engine.sim_rules import SETTLE, Ground
from alphaloop.engine.sim_unfilled import CASH, LOT, NO_OBSTACLE, SUSPENDED

MEMORY = 8
FILL_WIDTH = 7
# At most so many entries per column in one bar: funding, an ex-date's two, a fill, a stop's, and why not.
ROW_EVENTS = 10
FIRST_ROOM = 1024
SCRATCH = 9


@inlined
def _trade(
    book: Book, n: int, price: float, reach: tuple[float, float], terms: Terms, ground: Ground
) -> tuple[float, float, int]:
    """Signed quantity and price of the pending instruction at this price; (0, price, why) when nothing trades now.

    `reach` is the bar's low and high.
    """
    slot = book.slots[n]
    delta = slot.pending_quantity - slot.quantity
    side = np.sign(delta)
    paid = held_within(book, n, price * (1.0 + terms.slippage * side), ground)
    allowed = affordable(book, n, delta, paid, terms, ground)
    why = CASH if allowed == 0.0 and delta != 0.0 else NO_OBSTACLE
    if ground.on and slot.pending_quantity != 0.0 and slot.order_quantity == 0.0 and allowed != 0.0:
        # It must itself be an order that the market takes; what is left of one need not.
        allowed = side * orderable(book, n, side, abs(allowed), ground)
        why = LOT if allowed == 0.0 else NO_OBSTACLE
    if allowed != delta:
        slot.pending_quantity = slot.quantity + allowed
        delta = allowed
    if abs(delta) <= DUST * (abs(slot.quantity) + abs(slot.pending_quantity)):
        slot.pending = False
        if slot.pending_target != 0.0:
            # Already holding what is wanted: the position now belongs to the new intent.
            slot.episode = slot.pending_episode
        return 0.0, paid, why
    room = min(orderable(book, n, side, room_for(book, n, side, reach[0], reach[1], ground), ground), slot.cap)
    if abs(delta) <= room * (1.0 + DUST):
        slot.pending = False
        if slot.pending_quantity == 0.0:
            delta = -slot.quantity
    else:
        delta = side * room
        if room == 0.0:
            why = why_no_room(book, n, side, reach[0], reach[1], ground)
    slot.room -= abs(delta)
    return delta, paid, why


@inlined
def _was_suspended(book: Book, n: int, t: int, ground: Ground) -> bool:
    """Whether the market has traded without this column since the instruction was given at the row before."""
    slot = book.slots[n]
    if not ground.on or t == 0 or not ground.skipped[slot.session, n]:
        return False
    calendar = ground.calendar[n]
    began: bool = ground.day[t, calendar] != ground.day[t - 1, calendar]
    return began


@inlined
def _trade_pending(
    book: Book,
    t: int,
    prices: Floats,
    reach: tuple[Floats, Floats],
    group: Ints | None,
    terms: Terms,
    ground: Ground,
    fills: Floats,
    count: int,
) -> int:
    """Trade every pending instruction at this row's price: what reduces goes first, so that its cash is there."""
    equity = equity_of(book, prices)
    if group is not None:
        count = tie_groups(book, t, prices, reach, equity, terms, ground, fills, count)
    for n in range(len(prices)):
        slot = book.slots[n]
        if not slot.pending or slot.cap < 0.0:
            continue
        if np.isnan(prices[n]):
            count = refuse(book, n, t, SUSPENDED, fills, count)
            slot.pending_age += 1
            if terms.late_bars >= 0 and slot.pending_age > terms.late_bars and slot.pending_target != 0.0:
                slot.pending = False
        elif np.isnan(slot.pending_quantity):
            if not terms.at_close and _was_suspended(book, n, t, ground):
                count = refuse(book, n, t, SUSPENDED, fills, count)
            why = size_pending(book, n, prices[n], equity, terms, ground)
            count = refuse(book, n, t, why, fills, count)
    for increases in (False, True):
        for n in range(len(prices)):
            slot = book.slots[n]
            if not slot.pending or np.isnan(prices[n]) or slot.cap < 0.0:
                continue
            wanted, held = slot.pending_quantity, slot.quantity
            if (wanted * held < 0.0 or abs(wanted) > abs(held)) != increases:
                continue
            quantity, price, why = _trade(book, n, prices[n], (reach[0][n], reach[1][n]), terms, ground)
            if quantity == 0.0:
                count = refuse(book, n, t, why, fills, count)
                continue
            if slot.refused >= 0:
                fills[slot.refused, 3] = t
            slot.refused = -2
            fee = fee_for(book, n, quantity, price, terms, ground)
            apply_fill(book, n, t, quantity, price, fee)
            if not slot.pending:
                # Partial fills add up exactly.
                slot.quantity = slot.pending_quantity
            if slot.pending_target != 0.0:
                slot.episode = slot.pending_episode
            reason, episode = slot.pending_reason, slot.episode
            count = record(fills, count, (t, n, quantity, price, fee, reason, episode))
    return count


@inlined
def _mark(book: Book, closes: Floats, highs: Floats, lows: Floats) -> float:
    """Take note of this row's prices; returns the equity at its close."""
    worth: float = book.money[0]
    for n in range(len(closes)):
        slot = book.slots[n]
        if not np.isnan(closes[n]):
            slot.last = closes[n]
        held = slot.quantity
        if held == 0.0:
            continue
        worth += held * slot.last
        if not np.isnan(closes[n]):
            slot.best = max(slot.best, highs[n]) if held > 0.0 else min(slot.best, lows[n])
            slot.worst = min(slot.worst, lows[n]) if held > 0.0 else max(slot.worst, highs[n])
    return worth


@inlined
def _ask_manager(manage: Any, book: Book, n: int, t: int, worth: float, view: View, params: Any) -> float:
    slot = book.slots[n]
    held = Held(
        n,
        slot.quantity,
        slot.average,
        slot.entry_row,
        slot.best,
        slot.worst,
        slot.realised,
        worth,
        book.money[0],
        slot.adds,
        book.mem[n],
    )
    own: float = manage(t, view, held, params)
    return own


def _pass(
    book: Book,
    view: View,
    target: Floats,
    episode: Ints,
    stop: Floats,
    take: Floats,
    trail: Floats,
    group: Ints | None,
    terms: Terms,
    ground: Ground,
    manage: Any,
    params: Any,
    t: int,
    fills: Floats,
    count: int,
    equity: Floats,
    scratch: Floats,
) -> tuple[int, int, int]:
    """Go on from row `t` with `count` rows of `fills` written: (next row, count, row of a liquidation or -1).

    It stops before the last row when `fills` may not hold another one; call it again with more room."""
    rows, columns = view.close.shape
    opens, highs, lows, closes = scratch[0], scratch[1], scratch[2], scratch[3]
    over = -1
    lone = columns == 1 and not ground.margined and manage is None
    # Without levels, limits or a manager nobody asks how far prices went.
    ranged = terms.leveled or ground.on or manage is not None
    calm = not lone and not ranged
    while t < rows:
        if lone:
            t = pass_quiet_rows(book, view, t, (target, episode), (stop, take, trail), terms, ground, equity)
        elif calm:
            t = pass_calm_rows(book, view, t, (target, episode), terms.start, scratch[5:], equity)
        if t == rows:
            break
        if count + ROW_EVENTS * columns > len(fills):
            return t, count, over
        waiting, exposed = False, False
        turned = ground.on and ground.turns[t]
        for n in range(columns):
            slot = book.slots[n]
            closes[n] = view.close[t, n]
            # A table that knows only closes trades at the close.
            known = not np.isnan(view.open[t, n])
            opens[n] = view.open[t, n] if known else closes[n]
            highs[n] = view.high[t, n] if known and ranged else closes[n]
            lows[n] = view.low[t, n] if known and ranged else closes[n]
            wants = slot.pending
            if terms.volume_limit > 0.0:
                slot.room = terms.volume_limit * view.volume[t, n]
            if turned:
                day = ground.day[t, ground.calendar[n]]
                if ground.acts:
                    count = new_day(book, n, day, t, ground, fills, count)
                elif day > slot.session:
                    slot.session, slot.today = day, 0.0
            if wants and ground.on and slot.pending_quantity < slot.quantity <= slot.today:
                # Waiting for shares to settle is all that such an order can do today.
                wants = ground.terms[rules_row(book, n, ground), SETTLE] == 0.0
            waiting |= wants
            exposed |= slot.quantity != 0.0
        # Most rows have nothing to do: handing the book to a function costs more than asking first.
        if ground.funded and exposed:
            count = fund(book, t, ground, fills, count)
        if waiting and not terms.at_close:
            count = _trade_pending(book, t, opens, (lows, highs), group, terms, ground, fills, count)
        if ground.margined and (waiting or exposed):
            count = liquidate(book, t, opens, scratch[4], ground, fills, count)
            if count < 0:
                # After a liquidation the account is not the one the strategy decided for: nothing trades any more.
                count, over = -1 - count, t
        if (waiting or exposed) and terms.leveled:
            count = trade_brackets(book, t, (opens, highs, lows), terms, ground, fills, count)
        worth = _mark(book, closes, highs, lows)
        if t >= terms.start and over < 0:
            waiting = False
            for n in range(columns):
                slot = book.slots[n]
                wanted, began = target[t, n], episode[t, n]
                if manage is not None:
                    own = _ask_manager(manage, book, n, t, worth, view, params)
                    if not np.isnan(own):
                        wanted, began = own, began if began >= 0 else slot.episode
                fresh = wanted != slot.acted_target or began != slot.acted_episode
                # Outside the universe an intent may end but not begin.
                if (fresh or terms.leveled) and (view.member[t, n] or wanted == 0.0):
                    # A level that nobody gave is one row for all.
                    given = (
                        stop[min(t, len(stop) - 1), n],
                        take[min(t, len(take) - 1), n],
                        trail[min(t, len(trail) - 1), n],
                    )
                    instruct(book, n, wanted, began, -1 if group is None else group[t, n], given)
                waiting |= slot.pending
            if waiting and terms.at_close:
                # At the close a bar that ends on its limit has nobody left to trade with.
                count = _trade_pending(book, t, closes, (closes, closes), group, terms, ground, fills, count)
                worth = _mark(book, closes, closes, closes)
        equity[t] = worth
        if over >= 0:
            equity[t:] = worth
            return rows, count, over
        t += 1
    return rows, count, over


run_plain = compiled(_pass)
# A cache on disk could not tell two functions `manage` apart.
run_managed = compiled_anew(_pass)


def run_pass(run: Any, book: Book, view: View, *given: Any) -> tuple[Floats, Floats, int]:
    """(rows of fills and events, equity, row of a liquidation or -1); `given` is all that `_pass` takes before its
    state."""
    rows, columns = view.close.shape
    equity, scratch = np.empty(rows), np.empty((SCRATCH, columns))
    # Room that is not needed is never touched, and then costs nothing. A column lies in one piece, as it is read later.
    room = FIRST_ROOM + rows // 12 + ROW_EVENTS * columns
    fills, count, t, over = np.empty((room, FILL_WIDTH), order="F"), 0, 0, -1
    while t < rows:
        t, count, over = run(book, view, *given, t, fills, count, equity, scratch)
        if t < rows:
            more = np.empty((2 * len(fills) + ROW_EVENTS * columns, FILL_WIDTH), order="F")
            more[:count] = fills[:count]
            fills = more
    return fills[:count], equity, over
