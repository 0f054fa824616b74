"""The pre-trade pipeline: ordered checks, first failure stops, and whatever is not known counts as failed.

Steps 0 to 6 and 10 of the merged pipeline: server ceiling and kill switch, account mode, calendar, symbol filters,
duplicates, rates, single order and position, free money. An order that only reduces passes a halt and skips 5 and 6,
so that risk can always be cut.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any, NamedTuple

from alphaloop.core.instrument import Instrument
from alphaloop.core.money import EXACT, ONE, ZERO
from alphaloop.core.order import OrderSide, OrderType, VenueOrder
from alphaloop.engine.day_rules import NO_MARKET, Band, DayRules
from alphaloop.engine.matching import TradingDay

MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one scope; None means that this scope sets none.

    Shares are of equity (0.2 = 20 %), `price_band_pct` is the largest distance of a stated price from the last one.
    """

    max_orders_per_minute: int | None = None
    max_orders_per_day: int | None = None
    max_single_order_pct: Decimal | None = None
    max_single_position_pct: Decimal | None = None
    price_band_pct: Decimal | None = None


PLATFORM_DEFAULT = Limits(
    max_orders_per_minute=5,
    max_single_order_pct=Decimal("0.2"),
    max_single_position_pct=ONE,
    price_band_pct=Decimal("0.5"),
)
"""What applies where no narrower scope says anything."""


def strictest(default: Limits, scopes: Iterable[Limits], maximum: Limits | None = None) -> Limits:
    """One set of limits: the strictest value any scope sets, the default where none does, never above the maximum."""
    many = list(scopes)
    chosen: dict[str, Decimal | int | None] = {}
    for field in fields(Limits):
        values = [value for value in (getattr(scope, field.name) for scope in many) if value is not None]
        value = min(values) if values else getattr(default, field.name)
        cap = getattr(maximum, field.name) if maximum is not None else None
        chosen[field.name] = value if cap is None else cap if value is None else min(value, cap)
    return Limits(**chosen)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class RiskContext:
    """Everything the checks look at; None means unknown, and unknown refuses.

    `cash_free` is in quote units, `sellable` in base units (already less what working sells promise), `quantity` the
    signed position. `exposure_pending` is what working buys may still add, in quote units. Times are the account's.
    `day` is the session the order would trade in, by the market's rules (None: the instrument's own grid alone), `cage`
    the worst limit prices of continuous trading. Where `initial_share` is below 1 the order is on margin, and
    `margin_free` is the equity that no position binds.
    """

    mode_allowed: bool | None
    halted: bool | None
    market_open: bool | None
    last_price: Decimal | None
    last_price_stale: bool | None
    equity: Decimal | None
    cash_free: Decimal | None
    quantity: Decimal | None
    sellable: Decimal | None
    exposure_pending: Decimal | None
    orders_last_minute: int | None
    orders_today: int | None
    duplicate: bool | None
    fee_rate: Decimal
    day: TradingDay | None = None
    cage: Band | None = None
    margin_free: Decimal | None = None
    initial_share: Decimal = ONE


class StepResult(NamedTuple):
    """One check: its step number, a stable code, and the two numbers that were compared, when there are any."""

    step: int
    code: str
    passed: bool
    value: Decimal | None = None
    limit: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`results` holds every check made, the failing one last. `code` is '' when the order passed."""

    passed: bool
    step: int
    code: str
    results: tuple[StepResult, ...]

    @property
    def failure(self) -> StepResult | None:
        return None if self.passed else self.results[-1]


def order_price(order: VenueOrder, last_price: Decimal) -> Decimal:
    """The price an order is valued at: what it states, else the last one; a buy stop may pay more than the last."""
    stated = order.price if order.price is not None else order.stop_price
    return last_price if stated is None else stated


def check(order: VenueOrder, instrument: Instrument, context: RiskContext, limits: Limits) -> Verdict:
    """Run the pipeline over one order; pure, so that the preview, the order path and a backtest agree."""
    done: list[StepResult] = []
    for result in _steps(order, instrument, _without_nonsense(context), limits):
        done.append(result)
        if not result.passed:
            return Verdict(False, result.step, result.code, tuple(done))
    return Verdict(True, 0, "", tuple(done))


def _without_nonsense(context: RiskContext) -> RiskContext:
    """NaN and infinities are unknown: comparing them would raise or, worse, pass."""
    unfit: dict[str, Any] = {
        field.name: None
        for field in fields(context)
        if isinstance(value := getattr(context, field.name), Decimal) and not value.is_finite()
    }
    if "fee_rate" in unfit:
        # Without a fee nobody knows what an order costs.
        unfit |= {"fee_rate": ZERO, "cash_free": None}
    return replace(context, **unfit) if unfit else context


def _steps(order: VenueOrder, instrument: Instrument, context: RiskContext, limits: Limits) -> Iterable[StepResult]:
    reducing = order.reduce_only
    yield StepResult(0, "trading_halted", reducing or context.halted is False)
    yield StepResult(1, "mode_not_allowed", context.mode_allowed is True)
    yield StepResult(2, "market_closed", context.market_open is True)
    yield from _filters(order, instrument, context, limits)
    yield StepResult(4, "duplicate_order", context.duplicate is False)
    if not reducing:
        yield _at_most(5, "rate_per_minute", context.orders_last_minute, limits.max_orders_per_minute)
        yield _at_most(5, "rate_per_day", context.orders_today, limits.max_orders_per_day)
        yield from _sizes(order, context, limits)
    yield _money(order, instrument, context)


def _rules(instrument: Instrument, context: RiskContext) -> DayRules:
    return context.day.rules if context.day is not None else DayRules("", "").of(instrument)


def _filters(order: VenueOrder, instrument: Instrument, context: RiskContext, limits: Limits) -> Iterable[StepResult]:
    rules = _rules(instrument, context)
    yield StepResult(3, "no_market", context.day is None or rules.market != "" or order.reduce_only)
    last = context.last_price
    fresh = last is not None and last.is_finite() and last > 0 and context.last_price_stale is False
    # A position can be closed at any price; only opening one needs to know where the market is.
    yield StepResult(3, "no_fresh_price", fresh or order.reduce_only)
    yield StepResult(3, "quantity_not_positive", order.quantity.is_finite() and order.quantity > 0)
    held = context.quantity if context.quantity is not None else ZERO
    # What closes whatever there is may be any size: the venue caps it at the position.
    fits = order.reduce_only or rules.fits(order.side, order.quantity, held)
    yield StepResult(3, "off_lot", fits, order.quantity, rules.lot.minimum)
    shaped = (order.price is not None) == order.type.has_price
    shaped = shaped and (order.stop_price is not None) == order.type.has_stop_price
    yield StepResult(3, "price_shape", shaped)
    for price in (order.price, order.stop_price):
        if price is None:
            continue
        yield StepResult(3, "price_not_positive", price.is_finite() and price > 0)
        yield StepResult(3, "off_tick", rules.price_on_grid(price), price, rules.tick_at(price))
        yield from _market_prices(order, price, context)
        if limits.price_band_pct is not None and last is not None and not order.reduce_only:
            away = abs(EXACT.divide(price, last) - ONE)
            yield StepResult(3, "price_band", away <= limits.price_band_pct, away, limits.price_band_pct)
    if last is not None and not order.reduce_only:
        notional = EXACT.multiply(order.quantity, order_price(order, last))
        least = instrument.min_notional
        yield StepResult(3, "min_notional", notional >= least, notional, least)


def _market_prices(order: VenueOrder, price: Decimal, context: RiskContext) -> Iterable[StepResult]:
    """The day's price limits, and in continuous trading the cage; what only reduces may wait for a better day."""
    if order.reduce_only:
        return
    band = context.day.band if context.day is not None else None
    if band is not None:
        bound = band.up if price > band.up else band.down
        yield StepResult(3, "price_limit", band.down <= price <= band.up, price, bound)
    if context.cage is not None and price == order.price:
        buying = order.side is OrderSide.BUY
        bound = context.cage.up if buying else context.cage.down
        yield StepResult(3, "price_cage", price <= bound if buying else price >= bound, price, bound)


def _at_most(step: int, code: str, count: int | None, limit: int | None) -> StepResult:
    """Whether one more still fits under a count; no limit always fits, an unknown count never does."""
    if limit is None:
        return StepResult(step, code, True)
    if count is None:
        return StepResult(step, code, False)
    return StepResult(step, code, count < limit, Decimal(count + 1), Decimal(limit))


def _sizes(order: VenueOrder, context: RiskContext, limits: Limits) -> Iterable[StepResult]:
    equity, last, held = context.equity, context.last_price, context.quantity
    if equity is None or not equity.is_finite() or equity <= 0 or last is None or held is None:
        yield StepResult(6, "equity_unknown", False)
        return
    # On margin a share of equity is what the position binds, not what it is worth.
    notional = EXACT.multiply(EXACT.multiply(order.quantity, order_price(order, last)), context.initial_share)
    opens = held * order.side.sign >= 0
    if limits.max_single_order_pct is not None and (opens or order.quantity > abs(held)):
        share = EXACT.divide(notional, equity)
        yield StepResult(
            6, "single_order_pct", share <= limits.max_single_order_pct, share, limits.max_single_order_pct
        )
    if limits.max_single_position_pct is not None and opens:
        if context.exposure_pending is None:
            yield StepResult(6, "exposure_unknown", False)
            return
        bound = EXACT.multiply(EXACT.multiply(abs(held), last), context.initial_share)
        total = EXACT.add(EXACT.add(bound, context.exposure_pending), notional)
        share = EXACT.divide(total, equity)
        limit = limits.max_single_position_pct
        yield StepResult(6, "single_position_pct", share <= limit, share, limit)


def _money(order: VenueOrder, instrument: Instrument, context: RiskContext) -> StepResult:
    settled = context.day.sellable if context.day is not None else None
    if settled is not None and order.side is OrderSide.SELL and (context.quantity or ZERO) > 0:
        held = context.quantity or ZERO
        if order.quantity <= held and order.quantity > settled:
            return StepResult(10, "bought_today", False, order.quantity, settled)
    if order.reduce_only:
        # The venue caps it at the position; nothing can be owed.
        return StepResult(10, "sellable_quantity", True)
    if context.initial_share < 1:
        return _margin(order, instrument, context)
    if order.side is OrderSide.SELL and not instrument.can_short:
        sellable = context.sellable
        if sellable is None:
            return StepResult(10, "sellable_quantity", False)
        return StepResult(10, "sellable_quantity", order.quantity <= sellable, order.quantity, sellable)
    if context.cash_free is None or context.last_price is None:
        return StepResult(10, "free_cash", False)
    needed = hold_amount(order, context.last_price, context.fee_rate, _rules(instrument, context))
    return StepResult(10, "free_cash", needed <= context.cash_free, needed, context.cash_free)


def _margin(order: VenueOrder, instrument: Instrument, context: RiskContext) -> StepResult:
    """What opens must be covered by free margin: its initial share of notional, and the fee of the whole order."""
    if context.margin_free is None or context.last_price is None or context.quantity is None:
        return StepResult(10, "free_margin", False)
    closing = min(order.quantity, max(ZERO, EXACT.multiply(context.quantity, -order.side.sign)))
    price = hold_price(order, context.last_price)
    opening = EXACT.multiply(EXACT.subtract(order.quantity, closing), price)
    notional = EXACT.multiply(order.quantity, price)
    rules = _rules(instrument, context)
    fee = rules.fee(order.side, quantity=order.quantity, notional=notional, broker_rate=context.fee_rate)
    needed = EXACT.add(EXACT.multiply(opening, context.initial_share), fee)
    return StepResult(10, "free_margin", needed <= context.margin_free, needed, context.margin_free)


MARKET_RESERVE = Decimal("1.02")
"""An unpriced buy reserves 2 % above the last price, because nobody knows yet where it will fill."""


def hold_price(order: VenueOrder, last_price: Decimal) -> Decimal:
    """The price per unit that is reserved for a buy: its limit, or the last (or stop) price with a reserve."""
    if order.type in (OrderType.LIMIT, OrderType.STOP_LIMIT) and order.price is not None:
        return order.price
    return EXACT.multiply(order_price(order, last_price), MARKET_RESERVE)


def hold_amount(order: VenueOrder, last_price: Decimal, fee_rate: Decimal, rules: DayRules = NO_MARKET) -> Decimal:
    """Quote units reserved for a buy: quantity x hold price, and all the fees of the day's rules."""
    return rules.cost(OrderSide.BUY, order.quantity, hold_price(order, last_price), fee_rate)
