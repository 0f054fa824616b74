"""Signals on the wire."""

from pydantic import Field

from alphaloop.infra.http.wire import Id, Money, Ratio, Wire


class SignalCheck(Wire):
    """One reason why a signal was not traded: the step of the risk pipeline (-1: before it) and a stable code."""

    step: int
    code: str


class SignalView(Wire):
    id: Id
    session_id: Id | None
    account_id: Id
    strategy: str = Field(validation_alias="strategy_key")
    instrument: str
    timeframe: str
    direction: str
    target: Ratio
    strength: Ratio | None = Field(validation_alias="signal_strength")
    price: Money | None = Field(validation_alias="entry_price")
    stop: Money | None = Field(validation_alias="stop_loss")
    take: Money | None = Field(validation_alias="take_profit")
    quantity: Money | None = Field(validation_alias="position_size")
    reason: str
    status: str = Field(validation_alias="signal_status")
    validation: list[SignalCheck] = Field(validation_alias="validation_errors")
    ts: int = Field(validation_alias="ts_ms")
