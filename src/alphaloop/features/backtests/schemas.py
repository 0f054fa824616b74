"""Backtests on the wire."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from alphaloop.core.bar import Timeframe
from alphaloop.features.catalog.schemas import Params, StrategyKey
from alphaloop.infra.http.wire import Count, Flag, Id, Positive, Ratio, Symbol, TimeMs, Wire
from alphaloop.infra.jobs.models import JobStatus
from alphaloop.infra.jobs.wire import JobProgress

ExtraName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Cost = Annotated[Ratio, Field(ge=0, le=0.1)]


class Conditions(Wire):
    """What a run is asked for besides its strategy. `fee` and `slippage` are fractions of the price per side; with
    `market_rules` the rules of each instrument's market bind every fill, and `fee` is the broker's rate on top of the
    market's own charges; `leverage` and `isolated` margin count for perpetuals. Without a `benchmark` a single
    instrument is compared with itself. Inputs besides prices are found by the names that a strategy gives them;
    `extras` says which is kept under another name, such as {"vix": "vxn"}."""

    instruments: Annotated[list[Symbol], Field(min_length=1, max_length=500)]
    timeframe: Timeframe
    params: Params = Field(default_factory=dict)
    start_ts: Count | None = None
    end_ts: Count | None = None
    initial_capital: Positive = Field(default="1000000", validate_default=True)
    fee: Cost = 0.0
    slippage: Cost = 0.0
    fill: Literal["open", "close"] = "open"
    whole_units: Flag = False
    can_short: Flag = False
    market_rules: Flag = True
    leverage: Annotated[Positive, Field(ge=1, le=1000)] = Field(default="1", validate_default=True)
    isolated: Flag = False
    benchmark: Symbol | None = None
    extras: Annotated[dict[ExtraName, ExtraName], Field(max_length=32)] = Field(default_factory=dict)


class BacktestAsked(Conditions):
    """One run of one strategy."""

    strategy: StrategyKey


class BacktestOut(Wire):
    """A run without its report; `metrics` are there once it is done."""

    id: Id
    job_id: Id
    status: JobStatus
    progress: JobProgress
    error: dict[str, Any] | None
    strategy: str
    asked: dict[str, Any]
    run_id: str | None
    metrics: dict[str, Any] | None
    created_at_ms: TimeMs
    ended_at_ms: TimeMs | None


class BacktestResultOut(BacktestOut):
    """A run with what it showed (null until it is done): thinned `equity_curve`, every closed trade, and the rest of
    the report: intervals, months, rolling Sharpe, attribution, what could not be filled, gaps and notes."""

    equity_curve: dict[str, Any] | None
    trades: list[dict[str, Any]] | None
    report: dict[str, Any] | None


class MetricRow(Wire):
    """One metric of several runs, in the order in which they were asked for; null where it cannot be told."""

    metric: str
    values: list[float | None]


class Comparison(Wire):
    runs: list[BacktestOut]
    rows: list[MetricRow]
