"""Ex-dates: bringing corporate actions in, looking them up, and telling those who hold the instrument."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

from alphaloop.adapters.feeds import ListedAction, read_action_file
from alphaloop.core.clock import Clock, to_ms
from alphaloop.core.corporate import CorporateAction
from alphaloop.core.errors import InvalidError, NotFoundError
from alphaloop.core.events import Event
from alphaloop.core.money import plain
from alphaloop.features.audit import service as audit
from alphaloop.features.market import events, repository
from alphaloop.features.market.models import CorporateActionRow, InstrumentRow
from alphaloop.features.market.naming import Hints, name_instrument
from alphaloop.features.market.service.instruments import find_instrument
from alphaloop.infra.db import ReadSession, WriteSession
from alphaloop.infra.identity import Actor
from alphaloop.infra.outbox import announce

_LISTED = 20


@dataclass(frozen=True, slots=True)
class BroughtActions:
    """What an import of actions did: rows new, rows that say something else than before (and win), and symbols that
    are no instrument here, at most 20 of them."""

    added: int
    changed: int
    unchanged: int
    unknown: tuple[str, ...]


async def read_actions(actor: Actor, path: Path, *, symbol: str = "") -> list[ListedAction]:
    """The actions of a file; InvalidError names the first bad row."""
    actor.require("market.import")
    return await asyncio.to_thread(read_action_file, path, symbol=symbol)


async def bring_actions(
    session: WriteSession, actor: Actor, clock: Clock, listed: list[ListedAction], *, source: str
) -> BroughtActions:
    """Store actions of instruments that are known here. A later word on the same ex-date replaces the earlier one.

    Ex-dates that have passed are not announced: nobody's order of today is touched by them."""
    actor.require("market.import")
    by_symbol: dict[str, list[ListedAction]] = defaultdict(list)
    for one in listed:
        by_symbol[one.symbol].append(one)
    added = changed = unchanged = 0
    unknown = []
    for symbol, actions in by_symbol.items():
        row = await _instrument(session, symbol)
        if row is None:
            unknown.append(symbol)
            continue
        known = {one.ex_ts: one for one in await repository.actions_of(session, row.id)}
        for one in actions:
            ex_ts = day_ms(one.action.ex_date)
            before = known.get(ex_ts)
            if before is None:
                known[ex_ts] = _new_action(row, one, source=source, now=clock.now())
                session.add(known[ex_ts])
                added += 1
            elif (before.terms, before.ratio) == (one.action, one.ratio):
                unchanged += 1
            else:
                _set_terms(before, one, source)
                changed += 1
    await session.flush()
    await audit.record(
        session,
        actor,
        clock=clock,
        action="market.bring_actions",
        resource_type="corporate_actions",
        resource_id=source,
        after={"added": added, "changed": changed, "unknown": len(unknown)},
    )
    return BroughtActions(added, changed, unchanged, tuple(unknown[:_LISTED]))


async def list_actions(session: ReadSession, actor: Actor, *, instrument: str) -> list[CorporateActionRow]:
    """Every ex-date of an instrument, oldest first."""
    actor.require("market.read")
    row = await find_instrument(session, instrument)
    return await repository.actions_of(session, row.id)


async def ex_dates_between(session: ReadSession, instrument: str, *, after: date, until: date) -> list[CorporateAction]:
    """Ex-dates with after < date <= until, oldest first: what a position held over those sessions meets."""
    row = await find_instrument(session, instrument)
    found = await repository.actions_of(session, row.id)
    return [one.terms for one in found if day_ms(after) < one.ex_ts <= day_ms(until)]


async def announce_ex_dates(session: WriteSession, clock: Clock) -> int:
    """Tell of every ex-date whose market has come to it, each once; returns how many.

    The day is the market's own: Shanghai comes to it while New York still has the day before."""
    now = clock.now()
    told = 0
    for action, row in await repository.actions_to_announce(session, until_ts=to_ms(now) + _A_DAY_MS):
        if day_ms(row.spec_calendar.session_date(now)) < action.ex_ts:
            continue
        action.announced_at = now
        await announce(session, ex_date_passed(row, action.terms), at=now)
        told += 1
    return told


def ex_date_passed(row: InstrumentRow, action: CorporateAction) -> Event:
    """The event of an ex-date; amounts are plain decimal texts per share held before it."""
    return Event(
        events.EX_DATE_PASSED,
        {
            "instrument": row.symbol,
            "ex_date": action.ex_date.isoformat(),
            "cash": plain(action.cash),
            "bonus": plain(action.bonus),
            "rights": plain(action.rights),
            "rights_price": plain(action.rights_price),
        },
    )


def day_ms(day: date) -> int:
    """00:00 UTC of a session date, epoch ms: the time its daily bar carries."""
    return to_ms(datetime.combine(day, time(), UTC))


_A_DAY_MS = 86_400_000


async def _instrument(session: ReadSession, symbol: str) -> InstrumentRow | None:
    """The instrument a source spells like that, if it is known here."""
    try:
        return await find_instrument(session, symbol)
    except NotFoundError:
        spelled = _with_exchange(symbol)
    try:
        named = name_instrument(spelled, Hints())
    except InvalidError:
        return None
    return await repository.instrument_by_symbol(session, named.instrument.symbol)


def _with_exchange(code: str) -> str:
    """`600519` is SH600519, `000002` SZ000002: shares say by their first digit where they are listed."""
    if len(code) != 6 or not code.isdigit():
        return code
    return ("SH" if code[0] in "569" else "BJ" if code[0] in "48" else "SZ") + code


def _new_action(row: InstrumentRow, one: ListedAction, *, source: str, now: datetime) -> CorporateActionRow:
    made = CorporateActionRow(instrument_id=row.id, ex_ts=day_ms(one.action.ex_date), announced_at=None)
    _set_terms(made, one, source)
    if one.action.ex_date < row.spec_calendar.session_date(now):
        made.announced_at = now
    return made


def _set_terms(row: CorporateActionRow, one: ListedAction, source: str) -> None:
    action = one.action
    row.cash, row.bonus = action.cash, action.bonus
    row.rights, row.rights_price = action.rights, action.rights_price
    row.ratio, row.source = one.ratio, source[:32]
