"""The audit trail's two tables: the rows, and the end of their chain."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from alphaloop.infra.columns import Key, Model

_PLAIN_JSON = JSON(none_as_null=True)


class AuditLog(Model):
    """One event. `user_id` and `account_id` are no foreign keys: a row outlives whom it speaks of.

    The last four columns are empty until the sealer has chained the row; `seal_no` counts rows in chain order, which
    differs from id order where a transaction committed late.
    """

    __tablename__ = "audit_logs"
    __table_args__ = (
        Index("ix_audit_logs_user_id_id", "user_id", "id"),
        Index("ix_audit_logs_account_id_id", "account_id", "id"),
        Index("ix_audit_logs_action_id", "action", "id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    at: Mapped[datetime]
    user_id: Mapped[int | None] = mapped_column(Key)
    account_id: Mapped[int | None] = mapped_column(Key)
    actor_type: Mapped[str] = mapped_column(String(16))
    action: Mapped[str] = mapped_column(String(64))
    resource_type: Mapped[str] = mapped_column(String(64))
    resource_id: Mapped[str | None] = mapped_column(String(64))
    before: Mapped[dict[str, Any] | None] = mapped_column(_PLAIN_JSON)
    after: Mapped[dict[str, Any] | None] = mapped_column(_PLAIN_JSON)
    details: Mapped[dict[str, Any] | None] = mapped_column(_PLAIN_JSON)
    result: Mapped[str] = mapped_column(String(8))
    ip_address: Mapped[str] = mapped_column(String(45))
    user_agent: Mapped[str] = mapped_column(String(255))
    request_id: Mapped[str] = mapped_column(String(64))
    prev_hash: Mapped[str | None] = mapped_column(String(64))
    hash: Mapped[str | None] = mapped_column(String(64))
    sealed_at: Mapped[datetime | None]
    seal_no: Mapped[int | None] = mapped_column(Key, unique=True)


class AuditHead(Model):
    """The end of the chain, one row: it makes a cut tail visible and lets only one sealer extend the chain."""

    __tablename__ = "audit_heads"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seal_no: Mapped[int] = mapped_column(Key)
    row_id: Mapped[int] = mapped_column(Key)
    hash: Mapped[str] = mapped_column(String(64))
