"""Liquidation and funding: the exact formula, the compiled one, and random walks through simulator and paper venue."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaloop.engine.day_rules import DayRules, Margin
from alphaloop.engine.margin import Mark, funding_due, liquidate, liquidation_price, wallet_behind
from alphaloop.engine.panel import Floats
from alphaloop.engine.sim_compiled import compiled
from alphaloop.engine.sim_rules import liquidation_price as inlined_price

D = Decimal
ROWS = ((D(0), D("0.004"), D(0)), (D(50_000), D("0.005"), D(50)), (D(250_000), D("0.01"), D(1300)))
RULES = DayRules("m", "b", margin=Margin(D("0.008"), D("0.004"), D("0.001")))


def test_the_liquidation_price_is_where_equity_meets_maintenance() -> None:
    # 10 at 10 000 with 10 000 behind: wallet -90 000; (90 000 - 50) / (10 x 0.995) = 9 040.20...
    price = liquidation_price(D(10), D(-90_000), ROWS)
    assert price is not None
    notional = 10 * price
    assert 50_000 <= notional < 250_000
    assert D(-90_000) + notional == pytest.approx(notional * D("0.005") - 50)


@compiled
def compiled_price(quantity: float, wallet: float, brackets: Floats) -> float:
    # A step of the pass has no door for Python.
    return inlined_price(quantity, wallet, brackets)


@given(
    quantity=st.decimals("0.001", "50", places=3),
    short=st.booleans(),
    average=st.decimals("100", "60000", places=1),
    leverage=st.integers(2, 100),
)
@settings(deadline=None)
def test_both_tellings_find_the_same_price(quantity: Decimal, short: bool, average: Decimal, leverage: int) -> None:
    signed = -quantity if short else quantity
    wallet = abs(signed) * average / leverage - signed * average
    exact = liquidation_price(signed, wallet, ROWS)
    rows = np.array([[float(x) for x in row] for row in ROWS])
    fast = compiled_price(float(signed), float(wallet), rows)
    assert (exact is None) == bool(np.isnan(fast))
    if exact is not None:
        assert float(exact) == pytest.approx(fast, rel=1e-9)


def test_a_position_paid_in_full_is_never_liquidated() -> None:
    assert liquidation_price(D(1), D(0), ROWS) is None or liquidation_price(D(1), D(0), ROWS) == 0
    assert liquidate(D(1), D(5), RULES, Mark(D(100), D(1), D(101))) is None


def test_a_nearer_stop_closes_before_the_liquidation_and_a_farther_one_does_not() -> None:
    wallet = D(-90)  # 1 at 100 with 10 behind: liquidation at 90.36
    mark = Mark(D(99), D(85), D(100))
    assert liquidate(D(1), wallet, RULES, mark, stop=D(95)) is None
    found = liquidate(D(1), wallet, RULES, mark, stop=D(80))
    assert found is not None
    assert found.price == pytest.approx(D("90.361445783132530120"))


def test_a_mark_that_opens_beyond_takes_no_more_than_what_stood_behind() -> None:
    found = liquidate(D(1), D(-90), RULES, Mark(D(50), D(40), D(60)))
    assert found is not None
    assert (found.price, found.fee) == (D(90), D(0))
    short = liquidate(D(-1), D(110), RULES, Mark(D(200), D(190), D(210)))
    assert short is not None
    assert (short.price, short.fee) == (D(110), D(0))


def test_own_margin_or_the_whole_account_stands_behind() -> None:
    own = wallet_behind(D(2), D(100), cash=D(5000), others=D(7), share=D("0.1"), isolated=True)
    assert own == D(20) - D(200)
    assert wallet_behind(D(2), D(100), cash=D(5000), others=D(7), share=D("0.1"), isolated=False) == D(5007)


def test_funding_is_paid_by_longs_and_received_by_shorts() -> None:
    assert funding_due(D("0.5"), D(30_000), D("0.0001")) == D("1.5")
    assert funding_due(D("-0.5"), D(30_000), D("0.0001")) == D("-1.5")
