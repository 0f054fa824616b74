"""Running a screen over every instrument, and keeping screens under a name."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from alphaloop.core.clock import Clock
from alphaloop.core.errors import ConflictError, NotFoundError
from alphaloop.core.events import Event
from alphaloop.features.market import service as market
from alphaloop.features.research import events
from alphaloop.features.research.configs import named_config
from alphaloop.features.research.models import SavedScreen
from alphaloop.features.research.screening import ScreenQuery, plain_query
from alphaloop.features.research.service.repaint import WAITING
from alphaloop.infra.db import ReadSession, WriteSession
from alphaloop.infra.identity import Actor
from alphaloop.infra.jobs.local import enqueue, get_job, refuse_many
from alphaloop.infra.jobs.models import JobRow
from alphaloop.infra.outbox import announce

SCREEN_JOB = "research.screen"
SAVED = 100


async def start_screen(
    session: WriteSession,
    actor: Actor,
    clock: Clock,
    query: ScreenQuery,
    *,
    instruments: Sequence[str] = (),
    screen_id: int | None = None,
) -> JobRow:
    """Queue a run over `instruments`, or over all there are. ConflictError while too many of this person's wait,
    NotFoundError for an unknown instrument, InvalidError 'unknown_config'."""
    actor.require("chan.read")
    named_config(query.config)
    for name in instruments:
        await market.find_instrument(session, name)
    await refuse_many(session, SCREEN_JOB, owner_id=actor.person, most=WAITING)
    args: dict[str, Any] = {"query": plain_query(query), "instruments": list(instruments)}
    if screen_id is not None:
        args["screen_id"] = str(screen_id)
    job_id = await enqueue(session, clock, SCREEN_JOB, args, owner_id=actor.person)
    assert job_id is not None  # only jobs of a period can exist already
    return await get_job(session, job_id, owner_id=actor.person)


async def read_screen(session: ReadSession, actor: Actor, job_id: int) -> JobRow:
    """A run of this person's, with its matches once it is done; otherwise NotFoundError."""
    actor.require("chan.read")
    row = await get_job(session, job_id, owner_id=actor.person)
    if row.kind != SCREEN_JOB:
        raise NotFoundError("There is no such job.", code="job_not_found")
    return row


async def list_screens(session: ReadSession, actor: Actor) -> list[SavedScreen]:
    actor.require("chan.read")
    mine = select(SavedScreen).where(SavedScreen.user_id == actor.person)
    return list(await session.scalars(mine.order_by(SavedScreen.id)))


async def get_screen(session: ReadSession, actor: Actor, screen_id: int) -> SavedScreen:
    """A saved screen of this person's, otherwise NotFoundError."""
    actor.require("chan.read")
    row = await session.get(SavedScreen, screen_id)
    if row is None or row.user_id != actor.person:
        raise NotFoundError("There is no such screen.", code="screen_not_found")
    return row


async def save_screen(
    session: WriteSession, actor: Actor, clock: Clock, query: ScreenQuery, *, name: str, alert: bool
) -> SavedScreen:
    """ConflictError when the name is taken or there are too many, InvalidError 'unknown_config'."""
    actor.require("alert.write" if alert else "chan.read")
    named_config(query.config)
    if len(await list_screens(session, actor)) >= SAVED:
        raise ConflictError(f"At most {SAVED} screens are kept.", code="too_many_screens")
    row = SavedScreen(
        user_id=actor.person,
        name=name,
        query=plain_query(query),
        alert=alert,
        matched=[],
        ran_at=None,
        created_at=clock.now(),
    )
    await _stored(session, row)
    return row


async def change_screen(
    session: WriteSession, actor: Actor, screen_id: int, query: ScreenQuery, *, name: str, alert: bool
) -> SavedScreen:
    """Another query forgets what matched the old one."""
    actor.require("alert.write" if alert else "chan.read")
    named_config(query.config)
    row = await get_screen(session, actor, screen_id)
    plain = plain_query(query)
    if row.query != plain:
        row.query, row.matched, row.ran_at = plain, [], None
    row.name, row.alert = name, alert
    await _stored(session, row)
    return row


async def delete_screen(session: WriteSession, actor: Actor, screen_id: int) -> None:
    await session.delete(await get_screen(session, actor, screen_id))


async def note_matches(
    session: WriteSession, clock: Clock, screen_id: int, query: ScreenQuery, found: list[str]
) -> int:
    """Remember what a saved screen's run found and announce what is new, if it alerts; how many are new.

    Nothing is noted when the screen was removed or changed meanwhile. A repeated run finds nothing new."""
    row = await session.get(SavedScreen, screen_id, with_for_update=True)
    if row is None or row.query != plain_query(query):
        return 0
    before = set(row.matched)
    fresh = [symbol for symbol in found if symbol not in before]
    row.matched, row.ran_at = found, clock.now()
    if fresh and row.alert:
        payload = {"screen_id": str(row.id), "name": row.name, "instruments": fresh[:50], "matched": len(found)}
        await announce(session, Event(events.SCREEN_MATCHED, payload, row.user_id), at=clock.now())
    return len(fresh)


async def _stored(session: WriteSession, row: SavedScreen) -> None:
    try:
        async with session.begin_nested():
            session.add(row)
    except IntegrityError:
        raise ConflictError(
            "You have a screen of that name.", code="screen_exists", fields=(("name", "screen_exists"),)
        ) from None
