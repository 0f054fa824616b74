"""Facts that rooms announce: written with the change that made them true, delivered at least once afterwards."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """`name` is `room.noun_past`; `account_id` orders delivery; `user_id` may see it; `payload` is plain JSON."""

    name: str
    payload: dict[str, Any]
    user_id: int | None = None
    account_id: int | None = None
    version: int = 1
    event_id: int | None = field(default=None, compare=False)
    at: datetime | None = field(default=None, compare=False)
