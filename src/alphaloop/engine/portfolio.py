"""Fills into the round trips people talk about: from flat to flat, by average cost."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from alphaloop.engine.panel import Floats, Ints, Panel
from alphaloop.engine.sim_compiled import compiled
from alphaloop.engine.simulate import Fills


@dataclass(frozen=True, slots=True)
class Trade:
    """One closed round trip. `side` is that of its entry; prices are averages; `pnl` is net of both sides' fees.

    `mfe` and `mae` say how far prices went for and against it from its first bar to its last, both included, as
    fractions of the entry price (NaN: it had no bar with a high and a low).
    """

    instrument: str
    entry_row: int
    exit_row: int
    side: str
    quantity: float
    entry_price: float
    exit_price: float
    fees: float
    pnl: float
    mfe: float = math.nan
    mae: float = math.nan


class Trips(NamedTuple):
    """Closed round trips as columns, one row each, as in Trade; `long` is 1 for those that began with a purchase."""

    column: Ints
    entry_row: Ints
    exit_row: Ints
    long: Ints
    quantity: Floats
    entry_price: Floats
    exit_price: Floats
    fees: Floats
    pnl: Floats
    mfe: Floats
    mae: Floats


_WHOLE = 4  # the first columns of Trips hold whole numbers
_FIELDS = len(Trips._fields)
_PNL = Trips._fields.index("pnl")
_ENTRY, _HELD, _ENTERED, _PAID, _LEFT, _RECEIVED, _FEES = range(7)
# Sums of partial fills may miss zero by rounding; less than this share of what came in is nothing.
_NOTHING = 1e-9


def find_trips(fills: Fills, panel: Panel) -> Trips:
    """Closed round trips in the order of their exits. A fill that crosses zero ends one and begins the next.

    What is still open at the end is no round trip yet."""
    made = _walked(fills, len(panel.names))
    _look_back(np.ascontiguousarray(panel.high), np.ascontiguousarray(panel.low), made)
    whole, rest = made[:, :_WHOLE].astype(np.int64), made[:, _WHOLE:].copy()
    return Trips(*whole.T, *rest.T)


def trip_profits(fills: Fills, columns: int) -> Floats:
    """Only the profits of the closed round trips, in the same order."""
    return np.ascontiguousarray(_walked(fills, columns)[:, _PNL])


def _walked(fills: Fills, columns: int) -> Floats:
    made = np.empty((len(fills.row), _FIELDS))
    return made[: _walk(fills.row, fills.column, fills.quantity, fills.price, fills.fee, np.zeros((columns, 7)), made)]


def trades_of(trips: Trips, panel: Panel) -> tuple[Trade, ...]:
    """The same as records that name their instrument."""
    names, sides = panel.names, ("SELL", "BUY")
    rows = zip(*(column.tolist() for column in trips), strict=True)
    return tuple(Trade(names[row[0]], row[1], row[2], sides[row[3]], *row[4:]) for row in rows)


def round_trips(fills: Fills, panel: Panel) -> tuple[Trade, ...]:
    """Closed trades in the order of their exits."""
    return trades_of(find_trips(fills, panel), panel)


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


@compiled
def _look_back(high: Floats, low: Floats, made: Floats) -> None:
    """Fill in how far prices went for and against each trip; its rows are float64[K, fields of Trips]."""
    for k in range(len(made)):
        n, entry = int(made[k, 0]), made[k, 5]
        top, bottom = -np.inf, np.inf
        for t in range(int(made[k, 1]), int(made[k, 2]) + 1):
            # Comparisons with a bar that is not there are false.
            if high[t, n] > top:
                top = high[t, n]
            if low[t, n] < bottom:
                bottom = low[t, n]
        made[k, 9] = made[k, 10] = np.nan
        if top > 0.0 and entry > 0.0:
            up, down = max(top / entry - 1.0, 0.0), max(1.0 - bottom / entry, 0.0)
            made[k, 9], made[k, 10] = (up, down) if made[k, 3] > 0.0 else (down, up)
