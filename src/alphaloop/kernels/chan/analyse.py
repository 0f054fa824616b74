"""One bar through all layers, for a whole series or bar by bar: the same compiled loop, so the two cannot differ."""

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.chan.compiled import compiled
from alphaloop.kernels.chan.divergence import macd_bar, measure_bar
from alphaloop.kernels.chan.layout import (
    FEATURES_F,
    FEATURES_I,
    G_FINAL,
    G_LINES,
    HEAD_F,
    HEAD_I,
    L_CONFIRMED,
    L_DIR,
    L_END_PRICE,
    L_FINAL,
    L_START_PRICE,
    LAST_RATIO,
    LEVEL_F,
    LEVEL_I,
    LEVELS,
    MEASURE,
    N_BARS,
    N_FINAL,
    N_SHOWN,
    P_COUNT,
    POINTS_ROOM,
    Q_CONFIRMED,
    Q_KIND,
    Q_KNOWN,
    Q_LINE,
    Q_NEWEST,
    Q_PRICE,
    ROOM,
    TRACKED,
    Z_ZD,
    Z_ZG,
)
from alphaloop.kernels.chan.levels import base_of, look_at_levels
from alphaloop.kernels.chan.merge import merge_bar
from alphaloop.kernels.chan.stroke import strokes_bar

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# Columns of the as-of rows, in the order `_features` writes them: the strokes and what stands on them, then the
# segments and what stands on them.
STROKE_FEATURES = (
    "stroke_direction",
    "stroke_start_price",
    "stroke_sure",
    "last_final_stroke_end_price",
    "pivot_count",
    "pivot_zg",
    "pivot_zd",
    "point_kind",
    "point_price",
    "point_age",
    "point_sure",
    "point_settled",
    "divergence_ratio",
)
SEGMENT_FEATURES = (
    "segment_direction",
    "segment_start_price",
    "segment_sure",
    "last_final_segment_end_price",
    "segment_pivot_count",
    "segment_pivot_zg",
    "segment_pivot_zd",
    "segment_point_kind",
    "segment_point_price",
    "segment_point_age",
    "segment_point_sure",
    "segment_point_settled",
    "segment_divergence_ratio",
)
FEATURES = STROKE_FEATURES + SEGMENT_FEATURES
_PER_LEVEL = len(STROKE_FEATURES)
_COUNT = len(FEATURES)
_AGE = STROKE_FEATURES.index("point_age")


@compiled
def _level_features(
    ints: Ints, floats: Floats, level: int, li: Ints, lf: Floats, zf: Floats, qi: Ints, qf: Floats, out: Floats
) -> None:
    for c in range(out.shape[0]):
        out[c] = np.nan
    at, a = HEAD_I + level * LEVEL_I, base_of(ints[ROOM], level)
    shown, final = ints[at + G_LINES], ints[at + G_FINAL]
    if level == 0:
        shown, final = ints[N_SHOWN], ints[N_FINAL]
    if level < ints[LEVELS]:
        out[4] = ints[at + P_COUNT]
    if shown == 0:
        return
    r = a + shown - 1
    out[0], out[1] = li[r, L_DIR], lf[r, L_START_PRICE]
    out[2] = 1.0 if li[r, L_CONFIRMED] >= 0 else 0.0
    if final > 0:
        out[3] = lf[a + final - 1, L_END_PRICE]
    if level >= ints[LEVELS]:
        return
    z = ints[at + P_COUNT] - 1
    if z >= 0:
        out[5], out[6] = zf[a + z, Z_ZG], zf[a + z, Z_ZD]
    q = ints[at + Q_NEWEST]
    if q >= 0:
        q += POINTS_ROOM * a
        out[7], out[8], out[9] = qi[q, Q_KIND], qf[q, Q_PRICE], qi[q, Q_KNOWN]
        out[10] = 1.0 if qi[q, Q_CONFIRMED] >= 0 else 0.0
        out[11] = 1.0 if li[a + qi[q, Q_LINE], L_FINAL] >= 0 else 0.0
    out[12] = floats[HEAD_F + level * LEVEL_F + LAST_RATIO]


@compiled
def _write_out(out: Floats, since: int, to: int, value: float, first: int, age: bool) -> None:
    """A column keeps its value over many bars: write them at once. An age is the distance to the row it holds."""
    for i in range(since, to):
        out[i] = first + i - value if age else value


@compiled
def advance(
    ints: Ints, floats: Floats, bars: Floats, mi: Ints, mf: Floats, free: Ints, free_f: Floats, li: Ints, lf: Floats,
    zi: Ints, zf: Floats, qi: Ints, qf: Floats, births: Ints, unproven: Ints, stacks: Ints, slots: Ints, journal: Ints,
    journal_f: Floats, spare_i: Ints, spare_f: Floats, high: Floats, low: Floats, close: Floats, volume: Floats,
    wanted: Ints, features: Floats,
) -> None:  # fmt: skip
    """Take len(high) closed bars into the state; O(1) amortised a bar.

    `features` is float64[len(wanted), n or more]: row c gets the column `wanted[c]` (places in FEATURES) of each bar;
    with no columns nothing is written. Arrays must have room for n more bars; the prices must be checked before."""
    known, fresh = spare_f[FEATURES_F : FEATURES_F + _COUNT], spare_f[FEATURES_F + _COUNT :]
    since = spare_i[FEATURES_I:]
    columns, n = wanted.shape[0], high.shape[0]
    tracked, pending = ints[TRACKED] == 1, False
    first = ints[N_BARS]
    for i in range(n):
        row = first + i
        macd_bar(floats, bars, row, close[i])
        measure_bar(ints[MEASURE], floats, bars, row, close[i], volume[i])
        merge_bar(ints, mi, mf, row, high[i], low[i])
        changed = strokes_bar(ints, floats, mi, mf, li, lf, free, free_f, row)
        pending = pending or changed
        if pending and (tracked or i == n - 1):
            pending = False
            look_at_levels(
                ints, floats, spare_i, spare_f, bars, mi, li, lf, zi, zf, qi, qf, births, unproven, stacks,
                slots, journal, journal_f, row,
            )  # fmt: skip
        ints[N_BARS] = row + 1
        if columns == 0 or not (changed or i == 0):
            continue
        _level_features(ints, floats, 0, li, lf, zf, qi, qf, fresh[:_PER_LEVEL])
        _level_features(ints, floats, 1, li, lf, zf, qi, qf, fresh[_PER_LEVEL:_COUNT])
        for c in range(columns):
            value = fresh[wanted[c]]
            if i == 0:
                since[c], known[c] = 0, value
            elif known[c] != value and not (np.isnan(known[c]) and np.isnan(value)):
                _write_out(features[c], since[c], i, known[c], first, wanted[c] % _PER_LEVEL == _AGE)
                since[c], known[c] = i, value
    if n > 0:
        for c in range(columns):
            _write_out(features[c], since[c], n, known[c], first, wanted[c] % _PER_LEVEL == _AGE)
