"""Strategies on the wire."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, TypeAdapter

from alphaloop.core.bar import Timeframe
from alphaloop.infra.http.wire import Count, Flag, Id, Page, Ratio, ShortText, Symbol, TimeMs, Wire


def _plain_value(value: Any) -> Any:
    """A switch, a number in float64 (the exact decimals of the body need not stay), a short text, or null."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _TEXT.validate_python(value)
    if isinstance(value, int) and abs(value) <= _WHOLE_MAX:
        return value
    return _NUMBER.validate_python(value)


_WHOLE_MAX = 2**53
_NUMBER: TypeAdapter[float] = TypeAdapter(Ratio)
_TEXT: TypeAdapter[str] = TypeAdapter(Annotated[str, Field(max_length=200)])
ParamValue = Annotated[Any, BeforeValidator(_plain_value)]
Params = Annotated[dict[Annotated[str, Field(max_length=64)], ParamValue], Field(max_length=64)]
"""Values by the names of a strategy's parameters; whether they fit it is judged by whoever knows its form."""

StrategyKey = Annotated[str, Field(pattern=r"^[a-z0-9_:/]{1,96}$")]
# A colon or a slash would make a name look like a key.
StrategyName = Annotated[
    str, StringConstraints(min_length=1, max_length=128, strip_whitespace=True, pattern=r"^[^/:\x00-\x1f]+$")
]
Share = Annotated[Ratio, Field(gt=0, le=1)]


class Label(Wire):
    zh: str
    en: str


class ParamView(Wire):
    """One field of a strategy's form. Numbers have bounds, choices have options, texts have a pattern."""

    name: str
    type: Literal["int", "float", "bool", "choice", "text"]
    default: int | float | bool | str
    low: float | None = None
    high: float | None = None
    step: float | None = None
    choices: list[str] | None = None
    pattern: str | None = None
    label: Label


class ExtraView(Wire):
    """An input besides prices, such as a factor or a rate."""

    name: str
    label: Label


class StrategyFace(Wire):
    """What a strategy's file says of itself. What asks for `extras` cannot run on the platform's own bars alone;
    `instruments` is how many it needs at least, `code_hash` changes whenever the file does."""

    key: str
    category: str
    category_label: Label
    label: Label
    summary: Label
    params: list[ParamView]
    risk: Label | None = None
    extras: list[ExtraView] = Field(default_factory=list)
    instruments: int = 1
    code_hash: str = ""


class RiskProfile(Wire):
    """What a strategy may risk, on top of the account's own limits; null says nothing. `max_position_pct` is the
    largest share of equity in one instrument, `stop_loss_pct` the distance of the stop where the strategy gives none,
    `price_drift_pct` how far the price may have run away before an entry is refused, `late_bars` how many bars an entry
    stays good."""

    max_position_pct: Share | None = None
    stop_loss_pct: Share | None = None
    price_drift_pct: Share | None = None
    late_bars: Annotated[Count, Field(ge=1, le=1000)] | None = None


class RunTarget(Wire):
    """What a run looks at, and for which account."""

    account_id: Id
    instruments: Annotated[list[Symbol], Field(max_length=500)] = Field(default_factory=list)
    timeframe: Timeframe


class ScheduleSet(RunTarget):
    """When a strategy runs by itself: a five-field cron line read in `zone` (the calendar's own, or UTC), or
    `after_close_min` minutes after each session of `calendar`. A cron line with a calendar counts on its session days
    only."""

    cron: Annotated[str, Field(max_length=64)] | None = None
    zone: Annotated[str, Field(max_length=64)] | None = None
    calendar: Annotated[str, Field(max_length=16)] | None = None
    after_close_min: Annotated[Count, Field(ge=0, le=1440)] | None = None


class ScheduleView(Wire):
    """A schedule, and what it has been served up to."""

    cron: str | None
    zone: str
    calendar: str | None
    after_close_min: int | None
    target: RunTarget
    served_until_ms: TimeMs


class StrategyView(StrategyFace):
    """One strategy, with what has been set of it. `name` is what it is called here, `base_key` the strategy that a
    configured one runs. The schedule is shown to whom it runs for."""

    id: Id
    name: str
    description: str
    enabled: bool
    is_builtin: bool
    source_kind: str
    is_mine: bool
    base_key: str | None
    default_params: dict[str, Any]
    current_params: dict[str, Any]
    version: int
    signal_sources: list[str]
    risk_profile: RiskProfile
    schedule: ScheduleView | None
    auto_execute: bool
    win_rate: float | None
    sharpe_ratio: float | None
    total_signals: int
    last_run_at_ms: TimeMs | None
    created_at_ms: TimeMs
    updated_at_ms: TimeMs


class NewStrategy(Wire):
    """A strategy of one's own on top of another: `base` is the key of the code that runs, `category` its own unless
    said otherwise."""

    base: StrategyKey
    name: StrategyName
    description: Annotated[str, Field(max_length=4000)] = ""
    category: Annotated[str, Field(max_length=32)] | None = None
    params: Params = Field(default_factory=dict)
    risk_profile: RiskProfile = Field(default_factory=RiskProfile)


class ParamsSet(Wire):
    """Parameters that take the place of what was set before; those left out go back to their default."""

    params: Params
    changelog: ShortText = ""


class AutoExecuteSet(Wire):
    on: Flag


class VersionView(Wire):
    """One state of a strategy's code and parameters."""

    number: int
    code_hash: str
    config_hash: str
    params: dict[str, Any]
    changelog: str
    verified_backtest_id: Id | None
    created_at_ms: TimeMs = Field(validation_alias="created_at")


class BrokenFile(Wire):
    """A file in the folder of one's own strategies that is none, and why."""

    file: str
    message: str


class StrategyPage(Page[StrategyView]):
    """The library and one's own files; `broken` are files that cannot be read."""

    broken: list[BrokenFile] = Field(default_factory=list)
