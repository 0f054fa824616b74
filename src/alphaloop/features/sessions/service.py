"""Starting, pausing and stopping strategies, and following them bar by bar."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from alphaloop.core.bar import Bar, Timeframe
from alphaloop.core.clock import Clock
from alphaloop.core.errors import ConflictError, NotFoundError
from alphaloop.core.events import Event
from alphaloop.core.instrument import Instrument
from alphaloop.core.money import ceil_step, floor_step
from alphaloop.core.order import OrderSide, OrderType
from alphaloop.core.signal import Desired, SignalStatus
from alphaloop.engine.convert import to_decimal
from alphaloop.engine.day_rules import DayRules
from alphaloop.engine.sizing import order_quantity
from alphaloop.features.accounts import service as accounts
from alphaloop.features.accounts.models import Account
from alphaloop.features.audit import service as audit
from alphaloop.features.catalog import service as catalog
from alphaloop.features.market import service as market
from alphaloop.features.orders import service as orders
from alphaloop.features.orders.schemas import OrderRole
from alphaloop.features.orders.service import NewOrderRequest
from alphaloop.features.positions import service as positions
from alphaloop.features.risk import service as risk
from alphaloop.features.risk.service import Ceiling
from alphaloop.features.sessions.fitness import check_fit, is_own
from alphaloop.features.sessions.models import SessionStatus, TradingSession
from alphaloop.features.sessions.schemas import SessionView
from alphaloop.features.signals import service as signals
from alphaloop.features.signals.models import TradingSignal
from alphaloop.infra.db import ReadSession, WriteSession
from alphaloop.infra.identity import Actor, ActorType
from alphaloop.infra.outbox import announce


@dataclass(frozen=True, slots=True)
class NewSessionRequest:
    account_id: int
    strategy: str
    params: Mapping[str, Any]
    instrument: str
    timeframe: Timeframe
    allocation: Decimal


def view(row: TradingSession) -> dict[str, Any]:
    return SessionView.model_validate(row).model_dump(mode="json")


async def _announce(session: WriteSession, row: TradingSession, change: str, clock: Clock) -> None:
    payload = {"change": change, "session": view(row)}
    event = Event("sessions.session_changed", payload, row.user_id, row.account_id)
    await announce(session, event, at=clock.now())


async def create_session(
    session: WriteSession, actor: Actor, request: NewSessionRequest, *, clock: Clock
) -> TradingSession:
    """Start a strategy on an account; one per account and instrument, because two would trade one position.

    What a configured strategy stands for is settled now, and ConflictError 'strategy_off' refuses one that is off.
    On a replay the series is anchored at the replay's first bar and trading begins at its cursor. A file of one's own
    is not read here: `fitness.check_own` judges it beforehand, and the worker pauses a session that cannot run it.
    """
    from alphaloop.engine.strategy import load_strategy

    actor.require("session.manage")
    account = await accounts.get_account(session, actor, request.account_id)
    instrument = await market.get_instrument(session, request.instrument)
    code = await catalog.find_code(session, actor, request.strategy, request.params)
    await _must_be_on(session, request.strategy)
    if not is_own(code.key):
        check_fit(load_strategy(code.key), code.params)
    busy = await session.scalar(
        select(TradingSession.id).where(
            TradingSession.account_id == account.id,
            TradingSession.instrument == instrument.symbol,
            TradingSession.status != SessionStatus.STOPPED,
        )
    )
    if busy is not None:
        raise ConflictError("A strategy already trades this instrument on this account.", code="session_exists")
    if account.replay_id is None:
        raise ConflictError("This account has no moving market; start a replay first.", code="no_moving_market")
    replay = await market.get_replay(session, actor, account.replay_id)
    if replay.instrument != instrument.symbol or replay.timeframe != request.timeframe:
        raise ConflictError("The replay shows another series.", code="replay_shows_another_series")
    row = TradingSession(
        user_id=account.user_id,
        account_id=account.id,
        strategy_key=request.strategy,
        params=code.params,
        instrument=instrument.symbol,
        timeframe=request.timeframe,
        allocation=request.allocation,
        status=SessionStatus.RUNNING,
        anchor_ts=replay.first_ts,
        start_ts=replay.cursor_ts,
        last_bar_ts=replay.cursor_ts,
        memory=[],
        signals=0,
        orders=0,
        started_at=clock.now(),
        updated_at=clock.now(),
    )
    session.add(row)
    await session.flush()
    await audit.record(
        session,
        actor,
        clock=clock,
        action="session.start",
        resource_type="session",
        resource_id=row.id,
        account_id=account.id,
        after={"strategy": row.strategy_key, "instrument": row.instrument, "allocation": str(row.allocation)},
    )
    await _announce(session, row, "started", clock)
    return row


async def _must_be_on(session: ReadSession, strategy: str) -> None:
    if not await catalog.is_on(session, strategy):
        raise ConflictError("This strategy is switched off.", code="strategy_off")


async def get_session(session: ReadSession, actor: Actor, session_id: int) -> TradingSession:
    row = await session.get(TradingSession, session_id)
    if row is None or row.account_id not in [one.id for one in await accounts.list_accounts(session, actor)]:
        raise NotFoundError("There is no such session.", code="session_not_found")
    return row


async def list_sessions(session: ReadSession, actor: Actor, *, account_id: int | None) -> list[TradingSession]:
    """Sessions of one account or of all that the person reaches, newest first."""
    actor.require("order.read")
    if account_id is not None:
        ids = [(await accounts.get_account(session, actor, account_id)).id]
    else:
        ids = [account.id for account in await accounts.list_accounts(session, actor)]
    rows = await session.scalars(
        select(TradingSession).where(TradingSession.account_id.in_(ids)).order_by(TradingSession.id.desc())
    )
    return list(rows)


async def running_sessions(session: ReadSession, account_id: int) -> list[TradingSession]:
    rows = await session.scalars(
        select(TradingSession)
        .where(TradingSession.account_id == account_id, TradingSession.status == SessionStatus.RUNNING)
        .order_by(TradingSession.id)
    )
    return list(rows)


_MOVES = {
    SessionStatus.RUNNING: ("started", {SessionStatus.PAUSED}),
    SessionStatus.PAUSED: ("paused", {SessionStatus.RUNNING}),
    SessionStatus.STOPPED: ("stopped", {SessionStatus.RUNNING, SessionStatus.PAUSED}),
}


async def change_status(
    session: WriteSession, actor: Actor, session_id: int, status: SessionStatus, *, clock: Clock
) -> TradingSession:
    """Start, pause or stop. A paused session keeps its protection at the venue; a stopped one is over for good."""
    actor.require("session.manage")
    row = await get_session(session, actor, session_id)
    change, allowed = _MOVES[status]
    if row.status == status:
        return row
    if SessionStatus(row.status) not in allowed:
        raise ConflictError("The session has been stopped; start a new one.", code="session_stopped")
    if status is SessionStatus.RUNNING:
        await _must_be_on(session, row.strategy_key)
    row.status, row.reason, row.updated_at = status, None, clock.now()
    await audit.record(
        session,
        actor,
        clock=clock,
        action=f"session.{change}",
        resource_type="session",
        resource_id=row.id,
        account_id=row.account_id,
    )
    await session.flush()
    await _announce(session, row, change, clock)
    return row


async def fail_session(session: WriteSession, session_id: int, reason: str, *, clock: Clock) -> None:
    """Pause a session whose strategy failed; its protection stays at the venue. `reason` is "code: what happened"."""
    row = await session.get(TradingSession, session_id)
    if row is not None and row.status == SessionStatus.RUNNING:
        row.status, row.reason, row.updated_at = SessionStatus.PAUSED, reason[:255], clock.now()
        await session.flush()
        await _announce(session, row, "failed", clock)


async def end_sessions(session: WriteSession, account_id: int, reason: str, *, clock: Clock) -> None:
    """Stop every session of an account whose market is over."""
    rows = await session.scalars(
        select(TradingSession).where(
            TradingSession.account_id == account_id, TradingSession.status != SessionStatus.STOPPED
        )
    )
    for row in list(rows):
        row.status, row.reason, row.updated_at = SessionStatus.STOPPED, reason, clock.now()
        await session.flush()
        await _announce(session, row, "stopped", clock)


async def follow(
    session: WriteSession,
    row: TradingSession,
    account: Account,
    desired: Desired | None,
    bar: Bar,
    *,
    memory: list[float],
    ceiling: Ceiling,
    clock: Clock,
) -> None:
    """Act once on what the strategy wants at this bar, and remember that it was acted on: one transaction."""
    if bar.ts_ms <= row.last_bar_ts:
        return
    row.last_bar_ts, row.updated_at, row.memory = bar.ts_ms, clock.now(), memory
    if desired is None or desired.target is None:
        return
    if (row.last_target, row.last_episode) == (desired.target, desired.episode):
        return
    row.last_target, row.last_episode = desired.target, desired.episode
    instrument = await market.get_instrument(session, row.instrument)
    held = await positions.find_position(session, account.id, row.instrument)
    quantity = held.quantity if held is not None else Decimal(0)
    if desired.target == 0 and quantity == 0:
        return
    day = await risk.trading_day(session, account, instrument, now_ms=bar.close_ms)
    stop, take = _levels(desired, day.rules)
    origin = signals.Origin(
        row.user_id, account.id, row.id, row.strategy_key, row.instrument, Timeframe(row.timeframe).value
    )
    signal = await signals.record_signal(
        session, origin, desired, price=bar.close, stop=stop, take=take, ts_ms=bar.ts_ms, clock=clock
    )
    row.signals += 1
    await _trade(session, row, account, instrument, day.rules, desired, signal, quantity, bar, ceiling, clock)
    await session.flush()
    await _announce(session, row, "traded", clock)


def _levels(desired: Desired, rules: DayRules) -> tuple[Decimal | None, Decimal | None]:
    """Stop and take on the price grid, each rounded away from the position so that neither comes sooner than asked."""
    long = desired.target is not None and desired.target > 0
    stop = None if desired.stop is None else to_decimal(desired.stop, field="stop")
    take = None if desired.take is None else to_decimal(desired.take, field="take")
    down, up = floor_step, ceil_step
    if stop is not None:
        stop = (down if long else up)(stop, rules.tick_at(stop))
    if take is not None:
        take = (up if long else down)(take, rules.tick_at(take))
    return stop, take


async def _trade(
    session: WriteSession,
    row: TradingSession,
    account: Account,
    instrument: Instrument,
    rules: DayRules,
    desired: Desired,
    signal: TradingSignal,
    held: Decimal,
    bar: Bar,
    ceiling: Ceiling,
    clock: Clock,
) -> None:
    if desired.trail is not None:
        # A trailing stop needs amending at the venue, which no session can do yet: better no trade than no stop.
        await signals.settle_signal(
            session, signal, SignalStatus.REJECTED, clock=clock, errors=[{"step": -1, "code": "trail_not_supported"}]
        )
        return
    worth = await positions.worth(session, account)
    sized = order_quantity(
        desired,
        equity=worth.equity,
        price=bar.close,
        current_quantity=held,
        instrument=instrument,
        allocation=row.allocation,
        fee_rate=account.fee_rate,
        rules=rules,
    )
    if sized is None:
        await signals.settle_signal(
            session, signal, SignalStatus.REJECTED, clock=clock, errors=[{"step": -1, "code": "nothing_to_order"}]
        )
        return
    side, quantity = sized
    reduces = held != 0 and (held > 0) == (side is OrderSide.SELL) and quantity <= abs(held)
    if reduces and quantity == abs(held):
        guards = [
            order
            for order in await orders.working_orders(session, account.id, instrument=row.instrument)
            if order.session_id == row.id
        ]
        await orders.request_cancels(session, guards, clock=clock)
    request = NewOrderRequest(
        instrument=row.instrument,
        side=side,
        type=OrderType.MARKET,
        quantity=quantity,
        reduce_only=reduces,
        stop_loss=None if reduces else signal.stop_loss,
        take_profit=None if reduces else signal.take_profit,
        role=OrderRole.EXIT if reduces else OrderRole.ENTRY,
        session_id=row.id,
        signal_id=signal.id,
        episode=desired.episode,
        # An episode may ask more than once: in, and out again by the strategy's own management.
        seq=await orders.count_episode(session, row.id, row.instrument, desired.episode),
    )
    actor = Actor(ActorType.STRATEGY, user_id=row.user_id, permissions=frozenset({"order.place"}))
    done = (await orders.submit_many(session, actor, account, [request], ceiling=ceiling, clock=clock))[0]
    if done.order is None:
        failure = done.verdict.failure if done.verdict else None
        errors = [{"step": failure.step, "code": failure.code}] if failure else []
        await signals.settle_signal(session, signal, SignalStatus.REJECTED, clock=clock, errors=errors)
        return
    row.orders += 1
    await signals.settle_signal(
        session, signal, SignalStatus.EXECUTED, clock=clock, quantity=quantity, order_id=done.order.id
    )
