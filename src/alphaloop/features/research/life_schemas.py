"""The life of structures on the wire: what happened to them bar by bar, and how many points were taken back."""

from typing import Annotated, Literal

from pydantic import Field

from alphaloop.features.market.schemas import TimeframeName
from alphaloop.features.research.configs import DEFAULT_CONFIG
from alphaloop.features.research.models import RepaintMeasure
from alphaloop.infra.http.wire import Symbol, TimeMs, Wire

LayerName = Literal["stroke", "segment", "pivot", "point"]


class EventOut(Wire):
    """What happened at the bar that opened at `ts` to row `n` of a layer: seen, moved (its end was at `was_ts`),
    confirmed, unconfirmed (its rule no longer passes), final (nothing follows), withdrawn. Level 0 stands on the
    strokes, 1 on the segments."""

    ts: int
    layer: LayerName
    level: int
    action: Literal["seen", "moved", "confirmed", "unconfirmed", "final", "withdrawn"]
    n: int
    start_ts: int
    end_ts: int
    was_ts: int | None
    kind: str | None
    direction: Literal["up", "down"] | None


class EventsOut(Wire):
    """Everything that happened from the bar at `first_ts` on, newest first; `next_cursor` leads to what was before."""

    items: list[EventOut]
    first_ts: int | None
    next_cursor: str | None


class RepaintIn(Wire):
    instrument: Symbol
    timeframe: TimeframeName
    config: Annotated[str, Field(min_length=1, max_length=40)] = DEFAULT_CONFIG


class RepaintRowOut(Wire):
    """Points of one level and kind ("all": any) that reached a stage: shown, sure (the end of their line is), settled
    (their line can no longer change), proven (nor can the segment it lies in).

    Of the `published`, `withdrawn` were taken back and `open` still may be; `survival` is the share not withdrawn. The
    delays are bars from the point's own bar to the stage: the median, and what nine of ten stay within."""

    level: int
    kind: str
    stage: Literal["shown", "sure", "settled", "proven"]
    published: int
    withdrawn: int
    open: int
    survival: float | None
    delay_median: float | None
    delay_p90: float | None


class RepaintOut(Wire):
    """The newest measurement of a series; without one `measured_at` is null and there are no rows."""

    bars: int
    first_ts: int | None
    last_ts: int | None
    measured_at: TimeMs | None
    rows: list[RepaintRowOut]

    @classmethod
    def of(cls, row: RepaintMeasure | None) -> "RepaintOut":
        if row is None:
            return cls(bars=0, first_ts=None, last_ts=None, measured_at=None, rows=[])
        return cls(
            bars=row.bars,
            first_ts=row.first_ts,
            last_ts=row.last_ts,
            measured_at=row.measured_at,
            rows=[RepaintRowOut(**one) for one in row.counted],
        )
