"""The repaint meter: how many points of a series, once published, were taken back, and how long one must wait until
they no longer are. A back-test that acts earlier than that trades on signals nobody would have kept."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.chan.config import ChanConfig
from alphaloop.kernels.chan.events import LifeLog
from alphaloop.kernels.chan.layout import POINT_KINDS
from alphaloop.kernels.chan.state import ChanState
from alphaloop.kernels.chan.tables import ChanTables

Table = npt.NDArray[np.void]

STAGES = ("shown", "sure", "settled", "proven")
"""When one may act on a point: as soon as it is shown; when the end of its line is sure (its rule has passed, but it
may still move); when its line can no longer change; when the segment its line lies in can no longer change."""

EVERY_KIND = "all"


class RepaintRow(NamedTuple):
    """The points of one level and kind that reached one stage.

    published     how many did, each place (bar and kind) counted once, however often it came and went
    withdrawn     those not shown after the last bar
    open          those shown after the last bar that may still go, so that their fate is not known yet
    survival      share of the published not withdrawn, NaN when there are none
    delay_median  bars from the point's own bar until it reached the stage, and the delay nine of ten stay within;
    delay_p90     NaN when there are none"""

    level: int
    kind: str
    stage: str
    published: int
    withdrawn: int
    open: int
    survival: float
    delay_median: float
    delay_p90: float


class PointLife(NamedTuple):
    """One point (level, kind, bar) over the whole series: the bar at which it reached each of STAGES (-1 = never),
    whether it is shown after the last bar, and whether it can still change then."""

    level: int
    kind: str
    idx: int
    reached: tuple[int, int, int, int]
    shown: bool
    final: bool


def repaint_table(
    ts_ms: npt.ArrayLike,
    open: npt.ArrayLike,
    high: npt.ArrayLike,
    low: npt.ArrayLike,
    close: npt.ArrayLike,
    volume: npt.ArrayLike,
    config: ChanConfig,
) -> list[RepaintRow]:
    """A row per level, point kind ("all" first) and stage for one series of closed bars.

    Raises ChanInputError as `ChanState.extend`."""
    log = LifeLog(ChanState(config))
    log.extend(ts_ms, open, high, low, close, volume)
    return count_repaints(point_lives(log))


def count_repaints(lives: Iterable[PointLife]) -> list[RepaintRow]:
    """The rows of `repaint_table` for points of one series, or of several counted together; kinds as the lives say."""
    groups: dict[tuple[int, str], list[PointLife]] = defaultdict(list)
    for life in lives:
        groups[life.level, EVERY_KIND].append(life)
        groups[life.level, life.kind].append(life)
    places = sorted(groups, key=lambda place: (place[0], place[1] != EVERY_KIND, place[1]))
    return [_row(*place, stage, groups[place]) for place in places for stage in range(len(STAGES))]


def point_lives(log: LifeLog) -> list[PointLife]:
    """Every point the log has seen. The log must have begun with the first bar."""
    tables = log.state.tables()
    lines = [tables.strokes, *tables.segments]
    final_at = [_final_bars(table) for table in lines]
    now = {
        (level, str(point["kind"]), int(point["idx"])): bool(point["final_at"] >= 0)
        for level, points in enumerate(tables.points)
        for point in points
    }
    found = []
    for (level, start, idx, code), spans in _spans(log).items():
        kind = POINT_KINDS[code]
        settled = final_at[level].get((start, idx), -1)
        proven = _proven_at(tables, level, start, idx)
        sure = next((at for _, _, at in spans if at >= 0), -1)
        reached = (spans[0][0], sure, _first_shown(spans, settled), _first_shown(spans, proven))
        place = (level, kind, idx)
        found.append(PointLife(*place, reached, place in now, now.get(place, False)))
    return found


Spans = list[tuple[int, int, int]]
_LAST = np.iinfo(np.int64).max


def _spans(log: LifeLog) -> Mapping[tuple[int, int, int, int], Spans]:
    """(level, start of the line, bar, kind) → the spans of bars in which that point was shown: from, to (not
    included), and the bar at which it was sure, -1 = not."""
    spans: dict[tuple[int, int, int, int], Spans] = defaultdict(list)
    for level, start, end, kind, was, action, bar in _point_events(log):
        if action in ("moved", "withdrawn"):
            gone = spans[level, start, was if action == "moved" else end, kind]
            gone[-1] = (gone[-1][0], bar, gone[-1][2])
        if action in ("seen", "moved"):
            spans[level, start, end, kind].append((bar, _LAST, -1))
        elif action == "confirmed":
            here = spans[level, start, end, kind]
            here[-1] = (here[-1][0], _LAST, bar)
    return spans


def _point_events(log: LifeLog) -> Iterator[tuple[int, int, int, int, int, str, int]]:
    events = log.events()
    events = events[events["layer"] == "point"]
    names = ("level", "start_idx", "end_idx", "kind", "was_idx", "action", "bar")
    return zip(*(events[name].tolist() for name in names), strict=True)


def _final_bars(lines: Table) -> dict[tuple[int, int], int]:
    final = lines[lines["final_at"] >= 0]
    ends = zip(final["start_idx"].tolist(), final["end_idx"].tolist(), strict=True)
    return dict(zip(ends, final["final_at"].tolist(), strict=True))


def _proven_at(tables: ChanTables, level: int, start: int, idx: int) -> int:
    """When the segment that holds the line from `start` to `idx` became final, -1 = not yet."""
    segments = tables.segments[level]
    n = int(np.searchsorted(segments["start_idx"], start, side="right")) - 1
    return int(segments[n]["final_at"]) if n >= 0 and segments[n]["end_idx"] >= idx else -1


def _first_shown(spans: Spans, since: int) -> int:
    """The first bar from `since` on at which the point was shown, -1 = none."""
    if since < 0:
        return -1
    return next((max(first, since) for first, stop, _ in spans if stop > since), -1)


def _row(level: int, kind: str, stage: int, lives: list[PointLife]) -> RepaintRow:
    there = [life for life in lives if life.reached[stage] >= 0]
    withdrawn = sum(not life.shown for life in there)
    delays = [life.reached[stage] - life.idx for life in there]
    return RepaintRow(
        level=level,
        kind=kind,
        stage=STAGES[stage],
        published=len(there),
        withdrawn=withdrawn,
        open=sum(life.shown and not life.final for life in there),
        survival=1.0 - withdrawn / len(there) if there else float("nan"),
        delay_median=float(np.median(delays)) if there else float("nan"),
        delay_p90=float(np.percentile(delays, 90, method="inverted_cdf")) if there else float("nan"),
    )
