"""Signals and strategy runs on the wire."""

from typing import Annotated, Any

from pydantic import Field

from alphaloop.core.signal import Direction, SignalStatus
from alphaloop.features.catalog.schemas import Params, RunTarget
from alphaloop.features.signals.models import RunStatus, Trigger
from alphaloop.infra.http.wire import Flag, Id, Money, Ratio, TimeMs, Wire


class SignalCheck(Wire):
    """One reason why a signal was not traded: the step of the risk pipeline (-1: before it), a stable code, and the two
    numbers that were compared, where there are any."""

    step: int
    code: str
    value: Money | None = None
    limit: Money | None = None


class SignalView(Wire):
    """One signal. `strength`, `confidence` and `risk_score` lie between 0 and 1, `weight` is the share of equity asked
    for; `refused_by` is the switch that kept it from trading by itself; `mfe`, `mae` and `outcome` are shares of the
    price it could have been traded at, `hit` is null while that goes on. `expires_at_ms` is the account's own time."""

    id: Id
    session_id: Id | None
    account_id: Id
    strategy_id: Id | None
    run_id: Id | None = Field(validation_alias="strategy_run_id")
    strategy: str = Field(validation_alias="strategy_key")
    instrument: str
    timeframe: str
    signal_type: str | None
    direction: Direction
    target: Ratio
    sizing: str
    weight: Ratio | None
    strength: Ratio | None = Field(validation_alias="signal_strength")
    confidence: Ratio | None
    risk_score: Ratio | None
    rr_ratio: Ratio | None
    win_rate: Ratio | None
    factors: dict[str, Any] | None
    signal_metadata: dict[str, Any] | None
    price: Money | None = Field(validation_alias="entry_price")
    stop: Money | None = Field(validation_alias="stop_loss")
    take: Money | None = Field(validation_alias="take_profit")
    quantity: Money | None = Field(validation_alias="position_size")
    reason: str
    status: SignalStatus = Field(validation_alias="signal_status")
    validation: list[SignalCheck] = Field(validation_alias="validation_errors")
    auto_execute: bool
    refused_by: str | None
    order_id: Id | None
    execution_plan_id: Id | None
    mfe: Ratio | None
    mae: Ratio | None
    r_multiple: Ratio | None
    outcome: Ratio | None
    hit: str | None
    bars_held: int | None
    ts: int = Field(validation_alias="ts_ms")
    created_at_ms: TimeMs = Field(validation_alias="created_at")
    validated_at_ms: TimeMs | None = Field(validation_alias="validated_at")
    executed_at_ms: TimeMs | None = Field(validation_alias="executed_at")
    expires_at_ms: TimeMs | None = Field(validation_alias="expires_at")


class RunAsked(RunTarget):
    """A run of a strategy now: `params` on top of what is set of it; with `auto_execute` its signals may trade without
    asking, as far as every other switch allows."""

    params: Params = Field(default_factory=dict)
    auto_execute: Flag = False


class RunView(Wire):
    """One look of a strategy at the newest closed bars; `error` says why it failed."""

    id: Id
    strategy_id: Id
    account_id: Id
    job_id: Id
    trigger: Trigger
    status: RunStatus = Field(validation_alias="run_status")
    params: dict[str, Any]
    instruments: list[str]
    timeframe: str
    auto_execute: bool
    signal_count: int
    error: dict[str, Any] | None
    created_at_ms: TimeMs = Field(validation_alias="created_at")
    started_at_ms: TimeMs | None = Field(validation_alias="started_at")
    finished_at_ms: TimeMs | None = Field(validation_alias="finished_at")


class Batch(Wire):
    """Signals to execute together, of any of one's accounts."""

    ids: Annotated[list[Id], Field(max_length=100)]


class Executed(Wire):
    """What became of one signal of a batch; `code` where it is another's fault, such as `outvoted`."""

    id: Id
    status: SignalStatus
    order_id: Id | None
    code: str | None


class BatchDone(Wire):
    items: list[Executed]


class Agreement(Wire):
    """What the open signals of an account want of one instrument together. `net` lies between -1 and 1; `reason` is
    `unanimous`, `outvoted` or `below_threshold`; `against` are the signals that want something else."""

    instrument: str
    direction: Direction
    net: Ratio
    reason: str
    signals: list[Id]
    against: list[Id]


class Consent(Wire):
    """Whether a person lets signals trade on an account without asking."""

    account_id: Id
    on: Flag


class PerformanceView(Wire):
    """How a strategy's signals did after the fact, those of the accounts one reaches; null where it cannot be told."""

    signals: int
    executed: int
    measured: int
    win_rate: Ratio | None
    sharpe: Ratio | None
    profit_loss_ratio: Ratio | None
    expectancy_r: Ratio | None
    average_mfe: Ratio | None
    average_mae: Ratio | None
    hits: dict[str, int]
