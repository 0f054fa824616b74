"""From intent to order: on the grid, within cash, never past the position."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphaloop.core.errors import InvalidError
from alphaloop.core.instrument import AssetClass, Instrument
from alphaloop.core.order import OrderSide
from alphaloop.core.signal import Desired, Sizing
from alphaloop.engine.convert import to_decimal, to_float
from alphaloop.engine.sizing import order_quantity

D = Decimal
COIN = Instrument("BTC/USDT@paper", AssetClass.CRYPTO, "BTC", "USDT", D("0.01"), D("0.01"), D("10"), "24x7")


def wanted(target: float | None, sizing: Sizing = Sizing.WEIGHT, stop: float | None = None) -> Desired:
    return Desired(target=target, sizing=sizing, episode=1, stop=stop)


def asked(desired: Desired, held: str = "0", price: str = "100", **changes: object) -> tuple[OrderSide, Decimal] | None:
    given: dict[str, object] = {"equity": D(1000), "instrument": COIN} | changes
    return order_quantity(desired, price=D(price), current_quantity=D(held), **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("desired", "held", "expected"),
    [
        (wanted(None), "5", None),
        (wanted(1.0), "0", (OrderSide.BUY, D("10"))),
        (wanted(0.5), "0", (OrderSide.BUY, D("5"))),
        (wanted(0.5), "8", (OrderSide.SELL, D("3"))),
        (wanted(0.0), "8", (OrderSide.SELL, D("8"))),
        (wanted(0.0), "0", None),
        (wanted(0.0), "0.013", (OrderSide.SELL, D("0.013"))),
        (wanted(-1.0), "3", (OrderSide.SELL, D("3"))),
        (wanted(-1.0), "0", None),
        (wanted(0.01), "0", (OrderSide.BUY, D("0.1"))),
        (wanted(0.009), "0", None),
        (wanted(3.0, Sizing.UNITS), "1", (OrderSide.BUY, D("2"))),
        (wanted(1.0, Sizing.RISK, 98.0), "0", (OrderSide.BUY, D("5"))),
        (wanted(1.0, Sizing.RISK, 99.99), "0", (OrderSide.BUY, D("10"))),
        (wanted(1.0, Sizing.RISK), "0", None),
        (wanted(1.0, Sizing.RISK, 101.0), "0", None),
    ],
)
def test_desired_minus_actual(desired: Desired, held: str, expected: tuple[OrderSide, Decimal] | None) -> None:
    assert asked(desired, held) == expected


def test_the_fee_and_the_allocation_come_out_of_the_budget() -> None:
    halved = {"allocation": D("0.5"), "fee_rate": D("0.01")}
    assert asked(wanted(1.0), **halved) == (OrderSide.BUY, D("4.95"))
    # Risk at the stop: 1 % of 500 over 2 a unit; a stop next to the price is bounded by what can be paid.
    assert asked(wanted(1.0, Sizing.RISK, 98.0), **halved) == (OrderSide.BUY, D("2.5"))
    assert asked(wanted(1.0, Sizing.RISK, 99.99), **halved) == (OrderSide.BUY, D("4.95"))


def test_an_instrument_that_can_be_shorted_turns_around_in_one_order() -> None:
    short = Instrument("X@paper", AssetClass.PERPETUAL, "X", "USDT", D(0), D(1), D(0), "24x7", can_short=True)
    assert asked(wanted(-0.5), "3", instrument=short) == (OrderSide.SELL, D("8"))


@pytest.mark.parametrize(("equity", "price"), [("NaN", "100"), ("1000", "NaN"), ("1000", "0"), ("1000", "-1")])
def test_unknown_money_or_price_asks_for_nothing(equity: str, price: str) -> None:
    assert asked(wanted(1.0), price=price, equity=D(equity)) is None


@given(
    st.floats(-1, 1),
    st.decimals(0, 10**6, places=2),
    st.decimals("0.01", 10**5, places=2),
    st.integers(0, 10**6).map(lambda lots: D(lots) / 100),
    st.decimals(0, "0.01", places=4),
)
def test_no_order_costs_more_than_the_equity_or_sells_more_than_is_held(
    target: float, equity: Decimal, price: Decimal, held: Decimal, fee: Decimal
) -> None:
    found = order_quantity(
        wanted(target), equity=equity, price=price, current_quantity=held, instrument=COIN, fee_rate=fee
    )
    if found is None:
        return
    side, quantity = found
    assert quantity > 0
    assert COIN.quantity_on_grid(quantity)
    after = held + quantity * side.sign
    assert after >= 0
    if side is OrderSide.BUY:
        assert after * price * (1 + fee) <= equity


@given(st.floats(-1e300, 1e300))
def test_a_float_crosses_to_decimal_and_back_within_fifteen_digits(value: float) -> None:
    assert to_float(to_decimal(value)) == pytest.approx(value, rel=1e-14)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_not_a_number_does_not_cross(value: float) -> None:
    with pytest.raises(InvalidError):
        to_decimal(value)
    with pytest.raises(InvalidError):
        to_float(D(str(value)))


def test_a_tenth_crosses_as_a_tenth() -> None:
    assert to_decimal(0.1) == D("0.1")
    assert to_decimal(0.1 + 0.2) == D("0.3")
