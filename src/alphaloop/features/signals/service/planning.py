"""What order a signal comes to on its account as it stands now, or why to none; and what the pipeline says of it."""

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from alphaloop.core.clock import Clock, to_ms
from alphaloop.core.errors import InvalidError
from alphaloop.core.money import ONE, ZERO, ceil_step, floor_step, plain
from alphaloop.core.order import OrderSide, OrderType
from alphaloop.core.signal import Desired, Direction, Sizing
from alphaloop.engine.convert import to_float
from alphaloop.engine.matching import TradingDay
from alphaloop.engine.risk import StepResult
from alphaloop.engine.sizing import order_quantity
from alphaloop.features.accounts.models import Account
from alphaloop.features.accounts.service import MANUAL_VENUE
from alphaloop.features.catalog import service as catalog
from alphaloop.features.catalog.schemas import RiskProfile
from alphaloop.features.market import service as market
from alphaloop.features.orders import service as orders
from alphaloop.features.orders.models import OrderRow
from alphaloop.features.orders.schemas import OrderRole
from alphaloop.features.orders.service import NewOrderRequest
from alphaloop.features.orders.service.submit import as_venue_order, check_shape, price_seen
from alphaloop.features.positions import service as positions
from alphaloop.features.risk import service as risk
from alphaloop.features.risk.service import Ceiling
from alphaloop.features.signals import rules
from alphaloop.features.signals.models import TradingSignal
from alphaloop.infra.db import WriteSession
from alphaloop.infra.identity import SYSTEM


@dataclass(frozen=True, slots=True)
class Plan:
    """The order a signal comes to, or why it comes to none."""

    request: NewOrderRequest | None
    errors: list[dict[str, Any]]
    guards: list[OrderRow]


def refusal(code: str, step: int = -1) -> list[dict[str, Any]]:
    return [{"step": step, "code": code}]


def told(failure: StepResult) -> dict[str, Any]:
    numbers = {"value": failure.value, "limit": failure.limit}
    return {"step": failure.step, "code": failure.code} | {
        name: plain(round(number, 8)) for name, number in numbers.items() if number is not None
    }


async def plan_order(session: WriteSession, account: Account, signal: TradingSignal, *, clock: Clock) -> Plan:
    """Size a signal for its account as it stands now: equity, position, the day's rules, and what the strategy may
    risk. Lateness and whatever leaves nothing to order come back as reasons."""
    direction, metadata = Direction(signal.direction), signal.signal_metadata or {}
    if metadata.get("trail") is not None:
        return Plan(None, refusal("trail_not_supported"), [])
    if metadata.get("group") is not None:
        return Plan(None, refusal("legs_together"), [])
    now_ms = await positions.account_time_ms(session, account, clock)
    if signal.expires_at is not None and now_ms >= to_ms(signal.expires_at):
        return Plan(None, refusal("signal_expired"), [])
    instrument = await market.get_instrument(session, signal.instrument)
    profile = await _profile(session, signal)
    price = await _price(session, account, signal)
    late = rules.lateness(
        direction,
        entry=to_float(price if signal.entry_price is None else signal.entry_price),
        last=to_float(price),
        stop=None if signal.stop_loss is None else to_float(signal.stop_loss),
        take=None if signal.take_profit is None else to_float(signal.take_profit),
        drift_pct=profile.price_drift_pct or rules.DRIFT_PCT,
    )
    if late is not None:
        return Plan(None, refusal(late), [])
    held_row = await positions.find_position(session, account.id, signal.instrument)
    held = held_row.quantity if held_row is not None else ZERO
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
        return Plan(None, refusal("nothing_to_order"), [])
    side, quantity = sized
    reduces = held != 0 and (held > 0) == (side is OrderSide.SELL) and quantity <= abs(held)
    request = _request(account, signal, side, quantity, price=price, reduces=reduces, day=day)
    guards = []
    if reduces and quantity == abs(held):
        working = await orders.working_orders(session, account.id, instrument=signal.instrument)
        guards = [one for one in working if one.reduce_only and one.parent_id is not None]
    return Plan(request, [], guards)


def _request(
    account: Account,
    signal: TradingSignal,
    side: OrderSide,
    quantity: Decimal,
    *,
    price: Decimal,
    reduces: bool,
    day: TradingDay,
) -> NewOrderRequest:
    by_hand = account.venue == MANUAL_VENUE
    grid = ceil_step if side is OrderSide.BUY else floor_step
    return NewOrderRequest(
        instrument=signal.instrument,
        side=side,
        # A ticket is carried to a broker by a person: it states the price it was meant at.
        type=OrderType.LIMIT if by_hand else OrderType.MARKET,
        quantity=quantity,
        price=grid(price, day.rules.tick_at(price)) if by_hand else None,
        reduce_only=reduces,
        stop_loss=None if reduces else signal.stop_loss,
        take_profit=None if reduces else signal.take_profit,
        role=OrderRole.EXIT if reduces else OrderRole.ENTRY,
        signal_id=signal.id,
        idempotency_key=f"signal:{signal.id}",
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
    return [] if verdict.failure is None else [told(verdict.failure)]
