"""What an order would mean, by the same checks that would judge it."""

from decimal import Decimal

from alphaloop.core.clock import Clock
from alphaloop.core.errors import InvalidError
from alphaloop.core.instrument import Instrument
from alphaloop.core.money import EXACT, ZERO, stored
from alphaloop.core.order import OrderSide, VenueOrder
from alphaloop.engine.matching import TradingDay
from alphaloop.engine.risk import hold_price, order_price
from alphaloop.features.accounts.models import Account
from alphaloop.features.ledger import service as ledger
from alphaloop.features.market import service as market
from alphaloop.features.orders.schemas import Preview
from alphaloop.features.orders.service.submit import NewOrderRequest, as_venue_order, check_shape, price_seen
from alphaloop.features.positions import service as positions
from alphaloop.features.risk import service as risk
from alphaloop.features.risk.service import Ceiling
from alphaloop.infra.db import ReadSession


async def preview_order(
    session: ReadSession, account: Account, request: NewOrderRequest, *, ceiling: Ceiling, clock: Clock
) -> Preview:
    """Judge an order without placing it; every number is null where the price is not known."""
    instrument = await market.get_instrument(session, request.instrument)
    order = as_venue_order(request)
    seen = await price_seen(session, account, request)
    now_ms = await positions.account_time_ms(session, account, clock)
    day = await risk.trading_day(session, account, instrument, now_ms=now_ms)
    verdict = await risk.check_order(
        session, account, instrument, order, market=seen, ceiling=ceiling, now_ms=now_ms, day=day
    )
    code = None if verdict.passed else risk.refusal_code(verdict)
    try:
        check_shape(request, instrument, account, day)
    except InvalidError as error:
        code = error.code
    if seen.last_price is None:
        return Preview(
            ok=code is None,
            code=code,
            notional=None,
            fee=None,
            risk_amount=None,
            risk_pct=None,
            usage_pct=None,
            reward_risk=None,
            largest_quantity=None,
        )
    price = order_price(order, seen.last_price)
    equity = (await positions.worth(session, account)).equity
    notional = stored(EXACT.multiply(order.quantity, price))
    risked, gained = (_distance(request, price, leg) for leg in (request.stop_loss, request.take_profit))
    risk_amount = None if risked is None else stored(EXACT.multiply(risked, order.quantity))
    return Preview(
        ok=code is None,
        code=code,
        notional=notional,
        fee=day.rules.fee(order.side, quantity=order.quantity, notional=notional, broker_rate=account.fee_rate),
        risk_amount=risk_amount,
        risk_pct=_share(risk_amount, equity),
        usage_pct=_share(notional, equity),
        reward_risk=float(gained / risked) if risked and gained else None,
        largest_quantity=await _largest(session, account, instrument, request, seen.last_price, ceiling, day),
        notices=_notices(order, day, equity),
    )


def _notices(order: VenueOrder, day: TradingDay, equity: Decimal) -> list[str]:
    """Rules about trading in and out on one day, where this order would do so with less equity than they ask for."""
    if order.side is not OrderSide.SELL or day.bought == 0 or day.position <= 0:
        return []
    return [one.code for one in day.rules.notices if one.below_equity is None or equity < one.below_equity]


def _distance(request: NewOrderRequest, price: Decimal, level: Decimal | None) -> Decimal | None:
    return None if level is None else abs(EXACT.subtract(price, level))


def _share(amount: Decimal | None, equity: Decimal) -> float | None:
    return None if amount is None or equity <= 0 else float(EXACT.divide(amount, equity))


async def _largest(
    session: ReadSession,
    account: Account,
    instrument: Instrument,
    request: NewOrderRequest,
    last_price: Decimal,
    ceiling: Ceiling,
    day: TradingDay,
) -> Decimal:
    """The largest quantity on the lot grid that limits and money would let through."""
    order = as_venue_order(request)
    balances = await ledger.balances(session, ledger.ACCOUNT, account.id)
    if order.side is OrderSide.SELL and not instrument.can_short:
        held = balances.get(instrument.base)
        free = held.free if held else ZERO
        settled = free if day.sellable is None else min(free, day.sellable)
        return day.rules.floor_sale(settled, free)
    limits = await risk.limits_for(session, account, ceiling)
    equity = (await positions.worth(session, account)).equity
    cash = balances.get(instrument.quote)
    price, share = hold_price(order, last_price), day.rules.initial_share(account.leverage)
    if share < 1:
        free = await risk.margin_free(session, account, equity)
        unit = EXACT.multiply(price, share + day.rules.fee_rate(order.side, price, account.fee_rate))
        bounds = [EXACT.divide(max(free, ZERO), unit)]
    else:
        bounds = [day.rules.affordable(cash.free if cash else ZERO, price, account.fee_rate)]
    if limits.max_single_order_pct is not None:
        budget = EXACT.multiply(max(equity, ZERO), limits.max_single_order_pct)
        bounds.append(EXACT.divide(budget, order_price(order, last_price)))
    return max(day.rules.floor_quantity(min(bounds)), ZERO)
