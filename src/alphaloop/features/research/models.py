"""Saved screens, and how much of what was published of a series was taken back."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from alphaloop.infra.columns import Key, Model


class SavedScreen(Model):
    """A person's screen under a name. `matched` are the instruments that answered it last, by symbol; with `alert` it
    runs daily and tells of those that were not among them."""

    __tablename__ = "chan_screens"
    __table_args__ = (UniqueConstraint("user_id", "name"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    user_id: Mapped[int] = mapped_column(Key, ForeignKey("users.id"))
    name: Mapped[str] = mapped_column(String(64))
    query: Mapped[dict[str, Any]]
    alert: Mapped[bool]
    matched: Mapped[list[Any]]
    ran_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class RepaintMeasure(Model):
    """The newest measurement of one series and configuration, over `bars` bars; `counted` are its rows as JSON."""

    __tablename__ = "chan_repaints"
    __table_args__ = (UniqueConstraint("instrument", "timeframe", "config"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    instrument: Mapped[str] = mapped_column(String(64))
    timeframe: Mapped[str] = mapped_column(String(4))
    config: Mapped[str] = mapped_column(String(40))
    bars: Mapped[int]
    first_ts: Mapped[int] = mapped_column(Key)
    last_ts: Mapped[int] = mapped_column(Key)
    counted: Mapped[list[Any]]
    measured_at: Mapped[datetime]
