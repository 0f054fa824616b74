"""Backtests: what was asked, and the report once it is there."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.dialects.mysql import LONGBLOB
from sqlalchemy.orm import Mapped, mapped_column

from alphaloop.features.backtests.passport_models import PassportRow
from alphaloop.infra.columns import Key, Model

__all__ = ["BacktestRow", "PassportRow"]


class BacktestRow(Model):
    """One run of one strategy. `asked` is the question as it was put; `report` is zlib-packed JSON (None: none yet).

    `run_id` names data, code, parameters, rules and version: equal ids mean equal results."""

    __tablename__ = "backtests"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    user_id: Mapped[int] = mapped_column(Key, ForeignKey("users.id"), index=True)
    job_id: Mapped[int] = mapped_column(Key, unique=True)
    strategy: Mapped[str] = mapped_column(String(96))
    asked: Mapped[dict[str, Any]]
    run_id: Mapped[str | None] = mapped_column(String(16))
    metrics: Mapped[dict[str, Any] | None]
    report: Mapped[bytes | None] = mapped_column(
        LargeBinary().with_variant(LONGBLOB(), "mysql").with_variant(LONGBLOB(), "mariadb"), deferred=True
    )
    created_at: Mapped[datetime]
