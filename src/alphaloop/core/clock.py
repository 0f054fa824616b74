"""The only thing that says *now*, so that replay, tests and live trading differ by one argument."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """Current instant, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class ManualClock:
    """A clock that moves only when told to: a replay's bar time, or a test's."""

    def __init__(self, start: datetime) -> None:
        self._now = _aware(start)

    def now(self) -> datetime:
        return self._now

    def set(self, instant: datetime) -> None:
        self._now = _aware(instant)

    def advance(self, step: timedelta) -> None:
        self._now += step


def _aware(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("a naive time has no place here; give it a zone")
    return instant.astimezone(UTC)


def to_ms(instant: datetime) -> int:
    """Epoch milliseconds of an aware time."""
    return int((_aware(instant) - _EPOCH) // timedelta(milliseconds=1))


def from_ms(ts_ms: int) -> datetime:
    """Aware UTC time from epoch milliseconds."""
    return _EPOCH + timedelta(milliseconds=ts_ms)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
