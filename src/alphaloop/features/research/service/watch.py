"""One line for each instrument a person watches: last price, change and Chan mood."""

import asyncio
from dataclasses import dataclass
from typing import Any

from alphaloop.adapters.feeds.contract import BarTable
from alphaloop.core.bar import Timeframe
from alphaloop.core.clock import from_ms
from alphaloop.core.errors import NotFoundError
from alphaloop.features.market import service as market
from alphaloop.features.market.service import BarStore, SeriesKey
from alphaloop.features.research.configs import DEFAULT_CONFIG
from alphaloop.features.research.rows import price_text, sentence_parts, tail_of
from alphaloop.features.research.structures import StructureBook
from alphaloop.infra.db import ReadSession
from alphaloop.infra.identity import Actor

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
