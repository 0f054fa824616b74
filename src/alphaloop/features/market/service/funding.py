"""What perpetuals are settled by: funding rates and mark prices, brought in and read in the order of their times."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from alphaloop.adapters.feeds import ListedFunding, read_funding_file
from alphaloop.adapters.feeds.contract import BarTable
from alphaloop.core.bar import Timeframe
from alphaloop.core.clock import Clock
from alphaloop.core.errors import InvalidError
from alphaloop.core.instrument import AssetClass
from alphaloop.features.audit import service as audit
from alphaloop.features.market import marks, repository
from alphaloop.features.market.carry import Carry, carry_over
from alphaloop.features.market.marks import Marks
from alphaloop.features.market.models import FundingRow, InstrumentRow
from alphaloop.features.market.reading import SeriesKey
from alphaloop.features.market.service.imports import Imported
from alphaloop.features.market.service.instruments import find_instrument
from alphaloop.features.market.store import BarStore
from alphaloop.infra.db import ReadSession, WriteSession
from alphaloop.infra.identity import Actor


@dataclass(frozen=True, slots=True)
class BroughtFunding:
    """What an import of rates did: settlements new, saying something else than before (and winning), and the same."""

    added: int
    changed: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class Settlement:
    """Funding at `ts_ms`: longs pay rate x mark; `mark` None where the source of the rate does not state it."""

    ts_ms: int
    rate: Decimal
    mark: Decimal | None


async def find_perpetual(session: ReadSession, instrument: str) -> InstrumentRow:
    """The perpetual of that name; InvalidError 'not_a_perpetual' for what has neither funding nor mark."""
    row = await find_instrument(session, instrument)
    if row.asset_class != AssetClass.PERPETUAL:
        raise InvalidError(
            "Only perpetuals have funding and mark prices.",
            code="not_a_perpetual",
            fields=(("instrument", "not_a_perpetual"),),
        )
    return row


async def read_funding(
    actor: Actor, path: Path, *, kind: str, columns: Mapping[str, str] | None
) -> list[ListedFunding]:
    """The settlements of a file; InvalidError names the first bad row."""
    actor.require("market.import")
    return await asyncio.to_thread(read_funding_file, path, kind=kind, columns=columns)


async def bring_funding(
    session: WriteSession,
    actor: Actor,
    clock: Clock,
    listed: Sequence[ListedFunding],
    *,
    instrument: str,
    source: str,
) -> BroughtFunding:
    """Store settlements of a perpetual known here. A later word on the same settlement replaces the earlier one; what
    accounts were charged by the earlier one stays booked."""
    actor.require("market.import")
    row = await find_perpetual(session, instrument)
    known = {one.ts_ms: one for one in await repository.funding_of(session, row.id)}
    fresh, changed = [], 0
    for one in listed:
        before = known.get(one.ts_ms)
        if before is None:
            fresh.append(one)
        elif before.rate != one.rate or (one.mark is not None and before.mark != one.mark):
            before.rate, before.mark, before.source = one.rate, one.mark or before.mark, source[:32]
            changed += 1
    await repository.insert_funding(
        session,
        [
            {"instrument_id": row.id, "ts_ms": one.ts_ms, "rate": one.rate, "mark": one.mark, "source": source[:32]}
            for one in fresh
        ],
    )
    await session.flush()
    done = BroughtFunding(len(fresh), changed, len(listed) - len(fresh) - changed)
    if done.added or done.changed:
        await _written_down(session, actor, clock, row, "market.bring_funding", done.added, done.changed)
    return done


async def note_marks(session: WriteSession, actor: Actor, clock: Clock, imported: Imported) -> None:
    """Write down that mark prices were brought in."""
    actor.require("market.import")
    row = await find_perpetual(session, imported.prepared.naming.instrument.symbol)
    appended = imported.appended
    if appended.added or appended.replaced:
        await _written_down(session, actor, clock, row, "market.bring_marks", appended.added, appended.replaced)


async def list_funding(
    session: ReadSession, actor: Actor, *, instrument: str, before_ts: int | None = None, limit: int = 50
) -> list[FundingRow]:
    """Settlements of a perpetual, newest first."""
    actor.require("market.read")
    row = await find_perpetual(session, instrument)
    return await repository.funding_page(session, row.id, before_ts=before_ts, limit=limit)


async def settlements_between(
    session: ReadSession, instrument: str, *, after_ms: int, until_ms: int
) -> list[Settlement]:
    """Settlements with after < time <= until, oldest first; none for an instrument that is no perpetual."""
    row = await find_instrument(session, instrument)
    found = await repository.funding_of(session, row.id, after_ms=after_ms, until_ms=until_ms)
    return [Settlement(one.ts_ms, one.rate, one.mark) for one in found]


async def load_marks(store: BarStore, instrument: str, timeframe: Timeframe, *, since_ts: int) -> Marks:
    """Mark prices from a time on, for bars of a timeframe and for settlements."""
    return await asyncio.to_thread(marks.read_marks, store, instrument, timeframe, since_ts=since_ts)


async def read_carry(session: ReadSession, store: BarStore, key: SeriesKey, table: BarTable) -> Carry | None:
    """Funding and marks over the bars of a series, for a backtest; None for an instrument that has neither."""
    row = await find_instrument(session, key.symbol)
    if row.asset_class != AssetClass.PERPETUAL or not len(table):
        return None
    first, last = int(table.ts[0]), int(table.ts[-1])
    settlements = await settlements_between(session, key.symbol, after_ms=first - 1, until_ms=last)

    def lay() -> Carry:
        import numpy as np

        calendar = key.calendar_rules
        ends = np.array([calendar.close_ms(ts, key.timeframe) for ts in table.ts.tolist()], dtype=np.int64)
        known = marks.read_marks(store, key.symbol, key.timeframe, since_ts=first)
        return carry_over(table, ends, known, settlements)

    return await asyncio.to_thread(lay)


async def _written_down(
    session: WriteSession, actor: Actor, clock: Clock, row: InstrumentRow, action: str, added: int, changed: int
) -> None:
    await audit.record(
        session,
        actor,
        clock=clock,
        action=action,
        resource_type="instrument",
        resource_id=row.symbol,
        after={"added": added, "changed": changed},
    )
