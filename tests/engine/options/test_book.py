"""Days of a book small enough to do the sums by hand, on quotes that are given."""

from typing import Any

import numpy as np
import pytest

from alphaloop.core.errors import InvalidError
from alphaloop.core.signal import Sizing
from alphaloop.engine.options.book import OptionBook
from alphaloop.engine.options.fills import UNDERLYING
from alphaloop.engine.options.legs import Basis, Intent, Legs, lay_legs
from alphaloop.engine.options.quotes import Chain, ChainQuotes, ModelQuotes, Terms
from alphaloop.engine.panel import Panel, make_panel, make_series
from alphaloop.engine.strategy import Signals

DAY_MS = 86_400_000
NAN = float("nan")
TERMS = Terms(fee=1.0, fee_rate=0.0)


def days(*closes: float, gap: int = 0) -> Panel:
    """Daily closes; with `gap` the last day comes so many days later."""
    ts = np.arange(len(closes)) * DAY_MS
    ts[-1] += gap * DAY_MS
    close = np.array(closes)
    return make_panel(make_series("X", ts, close, close, close, close, np.zeros(len(ts)), close_ms=ts + DAY_MS))


def quoted(panel: Panel, legs: Legs, quotes: list[list[tuple[float, float]]], terms: Terms = TERMS) -> ChainQuotes:
    """One (bid, ask) per contract and row."""
    flat = [(contract, *pair) for row in quotes for contract, pair in enumerate(row)]
    contract, bid, ask = (np.array(column) for column in zip(*flat, strict=True))
    start = np.cumsum([0, *(len(row) for row in quotes)])
    chain = Chain(start, contract.astype(np.int64), bid, ask)
    return ChainQuotes(panel, legs.contracts, terms, chain=chain)


def book(
    panel: Panel, legs: Legs, quotes: Any, *, cash: float = 10_000.0, terms: Terms = TERMS, **more: Any
) -> OptionBook:
    market = quoted(panel, legs, quotes, terms)
    return OptionBook(panel=panel, legs=legs, market=market, cash=cash, terms=terms, **more).run()


def one(
    *legs: tuple[float, bool, float], opened: int = 0, closed: int = 9, expiry: int = 4, share: float = 0.1
) -> Intent:
    """A group that expires at the close of day `expiry`, counted from 0."""
    return Intent(opened, closed, (expiry + 1) * DAY_MS, legs, share, "because")


PUT = (100.0, False, 1.0)


def test_a_put_is_bought_at_the_ask_a_row_later_marked_at_the_middle_and_sold_at_the_bid() -> None:
    panel = days(100, 100, 98, 95, 95)
    legs = lay_legs(5, [one(PUT, closed=2, expiry=20)], Basis.PREMIUM)
    ran = book(panel, legs, [[(1.0, 1.2)], [(1.9, 2.1)], [(2.9, 3.1)], [(5.0, 5.4)], [(5.0, 5.4)]])
    # 1 000 buys four at 210 + 1; then 4 x 2 x 100 less the 844 paid; unwanted on day 2, sold on day 3.
    assert [(fill.row, fill.quantity, fill.price, fill.kind) for fill in ran.fills] == [
        (1, 4.0, 2.1, "open"),
        (3, -4.0, 5.0, "close"),
    ]
    np.testing.assert_allclose(ran.equity, [10_000, 9_956, 10_356, 11_152, 11_152])
    [trade] = ran.trades
    assert (trade.quantity, trade.credit, trade.fees, trade.ended, trade.reason) == (
        4.0,
        -840.0,
        8.0,
        "close",
        "because",
    )
    assert trade.pnl == pytest.approx(1152.0)


def test_at_expiry_what_is_in_the_money_pays_cash_and_nothing_else_does() -> None:
    panel = days(100, 100, 98, 95, 93)
    legs = lay_legs(5, [one(PUT, (110.0, True, 1.0))], Basis.PREMIUM)
    ran = book(panel, legs, [[(1.0, 1.0), (1.0, 1.0)]] * 5)
    assert [(fill.row, fill.price, fill.kind) for fill in ran.fills[2:]] == [(4, 7.0, "expiry"), (4, 0.0, "expiry")]
    # 1 000 buys four units of 202; the put pays 4 x 700.
    assert ran.equity[-1] == 10_000 - 808 + 2_800
    assert ran.trades[0].pnl == 2_800 - 808


def test_delivery_leaves_the_underlying_until_the_next_close() -> None:
    panel = days(100, 100, 95, 94)
    legs = lay_legs(4, [one(PUT, expiry=2)], Basis.PREMIUM)
    terms = Terms(fee=1.0, fee_rate=0.0, delivery=True)
    ran = book(panel, legs, [[(1.0, 1.0)]] * 4, terms=terms)
    # Nine puts at 101: 900 units are delivered at 100, bought back a day later at 94.
    assert [(fill.row, fill.contract, fill.quantity) for fill in ran.fills] == [
        (1, 0, 9),
        (2, 0, -9),
        (3, UNDERLYING, 900),
    ]
    np.testing.assert_allclose(ran.equity[-2:], [10_000 - 909 + 900 * 5, 10_000 - 909 + 900 * 6])


def test_an_expiry_on_a_day_without_a_bar_is_settled_by_the_last_close_before_it() -> None:
    panel = days(100, 100, 95, 80, gap=3)
    legs = lay_legs(4, [one(PUT, expiry=3)], Basis.PREMIUM)
    ran = book(panel, legs, [[(1.0, 1.0)]] * 4)
    assert (ran.fills[-1].row, ran.fills[-1].price) == (3, 5.0)


def test_a_condor_keeps_its_margin_and_earns_its_credit() -> None:
    condor = ((90.0, False, 1.0), (95.0, False, -1.0), (105.0, True, -1.0), (110.0, True, 1.0))
    panel = days(100, 100, 101, 102, 103)
    legs = lay_legs(5, [one(*condor, share=0.2)], Basis.RISK)
    row = [(0.2, 0.3), (1.0, 1.2), (1.0, 1.2), (0.2, 0.3)]
    ran = book(panel, legs, [row] * 5)
    # 2 000 / 500 of margin: four units; each sells two at 1.0 and buys two at 0.3, credit 140 less 4 of fees.
    assert ran.trades[0].credit == pytest.approx(560.0)
    assert ran.margin.tolist() == [0.0, 2_000.0, 2_000.0, 2_000.0, 0.0]
    assert ran.equity[-1] == pytest.approx(10_544.0)


def test_a_group_without_a_quote_for_one_leg_waits_whole() -> None:
    panel = days(100, 100, 100, 100, 100)
    legs = lay_legs(5, [one(PUT, (110.0, True, 1.0))], Basis.PREMIUM)
    rows = [[(1.0, 1.0), (1.0, 1.0)] for _ in range(5)]
    rows[1][1] = (NAN, NAN)
    ran = book(panel, legs, rows)
    assert [(one.row, one.why) for one in ran.refused] == [(1, "no_quote")]
    assert {fill.row for fill in ran.fills if fill.kind == "open"} == {2}
    assert len([fill for fill in ran.fills if fill.kind == "open"]) == 2


def test_what_cannot_be_paid_or_covered_does_not_begin_and_does_not_try_again() -> None:
    panel, row = days(100, 100, 100, 100, 100), [(1.0, 1.0)]
    short = (100.0, False, -1.0)
    for intent, basis, why in (
        (one(PUT, share=0.001), Basis.PREMIUM, "too_small"),
        (one(PUT, share=1.5), Basis.PREMIUM, "no_cash"),
        (one(short, share=1.5), Basis.RISK, "no_margin"),
        (one(PUT, expiry=1), Basis.PREMIUM, "expired"),
    ):
        ran = book(panel, lay_legs(5, [intent], basis), [row] * 5)
        assert [(one.row, one.why) for one in ran.refused] == [(1, why)]
        assert ran.fills == []
        assert np.all(ran.equity == 10_000)


def test_an_account_outgrown_by_its_margin_is_closed_at_the_next_row() -> None:
    panel = days(100, 100, 100, 130, 130, 130)
    legs = lay_legs(6, [one((100.0, True, -1.0), expiry=20, share=0.9)], Basis.RISK)
    ran = book(panel, legs, [[(2.0, 2.0)]] * 3 + [[(15.0, 15.0)]] * 3)
    # Five calls at 1 700 of margin each; at 15 they are worth 7 500 and need 5 x (15 + 19.5) x 100.
    assert ran.margin[3] == pytest.approx(17_250.0)
    assert ran.equity[3] < ran.margin[3]
    assert [(trade.exit_row, trade.ended) for trade in ran.trades] == [(4, "margin_call")]
    assert ran.margin[4] == 0.0
    assert len([fill for fill in ran.fills if fill.kind == "open"]) == 1


def test_an_empty_account_ends_at_once_and_trades_no_more() -> None:
    panel = days(100, 100, 100, 200, 100, 100)
    again = one((100.0, True, -1.0), opened=4, expiry=20, share=0.9)
    legs = lay_legs(6, [one((100.0, True, -1.0), expiry=20, share=0.9), again], Basis.RISK)
    ran = book(panel, legs, [[(2.0, 2.0)] * 2] * 3 + [[(100.0, 100.0)] * 2] + [[(1.0, 1.0)] * 2] * 2)
    assert ran.stopped == 3
    assert ran.equity[3] < 0
    assert np.all(ran.equity[3:] == ran.equity[3])
    assert [trade.ended for trade in ran.trades] == ["margin_call"]


def test_the_underlying_is_weighed_anew_only_by_a_new_instruction() -> None:
    panel = days(100, 100, 110, 110, 110)
    target = np.array([[0.5], [0.5], [0.5], [0.5], [0.5]])
    signals = Signals(target, np.array([[0], [0], [0], [3], [3]]))
    ran = book(panel, lay_legs(5, [], Basis.PREMIUM), [[(1.0, 1.0)]] * 5, signals=signals)
    assert [(fill.row, round(fill.quantity, 6)) for fill in ran.fills] == [(1, 50.0), (4, round(5250 / 110 - 50, 6))]
    assert ran.equity[-1] == 10_500


def test_hedging_leaves_less_than_a_unit_of_delta_and_is_undone_with_its_group() -> None:
    panel = days(100, 100, 103, 97, 101, 100)._replace(
        extras={"vix": np.full((6, 1), 20.0), "rate": np.full((6, 1), 0.02)}
    )
    legs = lay_legs(
        6, [one((100.0, True, -1.0), (100.0, False, -1.0), closed=4, expiry=30, share=0.9)], Basis.NOTIONAL, hedged=True
    )
    terms = Terms(fee_rate=0.001)
    ran = OptionBook(
        panel=panel, legs=legs, market=ModelQuotes(panel, legs.contracts, terms), cash=100_000.0, terms=terms
    ).run()
    hedges = [fill for fill in ran.fills if fill.kind == "hedge"]
    assert {fill.group for fill in hedges} == {0}
    assert sum(fill.quantity for fill in hedges) == 0.0
    assert np.nanmax(np.abs(ran.delta)) <= 0.5
    assert [trade.exit_row for trade in ran.trades] == [5]
    assert ran.equity[-1] - 100_000 == pytest.approx(ran.trades[0].pnl)
    # Sold at the same strike and moved 3 % up and 6 % down: the hedge bought high and sold low.
    assert sum(-fill.quantity * fill.price for fill in hedges) < 0


def test_more_than_one_underlying_and_other_targets_than_weights_are_refused() -> None:
    panel = days(100, 100)
    legs = lay_legs(2, [], Basis.PREMIUM)
    signals = Signals(np.zeros((2, 1)), np.zeros((2, 1), np.int64), sizing=Sizing.UNITS)
    with pytest.raises(InvalidError, match="by weight"):
        book(panel, legs, [[(1.0, 1.0)]] * 2, signals=signals)
    two = make_panel(
        [
            make_series(name, panel.ts_ms, *(panel.close[:, 0],) * 4, np.zeros(2), close_ms=panel.close_ms)
            for name in "AB"
        ]
    )
    with pytest.raises(InvalidError, match="one underlying"):
        book(two, legs, [[(1.0, 1.0)]] * 2)
