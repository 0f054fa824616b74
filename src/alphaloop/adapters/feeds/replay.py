"""Stored bars as if they were live: a cursor that walks a series at any speed, stops, steps and goes on.

The cursor is a value, so a killed process that reads it back goes on exactly where it was.
"""

import time
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from alphaloop.adapters.feeds.contract import (
    BarTable,
    Feed,
    FeedDescription,
    Places,
    SeriesListing,
    TestResult,
    try_listing,
)
from alphaloop.core.bar import parse_timeframe
from alphaloop.core.errors import InvalidError, UnavailableError

MAX_SPEED = 100_000.0


class ReplayStatus(StrEnum):
    PLAYING = "PLAYING"
    PAUSED = "PAUSED"
    ENDED = "ENDED"


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a replay has come. `done` of `total` bars after its start were shown; `speed` is bars per second and 0
    means as fast as possible."""

    done: int
    total: int
    speed: float
    status: ReplayStatus

    @property
    def left(self) -> int:
        return self.total - self.done


def due_bars(cursor: Cursor, elapsed_s: float, owed: float = 0.0) -> tuple[int, float]:
    """(bars to show now, fraction still owed) after `elapsed_s` seconds of playing.

    At speed 0 everything that is left is due. The fraction carries over, so that 0.3 bars a second means three bars
    in ten seconds however often the question is asked.
    """
    if cursor.status is not ReplayStatus.PLAYING or cursor.left <= 0:
        return 0, 0.0
    if cursor.speed == 0:
        return cursor.left, 0.0
    exact = owed + max(0.0, elapsed_s) * cursor.speed
    whole = min(int(exact), cursor.left)
    return whole, (exact - whole if whole < cursor.left else 0.0)


def advance(cursor: Cursor, bars: int) -> Cursor:
    """The cursor after showing that many more bars; the last bar ends the replay."""
    done = min(cursor.total, cursor.done + max(0, bars))
    ended = done >= cursor.total
    return replace(cursor, done=done, status=ReplayStatus.ENDED if ended else cursor.status)


def checked_speed(speed: float) -> float:
    """The speed itself, or InvalidError unless it is 0 or between 0.01 and 100 000 bars a second."""
    if not (speed == 0 or 0.01 <= speed <= MAX_SPEED):
        raise InvalidError(
            "The speed is 0 or between 0.01 and 100000 bars a second.",
            code="bad_speed",
            fields=(("speed", "bad_speed"),),
        )
    return speed


_DESCRIPTION = FeedDescription(
    type="REPLAY",
    label={"zh": "回放", "en": "Replay"},
    summary={"zh": "把已存的 K 线当作实时行情播放。", "en": "Plays stored bars as if they were live."},
    config_schema={
        "type": "object",
        "additionalProperties": False,
        "properties": {"until_ts": {"type": "integer", "title": {"zh": "截至", "en": "Up to"}}},
    },
    creatable=False,  # a replay is started on the chart, not added as a source
)


class ReplayFeed:
    """Reads stored bars up to and including the one that opened at `config["until_ts"]`."""

    def __init__(self, places: Places) -> None:
        self._stored = places.stored

    def describe(self) -> FeedDescription:
        return _DESCRIPTION

    def test(self, config: dict[str, Any]) -> TestResult:
        began = time.perf_counter()
        return try_listing(self, config, lambda: (time.perf_counter() - began) * 1000)

    def list_series(self, config: dict[str, Any]) -> list[SeriesListing]:
        if self._stored is None:
            raise UnavailableError("There are no stored bars to replay.", code="no_stored_bars")
        return self._stored.stored_series()

    def read(self, config: dict[str, Any], ref: str) -> BarTable:
        import numpy as np

        if self._stored is None:
            raise UnavailableError("There are no stored bars to replay.", code="no_stored_bars")
        symbol, _, timeframe = ref.rpartition("|")
        table = self._stored.stored_table(symbol, parse_timeframe(timeframe))
        until = config.get("until_ts")
        if until is None:
            return table
        if isinstance(until, bool) or not isinstance(until, int):
            raise InvalidError("until_ts is not a time.", code="bad_time", fields=(("config.until_ts", "bad_time"),))
        return table.cut(0, int(np.searchsorted(table.ts, until, side="right")))


def make_feed(places: Places) -> Feed:
    return ReplayFeed(places)
