"""Starting a replay: a walk through stored bars with a paper account that lives on its time."""

from decimal import Decimal
from typing import Any

from alphaloop.adapters.feeds.replay import ReplayStatus
from alphaloop.core.bar import Timeframe
from alphaloop.core.clock import Clock
from alphaloop.core.events import Event
from alphaloop.core.instrument import Instrument
from alphaloop.engine.market_rules import find_market
from alphaloop.features.accounts import service as accounts
from alphaloop.features.accounts.service import MarginTerms
from alphaloop.features.market import service as market
from alphaloop.features.market.models import Replay
from alphaloop.features.market.service import BarStore
from alphaloop.features.positions import service as positions
from alphaloop.features.sessions.schemas import ReplayView
from alphaloop.infra.db import WriteSession
from alphaloop.infra.identity import Actor
from alphaloop.infra.outbox import announce


async def start_replay(
    session: WriteSession,
    actor: Actor,
    store: BarStore,
    *,
    clock: Clock,
    instrument: str,
    timeframe: Timeframe,
    start_ts: int | None,
    speed: float,
    cash: Decimal,
    terms: MarginTerms | None = None,
) -> Replay:
    """A paused replay with its own paper account, marked at the bar where it starts."""
    actor.require("session.manage")
    replay = await market.create_replay(
        session, actor, clock, store, instrument=instrument, timeframe=timeframe, start_ts=start_ts, speed=speed
    )
    spec = await market.get_instrument(session, replay.instrument)
    account = await accounts.open_paper_account(
        session,
        actor,
        clock=clock,
        name=f"{spec.symbol.partition('@')[0]} {replay.timeframe}"[:64],
        quote_asset=spec.quote,
        cash=cash,
        replay_id=replay.id,
        market=_preset_of(spec),
        terms=terms,
    )
    await market.link_account(session, replay.id, account.id)
    key = await market.series_key(session, replay.instrument, timeframe)
    moment = await market.replay_time_ms(session, replay)
    for bar in await market.newest_bars(store, key, limit=1, as_of_ms=moment):
        await positions.mark(session, account, bar, clock=clock)
    await announce_replay(session, replay, clock=clock)
    return replay


def _preset_of(instrument: Instrument) -> str:
    """The market whose preset the account starts with: its fees, benchmark and colours; '' for none."""
    found = find_market(instrument)
    return found.market if found is not None and found.preset is not None else ""


async def set_replay_status(
    session: WriteSession, actor: Actor, replay_id: int, status: ReplayStatus, *, clock: Clock
) -> Replay:
    replay = await market.set_status(session, actor, clock, replay_id, status=status)
    await announce_replay(session, replay, clock=clock)
    return replay


async def set_replay_speed(
    session: WriteSession, actor: Actor, replay_id: int, speed: float, *, clock: Clock
) -> Replay:
    replay = await market.set_speed(session, actor, clock, replay_id, speed=speed)
    await announce_replay(session, replay, clock=clock)
    return replay


def replay_view(replay: Replay) -> dict[str, Any]:
    return ReplayView.model_validate(replay).model_dump(mode="json")


async def announce_replay(session: WriteSession, replay: Replay, *, clock: Clock) -> None:
    payload = {"change": replay.status.lower(), "replay": replay_view(replay)}
    event = Event("sessions.replay_changed", payload, replay.user_id, replay.account_id)
    await announce(session, event, at=clock.now())
