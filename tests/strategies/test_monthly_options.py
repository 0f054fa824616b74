"""Expiries that everybody knows, strikes that lie a round number apart, and the strike at a delta."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from alphaloop.engine.panel import make_panel, make_series
from alphaloop.strategies._monthly_options import DAY_MS, monthly_expiry, near_strike, strike_at_delta, strike_step


def ended(day: str, days: float) -> str:
    now = datetime.fromisoformat(day).replace(tzinfo=UTC)
    end = datetime.fromtimestamp(monthly_expiry(int(now.timestamp() * 1000), days) / 1000, UTC)
    return (end - timedelta(milliseconds=1)).date().isoformat()


def test_a_monthly_option_ends_with_its_third_friday() -> None:
    assert ended("2008-10-01", 0) == "2008-10-17"
    assert ended("2008-10-17", 1) == "2008-10-17"
    assert ended("2008-10-18", 1) == "2008-11-21"
    assert ended("2015-12-01", 60) == "2016-02-19"
    assert ended("2019-12-30", 30) == "2020-02-21"
    # A month that begins on a Friday, and one that begins on a Saturday.
    assert ended("2019-11-01", 0) == "2019-11-15"
    assert ended("2020-02-01", 0) == "2020-02-21"


@pytest.mark.parametrize(
    ("spot", "step"), [(40.0, 0.1), (100.0, 0.25), (650.0, 1.0), (1228.0, 2.5), (2000.0, 5.0), (3700.0, 10.0)]
)
def test_strikes_lie_about_a_four_hundredth_apart(spot: float, step: float) -> None:
    assert strike_step(spot) == pytest.approx(step)
    assert near_strike(0.0, step) == pytest.approx(step)


def test_the_strike_at_a_delta_lies_out_of_the_money_and_is_nan_without_inputs() -> None:
    close, ts = np.full(2, 1000.0), np.arange(2) * DAY_MS
    vix, rate = np.array([[20.0], [np.nan]]), np.full((2, 1), 0.018)
    panel = make_panel(
        make_series("X", ts, close, close, close, close, np.ones(2), close_ms=ts + DAY_MS),
        extras={"vix": vix, "rate": rate},
    )
    expiry = int(panel.close_ms[0]) + 365 * DAY_MS // 4
    # Rate and dividends cancel: at the money the call's delta is N(0.044), 0.517.
    assert strike_at_delta(panel, 0, expiry, 0.517, call=True) == 1000.0
    put, call = (strike_at_delta(panel, 0, expiry, 0.16, call=side) for side in (False, True))
    assert 820 < put < 920
    assert 1050 < call < 1100
    assert np.isnan(strike_at_delta(panel, 1, expiry, 0.16, call=True))
