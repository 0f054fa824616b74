"""Searches on the wire."""

from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool, StrictInt

from alphaloop.features.backtests.schemas import BacktestAsked
from alphaloop.infra.http.wire import Flag, Id, Ratio, TimeMs, Wire
from alphaloop.infra.jobs.models import JobStatus
from alphaloop.infra.jobs.wire import JobProgress

Metric = Literal[
    "trades",
    "open_trades",
    "final_equity",
    "fees",
    "bars",
    "total_return",
    "cagr",
    "sharpe",
    "sortino",
    "max_drawdown",
    "calmar",
    "win_rate",
    "profit_factor",
    "expectancy",
]
ParamName = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,63}$")]
Value = StrictBool | Ratio | Annotated[str, Field(max_length=200)]
Trials = Annotated[StrictInt, Field(ge=1, le=10_000)]
Seconds = Annotated[StrictInt, Field(ge=1, le=86_400)]


class Range(Wire):
    """What one parameter may be: numbers from `low` to `high` in steps, each by default as the strategy declares it, or
    the `values` alone."""

    low: Ratio | None = None
    high: Ratio | None = None
    step: Ratio | None = None
    values: Annotated[list[Value], Field(min_length=1, max_length=200)] | None = None


class Condition(Wire):
    """A parameter or metric against a number or another of them, such as max_drawdown <= 0.2 or fast < slow."""

    left: ParamName
    op: Literal["<", "<=", ">", ">=", "==", "!="]
    right: Ratio | ParamName


class OptimisationAsked(BacktestAsked):
    """A search. `params` are the parameters that stay as they are, `ranges` those that are searched (none: every other
    number, switch and choice within its own bounds). `maximise` null means what is better for that metric. The last
    part of the bars, `held_out`, is seen by the best alone. At most `trials` runs, and no new ones after `seconds`."""

    ranges: Annotated[dict[ParamName, Range], Field(max_length=16)] = Field(default_factory=dict)
    method: Literal["grid", "random", "bayes"] = "bayes"
    metric: Metric = "sharpe"
    maximise: Flag | None = None
    constraints: Annotated[list[Condition], Field(max_length=16)] = Field(default_factory=list)
    trials: Trials = 100
    seconds: Seconds | None = None
    seed: Annotated[StrictInt, Field(ge=0, le=2**31 - 1)] = 0
    held_out: Annotated[Ratio, Field(ge=0, le=0.6)] = 0.3


class ResumeAsked(Wire):
    """A new budget, counted with the trials that there are; null keeps the old one."""

    trials: Trials | None = None
    seconds: Seconds | None = None


class TrialOut(Wire):
    """One run: the searched parameters, its metrics (null: the strategy refused, and `error` says why), the sought
    `figure`, and whether every condition holds."""

    number: int
    point: dict[str, Any]
    metrics: dict[str, Any] | None
    error: str
    figure: float | None
    fit: bool


class AxisOut(Wire):
    """A searched parameter: its `values` where they can be listed, else its ends."""

    name: str
    low: float | None
    high: float | None
    step: float | None
    options: list[Any] | None


class Layout(Wire):
    """What a search runs on: trials see rows 0 to `cut` - 1 and trade from row `start` on, the best is shown on the
    rest; `upward` says that larger is better. `notes` are codes of what should be known beside the figures."""

    axes: list[AxisOut]
    fixed: dict[str, Any]
    start: int
    cut: int
    rows: int
    cut_ts: int | None
    upward: bool
    notes: list[str]


class VerdictOut(Wire):
    """The best on the bars that the search saw and on those it did not, and what is left of it once all trials are
    counted: the probability that its Sharpe ratio is more than luck among so many (`deflated`), that the best of the
    past falls below the median afterwards (`overfitting`), and the share of neighbours that keep half of the metric.
    `importance` is the share of the metric's variance that each parameter explains alone."""

    params: dict[str, Any]
    seen: dict[str, Any]
    unseen: dict[str, Any] | None
    trials: int
    deflated: float | None
    overfitting: float | None
    expected_best: float | None
    kept_share: float | None
    importance: dict[str, float]


class OptimisationOut(Wire):
    """A search: how far it is, the best so far, and the verdict once it is done."""

    id: Id
    job_id: Id
    status: JobStatus
    progress: JobProgress
    error: dict[str, Any] | None
    strategy: str
    asked: dict[str, Any]
    trials_done: int
    best: TrialOut | None
    layout: Layout | None
    verdict: VerdictOut | None
    created_at_ms: TimeMs
    ended_at_ms: TimeMs | None


class MapOut(Wire):
    """The sought metric over two parameters: per cell the best and the mean over all trials that fell into it whatever
    their other parameters (null: none did), row by row of `y`."""

    metric: Metric
    x_name: str
    y_name: str
    x: list[Any]
    y: list[Any]
    best: list[list[float | None]]
    mean: list[list[float | None]]
    count: list[list[int]]
