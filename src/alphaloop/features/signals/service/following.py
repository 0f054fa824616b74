"""What becomes of signals afterwards: their orders, their expiry, the bars that followed; and trading unasked."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from alphaloop.core.bar import Timeframe
from alphaloop.core.clock import Clock, to_ms
from alphaloop.core.errors import AlphaLoopError, NotFoundError
from alphaloop.core.order import OrderStatus
from alphaloop.core.signal import Direction, SignalStatus
from alphaloop.engine.convert import to_float
from alphaloop.features.accounts import service as accounts
from alphaloop.features.accounts.models import Account, AccountStatus, TradingMode
from alphaloop.features.audit import service as audit
from alphaloop.features.catalog import service as catalog
from alphaloop.features.market import service as market
from alphaloop.features.market.service import BarStore
from alphaloop.features.positions import service as positions
from alphaloop.features.risk.service import Ceiling
from alphaloop.features.signals import repository, rules
from alphaloop.features.signals.models import AutoConsent, TradingSignal
from alphaloop.features.signals.outcome import HORIZON, BarPrices, Outcome, measure
from alphaloop.features.signals.repository import OPEN
from alphaloop.features.signals.service.executing import execute_signal
from alphaloop.features.signals.service.planning import judge, refusal
from alphaloop.features.signals.service.reading import performance_of, seen_until_ms
from alphaloop.features.signals.service.recording import move_signal
from alphaloop.features.users import service as users
from alphaloop.infra.db import Database, ReadSession, WriteSession
from alphaloop.infra.identity import SYSTEM, Actor, ActorType

MEASURED_AT_ONCE = 200
_ENDED = {
    OrderStatus.CANCELLED: SignalStatus.CANCELLED,
    OrderStatus.REJECTED: SignalStatus.REJECTED,
    OrderStatus.EXPIRED: SignalStatus.EXPIRED,
}


async def follow_order(session: WriteSession, order: dict[str, Any], *, clock: Clock) -> None:
    """An order that ended without trading takes its signal along; one that traded anything leaves it EXECUTED."""
    status = _ENDED.get(OrderStatus(order["status"]))
    if status is None or order["filled_quantity"] != "0":
        return
    signal = await repository.signal_of_order(session, int(order["id"]))
    if signal is not None and signal.signal_status == SignalStatus.EXECUTED:
        code = (order["reason"] or {}).get("code") or order["status"].lower()
        await move_signal(session, signal, status, clock=clock, errors=[{"step": -1, "code": code}])


async def expire_signals(session: WriteSession, account_id: int, *, clock: Clock) -> int:
    """Expire what the account's own time has passed; returns how many. Ways out have no expiry."""
    account = await accounts.get_account(session, SYSTEM, account_id)
    now_ms, count = await positions.account_time_ms(session, account, clock), 0
    for seen in await repository.open_signals(session, [account_id]):
        if seen.expires_at is None or to_ms(seen.expires_at) > now_ms:
            continue
        signal = await repository.find_signal(session, seen.id, lock=True)
        if signal is not None and signal.signal_status in OPEN:
            errors = [{"step": -1, "code": "signal_expired"}]
            await move_signal(session, signal, SignalStatus.EXPIRED, clock=clock, errors=errors)
            count += 1
    return count


async def measure_signals(db: Database, store: BarStore, *, clock: Clock) -> int:
    """Follow signals through the bars that came since; returns how many ended. Bars an account's time does not know are
    not looked at."""
    async with db.read() as session:
        waiting = await repository.unmeasured(
            session, limit=MEASURED_AT_ONCE, not_since=clock.now() - timedelta(minutes=5)
        )
        looks = [(signal, await _key(session, signal), await _time(session, signal, clock)) for signal in waiting]
    touched: set[tuple[int, str]] = set()
    count = 0
    for signal, key, now_ms in looks:
        outcome = None if key is None else await asyncio.to_thread(_look, store, key, signal, now_ms)
        async with db.write() as session:
            row = await repository.find_signal(session, signal.id, lock=True)
            if row is None or row.hit is not None:
                continue
            row.measured_at = clock.now()
            if outcome is not None:
                _keep(row, outcome)
                if row.hit is not None and row.strategy_id is not None:
                    touched.add((row.strategy_id, row.strategy_key))
                    count += 1
    async with db.write() as session:
        for strategy_id, key_of in sorted(touched):
            figures = performance_of(await repository.ended(session, TradingSignal.strategy_key == key_of))
            await catalog.note_performance(session, strategy_id, win_rate=figures.win_rate, sharpe=figures.sharpe)
    return count


async def _key(session: ReadSession, signal: TradingSignal) -> market.SeriesKey | None:
    try:
        key = await market.series_key(session, signal.instrument, Timeframe(signal.timeframe))
        _ = key.origin
    except AlphaLoopError:  # the series is gone
        return None
    return key


async def _time(session: ReadSession, signal: TradingSignal, clock: Clock) -> int:
    account = await accounts.get_account(session, SYSTEM, signal.account_id)
    return await seen_until_ms(session, account, clock)


def _look(store: BarStore, key: market.SeriesKey, signal: TradingSignal, now_ms: int) -> Outcome | None:
    table = market.read_series(store, key, as_of_ms=now_ms, since_ts=signal.ts_ms + 1)
    table = table.cut(0, min(len(table), HORIZON))
    columns = (table.open.tolist(), table.high.tolist(), table.low.tolist(), table.close.tolist())
    return measure(
        Direction(signal.direction),
        [BarPrices(*prices) for prices in zip(*columns, strict=True)],
        stop=None if signal.stop_loss is None else to_float(signal.stop_loss),
        take=None if signal.take_profit is None else to_float(signal.take_profit),
    )


def _keep(row: TradingSignal, outcome: Outcome) -> None:
    row.mfe, row.mae, row.outcome, row.r_multiple = outcome.mfe, outcome.mae, outcome.outcome, outcome.r_multiple
    row.hit, row.bars_held = outcome.hit, outcome.bars


async def execute_alone(session: WriteSession, signal_id: int, *, ceiling: Ceiling, clock: Clock) -> TradingSignal:
    """Trade a signal unasked when every switch says yes (C-38); otherwise the first that says no is kept on it."""
    signal = await repository.find_signal(session, signal_id, lock=True)
    assert signal is not None
    if signal.signal_status not in OPEN:
        return signal
    account = await accounts.get_account(session, SYSTEM, signal.account_id)
    refused, errors = await _refusing(session, account, signal, ceiling=ceiling, clock=clock)
    signal.refused_by = refused
    if refused is not None:
        await move_signal(session, signal, SignalStatus(signal.signal_status), clock=clock, errors=errors)
        return signal
    actor = Actor(ActorType.STRATEGY, user_id=signal.user_id, permissions=frozenset({"order.place"}))
    return await execute_signal(session, actor, signal_id, ceiling=ceiling, clock=clock)


async def _refusing(
    session: WriteSession, account: Account, signal: TradingSignal, *, ceiling: Ceiling, clock: Clock
) -> tuple[str | None, Sequence[dict[str, Any]]]:
    """(the switch that says no, the reasons of the risk check). The pipeline is asked only where all else says yes."""
    live = account.trading_mode == TradingMode.LIVE
    consent = await repository.find_consent(session, account.id)
    row = None
    if signal.strategy_id is not None:
        row = await catalog.get_strategy(session, SYSTEM, str(signal.strategy_id))
    switches = rules.Switches(
        server_ceiling=ceiling.live_allowed or not live,
        # What a person carries to a broker by hand cannot trade by itself.
        account_mode=account.status == AccountStatus.ACTIVE and account.trading_mode != TradingMode.DRY_RUN,
        user_consent=consent is not None and await _still_agrees(session, consent),
        strategy=row is not None and row.enabled and row.auto_execute,
        signal=signal.auto_execute,
        risk=True,
    )
    refused = rules.refusing_switch(switches)
    if refused is not None:
        return refused, signal.validation_errors
    errors = await judge(session, account, signal, ceiling=ceiling, clock=clock)
    return ("risk", errors) if errors else (None, [])


async def _still_agrees(session: ReadSession, consent: AutoConsent) -> bool:
    """Whether consent stands, and whoever gave it may still place orders on that account."""
    if consent.revoked_at is not None or not await users.may(session, consent.user_id, "order.place"):
        return False
    try:
        await accounts.get_account(session, Actor(ActorType.USER, user_id=consent.user_id), consent.account_id)
    except NotFoundError:
        return False
    return True


async def note_failure(session: WriteSession, signal_id: int, *, code: str | None, clock: Clock) -> None:
    """Keep on a signal why it could not be executed unasked (`code` None: nobody knows); it stays open."""
    signal = await repository.find_signal(session, signal_id, lock=True)
    if signal is not None and signal.signal_status in OPEN:
        status = SignalStatus(signal.signal_status)
        errors = refusal("execution_failed") if code is None else refusal(code)
        await move_signal(session, signal, status, clock=clock, errors=errors)


async def give_consent(session: WriteSession, actor: Actor, account_id: int, *, on: bool, clock: Clock) -> bool:
    """Let signals trade on this account without asking, or take that back."""
    actor.require("order.place")
    account = await accounts.get_account(session, actor, account_id)
    await accounts.lock_account(session, account.id)
    consent = await repository.find_consent(session, account.id)
    before = consent is not None and consent.revoked_at is None
    if consent is None:
        consent = AutoConsent(account_id=account.id, user_id=actor.person, given_at=clock.now())
        session.add(consent)
    if on and not before:
        consent.user_id, consent.given_at = actor.person, clock.now()
    consent.revoked_at = None if on else consent.revoked_at or clock.now()
    await session.flush()
    await audit.record(
        session,
        actor,
        clock=clock,
        action="signals.consent_set",
        resource_type="account",
        resource_id=account.id,
        account_id=account.id,
        before={"auto_execute": before},
        after={"auto_execute": on},
    )
    return on


async def has_consent(session: ReadSession, actor: Actor, account_id: int) -> bool:
    """Whether this account's signals may trade without asking."""
    account = await accounts.get_account(session, actor, account_id)
    consent = await repository.find_consent(session, account.id)
    return consent is not None and consent.revoked_at is None
