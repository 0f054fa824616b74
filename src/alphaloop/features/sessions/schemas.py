"""Sessions and replays on the wire."""

from typing import Annotated, Any

from pydantic import Field

from alphaloop.core.bar import Timeframe
from alphaloop.features.catalog.schemas import Params, StrategyKey
from alphaloop.features.sessions.models import SessionStatus
from alphaloop.infra.http.wire import Count, Flag, Id, Money, Positive, Ratio, Symbol, TimeMs, Wire

Share = Annotated[Money, Field(gt=0, le=1)]


class NewSession(Wire):
    """Run a strategy on an account: `allocation` is the share of equity that a target of 1 means."""

    account_id: Id
    strategy: StrategyKey
    params: Params = Field(default_factory=dict)
    instrument: Symbol
    timeframe: Timeframe
    allocation: Share = Field(default="0.15", validate_default=True)


class SessionView(Wire):
    """`reason` says why it paused or stopped by itself: a code, and behind a colon the message with the line of the
    person's file that failed."""

    id: Id
    account_id: Id
    strategy: str = Field(validation_alias="strategy_key")
    params: dict[str, Any]
    instrument: str
    timeframe: Timeframe
    allocation: Money
    status: SessionStatus
    reason: str | None
    anchor_ts: int
    start_ts: int
    last_bar_ts: int
    signals: int
    orders: int
    started_at_ms: TimeMs = Field(validation_alias="started_at")


class NewReplay(Wire):
    """Walk through stored bars on a paper account of its own. `speed` is bars per second, 0 as fast as possible;
    `leverage` and `isolated` margin count where the market trades on margin."""

    instrument: Symbol
    timeframe: Timeframe
    start_ts: Count | None = None
    speed: Annotated[Ratio, Field(ge=0, le=1000)] = 4.0
    cash: Positive = Field(default="100000", validate_default=True)
    leverage: Positive = Field(default="1", validate_default=True)
    isolated: Flag = False


class ReplaySpeed(Wire):
    speed: Annotated[Ratio, Field(ge=0, le=1000)]


class ReplayStep(Wire):
    bars: Annotated[Count, Field(ge=1, le=1000)] = 1


class ReplayView(Wire):
    id: Id
    account_id: Id | None
    instrument: str
    timeframe: Timeframe
    first_ts: int
    start_ts: int
    cursor_ts: int
    last_ts: int
    bars_done: int
    bars_total: int
    speed: Ratio
    status: str
