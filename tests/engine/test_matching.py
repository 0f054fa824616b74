"""What the paper venue would have filled: every order kind against bars drawn by hand."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaloop.core.bar import Bar, Timeframe
from alphaloop.core.errors import InvalidError
from alphaloop.core.instrument import AssetClass, Instrument
from alphaloop.core.order import OrderSide, OrderStatus, OrderType, VenueOrder
from alphaloop.engine.day_rules import Band, DayRules
from alphaloop.engine.matching import Matcher, Outcome, TradingDay, Working

D = Decimal
BUY, SELL = OrderSide.BUY, OrderSide.SELL
COIN = Instrument("BTC/USDT@paper", AssetClass.CRYPTO, "BTC", "USDT", D("0.01"), D("0.001"), D("10"), "24x7")


def bar(o: str, h: str, low: str, c: str, *, volume: str = "1000", at: int = 0) -> Bar:
    return Bar(COIN.symbol, Timeframe.M1, at * 60_000, (at + 1) * 60_000, D(o), D(h), D(low), D(c), D(volume))


def order(name: str, side: OrderSide, kind: OrderType, quantity: str = "1", **changes: Any) -> VenueOrder:
    return VenueOrder(name, COIN.symbol, side, kind, D(quantity), **changes)


def take(matcher: Matcher, *orders: VenueOrder, at: int = 0) -> None:
    for one in orders:
        assert isinstance(matcher.accept(one, at), Working)


def told(outcome: Outcome) -> list[tuple[str, str, str]]:
    return [(fill.trade_id, str(fill.quantity), str(fill.price)) for fill in outcome.fills]


def run(*orders: VenueOrder, on: Bar, position: str = "0", **terms: Any) -> tuple[Matcher, Outcome]:
    matcher = Matcher(COIN, **terms)
    take(matcher, *orders)
    return matcher, matcher.on_bar(on, position=D(position))


QUIET = bar("100", "101", "99", "100")


def test_a_market_order_fills_at_the_open_with_slippage_on_the_tick() -> None:
    _, bought = run(order("a", BUY, OrderType.MARKET), on=bar("100.01", "101", "99", "100"), slippage_bps=D(5))
    _, sold = run(order("a", SELL, OrderType.MARKET), on=bar("100.01", "101", "99", "100"), slippage_bps=D(5))
    # 100.01 x 1.0005 = 100.060005 and 100.01 x 0.9995 = 99.959995, rounded against the order.
    assert told(bought) == [("a-1", "1", "100.07")]
    assert told(sold) == [("a-1", "1", "99.95")]


def test_limits_bind_a_bar_that_keeps_to_them_and_no_other() -> None:
    day = TradingDay(DayRules("", "").of(COIN), Band(D("98.50"), D("101")))
    told_prices = []
    for shown in (QUIET, bar("50", "51", "49", "50")):
        matcher = Matcher(COIN, slippage_bps=D(200))
        take(matcher, order("a", BUY, OrderType.MARKET))
        told_prices.append(matcher.on_bar(shown, position=D(0), day=day).fills[0].price)
    # 100 x 1.02 may not leave the limit of 101; after a split that nobody told, 50 x 1.02 is what it is.
    assert told_prices == [D(101), D(51)]


def test_the_fee_is_exact_and_in_the_quote_asset() -> None:
    _, outcome = run(order("a", BUY, OrderType.MARKET, "0.123"), on=QUIET, fee_rate=D("0.00075"))
    assert (outcome.fills[0].fee, outcome.fills[0].fee_asset) == (D("0.009225"), "USDT")


@pytest.mark.parametrize(
    ("kind", "side", "prices", "on", "expected"),
    [
        ("touched limit", BUY, {"price": D("99.5")}, QUIET, "99.5"),
        ("limit met exactly", BUY, {"price": D("99")}, QUIET, "99"),
        ("limit not reached", BUY, {"price": D("98.99")}, QUIET, None),
        ("limit the open already satisfies", BUY, {"price": D("100.5")}, QUIET, "100"),
        ("touched sell limit", SELL, {"price": D("100.5")}, QUIET, "100.5"),
        ("sell limit the open already satisfies", SELL, {"price": D("99.5")}, QUIET, "100"),
        ("touched stop", BUY, {"stop_price": D("100.5")}, QUIET, "100.5"),
        ("gapped stop", BUY, {"stop_price": D("99.5")}, QUIET, "100"),
        ("touched sell stop", SELL, {"stop_price": D("99.5")}, QUIET, "99.5"),
        ("gapped sell stop", SELL, {"stop_price": D("100.5")}, QUIET, "100"),
        ("stop not reached", SELL, {"stop_price": D("98.99")}, QUIET, None),
        ("stop-limit inside its limit", BUY, {"stop_price": D("100.5"), "price": D("100.8")}, QUIET, "100.5"),
        ("stop-limit beyond its limit", BUY, {"stop_price": D("100.5"), "price": D("100.2")}, QUIET, None),
        ("gapped stop-limit that comes back", BUY, {"stop_price": D("99.8"), "price": D("99.5")}, QUIET, "99.5"),
        ("gapped stop-limit that does not", BUY, {"stop_price": D("99.8"), "price": D("98.5")}, QUIET, None),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_one_resting_order_against_one_bar(
    kind: str, side: OrderSide, prices: dict[str, Decimal], on: Bar, expected: str | None
) -> None:
    names = {("price",): OrderType.LIMIT, ("stop_price",): OrderType.STOP}
    matcher, outcome = run(order("a", side, names.get(tuple(prices), OrderType.STOP_LIMIT), **prices), on=on)
    assert [price for _, _, price in told(outcome)] == ([] if expected is None else [expected])
    assert len(matcher.working) == (1 if expected is None else 0)


def test_a_touched_stop_limit_waits_as_a_limit_on_later_bars() -> None:
    matcher, first = run(order("a", BUY, OrderType.STOP_LIMIT, stop_price=D("100.5"), price=D("100.2")), on=QUIET)
    assert told(first) == []
    later = matcher.on_bar(bar("100.9", "101", "100.1", "100.5", at=1), position=D(0))
    assert told(later) == [("a-1", "1", "100.2")]


def test_a_stop_pays_slippage_and_a_limit_never_fills_worse_than_its_price() -> None:
    _, stopped = run(order("a", SELL, OrderType.STOP, stop_price=D("99.5")), on=QUIET, slippage_bps=D(10))
    _, limited = run(order("a", SELL, OrderType.LIMIT, price=D("100.5")), on=QUIET, slippage_bps=D(10))
    both = order("a", SELL, OrderType.STOP_LIMIT, stop_price=D("99.5"), price=D("99.45"))
    _, clamped = run(both, on=QUIET, slippage_bps=D(10))
    assert [told(outcome)[0][2] for outcome in (stopped, limited, clamped)] == ["99.40", "100.5", "99.45"]


def bracket(stop: str = "99.5", price: str = "100.5", quantity: str = "1") -> tuple[VenueOrder, VenueOrder]:
    shared: dict[str, Any] = {"reduce_only": True, "oco_group": "g"}
    return (
        order("stop", SELL, OrderType.STOP, quantity, stop_price=D(stop), **shared),
        order("take", SELL, OrderType.LIMIT, quantity, price=D(price), **shared),
    )


def test_a_bar_that_touches_both_sides_of_a_bracket_hits_the_stop_and_cancels_the_take() -> None:
    matcher, outcome = run(*bracket(), on=QUIET, position="1")
    assert told(outcome) == [("stop-1", "1", "99.5")]
    assert [(one.client_order_id, one.status, one.reason) for one in outcome.closed] == [
        ("take", OrderStatus.CANCELLED, "oco"),
        ("stop", OrderStatus.FILLED, ""),
    ]
    assert (outcome.position, matcher.working) == (0, [])


def test_an_open_beyond_the_take_is_certain_and_fills_before_the_stop() -> None:
    _, outcome = run(*bracket(), on=bar("100.8", "101", "99", "100"), position="1")
    assert told(outcome) == [("take-1", "1", "100.8")]


def test_a_bracket_sleeps_until_its_entry_fills_and_protects_on_the_entry_bar() -> None:
    matcher = Matcher(COIN)
    take(matcher, *bracket())
    asleep = matcher.on_bar(QUIET, position=D(0))
    assert (told(asleep), len(matcher.working)) == ([], 2)
    take(matcher, order("entry", BUY, OrderType.MARKET))
    awake = matcher.on_bar(bar("100", "101", "99", "100", at=1), position=D(0))
    assert told(awake) == [("entry-1", "1", "100"), ("stop-1", "1", "99.5")]


def test_an_entry_inside_the_bar_may_be_stopped_in_it_but_not_taken() -> None:
    entry = order("entry", BUY, OrderType.LIMIT, price=D("99.8"))
    _, stopped = run(entry, *bracket(), on=QUIET)
    assert told(stopped) == [("entry-1", "1", "99.8"), ("stop-1", "1", "99.5")]
    _, held = run(entry, *bracket(stop="98"), on=QUIET)
    assert told(held) == [("entry-1", "1", "99.8")]


def test_a_reduce_only_order_never_turns_the_position_around() -> None:
    _, outcome = run(order("a", SELL, OrderType.MARKET, "5", reduce_only=True), on=QUIET, position="2")
    assert told(outcome) == [("a-1", "2", "100")]
    assert outcome.position == 0
    assert [(one.reason, one.remaining) for one in outcome.closed] == [("nothing_to_reduce", D(3))]
    _, idle = run(order("a", SELL, OrderType.MARKET, reduce_only=True), on=QUIET, position="-2")
    assert (told(idle), [one.reason for one in idle.closed]) == ([], ["nothing_to_reduce"])


def test_a_volume_limit_fills_in_parts_over_bars_on_the_lot_grid() -> None:
    matcher, first = run(
        order("a", BUY, OrderType.MARKET, "1"), on=bar("100", "101", "99", "100", volume="6.005"), volume_limit=D("0.1")
    )
    second = matcher.on_bar(bar("102", "103", "101", "102", volume="100", at=1), position=first.position)
    assert told(first) == [("a-1", "0.600", "100")]
    assert told(second) == [("a-2", "0.400", "102")]
    assert second.position == 1


def test_a_stop_without_enough_volume_goes_on_as_a_market_order() -> None:
    matcher, first = run(
        *bracket(quantity="2"), on=bar("100", "100", "99", "99", volume="5"), position="2", volume_limit=D("0.1")
    )
    assert told(first) == [("stop-1", "0.5", "99.5")]
    assert [held.touched for held in matcher.working] == [True]
    second = matcher.on_bar(bar("97", "98", "96", "97", at=1), position=first.position)
    assert told(second) == [("stop-2", "1.5", "97")]


def test_an_order_accepted_after_the_bar_opened_waits_for_the_next_bar() -> None:
    matcher = Matcher(COIN)
    take(matcher, order("a", BUY, OrderType.MARKET), at=1)
    assert told(matcher.on_bar(QUIET, position=D(0))) == []
    assert len(told(matcher.on_bar(bar("100", "101", "99", "100", at=1), position=D(0)))) == 1


def test_stops_fill_nearest_to_the_open_first_then_in_order_of_acceptance() -> None:
    orders = [
        order("far", SELL, OrderType.STOP, stop_price=D("99.1")),
        order("near", SELL, OrderType.STOP, stop_price=D("99.9")),
        order("near2", SELL, OrderType.STOP, stop_price=D("99.9")),
    ]
    _, outcome = run(*orders, on=QUIET, position="3")
    assert [fill.client_order_id for fill in outcome.fills] == ["near", "near2", "far"]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (order("a", BUY, OrderType.MARKET, "0.0001"), "off_lot"),
        (order("a", BUY, OrderType.MARKET, "0"), "bad_quantity"),
        (order("a", BUY, OrderType.MARKET, "NaN"), "bad_quantity"),
        (order("a", BUY, OrderType.LIMIT), "bad_prices"),
        (order("a", BUY, OrderType.MARKET, price=D(1)), "bad_prices"),
        (order("a", BUY, OrderType.LIMIT, price=D("NaN")), "bad_prices"),
        (order("a", BUY, OrderType.LIMIT, price=D("-5")), "bad_prices"),
        (order("a", BUY, OrderType.LIMIT, price=D("99.999")), "off_tick"),
        (order("a", BUY, OrderType.LIMIT, "0.05", price=D(100)), "below_min_notional"),
        (replace(order("a", BUY, OrderType.MARKET), instrument="ETH/USDT@paper"), "wrong_instrument"),
    ],
)
def test_an_unfit_order_is_refused_and_leaves_no_trace(sent: VenueOrder, code: str) -> None:
    matcher = Matcher(COIN)
    assert matcher.accept(sent, 0) == code
    assert (matcher.working, matcher.next_seq) == ([], 0)


def test_the_same_id_is_not_worked_twice() -> None:
    matcher = Matcher(COIN)
    take(matcher, order("a", BUY, OrderType.MARKET))
    assert matcher.accept(order("a", BUY, OrderType.MARKET), 0) == "duplicate_order"


def test_cancel_takes_a_working_order_out_once() -> None:
    matcher = Matcher(COIN)
    take(matcher, order("a", BUY, OrderType.MARKET))
    closed = matcher.cancel("a", 7)
    assert closed is not None
    assert (closed.status, closed.ts_ms, closed.remaining) == (OrderStatus.CANCELLED, 7, 1)
    assert matcher.cancel("a", 8) is None
    assert told(matcher.on_bar(QUIET, position=D(0))) == []


@pytest.mark.parametrize("terms", [{"fee_rate": D("1")}, {"slippage_bps": D(-1)}, {"volume_limit": D("1.1")}])
def test_terms_outside_their_bounds_are_refused(terms: dict[str, Decimal]) -> None:
    with pytest.raises(InvalidError):
        Matcher(COIN, **terms)  # type: ignore[arg-type]


KINDS = st.sampled_from(list(OrderType))
PRICES = st.integers(9500, 10500).map(lambda cents: D(cents) / 100)


@st.composite
def orders(draw: st.DrawFn) -> VenueOrder:
    kind = draw(KINDS)
    return VenueOrder(
        client_order_id=f"o{draw(st.integers(0, 10**9))}",
        instrument=COIN.symbol,
        side=draw(st.sampled_from([BUY, SELL])),
        type=kind,
        quantity=D(draw(st.integers(200, 5000))) / 1000,
        price=draw(PRICES) if kind.has_price else None,
        stop_price=draw(PRICES) if kind.has_stop_price else None,
        reduce_only=draw(st.booleans()),
        oco_group=draw(st.sampled_from([None, None, "x", "y"])),
    )


@st.composite
def bars(draw: st.DrawFn) -> list[Bar]:
    made = []
    for at in range(draw(st.integers(1, 6))):
        prices = sorted(draw(st.tuples(PRICES, PRICES, PRICES, PRICES)))
        low, first, second, high = prices
        opened, close = draw(st.sampled_from([(first, second), (second, first)]))
        volume = D(draw(st.integers(0, 20)))
        made.append(Bar(COIN.symbol, Timeframe.M1, at * 60_000, (at + 1) * 60_000, opened, high, low, close, volume))
    return made


@given(st.lists(orders(), min_size=1, max_size=8, unique_by=lambda one: one.client_order_id), bars(), st.booleans())
@settings(max_examples=200, deadline=None)
def test_whatever_is_sent_the_book_stays_sound(sent: list[VenueOrder], shown: list[Bar], limited: bool) -> None:
    """Fills stay inside the bar and the order, positions add up, reduce-only never opens, volume is respected."""
    matcher = Matcher(COIN, fee_rate=D("0.001"), volume_limit=D("0.1") if limited else None)
    take(matcher, *sent)
    known = {one.client_order_id: one for one in sent}
    position, done, ended = D(0), dict.fromkeys(known, D(0)), set[str]()
    for one in shown:
        before = position
        outcome = matcher.on_bar(one, position=position)
        for fill in outcome.fills:
            wanted = known[fill.client_order_id]
            done[fill.client_order_id] += fill.quantity
            after = position + fill.quantity * fill.side.sign
            assert fill.client_order_id not in ended
            assert fill.quantity > 0
            assert one.low <= fill.price <= one.high
            assert done[fill.client_order_id] <= wanted.quantity
            assert COIN.quantity_on_grid(fill.quantity)
            if wanted.price is not None:
                assert (fill.price - wanted.price) * fill.side.sign <= 0
            if wanted.reduce_only:
                assert abs(after) < abs(position)
            position = after
        if limited:
            assert sum(fill.quantity for fill in outcome.fills) <= one.volume / 10
        assert outcome.position == position == before + sum(f.quantity * f.side.sign for f in outcome.fills)
        for closed in outcome.closed:
            assert closed.client_order_id not in ended
            ended.add(closed.client_order_id)
            assert closed.remaining == known[closed.client_order_id].quantity - done[closed.client_order_id]
            assert (closed.status is OrderStatus.FILLED) == (closed.remaining == 0)
    assert {held.order.client_order_id for held in matcher.working} == set(known) - ended


@given(st.lists(orders(), min_size=1, max_size=6, unique_by=lambda one: one.client_order_id), bars())
@settings(max_examples=100, deadline=None)
def test_a_book_written_down_and_read_back_goes_on_alike(sent: list[VenueOrder], shown: list[Bar]) -> None:
    one, two = Matcher(COIN), Matcher(COIN)
    take(one, *sent)
    take(two, *sent)
    here, there = D(0), D(0)
    for each in shown:
        ours, theirs = one.on_bar(each, position=here), two.on_bar(each, position=there)
        assert ours == theirs
        here, there = ours.position, theirs.position
        stored = [replace(held) for held in reversed(two.working)]
        two = Matcher(COIN, working=stored)
