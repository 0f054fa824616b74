"""Strategies as rows: what a person may set of one, and every state its code and parameters have been in."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from alphaloop.infra.columns import Key, Model


class SourceKind(StrEnum):
    """What a strategy is made of: the library, code of one's own, Chan rules, a flow of blocks, or a model's answer."""

    BUILTIN = "BUILTIN"
    CODE = "CODE"
    CHAN = "CHAN"
    FLOW = "FLOW"
    AI = "AI"


class StrategyRow(Model):
    """A strategy of the library, a file of one's own (`creator_id` null for both: the installation's), or one that
    somebody configured on top of another (`base_key`) and that nobody else sees.

    `current_params` override `default_params`. A schedule is `run_schedule` (cron) or `after_close_min`, with its time
    zone and calendar, what to look at (`run_target`) and for whom; `schedule_from` is the moment up to which it has
    been served. The figures come from the runs of whoever may see the row.
    """

    __tablename__ = "strategies"
    __table_args__ = (Index("ix_strategies_category", "category"), Index("ix_strategies_enabled", "enabled"))

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(String(96), unique=True)
    name: Mapped[str] = mapped_column(String(128), unique=True)
    category: Mapped[str] = mapped_column(String(32))
    description: Mapped[str] = mapped_column(Text)
    enabled: Mapped[bool]
    is_builtin: Mapped[bool]
    source_kind: Mapped[str] = mapped_column(String(8))
    creator_id: Mapped[int | None] = mapped_column(Key, ForeignKey("users.id"), index=True)
    base_key: Mapped[str | None] = mapped_column(String(96))
    code_hash: Mapped[str] = mapped_column(String(64))
    default_params: Mapped[dict[str, Any]]
    current_params: Mapped[dict[str, Any] | None]
    params_schema: Mapped[list[Any]]
    signal_sources: Mapped[list[Any]]
    risk_profile: Mapped[dict[str, Any]]
    run_schedule: Mapped[str | None] = mapped_column(String(64))
    schedule_zone: Mapped[str | None] = mapped_column(String(64))
    schedule_calendar: Mapped[str | None] = mapped_column(String(16))
    after_close_min: Mapped[int | None]
    run_target: Mapped[dict[str, Any] | None]
    schedule_owner_id: Mapped[int | None] = mapped_column(Key)
    schedule_from: Mapped[datetime | None]
    auto_execute: Mapped[bool]
    win_rate: Mapped[float | None]
    sharpe_ratio: Mapped[float | None]
    total_signals: Mapped[int]
    last_run_at: Mapped[datetime | None]
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    @property
    def runs_as(self) -> str:
        """Key of the code that runs."""
        return self.base_key or self.key

    @property
    def params(self) -> dict[str, Any]:
        """The parameters it runs with now."""
        return {**self.default_params, **(self.current_params or {})}


class StrategyVersion(Model):
    """One state of a strategy: which code, which parameters, and why it changed. `verified_backtest_id` names a
    backtest of exactly this state."""

    __tablename__ = "strategy_versions"
    __table_args__ = (UniqueConstraint("strategy_id", "number"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    strategy_id: Mapped[int] = mapped_column(Key, ForeignKey("strategies.id"))
    number: Mapped[int]
    code_hash: Mapped[str] = mapped_column(String(64))
    config_hash: Mapped[str] = mapped_column(String(64))
    params: Mapped[dict[str, Any]]
    changelog: Mapped[str] = mapped_column(String(255))
    verified_backtest_id: Mapped[int | None] = mapped_column(Key)
    created_by: Mapped[int | None] = mapped_column(Key)
    created_at: Mapped[datetime]
