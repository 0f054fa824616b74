"""What happens to a book without anybody's order (a new trading day, funding, liquidation), and the log of it all."""

import numpy as np

from alphaloop.engine.panel import Floats
from alphaloop.engine.sim_book import DUST, Book, apply_fill, protective_level, rules_row
from alphaloop.engine.sim_compiled import inlined
from alphaloop.engine.sim_orders import orderable, room_for
from alphaloop.engine.sim_rules import LOT_GRACE, LOT_STEP, Ground, liquidation_price
from alphaloop.engine.sim_unfilled import NO_OBSTACLE, UNFILLED

# Reasons of rows beyond a strategy's own (0 signal, 1 stop, 2 take).
LIQUIDATION, BONUS, DIVIDEND, FUNDING = 3, 4, 5, 6


@inlined
def record(fills: Floats, count: int, row: tuple[int, int, float, float, float, int, int]) -> int:
    into = fills[count]
    into[0], into[1], into[2], into[3], into[4], into[5], into[6] = row
    return count + 1


@inlined
def refuse(book: Book, n: int, t: int, why: int, fills: Floats, count: int) -> int:
    """Record why the pending instruction could not trade, the first time that it could not."""
    slot = book.slots[n]
    if slot.refused != -1 or why == NO_OBSTACLE:
        return count
    slot.refused = count
    entry = 1.0 if slot.pending_target != 0.0 else 0.0
    return record(fills, count, (t, n, entry, -1.0, 0.0, UNFILLED + why, slot.pending_episode))


@inlined
def new_day(book: Book, n: int, day: int, t: int, ground: Ground, fills: Floats, count: int) -> int:
    """Begin a trading day: what was bought is settled, and every ex-date up to this day pays and splits."""
    slot = book.slots[n]
    for passed in range(slot.session + 1, day + 1):
        slot.session = passed
        slot.today = 0.0
        held = slot.quantity
        if not ground.acts:
            continue
        cash, ratio = ground.cash[passed, n], ground.ratio[passed, n]
        shift, factor = ground.shift[passed, n], ground.factor[passed, n]
        if shift == 0.0 and factor == 1.0:
            continue
        if held != 0.0:
            if cash != 0.0:
                book.money[0] += held * cash
                count = record(fills, count, (t, n, held, cash, 0.0, DIVIDEND, slot.episode))
            more = held * ratio
            if ground.terms[ground.kind[passed, n], LOT_STEP] >= 1.0:
                more = np.sign(more) * np.floor(abs(more) + LOT_GRACE)
            if more != held:
                slot.average *= held / more
                slot.quantity = more
                count = record(fills, count, (t, n, more - held, 0.0, 0.0, BONUS, slot.episode))
        # What was agreed in old prices is meant in new ones.
        slot.stop_at, slot.take_at = (slot.stop_at + shift) * factor, (slot.take_at + shift) * factor
        slot.best, slot.worst = (slot.best + shift) * factor, (slot.worst + shift) * factor
        slot.last = (slot.last + shift) * factor
        slot.trail *= factor
        if slot.pending and not np.isnan(slot.pending_quantity):
            slot.pending_quantity = np.nan if slot.pending_quantity != 0.0 else 0.0
    return count


@inlined
def fund(book: Book, t: int, ground: Ground, fills: Floats, count: int) -> int:
    """Settle funding at this row's open on what was held before it: longs pay mark x quantity x rate."""
    for n in range(len(book.slots)):
        slot = book.slots[n]
        rate, mark = ground.funding[t, n], ground.marks[0, t, n]
        if slot.quantity == 0.0 or rate == 0.0 or np.isnan(mark):
            continue
        paid = slot.quantity * mark * rate
        book.money[0] -= paid
        count = record(fills, count, (t, n, -paid, mark, 0.0, FUNDING, slot.episode))
    return count


@inlined
def _wallet(book: Book, n: int, ground: Ground, adverse: Floats) -> float:
    """The cash behind a margined position, its cost taken out: its own margin, or everything the account is worth."""
    slot = book.slots[n]
    if ground.isolated[n]:
        margin: float = (ground.initial[n] * abs(slot.quantity) - slot.quantity) * slot.average
        return margin
    worth: float = book.money[0]
    for m in range(len(book.slots)):
        if m != n and book.slots[m].quantity != 0.0:
            worth += book.slots[m].quantity * adverse[m]
    return worth


@inlined
def _stop_of(book: Book, n: int, t: int) -> float:
    """The stop that protects a position in this row; NaN without one, or while the position itself is unwound."""
    slot = book.slots[n]
    if slot.quantity * slot.intent < 0.0:
        return np.nan
    trail = np.nan if slot.entry_row == t else slot.trail
    level: float = protective_level(np.sign(slot.quantity), slot.stop_at, trail, slot.best)
    return level


@inlined
def _ends_at_open(book: Book, n: int, stop: float, open: float, ground: Ground) -> bool:
    """Whether the bar opens beyond the position's stop or take and all of it can go there."""
    slot = book.slots[n]
    side = np.sign(slot.quantity)
    take = slot.take_at if slot.quantity * slot.intent >= 0.0 else np.nan
    if not (side * open <= side * stop or side * open >= side * take):
        return False
    room = orderable(book, n, -side, room_for(book, n, -side, open, open, ground), ground)
    all_of_it: bool = abs(slot.quantity) <= room * (1.0 + DUST)
    return all_of_it


@inlined
def liquidate(book: Book, t: int, opens: Floats, adverse: Floats, ground: Ground, fills: Floats, count: int) -> int:
    """Close what this row's adverse mark exhausts, unless a nearer stop closes it first; -1 less count ends the run.

    What a stop or a take closes at the bar's open is closed before the mark has moved. `adverse` is scratch.
    """
    columns = len(book.slots)
    for n in range(columns):
        slot = book.slots[n]
        mark = ground.marks[1, t, n] if slot.quantity > 0.0 else ground.marks[2, t, n]
        adverse[n] = slot.last if np.isnan(mark) else mark
    over = False
    for n in range(columns):
        slot = book.slots[n]
        held = slot.quantity
        if held == 0.0 or ground.initial[n] >= 1.0 or np.isnan(ground.marks[0, t, n]):
            continue
        wallet = _wallet(book, n, ground, adverse)
        level = liquidation_price(held, wallet, ground.brackets[rules_row(book, n, ground)])
        side = np.sign(held)
        if np.isnan(level) or side * adverse[n] > side * level:
            continue
        stop = _stop_of(book, n, t)
        if _ends_at_open(book, n, stop, opens[n], ground):
            continue
        if not np.isnan(stop) and side * stop > side * level and side * ground.marks[0, t, n] > side * stop:
            continue
        opened = ground.marks[0, t, n]
        price = opened if side * opened <= side * level else level
        # Whoever is liquidated loses what stood behind the position and no more.
        bankrupt = -wallet / held
        price = max(price, bankrupt) if held > 0.0 else min(price, bankrupt)
        fee = min(abs(held) * price * ground.liquidation[rules_row(book, n, ground)], max(wallet + held * price, 0.0))
        apply_fill(book, n, t, -held, price, fee)
        slot.pending = False
        count = record(fills, count, (t, n, -held, price, fee, LIQUIDATION, slot.episode))
        over = True
    return -1 - count if over else count
