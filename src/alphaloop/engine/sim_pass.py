"""The compiled pass behind `simulate`: one loop over rows and columns, arrays in and arrays out.

It knows no instruments, calendars or decimals; what the rules of a market mean for a row has been worked out before.
"""

# mypy: disable-error-code="untyped-decorator"

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from alphaloop.engine.panel import Bools, Floats, Ints

MEMORY = 8
FILL_WIDTH = 7


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
    """All running state, one slot per column; `money` holds the cash."""

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
    mem: Floats


class Terms(NamedTuple):
    fee: float
    slippage: float
    volume_limit: float
    at_close: bool
    start: int
    lot: float
    min_notional: float
    can_short: bool
    risk_fraction: float
    late_bars: int
    sizing: int
    leveled: bool


# A quantity this close below a lot boundary was meant to be on it; float division alone put it there.
_LOT_GRACE = 1e-9
# Sums of partial fills miss their target by less than this share of it: nothing is left to trade.
_DUST = 1e-12


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
def _on_lot(quantity: float, lot: float) -> float:
    if lot <= 0.0:
        return quantity
    floored: float = np.floor(quantity / lot + _LOT_GRACE) * lot
    return floored


@njit(cache=True)
def _equity(book: Book, prices: Floats) -> float:
    total: float = book.money[0]
    for n in range(len(book.quantity)):
        if book.quantity[n] != 0.0:
            total += book.quantity[n] * (book.last[n] if np.isnan(prices[n]) else prices[n])
    return total


@njit(cache=True)
def _apply(book: Book, n: int, t: int, quantity: float, price: float, fee: float) -> None:
    """Average cost: adding moves the average, reducing realises, crossing does both."""
    before = book.quantity[n]
    after = before + quantity
    if abs(after) <= _DUST * abs(before):
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


@njit(cache=True)
def _size(book: Book, n: int, price: float, equity: float, terms: Terms) -> None:
    """Turn the pending target into a quantity to hold, once, at the first price it could trade at."""
    target = book.pending_target[n]
    held = book.quantity[n]
    wanted = 0.0
    if target != 0.0 and terms.sizing == 1:
        wanted = target
    elif target != 0.0:
        rising = target * equity / price > held
        paid = price * (1.0 + terms.slippage) if rising else price * (1.0 - terms.slippage)
        affordable = max(equity, 0.0) / (paid * (1.0 + terms.fee))
        if terms.sizing == 0:
            wanted = target * affordable
        else:
            distance = paid - book.stop[n]
            if np.isnan(distance) or distance == 0.0 or (distance > 0.0) != (target > 0.0):
                book.pending[n] = False
                return
            wanted = np.sign(target) * min(
                abs(target) * terms.risk_fraction * max(equity, 0.0) / abs(distance), affordable
            )
    if wanted < 0.0 and not terms.can_short:
        wanted = 0.0
    wanted = np.sign(wanted) * _on_lot(abs(wanted), terms.lot)
    if wanted != 0.0 and abs(wanted - held) * price < terms.min_notional:
        book.pending[n] = False
        return
    book.pending_quantity[n] = wanted


@njit(cache=True)
def _affordable(book: Book, n: int, delta: float, price: float, terms: Terms) -> float:
    """The part of `delta` that cash covers: closing is free, opening is bounded by cash less twice the shorts."""
    held = book.quantity[n]
    closing = 0.0
    if held * delta < 0.0:
        closing = min(abs(held), abs(delta))
    opening = abs(delta) - closing
    if opening == 0.0:
        return delta
    free = book.money[0]
    for m in range(len(book.quantity)):
        if m != n and book.quantity[m] < 0.0:
            free += 2.0 * book.quantity[m] * book.last[m]
    left = held + np.sign(delta) * closing
    free -= closing * price * (np.sign(delta) + terms.fee)
    if left < 0.0:
        free += 2.0 * left * price
    cost = price * (1.0 + terms.fee)
    if opening * cost > free * (1.0 + _LOT_GRACE):
        opening = _on_lot(max(free, 0.0) / cost, terms.lot)
    allowed: float = np.sign(delta) * (closing + opening)
    return allowed


@njit(cache=True)
def _trade(book: Book, n: int, price: float, terms: Terms) -> tuple[float, float]:
    """Signed quantity and price of the pending instruction at this price; (0, price) when nothing trades now."""
    delta = book.pending_quantity[n] - book.quantity[n]
    paid = price * (1.0 + terms.slippage * np.sign(delta))
    allowed = _affordable(book, n, delta, paid, terms)
    if allowed != delta:
        book.pending_quantity[n] = book.quantity[n] + allowed
        delta = allowed
    if abs(delta) <= _DUST * (abs(book.quantity[n]) + abs(book.pending_quantity[n])):
        book.pending[n] = False
        if book.pending_target[n] != 0.0:
            # Already holding what is wanted: the position now belongs to the new intent.
            book.episode[n] = book.pending_episode[n]
        return 0.0, paid
    room = _on_lot(book.room[n], terms.lot)
    if abs(delta) <= room * (1.0 + _DUST):
        book.pending[n] = False
        if book.pending_quantity[n] == 0.0:
            delta = -book.quantity[n]
    else:
        delta = np.sign(delta) * room
    book.room[n] -= abs(delta)
    return delta, paid


@njit(cache=True)
def _exit(
    book: Book, n: int, t: int, open: float, high: float, low: float, slippage: float, lot: float
) -> tuple[float, int]:
    """Price and reason (1 stop, 2 take, 0 none) at which the position's bracket is hit inside this bar."""
    side = np.sign(book.quantity[n])
    # A trail starts from the entry price, which nobody knows before the entry bar: it protects from the next bar on.
    trail = np.nan if book.entry_row[n] == t else book.trail[n]
    stop = protective_level(side, book.stop[n], trail, book.best[n])
    # Without volume left a take cannot fill, and then it does not shield the position from its stop either.
    take = book.take[n] if _on_lot(book.room[n], lot) > 0.0 else np.nan
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


@njit(cache=True)
def _instruct(book: Book, n: int, target: float, episode: int, levels: tuple[float, float, float]) -> None:
    """Read one row of signals: move the bracket, and make a changed target or episode the pending instruction."""
    if np.isnan(target) or (target != 0.0 and episode == book.spent[n]):
        return
    if target != 0.0:
        book.stop[n], book.take[n], book.trail[n] = levels
        book.intent[n] = target
    if target != book.acted_target[n] or episode != book.acted_episode[n]:
        book.acted_target[n] = target
        book.acted_episode[n] = episode
        book.pending[n] = True
        book.pending_target[n] = target
        book.pending_quantity[n] = np.nan
        book.pending_episode[n] = episode
        book.pending_reason[n] = 0
        book.pending_age[n] = 0


@njit(cache=True)
def _record(fills: Floats, count: int, row: tuple[int, int, float, float, float, int, int]) -> int:
    into = fills[count]
    into[0], into[1], into[2], into[3], into[4], into[5], into[6] = row
    return count + 1


@njit(cache=True)
def _trade_pending(book: Book, t: int, prices: Floats, terms: Terms, fills: Floats, count: int) -> int:
    """Trade every pending instruction at this row's price: what reduces goes first, so that its cash is there."""
    equity = _equity(book, prices)
    for n in range(len(prices)):
        if not book.pending[n]:
            continue
        if np.isnan(prices[n]):
            book.pending_age[n] += 1
            if terms.late_bars >= 0 and book.pending_age[n] > terms.late_bars and book.pending_target[n] != 0.0:
                book.pending[n] = False
        elif np.isnan(book.pending_quantity[n]):
            _size(book, n, prices[n], equity, terms)
    for increases in (False, True):
        for n in range(len(prices)):
            if not book.pending[n] or np.isnan(prices[n]):
                continue
            wanted, held = book.pending_quantity[n], book.quantity[n]
            if (wanted * held < 0.0 or abs(wanted) > abs(held)) != increases:
                continue
            quantity, price = _trade(book, n, prices[n], terms)
            if quantity == 0.0:
                continue
            fee = abs(quantity) * price * terms.fee
            _apply(book, n, t, quantity, price, fee)
            if not book.pending[n]:
                # Partial fills add up exactly.
                book.quantity[n] = book.pending_quantity[n]
            if book.pending_target[n] != 0.0:
                book.episode[n] = book.pending_episode[n]
            reason, episode = book.pending_reason[n], book.episode[n]
            count = _record(fills, count, (t, n, quantity, price, fee, reason, episode))
    return count


@njit(cache=True)
def _trade_brackets(
    book: Book, t: int, bar: tuple[Floats, Floats, Floats], terms: Terms, fills: Floats, count: int
) -> int:
    for n in range(len(book.quantity)):
        held = book.quantity[n]
        # A position against the present intent is being unwound already: the levels are not its own.
        if held == 0.0 or held * book.intent[n] < 0.0 or np.isnan(bar[0][n]):
            continue
        price, reason = _exit(book, n, t, bar[0][n], bar[1][n], bar[2][n], terms.slippage, terms.lot)
        if reason == 0:
            continue
        room = _on_lot(book.room[n], terms.lot)
        quantity = abs(held) if abs(held) <= room * (1.0 + _DUST) else room
        book.spent[n] = book.episode[n]
        book.pending[n] = False
        if reason == 1:
            book.take[n] = np.nan
            if quantity < abs(held):
                # A touched stop is a market order from now on: the rest goes at the next opens.
                book.pending[n] = True
                book.pending_target[n] = book.pending_quantity[n] = 0.0
                book.pending_reason[n] = reason
                book.pending_episode[n] = book.episode[n]
        book.stop[n] = book.trail[n] = np.nan
        if quantity > 0.0:
            book.room[n] -= quantity
            fee = quantity * price * terms.fee
            signed = -held if quantity == abs(held) else -np.sign(held) * quantity
            _apply(book, n, t, signed, price, fee)
            count = _record(fills, count, (t, n, signed, price, fee, reason, book.episode[n]))
    return count


@njit(cache=True)
def _mark(book: Book, closes: Floats, highs: Floats, lows: Floats) -> float:
    """Take note of this row's prices; returns the equity at its close."""
    worth: float = book.money[0]
    for n in range(len(closes)):
        if not np.isnan(closes[n]):
            book.last[n] = closes[n]
        held = book.quantity[n]
        if held == 0.0:
            continue
        worth += held * book.last[n]
        if not np.isnan(closes[n]):
            book.best[n] = max(book.best[n], highs[n]) if held > 0.0 else min(book.best[n], lows[n])
            book.worst[n] = min(book.worst[n], lows[n]) if held > 0.0 else max(book.worst[n], highs[n])
    return worth


@njit
def _ask_manager(manage: Any, book: Book, n: int, t: int, worth: float, view: View, params: Any) -> float:
    held = Held(
        n,
        book.quantity[n],
        book.average[n],
        book.entry_row[n],
        book.best[n],
        book.worst[n],
        book.realised[n],
        worth,
        book.money[0],
        book.adds[n],
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
    terms: Terms,
    manage: Any,
    params: Any,
) -> tuple[Floats, Floats, Floats]:
    rows, columns = view.close.shape
    equity, cash = np.empty(rows), np.empty(rows)
    fills, count = np.empty((64 + 4 * columns, FILL_WIDTH)), 0
    opens, highs, lows, closes = np.empty(columns), np.empty(columns), np.empty(columns), np.empty(columns)
    for t in range(rows):
        if count + 3 * columns > len(fills):
            grown = np.empty((2 * len(fills) + 3 * columns, FILL_WIDTH))
            grown[:count] = fills[:count]
            fills = grown
        waiting, exposed = False, False
        for n in range(columns):
            closes[n] = view.close[t, n]
            # A table that knows only closes trades at the close.
            known = not np.isnan(view.open[t, n])
            opens[n] = view.open[t, n] if known else closes[n]
            highs[n] = view.high[t, n] if known else closes[n]
            lows[n] = view.low[t, n] if known else closes[n]
            book.room[n] = np.inf if terms.volume_limit <= 0.0 else terms.volume_limit * view.volume[t, n]
            waiting |= book.pending[n]
            exposed |= book.quantity[n] != 0.0
        # Most rows have nothing to do: handing the book to a function costs more than asking first.
        if waiting and not terms.at_close:
            count = _trade_pending(book, t, opens, terms, fills, count)
        if (waiting or exposed) and terms.leveled:
            count = _trade_brackets(book, t, (opens, highs, lows), terms, fills, count)
        worth = _mark(book, closes, highs, lows)
        if t >= terms.start:
            waiting = False
            for n in range(columns):
                wanted, began = target[t, n], episode[t, n]
                if manage is not None:
                    own = _ask_manager(manage, book, n, t, worth, view, params)
                    if not np.isnan(own):
                        wanted, began = own, began if began >= 0 else book.episode[n]
                fresh = wanted != book.acted_target[n] or began != book.acted_episode[n]
                # Outside the universe an intent may end but not begin.
                if (fresh or terms.leveled) and (view.member[t, n] or wanted == 0.0):
                    _instruct(book, n, wanted, began, (stop[t, n], take[t, n], trail[t, n]))
                waiting |= book.pending[n]
            if waiting and terms.at_close:
                count = _trade_pending(book, t, closes, terms, fills, count)
                worth = _mark(book, closes, closes, closes)
        cash[t] = book.money[0]
        equity[t] = worth
    return fills[:count], equity, cash


run_plain = njit(cache=True)(_pass)
# Compiled once per process for each `manage`: a cache on disk could not tell two of them apart.
run_managed = njit(_pass)
