"""Where each number lives in the flat state arrays of the Chan machine.

The compiled functions share a handful of 2-D arrays instead of objects, because a call with few plain arrays is what
keeps one bar per call cheap; this module is the single place that names their columns."""

import numpy as np

# --- scalars, int64 ---------------------------------------------------------------------------------------------
N_BARS = 0
N_MERGED = 1
N_STROKES = 2  # strokes whose end is sure; the provisional tail sits in the row after them
N_FREE = 3  # fractals waiting for the very first stroke
TAIL = 4  # TAIL_NONE, TAIL_STRETCH or TAIL_NEW
CLOSED_AT = 5  # last closed merged bar that could end a provisional stroke, -1 = none
SPAN_RULE = 6
FX_RULE = 7
PEAK_RULE = 8
GAP_RULE = 9
N_POINTS_FIXED = 10  # points on final strokes
N_POINTS = 11  # points shown now
N_PIVOTS = 12  # pivots shown now
SEEN_STROKES = 13  # the four numbers that tell whether the stroke tail changed since the last bar
SEEN_TAIL = 14
SEEN_END = 15
SEEN_TAIL_END = 16
FIXED = 20  # pivot machine after the last final stroke, see PIVOT_* offsets
SHOWN = 40  # its copy, advanced over the tail strokes
SCALARS_I = 64

# --- scalars, float64 -------------------------------------------------------------------------------------------
EMA_FAST = 0
EMA_SLOW = 1
DEA = 2
BEYOND = 3  # most extreme opposite price over closed merged bars after the last end
RATE = 4
ALPHA_FAST = 5
ALPHA_SLOW = 6
ALPHA_SIGNAL = 7
FREE_HIGH = 8  # extremes of merged bars after the newest waiting fractal
FREE_LOW = 9
LAST_RATIO = 10
FIXED_F = 16
SHOWN_F = 24
SCALARS_F = 32

TAIL_NONE, TAIL_STRETCH, TAIL_NEW = 0, 1, 2

# --- per bar, float64 -------------------------------------------------------------------------------------------
B_DIF, B_DEA, B_HIST = 0, 1, 2
B_PEAK_LAST = 3  # running histogram peak since the start of the last sure stroke, in its direction
B_PEAK_NEXT = 4  # the same since its end, in the opposite direction
BAR_F = 5

# --- merged bars ------------------------------------------------------------------------------------------------
M_START, M_END, M_DIR, M_HIGH_AT, M_LOW_AT, M_KIND = 0, 1, 2, 3, 4, 5
MERGED_I = 6
M_HIGH, M_LOW, M_RAW_HIGH, M_RAW_LOW = 0, 1, 2, 3
MERGED_F = 4

# --- strokes ----------------------------------------------------------------------------------------------------
S_FROM, S_TO, S_START, S_END, S_DIR, S_KNOWN, S_CONFIRMED, S_FINAL = 0, 1, 2, 3, 4, 5, 6, 7
STROKE_I = 8
S_START_PRICE, S_END_PRICE, S_PEAK = 0, 1, 2
STROKE_F = 3

# --- pivots -----------------------------------------------------------------------------------------------------
Z_START, Z_END, Z_FIRST, Z_LAST, Z_KNOWN, Z_CONFIRMED, Z_FINAL = 0, 1, 2, 3, 4, 5, 6
PIVOT_I = 7
Z_ZG, Z_ZD, Z_GG, Z_DD = 0, 1, 2, 3
PIVOT_F = 4

# --- points -----------------------------------------------------------------------------------------------------
Q_IDX, Q_KIND, Q_STROKE, Q_PIVOT, Q_KNOWN, Q_CONFIRMED = 0, 1, 2, 3, 4, 5
POINT_I = 6
Q_PRICE, Q_RATIO = 0, 1
POINT_F = 2

# --- waiting fractals -------------------------------------------------------------------------------------------
W_HIGH, W_LOW = 0, 1  # extremes of the merged bars between the previous waiting fractal and this one
W_TOP_OUTER, W_TOP_NEAR, W_BOTTOM_OUTER, W_BOTTOM_NEAR = 2, 3, 4, 5  # furthest edge and best near edge up to it
FREE_F = 6

# --- pivot machine, offsets inside FIXED / SHOWN (ints) and FIXED_F / SHOWN_F (floats: the Z_* columns) ----------
PIVOT_OPEN = 0  # 1 while a pivot is being extended
PIVOT_SEARCH_FROM = 1  # first stroke that may open the next pivot
PIVOT_COUNT = 2
PIVOT_ROW = 3  # the open pivot's row, Z_* columns
B1_STROKE, B1_PIVOT, S1_STROKE, S1_PIVOT = 10, 11, 12, 13
PIVOT_SCALARS = 14

# Codes leave room between the names because the finer kinds (B1p, B2s, B3b) sort between them.
POINT_KINDS: dict[int, str] = {1: "B1", 3: "B2", 5: "B3a", -1: "S1", -3: "S2", -5: "S3a"}
FIRST_POINT, SECOND_POINT, THIRD_POINT = 1, 3, 5

MERGED_DTYPE = np.dtype(
    [("start_idx", "<i8"), ("end_idx", "<i8"), ("direction", "<i8"), ("high", "<f8"), ("low", "<f8")]
)
FRACTAL_DTYPE = np.dtype(
    [
        ("idx", "<i8"),
        ("start_idx", "<i8"),
        ("end_idx", "<i8"),
        ("kind", "<i8"),
        ("high", "<f8"),
        ("low", "<f8"),
        ("known_at", "<i8"),
    ]
)
LIFE: list[tuple[str, str]] = [("sure", "?"), ("known_at", "<i8"), ("confirmed_at", "<i8")]
STROKE_DTYPE = np.dtype(
    [
        ("start_idx", "<i8"),
        ("end_idx", "<i8"),
        ("direction", "<i8"),
        ("start_price", "<f8"),
        ("end_price", "<f8"),
        ("high", "<f8"),
        ("low", "<f8"),
        *LIFE,
        ("final_at", "<i8"),
    ]
)
PIVOT_DTYPE = np.dtype(
    [
        ("start_idx", "<i8"),
        ("end_idx", "<i8"),
        ("zg", "<f8"),
        ("zd", "<f8"),
        ("gg", "<f8"),
        ("dd", "<f8"),
        ("first_stroke", "<i8"),
        ("last_stroke", "<i8"),
        *LIFE,
        ("final_at", "<i8"),
    ]
)
POINT_DTYPE = np.dtype(
    [
        ("idx", "<i8"),
        ("price", "<f8"),
        ("kind", "<U3"),
        ("stroke", "<i8"),
        ("pivot", "<i8"),
        ("ratio", "<f8"),
        *LIFE,
    ]
)
