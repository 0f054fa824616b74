"""Rows of the stroke table and their life cycle, whichever rule decided about them."""

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.chan.compiled import compiled, inlined
from alphaloop.kernels.chan.fractal import peak_row
from alphaloop.kernels.chan.layout import (
    KEPT,
    KEPT_F,
    L_CONFIRMED,
    L_DIR,
    L_END,
    L_END_PRICE,
    L_FINAL,
    L_FROM,
    L_KNOWN,
    L_ONCE,
    L_START,
    L_START_PRICE,
    L_TO,
    M_HIGH,
    M_LOW,
    N_FINAL,
    N_SHOWN,
    N_SURE,
    SURE_TO,
    TAIL,
    TAIL_DROP,
    TAIL_END,
    TAIL_KNOWN,
    TAIL_NONE,
    TAIL_STRETCH,
)

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@inlined
def write_end(mi: Ints, mf: Floats, li: Ints, lf: Floats, r: int, to: int) -> None:
    """Let stroke `r` end at merged bar `to`."""
    direction = li[r, L_DIR]
    li[r, L_TO] = to
    li[r, L_END] = peak_row(mi, to, direction)
    lf[r, L_END_PRICE] = mf[to, M_HIGH] if direction > 0 else mf[to, M_LOW]


@compiled
def write_stroke(mi: Ints, mf: Floats, li: Ints, lf: Floats, r: int, start: int, to: int, direction: int) -> None:
    """A new stroke `r` between merged bars `start` and `to`; its end has never been sure."""
    li[r, L_FROM] = start
    li[r, L_START] = peak_row(mi, start, -direction)
    li[r, L_DIR] = direction
    li[r, L_ONCE] = 0
    li[r, L_FINAL] = -1
    lf[r, L_START_PRICE] = mf[start, M_LOW] if direction > 0 else mf[start, M_HIGH]
    write_end(mi, mf, li, lf, r, to)


@inlined
def settle_end(ints: Ints, li: Ints, tail: int, row: int) -> None:
    """The last sure stroke got its (new) end at bar `row`, seen before if a tail of kind `tail` ended there."""
    r = ints[N_SURE] - 1
    end = li[r, L_END]
    seen = ints[TAIL] == tail and ints[TAIL_END] == end
    li[r, L_ONCE] = 1
    li[r, L_KNOWN] = ints[TAIL_KNOWN] if seen else row
    li[r, L_CONFIRMED] = row
    ints[TAIL] = TAIL_NONE
    ints[SURE_TO] = li[r, L_TO]
    ints[N_SHOWN] = r + 1


@inlined
def make_final(ints: Ints, li: Ints, count: int, row: int) -> None:
    """From bar `row` on the first `count` strokes never change again."""
    for r in range(ints[N_FINAL], count):
        li[r, L_FINAL] = row
    ints[N_FINAL] = max(ints[N_FINAL], count)


@compiled
def keep_sure_form(ints: Ints, floats: Floats, li: Ints, lf: Floats, r: int) -> None:
    """Put the sure form of stroke `r` aside before a provisional end is written over it."""
    ints[KEPT] = li[r, L_TO]
    ints[KEPT + 1] = li[r, L_END]
    ints[KEPT + 2] = li[r, L_KNOWN]
    ints[KEPT + 3] = li[r, L_CONFIRMED]
    floats[KEPT_F] = lf[r, L_END_PRICE]


@compiled
def take_back_tail(ints: Ints, floats: Floats, li: Ints, lf: Floats) -> None:
    """Show only what is sure again; what the tail was stays in TAIL, TAIL_END and TAIL_KNOWN."""
    ints[N_SHOWN] = ints[N_SURE]
    if ints[TAIL] != TAIL_STRETCH and ints[TAIL] != TAIL_DROP:
        return
    r = ints[N_SURE] - 1 if ints[TAIL] == TAIL_STRETCH else ints[N_SURE] - 2
    li[r, L_TO] = ints[KEPT]
    li[r, L_END] = ints[KEPT + 1]
    li[r, L_KNOWN] = ints[KEPT + 2]
    li[r, L_CONFIRMED] = ints[KEPT + 3]
    lf[r, L_END_PRICE] = floats[KEPT_F]
