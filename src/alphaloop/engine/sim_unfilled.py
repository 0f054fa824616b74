"""Instructions that found nobody to trade with, or no rule that let them: what a backtest without rules hides."""

from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np

from alphaloop.engine.panel import Bools, Floats, Ints

# As compiled code says it.
NO_OBSTACLE = -1
LIMIT, SUSPENDED, SETTLEMENT, LOT, CASH, VOLUME, SHORT, NOTIONAL, NO_STOP, GROUP = range(10)
# In the pass's table of fills these rows follow the reasons of fills and flows.
UNFILLED = 16


class Obstacle(IntEnum):
    """Why an instruction did not trade when it first could have.

    LIMIT: the board was locked at its price limit. SUSPENDED: no bar. SETTLEMENT: all of it was bought today.
    LOT: less than the smallest order. CASH: no money for the smallest order. VOLUME: the share of the bar's volume is
    used up. SHORT: short sales are off. NOTIONAL: below the least notional. NO_STOP: sized by a stop that is not there.
    GROUP: another leg of its group could not trade.
    """

    LIMIT = LIMIT
    SUSPENDED = SUSPENDED
    SETTLEMENT = SETTLEMENT
    LOT = LOT
    CASH = CASH
    VOLUME = VOLUME
    SHORT = SHORT
    NOTIONAL = NOTIONAL
    NO_STOP = NO_STOP
    GROUP = GROUP


class Unfilled(NamedTuple):
    """One row per instruction that could not trade at all at its first price, in order of time.

    `row` is the bar of that price, `entry` whether something was to be held, `filled` the bar in which it traded after
    all (-1: never). `entries` and `exits` count every instruction that wanted a trade, filled or not; a touched stop
    is an exit.
    """

    row: Ints
    column: Ints
    entry: Bools
    obstacle: Ints
    filled: Ints
    entries: int
    exits: int


def read_unfilled(rows: Floats, asked: Ints) -> Unfilled:
    """From the pass's own rows (bar, column, entry, bar filled, -, UNFILLED + obstacle, -)."""
    row, column, entry, filled = (rows[:, k].astype(np.int64) for k in range(4))
    obstacle = rows[:, 5].astype(np.int64) - UNFILLED
    return Unfilled(row, column, entry > 0, obstacle, filled, int(asked[0]), int(asked[1]))


def count_unfilled(found: Unfilled) -> dict[str, Any]:
    """{entries, exits}: {asked, unfilled, never, reasons: {name: count}}; `never` are those that found no later bar."""
    counts = {}
    for name, asked, chosen in (("entries", found.entries, found.entry), ("exits", found.exits, ~found.entry)):
        codes = found.obstacle[chosen]
        counts[name] = {
            "asked": asked,
            "unfilled": len(codes),
            "never": int(np.count_nonzero(found.filled[chosen] < 0)),
            "reasons": {one.name.lower(): int(count) for one in Obstacle if (count := np.count_nonzero(codes == one))},
        }
    return counts


def tell_unfilled(found: Unfilled) -> list[str]:
    """One line each for entries and exits, for people."""
    lines = []
    for name, count in count_unfilled(found).items():
        why = ", ".join(f"{reason.replace('_', ' ')} {number}" for reason, number in count["reasons"].items())
        told = f" ({why}; {count['never']} never filled)" if why else ""
        lines.append(f"unfillable {name}: {count['unfilled']:,} of {count['asked']:,}{told}")
    return lines
