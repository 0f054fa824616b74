"""Explanations on the wire. Keys are stable; the page has the sentences. What each key and check means stands in
`kernels.chan.explain`."""

from typing import Annotated, Literal

from pydantic import Field

from alphaloop.infra.http.wire import Wire

Direction = Literal["up", "down"]
PointKey = Literal[
    "trend_weakens",
    "new_extreme_weakens",
    "first_test_holds",
    "later_test_holds",
    "next_pivot_left",
    "last_pivot_left",
]
PairKey = Literal[
    "stroke",
    "provisional",
    "same_kind",
    "too_near",
    "fractals_overlap",
    "wrong_side",
    "one_inside_other",
    "not_extreme",
    "end_moved_on",
    "not_further",
    "turned_before",
    "inside_stroke",
    "before_first",
    "no_stroke_yet",
    "behind_last",
    "passed_since",
]
SegmentKey = Literal[
    "third_breaks",
    "later_line_breaks",
    "next_fractal_proves",
    "gap_waits",
    "break_waits",
    "too_short",
    "new_extreme_proves",
    "next_two_prove",
    "end_waits",
    "split_at_extreme",
    "split_rest",
    "cut_at_extreme",
    "rest",
]


class CheckOut(Wire):
    """One rule and the two numbers it compares, in `unit`; the bars the limit was read from, if it is a price of bars.
    A rule that is not `required` is shown although the configuration leaves it out."""

    key: str
    unit: Literal["price", "count", "ratio", "kind"]
    holds: bool
    required: bool
    value: float | None
    limit: float | None
    from_ts: int | None
    to_ts: int | None


class LineOut(Wire):
    n: int
    start_ts: int
    end_ts: int
    direction: Direction
    start_price: str
    end_price: str


class LifeTimes(Wire):
    """When it was first seen, when its rule passed, and since when it can no longer change."""

    known_ts: int | None
    confirmed_ts: int | None
    final_ts: int | None


class MeasuredOut(Wire):
    """What one measure says about the entering and the leaving line; `ratio` is leaving over entering."""

    name: str
    entering: float | None
    leaving: float | None
    ratio: float | None
    decides: bool


class SegmentFact(Wire):
    """The segment a point rests on; ask for its own explanation by `n`."""

    n: int
    direction: Direction
    first_line: int
    last_line: int
    reason: str
    sure: bool


class PivotFact(Wire):
    n: int
    start_ts: int
    end_ts: int
    zg: str
    zd: str
    gg: str
    dd: str
    first_line: int
    last_line: int


class _Explained(Wire):
    config: str
    as_of_ms: int


class PointExplainedOut(_Explained):
    """Why a point is there: the line it ends, the one it is compared with, the segment and pivot it rests on."""

    layer: Literal["point"]
    key: PointKey
    level: int
    n: int
    kind: str
    ts: int
    price: str
    line: LineOut
    compared: LineOut | None
    segment: SegmentFact | None
    pivot: PivotFact | None
    rests_on: list[int]
    measure: str | None
    ratio: float | None
    threshold: float | None
    measures: list[MeasuredOut]
    checks: list[CheckOut]
    life: LifeTimes
    line_final_ts: int | None
    segment_final_ts: int | None


class ElementOut(Wire):
    """One element of a segment's feature sequence: the lines joined into it and the range that is left of them."""

    lines: list[int]
    high: str
    low: str


class SegmentExplainedOut(_Explained):
    """Why a segment ends where it does: its feature elements, and the lines that made and proved the end."""

    layer: Literal["segment"]
    key: SegmentKey
    level: int
    n: int
    line: LineOut
    first_line: int
    last_line: int
    reason: str
    sure: bool
    elements: list[ElementOut]
    checks: list[CheckOut]
    peak: int | None
    third: int | None
    proof: int | None
    behind: int | None
    life: LifeTimes


class FractalFact(Wire):
    ts: int
    price: str
    kind: Literal["top", "bottom"]


class PairExplainedOut(_Explained):
    """Why two fractals are, or are not, the ends of one stroke; `stroke` is the one that the key speaks of."""

    layer: Literal["pair"]
    key: PairKey
    start: FractalFact
    end: FractalFact
    checks: list[CheckOut]
    stroke: LineOut | None


ExplainOut = Annotated[PointExplainedOut | SegmentExplainedOut | PairExplainedOut, Field(discriminator="layer")]
