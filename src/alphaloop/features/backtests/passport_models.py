"""Overfit passports: what was asked, and the answers once they are there."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.dialects.mysql import LONGBLOB
from sqlalchemy.orm import Mapped, mapped_column

from alphaloop.infra.columns import Key, Model


class PassportRow(Model):
    """One passport of one strategy. `asked` is the question as it was put; `passport` is zlib-packed JSON (None: none
    yet), of which `verdict` and `checks` ([{question, verdict, figure}]) are kept beside it for lists."""

    __tablename__ = "passports"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    user_id: Mapped[int] = mapped_column(Key, ForeignKey("users.id"), index=True)
    job_id: Mapped[int] = mapped_column(Key, unique=True)
    strategy: Mapped[str] = mapped_column(String(96))
    asked: Mapped[dict[str, Any]]
    run_id: Mapped[str | None] = mapped_column(String(16))
    verdict: Mapped[str | None] = mapped_column(String(8))
    checks: Mapped[list[Any] | None]
    passport: Mapped[bytes | None] = mapped_column(
        LargeBinary().with_variant(LONGBLOB(), "mysql").with_variant(LONGBLOB(), "mariadb"), deferred=True
    )
    created_at: Mapped[datetime]
