"""All SQL of the market room."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, or_, select, update

from alphaloop.core.bar import Timeframe
from alphaloop.features.market.models import (
    BarSeries,
    CorporateActionRow,
    DataSource,
    FundingRow,
    InstrumentAlias,
    InstrumentRow,
    Replay,
    SourceStatus,
    StoredMode,
)
from alphaloop.infra.db import ReadSession, WriteSession


async def instrument_by_symbol(session: ReadSession, symbol: str) -> InstrumentRow | None:
    found = await session.scalars(select(InstrumentRow).where(InstrumentRow.symbol == symbol))
    # Some databases compare text without regard to case; a symbol is exact.
    return next((row for row in found if row.symbol == symbol), None)


async def instruments_by_alias(session: ReadSession, alias: str) -> list[InstrumentRow]:
    """Instruments shown under that short name, else those that some source spells that way."""
    shown = list(await session.scalars(select(InstrumentRow).where(InstrumentRow.alias == alias).limit(20)))
    if shown:
        return shown
    spelled = (
        select(InstrumentRow)
        .where(InstrumentRow.id.in_(select(InstrumentAlias.instrument_id).where(InstrumentAlias.alias == alias)))
        .order_by(InstrumentRow.id)
        .limit(20)
    )
    return list(await session.scalars(spelled))


async def instruments_page(
    session: ReadSession, *, query: str, after_id: int | None, limit: int
) -> list[InstrumentRow]:
    """Instruments that have an offered series, by id; `query` matches symbol, short name and both names."""
    offered = (
        select(BarSeries.id)
        .outerjoin(DataSource, DataSource.id == BarSeries.source_id)
        .where(BarSeries.instrument_id == InstrumentRow.id, _offered())
        .exists()
    )
    statement = select(InstrumentRow).where(offered).order_by(InstrumentRow.id).limit(limit)
    if query:
        statement = statement.where(InstrumentRow.search.contains(query.lower(), autoescape=True))
    if after_id is not None:
        statement = statement.where(InstrumentRow.id > after_id)
    return list(await session.scalars(statement))


async def offered_series(session: ReadSession, instrument_ids: Sequence[int]) -> list[tuple[BarSeries, str | None]]:
    """Series of these instruments with their source's name, finest first, without those of a source that is off."""
    rows = await session.execute(
        select(BarSeries, DataSource.name)
        .outerjoin(DataSource, DataSource.id == BarSeries.source_id)
        .where(BarSeries.instrument_id.in_(instrument_ids), _offered())
        .order_by(BarSeries.instrument_id, BarSeries.length_ms)
    )
    return [(series, name) for series, name in rows]


def _offered() -> ColumnElement[bool]:
    return or_(DataSource.id.is_(None), DataSource.status != SourceStatus.OFF)


async def series_of(session: ReadSession, instrument_id: int, timeframe: Timeframe) -> BarSeries | None:
    found: BarSeries | None = await session.scalar(
        select(BarSeries).where(BarSeries.instrument_id == instrument_id, BarSeries.length_ms == timeframe.ms)
    )
    return found


async def series_of_source(session: ReadSession, source_id: int) -> list[BarSeries]:
    return list(await session.scalars(select(BarSeries).where(BarSeries.source_id == source_id)))


async def modes_of(session: ReadSession, instrument_id: int) -> dict[Timeframe, StoredMode]:
    """Timeframes stored of an instrument, finest first, with what their prices are."""
    found = await session.execute(
        select(BarSeries.timeframe, BarSeries.adjustment)
        .where(BarSeries.instrument_id == instrument_id)
        .order_by(BarSeries.length_ms)
    )
    return {Timeframe(timeframe): StoredMode(mode) for timeframe, mode in found}


async def actions_of(session: ReadSession, instrument_id: int) -> list[CorporateActionRow]:
    """Ex-dates of an instrument, oldest first."""
    return list(
        await session.scalars(
            select(CorporateActionRow)
            .where(CorporateActionRow.instrument_id == instrument_id)
            .order_by(CorporateActionRow.ex_ts)
        )
    )


async def actions_to_announce(session: ReadSession, *, until_ts: int) -> list[tuple[CorporateActionRow, InstrumentRow]]:
    """Ex-dates up to that day which nobody has been told of, oldest first."""
    found = await session.execute(
        select(CorporateActionRow, InstrumentRow)
        .join(InstrumentRow, InstrumentRow.id == CorporateActionRow.instrument_id)
        .where(CorporateActionRow.announced_at.is_(None), CorporateActionRow.ex_ts <= until_ts)
        .order_by(CorporateActionRow.ex_ts, CorporateActionRow.id)
    )
    return [(action, row) for action, row in found]


async def funding_of(
    session: ReadSession, instrument_id: int, *, after_ms: int | None = None, until_ms: int | None = None
) -> list[FundingRow]:
    """Settlements of an instrument with after < time <= until, oldest first."""
    query = select(FundingRow).where(FundingRow.instrument_id == instrument_id).order_by(FundingRow.ts_ms)
    if after_ms is not None:
        query = query.where(FundingRow.ts_ms > after_ms)
    if until_ms is not None:
        query = query.where(FundingRow.ts_ms <= until_ms)
    return list(await session.scalars(query))


async def funding_page(
    session: ReadSession, instrument_id: int, *, before_ts: int | None, limit: int
) -> list[FundingRow]:
    """Settlements of an instrument, newest first."""
    query = select(FundingRow).where(FundingRow.instrument_id == instrument_id)
    if before_ts is not None:
        query = query.where(FundingRow.ts_ms < before_ts)
    return list(await session.scalars(query.order_by(FundingRow.ts_ms.desc()).limit(limit)))


async def insert_funding(session: WriteSession, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        await session.execute(insert(FundingRow), list(rows))


async def alias_row(session: ReadSession, source: str, alias: str) -> InstrumentAlias | None:
    found: InstrumentAlias | None = await session.scalar(
        select(InstrumentAlias).where(InstrumentAlias.source == source, InstrumentAlias.alias == alias)
    )
    return found


async def sources_page(
    session: ReadSession, *, user_id: int | None, after_id: int | None, limit: int
) -> list[DataSource]:
    """Sources of one person, or of everybody for None, by id."""
    statement = select(DataSource).order_by(DataSource.id).limit(limit)
    if user_id is not None:
        statement = statement.where(DataSource.user_id == user_id)
    if after_id is not None:
        statement = statement.where(DataSource.id > after_id)
    return list(await session.scalars(statement))


async def series_counts(session: ReadSession, source_ids: Sequence[int]) -> dict[int, int]:
    rows = await session.execute(
        select(BarSeries.source_id, func.count())
        .where(BarSeries.source_id.in_(source_ids))
        .group_by(BarSeries.source_id)
    )
    return {source_id: count for source_id, count in rows if source_id is not None}


async def release_series(session: WriteSession, source_id: int) -> None:
    """Cut series from their source, so that it can go while the bars stay; a source added later may take them up."""
    await session.execute(
        update(BarSeries).where(BarSeries.source_id == source_id).values(source_id=None, fingerprint="")
    )


async def delete_source(session: WriteSession, source_id: int) -> None:
    await session.execute(delete(DataSource).where(DataSource.id == source_id))


async def replays_of(session: ReadSession, user_id: int, *, limit: int) -> list[Replay]:
    """A person's replays, newest first."""
    return list(
        await session.scalars(select(Replay).where(Replay.user_id == user_id).order_by(Replay.id.desc()).limit(limit))
    )


async def replays_with_status(session: ReadSession, status: str) -> list[Replay]:
    return list(await session.scalars(select(Replay).where(Replay.status == status).order_by(Replay.id)))


async def move_cursor(
    session: WriteSession, replay_id: int, *, done_before: int, cursor_ts: int, bars_done: int, ended: bool
) -> bool:
    """Move a replay on if nobody else moved it meanwhile; a pause or a new speed set meanwhile stays."""
    values: dict[str, Any] = {"cursor_ts": cursor_ts, "bars_done": bars_done, "version": Replay.version + 1}
    if ended:
        values["status"] = "ENDED"
    moved = await session.execute(
        update(Replay)
        .where(Replay.id == replay_id, Replay.bars_done == done_before, Replay.status != "ENDED")
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return getattr(moved, "rowcount", 0) == 1


async def mark_synced(session: WriteSession, source_id: int, *, at: datetime) -> None:
    """A whole sync succeeded: a source that had failed is on again, one switched off meanwhile stays off."""
    await session.execute(update(DataSource).where(DataSource.id == source_id).values(last_sync_at=at, last_error=None))
    await session.execute(
        update(DataSource)
        .where(DataSource.id == source_id, DataSource.status == SourceStatus.FAILED)
        .values(status=SourceStatus.ON)
    )
