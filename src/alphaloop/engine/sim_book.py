"""The running state of a simulation, and what one fill does to it."""

from typing import Any, NamedTuple

import numpy as np

from alphaloop.engine.panel import Bools, Floats, Ints
from alphaloop.engine.sim_compiled import compiled, inlined
from alphaloop.engine.sim_rules import Ground

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
        ("pending_group", np.int64),
        ("cap", np.float64),
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
is where the record of the pending instruction's first obstacle lies (-1: none yet, -2: it wants no trade). `cap` is
how much a leg of a group may trade at the present price (below 0: nothing, and it is not asked why).
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


@compiled
def protective_level(direction: float, stop: float, trail: float, best: float) -> float:
    """The stop that counts: the tighter of the fixed one and the best price minus the trail; NaN when there is none."""
    if np.isnan(trail):
        return stop
    trailing = best - direction * trail
    if np.isnan(stop):
        return trailing
    tighter: float = max(stop, trailing) if direction > 0 else min(stop, trailing)
    return tighter


@inlined
def equity_of(book: Book, prices: Floats) -> float:
    total: float = book.money[0]
    for n in range(len(book.slots)):
        slot = book.slots[n]
        if slot.quantity != 0.0:
            total += slot.quantity * (slot.last if np.isnan(prices[n]) else prices[n])
    return total


@inlined
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


@inlined
def rules_row(book: Book, n: int, ground: Ground) -> int:
    """The row of `terms` and `charges` that holds for a column now."""
    slot = book.slots[n]
    kind: int = ground.kind[slot.session, n]
    return kind


@inlined
def new_order(book: Book, n: int, reason: int) -> None:
    slot = book.slots[n]
    slot.order_reason = reason
    slot.order_quantity = slot.order_notional = 0.0
