"""The first condor on the index worked out by hand, and the limit of what one can lose."""

from pathlib import Path

import pytest

from tests.strategies.option_runs import run_key
from tests.strategies.option_sums import ask, bid, day_of, option_fills, stated_price

KEY = "volatility/iron_condor"


@pytest.mark.data
def test_its_first_condor_is_sold_and_ended_as_worked_out_by_hand(test_data: Path) -> None:
    """Decided on 1999-01-04 for 19 February: deltas of 0.16 at 1117.5 and 1317.5, wings of 3 % (37.5) beyond. Sold a
    day later, 45 days before the end, at 1244.78 and VIX 24.46. Margin 3 750 a condor: 200 000 takes 53. Half of the
    credit is earned by 4 February, and it is bought back a day later at 1239.40 and VIX 29.67.
    """
    result = run_key(KEY, test_data)
    sold = option_fills(result, "1999-01-05", "open")
    strikes = [float(result.legs.contracts.strike[fill.contract]) for fill in sold]
    assert strikes == [1080.0, 1117.5, 1317.5, 1355.0]
    assert [fill.quantity for fill in sold] == [53.0, -53.0, -53.0, 53.0]
    worth = [stated_price(1244.780029, strike, 45, 24.46, call=strike > 1200) for strike in strikes]
    assert worth == pytest.approx([4.9751, 7.8953, 8.4583, 2.4251], abs=5e-5)
    expected = [ask(worth[0]), bid(worth[1]), bid(worth[2]), ask(worth[3])]
    assert [fill.price for fill in sold] == pytest.approx(expected, abs=1e-9)
    assert result.margin[sold[0].row] == 53 * 3_750
    ended = option_fills(result, "1999-02-05", "close")
    later = [stated_price(1239.400024, strike, 14, 29.67, call=strike > 1200) for strike in strikes]
    expected = [bid(later[0]), ask(later[1]), ask(later[2]), bid(later[3])]
    assert [fill.price for fill in ended] == pytest.approx(expected, abs=1e-9)


@pytest.mark.data
def test_no_condor_loses_more_than_its_wings_and_the_rise_of_spring_2001_took_all_of_them(test_data: Path) -> None:
    result = run_key(KEY, test_data)
    worst = min(result.trades, key=lambda trade: trade.pnl)
    assert (day_of(result, worst.entry_row).isoformat(), round(worst.pnl)) == ("2001-03-23", -183_840)
    for trade in result.trades:
        assert trade.pnl >= -result.margin[trade.entry_row] + trade.credit - trade.fees - 0.01 * result.margin.max()
    assert len({trade.reason for trade in result.trades}) == len(result.trades)
