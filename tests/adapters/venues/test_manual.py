"""The manual venue keeps a venue's promises, and what people say came of a ticket is booked once and exactly."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from alphaloop.adapters.venues._statement import StatementTrade
from alphaloop.adapters.venues.contract import Answer
from alphaloop.adapters.venues.manual import Confirmed, ManualVenue
from alphaloop.core.clock import ManualClock
from alphaloop.core.errors import ConflictError, InvalidError, NotFoundError
from alphaloop.core.order import OrderSide, OrderStatus
from alphaloop.features.market.naming import Hints, name_instrument
from alphaloop.infra.db import Database
from tests.builders import BTC, START_MS, D, make_execution, open_desk, venue_wish, wish

pytestmark = pytest.mark.database
ME, OTHER = 1, 2
PING_AN = name_instrument("SZ000001", Hints()).instrument


@pytest.fixture
def venue(db: Database) -> ManualVenue:
    return ManualVenue(db)


def said(quantity: Any, price: Any = 100, *, fee: Any = "0.1", trade: str = "", ts_ms: int = START_MS) -> Confirmed:
    return Confirmed(D(quantity), D(price), D(fee), "USDT", ts_ms, trade)


async def place(venue: ManualVenue, order: Any, *, account: int = ME) -> Any:
    return await venue.place(account, order, ts_ms=START_MS)


async def test_of_16_placed_at_once_with_one_id_one_ticket_is_made(venue: ManualVenue) -> None:
    done = await asyncio.gather(*(place(venue, venue_wish("a")) for _ in range(16)))
    assert {one.answer for one in done} == {Answer.ACCEPTED}
    assert len({one.venue_order_id for one in done}) == 1
    assert len(await venue.open_tickets(ME)) == 1
    assert (await place(venue, venue_wish("a"), account=OTHER)).venue_order_id != done[0].venue_order_id


@pytest.mark.parametrize(
    "order",
    [
        venue_wish("a", quantity=0),
        venue_wish("a", quantity=-1),
        venue_wish("a", type="LIMIT"),
        venue_wish("a", type="LIMIT", price="0"),
    ],
)
async def test_nonsense_is_refused_and_leaves_no_trace(venue: ManualVenue, order: Any) -> None:
    placed = await place(venue, order)
    assert (placed.answer, bool(placed.code)) == (Answer.REFUSED, True)
    assert await venue.find_order(ME, "a") is None
    assert (await place(venue, venue_wish("a"))).answer is Answer.ACCEPTED


async def test_fills_are_said_one_by_one_and_paged_without_gap_or_repeat(venue: ManualVenue) -> None:
    await place(venue, venue_wish("a", quantity=3))
    positions = [await venue.confirm(ME, "a", said(1, 100 + n, trade=f"t{n}")) for n in range(3)]
    everything = await venue.fills_after(ME, 0)
    assert [place for place, _ in everything] == positions == sorted(set(positions))
    assert await venue.fills_after(ME, positions[0]) == everything[1:]
    assert await venue.fills_after(OTHER, 0) == []
    state = await venue.find_order(ME, "a")
    assert state is not None
    assert (state.status, state.filled) == (OrderStatus.FILLED, 3)


async def test_saying_a_trade_twice_books_it_once_and_saying_it_otherwise_is_refused(venue: ManualVenue) -> None:
    await place(venue, venue_wish("a", quantity=3))
    first = await venue.confirm(ME, "a", said(1, trade="t"))
    assert await venue.confirm(ME, "a", said(1, trade="t")) == first
    with pytest.raises(ConflictError):
        await venue.confirm(ME, "a", said(1, 101, trade="t"))
    assert len(await venue.fills_after(ME, 0)) == 1


@pytest.mark.parametrize("bad", [said(4), said(0), said(-1), said(1, 0), said(1, fee=-1)])
async def test_a_fill_that_cannot_be_is_refused(venue: ManualVenue, bad: Confirmed) -> None:
    await place(venue, venue_wish("a", quantity=3))
    with pytest.raises(InvalidError):
        await venue.confirm(ME, "a", bad)
    with pytest.raises(NotFoundError):
        await venue.confirm(OTHER, "a", said(1))
    assert await venue.fills_after(ME, 0) == []


async def test_a_withdrawn_ticket_may_have_traded_before(venue: ManualVenue) -> None:
    await place(venue, venue_wish("a", quantity=3))
    assert await venue.cancel(OTHER, "a", ts_ms=START_MS) is Answer.REFUSED
    assert await venue.cancel(ME, "a", ts_ms=START_MS) is Answer.ACCEPTED
    assert await venue.cancel(ME, "a", ts_ms=START_MS) is Answer.REFUSED
    await venue.confirm(ME, "a", said(1))
    state = await venue.find_order(ME, "a")
    assert state is not None
    assert (state.status, state.filled) == (OrderStatus.CANCELLED, 1)


async def test_a_fill_withdraws_the_other_ticket_of_its_pair(venue: ManualVenue) -> None:
    await place(venue, venue_wish("stop", "SELL", 1, type="STOP", stop_price="90", oco_group="g"))
    await place(venue, venue_wish("take", "SELL", 1, type="LIMIT", price="120", oco_group="g"))
    await venue.confirm(ME, "take", said(1, 120))
    states = {one.client_order_id: (one.status, one.reason) for one in await venue.order_states(ME, ["stop", "take"])}
    assert states == {"take": (OrderStatus.FILLED, ""), "stop": (OrderStatus.CANCELLED, "oco")}


async def test_a_ticket_reads_as_one_line_in_both_languages(venue: ManualVenue) -> None:
    await place(venue, venue_wish("a", quantity="0.5"))
    await place(venue, venue_wish("b", "SELL", 2, type="STOP_LIMIT", price="98", stop_price="99.5"))
    market, stop = await venue.open_tickets(ME)
    assert (market.text(), market.text(locale="en")) == ("买入 BTC/USDT 0.5 市价", "Buy BTC/USDT 0.5 at market")
    assert (stop.text(), stop.text(locale="en")) == (
        "卖出 BTC/USDT 2 止损限价 99.5 98",
        "Sell BTC/USDT 2 stop limit 99.5 98",
    )


def trade(name: str, code: str = "000001", side: str = "BUY", quantity: Any = 100, ts_ms: int = START_MS) -> Any:
    return StatementTrade(name, code, OrderSide(side), D(quantity), D("10.25"), D("5.03"), ts_ms)


async def test_a_statement_finds_its_tickets_and_hands_back_what_it_cannot_place(venue: ManualVenue) -> None:
    stock = {"instrument": PING_AN, "type": "LIMIT", "price": "10.3"}
    await place(venue, venue_wish("a", quantity=300, **stock))
    await place(venue, venue_wish("b", quantity=500, **stock))
    rows = [
        trade("t1", quantity=300),
        trade("t2", code="1", quantity=200),  # a spreadsheet had it
        trade("t3", code="SZ000001", quantity=300),
        trade("t4", quantity=100),  # nothing is left
        trade("t5", side="SELL"),
        trade("t6", code="600000"),
    ]
    done = await venue.book_statement(ME, rows, fee_asset="CNY")
    assert (done.booked, done.known, [one.trade_id for one in done.unmatched]) == (3, 0, ["t4", "t5", "t6"])
    fills = [(fill.client_order_id, fill.quantity, fill.fee_asset) for _, fill in await venue.fills_after(ME, 0)]
    assert fills == [("a", 300, "CNY"), ("b", 200, "CNY"), ("b", 300, "CNY")]
    again = await venue.book_statement(ME, rows, fee_asset="CNY")
    assert (again.booked, again.known) == (0, 3)


async def test_a_trade_older_than_every_ticket_is_nobodys(venue: ManualVenue) -> None:
    await place(venue, venue_wish("a", quantity=300, instrument=PING_AN, type="LIMIT", price="10.3"))
    done = await venue.book_statement(ME, [trade("t", ts_ms=START_MS - 3_600_000)], fee_asset="CNY")
    assert len(done.unmatched) == 1


async def test_risk_journal_and_ledger_see_a_venue_like_any_other(db: Database, clock: ManualClock) -> None:
    desk = await open_desk(db, clock, cash=10_000)
    venue = ManualVenue(db)
    execution = make_execution(db, clock, venue)
    order = await desk.submit(wish("BUY", 2, "LIMIT", price="100"))
    await execution.work(desk.account, now_ms=START_MS)
    (ticket,) = await venue.open_tickets(desk.account.id)
    assert ticket.client_order_id == order.client_order_id
    await venue.confirm(desk.account.id, ticket.client_order_id, said("0.5", "99.9", fee="0.05"))
    await venue.confirm(desk.account.id, ticket.client_order_id, said("1.5", 100, fee="0.15", trade="t2"))
    assert await execution.book(desk.account) == 2
    assert await execution.book(desk.account) == 0
    row = await desk.order(order.id)
    assert (row.status, row.filled_quantity, row.fees) == (OrderStatus.FILLED, 2, D("0.2"))
    position = await desk.position(BTC)
    assert position is not None
    assert position.quantity == 2
    balances = await desk.balances()
    assert balances["USDT"].total == 10_000 - Decimal("0.5") * Decimal("99.9") - 150 - Decimal("0.2")
    assert balances["USDT"].free == balances["USDT"].total
