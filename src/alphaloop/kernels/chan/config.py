"""Named, frozen settings of the Chan layers: a stroke is a family of definitions, so a result means nothing without
the name of the one that made it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.chan import layout as at
from alphaloop.kernels.chan.forces import MEASURES, SEGMENT_MEASURES

# What each option may be; the compiled layers know a choice by its place in its list.
CHOICES: dict[str, tuple[str, ...]] = {
    "merge_rule": ("always", "directed"),
    "stroke_rule": ("fractal_pairs", "window"),
    "stroke_span": ("old", "new", "loose"),
    "fractal_check": ("loss", "half", "strict", "totally"),
    "equal_ends": ("move", "stay"),
    "segment_rule": ("features", "one_plus_one", "break"),
    "left_segment": ("peak", "whole"),
    "pivot_rule": ("segment", "alone", "across", "auto"),
    "pivot_combine": ("range", "peak", "never"),
    "measure": MEASURES,
    "segment_measure": MEASURES,
}
SWITCHES = (
    "end_is_peak",
    "gap_counts",
    "sub_peak",
    "single_line_pivot",
    "multi_line_only",
    "first_peak",
    "second_follows",
    "more_seconds_follow",
    "third_follows",
    "third_peak",
    "third_strict",
)
LEAST: dict[str, int] = {
    "window_bars": 4,
    "levels": 1,
    "macd_fast": 1,
    "macd_slow": 1,
    "macd_signal": 1,
    "min_pivots": 0,
    "more_seconds": 0,
    "third_pivots": 1,
}
KINDS = ("1", "1p", "2", "2s", "3a", "3b")


@dataclass(frozen=True, slots=True)
class ChanConfig:
    """One reading of the Chan rules; hashable, compared by value.

    merge_rule       "always": every contained bar merges, the first bar points up, and a one-price bar on the edge the
                     market moves towards changes nothing; "directed": a bar merges only once the two merged bars before
                     it have different highs, which say the direction, so the first two bars stay as they are.
    stroke_rule      "fractal_pairs": the first opposite fractal that fits ends a stroke and only moves outward;
                     "window": the most extreme opposite fractal so far does, and a price beyond it takes the stroke
                     away again. A window stroke is shown once its rule has passed, and final with three more behind it.
    window_bars      window: merged bars from the one before the start to the one after the end, at least.
    equal_ends       a later fractal at the same price: "move" makes it the end, "stay" keeps the earlier one.

    The others shape fractal pairs:
    stroke_span      "old": the ends lie at least 4 merged bars apart; "new": at least 3, with 3 raw bars between;
                     "loose": any distance.
    fractal_check    how far the two end fractals must stand apart: "loss" looks at the two bars alone, "half" adds one
                     neighbour each, "strict" both neighbours, "totally" asks that the fractals do not overlap at all.
    end_is_peak      no merged bar strictly inside a stroke passes the stroke's end.
    gap_counts       each price gap between neighbouring merged bars adds one to the span.
    sub_peak         true: a stroke stays when price soon passes its start again; false: it is dropped, and the stroke
                     before it goes on to the new extreme; then a stroke is final once a later one ends beyond its
                     start.

    Above the strokes, the same on every level:
    levels           how many levels of segments: 1 = segments of strokes, 2 = also segments of those, … (at most 5).
    segment_rule     "features": the feature sequence; "one_plus_one": a line that fails and the next that confirms;
                     "break": new extremes the other way.
    left_segment     the lines behind the last ended segment: "peak" cuts them at their extremes, "whole" leaves one.
    pivot_rule       "segment": inside each segment, two lines against it that share a range; "alone": three lines in
                     a row that share one, without looking at segments; "across": three lines in a row that may cross
                     the end of a segment; "auto": inside sure segments, across from the first unsure one on.
    pivot_combine    neighbouring pivots of a segment become one when their ranges ("range") or peaks ("peak") meet.
    single_line_pivot  one line against the segment is already a pivot.

    measure          the force of a stroke that divergence compares, see `forces.MEASURES`; segment_measure the same
                     for segments ("slope", "amplitude", "peak", "area", "volume" or "volume_avg").
    macd_*           periods of the averages whose histogram the peak, area and diff measures read.
    divergence_rate  a leaving line diverges when its force is at most this share of the entering one's.

    points           the kinds looked for.
    min_pivots       a first point needs this many pivots in its segment; multi_line_only: of more than one line.
    first_peak       a first point is the extreme of its pivot too.
    second_rate      a second point gives back at most this share of the line before it; second_follows: only after a
                     first point; more_seconds: how many tests (2s) may follow, more_seconds_follow: only after a 2.
    third_follows    a third point needs a first one before it; third_peak: it must pass the pivot's peak;
                     third_strict: the pivot begins right after the first point; third_pivots: how many pivots of the
                     next segment may give a 3a.

    Raises ValueError for a value outside these rules.
    """

    name: str = "custom"
    merge_rule: str = "always"
    stroke_rule: str = "fractal_pairs"
    window_bars: int = 6
    equal_ends: str = "move"
    stroke_span: str = "old"
    fractal_check: str = "strict"
    end_is_peak: bool = True
    gap_counts: bool = False
    sub_peak: bool = True
    levels: int = 2
    segment_rule: str = "features"
    left_segment: str = "peak"
    pivot_rule: str = "segment"
    pivot_combine: str = "range"
    single_line_pivot: bool = False
    measure: str = "peak"
    segment_measure: str = "slope"
    macd_fast: int = 12
    macd_slow: int = 26
    macd_signal: int = 9
    divergence_rate: float = 0.9
    points: tuple[str, ...] = KINDS
    min_pivots: int = 1
    multi_line_only: bool = True
    first_peak: bool = True
    second_rate: float = 0.9999
    second_follows: bool = True
    more_seconds: int = 32
    more_seconds_follow: bool = False
    third_follows: bool = True
    third_peak: bool = False
    third_strict: bool = False
    third_pivots: int = 1

    def __post_init__(self) -> None:
        for key, choices in CHOICES.items():
            if getattr(self, key) not in choices:
                raise ValueError(f"{key} {getattr(self, key)!r} is unknown; choose one of {', '.join(choices)}")
        for key in SWITCHES:
            if not isinstance(getattr(self, key), bool):
                raise ValueError(f"{key} must be true or false")
        for key, least in LEAST.items():
            count = getattr(self, key)
            if isinstance(count, bool) or not isinstance(count, int) or count < least:
                raise ValueError(f"{key} must be a whole number, at least {least}")
        for key in ("divergence_rate", "second_rate"):
            rate = getattr(self, key)
            if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0.0 < rate < float("inf"):
                raise ValueError(f"{key} must be a positive number")
        if self.levels >= at.LEVELS_MAX:
            raise ValueError(f"levels must be at most {at.LEVELS_MAX - 1}")
        if not isinstance(self.points, tuple) or not set(self.points) <= set(KINDS):
            raise ValueError(f"points must be a tuple of {', '.join(KINDS)}")
        if self.segment_measure not in SEGMENT_MEASURES:
            raise ValueError(f"segment_measure must be one of {', '.join(SEGMENT_MEASURES)}")
        from_strokes = self.segment_measure not in ("slope", "amplitude")
        if from_strokes and self.segment_measure != self.measure:
            raise ValueError("a segment_measure made of strokes must be their measure")

    def place(self, key: str) -> int:
        """The place of option `key` in its list of CHOICES."""
        return CHOICES[key].index(getattr(self, key))


PRESETS: dict[str, ChanConfig] = {
    config.name: config
    for config in (
        ChanConfig(
            name="CN-STRICT-1",
            merge_rule="always",
            stroke_rule="fractal_pairs",
            equal_ends="move",
            stroke_span="old",
            fractal_check="strict",
            end_is_peak=True,
            gap_counts=False,
            sub_peak=True,
            macd_fast=12,
            macd_slow=26,
            macd_signal=9,
            divergence_rate=0.9,
        ),
        ChanConfig(name="old-stroke", stroke_span="old", fractal_check="loss"),
        ChanConfig(name="new-stroke", stroke_span="new", fractal_check="loss"),
        ChanConfig(name="czsc-6", merge_rule="directed", stroke_rule="window", window_bars=6, equal_ends="stay"),
        ChanConfig(name="czsc-7", merge_rule="directed", stroke_rule="window", window_bars=7, equal_ends="stay"),
        ChanConfig(
            name="textbook",
            merge_rule="directed",
            equal_ends="stay",
            stroke_span="old",
            fractal_check="loss",
            sub_peak=False,
        ),
    )
}
"""CN-STRICT-1 is fully written out and stays reproducible, with reference rows. old-stroke and new-stroke are the two
span rules with the plainest fractal check. czsc-6 and czsc-7 are the strokes of the library czsc with min_bi_len 6
(its default) and 7. textbook reads the author's own lessons (缠中说禅): the direction of a containment comes from the
two bars before it (lesson 65), an independent bar stands between the two fractals (62, 77), the top's highest bar
reaches above the bottom's lowest (77), of several tops in a row the first highest counts (77), and both ends are the
extremes of what lies between, so a stroke whose start is passed too soon is none (65, 77)."""


def config_named(name: str) -> ChanConfig:
    """The preset called `name`. Raises ValueError listing the known names."""
    try:
        return PRESETS[name]
    except KeyError:
        raise ValueError(f"Chan configuration {name!r} is unknown; known: {', '.join(sorted(PRESETS))}") from None


def config_from(options: Mapping[str, object]) -> ChanConfig:
    """A configuration from key → value pairs; `options` is only read. Raises ValueError for an unknown key or value."""
    known = [field.name for field in fields(ChanConfig)]
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise ValueError(f"Chan configuration key {unknown[0]!r} is unknown; known: {', '.join(known)}")
    given = dict(options)
    if isinstance(given.get("points"), list):
        given["points"] = tuple(given["points"])  # type: ignore[arg-type]
    return ChanConfig(**given)  # type: ignore[arg-type]  # __post_init__ checks every value


def config_options(config: ChanConfig) -> dict[str, object]:
    """Every option of `config`, written out; `config_from` reads it back."""
    return asdict(config)


def write_options(config: ChanConfig, ints: npt.NDArray[np.int64], floats: npt.NDArray[np.float64]) -> None:
    """Set up the scalars of a machine that has seen no bar; choices go in by their place in their list."""
    ints[at.CLOSED_AT] = -1
    ints[at.WINDOW_FROM : at.WINDOW_SEEN + 1] = -1
    for place, key in _CHOICE_AT.items():
        ints[place] = CHOICES[key].index(getattr(config, key))
    for place, key in _NUMBER_AT.items():
        ints[place] = getattr(config, key)
    ints[at.POINT_RULES + at.R_KINDS] = sum(1 << (KINDS.index(kind) + 1) for kind in config.points)
    floats[at.BEYOND] = floats[at.FREE_LOW] = np.inf
    floats[at.FREE_HIGH] = floats[at.REACH] = -np.inf
    floats[at.RATE] = config.divergence_rate
    floats[at.SECOND_RATE] = config.second_rate
    for place, period in (
        (at.ALPHA_FAST, config.macd_fast),
        (at.ALPHA_SLOW, config.macd_slow),
        (at.ALPHA_SIGNAL, config.macd_signal),
    ):
        floats[place] = 2.0 / (period + 1.0)


_CHOICE_AT = {
    at.MERGE_RULE: "merge_rule",
    at.STROKE_RULE: "stroke_rule",
    at.SPAN_RULE: "stroke_span",
    at.FX_RULE: "fractal_check",
    at.TIE_RULE: "equal_ends",
    at.SEGMENT_RULE: "segment_rule",
    at.LEFT_RULE: "left_segment",
    at.PIVOT_RULE: "pivot_rule",
    at.COMBINE_RULE: "pivot_combine",
    at.MEASURE: "measure",
    at.SEGMENT_MEASURE: "segment_measure",
}
_NUMBER_AT = {
    at.WINDOW_BARS: "window_bars",
    at.PEAK_RULE: "end_is_peak",
    at.GAP_RULE: "gap_counts",
    at.SUB_PEAK: "sub_peak",
    at.LEVELS: "levels",
    at.SINGLE_RULE: "single_line_pivot",
    at.POINT_RULES + at.R_MIN_PIVOTS: "min_pivots",
    at.POINT_RULES + at.R_MULTI_ONLY: "multi_line_only",
    at.POINT_RULES + at.R_FIRST_PEAK: "first_peak",
    at.POINT_RULES + at.R_SECOND_FOLLOWS: "second_follows",
    at.POINT_RULES + at.R_THIRD_FOLLOWS: "third_follows",
    at.POINT_RULES + at.R_THIRD_PEAK: "third_peak",
    at.POINT_RULES + at.R_THIRD_STRICT: "third_strict",
    at.POINT_RULES + at.R_THIRD_PIVOTS: "third_pivots",
    at.POINT_RULES + at.R_MORE_SECONDS: "more_seconds",
    at.POINT_RULES + at.R_MORE_FOLLOW: "more_seconds_follow",
}
