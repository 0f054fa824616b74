"""Overfit passports on the wire."""

from typing import Annotated, Any, Literal

from pydantic import Field

from alphaloop.features.backtests.schemas import BacktestAsked
from alphaloop.features.catalog.schemas import ParamValue
from alphaloop.infra.http.wire import Count, Flag, Id, Ratio, TimeMs, Wire
from alphaloop.infra.jobs.models import JobStatus
from alphaloop.infra.jobs.wire import JobProgress

Verdict = Literal["pass", "warn", "fail", "unknown"]
Metric = Annotated[str, Field(pattern=r"^[a-z_0-9]{1,32}$")]


Ranges = Annotated[
    dict[Annotated[str, Field(max_length=64)], Annotated[list[ParamValue], Field(min_length=1, max_length=50)]],
    Field(max_length=8),
]


class PassportAsked(BacktestAsked):
    """Conditions of a backtest, and how its parameters were found: every combination of the values in `ranges` was
    looked at (none: a spread around `params` is assumed), and `trials` in all where that was more. `draws` are the
    markets drawn anew; market rules hang on dates, so with them two checks stay unknown."""

    market_rules: Flag = False
    ranges: Ranges = Field(default_factory=dict)
    trials: Annotated[Count, Field(ge=1, le=1_000_000)] | None = None
    metric: Metric = "sharpe"
    draws: Annotated[Count, Field(ge=5, le=500)] = 100
    seed: Annotated[Count, Field(ge=0, le=2**31 - 1)] = 0


class PassportCheck(Wire):
    """One question of a passport, its verdict and the figure it was judged by (null: none)."""

    question: str
    verdict: Verdict
    figure: Ratio | None


class PassportOut(Wire):
    """A passport without its sections; `verdict` is the worst of its checks once they are made."""

    id: Id
    job_id: Id
    status: JobStatus
    progress: JobProgress
    error: dict[str, Any] | None
    strategy: str
    asked: dict[str, Any]
    run_id: str | None
    verdict: Verdict | None
    checks: list[PassportCheck] | None
    created_at_ms: TimeMs
    ended_at_ms: TimeMs | None


class PassportResultOut(PassportOut):
    """A passport with everything behind its verdicts: metrics, the sections of each check, `refused` (why a check could
    not be made), `notes`, and the `map` of the metric over the parameters that were looked at."""

    passport: dict[str, Any] | None
