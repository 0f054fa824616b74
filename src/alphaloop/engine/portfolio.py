"""Fills into the round trips people talk about: from flat to flat, by average cost."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from alphaloop.engine.panel import Floats, Ints, Panel
from alphaloop.engine.sim_compiled import compiled
from alphaloop.engine.simulate import Fills


@dataclass(frozen=True, slots=True)
class Trade:
    """One closed round trip. `side` is that of its entry; prices are averages; `pnl` is net of both sides' fees."""

    instrument: str
    entry_row: int
    exit_row: int
    side: str
    quantity: float
    entry_price: float
    exit_price: float
    fees: float
    pnl: float


class Trips(NamedTuple):
    """Closed round trips as columns, one row each; `long` is 1 for those that began with a purchase."""

    column: Ints
    entry_row: Ints
    exit_row: Ints
    long: Ints
    quantity: Floats
    entry_price: Floats
    exit_price: Floats
    fees: Floats
    pnl: Floats


_WHOLE = 4  # the first columns of Trips hold whole numbers
_FIELDS = len(Trips._fields)
_ENTRY, _HELD, _ENTERED, _PAID, _LEFT, _RECEIVED, _FEES = range(7)
# Sums of partial fills may miss zero by rounding; less than this share of what came in is nothing.
_NOTHING = 1e-9


def find_trips(fills: Fills, columns: int) -> Trips:
    """Closed round trips in the order of their exits. A fill that crosses zero ends one and begins the next.

    What is still open at the end is no round trip yet."""
    made, open_ = np.empty((len(fills.row), _FIELDS)), np.zeros((columns, 7))
    count = _walk(fills.row, fills.column, fills.quantity, fills.price, fills.fee, open_, made)
    whole, rest = made[:count, :_WHOLE].astype(np.int64), made[:count, _WHOLE:].copy()
    column, entry_row, exit_row, long = whole.T
    quantity, entry_price, exit_price, fees, pnl = rest.T
    return Trips(column, entry_row, exit_row, long, quantity, entry_price, exit_price, fees, pnl)


def trades_of(trips: Trips, panel: Panel) -> tuple[Trade, ...]:
    """The same as records that name their instrument."""
    names, sides = panel.names, ("SELL", "BUY")
    rows = zip(*(column.tolist() for column in trips), strict=True)
    return tuple(Trade(names[row[0]], row[1], row[2], sides[row[3]], *row[4:]) for row in rows)


def round_trips(fills: Fills, panel: Panel) -> tuple[Trade, ...]:
    """Closed trades in the order of their exits."""
    return trades_of(find_trips(fills, len(panel.names)), panel)


@compiled
def _walk(
    row: Ints, column: Ints, quantity: Floats, price: Floats, fee: Floats, trips: Floats, made: Floats
) -> int:  # fmt: skip
    """`trips` float64[N,7] are those under way: entry row, signed quantity held, and sums of what came in and out."""
    count = 0
    for i in range(len(row)):
        n, traded = column[i], quantity[i]
        rest = traded
        if trips[n, _HELD] * traded < 0.0:
            part = min(abs(trips[n, _HELD]), abs(traded))
            trips[n, _LEFT] += part
            trips[n, _RECEIVED] += part * price[i]
            trips[n, _FEES] += fee[i] * part / abs(traded)
            remains = abs(trips[n, _HELD]) - part
            trips[n, _HELD] = 0.0 if remains <= _NOTHING * trips[n, _ENTERED] else np.sign(trips[n, _HELD]) * remains
            over = abs(traded) - part
            rest = 0.0 if over <= _NOTHING * abs(traded) else np.sign(traded) * over
            if trips[n, _HELD] == 0.0:
                long = traded < 0.0
                gain = trips[n, _RECEIVED] - trips[n, _PAID]
                made[count, 0], made[count, 1], made[count, 2] = n, trips[n, _ENTRY], row[i]
                made[count, 3] = 1.0 if long else 0.0
                made[count, 4] = trips[n, _ENTERED]
                made[count, 5] = trips[n, _PAID] / trips[n, _ENTERED]
                made[count, 6] = trips[n, _RECEIVED] / trips[n, _LEFT]
                made[count, 7] = trips[n, _FEES]
                made[count, 8] = (gain if long else -gain) - trips[n, _FEES]
                count += 1
                for k in range(7):
                    trips[n, k] = 0.0
        if rest != 0.0:
            if trips[n, _HELD] == 0.0:
                trips[n, _ENTRY] = row[i]
            trips[n, _HELD] += rest
            trips[n, _ENTERED] += abs(rest)
            trips[n, _PAID] += abs(rest) * price[i]
            trips[n, _FEES] += fee[i] * abs(rest) / abs(traded)
    return count
