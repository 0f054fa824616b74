"""Round trips say how far prices went while they were open."""

import numpy as np
import pytest

from alphaloop.engine.backtest import result_rows, run_backtest
from alphaloop.engine.panel import make_panel, make_series
from alphaloop.engine.portfolio import find_trips, trades_of, trip_profits
from alphaloop.engine.simulate import Fills
from alphaloop.engine.strategy import load_strategy
from alphaloop.lab import load


def fills(*rows: tuple[int, float, float]) -> Fills:
    """One column; rows are bar, signed quantity and price."""
    row, quantity, price = (np.array(column) for column in zip(*rows, strict=True))
    nothing = np.zeros(len(rows), dtype=np.int64)
    return Fills(row, nothing, quantity, price, np.zeros(len(rows)), nothing, nothing)


def test_how_far_prices_went_is_told_from_the_first_bar_to_the_last() -> None:
    opened = np.array([10.0, 10.0, 11.0, 12.0, 10.0, 8.0])
    panel = make_panel(make_series("A", np.arange(6) * 60_000, opened, opened + 1.0, opened - 1.0, opened, np.ones(6)))
    made = fills((1, 2.0, 10.0), (3, -2.0, 12.0), (3, -1.0, 12.0), (5, 1.0, 8.0))
    trips = find_trips(made, panel)
    # Long from 10: highest 13, lowest 9. Short from 12: lowest 7, highest 13.
    assert trips.mfe == pytest.approx([3 / 10, 5 / 12])
    assert trips.mae == pytest.approx([1 / 10, 1 / 12])
    assert [trade.mfe for trade in trades_of(trips, panel)] == trips.mfe.tolist()
    assert trip_profits(made, 1).tolist() == trips.pnl.tolist() == [4.0, 4.0]


def test_a_trip_without_a_bar_does_not_claim_to_know_how_far_prices_went() -> None:
    strategy = load_strategy("trend/golden_cross")
    result = run_backtest(strategy, load("sample").series, strategy.parse({"fast": 5, "slow": 20}))
    assert min(trade["mfe"] for trade in result_rows(result)["trades"]) >= 0.0
    blind = result.panel._replace(high=result.panel.high * np.nan, low=result.panel.low * np.nan)
    assert np.isnan(find_trips(result.fills, blind).mfe).all()
