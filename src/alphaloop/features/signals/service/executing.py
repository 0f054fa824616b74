"""From a signal to an order: judged by the same pipeline that will judge the order, and placed once."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from alphaloop.core.clock import Clock, to_ms
from alphaloop.core.errors import AlphaLoopError, ConflictError, InvalidError
from alphaloop.core.money import ONE, plain
from alphaloop.core.order import OrderSide, OrderType
from alphaloop.core.signal import Desired, Direction, SignalStatus, Sizing
from alphaloop.engine.convert import to_float
from alphaloop.engine.risk import StepResult
from alphaloop.engine.sizing import order_quantity
from alphaloop.features.accounts import service as accounts
from alphaloop.features.accounts.models import Account
from alphaloop.features.accounts.service import MANUAL_VENUE
from alphaloop.features.audit import service as audit
from alphaloop.features.catalog import service as catalog
from alphaloop.features.catalog.schemas import RiskProfile
from alphaloop.features.market import service as market
from alphaloop.features.orders import service as orders
from alphaloop.features.orders.schemas import OrderRole
from alphaloop.features.orders.service import NewOrderRequest
from alphaloop.features.orders.service.submit import as_venue_order, check_shape, price_seen
from alphaloop.features.positions import service as positions
from alphaloop.features.risk import service as risk
from alphaloop.features.risk.service import Ceiling
from alphaloop.features.signals import rules
from alphaloop.features.signals.models import TradingSignal
from alphaloop.features.signals.repository import OPEN
from alphaloop.features.signals.service.reading import get_signal, vote_of
from alphaloop.features.signals.service.recording import move_signal
from alphaloop.infra.db import WriteSession
from alphaloop.infra.identity import SYSTEM, Actor

# What no waiting mends: a signal refused for one of these is over, any other refusal leaves it open until it expires.
FINAL = frozenset({"stop_passed", "take_reached", "price_drifted", "trail_not_supported", "legs_together"})


@dataclass(frozen=True, slots=True)
class Plan:
    """The order a signal comes to, or why it comes to none."""

    request: NewOrderRequest | None
    errors: list[dict[str, Any]]
    guards: list[Any]


def _refusal(code: str, step: int = -1) -> list[dict[str, Any]]:
    return [{"step": step, "code": code}]


def _told(failure: StepResult) -> dict[str, Any]:
    numbers = {"value": failure.value, "limit": failure.limit}
    return {"step": failure.step, "code": failure.code} | {
        name: plain(round(number, 8)) for name, number in numbers.items() if number is not None
    }


async def plan_order(session: WriteSession, account: Account, signal: TradingSignal, *, clock: Clock) -> Plan:
    """Size a signal for its account as it stands now: equity, position, the day's rules, and what the strategy may
    risk. Lateness and whatever leaves nothing to order come back as reasons."""
    direction, metadata = Direction(signal.direction), signal.signal_metadata or {}
    if metadata.get("trail") is not None:
        return Plan(None, _refusal("trail_not_supported"), [])
    if metadata.get("group") is not None:
        return Plan(None, _refusal("legs_together"), [])
    now_ms = await positions.account_time_ms(session, account, clock)
    if signal.expires_at is not None and now_ms >= to_ms(signal.expires_at):
        return Plan(None, _refusal("signal_expired"), [])
    instrument = await market.get_instrument(session, signal.instrument)
    profile = await _profile(session, signal)
    price = await _price(session, account, signal)
    late = rules.lateness(
        direction,
        entry=to_float(signal.entry_price or price),
        last=to_float(price),
        stop=None if signal.stop_loss is None else to_float(signal.stop_loss),
        take=None if signal.take_profit is None else to_float(signal.take_profit),
        drift_pct=profile.price_drift_pct or rules.DRIFT_PCT,
    )
    if late is not None:
        return Plan(None, _refusal(late), [])
    held_row = await positions.find_position(session, account.id, signal.instrument)
    held = held_row.quantity if held_row is not None else Decimal(0)
    day = await risk.trading_day(session, account, instrument, now_ms=now_ms)
    sized = order_quantity(
        _desired(signal, profile),
        equity=(await positions.worth(session, account)).equity,
        price=price,
        current_quantity=held,
        instrument=instrument,
        allocation=ONE,
        fee_rate=account.fee_rate,
        rules=day.rules,
    )
    if sized is None:
        return Plan(None, _refusal("nothing_to_order"), [])
    side, quantity = sized
    reduces = held != 0 and (held > 0) == (side is OrderSide.SELL) and quantity <= abs(held)
    by_hand = account.venue == MANUAL_VENUE
    request = NewOrderRequest(
        instrument=signal.instrument,
        side=side,
        # A ticket is carried to a broker by a person: it states the price it was meant at.
        type=OrderType.LIMIT if by_hand else OrderType.MARKET,
        quantity=quantity,
        price=_near(price, side, day.rules) if by_hand else None,
        reduce_only=reduces,
        stop_loss=None if reduces else signal.stop_loss,
        take_profit=None if reduces else signal.take_profit,
        role=OrderRole.EXIT if reduces else OrderRole.ENTRY,
        signal_id=signal.id,
        idempotency_key=f"signal:{signal.id}",
    )
    working = await orders.working_orders(session, account.id, instrument=signal.instrument)
    closes = reduces and quantity == abs(held)
    return Plan(
        request, [], [one for one in working if one.reduce_only and one.parent_id is not None] if closes else []
    )


async def _profile(session: WriteSession, signal: TradingSignal) -> RiskProfile:
    if signal.strategy_id is None:
        return RiskProfile()
    row = await catalog.get_strategy(session, SYSTEM, str(signal.strategy_id))
    return RiskProfile.model_validate(row.risk_profile)


async def _price(session: WriteSession, account: Account, signal: TradingSignal) -> Decimal:
    seen = await positions.find_mark(session, account.id, signal.instrument)
    if seen is not None:
        return seen.price
    assert signal.entry_price is not None
    return signal.entry_price


def _desired(signal: TradingSignal, profile: RiskProfile) -> Desired:
    """The wish as a share of equity, capped by what the strategy may hold; units stay units."""
    target, sizing = signal.target, Sizing(signal.sizing)
    stop = None if signal.stop_loss is None else to_float(signal.stop_loss)
    if sizing is not Sizing.UNITS:
        cap = profile.max_position_pct or rules.POSITION_PCT
        entry = to_float(signal.entry_price) if signal.entry_price is not None else 0.0
        share = rules.weight_of(target, sizing, entry=entry, stop=stop, cap=cap)
        # Without a stop nobody knows how much a risk-sized wish is: it is no order, and least of all a way out.
        wanted = target if target == 0 else math.copysign(share, target) if share else None
        return Desired(target=wanted, sizing=Sizing.WEIGHT, episode=signal.episode, stop=stop)
    return Desired(target=target, sizing=sizing, episode=signal.episode, stop=stop)


def _near(price: Decimal, side: OrderSide, day_rules: Any) -> Decimal:
    from alphaloop.core.money import ceil_step, floor_step

    tick = day_rules.tick_at(price)
    return ceil_step(price, tick) if side is OrderSide.BUY else floor_step(price, tick)


async def judge(
    session: WriteSession, account: Account, signal: TradingSignal, *, ceiling: Ceiling, clock: Clock
) -> list[dict[str, Any]]:
    """Why this signal's order would be refused now, step by step of the risk pipeline; nothing where it would pass."""
    plan = await plan_order(session, account, signal, clock=clock)
    if plan.request is None:
        return plan.errors
    instrument = await market.get_instrument(session, signal.instrument)
    now_ms = await positions.account_time_ms(session, account, clock)
    day = await risk.trading_day(session, account, instrument, now_ms=now_ms)
    try:
        check_shape(plan.request, instrument, account, day)
    except InvalidError as error:
        return [{"step": 3, "code": code} for _, code in error.fields]
    verdict = await risk.check_order(
        session,
        account,
        instrument,
        as_venue_order(plan.request),
        market=await price_seen(session, account, plan.request),
        ceiling=ceiling,
        now_ms=now_ms,
        day=day,
    )
    return [] if verdict.failure is None else [_told(verdict.failure)]


async def validate_signal(
    session: WriteSession, actor: Actor, signal_id: int, *, ceiling: Ceiling, clock: Clock
) -> TradingSignal:
    """Judge a signal without placing anything: VALIDATED, or PENDING with the reasons."""
    actor.require("order.read")
    signal = await _open(session, actor, signal_id)
    account = await accounts.get_account(session, actor, signal.account_id)
    errors = await judge(session, account, signal, ceiling=ceiling, clock=clock)
    signal.validated_at = clock.now()
    status = SignalStatus.PENDING if errors else SignalStatus.VALIDATED
    await move_signal(session, signal, status, clock=clock, errors=errors)
    return signal


async def execute_signal(
    session: WriteSession, actor: Actor, signal_id: int, *, ceiling: Ceiling, clock: Clock
) -> TradingSignal:
    """Place the order of a signal; one that is executed already comes back as it is. A refusal is kept on the signal,
    which stays open where waiting may mend it."""
    actor.require("order.place")
    signal = await get_signal(session, actor, signal_id, lock=True)
    if signal.signal_status == SignalStatus.EXECUTED:
        return signal
    _must_be_open(signal)
    account = await accounts.get_account(session, actor, signal.account_id)
    # Everybody takes the account's turn before the price is looked at, so that the second one sees the first's order.
    await accounts.lock_account(session, account.id)
    plan = await plan_order(session, account, signal, clock=clock)
    if plan.request is None:
        await _refuse(session, signal, plan.errors, clock)
        return signal
    try:
        async with session.begin_nested():
            await orders.request_cancels(session, plan.guards, clock=clock)
            [done] = await orders.submit_many(session, actor, account, [plan.request], ceiling=ceiling, clock=clock)
    except InvalidError as error:
        await _refuse(session, signal, [{"step": 3, "code": code} for _, code in error.fields], clock)
        return signal
    if done.order is None:
        failure = done.verdict.failure if done.verdict is not None else None
        await _refuse(session, signal, [] if failure is None else [_told(failure)], clock)
        return signal
    signal.order_id, signal.position_size, signal.validated_at = done.order.id, done.order.quantity, clock.now()
    await move_signal(session, signal, SignalStatus.EXECUTED, clock=clock)
    await audit.record(
        session,
        actor,
        clock=clock,
        action="signals.signal_executed",
        resource_type="signal",
        resource_id=signal.id,
        account_id=account.id,
        after={"order_id": str(done.order.id), "quantity": plain(done.order.quantity)},
    )
    return signal


async def _refuse(session: WriteSession, signal: TradingSignal, errors: list[dict[str, Any]], clock: Clock) -> None:
    codes = {one["code"] for one in errors}
    status = SignalStatus.PENDING
    if "signal_expired" in codes:
        status = SignalStatus.EXPIRED
    elif codes & FINAL:
        status = SignalStatus.REJECTED
    signal.validated_at = clock.now()
    await move_signal(session, signal, status, clock=clock, errors=errors)


async def cancel_signal(session: WriteSession, actor: Actor, signal_id: int, *, clock: Clock) -> TradingSignal:
    """Let a signal be; its order, where it has one, is cancelled as an order."""
    actor.require("order.place")
    signal = await _open(session, actor, signal_id)
    await move_signal(session, signal, SignalStatus.CANCELLED, clock=clock)
    await audit.record(
        session,
        actor,
        clock=clock,
        action="signals.signal_cancelled",
        resource_type="signal",
        resource_id=signal.id,
        account_id=signal.account_id,
    )
    return signal


async def _open(session: WriteSession, actor: Actor, signal_id: int) -> TradingSignal:
    signal = await get_signal(session, actor, signal_id, lock=True)
    _must_be_open(signal)
    return signal


def _must_be_open(signal: TradingSignal) -> None:
    if signal.signal_status not in OPEN:
        raise ConflictError("This signal is over.", code="signal_ended")


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one signal of a batch; `code` where the batch itself kept it back, or the request was refused."""

    signal: TradingSignal
    code: str | None = None


async def execute_batch(
    session: WriteSession, actor: Actor, ids: Sequence[int], *, ceiling: Ceiling, clock: Clock
) -> list[Done]:
    """Execute many signals in the order given. Of signals on one instrument of one account that want different things,
    those that the agreement (`rules.agree`) goes against are rejected; one refusal holds up none of the others."""
    actor.require("order.place")
    if not 1 <= len(ids) <= 100 or len(set(ids)) != len(ids):
        raise InvalidError("Between 1 and 100 different signals can be executed together.", code="bad_batch")
    found = {one: await get_signal(session, actor, one, lock=True) for one in sorted(ids)}
    against = _against([found[one] for one in ids])
    done = []
    for one in ids:
        signal, code = found[one], against.get(one)
        if code is not None and signal.signal_status in OPEN:
            await move_signal(session, signal, SignalStatus.REJECTED, clock=clock, errors=_refusal(code))
            done.append(Done(signal, code))
            continue
        try:
            signal = await execute_signal(session, actor, one, ceiling=ceiling, clock=clock)
        except AlphaLoopError as error:
            done.append(Done(signal, error.code))
            continue
        errors = signal.validation_errors
        done.append(Done(signal, errors[0]["code"] if errors else None))
    return done


def _against(signals: Sequence[TradingSignal]) -> dict[int, str]:
    """Signals that the others on the same instrument of the same account outweigh, and how."""
    groups: dict[tuple[int, str], list[TradingSignal]] = defaultdict(list)
    for signal in signals:
        if signal.signal_status in OPEN:
            groups[signal.account_id, signal.instrument].append(signal)
    found: dict[int, str] = {}
    for group in groups.values():
        if len({one.direction for one in group}) > 1:
            verdict = rules.agree([vote_of(one) for one in group])
            found |= dict.fromkeys(verdict.against, verdict.reason)
    return found
