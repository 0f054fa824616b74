"""The first puts on the index worked out by hand, and what they were worth when they were needed."""

from pathlib import Path

import numpy as np
import pytest

from alphaloop.engine.strategy import desired_at
from tests.strategies.option_runs import run_key
from tests.strategies.option_sums import ask, bid, day_of, option_fills, stated_price

KEY = "defensive/tail_hedge"


@pytest.mark.data
def test_its_first_put_is_bought_held_and_rolled_as_worked_out_by_hand(test_data: Path) -> None:
    """Decided on 1999-01-04 at 1228.10: 85 % is 1043.9, the nearest strike 1045, the first third Friday 60 days ahead
    19 March. Bought a day later, 73 days before its end, with the index at 1244.78 and VIX at 24.46: volatility 29.8 %,
    worth 6.59, ask 6.73; 5 000 buys seven. On 18 February less than 30 days are left; sold a day later at VIX 29.30.
    """
    result = run_key(KEY, test_data)
    [bought] = option_fills(result, "1999-01-05", "open")
    assert result.legs.contracts.strike[bought.contract] == 1045.0
    assert bought.quantity == 7.0
    worth = stated_price(1244.780029, 1045, 73, 24.46, call=False)
    assert worth == pytest.approx(6.5866, abs=5e-5)
    assert bought.price == pytest.approx(ask(worth), abs=1e-9)
    [sold] = option_fills(result, "1999-02-19", "close")
    assert sold.quantity == -7.0
    assert sold.price == pytest.approx(bid(stated_price(1239.219971, 1045, 28, 29.30, call=False)), abs=1e-9)
    # All the rest is the index: 995 000 / (1244.78 x 1.0001).
    assert result.fills[0].quantity == pytest.approx(799.2581, abs=1e-4)
    assert desired_at(result.signals, 0).reason == "holds the underlying, less the price of its puts"


@pytest.mark.data
def test_its_puts_paid_in_2008_and_cost_in_most_years(test_data: Path) -> None:
    result = run_key(KEY, test_data)
    [paid] = [trade for trade in result.trades if day_of(result, trade.entry_row).isoformat() == "2008-08-22"]
    # Ten puts at 1085 for 4 532; in October the index stood near 900.
    assert (paid.quantity, round(paid.credit), round(paid.pnl)) == (10.0, -4532, 206_904)
    assert sum(trade.pnl > 0 for trade in result.trades) == 15
    close = result.panel.close[:, 0]
    held = 1 - close / np.maximum.accumulate(close)
    hedged = 1 - result.equity / np.maximum.accumulate(result.equity)
    assert (round(held.max(), 3), round(hedged.max(), 3)) == (0.568, 0.451)
