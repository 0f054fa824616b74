"""Strokes (笔): one closed bar through the stroke rule that the configuration names."""

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.chan.compiled import compiled
from alphaloop.kernels.chan.fractal import mark_fractal
from alphaloop.kernels.chan.layout import M_START, N_MERGED, N_SURE, STROKE_RULE
from alphaloop.kernels.chan.stroke_pairs import provisional_tail, sure_ends
from alphaloop.kernels.chan.stroke_window import window_bar

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@compiled
def strokes_bar(
    ints: Ints,
    floats: Floats,
    mi: Ints,
    mf: Floats,
    li: Ints,
    lf: Floats,
    free: Ints,
    free_f: Floats,
    row: int,
) -> bool:
    """Bring the strokes up to raw bar `row`, which `merge_bar` has taken; True when what is shown changed.

    O(1) amortised. Afterwards rows 0..N_SHOWN-1 are the strokes shown and the first N_FINAL of them will never
    change. `li` and `lf` need room for one row more than there are strokes."""
    newest = ints[N_MERGED] - 1
    opened = newest >= 2 and mi[newest, M_START] == row
    if opened:
        mark_fractal(mi, mf, newest - 1)
    if ints[STROKE_RULE] == 1:
        return window_bar(ints, mi, mf, li, lf, opened, row)
    changed = False
    if opened:
        changed = sure_ends(ints, floats, mi, mf, li, lf, free, free_f, row)
    if ints[N_SURE] > 0 and provisional_tail(ints, floats, mi, mf, li, lf, row):
        changed = True
    return changed
