"""How the Chan strategies hold a position: in at a buy point with a fixed stop below it, out at a sell point or at the
stop, and one point serves once."""

import numpy as np
from numba import njit

from alphaloop.engine.panel import Bools, Floats, Ints, Panel
from alphaloop.kernels.chan import POINT_KINDS

BOUGHT, SOLD, STOPPED = 1, 2, 3


def kind_codes(kinds: str) -> list[int]:
    """Codes of the buy points named in a text such as '1,2,3a'."""
    codes = {name: code for code, name in POINT_KINDS.items()}
    return [codes[f"B{kind}"] for kind in kinds.split(",")]


def hold(panel: Panel, buy: Bools, sell_age: Floats, point: Floats, floor: Floats) -> tuple[Floats, Floats, Ints, Ints]:
    """Target, stop, episode and reason (BOUGHT, SOLD, STOPPED), each [T,N]; every argument but the panel is [T,N] too.

    `buy` says where an entry is allowed, `point` tells buy points apart, `floor` is the stop of an entry at that row.
    `sell_age` counts bars since the sell point was first seen (NaN: none): one seen before the entry cannot end it."""
    shape = panel.close.shape
    target, stop = np.full(shape, np.nan), np.full(shape, np.nan)
    episode, reason = np.full(shape, -1, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    for n in range(shape[1]):
        rows = np.flatnonzero(np.isfinite(panel.close[:, n]))
        # Indexing by rows copies, so every column is contiguous for the compiled loop.
        target[rows, n], stop[rows, n], episode[rows, n], reason[rows, n] = _hold_bars(
            panel.low[rows, n],
            panel.member[rows, n],
            buy[rows, n],
            sell_age[rows, n],
            point[rows, n],
            floor[rows, n],
            rows,
        )
    return target, stop, episode, reason


def _hold_bars_of(
    low: Floats, member: Bools, buy: Bools, sell_age: Floats, point: Floats, floor: Floats, rows: Ints
) -> tuple[Floats, Floats, Ints, Ints]:
    size = len(low)
    target, stop = np.full(size, np.nan), np.full(size, np.nan)
    episode, reason = np.full(size, -1, np.int64), np.zeros(size, np.int64)
    held, began, why, level = False, -1, 0, np.nan
    used, entered = np.nan, -1
    for t in range(size):
        if not member[t]:
            held = False
            continue
        if held and t > entered and low[t] <= level:
            held, began, why = False, rows[t], STOPPED
        elif held and sell_age[t] < t - entered:
            held, began, why = False, rows[t], SOLD
        elif not held and buy[t] and point[t] != used:
            held, began, why = True, rows[t], BOUGHT
            level, used, entered = floor[t], point[t], t
        if began >= 0:
            target[t] = 1.0 if held else 0.0
            episode[t] = began
            reason[t] = why
            if held:
                stop[t] = level
    return target, stop, episode, reason


_hold_bars = njit(cache=True)(_hold_bars_of)
