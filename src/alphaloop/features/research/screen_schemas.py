"""Screens on the wire: what is asked, how a run stands, and what is kept under a name."""

from typing import Annotated, Any, Literal

from pydantic import Field

from alphaloop.features.market.schemas import AdjustKey, TimeframeName
from alphaloop.features.research.configs import DEFAULT_CONFIG
from alphaloop.features.research.models import SavedScreen
from alphaloop.features.research.schemas import WatchName
from alphaloop.features.research.screening import MOST_BARS, MOST_CONDITIONS, ScreenQuery, parse_query
from alphaloop.infra.http.wire import Count, Flag, Id, Name, Ratio, Symbol, TimeMs, Wire
from alphaloop.infra.jobs.models import JobRow, JobStatus
from alphaloop.infra.jobs.wire import JobProgress

PointKind = Literal["B1", "B1p", "B2", "B2s", "B3a", "B3b", "S1", "S1p", "S2", "S2s", "S3a", "S3b"]
Level = Literal["stroke", "segment"]
Stage = Literal["shown", "sure", "settled", "proven"]
Place = Literal["above_pivot", "in_pivot", "below_pivot"]
Kinds = Annotated[list[PointKind], Field(max_length=12)]


class NestedIn(Wire):
    """Points of a finer timeframe, on the same side, inside the last line of the point they confirm."""

    timeframe: TimeframeName
    point: Kinds | None = None
    stage: Literal["shown", "sure", "settled"] | None = None


class ConditionIn(Wire):
    """What must hold on one timeframe after its newest closed bar; what is left out is not asked. A point counts when
    it reached its stage (shown) at one of the newest `within_bars` (5) bars."""

    timeframe: TimeframeName
    level: Level | None = None
    point: Kinds | None = None
    within_bars: Annotated[Count, Field(ge=1, le=MOST_BARS)] | None = None
    stage: Stage | None = None
    nested: NestedIn | None = None
    ratio_below: Ratio | None = None
    price: Place | None = None
    direction: Literal["up", "down"] | None = None


class ScreenQueryIn(Wire):
    """Conditions joined by and."""

    conditions: Annotated[list[ConditionIn], Field(min_length=1, max_length=MOST_CONDITIONS)]
    config: Annotated[str, Field(min_length=1, max_length=40)] = DEFAULT_CONFIG
    adjust: AdjustKey = "none"

    def query(self) -> ScreenQuery:
        """InvalidError 'bad_screen' where fields do not fit each other."""
        return parse_query(self.model_dump(mode="json", exclude_none=True))


class ScreenIn(Wire):
    """A screen to run over these instruments, or over all."""

    query: ScreenQueryIn
    instruments: Annotated[list[Symbol], Field(max_length=500)] = Field(default_factory=list)


class NestedFact(Wire):
    timeframe: str
    kind: PointKind
    ts: int
    price: str
    stage: Stage


class PointFact(Wire):
    """The point that answered; it reached the stage `age` bars ago."""

    kind: PointKind
    ts: int
    price: str
    ratio: float | None
    stage: Stage
    age: int
    nested: NestedFact | None = None


class FactOut(Wire):
    """What one condition found, after the bar that opened at `ts`."""

    timeframe: str
    level: Level
    ts: int
    close: str
    direction: Literal["up", "down"] | None = None
    price: Place | None = None
    zg: str | None = None
    zd: str | None = None
    ratio: float | None = None
    point: PointFact | None = None


class MatchOut(Wire):
    instrument: str
    alias: str
    name: WatchName
    facts: list[FactOut]


class ScreenRunOut(Wire):
    """How far a run is and, once it is DONE, what answered it. `skipped` counts by code the instruments that could not
    be looked at, such as `series_not_found`. At most 1000 matches are listed."""

    id: Id
    status: JobStatus
    progress: JobProgress
    instruments: int
    matched: int
    skipped: dict[str, int]
    matches: list[MatchOut]
    error: dict[str, Any] | None

    @classmethod
    def of(cls, row: JobRow) -> "ScreenRunOut":
        result = row.result or {"instruments": 0, "matched": 0, "skipped": {}, "matches": []}
        progress = JobProgress(done=row.progress_done, total=row.progress_total, note=row.progress_note)
        return cls(id=row.id, status=JobStatus(row.status), progress=progress, error=row.error, **result)


class SavedScreenIn(Wire):
    name: Name
    query: ScreenQueryIn
    alert: Flag = False


class SavedScreenOut(Wire):
    """A screen kept under a name; `matched` are the instruments that answered it when it ran last."""

    id: Id
    name: str
    query: ScreenQueryIn
    alert: bool
    matched: list[str]
    ran_at: TimeMs | None

    @classmethod
    def of(cls, row: SavedScreen) -> "SavedScreenOut":
        return cls.model_validate(row)
