"""Every limit bites at its edge, and whatever is not known refuses."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphaloop.core.instrument import AssetClass, Instrument
from alphaloop.core.order import OrderSide, OrderType, VenueOrder
from alphaloop.engine.risk import PLATFORM_DEFAULT, Limits, RiskContext, check, hold_amount, strictest

D = Decimal
COIN = Instrument("BTC/USDT@paper", AssetClass.CRYPTO, "BTC", "USDT", D("0.01"), D("0.001"), D("10"), "24x7")
SHORTABLE = replace(COIN, can_short=True)

CALM = RiskContext(
    mode_allowed=True,
    halted=False,
    market_open=True,
    last_price=D(100),
    last_price_stale=False,
    equity=D(10_000),
    cash_free=D(10_000),
    quantity=D(5),
    sellable=D(5),
    exposure_pending=D(0),
    orders_last_minute=0,
    orders_today=0,
    duplicate=False,
    fee_rate=D("0.001"),
)
LIMITS = Limits(
    max_orders_per_minute=5,
    max_orders_per_day=50,
    max_single_order_pct=D("0.2"),
    max_single_position_pct=D("0.5"),
    price_band_pct=D("0.1"),
)


def order(**changes: Any) -> VenueOrder:
    given: dict[str, Any] = {
        "client_order_id": "a",
        "instrument": COIN.symbol,
        "side": OrderSide.BUY,
        "type": OrderType.MARKET,
        "quantity": D(1),
    }
    return VenueOrder(**(given | changes))


def limit(price: str, **changes: Any) -> VenueOrder:
    return order(type=OrderType.LIMIT, price=D(price), **changes)


def verdict(
    sent: VenueOrder, limits: Limits = LIMITS, instrument: Instrument = COIN, **changes: Any
) -> tuple[int, str]:
    found = check(sent, instrument, replace(CALM, **changes), limits)
    assert found.passed == (found.code == "") == (found.failure is None)
    return found.step, found.code


def test_an_ordinary_order_passes_every_step_in_order() -> None:
    found = check(limit("100"), COIN, CALM, LIMITS)
    steps = [result.step for result in found.results]
    assert found.passed
    assert steps == sorted(steps)
    assert set(steps) == {0, 1, 2, 3, 4, 5, 6, 10}


@pytest.mark.parametrize(
    ("sent", "changes", "refused"),
    [
        (order(), {"halted": True}, (0, "trading_halted")),
        (order(), {"mode_allowed": False}, (1, "mode_not_allowed")),
        (order(), {"market_open": False}, (2, "market_closed")),
        (order(), {"last_price_stale": True}, (3, "no_fresh_price")),
        (order(quantity=D("0.0005")), {}, (3, "off_lot")),
        (order(quantity=D(0)), {}, (3, "quantity_not_positive")),
        (order(quantity=D(-1)), {}, (3, "quantity_not_positive")),
        (limit("100.001"), {}, (3, "off_tick")),
        (limit("-1"), {}, (3, "price_not_positive")),
        (limit("0"), {}, (3, "price_not_positive")),
        (limit("89.99"), {}, (3, "price_band")),
        (limit("110.01"), {}, (3, "price_band")),
        (order(price=D(100)), {}, (3, "price_shape")),
        (order(type=OrderType.LIMIT), {}, (3, "price_shape")),
        (order(quantity=D("0.099")), {}, (3, "min_notional")),
        (order(), {"duplicate": True}, (4, "duplicate_order")),
        (order(), {"orders_last_minute": 5}, (5, "rate_per_minute")),
        (order(), {"orders_today": 50}, (5, "rate_per_day")),
        (order(quantity=D("20.001")), {}, (6, "single_order_pct")),
        (order(quantity=D("20.001")), {"quantity": D(25)}, (6, "single_order_pct")),
        (order(quantity=D(20)), {"quantity": D("30.001")}, (6, "single_position_pct")),
        (order(quantity=D(20)), {"quantity": D(20), "exposure_pending": D(1001)}, (6, "single_position_pct")),
        (order(), {"cash_free": D("102.101")}, (10, "free_cash")),
        (limit("100"), {"cash_free": D("100.09")}, (10, "free_cash")),
        (order(side=OrderSide.SELL, quantity=D("5.001")), {}, (10, "sellable_quantity")),
    ],
)
def test_each_limit_refuses_just_beyond_its_edge(sent: VenueOrder, changes: Any, refused: tuple[int, str]) -> None:
    assert verdict(sent, **changes) == refused


@pytest.mark.parametrize(
    ("sent", "changes"),
    [
        (limit("90"), {}),
        (limit("110"), {}),
        (order(quantity=D("0.1")), {}),
        (order(), {"orders_last_minute": 4, "orders_today": 49}),
        (order(quantity=D(20)), {"quantity": D(30)}),
        (order(), {"cash_free": D("102.102")}),
        (limit("100"), {"cash_free": D("100.1")}),
        (order(side=OrderSide.SELL, quantity=D(5)), {}),
    ],
)
def test_each_limit_passes_at_its_edge(sent: VenueOrder, changes: Any) -> None:
    assert verdict(sent, **changes) == (0, "")


UNKNOWN_STEP = {
    "mode_allowed": 1,
    "halted": 0,
    "market_open": 2,
    "last_price": 3,
    "last_price_stale": 3,
    "duplicate": 4,
    "orders_last_minute": 5,
    "orders_today": 5,
    "equity": 6,
    "quantity": 6,
    "exposure_pending": 6,
    "cash_free": 10,
}


@pytest.mark.parametrize(("name", "step"), UNKNOWN_STEP.items())
def test_a_fact_that_is_missing_refuses_at_the_step_that_needs_it(name: str, step: int) -> None:
    found = check(order(), COIN, replace(CALM, **{name: None}), LIMITS)
    assert (found.passed, found.step) == (False, step)


@pytest.mark.parametrize("value", [D("NaN"), D("sNaN"), D("Infinity"), D("-Infinity")])
@pytest.mark.parametrize("name", ["last_price", "equity", "cash_free", "quantity", "exposure_pending", "fee_rate"])
def test_a_number_that_is_none_refuses_instead_of_raising(name: str, value: Decimal) -> None:
    assert not check(order(), COIN, replace(CALM, **{name: value}), LIMITS).passed
    if name == "quantity":
        sold = check(order(side=OrderSide.SELL), COIN, replace(CALM, sellable=value), LIMITS)
        assert (sold.passed, sold.code) == (False, "sellable_quantity")


@pytest.mark.parametrize("value", [D("NaN"), D("sNaN"), D("Infinity")])
def test_an_order_with_a_number_that_is_none_is_refused(value: Decimal) -> None:
    assert verdict(order(quantity=value)) == (3, "quantity_not_positive")
    assert verdict(order(type=OrderType.LIMIT, price=value)) == (3, "price_not_positive")


def test_an_order_that_only_reduces_passes_the_halt_and_skips_rates_and_sizes() -> None:
    leaving = order(side=OrderSide.SELL, quantity=D(5), reduce_only=True)
    found = check(
        leaving,
        COIN,
        replace(CALM, halted=True, orders_last_minute=99, equity=None, cash_free=None, last_price=None),
        LIMITS,
    )
    assert found.passed
    assert {5, 6}.isdisjoint(result.step for result in found.results)


def test_the_rest_of_a_position_may_be_closed_below_the_minimum() -> None:
    assert verdict(order(side=OrderSide.SELL, quantity=D("0.05"), reduce_only=True)) == (0, "")


def test_a_sale_that_only_reduces_is_not_measured_as_one_order_and_one_that_turns_around_is() -> None:
    sale = order(side=OrderSide.SELL, quantity=D(30))
    assert verdict(sale, instrument=SHORTABLE, quantity=D(30)) == (0, "")
    assert verdict(sale, instrument=SHORTABLE, quantity=D(29)) == (6, "single_order_pct")


def test_an_order_that_only_reduces_still_needs_an_open_market_and_a_known_mode() -> None:
    leaving = order(side=OrderSide.SELL, reduce_only=True)
    assert verdict(leaving, market_open=False) == (2, "market_closed")
    assert verdict(leaving, mode_allowed=None) == (1, "mode_not_allowed")
    assert verdict(leaving, duplicate=True) == (4, "duplicate_order")


def test_opening_a_short_from_flat_is_a_position_and_needs_cash() -> None:
    short = order(side=OrderSide.SELL, quantity=D(20))
    wide = replace(LIMITS, max_single_position_pct=D("0.1"))
    assert verdict(short, wide, SHORTABLE, quantity=D(0)) == (6, "single_position_pct")
    assert verdict(short, instrument=SHORTABLE, quantity=D(0), cash_free=D(100)) == (10, "free_cash")


@given(
    st.lists(st.builds(Limits, max_single_order_pct=st.none() | st.decimals(0, 1, places=3)), max_size=4),
    st.none() | st.decimals(0, 1, places=3),
)
def test_the_strictest_set_value_wins_and_the_default_speaks_only_when_nobody_does(
    scopes: list[Limits], most: Decimal | None
) -> None:
    maximum = Limits(max_single_order_pct=most)
    merged = strictest(PLATFORM_DEFAULT, scopes, maximum).max_single_order_pct
    values = [scope.max_single_order_pct for scope in scopes if scope.max_single_order_pct is not None]
    expected = min(values) if values else PLATFORM_DEFAULT.max_single_order_pct
    assert expected is not None
    assert merged == (expected if most is None else min(expected, most))


@given(st.decimals("0.001", 1000, places=3), st.decimals("0.01", 1000, places=2), st.decimals(0, "0.1", places=4))
def test_a_passed_buy_never_costs_more_than_the_free_cash(quantity: Decimal, price: Decimal, fee: Decimal) -> None:
    sent = order(type=OrderType.LIMIT, price=price, quantity=quantity)
    context = replace(CALM, last_price=price, fee_rate=fee)
    found = check(sent, COIN, context, Limits())
    assert found.passed == (quantity * price >= COIN.min_notional and hold_amount(sent, price, fee) <= D(10_000))
    assert hold_amount(sent, price, fee) >= quantity * price
