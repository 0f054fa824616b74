"""The compiled pass behind `simulate`: one loop over rows and columns, arrays in and arrays out.

It knows no instruments, calendars or decimals; what the rules of a market mean for a row has been worked out before.
"""

# mypy: disable-error-code="untyped-decorator"

from typing import Any

import numpy as np
from numba import njit

from alphaloop.engine.panel import Floats, Ints
from alphaloop.engine.sim_book import (
    DUST,
    Book,
    Held,
    Terms,
    View,
    affordable,
    apply_fill,
    equity_of,
    fee_for,
    held_within,
    new_order,
    orderable,
    protective_level,
    room_for,
    rules_row,
    size_pending,
)
from alphaloop.engine.sim_rules import LOT_GRACE, LOT_STEP, SETTLE, Ground, liquidation_price

MEMORY = 8
FILL_WIDTH = 7
# Reasons of rows beyond a strategy's own (0 signal, 1 stop, 2 take).
LIQUIDATION, BONUS, DIVIDEND, FUNDING = 3, 4, 5, 6


@njit(cache=True)
def _trade(
    book: Book, n: int, price: float, reach: tuple[float, float], terms: Terms, ground: Ground
) -> tuple[float, float]:
    """Signed quantity and price of the pending instruction at this price; (0, price) when nothing trades now.

    `reach` is the bar's low and high.
    """
    delta = book.pending_quantity[n] - book.quantity[n]
    side = np.sign(delta)
    paid = held_within(book, n, price * (1.0 + terms.slippage * side), ground)
    allowed = affordable(book, n, delta, paid, terms, ground)
    if ground.on and book.pending_quantity[n] != 0.0 and book.order_quantity[n] == 0.0:
        # It must itself be an order that the market takes; what is left of one need not.
        allowed = side * orderable(book, n, side, abs(allowed), ground)
    if allowed != delta:
        book.pending_quantity[n] = book.quantity[n] + allowed
        delta = allowed
    if abs(delta) <= DUST * (abs(book.quantity[n]) + abs(book.pending_quantity[n])):
        book.pending[n] = False
        if book.pending_target[n] != 0.0:
            # Already holding what is wanted: the position now belongs to the new intent.
            book.episode[n] = book.pending_episode[n]
        return 0.0, paid
    room = orderable(book, n, side, room_for(book, n, side, reach[0], reach[1], ground), ground)
    if abs(delta) <= room * (1.0 + DUST):
        book.pending[n] = False
        if book.pending_quantity[n] == 0.0:
            delta = -book.quantity[n]
    else:
        delta = side * room
    book.room[n] -= abs(delta)
    return delta, paid


@njit(cache=True)
def _exit(
    book: Book, n: int, t: int, open: float, high: float, low: float, slippage: float, room: float
) -> tuple[float, int]:
    """Price and reason (1 stop, 2 take, 0 none) at which the position's bracket is hit inside this bar."""
    side = np.sign(book.quantity[n])
    # A trail starts from the entry price, which nobody knows before the entry bar: it protects from the next bar on.
    trail = np.nan if book.entry_row[n] == t else book.trail[n]
    stop = protective_level(side, book.stop[n], trail, book.best[n])
    # Where nothing can be sold a take cannot fill, and then it does not shield the position from its stop either.
    take = book.take[n] if room > 0.0 else np.nan
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
        new_order(book, n, 0)


@njit(cache=True)
def _record(fills: Floats, count: int, row: tuple[int, int, float, float, float, int, int]) -> int:
    into = fills[count]
    into[0], into[1], into[2], into[3], into[4], into[5], into[6] = row
    return count + 1


@njit(cache=True)
def _trade_pending(
    book: Book,
    t: int,
    prices: Floats,
    reach: tuple[Floats, Floats],
    terms: Terms,
    ground: Ground,
    fills: Floats,
    count: int,
) -> int:
    """Trade every pending instruction at this row's price: what reduces goes first, so that its cash is there."""
    equity = equity_of(book, prices)
    for n in range(len(prices)):
        if not book.pending[n]:
            continue
        if np.isnan(prices[n]):
            book.pending_age[n] += 1
            if terms.late_bars >= 0 and book.pending_age[n] > terms.late_bars and book.pending_target[n] != 0.0:
                book.pending[n] = False
        elif np.isnan(book.pending_quantity[n]):
            size_pending(book, n, prices[n], equity, terms, ground)
    for increases in (False, True):
        for n in range(len(prices)):
            if not book.pending[n] or np.isnan(prices[n]):
                continue
            wanted, held = book.pending_quantity[n], book.quantity[n]
            if (wanted * held < 0.0 or abs(wanted) > abs(held)) != increases:
                continue
            quantity, price = _trade(book, n, prices[n], (reach[0][n], reach[1][n]), terms, ground)
            if quantity == 0.0:
                continue
            fee = fee_for(book, n, quantity, price, terms, ground)
            apply_fill(book, n, t, quantity, price, fee)
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
    book: Book,
    t: int,
    bar: tuple[Floats, Floats, Floats],
    terms: Terms,
    ground: Ground,
    fills: Floats,
    count: int,
) -> int:
    for n in range(len(book.quantity)):
        held = book.quantity[n]
        # A position against the present intent is being unwound already: the levels are not its own.
        if held == 0.0 or held * book.intent[n] < 0.0 or np.isnan(bar[0][n]):
            continue
        room = orderable(
            book, n, -np.sign(held), room_for(book, n, -np.sign(held), bar[2][n], bar[1][n], ground), ground
        )
        price, reason = _exit(book, n, t, bar[0][n], bar[1][n], bar[2][n], terms.slippage, room)
        if reason == 0:
            continue
        price = held_within(book, n, price, ground)
        if book.order_reason[n] != reason:
            # What is left of a take that filled in part is still the same order.
            new_order(book, n, reason)
        quantity = abs(held) if abs(held) <= room * (1.0 + DUST) else room
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
            signed = -held if quantity == abs(held) else -np.sign(held) * quantity
            fee = fee_for(book, n, signed, price, terms, ground)
            apply_fill(book, n, t, signed, price, fee)
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


@njit(cache=True)
def _new_day(book: Book, n: int, day: int, t: int, ground: Ground, fills: Floats, count: int) -> int:
    """Begin a trading day: what was bought is settled, and every ex-date up to this day pays and splits."""
    for passed in range(book.session[n] + 1, day + 1):
        book.session[n] = passed
        book.today[n] = 0.0
        held = book.quantity[n]
        if not ground.acts:
            continue
        cash, ratio = ground.cash[passed, n], ground.ratio[passed, n]
        shift, factor = ground.shift[passed, n], ground.factor[passed, n]
        if shift == 0.0 and factor == 1.0:
            continue
        if held != 0.0:
            if cash != 0.0:
                book.money[0] += held * cash
                count = _record(fills, count, (t, n, held, cash, 0.0, DIVIDEND, book.episode[n]))
            more = held * ratio
            if ground.terms[ground.kind[passed, n], LOT_STEP] >= 1.0:
                more = np.sign(more) * np.floor(abs(more) + LOT_GRACE)
            if more != held:
                book.average[n] *= held / more
                book.quantity[n] = more
                count = _record(fills, count, (t, n, more - held, 0.0, 0.0, BONUS, book.episode[n]))
        # What was agreed in old prices is meant in new ones.
        for level in (book.stop, book.take, book.best, book.worst, book.last):
            level[n] = (level[n] + shift) * factor
        book.trail[n] *= factor
        if book.pending[n] and not np.isnan(book.pending_quantity[n]):
            book.pending_quantity[n] = np.nan if book.pending_quantity[n] != 0.0 else 0.0
    return count


@njit(cache=True)
def _fund(book: Book, t: int, ground: Ground, fills: Floats, count: int) -> int:
    """Settle funding at this row's open on what was held before it: longs pay mark x quantity x rate."""
    for n in range(len(book.quantity)):
        rate, mark = ground.funding[t, n], ground.marks[0, t, n]
        if book.quantity[n] == 0.0 or rate == 0.0 or np.isnan(mark):
            continue
        paid = book.quantity[n] * mark * rate
        book.money[0] -= paid
        count = _record(fills, count, (t, n, -paid, mark, 0.0, FUNDING, book.episode[n]))
    return count


@njit(cache=True)
def _wallet(book: Book, n: int, ground: Ground, adverse: Floats) -> float:
    """The cash behind a margined position, its cost taken out: its own margin, or everything the account is worth."""
    if ground.isolated[n]:
        margin: float = (ground.initial[n] * abs(book.quantity[n]) - book.quantity[n]) * book.average[n]
        return margin
    worth: float = book.money[0]
    for m in range(len(book.quantity)):
        if m != n and book.quantity[m] != 0.0:
            worth += book.quantity[m] * adverse[m]
    return worth


@njit(cache=True)
def _liquidate(book: Book, t: int, ground: Ground, fills: Floats, count: int) -> int:
    """Close what this row's adverse mark exhausts, unless a nearer stop closes it first; -1 less count ends the run."""
    columns = len(book.quantity)
    adverse = np.empty(columns)
    for n in range(columns):
        mark = ground.marks[1, t, n] if book.quantity[n] > 0.0 else ground.marks[2, t, n]
        adverse[n] = book.last[n] if np.isnan(mark) else mark
    over = False
    for n in range(columns):
        held = book.quantity[n]
        if held == 0.0 or ground.initial[n] >= 1.0 or np.isnan(ground.marks[0, t, n]):
            continue
        wallet = _wallet(book, n, ground, adverse)
        level = liquidation_price(held, wallet, ground.brackets[rules_row(book, n, ground)])
        side = np.sign(held)
        if np.isnan(level) or side * adverse[n] > side * level:
            continue
        stop = protective_level(side, book.stop[n], np.nan, book.best[n])
        if not np.isnan(stop) and side * stop > side * level and side * ground.marks[0, t, n] > side * stop:
            continue
        opened = ground.marks[0, t, n]
        price = opened if side * opened <= side * level else level
        # Whoever is liquidated loses what stood behind the position and no more.
        bankrupt = -wallet / held
        price = max(price, bankrupt) if held > 0.0 else min(price, bankrupt)
        fee = min(abs(held) * price * ground.liquidation[rules_row(book, n, ground)], max(wallet + held * price, 0.0))
        apply_fill(book, n, t, -held, price, fee)
        book.pending[n] = False
        count = _record(fills, count, (t, n, -held, price, fee, LIQUIDATION, book.episode[n]))
        over = True
    return -1 - count if over else count


def _pass(
    book: Book,
    view: View,
    target: Floats,
    episode: Ints,
    stop: Floats,
    take: Floats,
    trail: Floats,
    terms: Terms,
    ground: Ground,
    manage: Any,
    params: Any,
) -> tuple[Floats, Floats, Floats, int]:
    rows, columns = view.close.shape
    equity, cash = np.empty(rows), np.empty(rows)
    fills, count = np.empty((64 + 8 * columns, FILL_WIDTH)), 0
    opens, highs, lows, closes = np.empty(columns), np.empty(columns), np.empty(columns), np.empty(columns)
    over = -1
    for t in range(rows):
        if count + 8 * columns > len(fills):
            grown = np.empty((2 * len(fills) + 8 * columns, FILL_WIDTH))
            grown[:count] = fills[:count]
            fills = grown
        waiting, exposed = False, False
        turned = ground.on and ground.turns[t]
        for n in range(columns):
            closes[n] = view.close[t, n]
            # A table that knows only closes trades at the close.
            known = not np.isnan(view.open[t, n])
            opens[n] = view.open[t, n] if known else closes[n]
            highs[n] = view.high[t, n] if known else closes[n]
            lows[n] = view.low[t, n] if known else closes[n]
            book.room[n] = np.inf if terms.volume_limit <= 0.0 else terms.volume_limit * view.volume[t, n]
            wants = book.pending[n]
            if turned and ground.day[t, ground.calendar[n]] > book.session[n]:
                count = _new_day(book, n, ground.day[t, ground.calendar[n]], t, ground, fills, count)
            if wants and ground.on and book.pending_quantity[n] < book.quantity[n] <= book.today[n]:
                # Waiting for shares to settle is all that such an order can do today.
                wants = ground.terms[rules_row(book, n, ground), SETTLE] == 0.0
            waiting |= wants
            exposed |= book.quantity[n] != 0.0
        # Most rows have nothing to do: handing the book to a function costs more than asking first.
        if ground.funded and exposed:
            count = _fund(book, t, ground, fills, count)
        if waiting and not terms.at_close:
            count = _trade_pending(book, t, opens, (lows, highs), terms, ground, fills, count)
        if ground.margined and (waiting or exposed):
            count = _liquidate(book, t, ground, fills, count)
            if count < 0:
                # After a liquidation the account is not the one the strategy decided for: nothing trades any more.
                count, over = -1 - count, t
        if (waiting or exposed) and terms.leveled:
            count = _trade_brackets(book, t, (opens, highs, lows), terms, ground, fills, count)
        worth = _mark(book, closes, highs, lows)
        if t >= terms.start and over < 0:
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
                # At the close a bar that ends on its limit has nobody left to trade with.
                count = _trade_pending(book, t, closes, (closes, closes), terms, ground, fills, count)
                worth = _mark(book, closes, closes, closes)
        cash[t] = book.money[0]
        equity[t] = worth
        if over >= 0:
            cash[t:], equity[t:] = book.money[0], worth
            break
    return fills[:count], equity, cash, over


run_plain = njit(cache=True)(_pass)
# Compiled once per process for each `manage`: a cache on disk could not tell two of them apart.
run_managed = njit(_pass)
