"""Limits and halts on the wire."""

from typing import Annotated

from pydantic import Field

from alphaloop.infra.http.wire import Count, Flag, Id, Money, Ratio, ShortText, TimeMs, Wire

Share = Annotated[Money, Field(gt=0, le=1)]


class RiskLimits(Wire):
    """Limits a person sets for themselves; null leaves the platform's default. Shares are fractions of equity."""

    max_orders_per_minute: Annotated[Count, Field(ge=1, le=10_000)] | None = None
    max_orders_per_day: Annotated[Count, Field(ge=1, le=1_000_000)] | None = None
    max_single_order_pct: Share | None = None
    max_single_position_pct: Share | None = None
    price_band_pct: Share | None = None


class RiskConfigView(Wire):
    """What the person set, and what applies after merging with the platform's defaults and maxima."""

    own: RiskLimits
    effective: RiskLimits


class RiskState(Wire):
    halted: bool
    reason: str | None
    orders_last_minute: int
    max_orders_per_minute: int | None
    exposure_pct: Ratio | None
    max_single_position_pct: Money | None


class HaltChange(Wire):
    """Stop or resume everything new; `account_id` narrows it to one account."""

    on: Flag
    reason: ShortText = ""
    account_id: Id | None = None


class RiskLogView(Wire):
    id: Id
    account_id: Id
    instrument: str
    step: int
    rule_type: str
    trigger_value: Money | None
    threshold: Money | None
    action_taken: str
    ts: int = Field(validation_alias="market_ts_ms")
    created_at_ms: TimeMs = Field(validation_alias="created_at")
