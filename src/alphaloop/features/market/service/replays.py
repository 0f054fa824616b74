"""Replays: making one, playing, pausing, and moving it on one bar at a time by whoever drives it."""

import asyncio

from alphaloop.adapters.feeds.replay import Cursor, ReplayStatus, advance, checked_speed
from alphaloop.core.bar import Timeframe
from alphaloop.core.clock import Clock
from alphaloop.core.errors import ConflictError, InvalidError, NotFoundError
from alphaloop.core.events import Event
from alphaloop.features.audit import service as audit
from alphaloop.features.market import events, repository
from alphaloop.features.market.models import Replay
from alphaloop.features.market.service.bars import series_key
from alphaloop.features.market.service.instruments import find_instrument
from alphaloop.features.market.store import BarStore
from alphaloop.infra.db import ReadSession, WriteSession
from alphaloop.infra.identity import Actor, ActorType
from alphaloop.infra.outbox import announce

WARM_UP_BARS = 300
"""How many bars a replay shows at its start when nobody says where to start."""


async def create_replay(
    session: WriteSession,
    actor: Actor,
    clock: Clock,
    store: BarStore,
    *,
    instrument: str,
    timeframe: Timeframe,
    start_ts: int | None = None,
    speed: float = 1.0,
    account_id: int | None = None,
) -> Replay:
    """A paused replay of a stored series.

    The last bar that opened at or before `start_ts` is the last one visible at the beginning; without it up to 300
    bars are (half of a shorter series). InvalidError when no bar is left to play, NotFoundError without the series.
    """
    actor.require("market.read")
    checked_speed(speed)
    key = await series_key(session, instrument, timeframe)
    if timeframe not in key.stored:
        raise NotFoundError("Bars of this timeframe are not stored.", code="series_not_stored")
    times = (await asyncio.to_thread(store.read, key.symbol, timeframe)).ts
    if start_ts is None:
        start = min(WARM_UP_BARS, len(times) // 2 + 1) - 1
    else:
        start = int(times.searchsorted(start_ts, side="right")) - 1
    if not 0 <= start < len(times) - 1:
        raise InvalidError(
            "The replay must start inside the series.", code="bad_start", fields=(("start_ts", "bad_start"),)
        )
    replay = Replay(
        user_id=actor.person,
        account_id=account_id,
        instrument=key.symbol,
        timeframe=timeframe.value,
        first_ts=int(times[0]),
        start_ts=int(times[start]),
        cursor_ts=int(times[start]),
        last_ts=int(times[-1]),
        bars_done=0,
        bars_total=len(times) - 1 - start,
        speed=speed,
        status=ReplayStatus.PAUSED,
        version=1,
        created_at=clock.now(),
    )
    session.add(replay)
    await session.flush()
    await _changed(session, actor, clock, replay, action="market.create_replay")
    return replay


async def get_replay(session: ReadSession, actor: Actor, replay_id: int) -> Replay:
    """The replay, if it is this person's (the system: anybody's); otherwise NotFoundError."""
    replay = await session.get(Replay, replay_id)
    if replay is None or (actor.type is not ActorType.SYSTEM and replay.user_id != actor.user_id):
        raise NotFoundError("There is no such replay.", code="replay_not_found")
    return replay


async def list_replays(session: ReadSession, actor: Actor, *, limit: int = 100) -> list[Replay]:
    """A person's replays, newest first."""
    return await repository.replays_of(session, actor.person, limit=limit)


async def playing_replays(session: ReadSession) -> list[Replay]:
    """Every replay that plays, oldest first: what a worker takes up again after a restart."""
    return await repository.replays_with_status(session, ReplayStatus.PLAYING)


async def set_speed(session: WriteSession, actor: Actor, clock: Clock, replay_id: int, *, speed: float) -> Replay:
    """Bars a second; 0 is as fast as possible."""
    replay = await get_replay(session, actor, replay_id)
    replay.speed = checked_speed(speed)
    replay.version += 1
    await _changed(session, actor, clock, replay, action="market.set_replay_speed")
    return replay


async def set_status(
    session: WriteSession, actor: Actor, clock: Clock, replay_id: int, *, status: ReplayStatus
) -> Replay:
    """Play or pause; an ended replay stays ended (ConflictError 'replay_ended')."""
    replay = await get_replay(session, actor, replay_id)
    if replay.status == ReplayStatus.ENDED:
        raise ConflictError("The replay has ended.", code="replay_ended")
    if replay.status != status:
        replay.status = status
        replay.version += 1
        await _changed(session, actor, clock, replay, action="market.set_replay_status")
    return replay


async def link_account(session: WriteSession, replay_id: int, account_id: int) -> None:
    """Name the account that lives on this replay's time."""
    replay = await session.get(Replay, replay_id)
    if replay is None:
        raise NotFoundError("There is no such replay.", code="replay_not_found")
    replay.account_id = account_id
    replay.version += 1
    await session.flush()


async def advance_cursor(
    session: WriteSession, clock: Clock, replay: Replay, *, cursor_ts: int, bars: int = 1
) -> Replay:
    """Move a replay on to the bar that opened at `cursor_ts`, `bars` after the last one; the series' last bar ends it.

    `replay` is the row as it was read when the turn began: ConflictError 'replay_moved' when somebody moved it since,
    so that no bar is ever worked twice. A pause or a new speed set meanwhile is kept; the fresh row is returned.
    """
    moved = advance(cursor_of(replay), bars)
    if not await repository.move_cursor(
        session,
        replay.id,
        done_before=replay.bars_done,
        cursor_ts=cursor_ts,
        bars_done=moved.done,
        ended=moved.status is ReplayStatus.ENDED,
    ):
        raise ConflictError("The replay was moved by somebody else.", code="replay_moved")
    if moved.status is ReplayStatus.ENDED:
        await announce(session, _event(replay, moved.status.value), at=clock.now())
    fresh = await session.get(Replay, replay.id, populate_existing=True)
    assert fresh is not None
    return fresh


def cursor_of(replay: Replay) -> Cursor:
    """The replay's place as the replay feed reckons with it."""
    return Cursor(replay.bars_done, replay.bars_total, replay.speed, ReplayStatus(replay.status))


async def replay_time_ms(session: ReadSession, replay: Replay) -> int:
    """A replay's now, epoch ms: the instant at which its newest visible bar closed."""
    row = await find_instrument(session, replay.instrument)
    return row.spec_calendar.close_ms(replay.cursor_ts, replay.frame)


async def moment_of(session: ReadSession, actor: Actor, replay_id: int | None) -> int | None:
    """The time as of which somebody asks: a replay's own now, or None for the present."""
    if replay_id is None:
        return None
    return await replay_time_ms(session, await get_replay(session, actor, replay_id))


def _event(replay: Replay, status: str) -> Event:
    return Event(
        events.REPLAY_CHANGED, {"replay_id": str(replay.id), "status": status}, replay.user_id, replay.account_id
    )


async def _changed(session: WriteSession, actor: Actor, clock: Clock, replay: Replay, *, action: str) -> None:
    await session.flush()
    await audit.record(
        session,
        actor,
        clock=clock,
        action=action,
        resource_type="replay",
        resource_id=replay.id,
        account_id=replay.account_id,
        after={"status": replay.status, "speed": replay.speed, "instrument": replay.instrument},
    )
    await announce(session, _event(replay, replay.status), at=clock.now())
