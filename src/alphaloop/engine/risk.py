"""The pre-trade pipeline as pure arithmetic: an order leaves only when every step could be decided, and decided yes.

Steps, in order, the first refusal ends it: 0 server ceiling and kill switch, 1 account mode and key, 2 trading
calendar, 3 symbol filters, 4 duplicate, 5 rates, 6 size of one order, 10 free cash or quantity. A fact that is
missing, NaN or infinite where a step needs it is a refusal, never a pass.

Reduce-only orders pass the kill switch and skip 5 and 6, so that risk can always be cut.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from decimal import Decimal
from enum import StrEnum
from typing import Any

from alphaloop.core.errors import InvalidError
from alphaloop.core.instrument import Instrument
from alphaloop.core.money import EXACT, ONE
from alphaloop.core.order import OrderSide, VenueOrder
from alphaloop.engine.matching import refuse

# What may reach a venue, from nothing to real money; a ceiling allows its own mode and those before it.
MODES = ("DRY_RUN", "PAPER", "TESTNET", "LIVE")
_KEYED_MODES = frozenset({"TESTNET", "LIVE"})


class Action(StrEnum):
    PASS = "PASS"
    REJECT = "REJECT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of one scope; None means that this scope says nothing.

    Shares are fractions (0.2 = 20 %) of equity or of the last price, `max_single_position` is an amount in quote units,
    `trading_hours_only` refuses orders while the market is shut.
    """

    max_orders_per_minute: int | None = None
    max_trades_per_day: int | None = None
    max_single_order_pct: Decimal | None = None
    max_single_position: Decimal | None = None
    price_band_pct: Decimal | None = None
    trading_hours_only: bool | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            wrong = value is not None and not isinstance(value, bool) and not (_finite(value) and value >= 0)
            if wrong:
                raise InvalidError(
                    f"{field.name} must be a number, 0 or more.",
                    code="bad_limit",
                    fields=((field.name, "out_of_bounds"),),
                )


PLATFORM_DEFAULTS = Limits(
    max_orders_per_minute=5,
    max_single_order_pct=Decimal("0.2"),
    price_band_pct=Decimal("0.1"),
    trading_hours_only=True,
)


def strictest(*scopes: Limits, defaults: Limits = PLATFORM_DEFAULTS, maxima: Limits | None = None) -> Limits:
    """Merge scopes (user, account, strategy, symbol): per limit the strictest value that any of them sets.

    A default counts only where no scope sets anything; platform maxima always count.
    """
    merged: dict[str, Any] = {}
    for field in fields(Limits):
        values = [value for scope in scopes if (value := getattr(scope, field.name)) is not None]
        if not values:
            values = [getattr(defaults, field.name)]
        if maxima is not None:
            values.append(getattr(maxima, field.name))
        known = [value for value in values if value is not None]
        strict = max if field.name == "trading_hours_only" else min
        merged[field.name] = strict(known) if known else None
    return Limits(**merged)


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskContext:
    """Everything the steps look at, read in the submitting transaction. None means unknown, and unknown refuses.

    `ceiling` and `account_mode` are of MODES. `halted` is the kill switch of any scope. `cash_free` is quote cash less
    what working orders reserve. `position_quantity` is signed; `selling_quantity` what working sell orders that are
    not reduce-only will take of it; `opening_quantity` what a working entry of the same parent will still add, so
    that a bracket can be placed with its entry. `orders_last_minute` counts parents on the session's clock;
    `counted_parent` says that this order's parent is among them already. `price_stale` is the mark's age check.
    """

    ceiling: str | None
    account_mode: str | None
    halted: bool | None
    account_active: bool | None
    key_can_trade: bool | None
    market_open: bool | None
    instrument: Instrument | None
    last_price: Decimal | None
    duplicate: bool | None
    orders_last_minute: int | None
    trades_today: int | None
    equity: Decimal | None
    cash_free: Decimal | None
    fee_rate: Decimal | None
    position_quantity: Decimal | None
    now_ms: int | None = None
    selling_quantity: Decimal | None = ZERO
    opening_quantity: Decimal | None = ZERO
    slippage_bps: Decimal | None = ZERO
    counted_parent: bool = False
    price_stale: bool | None = False


@dataclass(frozen=True, slots=True)
class StepResult:
    """One step's answer for the risk log; `passed` None means that the step was skipped for this kind of order."""

    step: int
    name: str
    passed: bool | None
    code: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`step` and `code` name the refusal (-1 and '' when passed); `results` holds every step that was reached."""

    passed: bool
    step: int
    code: str
    action: Action
    detail: str
    results: tuple[StepResult, ...]


class _Refused(Exception):
    """Ends a step; carries a stable code and one sentence."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


def check(order: VenueOrder, context: RiskContext, limits: Limits) -> Verdict:
    """Put one order through every step. Pure: equal arguments give equal verdicts, and nothing raises."""
    results: list[StepResult] = []
    for step, name, run, cutting_skips in _STEPS:
        if cutting_skips and order.reduce_only:
            results.append(StepResult(step, name, None))
            continue
        try:
            run(order, context, limits)
        except _Refused as refused:
            results.append(StepResult(step, name, False, refused.code, refused.detail))
            return Verdict(False, step, refused.code, Action.REJECT, refused.detail, tuple(results))
        results.append(StepResult(step, name, True))
    return Verdict(True, -1, "", Action.PASS, "", tuple(results))


def order_price(order: VenueOrder, last_price: Decimal) -> Decimal:
    """The price to reckon an order with: a buy's limit where it has one, else the highest of last and stated prices."""
    if order.side is OrderSide.BUY and order.price is not None:
        return order.price
    stated = [price for price in (order.price, order.stop_price) if price is not None]
    return max([last_price, *stated])


def reserve(order: VenueOrder, *, last_price: Decimal, fee_rate: Decimal, slippage_bps: Decimal = ZERO) -> Decimal:
    """Quote cash that a buy (or an opening short) must find free: price x quantity with slippage and fee on top."""
    price = order_price(order, last_price)
    if order.price is None:
        price = EXACT.multiply(price, ONE + EXACT.divide(slippage_bps, Decimal(10_000)))
    return EXACT.multiply(EXACT.multiply(price, order.quantity), ONE + fee_rate)


def _ceiling(order: VenueOrder, context: RiskContext, limits: Limits) -> None:
    if context.ceiling not in MODES or context.account_mode not in MODES:
        raise _Refused("unknown_mode", "The server's ceiling or the account's mode is not known.")
    if MODES.index(context.account_mode) > MODES.index(context.ceiling):
        raise _Refused("above_ceiling", f"This server allows nothing above {context.ceiling}.")
    if not order.reduce_only and _flag(context.halted, "halt"):
        raise _Refused("trading_halted", "Trading is halted; only orders that reduce a position pass.")


def _mode(order: VenueOrder, context: RiskContext, limits: Limits) -> None:
    if not _flag(context.account_active, "account"):
        raise _Refused("account_inactive", "The account is not active.")
    if context.account_mode in _KEYED_MODES and not _flag(context.key_can_trade, "key"):
        raise _Refused("key_cannot_trade", "The account's key may not trade.")


def _calendar(order: VenueOrder, context: RiskContext, limits: Limits) -> None:
    if limits.trading_hours_only and not _flag(context.market_open, "calendar"):
        raise _Refused("market_closed", "The market is closed.")


def _filters(order: VenueOrder, context: RiskContext, limits: Limits) -> None:
    if context.instrument is None:
        raise _Refused("unknown_instrument", "The instrument is not known.")
    code = refuse(order, context.instrument)
    if code is not None:
        raise _Refused(code, "The order does not fit the instrument's rules.")
    stated = [price for price in (order.price, order.stop_price) if price is not None]
    if order.reduce_only and not stated:
        # A plain exit needs no price: an unknown market must not keep anybody in a position.
        return
    last = _price(context)
    notional = EXACT.multiply(order_price(order, last), order.quantity)
    if not order.reduce_only and notional < context.instrument.min_notional:
        raise _Refused("below_min_notional", "The order is smaller than the instrument's minimum.")
    band = limits.price_band_pct
    if band is not None and any(_outside_band(order, price, last, band) for price in stated):
        raise _Refused("outside_price_band", "The price is too far from the last one.")


def _outside_band(order: VenueOrder, price: Decimal, last: Decimal, band: Decimal) -> bool:
    """Whether a price is farther from the last one than the band; protective orders may wait farther away."""
    width = EXACT.multiply(last, band)
    worse = EXACT.subtract(price, last) * order.side.sign
    if order.reduce_only:
        # Paying far more, or selling far below: a mistake. The stop's own price only says when to act.
        return price is order.price and order.stop_price is None and worse > width
    return worse.copy_abs() > width


def _duplicate(order: VenueOrder, context: RiskContext, limits: Limits) -> None:
    if _flag(context.duplicate, "duplicate"):
        raise _Refused("duplicate_order", "An order with this key was already taken.")


def _rates(order: VenueOrder, context: RiskContext, limits: Limits) -> None:
    if context.counted_parent:
        return
    a_minute, a_day = limits.max_orders_per_minute, limits.max_trades_per_day
    if a_minute is not None and _count(context.orders_last_minute) >= a_minute:
        raise _Refused("too_many_orders", f"No more than {a_minute} orders a minute.")
    if a_day is not None and _count(context.trades_today) >= a_day:
        raise _Refused("too_many_trades", f"No more than {a_day} trades a day.")


def _size(order: VenueOrder, context: RiskContext, limits: Limits) -> None:
    notional = EXACT.multiply(order_price(order, _price(context)), order.quantity)
    if limits.max_single_order_pct is not None:
        equity = _amount(context.equity, "equity")
        if equity <= 0 or notional > EXACT.multiply(equity, limits.max_single_order_pct):
            share = (limits.max_single_order_pct * 100).normalize()
            raise _Refused("order_too_large", f"One order may take at most {share:f} % of equity.")
    if limits.max_single_position is not None and notional > limits.max_single_position:
        raise _Refused("position_too_large", "The order is larger than the largest position allowed.")


def _funds(order: VenueOrder, context: RiskContext, limits: Limits) -> None:
    held = _amount(context.position_quantity, "position")
    reducible = max(ZERO, held * -order.side.sign)
    if order.reduce_only:
        if order.quantity > EXACT.add(reducible, _amount(context.opening_quantity, "entry")):
            raise _Refused("nothing_to_reduce", "There is less to reduce than the order asks for.")
        return
    if order.side is OrderSide.SELL:
        reducible = max(ZERO, EXACT.subtract(reducible, _amount(context.selling_quantity, "working sells")))
    opening = EXACT.subtract(order.quantity, min(order.quantity, reducible))
    if opening == 0:
        return
    if order.side is OrderSide.SELL and (context.instrument is None or not context.instrument.can_short):
        raise _Refused("insufficient_quantity", "There is less to sell than the order asks for.")
    needed = reserve(
        order,
        last_price=_price(context),
        fee_rate=_amount(context.fee_rate, "fee"),
        slippage_bps=_amount(context.slippage_bps, "slippage"),
    )
    share = EXACT.divide(opening, order.quantity)
    if EXACT.multiply(needed, share) > _amount(context.cash_free, "free cash"):
        raise _Refused("insufficient_cash", "There is not enough free cash for the order and its fee.")


_Step = Callable[[VenueOrder, RiskContext, Limits], None]
# Number, name, the step itself, and whether an order that only reduces skips it.
_STEPS: tuple[tuple[int, str, _Step, bool], ...] = (
    (0, "ceiling_and_halt", _ceiling, False),
    (1, "mode_and_key", _mode, False),
    (2, "calendar", _calendar, False),
    (3, "symbol_filters", _filters, False),
    (4, "duplicate", _duplicate, False),
    (5, "rates", _rates, True),
    (6, "order_size", _size, True),
    (10, "funds", _funds, False),
)


def _finite(value: object) -> bool:
    if isinstance(value, Decimal):
        return value.is_finite()
    return isinstance(value, int) and not isinstance(value, bool)


def _amount(value: Decimal | None, what: str) -> Decimal:
    if not isinstance(value, Decimal) or not value.is_finite():
        raise _Refused("unknown_input", f"The {what} is not known.")
    return value


def _price(context: RiskContext) -> Decimal:
    price = _amount(context.last_price, "last price")
    if price <= 0:
        raise _Refused("unknown_input", "The last price is not known.")
    if _flag(context.price_stale, "price's age"):
        raise _Refused("stale_price", "The last price is too old.")
    return price


def _flag(value: bool | None, what: str) -> bool:
    if not isinstance(value, bool):
        raise _Refused("unknown_input", f"The state of the {what} is not known.")
    return value


def _count(value: int | None) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _Refused("unknown_input", "The number of recent orders is not known.")
    return value
