"""Factors and their reports on the wire."""

from typing import Annotated, Any, Literal

from pydantic import Field

from alphaloop.core.bar import Timeframe
from alphaloop.infra.http.wire import Count, Id, Symbol, TimeMs, Wire
from alphaloop.infra.jobs.models import JobRow, JobStatus
from alphaloop.infra.jobs.wire import JobProgress
from alphaloop.kernels.factors import Factor

FactorKey = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")]
Rows = Annotated[Count, Field(ge=0, le=5000)]
Horizon = Annotated[Count, Field(ge=1, le=1000)]


class Words(Wire):
    zh: str
    en: str


class FactorOut(Wire):
    """One factor. `needs` are its inputs; `available` says that the platform's own bars are enough. `params` are
    numbers of rows with their defaults."""

    key: str
    category: str
    category_label: Words
    label: Words
    meaning: Words
    needs: list[str]
    available: bool
    params: dict[str, int]

    @classmethod
    def of(cls, factor: Factor, *, category: dict[str, str], available: bool) -> "FactorOut":
        return cls(
            key=factor.key,
            category=factor.category,
            category_label=Words(**category),
            label=Words(**factor.label),
            meaning=Words(**factor.meaning),
            needs=list(factor.needs),
            available=available,
            params=factor.params,
        )


class FactorReportAsked(Wire):
    """A factor over stored series. Returns are counted from `delay` rows after the factor's own, over each of
    `horizons`."""

    factor: FactorKey
    instruments: Annotated[list[Symbol], Field(min_length=3, max_length=500)]
    timeframe: Timeframe
    params: Annotated[dict[str, Rows], Field(max_length=8)] = Field(default_factory=dict)
    start_ts: Count | None = None
    end_ts: Count | None = None
    horizons: Annotated[list[Horizon], Field(min_length=1, max_length=8)] = Field(default_factory=lambda: [1, 5, 20])
    quantiles: Annotated[Count, Field(ge=2, le=10)] = 5
    delay: Annotated[Literal[0, 1, 2, 3], Field()] = 1


class FactorReportOut(Wire):
    """How far a report is; `report` (null until it is done) holds correlations by horizon with their intervals,
    quantile returns, what trading costs may not exceed, curves, relatives and warnings."""

    id: Id
    status: JobStatus
    progress: JobProgress
    error: dict[str, Any] | None
    asked: dict[str, Any]
    report: dict[str, Any] | None
    created_at_ms: TimeMs

    @classmethod
    def of(cls, row: JobRow, *, whole: bool = True) -> "FactorReportOut":
        """The report of a job; without what it says unless `whole`."""
        return cls(
            id=row.id,
            status=JobStatus(row.status),
            progress=JobProgress(done=row.progress_done, total=row.progress_total, note=row.progress_note),
            error=row.error,
            asked=row.args,
            report=row.result if whole else None,
            created_at_ms=row.created_at,
        )
