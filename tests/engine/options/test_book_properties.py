"""Whatever legs are wanted and whichever quotes are missing, the book's money adds up and its groups stay whole."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaloop.engine.options.book import OptionBook
from alphaloop.engine.options.fills import UNDERLYING
from alphaloop.engine.options.legs import Basis, Intent, lay_legs
from alphaloop.engine.options.quotes import Terms
from alphaloop.engine.panel import Panel
from tests.engine.options.test_book import days, quoted

ROWS = 14
CASH = 50_000.0
DAY_MS = 86_400_000


def drawn(seed: int) -> tuple[Panel, list[Intent], list[list[tuple[float, float]]]]:
    """A walk with jumps, up to four groups of up to four legs, and quotes of which one in eight is missing."""
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.standard_t(2, ROWS) * 0.05).clip(-2, 2))
    panel = days(*close)
    intents, opened = [], 0
    for _ in range(int(rng.integers(1, 5))):
        legs = tuple(
            (float(rng.integers(80, 121)), bool(rng.integers(2)), float(rng.choice([-2, -1, 1, 2])))
            for _ in range(int(rng.integers(1, 5)))
        )
        opened = int(rng.integers(opened, ROWS))
        closed, expiry = opened + int(rng.integers(1, ROWS)), int(rng.integers(opened, ROWS + 4))
        share = float(rng.uniform(0.05, 1.2))
        intents.append(Intent(opened, closed, (expiry + 1) * DAY_MS, legs, share, "drawn"))
    contracts = [(strike, call) for one in intents for strike, call, _ in one.legs]
    quotes = []
    for spot in close:
        worth = [max(spot - strike if call else strike - spot, 0.0) + 2.0 for strike, call in contracts]
        missing = rng.random(len(contracts)) < 0.125
        quotes.append(
            [(np.nan, np.nan) if gone else (one * 0.95, one * 1.05) for one, gone in zip(worth, missing, strict=True)]
        )
    return panel, intents, quotes


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(list(Basis)), st.booleans(), st.booleans())
def test_money_adds_up_and_groups_are_whole(seed: int, basis: Basis, delivery: bool, hedged: bool) -> None:
    panel, intents, quotes = drawn(seed)
    terms = Terms(delivery=delivery)
    legs = lay_legs(ROWS, intents, basis, hedged=hedged)
    book = OptionBook(panel=panel, legs=legs, market=quoted(panel, legs, quotes, terms), cash=CASH, terms=terms).run()
    size = [1.0 if fill.contract == UNDERLYING else terms.multiplier for fill in book.fills]
    paid = sum(fill.quantity * fill.price * one + fill.fee for fill, one in zip(book.fills, size, strict=True))
    bought = sum(fill.quantity for fill in book.fills if fill.contract == UNDERLYING)
    in_hand = book.delivered + sum(held.hedge for held in book.held.values())
    # Delivered units come in without a fill of their own, at the close that settled them.
    came = in_hand - bought
    assert delivery or abs(came) < 1e-6
    if not delivery:
        marks = sum(float((held.quantity * held.mark).sum()) for held in book.held.values()) * terms.multiplier
        assert np.isclose(book.equity[-1], CASH - paid + in_hand * panel.close[-1, 0] + marks)
        ended = sum(trade.pnl for trade in book.trades)
        running = sum(held.cash + held.hedge * panel.close[-1, 0] for held in book.held.values()) + marks
        assert np.isclose(book.equity[-1], CASH + ended + running)
    for group, one in enumerate(intents):
        fills = [fill for fill in book.fills if fill.group == group and fill.contract != UNDERLYING]
        begun = [fill for fill in fills if fill.kind == "open"]
        assert len(begun) in (0, len(one.legs))
        assert len({fill.row for fill in begun}) <= 1
        ratios = [fill.quantity / leg[2] for fill, leg in zip(begun, one.legs, strict=False)]
        assert len(set(ratios)) <= 1
        assert all(units == int(units) > 0 for units in ratios)
        assert all(fill.row > one.opened for fill in begun)
        if group not in book.held:
            assert abs(sum(fill.quantity for fill in fills)) < 1e-9
    assert np.isfinite(book.equity).all()
    assert np.all(book.margin >= 0.0)
