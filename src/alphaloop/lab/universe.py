"""Who belonged to the universe when: a backtest over today's members alone only ever meets the survivors.

A table of memberships (symbol, from, to, and perhaps delisted) makes each instrument tradable on its own days, and says
who is missing from the bars altogether.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alphaloop.core.errors import InvalidError
from alphaloop.lab.frames import as_polars, cell_fault, is_table, read_times

if TYPE_CHECKING:
    import polars as pl

    from alphaloop.engine.panel import Bools, Ints, Panel, Series
    from alphaloop.engine.strategy import Signals, Strategy

_DAY_MS = 86_400_000
_FOREVER = 4_102_444_800_000  # 2100-01-01
_ALIASES = {
    "symbol": "symbol ticker instrument code 代码 股票代码 证券代码",
    "from": "from since start begin date_in 纳入 纳入日期 开始",
    "to": "to until end date_out 剔除 剔除日期 结束",
    "delisted": "delisted delisting_date 退市 退市日期",
}
LEFT = "left the universe"


@dataclass(frozen=True)
class Universe:
    """`spans` are each symbol's memberships, [first ms, end ms) of days; `delisted` the day of a stated delisting."""

    spans: Mapping[str, Sequence[tuple[int, int]]]
    delisted: Mapping[str, int] = field(default_factory=dict)

    def members(self, names: Sequence[str], ts_ms: "Ints") -> "Bools":
        """Who is a member on each row, bool[T,N]; a symbol that the table does not name never is."""
        import numpy as np

        made = np.zeros((len(ts_ms), len(names)), dtype=np.bool_)
        for n, name in enumerate(names):
            for first, end in self.spans.get(name, ()):
                made[:, n] |= (ts_ms >= first) & (ts_ms < end)
        return made


@dataclass(frozen=True)
class Coverage:
    """What the bars say of a universe: members without bars, stated delistings within the bars (symbol -> day), symbols
    whose bars end before the last row though nothing is stated, and bars of symbols that were never members."""

    absent: tuple[str, ...]
    delisted: Mapping[str, str]
    ended: Mapping[str, str]
    outside: tuple[str, ...]

    def lines(self) -> list[str]:
        """Sentences for people."""
        parts = {
            "Members without bars": self.absent,
            "Delisted": _on(self.delisted),
            "Bars that end early, with no delisting stated": _on(self.ended),
            "Bars of no member": self.outside,
        }
        return [f"{title} ({len(names)}): {_some(names)}." for title, names in parts.items() if names]


def read_universe(source: Any) -> Universe:
    """Memberships of a CSV or Parquet file or of a table: symbol, from, to (the last day; empty: still), delisted.

    One row per membership. InvalidError 'bad_universe' names the column, 'bad_bars' the cell."""
    frame, places = _opened(source)
    times = {name: _days(frame, places[name]) for name in ("from", "to", "delisted") if name in places}
    spans: dict[str, list[tuple[int, int]]] = {}
    delisted: dict[str, int] = {}
    for row, symbol in enumerate(frame[places["symbol"]].to_list()):
        if symbol is None:
            raise cell_fault(row, places["symbol"], "missing_value")
        first, last = (times[name][row] if name in times else None for name in ("from", "to"))
        end = _FOREVER if last is None else last + _DAY_MS
        if first is not None and end <= first:
            raise cell_fault(row, places["to"], "not_increasing")
        spans.setdefault(str(symbol), []).append((-_FOREVER if first is None else first, end))
        gone = times["delisted"][row] if "delisted" in times else None
        if gone is not None:
            delisted[str(symbol)] = gone
    return Universe(spans, delisted)


def cover(universe: Universe, bars: Sequence["Series"]) -> Coverage:
    """How far these bars are the universe's."""
    names = {series.name for series in bars}
    last = max(int(series.ts_ms[-1]) for series in bars)
    gone = {name: _day(day) for name, day in universe.delisted.items() if name in names and day <= last}
    ends = {series.name: _day(int(series.ts_ms[-1])) for series in bars if int(series.ts_ms[-1]) < last}
    return Coverage(
        absent=tuple(sorted(set(universe.spans) - names)),
        delisted=gone,
        ended={name: day for name, day in ends.items() if name not in gone},
        outside=tuple(sorted(names - set(universe.spans))),
    )


def within(strategy: "Strategy", universe: Universe) -> "Strategy":
    """The strategy kept to the universe: nobody enters before joining, and whoever leaves is sold."""

    def evaluate(panel: "Panel", params: Any) -> "Signals":
        inside = universe.members(panel.names, panel.ts_ms)
        return _confine(strategy.evaluate(confined(panel, universe), params), inside)

    told = repr((strategy.source_hash, sorted((name, list(spans)) for name, spans in universe.spans.items())))
    return replace(strategy, evaluate=evaluate, source_hash=hashlib.sha256(told.encode()).hexdigest())


def confined(panel: "Panel", universe: Universe) -> "Panel":
    """The panel with nobody a member outside the universe's own days."""
    return panel._replace(member=panel.member & universe.members(panel.names, panel.ts_ms))


def _confine(signals: "Signals", inside: "Bools") -> "Signals":
    """Silence before an instrument joins, and flat from the row on which it has left."""
    import numpy as np

    rows = np.arange(len(inside), dtype=np.int64).reshape(-1, 1)
    joined = np.logical_or.accumulate(inside, axis=0)
    gone = joined & ~inside
    left = np.maximum.accumulate(np.where(inside, rows + 1, 0), axis=0)
    target = np.where(gone, 0.0, np.where(joined, signals.target, np.nan))
    episode = np.where(gone, left, signals.episode)
    if signals.reason is None:
        return signals._replace(target=target, episode=episode)
    reason = np.where(gone, len(signals.reasons), signals.reason)
    return signals._replace(target=target, episode=episode, reason=reason, reasons=(*signals.reasons, LEFT))


def _opened(source: Any) -> "tuple[pl.DataFrame, dict[str, str]]":
    import polars as pl

    if is_table(source):
        frame = as_polars(source)
    else:
        path = Path(source)
        try:
            binary = path.suffix.lower() == ".parquet"
            frame = pl.read_parquet(path) if binary else pl.read_csv(path, infer_schema=False)
        except (OSError, pl.exceptions.PolarsError):
            raise InvalidError(f"{path.name} cannot be read.", code="bad_universe") from None
    meanings = {alias: name for name, aliases in _ALIASES.items() for alias in aliases.split()}
    places: dict[str, str] = {}
    for column in frame.columns:
        meaning = meanings.get(column.strip().lower().replace(" ", "_"))
        if meaning is not None:
            places.setdefault(meaning, column)
    for needed in ("symbol", "from"):
        if needed not in places:
            field = ((f"column {needed}", "no_such_column"),)
            raise InvalidError(f"The universe needs a column {needed}.", code="bad_universe", fields=field)
    return frame, places


def _days(frame: "pl.DataFrame", name: str) -> list[int | None]:
    """Epoch ms of each day, None where the cell is empty."""
    cells = frame[name].to_list()
    kept = [row for row, cell in enumerate(cells) if cell is not None and str(cell).strip()]
    made: list[int | None] = [None] * len(cells)
    if kept:
        times = read_times(frame[kept], name)
        for row, ts in zip(kept, times.tolist(), strict=True):
            made[row] = ts // _DAY_MS * _DAY_MS
    return made


def _day(ts_ms: int) -> str:
    import numpy as np

    return str(np.datetime64(ts_ms, "ms").astype("datetime64[D]"))


def _on(days: Mapping[str, str]) -> list[str]:
    return [f"{name} on {day}" for name, day in sorted(days.items())]


def _some(names: Sequence[str], most: int = 10) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
