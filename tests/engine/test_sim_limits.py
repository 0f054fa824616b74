"""Limits of every day: on the tick from raw prices, within a share from adjusted ones, none where the bar differs."""

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from alphaloop.core.instrument import AssetClass, Instrument
from alphaloop.core.money import ZERO
from alphaloop.engine.market_rules import rules_on
from alphaloop.engine.panel import Floats
from alphaloop.engine.sim_limits import DayLimits, DayPrices, free_days, limits_by_day

SHARE = Instrument("600000@XSHG", AssetClass.EQUITY, "600000", "CNY", Decimal("0.01"), Decimal(100), ZERO, "XSHG")
DAY = date(2024, 5, 6)


def limits(close: list[float], low: list[float], high: list[float], *, by_ratio: float | None = None) -> DayLimits:
    days = [DAY + timedelta(days=n) for n in range(len(close))]
    columns: list[Floats] = [np.array(column, dtype=float) for column in (low, high, close)]
    rules = [rules_on(SHARE, day) for day in days]
    return limits_by_day(rules, DayPrices(*columns), {}, free=free_days(SHARE, days), by_ratio=by_ratio)


def test_raw_prices_have_their_limits_on_the_tick() -> None:
    found = limits([9.97, 10.97, 10.0], [9.9, 10.0, 9.9], [10.0, 10.97, 10.5])
    np.testing.assert_allclose(found.up, [np.inf, 10.97, 12.07])
    np.testing.assert_allclose(found.down, [0.0, 8.97, 9.87])
    assert found.outside == 0


def test_a_bar_outside_its_limits_has_none() -> None:
    # A ten-for-ten bonus that nobody told: 20 becomes 10, and the day after is an ordinary one.
    found = limits([20.0, 10.2, 10.3], [19.8, 9.9, 10.0], [20.1, 10.3, 10.4])
    np.testing.assert_allclose(found.up, [np.inf, np.inf, 11.22])
    assert (found.down[1], found.outside) == (0.0, 1)


def test_a_bar_of_adjusted_prices_that_ends_near_its_limit_ended_at_it() -> None:
    # 8.37 at limit-up is 9.21, which is 0.04 % more than a tenth; adjusted by 0.7123 the tick is gone.
    close = [8.37 * 0.7123, 9.21 * 0.7123, 9.5 * 0.7123]
    found = limits(close, close, close, by_ratio=0.002)
    assert found.up[1] == close[1]
    assert found.up[2] == pytest.approx(close[1] * 1.102)
    assert found.down[1] == pytest.approx(close[0] * 0.898)
    assert found.outside == 0


def test_an_adjusted_bar_beyond_the_tolerance_has_no_limits_either() -> None:
    found = limits([10.0, 11.05], [10.0, 11.05], [10.0, 11.05], by_ratio=0.002)
    assert (found.up[1], found.outside) == (np.inf, 1)
