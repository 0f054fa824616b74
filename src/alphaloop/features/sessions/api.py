"""Running strategies and replays."""

from fastapi import APIRouter

from alphaloop.adapters.feeds.replay import ReplayStatus
from alphaloop.features.accounts.service import MarginTerms
from alphaloop.features.catalog import service as catalog
from alphaloop.features.market import service as market
from alphaloop.features.market.service import BarStore
from alphaloop.features.sessions import replays, service
from alphaloop.features.sessions.fitness import check_own, is_own
from alphaloop.features.sessions.models import SessionStatus
from alphaloop.features.sessions.schemas import (
    NewReplay,
    NewSession,
    ReplaySpeed,
    ReplayStep,
    ReplayView,
    SessionView,
)
from alphaloop.infra.http.doors import Asking, Now, Reading, StrictRoute, Wired, Writing
from alphaloop.infra.http.wire import Id, Page

sessions_router = APIRouter(prefix="/sessions", tags=["运行中 Sessions"], route_class=StrictRoute)
replays_router = APIRouter(prefix="/replays", tags=["回放 Replays"], route_class=StrictRoute)
ROUTERS = [sessions_router, replays_router]


@sessions_router.get("", operation_id="list_sessions")
async def list_sessions(session: Reading, actor: Asking, account_id: Id | None = None) -> Page[SessionView]:
    """Sessions of one account or of all that the person reaches, newest first."""
    rows = await service.list_sessions(session, actor, account_id=account_id)
    return Page(items=[SessionView.model_validate(row) for row in rows])


@sessions_router.post("", operation_id="create_session", status_code=201)
async def create_session(body: NewSession, actor: Asking, wiring: Wired) -> SessionView:
    """Run a strategy on an account; it trades from the next bar on."""
    actor.require("session.manage")
    async with wiring.db.read() as session:
        code = await catalog.find_code(session, actor, body.strategy, body.params)
    if is_own(code.key):
        # Judged before the transaction begins: a process of its own takes its time.
        await check_own(code.key, code.params, wiring.settings.strategies_dir)
    request = service.NewSessionRequest(
        account_id=body.account_id,
        strategy=body.strategy,
        params=body.params,
        instrument=body.instrument,
        timeframe=body.timeframe,
        allocation=body.allocation,
    )
    async with wiring.db.write() as session:
        return SessionView.model_validate(await service.create_session(session, actor, request, clock=wiring.clock))


@sessions_router.get("/{session_id}", operation_id="get_session")
async def get_session(session_id: Id, session: Reading, actor: Asking) -> SessionView:
    actor.require("order.read")
    return SessionView.model_validate(await service.get_session(session, actor, session_id))


@sessions_router.post("/{session_id}/start", operation_id="start_session")
async def start_session(session_id: Id, session: Writing, actor: Asking, clock: Now) -> SessionView:
    """Go on after a pause. Intents that began and ended meanwhile are not made up for."""
    row = await service.change_status(session, actor, session_id, SessionStatus.RUNNING, clock=clock)
    return SessionView.model_validate(row)


@sessions_router.post("/{session_id}/pause", operation_id="pause_session")
async def pause_session(session_id: Id, session: Writing, actor: Asking, clock: Now) -> SessionView:
    row = await service.change_status(session, actor, session_id, SessionStatus.PAUSED, clock=clock)
    return SessionView.model_validate(row)


@sessions_router.post("/{session_id}/stop", operation_id="stop_session")
async def stop_session(session_id: Id, session: Writing, actor: Asking, clock: Now) -> SessionView:
    row = await service.change_status(session, actor, session_id, SessionStatus.STOPPED, clock=clock)
    return SessionView.model_validate(row)


@replays_router.get("", operation_id="list_replays")
async def list_replays(session: Reading, actor: Asking) -> Page[ReplayView]:
    """The person's replays, newest first."""
    actor.require("market.read")
    return Page(items=[ReplayView.model_validate(row) for row in await market.list_replays(session, actor)])


@replays_router.post("", operation_id="create_replay", status_code=201)
async def create_replay(body: NewReplay, session: Writing, actor: Asking, wiring: Wired) -> ReplayView:
    """Start a replay, paused, with a paper account of its own."""
    replay = await replays.start_replay(
        session,
        actor,
        BarStore(wiring.settings.bars_dir),
        clock=wiring.clock,
        instrument=body.instrument,
        timeframe=body.timeframe,
        start_ts=body.start_ts,
        speed=body.speed,
        cash=body.cash,
        terms=MarginTerms(body.leverage, body.isolated),
    )
    return ReplayView.model_validate(replay)


@replays_router.get("/{replay_id}", operation_id="get_replay")
async def get_replay(replay_id: Id, session: Reading, actor: Asking) -> ReplayView:
    actor.require("market.read")
    return ReplayView.model_validate(await market.get_replay(session, actor, replay_id))


@replays_router.put("/{replay_id}", operation_id="set_replay_speed")
async def set_replay_speed(replay_id: Id, body: ReplaySpeed, session: Writing, actor: Asking, clock: Now) -> ReplayView:
    """Bars a second; 0 is as fast as possible."""
    actor.require("session.manage")
    replay = await replays.set_replay_speed(session, actor, replay_id, body.speed, clock=clock)
    return ReplayView.model_validate(replay)


@replays_router.post("/{replay_id}/play", operation_id="play_replay")
async def play_replay(replay_id: Id, session: Writing, actor: Asking, clock: Now) -> ReplayView:
    actor.require("session.manage")
    replay = await replays.set_replay_status(session, actor, replay_id, ReplayStatus.PLAYING, clock=clock)
    return ReplayView.model_validate(replay)


@replays_router.post("/{replay_id}/pause", operation_id="pause_replay")
async def pause_replay(replay_id: Id, session: Writing, actor: Asking, clock: Now) -> ReplayView:
    actor.require("session.manage")
    replay = await replays.set_replay_status(session, actor, replay_id, ReplayStatus.PAUSED, clock=clock)
    return ReplayView.model_validate(replay)


@replays_router.post("/{replay_id}/step", operation_id="step_replay")
async def step_replay(replay_id: Id, body: ReplayStep, session: Reading, actor: Asking, wiring: Wired) -> ReplayView:
    """Show the next bars of a paused replay; they arrive on the stream like any others."""
    actor.require("session.manage")
    replay = await market.get_replay(session, actor, replay_id)
    await wiring.bus.publish("replay_step", {"replay_id": replay.id, "bars": body.bars})
    return ReplayView.model_validate(replay)
