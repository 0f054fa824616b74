"""Whether an instrument's structures answer a screen, and the facts that say why. Blocking, without a database; carries
the kernel along, so whoever serves people imports it late.

Each series is analysed once and only as far as the conditions reach: the first that fails spares the rest."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from alphaloop.adapters.feeds.contract import BarTable
from alphaloop.core.bar import Timeframe
from alphaloop.core.calendar import Calendar
from alphaloop.core.errors import AlphaLoopError, InvalidError
from alphaloop.features.research.configs import named_config
from alphaloop.features.research.rows import price_text
from alphaloop.features.research.screening import LEVELS, STAGES, Condition, Nested, ScreenQuery
from alphaloop.kernels.chan import ChanConfig, ChanInputError, ChanState, ChanTables, asof_features
from alphaloop.kernels.chan.nesting import Level, lines_of, nested_points

BARS_READ = 20_000
"""Newest bars of a series that a screen reads. Where a series begins stops to matter after about a thousand."""

_RATIOS = ("divergence_ratio", "segment_divergence_ratio")
Table = npt.NDArray[np.void]


@dataclass(frozen=True, slots=True)
class Member:
    """One instrument of the universe. `read` gives the newest bars of a timeframe, at most BARS_READ of them, and
    raises AlphaLoopError when there are none."""

    name: str
    calendar: Calendar
    read: Callable[[Timeframe], BarTable]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one instrument: the facts of every condition when it matches, None when it does not; `code` says
    why it could not be looked at."""

    name: str
    facts: list[dict[str, Any]] | None = None
    code: str = ""


class Analysed:
    """One series as known after its newest bar."""

    def __init__(self, table: BarTable, timeframe: Timeframe, calendar: Calendar, config: ChanConfig) -> None:
        state = ChanState(config)
        state.extend(table.ts, table.open, table.high, table.low, table.close, table.volume)
        self.bars = table
        self.tables: ChanTables = state.tables()
        self._timeframe, self._calendar, self._config = timeframe, calendar, config

    @cached_property
    def ratios(self) -> dict[str, float]:
        """Force of the newest segment's last line against the one before, by column. Few screens ask for it."""
        table = self.bars
        columns = (table.ts, table.open, table.high, table.low, table.close, table.volume)
        found = asof_features(*columns, self._config, _RATIOS)
        return {name: float(column[-1]) for name, column in found.items()}

    @cached_property
    def level(self) -> Level:
        """For nesting. Only a point that fits everything else needs the closing times."""
        closes = [self._calendar.close_ms(ts, self._timeframe) for ts in self.bars.ts.tolist()]
        return Level(self.tables, np.array(closes, np.int64))

    def price(self, value: float) -> str:
        return price_text(value, self.bars.price_decimals)


def screen(members: Sequence[Member], query: ScreenQuery, pool: Executor | None = None) -> Iterator[Outcome]:
    """The outcome of each member in turn. `pool` reads the next ones' first series while one is analysed.

    Raises InvalidError 'unknown_config'."""
    config = named_config(query.config)
    first = query.conditions[0].timeframe
    if pool is None:
        early = ((lambda member=member: member.read(first)) for member in members)
    else:
        early = ((lambda job=job: job.result()) for job in [pool.submit(member.read, first) for member in members])
    for member, begin in zip(members, early, strict=True):
        yield _outcome(member, query, config, begin)


def _outcome(member: Member, query: ScreenQuery, config: ChanConfig, begin: Callable[[], BarTable]) -> Outcome:
    known: dict[Timeframe, Analysed] = {}

    def analysed(timeframe: Timeframe) -> Analysed:
        if timeframe not in known:
            early = not known and timeframe is query.conditions[0].timeframe
            table = begin() if early else member.read(timeframe)
            if not len(table):
                raise InvalidError("There are no bars.", code="no_bars")
            known[timeframe] = Analysed(table, timeframe, member.calendar, config)
        return known[timeframe]

    facts = []
    try:
        for condition in query.conditions:
            found = _facts(condition, analysed)
            if found is None:
                return Outcome(member.name)
            facts.append(found)
    except ChanInputError:
        return Outcome(member.name, code="series_damaged")
    except AlphaLoopError as error:
        return Outcome(member.name, code=error.code)
    return Outcome(member.name, facts)


def _facts(condition: Condition, analysed: Callable[[Timeframe], Analysed]) -> dict[str, Any] | None:
    """What a condition found, None when it does not hold."""
    series, level = analysed(condition.timeframe), LEVELS.index(condition.level)
    facts: dict[str, Any] = {
        "timeframe": condition.timeframe.value,
        "level": condition.level,
        "ts": int(series.bars.ts[-1]),
        "close": series.price(float(series.bars.close[-1])),
    }
    if condition.direction is not None:
        lines = lines_of(series.tables, level)
        if not len(lines) or ("up" if lines[-1]["direction"] > 0 else "down") != condition.direction:
            return None
        facts["direction"] = condition.direction
    if condition.price is not None:
        place = _place(series, level)
        if place is None or place["price"] != condition.price:
            return None
        facts.update(place)
    if condition.point:
        point = _point(condition, series, level, analysed)
        if point is None:
            return None
        facts["point"] = point
    elif condition.ratio_below is not None:
        ratio = series.ratios[_RATIOS[level]]
        if not ratio < condition.ratio_below:
            return None
        facts["ratio"] = round(ratio, 4)
    return facts


def _place(series: Analysed, level: int) -> dict[str, Any] | None:
    pivots = series.tables.pivots[level]
    if not len(pivots):
        return None
    pivot, close = pivots[-1], float(series.bars.close[-1])
    zg, zd = float(pivot["zg"]), float(pivot["zd"])
    price = "above_pivot" if close > zg else "below_pivot" if close < zd else "in_pivot"
    return {"price": price, "zg": series.price(zg), "zd": series.price(zd)}


def _point(
    condition: Condition, series: Analysed, level: int, analysed: Callable[[Timeframe], Analysed]
) -> dict[str, Any] | None:
    """The newest point that fits, as facts."""
    points = series.tables.points[level]
    reached = reached_at(series.tables, level, condition.stage)
    fits = np.isin(points["kind"], condition.point) & (reached >= len(series.bars) - condition.within_bars)
    if condition.ratio_below is not None:
        fits &= points["ratio"] < condition.ratio_below
    numbers = np.flatnonzero(fits)
    for n in numbers[np.argsort(-points["idx"][numbers], kind="stable")]:
        facts = _point_facts(series, points[n], condition.stage, age=len(series.bars) - 1 - int(reached[n]))
        if condition.nested is None:
            return facts
        inner = _nested_facts(condition.nested, series, analysed(condition.nested.timeframe), int(n), level)
        if inner is not None:
            return {**facts, "nested": inner}
    return None


def reached_at(tables: ChanTables, level: int, stage: str) -> npt.NDArray[np.int64]:
    """The bar at which each point of a level reached the stage, -1 where it has not: int64[points]."""
    points = tables.points[level]
    if stage == "settled":
        settled: npt.NDArray[np.int64] = lines_of(tables, level)["final_at"][points["line"]]
        return np.where(settled < 0, -1, np.maximum(settled, points["known_at"]))
    reached: npt.NDArray[np.int64] = points[{"shown": "known_at", "sure": "confirmed_at", "proven": "final_at"}[stage]]
    return reached


def _point_facts(series: Analysed, point: np.void, stage: str, *, age: int) -> dict[str, Any]:
    ratio = float(point["ratio"])
    return {
        "kind": str(point["kind"]),
        "ts": int(series.bars.ts[point["idx"]]),
        "price": series.price(float(point["price"])),
        "ratio": round(ratio, 4) if np.isfinite(ratio) else None,
        "stage": stage,
        "age": age,
    }


def _nested_facts(nested: Nested, above: Analysed, below: Analysed, n: int, level: int) -> dict[str, Any] | None:
    rows = nested_points([above.level, below.level], n, lines=level)
    fits = np.isin(rows["kind"], nested.point) if nested.point else np.ones(len(rows), np.bool_)
    fits &= np.isin(rows["stage"], STAGES[STAGES.index(nested.stage) :])
    if not fits.any():
        return None
    row = rows[fits][-1]
    return {
        "timeframe": nested.timeframe.value,
        "kind": str(row["kind"]),
        "ts": int(below.bars.ts[row["idx"]]),
        "price": below.price(float(row["price"])),
        "stage": str(row["stage"]),
    }
