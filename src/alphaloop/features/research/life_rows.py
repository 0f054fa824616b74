"""The life-cycle log and the repaint meter of the kernel, as rows for the wire. Blocking; carries the kernel along."""

import math
from collections.abc import Iterator
from typing import Any

from alphaloop.adapters.feeds.contract import BarTable
from alphaloop.core.errors import UnavailableError
from alphaloop.kernels.chan import POINT_KINDS, ChanConfig, ChanInputError, ChanState
from alphaloop.kernels.chan.events import LifeLog
from alphaloop.kernels.chan.repaint import RepaintRow, count_repaints, point_lives

_CHUNK = 2000  # bars between two reports; the log takes them one by one
_DIRECTION = {1: "up", -1: "down"}


def event_rows(
    table: BarTable, start: int, config: ChanConfig, *, layer: str | None = None, level: int | None = None
) -> list[dict[str, Any]]:
    """What happened from bar `start` on, newest first; only of one layer or level where they are named."""
    state = ChanState(config)
    _take(state, table, 0, start)
    log = LifeLog(state)
    _take(log, table, start, len(table))
    events, ts = log.events()[::-1], table.ts
    if layer is not None:
        events = events[events["layer"] == layer]
    if level is not None:
        events = events[events["level"] == level]
    return [
        {
            "ts": int(ts[row["bar"]]),
            "layer": str(row["layer"]),
            "level": int(row["level"]),
            "action": str(row["action"]),
            "n": int(row["n"]),
            "start_ts": int(ts[row["start_idx"]]),
            "end_ts": int(ts[row["end_idx"]]),
            "was_ts": int(ts[row["was_idx"]]) if row["was_idx"] >= 0 else None,
            "kind": POINT_KINDS[int(row["kind"])] if row["layer"] == "point" else None,
            "direction": _DIRECTION.get(int(row["kind"])) if row["layer"] in ("stroke", "segment") else None,
        }
        for row in events
    ]


class RepaintRun:
    """A measurement that can be followed: iterate for the bars done so far, then ask for `measured`."""

    def __init__(self, table: BarTable, config: ChanConfig) -> None:
        self.bars = len(table)
        self._table = table
        self._log = LifeLog(ChanState(config))

    def __iter__(self) -> Iterator[int]:
        for start in range(0, self.bars, _CHUNK):
            yield start
            _take(self._log, self._table, start, min(start + _CHUNK, self.bars))

    def measured(self) -> dict[str, Any]:
        """Bars, first and last of them, and the rows counted."""
        ts = self._table.ts
        counted = [_row(one) for one in count_repaints(point_lives(self._log))]
        return {"bars": self.bars, "first_ts": int(ts[0]), "last_ts": int(ts[-1]), "counted": counted}


def _take(taker: ChanState | LifeLog, table: BarTable, start: int, stop: int) -> None:
    part = table.cut(start, stop)
    try:
        taker.extend(part.ts, part.open, part.high, part.low, part.close, part.volume)
    except ChanInputError as error:
        raise UnavailableError(f"The stored bars cannot be analysed: {error.reason}.", code="series_damaged") from error


def _row(counted: RepaintRow) -> dict[str, Any]:
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in counted._asdict().items()
    }
