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


class StrokeOut(Wire):
    """Stroke number `n` of the series; `sure` once its end is confirmed, `final` once it can no longer change."""

    n: int
    start_ts: int
    start_price: str
    end_ts: int
    end_price: str
    direction: Direction
    sure: bool
    final: bool


class PivotOut(Wire):
    """Pivot number `n`: its range zd to zg, the extremes dd and gg, and the strokes it is made of."""

    n: int
    start_ts: int
    end_ts: int
    zg: str
    zd: str
    gg: str
    dd: str
    first_stroke: int
    last_stroke: int
    sure: bool
    final: bool


class PointOut(Wire):
    """A buy or sell point; `ratio` is the divergence of the leaving stroke to the entering one."""

    ts: int
    price: str
    kind: str
    side: Literal["buy", "sell"]
    stroke: int
    ratio: float | None
    sure: bool


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


class StructureOut(Wire):
    """The structure as known at `as_of_ms`, over `bars` bars from `first_ts` on."""

    config: str
    as_of_ms: int | None
    first_ts: int | None
    bars: int
    first: FirstRows
    fractals: list[FractalOut]
    strokes: list[StrokeOut]
    pivots: list[PivotOut]
    points: list[PointOut]
    state: SentenceOut | None


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
