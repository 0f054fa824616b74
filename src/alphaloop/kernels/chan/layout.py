"""Where each number lives in the flat state arrays of the Chan machine.

The compiled functions share a handful of 2-D arrays instead of objects, because a call with few plain arrays is what
keeps one bar per call cheap; this module is the single place that names their columns. Strokes, segments, segments of
segments … are one line type: level 0 are the strokes, level k + 1 the segments of the lines of level k."""

import numpy as np

LEVELS_MAX = 6  # line levels with room in the arrays: strokes and five levels of segments

# --- scalars, int64 ---------------------------------------------------------------------------------------------
N_BARS = 0
N_MERGED = 1
N_SURE = 2  # strokes whose end is sure
N_FREE = 3  # fractals waiting for the very first stroke
TAIL = 4  # see TAIL_NONE and its like
CLOSED_AT = 5  # last closed merged bar that could end the provisional tail, -1 = none
SPAN_RULE = 6
FX_RULE = 7
PEAK_RULE = 8
GAP_RULE = 9
N_SHOWN = 13  # strokes shown now: the sure ones, the last of them perhaps stretched, and perhaps a provisional one
N_FINAL = 14  # strokes that will never change again
TAIL_END = 16  # raw row where the provisional tail ends and the bar that first showed it
TAIL_KNOWN = 17
SUB_PEAK = 18
SURE_TO = 19  # merged bar where the last sure stroke ends, whatever tail is written over it
CLOSED_AS = 55  # TAIL_NEW or TAIL_DROP: what the bar at CLOSED_AT could do
KEPT = 56  # the sure form of the stroke that is shown stretched: L_TO, L_END, L_KNOWN, L_CONFIRMED
STROKE_RULE = 60
MERGE_RULE = 61
TIE_RULE = 62
WINDOW_BARS = 63
WINDOW_FROM = 64  # fractal where the open window starts, -1 = none yet
WINDOW_BEST = 65  # its most extreme opposite fractal, -1 = none
WINDOW_AFTER = 68  # the same as seen from WINDOW_BEST: the furthest fractal after it, -1 = none
WINDOW_RIVAL = 67  # fractal at least as far out as the start of the first stroke, -1 = none
WINDOW_SEEN = 69  # merged bar up to which nothing lies beyond the first stroke, withdrawn and made again; -1 = unknown

# The options of the layers above the strokes.
LEVELS = 72  # line levels above the strokes that are computed
LEFT_RULE = 73
PIVOT_RULE = 74
COMBINE_RULE = 75
SINGLE_RULE = 76
MEASURE = 77
SEGMENT_MEASURE = 78
SEGMENT_RULE = 79
POINT_RULES = 80  # first of the point options, see R_*
TRACKED = 94  # 1: every bar is looked at, so births are known; 0: only the last bar of a chunk
ROOM = 95  # lines of level 0 that fit; level k has ROOM >> k, see `base_of`
HEAD_I = 96
# then one block of LEVEL_I for each line level, see the G_, P_, Q_ and A_ offsets

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
REACH = 11  # extreme of the closed merged bars since the stroke before the last began, in its direction
KEPT_F = 12  # and its L_END_PRICE
SECOND_RATE = 16  # a second point gives back at most this share of the line before it
RSI_GAIN = 17
RSI_LOSS = 18
LAST_CLOSE = 19
HEAD_F = 24
# then one block of LEVEL_F for each line level

# The provisional tail: none, the last sure stroke stretched, a new stroke after it, or the last one dropped and the
# one before it stretched.
TAIL_NONE, TAIL_STRETCH, TAIL_NEW, TAIL_DROP = 0, 1, 2, 3

# --- per bar, float64 -------------------------------------------------------------------------------------------
B_DIF, B_DEA, B_HIST = 0, 1, 2
B_EXTRA = 3  # volume or RSI, when the measure reads it
BAR_F = 4

# --- merged bars ------------------------------------------------------------------------------------------------
M_START, M_END, M_DIR, M_HIGH_AT, M_LOW_AT, M_KIND = 0, 1, 2, 3, 4, 5
MERGED_I = 6
M_HIGH, M_LOW, M_RAW_HIGH, M_RAW_LOW = 0, 1, 2, 3
MERGED_F = 4

# --- lines: strokes and segments --------------------------------------------------------------------------------
L_FROM, L_TO = 0, 1  # first and last part: merged bars of a stroke, lines of the level below of a segment
L_START, L_END = 2, 3  # raw rows of the extremes
L_DIR, L_ONCE = 4, 5  # +1 or -1; whether the end is, or once was, sure
L_KNOWN, L_CONFIRMED, L_FINAL = 6, 7, 8
L_WHY = 9  # how a segment's end was found, WHY_*
L_WINDOW, L_THIRD, L_PROOF = 10, 11, 12  # first feature line, third element's line, the line that proved it; -1 = none
L_PIVOTS, L_PIVOTS_TO = 13, 14  # a segment's pivots in the table of the level below
L_READ_FROM, L_READ_TO = 15, 16  # what the force has been measured over
LINE_I = 17
L_START_PRICE, L_END_PRICE, L_FORCE_IN, L_FORCE_OUT = 0, 1, 2, 3
L_ACC, L_ACC_HIGH, L_ACC_LOW = 4, 5, 6  # the measure so far
LINE_F = 7

WHY_PROVEN, WHY_UNPROVEN, WHY_SHORT, WHY_SPLIT, WHY_LEFT, WHY_OPEN = 0, 1, 2, 3, 4, 5
REASONS = ("proven", "unproven", "short", "split", "left", "open")

# --- segment search, offsets in a level's block ----------------------------------------------------------------
G_LINES, G_FINAL = 0, 1  # lines of this level shown, and final
G_DIR, G_BEGIN, G_NEXT, G_OPEN, G_WAIT, G_WAIT_SIDE = 2, 3, 4, 5, 6, 7
G_UNPROVEN, G_FIRST_UNPROVEN = 8, 9
G_HIGHS, G_LOWS = 10, 11  # sizes of the two stacks of extreme ends
G_STACKED = 12  # lines already in the stacks
STACK_I = 4  # ends no later one reaches, up and down; and per line the furthest end so far, up and down
G_SIDE = 16  # two windows of SIDE_I
X_FIRST, X_NEXT, X_STAGE, X_PEAK, X_LAST = 0, 1, 2, 3, 4
SIDE_I = 5
F_SIDE = 0  # two windows of SIDE_F
X_HIGH_1, X_LOW_1, X_HIGH_2, X_LOW_2 = 0, 1, 2, 3
SIDE_F = 4
SEARCH_I = G_SIDE + 2 * SIDE_I  # what a look ahead copies
SEARCH_F = 2 * SIDE_F
U_END, U_WINDOW, U_THIRD, U_PROOF = 0, 1, 2, 3
UNPROVEN_I = 4

# --- pivots and points, offsets in a level's block --------------------------------------------------------------
P_COUNT, P_SOLID = 26, 27  # rows shown; made by final lines alone
P_SLOTS, P_JOURNAL = 29, 30
Q_COUNT, Q_FIXED, Q_SEGMENT = 31, 32, 33  # rows shown; that can no longer change; first segment not yet fixed
Q_NEWEST = 34
RUN = 35  # how often this level was looked at
G_CHANGED = 36  # rows of this level that changed at the last look
A_OPEN, A_SEARCH_FROM, A_NEXT = 39, 40, 41  # the machine of pivots on lines alone
A_B1, A_B1_PIVOT, A_S1, A_S1_PIVOT = 42, 43, 44, 45
G_MEASURED = 46
LEVEL_I = 56
LAST_RATIO = SEARCH_F
LEVEL_F = SEARCH_F + 4

# Scratch memory that no bar leaves anything in: looks ahead first, then what the as-of columns hold.
FEATURES_I, FEATURES_F = 64, SEARCH_F
SPARE_I, SPARE_F = FEATURES_I + 32, FEATURES_F + 2 * 32

# --- pivots -----------------------------------------------------------------------------------------------------
Z_FROM, Z_TO, Z_START, Z_END, Z_SEGMENT, Z_PARTS, Z_KNOWN, Z_CONFIRMED, Z_FINAL = range(9)
PIVOT_I = 9
Z_ZG, Z_ZD, Z_GG, Z_DD = 0, 1, 2, 3
PIVOT_F = 4

# Runs of pivot making, one for each segment that is not final yet and one for the lines after the last.
S_FIRST, S_DIR, S_NEXT, S_ROW, S_FREE, S_STARTED = range(6)
SLOT_I = 6
JOURNAL_MAX = 16

# --- points -----------------------------------------------------------------------------------------------------
Q_IDX, Q_KIND, Q_LINE, Q_PIVOT, Q_OF, Q_KNOWN, Q_CONFIRMED, Q_FINAL = range(8)
POINT_I = 8
POINTS_ROOM = 6  # a line may carry each kind once
Q_PRICE, Q_RATIO = 0, 1
POINT_F = 2

# --- births: when what stands at a line was first seen, kept while it is taken away and put back within a bar -----
K_RUN, K_MARK, K_KNOWN, K_CONFIRMED = 0, 1, 2, 3
K_SEGMENT, K_PIVOT = 0, 4
K_MASK = 8  # kinds of points shown at the line now, one bit each
K_POINT = 9  # then K_RUN, K_MARK, K_KNOWN, K_CONFIRMED for each of the six kinds
BIRTH_I = K_POINT + 6 * 4

# --- waiting fractals -------------------------------------------------------------------------------------------
W_HIGH, W_LOW = 0, 1  # extremes of the merged bars between the previous waiting fractal and this one
W_TOP_OUTER, W_TOP_NEAR, W_BOTTOM_OUTER, W_BOTTOM_NEAR = 2, 3, 4, 5  # furthest edge and best near edge up to it
FREE_F = 6

B1, B1P, B2, B2S, B3A, B3B = 1, 2, 3, 4, 5, 6
POINT_KINDS: dict[int, str] = {
    sign * code: side + name
    for sign, side in ((1, "B"), (-1, "S"))
    for code, name in ((B1, "1"), (B1P, "1p"), (B2, "2"), (B2S, "2s"), (B3A, "3a"), (B3B, "3b"))
}

# --- point options, offsets from POINT_RULES --------------------------------------------------------------------
R_KINDS = 0  # bit mask of the kinds wanted
R_MIN_PIVOTS, R_MULTI_ONLY, R_FIRST_PEAK = 1, 2, 3
R_SECOND_FOLLOWS, R_THIRD_FOLLOWS, R_THIRD_PEAK, R_THIRD_STRICT, R_THIRD_PIVOTS = 4, 5, 6, 7, 8
R_MORE_SECONDS, R_MORE_FOLLOW = 9, 10

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
LIFE: list[tuple[str, str]] = [("sure", "?"), ("known_at", "<i8"), ("confirmed_at", "<i8"), ("final_at", "<i8")]
ENDS: list[tuple[str, str]] = [
    ("start_idx", "<i8"),
    ("end_idx", "<i8"),
    ("direction", "<i8"),
    ("start_price", "<f8"),
    ("end_price", "<f8"),
    ("high", "<f8"),
    ("low", "<f8"),
]
STROKE_DTYPE = np.dtype([*ENDS, *LIFE])
SEGMENT_DTYPE = np.dtype(
    [
        *ENDS,
        ("first_line", "<i8"),
        ("last_line", "<i8"),
        ("reason", "<U8"),
        ("window", "<i8"),
        ("third", "<i8"),
        ("proof", "<i8"),
        *LIFE,
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
        ("first_line", "<i8"),
        ("last_line", "<i8"),
        ("segment", "<i8"),
        ("parts", "<i8"),
        *LIFE,
    ]
)
POINT_DTYPE = np.dtype(
    [
        ("idx", "<i8"),
        ("price", "<f8"),
        ("kind", "<U3"),
        ("line", "<i8"),
        ("pivot", "<i8"),
        ("of_line", "<i8"),
        ("ratio", "<f8"),
        *LIFE,
    ]
)
