"""Rows on which instruments without margin have nothing to do but be valued: most rows of most backtests.

They give what the pass gives row by row, many times as fast: the book is read before them and written after them, and
what they are worth is one product over all of them."""

import numpy as np

from alphaloop.engine.panel import Floats, Ints
from alphaloop.engine.sim_book import Book, Terms, View
from alphaloop.engine.sim_compiled import compiled, inlined
from alphaloop.engine.sim_orders import instruct
from alphaloop.engine.sim_rules import Ground


@inlined
def pass_quiet_rows(
    book: Book,
    view: View,
    t: int,
    signals: tuple[Floats, Ints],
    levels: tuple[Floats, Floats, Floats],
    terms: Terms,
    ground: Ground,
    equity: Floats,
) -> int:
    """Value rows from `t` on up to one that asks for something, which is then asked; the row after it, or the first
    with a touched level, an ex-date or no bar, and nothing done there but the beginning of its trading day.

    `signals` are target and episode, `levels` stop, take and trail, each [T,1] or, not given, [1,1]."""
    slot = book.slots[0]
    if slot.pending:
        return t
    first = t
    if terms.leveled and slot.quantity != 0.0:
        t, asks = _watch(book, view, t, signals, levels, terms, ground)
    else:
        t, asks = _wait(book, view, t, signals, terms, ground)
        if terms.leveled:
            _follow(book, view, first, t, signals, levels, terms)
    # What is decided at this close to trade at this close is no quiet row.
    asks = asks and not terms.at_close
    if asks:
        t += 1
    if t == first:
        return t
    money, held = book.money[0], slot.quantity
    for row in range(first, t):
        equity[row] = money + held * view.close[row, 0]
    slot.last = view.close[t - 1, 0]
    if asks:
        stop, take, trail = levels
        given = (
            stop[min(t, len(stop)) - 1, 0],
            take[min(t, len(take)) - 1, 0],
            trail[min(t, len(trail)) - 1, 0],
        )
        instruct(book, 0, signals[0][t - 1, 0], signals[1][t - 1, 0], -1, given)
    return t


@compiled
def pass_calm_rows(
    book: Book, view: View, t: int, signals: tuple[Floats, Ints], start: int, scratch: Floats, equity: Floats
) -> int:
    """The same for many instruments without levels or rules of markets: the first row from `t` on that asks for
    something, or `t` itself while an instruction waits. `scratch` is float64[4,N]."""
    target, episode = signals
    acted, began, held, last = scratch[0], scratch[1], scratch[2], scratch[3]
    for n in range(len(book.slots)):
        slot = book.slots[n]
        if slot.pending:
            return t
        acted[n], began[n], held[n], last[n] = slot.acted_target, slot.acted_episode, slot.quantity, slot.last
    money, first = book.money[0], t
    while t < len(equity):
        asks = False
        for n in range(len(acted)):
            asks |= (target[t, n] != acted[n]) | (episode[t, n] != began[n])
        if asks and t >= start and _is_told(view, t, target, episode, acted, began):
            break
        worth = money
        for n in range(len(held)):
            close = view.close[t, n]
            if not np.isnan(close):
                last[n] = close
            if held[n] != 0.0:
                worth += held[n] * last[n]
        equity[t] = worth
        t += 1
    if t > first:
        for n in range(len(book.slots)):
            book.slots[n].last = last[n]
    return t


@inlined
def _is_told(view: View, t: int, target: Floats, episode: Ints, acted: Floats, began: Floats) -> bool:
    told = False
    for n in range(len(acted)):
        wanted = target[t, n]
        if wanted != acted[n] or episode[t, n] != began[n]:
            told |= not np.isnan(wanted) and (view.member[t, n] or wanted == 0.0)
    return told


@inlined
def _wait(
    book: Book, view: View, t: int, signals: tuple[Floats, Ints], terms: Terms, ground: Ground
) -> tuple[int, bool]:
    """The next row that asks for something (True) or is not quiet (False), where no level can be touched."""
    slot = book.slots[0]
    target, episode = signals
    acted, began = slot.acted_target, slot.acted_episode
    while t < len(target):
        if ground.on and ground.turns[t] and _turn(book, t, ground):
            return t, False
        # Opens are read along so that they are at hand where the next order trades: fetching them then costs more.
        if np.isnan(view.close[t, 0] + view.open[t, 0]) and np.isnan(view.close[t, 0]):
            return t, False
        wanted = target[t, 0]
        fresh = wanted != acted or episode[t, 0] != began
        # Outside the universe an intent may end but not begin.
        if fresh and t >= terms.start and not np.isnan(wanted) and (view.member[t, 0] or wanted == 0.0):
            return t, True
        t += 1
    return t, False


@inlined
def _watch(
    book: Book,
    view: View,
    t: int,
    signals: tuple[Floats, Ints],
    levels: tuple[Floats, Floats, Floats],
    terms: Terms,
    ground: Ground,
) -> tuple[int, bool]:
    """As `_wait`, where the position has levels: a row that touches one is not quiet."""
    slot = book.slots[0]
    target, episode = signals
    stops, takes, trails = levels
    acted, began = slot.acted_target, slot.acted_episode
    leading = acted != 0.0 and began != slot.spent
    guarded = slot.quantity * slot.intent >= 0.0
    fixed, taking, trailing = len(stops) > 1, len(takes) > 1, len(trails) > 1
    long = slot.quantity > 0.0
    side = 1.0 if long else -1.0
    # Everything is turned so that the position gains when prices rise.
    stop, take, trail = side * slot.stop_at, side * slot.take_at, slot.trail
    best, worst = side * slot.best, side * slot.worst
    asks = False
    while t < len(target):
        if ground.on and ground.turns[t] and _turn(book, t, ground):
            break
        wanted, close = target[t, 0], view.close[t, 0]
        if np.isnan(close):
            break
        known = not np.isnan(view.open[t, 0])
        high, low = view.high[t, 0] if known else close, view.low[t, 0] if known else close
        near, far = side * (low if long else high), side * (high if long else low)
        # Comparisons with a level that is not there are false.
        if guarded and ((near <= stop) | (near <= best - trail) | (far >= take)):
            break
        best, worst = max(best, far), min(worst, near)
        if wanted != acted or episode[t, 0] != began:
            asks = t >= terms.start and not np.isnan(wanted) and (view.member[t, 0] or wanted == 0.0)
            if asks:
                break
        elif leading and t >= terms.start and view.member[t, 0]:
            stop, take, trail = side * stops[t * fixed, 0], side * takes[t * taking, 0], trails[t * trailing, 0]
        t += 1
    slot.stop_at, slot.take_at, slot.trail = side * stop, side * take, trail
    slot.best, slot.worst = side * best, side * worst
    return t, asks


@inlined
def _follow(
    book: Book,
    view: View,
    first: int,
    end: int,
    signals: tuple[Floats, Ints],
    levels: tuple[Floats, Floats, Floats],
    terms: Terms,
) -> None:
    """Take the levels of the last row in which the present intent, not yet held, was repeated."""
    slot = book.slots[0]
    if slot.acted_target == 0.0 or slot.acted_episode == slot.spent:
        return
    for t in range(end - 1, max(first, terms.start) - 1, -1):
        if signals[0][t, 0] == slot.acted_target and signals[1][t, 0] == slot.acted_episode and view.member[t, 0]:
            stop, take, trail = levels
            slot.stop_at, slot.take_at = stop[min(t, len(stop) - 1), 0], take[min(t, len(take) - 1), 0]
            slot.trail = trail[min(t, len(trail) - 1), 0]
            return


@compiled
def _turn(book: Book, t: int, ground: Ground) -> bool:
    """Begin the trading day of this row, unless an ex-date lies in between: then True and nothing done."""
    slot = book.slots[0]
    day = ground.day[t, ground.calendar[0]]
    if day <= slot.session:
        return False
    if ground.acts:
        for passed in range(slot.session + 1, day + 1):
            if ground.shift[passed, 0] != 0.0 or ground.factor[passed, 0] != 1.0:
                return True
    slot.session, slot.today = day, 0.0
    return False
