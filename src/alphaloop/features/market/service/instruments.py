"""Finding instruments by any of their names, and adding those that a source brings."""

import contextlib
from dataclasses import replace
from datetime import date

from sqlalchemy.exc import IntegrityError

from alphaloop.core.clock import Clock
from alphaloop.core.errors import InvalidError, NotFoundError
from alphaloop.core.instrument import Instrument
from alphaloop.features.audit import service as audit
from alphaloop.features.market import repository
from alphaloop.features.market.models import BarSeries, InstrumentAlias, InstrumentRow
from alphaloop.features.market.naming import Naming, under_rules
from alphaloop.infra.db import ReadSession, WriteSession
from alphaloop.infra.identity import Actor


async def find_instrument(session: ReadSession, text: str) -> InstrumentRow:
    """The instrument that `text` names: `BTC/USDT@binance`, or `BTCUSDT` where that is one instrument only.

    NotFoundError 'instrument_not_found', InvalidError 'ambiguous_symbol'.
    """
    found = await repository.instrument_by_symbol(session, text)
    if found is None and "@" not in text:
        named = await repository.instruments_by_alias(session, text.upper())
        if len(named) > 1:
            raise InvalidError(
                "Several instruments have this name; write it as NAME@VENUE.",
                code="ambiguous_symbol",
                fields=(("instrument", "ambiguous_symbol"),),
            )
        found = named[0] if named else None
    if found is None:
        raise NotFoundError("There is no such instrument.", code="instrument_not_found")
    return found


async def get_instrument(session: ReadSession, symbol: str) -> Instrument:
    """The instrument as orders and the engine know it, with market and board, or NotFoundError."""
    return (await find_instrument(session, symbol)).spec()


async def list_instruments(
    session: ReadSession, actor: Actor, *, query: str = "", after_id: int | None = None, limit: int = 50
) -> list[tuple[InstrumentRow, list[tuple[BarSeries, str | None]]]]:
    """One page of instruments that have bars, each with its series and their sources' names."""
    actor.require("market.read")
    rows = await repository.instruments_page(session, query=query.strip(), after_id=after_id, limit=limit)
    series: dict[int, list[tuple[BarSeries, str | None]]] = {row.id: [] for row in rows}
    for item, source_name in await repository.offered_series(session, list(series)):
        series[item.instrument_id].append((item, source_name))
    return [(row, series[row.id]) for row in rows]


async def ensure_instrument(
    session: WriteSession, clock: Clock, naming: Naming, *, spelled: str, source: str
) -> InstrumentRow:
    """The stored instrument of that name, added if new; remembers how the source spells it."""
    spec = naming.instrument
    row = await repository.instrument_by_symbol(session, spec.symbol)
    if row is None:
        try:
            async with session.begin_nested():
                row = _new_row(naming, clock)
                session.add(row)
        except IntegrityError:  # somebody else added it in the meantime
            row = await find_instrument(session, spec.symbol)
    source, spelled = source[:32], spelled[:64].upper()
    if await repository.alias_row(session, source, spelled) is None:
        with contextlib.suppress(IntegrityError):
            async with session.begin_nested():
                session.add(InstrumentAlias(source=source, alias=spelled, instrument_id=row.id))
    return row


async def state_rules(
    session: WriteSession,
    actor: Actor,
    clock: Clock,
    *,
    instrument: str,
    market: str,
    board: str,
    listed: date | None,
) -> InstrumentRow:
    """Say under which market and on which board an instrument trades and since when; empty leaves it to its code.

    Its lot and tick become those of that board. InvalidError 'unknown_market' or 'unknown_board'."""
    actor.require("platform.manage")
    row = await find_instrument(session, instrument)
    before = _rules_of(row)
    spec = under_rules(replace(row.spec(), market=market, board=board, listed=listed))
    if board and not spec.board:
        raise InvalidError(
            "This instrument has no market, so it has no board.", code="unknown_board", fields=(("board", "unknown"),)
        )
    row.market, row.board, row.listed = spec.market, spec.board, spec.listed
    row.lot, row.tick = spec.lot, spec.tick
    await session.flush()
    await audit.record(
        session,
        actor,
        clock=clock,
        action="market.state_rules",
        resource_type="instrument",
        resource_id=row.symbol,
        before=before,
        after=_rules_of(row),
    )
    return row


def _rules_of(row: InstrumentRow) -> dict[str, str]:
    return {"market": row.market, "board": row.board, "listed": str(row.listed or "")}


def _new_row(naming: Naming, clock: Clock) -> InstrumentRow:
    spec = naming.instrument
    return InstrumentRow(
        symbol=spec.symbol,
        alias=naming.alias[:64],
        names={"zh": naming.zh, "en": naming.en},
        search=" ".join((spec.symbol, naming.alias, naming.zh, naming.en)).lower()[:255],
        asset_class=spec.asset_class.value,
        base=spec.base,
        quote=spec.quote,
        tick=spec.tick,
        lot=spec.lot,
        min_notional=spec.min_notional,
        calendar=spec.calendar,
        can_short=spec.can_short,
        market=spec.market,
        board=spec.board,
        listed=spec.listed,
        created_at=clock.now(),
    )
