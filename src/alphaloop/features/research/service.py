"""What is known about a series: its Chan structure, and one line for a watch list."""

import asyncio
from dataclasses import dataclass
from typing import Any

from alphaloop.adapters.feeds.contract import BarTable
from alphaloop.core.bar import Timeframe
from alphaloop.core.clock import from_ms
from alphaloop.core.errors import NotFoundError
from alphaloop.features.market import service as market
from alphaloop.features.market.service import BarStore, SeriesKey
from alphaloop.features.research.rows import LAYERS, price_text, sentence_parts, structure_rows, tail_of
from alphaloop.features.research.structures import Structure, StructureBook
from alphaloop.infra.db import ReadSession
from alphaloop.infra.identity import Actor

__all__ = [
    "DEFAULT_CONFIG",
    "Structure",
    "StructureBook",
    "WatchLine",
    "read_structure",
    "watch_lines",
]

DEFAULT_CONFIG = "CN-STRICT-1"
_DAY_MS = Timeframe.D1.ms


@dataclass(frozen=True, slots=True)
class WatchLine:
    """One instrument's last price and mood; prices are decimal text, `change_pct` is against the session before."""

    symbol: str
    alias: str
    name: dict[str, Any]
    asset_class: str
    timeframe: str
    last: str | None
    change_pct: float | None
    ts: int | None
    state: str | None
    point: dict[str, Any] | None


async def read_structure(
    session: ReadSession,
    actor: Actor,
    store: BarStore,
    book: StructureBook,
    *,
    instrument: str,
    timeframe: Timeframe,
    config: str = DEFAULT_CONFIG,
    limit: int = 10_000,
    before_ts: int | None = None,
    replay_id: int | None = None,
) -> dict[str, Any]:
    """Rows of the structure that touch the newest `limit` bars before `before_ts`, as known at the replay's now.

    Numbers (`n`, `stroke`, `first`) count from the beginning of the series, whatever the window. NotFoundError when
    there is no such series, InvalidError 'unknown_config'.
    """
    actor.require("chan.read")
    as_of_ms = await market.moment_of(session, actor, replay_id)
    key = await market.series_key(session, instrument, timeframe)

    def analyse() -> dict[str, Any]:
        found = book.structure(store, key, config=config, as_of_ms=as_of_ms, watcher=replay_id)
        return _windowed(found, key, limit=limit, before_ts=before_ts, as_of_ms=as_of_ms) | {"config": config}

    return await asyncio.to_thread(analyse)


def _windowed(
    found: Structure | None, key: SeriesKey, *, limit: int, before_ts: int | None, as_of_ms: int | None
) -> dict[str, Any]:
    if found is None:
        empty: dict[str, Any] = {layer: [] for layer in LAYERS}
        return {
            **empty,
            "first": dict.fromkeys(LAYERS, 0),
            "state": None,
            "as_of_ms": as_of_ms,
            "first_ts": None,
            "bars": 0,
        }
    stop = len(found.ts) if before_ts is None else int(found.ts.searchsorted(before_ts))
    start = max(0, stop - limit)
    rows = structure_rows(found.tables, found.ts, close=found.close, decimals=found.decimals, window=(start, stop))
    if as_of_ms is None:
        as_of_ms = key.calendar_rules.close_ms(int(found.ts[-1]), key.timeframe)
    first_ts = int(found.ts[start]) if stop > start else None
    return {**rows, "as_of_ms": as_of_ms, "first_ts": first_ts, "bars": stop - start}


async def watch_lines(
    session: ReadSession,
    actor: Actor,
    store: BarStore,
    book: StructureBook,
    *,
    replay_id: int | None = None,
    limit: int = 20,
) -> list[WatchLine]:
    """The first `limit` instruments that have bars at that moment, each at its daily bars (the replayed one: at the
    replay's timeframe, and first)."""
    actor.require("market.read")
    as_of_ms = await market.moment_of(session, actor, replay_id)
    found = await market.list_instruments(session, actor, limit=limit)
    wanted: list[tuple[Any, Timeframe]] = []
    if replay_id is not None:
        replay = await market.get_replay(session, actor, replay_id)
        wanted.append((await market.find_instrument(session, replay.instrument), replay.frame))
    for row, series in found:
        frames = [item.frame for item, _ in series]
        if not any(row.id == other.id for other, _ in wanted):
            wanted.append((row, Timeframe.D1 if Timeframe.D1 in frames else frames[-1]))
    lines = []
    for row, timeframe in wanted[:limit]:
        key = await market.series_key(session, row.symbol, timeframe)
        watcher = replay_id if as_of_ms is not None else None
        line = await asyncio.to_thread(_line, row, key, store, book, as_of_ms, watcher)
        if line is not None:
            lines.append(line)
    return lines


def _line(
    row: Any, key: SeriesKey, store: BarStore, book: StructureBook, as_of_ms: int | None, watcher: int | None
) -> WatchLine | None:
    bars = max(3, _DAY_MS // key.timeframe.ms + 2)
    try:
        table, _ = market.newest_table(store, key, limit=bars, as_of_ms=as_of_ms)
    except NotFoundError:
        return None
    if not len(table):
        return None
    found = book.structure(store, key, config=DEFAULT_CONFIG, as_of_ms=as_of_ms, watcher=watcher)
    mood = None if found is None else sentence_parts(tail_of(found.tables), found.close)
    return WatchLine(
        symbol=row.symbol,
        alias=row.alias,
        name=row.names,
        asset_class=row.asset_class,
        timeframe=key.timeframe.value,
        last=price_text(float(table.close[-1]), table.price_decimals),
        change_pct=_change_pct(table, key),
        ts=int(table.ts[-1]),
        state=None if mood is None else str(mood["key"]),
        point=None if mood is None else mood["point"],
    )


def _change_pct(table: BarTable, key: SeriesKey) -> float | None:
    """Change of the last close against the close of the session date before, in percent."""
    if not key.timeframe.intraday:
        before = len(table) - 2
    else:
        calendar = key.calendar_rules
        today = calendar.session_date(from_ms(int(table.ts[-1])))
        before = len(table) - 2
        while before >= 0 and calendar.session_date(from_ms(int(table.ts[before]))) == today:
            before -= 1
    if before < 0:
        return None
    return round((float(table.close[-1]) / float(table.close[before]) - 1) * 100, 4)
