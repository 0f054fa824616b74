"""Rows of a table by what a person calls them: a number, a day, a time."""

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from alphaloop.core.clock import to_ms
from alphaloop.core.errors import InvalidError

if TYPE_CHECKING:
    from alphaloop.engine.panel import Ints


def row_at(ts_ms: "Ints", at: Any) -> int:
    """The row of a number (negative: from the end), or the newest row that began by a time (ISO 8601, date, datetime).

    A day alone means its last row. InvalidError 'unknown_bar' for what is no time or lies outside the rows."""
    import numpy as np

    if isinstance(at, int | np.integer) and not isinstance(at, bool):
        if not -len(ts_ms) <= at < len(ts_ms):
            raise _unknown(f"There are {len(ts_ms)} rows.")
        return int(at) % len(ts_ms)
    moment, whole_day = _moment(at)
    row = int(np.searchsorted(ts_ms, moment + (86_400_000 - 1 if whole_day else 0), side="right")) - 1
    step = int(np.diff(ts_ms).max()) if len(ts_ms) > 1 else 86_400_000
    if row < 0 or moment > int(ts_ms[-1]) + step:
        raise _unknown("That time lies outside the bars.")
    return row


def _moment(at: Any) -> tuple[int, bool]:
    """(epoch ms, whether it is a day without a time)."""
    if isinstance(at, str):
        text = at.strip()
        try:
            at = datetime.fromisoformat(text.replace("/", "-"))
        except ValueError:
            raise _unknown("A time is written like 2020-05-31 or 2020-05-31T14:30.") from None
        whole = len(text) <= len("2020-05-31")
    else:
        whole = isinstance(at, date) and not isinstance(at, datetime)
    if isinstance(at, date) and not isinstance(at, datetime):
        at = datetime(at.year, at.month, at.day, tzinfo=UTC)
    if not isinstance(at, datetime):
        raise _unknown("A bar is named by its row or its time.")
    return to_ms(at if at.tzinfo else at.replace(tzinfo=UTC)), whole


def _unknown(message: str) -> InvalidError:
    return InvalidError(message, code="unknown_bar", fields=(("at", "unknown_bar"),))
