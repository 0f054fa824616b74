"""The force of a line, by the measure the configuration names: what divergence (背驰) compares.

A measure is read bar by bar (for segments: line by line) in one order, so going on from where the last look ended
gives the same figure as starting again; that keeps a line that grows for a million bars as cheap as a short one."""

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.chan.compiled import compiled, inlined
from alphaloop.kernels.chan.layout import (
    B_EXTRA,
    B_HIST,
    G_FINAL,
    G_LINES,
    G_MEASURED,
    L_ACC,
    L_ACC_HIGH,
    L_ACC_LOW,
    L_DIR,
    L_END,
    L_END_PRICE,
    L_FORCE_IN,
    L_FORCE_OUT,
    L_FROM,
    L_READ_FROM,
    L_READ_TO,
    L_START,
    L_START_PRICE,
    L_TO,
    M_END,
    M_START,
)

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

PEAK, HALF_AREA, AREA, DIFF, SLOPE, AMPLITUDE, VOLUME, VOLUME_AVG, RSI = range(9)
MEASURES = ("peak", "half_area", "area", "diff", "slope", "amplitude", "volume", "volume_avg", "rsi")
SEGMENT_MEASURES = ("slope", "amplitude", "peak", "area", "volume", "volume_avg")


@compiled
def _by_price(measure: int, lf: Floats, li: Ints, r: int) -> float:
    start, end = lf[r, L_START_PRICE], lf[r, L_END_PRICE]
    if measure == SLOPE:
        return float(abs(end - start) / max(start, end) / (li[r, L_END] - li[r, L_START] + 1))
    return float(abs(end - start) / start)


@compiled
def _begin(li: Ints, lf: Floats, r: int, first: int, stop: int) -> int:
    """Where to go on reading line `r` over first..stop-1: behind what was read, if it began there."""
    if li[r, L_READ_FROM] == first and first < li[r, L_READ_TO] <= stop:
        return int(li[r, L_READ_TO])
    li[r, L_READ_FROM] = first
    lf[r, L_ACC] = 0.0
    lf[r, L_ACC_HIGH], lf[r, L_ACC_LOW] = -np.inf, np.inf
    return first


@inlined
def _stroke_force(measure: int, bars: Floats, mi: Ints, li: Ints, lf: Floats, r: int) -> None:
    if measure in (SLOPE, AMPLITUDE):
        lf[r, L_FORCE_IN] = lf[r, L_FORCE_OUT] = _by_price(measure, lf, li, r)
        return
    d = li[r, L_DIR]
    wide = measure not in (HALF_AREA, AREA)
    first = mi[li[r, L_FROM], M_START] if wide else li[r, L_START]
    stop = (mi[li[r, L_TO], M_END] if wide else li[r, L_END]) + 1
    start = _begin(li, lf, r, first, stop)
    acc, high, low = lf[r, L_ACC], lf[r, L_ACC_HIGH], lf[r, L_ACC_LOW]
    if measure == PEAK:
        for i in range(start, stop):
            acc = max(acc, d * bars[i, B_HIST])
    elif measure == AREA:
        for i in range(start, stop):
            acc += max(0.0, d * bars[i, B_HIST])
    elif measure == DIFF:
        for i in range(start, stop):
            high, low = max(high, bars[i, B_HIST]), min(low, bars[i, B_HIST])
    elif measure == RSI:
        for i in range(start, stop):
            high, low = max(high, bars[i, B_EXTRA]), min(low, bars[i, B_EXTRA])
    elif measure == HALF_AREA:
        # In: the run of one sign that begins with the line. Out: the run that ends with it.
        for i in range(start, stop):
            value = bars[i, B_HIST]
            if i == first or high == 1.0:
                high = 1.0 if value * bars[first, B_HIST] > 0.0 else 0.0
                if high == 1.0:
                    acc += abs(value)
            if i > first and value * bars[i - 1, B_HIST] > 0.0:
                low += abs(value)
            else:
                low = abs(value)
    else:
        for i in range(start, stop):
            acc += bars[i, B_EXTRA]
    lf[r, L_ACC], lf[r, L_ACC_HIGH], lf[r, L_ACC_LOW] = acc, high, low
    li[r, L_READ_TO] = stop
    force = acc
    if measure == DIFF:
        force = high - low
    elif measure == RSI:
        force = high if d > 0 else 10000.0 / (low + 1e-7)
    elif measure == VOLUME_AVG:
        force = acc / (li[r, L_END] - li[r, L_START] + 1)
    lf[r, L_FORCE_IN] = force
    lf[r, L_FORCE_OUT] = low if measure == HALF_AREA else force


@compiled
def stroke_forces(m: Ints, measure: int, bars: Floats, mi: Ints, li: Ints, lf: Floats) -> None:
    """Measure the strokes that are new or may have changed; O(1) amortised per bar."""
    for r in range(m[G_MEASURED], m[G_LINES]):
        _stroke_force(measure, bars, mi, li, lf, r)
    m[G_MEASURED] = m[G_FINAL]


@compiled
def _join(measure: int, lf: Floats, j: int, with_it: bool, acc: float) -> float:
    if measure == PEAK:
        return float(max(acc, lf[j, L_FORCE_OUT])) if with_it else acc
    if measure == AREA:
        return acc + (lf[j, L_FORCE_OUT] if with_it else 0.0)
    return float(acc + lf[j, L_FORCE_OUT])


@compiled
def segment_forces(
    m: Ints, measure: int, parts_li: Ints, parts_lf: Floats, parts_final: int, li: Ints, lf: Floats
) -> None:  # fmt: skip
    """The same for segments, from the forces of their parts: the lines going their way, or for volume all of them."""
    for r in range(m[G_MEASURED], m[G_LINES]):
        if measure in (SLOPE, AMPLITUDE):
            lf[r, L_FORCE_IN] = lf[r, L_FORCE_OUT] = _by_price(measure, lf, li, r)
            continue
        first, stop, d = li[r, L_FROM], li[r, L_TO] + 1, li[r, L_DIR]
        solid = min(stop, parts_final)  # parts that may still change are read, but not remembered
        acc = 0.0
        if first < solid:
            start = _begin(li, lf, r, first, solid)
            acc = lf[r, L_ACC]
            for j in range(start, solid):
                acc = _join(measure, parts_lf, j, parts_li[j, L_DIR] == d, acc)
            lf[r, L_ACC] = acc
            li[r, L_READ_TO] = solid
        else:
            li[r, L_READ_FROM] = -1
        for j in range(max(first, parts_final), stop):
            acc = _join(measure, parts_lf, j, parts_li[j, L_DIR] == d, acc)
        if measure == VOLUME_AVG:
            acc /= stop - first
        lf[r, L_FORCE_IN] = lf[r, L_FORCE_OUT] = acc
    m[G_MEASURED] = m[G_FINAL]
