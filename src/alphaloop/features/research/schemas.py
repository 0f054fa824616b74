"""Responses of the research room."""

from typing import Literal

from alphaloop.features.research.service import WatchLine
from alphaloop.infra.http.wire import Wire

Direction = Literal["up", "down"]
Mood = Literal["up", "down", "in_pivot", "leaving_up", "leaving_down"]


class FractalOut(Wire):
    ts: int
    price: str
    kind: Literal["top", "bottom"]


class LifeOut(Wire):
    """How far a row can be trusted: `sure` once its rule has passed, `final` once it can no longer change. The times
    are those of the bars at which it was first seen and confirmed."""

    sure: bool
    final: bool
    known_ts: int
    confirmed_ts: int | None


class StrokeOut(LifeOut):
    """Stroke number `n` of the series."""

    n: int
    start_ts: int
    start_price: str
    end_ts: int
    end_price: str
    direction: Direction


class SegmentOut(StrokeOut):
    """Segment number `n`, made of the lines `first_line` to `last_line` of the level below; `reason` says how its end
    was found."""

    first_line: int
    last_line: int
    reason: Literal["proven", "unproven", "short", "split", "left", "open"]


class PivotOut(LifeOut):
    """Pivot number `n`: its range zd to zg, the extremes dd and gg, the lines of its level it is made of, the segment
    it lies in, and how many pivots were combined into it."""

    n: int
    start_ts: int
    end_ts: int
    zg: str
    zd: str
    gg: str
    dd: str
    first_line: int
    last_line: int
    segment: int | None
    parts: int


class PointOut(LifeOut):
    """A buy or sell point at the end of line number `line` of its level. `ratio` is the force against that of
    `of_line` (kinds 1 and 1p), or the share of it given back (2 and 2s)."""

    n: int
    ts: int
    price: str
    kind: str
    side: Literal["buy", "sell"]
    line: int
    pivot: int | None
    of_line: int | None
    ratio: float | None


class PointName(Wire):
    kind: str
    sure: bool


class SentenceOut(Wire):
    """The parts of the sentence that says where the price is."""

    key: Mood
    direction: Direction
    pivots: int
    ratio: float | None
    point: PointName | None
    sure: bool


class FirstRows(Wire):
    """The number, counted over the whole series, of the first row listed in each layer."""

    fractals: int
    strokes: int
    pivots: int
    points: int
    segments: int
    segment_pivots: int
    segment_points: int
    segments2: int


class SeriesStructureOut(Wire):
    """The structure of one timeframe as known at `as_of_ms`, over `bars` bars from `first_ts` on. Pivots and points
    stand on strokes, segment_pivots and segment_points on segments; segments2 are segments of segments."""

    timeframe: str
    config: str
    mode: str
    as_of_ms: int | None
    first_ts: int | None
    bars: int
    first: FirstRows
    fractals: list[FractalOut]
    strokes: list[StrokeOut]
    pivots: list[PivotOut]
    points: list[PointOut]
    segments: list[SegmentOut]
    segment_pivots: list[PivotOut]
    segment_points: list[PointOut]
    segments2: list[SegmentOut]
    state: SentenceOut | None


class StructureOut(SeriesStructureOut):
    """The structure of the timeframe asked for, and in `levels` those of the other ones over the same time."""

    levels: list[SeriesStructureOut]


class NestedPointOut(Wire):
    """A point of a finer timeframe that confirms the one above: row `of` of this answer, or the point asked about
    (null). It was first known at `known_ms`."""

    of: int | None
    timeframe: str
    n: int
    kind: str
    ts: int
    price: str
    known_ms: int
    stage: Literal["shown", "sure", "settled"]


class InsideOut(Wire):
    """The lines of a finer timeframe that lie wholly inside the point's line; null when there are none."""

    timeframe: str
    first_line: int | None
    last_line: int | None


class NestedOut(Wire):
    """What finer timeframes say to a point (区间套)."""

    kind: str
    ts: int
    points: list[NestedPointOut]
    inside: list[InsideOut]


class WatchName(Wire):
    zh: str
    en: str


class WatchChan(Wire):
    state: Mood | None
    point: PointName | None


class WatchOut(Wire):
    """One line of the watch list; `change_pct` is against the close of the session before."""

    symbol: str
    alias: str
    name: WatchName
    asset_class: str
    timeframe: str
    last: str | None
    change_pct: float | None
    ts: int | None
    chan: WatchChan

    @classmethod
    def of(cls, line: WatchLine) -> "WatchOut":
        point = None if line.point is None else PointName(**line.point)
        return cls(
            symbol=line.symbol,
            alias=line.alias,
            name=WatchName(**line.name),
            asset_class=line.asset_class,
            timeframe=line.timeframe,
            last=line.last,
            change_pct=line.change_pct,
            ts=line.ts,
            chan=WatchChan.model_validate({"state": line.state, "point": point}),
        )
