"""Prices, slopes and implied volatilities beside QuantLib's, and the laws that every price keeps."""

from datetime import date, timedelta

import numpy as np
import pytest
import QuantLib as ql  # noqa: N813
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaloop.kernels.options.greeks import option_greeks
from alphaloop.kernels.options.implied import implied_volatility
from alphaloop.kernels.options.pricing import Floats, american_price, option_price

TODAY = date(2020, 1, 2)


def cases(count: int = 400) -> list[tuple[float, float, int, float, bool, float, float]]:
    """Spot, strike, days, volatility, call, rate, dividend yield, from a day to three years."""
    rng = np.random.default_rng(5)
    return [
        (
            100.0,
            float(rng.uniform(50, 200)),
            int(rng.integers(1, 1095)),
            float(rng.uniform(0.05, 1.2)),
            bool(rng.integers(2)),
            float(rng.uniform(-0.01, 0.1)),
            float(rng.uniform(0.0, 0.08)),
        )
        for _ in range(count)
    ]


def columns(rows: list[tuple[float, float, int, float, bool, float, float]]) -> list[Floats]:
    spot, strike, days, volatility, call, rate, dividend = (np.array(column) for column in zip(*rows, strict=True))
    return [spot, strike, days / 365.0, volatility, call, rate, dividend]


def ql_option(row: tuple[float, float, int, float, bool, float, float], *, american: bool = False) -> ql.VanillaOption:
    spot, strike, days, volatility, call, rate, dividend = row
    today = ql.Date(TODAY.day, TODAY.month, TODAY.year)
    ql.Settings.instance().evaluationDate = today
    last = TODAY + timedelta(days=days)
    end = ql.Date(last.day, last.month, last.year)
    day_count = ql.Actual365Fixed()
    process = ql.BlackScholesMertonProcess(
        ql.QuoteHandle(ql.SimpleQuote(spot)),
        ql.YieldTermStructureHandle(ql.FlatForward(today, dividend, day_count)),
        ql.YieldTermStructureHandle(ql.FlatForward(today, rate, day_count)),
        ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), volatility, day_count)),
    )
    payoff = ql.PlainVanillaPayoff(ql.Option.Call if call else ql.Option.Put, strike)
    exercise = ql.AmericanExercise(today, end) if american else ql.EuropeanExercise(end)
    option = ql.VanillaOption(payoff, exercise)
    engine = ql.BinomialLRVanillaEngine(process, 501) if american else ql.AnalyticEuropeanEngine(process)
    option.setPricingEngine(engine)
    return option


def test_prices_and_slopes_are_those_of_quantlib() -> None:
    rows = cases()
    spot, strike, years, volatility, call, rate, dividend = columns(rows)
    price = option_price(spot, strike, years, volatility, call, rate=rate, dividend=dividend)
    greeks = option_greeks(spot, strike, years, volatility, call, rate=rate, dividend=dividend)
    theirs = [ql_option(row) for row in rows]
    np.testing.assert_allclose(price, [one.NPV() for one in theirs], rtol=0, atol=1e-10)
    for name in ("delta", "gamma", "vega", "theta", "rho"):
        expected = [getattr(one, name)() for one in theirs]
        np.testing.assert_allclose(getattr(greeks, name), expected, rtol=1e-10, atol=1e-10, err_msg=name)


def test_american_prices_are_those_of_the_same_tree_in_quantlib_and_near_the_limit() -> None:
    rows = cases(30)
    spot, strike, years, volatility, call, rate, dividend = columns(rows)
    price = american_price(spot, strike, years, volatility, call, rate=rate, dividend=dividend)
    np.testing.assert_allclose(price, [ql_option(row, american=True).NPV() for row in rows], rtol=0, atol=1e-8)
    finer = american_price(spot, strike, years, volatility, call, rate=rate, dividend=dividend, steps=2001)
    np.testing.assert_allclose(price, finer, rtol=2e-4, atol=1e-6)
    european = option_price(spot, strike, years, volatility, call, rate=rate, dividend=dividend)
    intrinsic = np.where(call, spot - strike, strike - spot)
    assert np.all(price >= np.maximum(european, intrinsic) - 1e-4)


def test_implied_volatility_is_that_of_quantlib() -> None:
    rows = [row for row in cases(200) if abs(np.log(row[1] / 100)) < 2 * row[3] * np.sqrt(row[2] / 365)]
    spot, strike, years, volatility, call, rate, dividend = columns(rows)
    price = option_price(spot, strike, years, volatility, call, rate=rate, dividend=dividend)
    found = implied_volatility(price, spot, strike, years, call, rate=rate, dividend=dividend)
    np.testing.assert_allclose(found, volatility, rtol=0, atol=1e-8)
    for row, worth, ours in list(zip(rows, price, found, strict=True))[:40]:
        flat = (*row[:3], 0.2, *row[4:])
        option = ql_option(flat)
        process = ql.BlackScholesMertonProcess(
            ql.QuoteHandle(ql.SimpleQuote(row[0])),
            ql.YieldTermStructureHandle(ql.FlatForward(0, ql.NullCalendar(), row[6], ql.Actual365Fixed())),
            ql.YieldTermStructureHandle(ql.FlatForward(0, ql.NullCalendar(), row[5], ql.Actual365Fixed())),
            ql.BlackVolTermStructureHandle(ql.BlackConstantVol(0, ql.NullCalendar(), 0.2, ql.Actual365Fixed())),
        )
        assert option.impliedVolatility(float(worth), process, 1e-12, 500, 1e-6, 10.0) == pytest.approx(ours, abs=1e-8)


@settings(max_examples=200, deadline=None)
@given(
    st.floats(0.3, 3.0),
    st.floats(0.01, 5.0),
    st.floats(0.01, 3.0),
    st.booleans(),
    st.floats(-0.02, 0.15),
    st.floats(0.0, 0.1),
)
def test_a_price_gives_its_volatility_back_as_far_as_it_holds_it(
    moneyness: float, years: float, volatility: float, call: bool, rate: float, dividend: float
) -> None:
    price = option_price(100.0, 100.0 * moneyness, years, volatility, call, rate=rate, dividend=dividend)
    found = implied_volatility(price, 100.0, 100.0 * moneyness, years, call, rate=rate, dividend=dividend)
    again = option_price(100.0, 100.0 * moneyness, years, found, call, rate=rate, dividend=dividend)
    # A price that is all intrinsic value to the last digit implies nothing.
    if np.isfinite(found):
        assert again == pytest.approx(float(price), abs=1e-11)


def test_calls_less_puts_are_the_forward() -> None:
    spot, strike, years, volatility, _, rate, dividend = columns(cases())
    call, put = (
        option_price(spot, strike, years, volatility, side, rate=rate, dividend=dividend) for side in (True, False)
    )
    forward = spot * np.exp(-dividend * years) - strike * np.exp(-rate * years)
    np.testing.assert_allclose(call - put, forward, rtol=0, atol=1e-11)


def test_at_expiry_and_without_volatility_only_what_the_forward_leaves_is_worth_anything() -> None:
    np.testing.assert_array_equal(option_price(100, [90, 100, 110], 0.0, 0.3, True), [10, 0, 0])
    np.testing.assert_array_equal(option_price(100, [90, 100, 110], 1.0, 0.0, False), [0, 0, 10])
    np.testing.assert_array_equal(american_price(100, [90, 110], 0.0, 0.3, False), [0, 10])
    greeks = option_greeks(100, [90, 100, 110], 0.0, 0.3, True)
    np.testing.assert_array_equal(greeks.delta, [1, 0.5, 0])
    assert np.isnan(greeks.gamma).all()


def test_what_cannot_be_priced_is_nan() -> None:
    bad = [(0.0, 100, 1, 0.2), (-5.0, 100, 1, 0.2), (100, 0.0, 1, 0.2), (100, 100, -1, 0.2), (100, 100, 1, -0.2)]
    bad += [(np.nan, 100, 1, 0.2), (100, np.nan, 1, 0.2), (100, 100, np.nan, 0.2), (100, 100, 1, np.nan)]
    for spot, strike, years, volatility in bad:
        assert np.isnan(option_price(spot, strike, years, volatility, True))
        assert np.isnan(american_price(spot, strike, years, volatility, False))
        assert np.isnan(option_greeks(spot, strike, years, volatility, True).delta)
    assert np.isnan(option_price(100, 100, 1, 0.2, True, rate=np.nan))
    with pytest.raises(ValueError, match="at least one step"):
        american_price(100, 100, 1, 0.2, True, steps=0)


def test_a_price_outside_the_bounds_of_arbitrage_implies_nothing() -> None:
    # A call on 100 struck at 90 is worth more than 10 and less than 100; a put struck at 110 between 10 and 110.
    np.testing.assert_array_equal(
        np.isnan(implied_volatility([9.9, 10.0, 10.1, 99.9, 100.0, -1, np.nan], 100, 90, 1.0, True)),
        [True, True, False, False, True, True, True],
    )
    np.testing.assert_array_equal(
        np.isnan(implied_volatility([9.9, 10.1, 109.9, 110.0], 100, 110, 1.0, False)), [True, False, False, True]
    )
    assert np.isnan(implied_volatility(5.0, 100, 100, 0.0, True))
