"""The first straddle on the index worked out by hand, and realised volatility on moves that are known."""

import math
from pathlib import Path

import numpy as np
import pytest

from alphaloop.engine.panel import make_panel, make_series
from alphaloop.strategies.volatility.vol_arbitrage import realised_volatility
from tests.strategies.option_runs import run_key
from tests.strategies.option_sums import bid, option_fills, stated_price

KEY = "volatility/vol_arbitrage"
DAY_MS = 86_400_000


def test_realised_volatility_counts_moves_over_the_time_they_took() -> None:
    close = 100 * np.exp(np.cumsum([0.0, 0.01, -0.02, 0.01, 0.03]))
    ts = np.arange(5) * DAY_MS
    panel = make_panel(make_series("A", ts, close, close, close, close, np.ones(5), close_ms=ts + DAY_MS))
    found = realised_volatility(panel, 3)
    assert np.isnan(found[:3]).all()
    year = 365 / 3
    expected = [math.sqrt(year * (1 + 4 + 1) * 1e-4), math.sqrt(year * (4 + 1 + 9) * 1e-4)]
    assert found[3:] == pytest.approx(expected)
    assert np.isnan(realised_volatility(panel, 5)).all()


@pytest.mark.data
def test_its_first_straddle_is_sold_hedged_and_settled_as_worked_out_by_hand(test_data: Path) -> None:
    """On 1999-02-03 VIX stands at 27.9 and the index moved by 20.6 % a year: a straddle at 1272.5 until 19 March. Sold
    a day later at 1248.49 and VIX 29.48, 43 days before the end: 55.35 and 32.07 less half the spread, four times, as
    500 000 is 4.005 times 124 849. The index ends at 1299.29: the call pays 26.79, the put nothing.
    """
    result = run_key(KEY, test_data)
    sold = option_fills(result, "1999-02-04", "open")
    assert [float(result.legs.contracts.strike[fill.contract]) for fill in sold] == [1272.5, 1272.5]
    assert [fill.quantity for fill in sold] == [-4.0, -4.0]
    worth = [stated_price(1248.48999, 1272.5, 43, 29.48, call=call) for call in (False, True)]
    assert worth == pytest.approx([55.3541, 32.0679], abs=5e-5)
    assert [fill.price for fill in sold] == pytest.approx([bid(one) for one in worth], abs=1e-9)
    ended = option_fills(result, "1999-03-19", "expiry")
    assert [fill.price for fill in ended] == pytest.approx([0.0, 1299.29 - 1272.5], abs=1e-3)
    assert result.trades[0].reason == "implied 27.9% against realised 20.6%"
    # One call and one put sold have a delta of 0.14 at that distance: 55 units of the index for four of them.
    assert next(fill.quantity for fill in result.fills if fill.kind == "hedge") == -55.0


@pytest.mark.data
def test_the_index_was_never_left_unhedged_by_more_than_half_a_unit(test_data: Path) -> None:
    result = run_key(KEY, test_data)
    hedged = [fill for fill in result.fills if fill.kind == "hedge"]
    assert abs(sum(fill.quantity for fill in hedged)) < 1e-9
    assert {trade.ended for trade in result.trades} == {"close", "expiry"}
    assert {fill.contract < 0 for fill in hedged} == {True}
