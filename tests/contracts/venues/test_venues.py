"""What every venue must offer, put to each plug in turn: the paper venue, and tickets that a person carries out."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest

from alphaloop.adapters.venues.contract import Answer
from alphaloop.adapters.venues.manual import Confirmed, ManualVenue
from alphaloop.adapters.venues.paper import PaperVenue
from alphaloop.core.bar import Bar
from alphaloop.core.clock import ManualClock
from alphaloop.core.money import EXACT, ZERO
from alphaloop.core.order import OrderSide, OrderStatus, OrderType, VenueOrder
from alphaloop.infra.db import Database
from tests.builders import BTC, BTC_PERP, ETH, START_MS, STEP_MS, D, bar, open_desk, random_bars, venue_wish, wish

pytestmark = pytest.mark.database

ME, OTHER = 1, 2
FEE = D("0.001")


class ByHand(ManualVenue):
    """Tickets and somebody who carries each to a broker, where it trades whole at the open of the next bar."""

    async def on_bar(self, account_id: int, closed: Bar) -> bool:
        open_tickets = await self.open_tickets(account_id)
        due = [
            ticket
            for ticket in open_tickets
            if ticket.instrument == closed.instrument
            and ticket.ts_ms <= closed.ts_ms
            and (ticket.price is None or (ticket.price >= closed.open) == (ticket.side == OrderSide.BUY))
        ]
        for ticket in due:
            said = Confirmed(ticket.remaining, closed.open, ZERO, "USDT", closed.close_ms)
            await self.confirm(account_id, ticket.client_order_id, said)
        return bool(due)


Venue = PaperVenue | ByHand


async def open_by_hand(db: Database, _clock: ManualClock) -> ByHand:
    return ByHand(db)


async def open_paper(db: Database, clock: ManualClock, cash: str = "10000") -> PaperVenue:
    venue = PaperVenue(db, clock)
    for spec in (BTC, ETH, BTC_PERP):
        venue.list_instrument(spec)
    for account in (ME, OTHER):
        await venue.open_account(account, quote_asset="USDT", cash=D(cash), fee_rate=FEE, slippage_bps=D(1))
    return venue


VENUES: dict[str, Callable[..., Awaitable[Venue]]] = {"paper": open_paper, "manual": open_by_hand}


@pytest.fixture(params=list(VENUES))
async def venue(request: pytest.FixtureRequest, db: Database, clock: ManualClock) -> Venue:
    return await VENUES[request.param](db, clock)


@pytest.fixture
async def paper(db: Database, clock: ManualClock) -> PaperVenue:
    """For what a venue that matches by itself must do; a broker's own matching is no plug of ours."""
    return await open_paper(db, clock)


async def place(venue: Venue, order: VenueOrder, *, account: int = ME, n: int = 0) -> Any:
    return await venue.place(account, order, ts_ms=START_MS + n * STEP_MS)


async def test_the_same_id_twice_is_one_order(venue: Venue) -> None:
    first = await place(venue, venue_wish("a"))
    assert first.answer is Answer.ACCEPTED
    assert await place(venue, venue_wish("a")) == first
    await venue.on_bar(ME, bar(0, open=100))
    assert len(await venue.fills_after(ME, 0)) == 1
    assert await place(venue, venue_wish("a")) == first
    await venue.on_bar(ME, bar(1, open=100))
    assert len(await venue.fills_after(ME, 0)) == 1


async def test_of_16_placed_at_once_with_one_id_one_order_is_made(venue: Venue) -> None:
    done = await asyncio.gather(*(place(venue, venue_wish("a")) for _ in range(16)))
    assert len({one.venue_order_id for one in done}) == 1
    await venue.on_bar(ME, bar(0, open=100))
    assert len(await venue.fills_after(ME, 0)) == 1


async def test_the_same_id_on_two_accounts_is_two_orders(venue: Venue) -> None:
    mine, theirs = await place(venue, venue_wish("a")), await place(venue, venue_wish("a"), account=OTHER)
    assert mine.venue_order_id != theirs.venue_order_id
    await venue.on_bar(ME, bar(0, open=100))
    assert await venue.fills_after(OTHER, 0) == []


async def test_an_unknown_order_can_be_neither_cancelled_nor_found(venue: Venue) -> None:
    assert await venue.cancel(ME, "nobody", ts_ms=START_MS) is Answer.REFUSED
    assert await venue.find_order(ME, "nobody") is None
    assert await venue.order_states(ME, ["nobody"]) == []


async def test_a_cancelled_order_stays_cancelled_and_a_filled_one_cannot_be(venue: Venue) -> None:
    await place(venue, venue_wish("a", type="LIMIT", price="90"))
    assert await venue.cancel(ME, "a", ts_ms=START_MS) is Answer.ACCEPTED
    assert await venue.cancel(ME, "a", ts_ms=START_MS) is Answer.REFUSED
    await venue.on_bar(ME, bar(0, open=80))
    await place(venue, venue_wish("b"))
    await venue.on_bar(ME, bar(1, open=80))
    assert await venue.cancel(ME, "b", ts_ms=START_MS) is Answer.REFUSED
    states = {one.client_order_id: one.status for one in await venue.order_states(ME, ["a", "b"])}
    assert states == {"a": OrderStatus.CANCELLED, "b": OrderStatus.FILLED}


async def test_nobody_cancels_somebody_elses_order(venue: Venue) -> None:
    await place(venue, venue_wish("a", type="LIMIT", price="90"))
    assert await venue.cancel(OTHER, "a", ts_ms=START_MS) is Answer.REFUSED


async def test_fills_are_paged_by_position_without_gap_or_repeat(venue: Venue) -> None:
    for n in range(7):
        await place(venue, venue_wish(f"o{n}", quantity="0.5"), n=n)
        await venue.on_bar(ME, bar(n, open=100))
    everything = await venue.fills_after(ME, 0)
    assert len(everything) == 7
    assert [place for place, _ in everything] == sorted({place for place, _ in everything})
    for n, (position, _) in enumerate(everything):
        assert await venue.fills_after(ME, position) == everything[n + 1 :]
    assert len({fill.trade_id for _, fill in everything}) == 7


NONSENSE = {
    "no price": venue_wish("a", type="LIMIT"),
    "a price too many": venue_wish("a", price="100"),
    "zero": venue_wish("a", quantity=0),
    "negative": venue_wish("a", quantity=-1),
}
REFUSED = {
    "off lot": venue_wish("a", quantity="0.0001"),
    "off tick": venue_wish("a", type="LIMIT", price="100.001"),
    "too small": venue_wish("a", quantity="0.001", type="LIMIT", price="100"),
    "too dear": venue_wish("a", quantity=101, type="LIMIT", price="100"),
    "not held": venue_wish("a", "SELL", 1),
}


@pytest.mark.parametrize("order", NONSENSE.values(), ids=list(NONSENSE))
async def test_nonsense_leaves_no_trace(venue: Venue, order: VenueOrder) -> None:
    await refuse(venue, order)


@pytest.mark.parametrize("order", REFUSED.values(), ids=list(REFUSED))
async def test_a_refused_order_leaves_no_trace(paper: PaperVenue, order: VenueOrder) -> None:
    await refuse(paper, order)


async def refuse(venue: Venue, order: VenueOrder) -> None:
    placed = await place(venue, order)
    assert placed.answer is Answer.REFUSED
    assert placed.code
    assert await venue.find_order(ME, "a") is None
    # The id stays free: a refusal is no order.
    assert (await place(venue, venue_wish("a"))).answer is Answer.ACCEPTED


async def test_an_instrument_that_is_not_listed_is_refused(db: Database, clock: ManualClock) -> None:
    venue = PaperVenue(db, clock)
    await venue.open_account(ME, quote_asset="USDT", cash=D(1), fee_rate=FEE, slippage_bps=D(1))
    assert (await place(venue, venue_wish("a"))).code == "not_tradable_here"


async def test_a_bar_is_matched_once_and_never_before_the_order(paper: PaperVenue) -> None:
    await place(paper, venue_wish("a"), n=1)
    assert not await paper.on_bar(ME, bar(0, open=100))
    assert await paper.on_bar(ME, bar(1, open=100))
    await place(paper, venue_wish("b"), n=1)
    assert not await paper.on_bar(ME, bar(1, open=100))
    assert len(await paper.fills_after(ME, 0)) == 1


async def test_an_order_placed_after_a_bar_opened_is_not_cut_by_that_bar(paper: PaperVenue) -> None:
    """A turn that runs again after a crash shows the venue a bar older than the order."""
    await place(paper, venue_wish("a", quantity=90), n=1)
    assert not await paper.on_bar(ME, bar(0, open=5000))
    await paper.on_bar(ME, bar(1, open=100))
    state = await paper.find_order(ME, "a")
    assert state is not None
    assert (state.status, state.filled) == (OrderStatus.FILLED, D(90))


async def test_a_market_order_is_cut_to_the_cash_and_ends(paper: PaperVenue) -> None:
    await place(paper, venue_wish("a", quantity=99))
    await paper.on_bar(ME, bar(0, open=150))
    state = await paper.find_order(ME, "a")
    assert state is not None
    assert (state.status, state.reason) == (OrderStatus.EXPIRED, "insufficient_cash")
    ((_, fill),) = await paper.fills_after(ME, 0)
    assert state.filled == fill.quantity
    assert ZERO <= (await paper.balances(ME))["USDT"] < D("0.16")


async def test_a_market_order_does_not_spend_what_a_limit_was_promised(paper: PaperVenue) -> None:
    await place(paper, venue_wish("market", quantity=90))
    await place(paper, venue_wish("limit", quantity=90, type="LIMIT", price="100"))
    await paper.on_bar(ME, bar(0, open=101, low=99))
    assert (await paper.balances(ME))["USDT"] >= 0


async def test_a_limit_on_one_instrument_keeps_its_cash_from_a_market_order_on_another(paper: PaperVenue) -> None:
    await place(paper, venue_wish("limit", quantity=90, type="LIMIT", price="100", instrument=ETH))
    await place(paper, venue_wish("market", quantity=90))
    await paper.on_bar(ME, bar(0, open=100))
    await paper.on_bar(ME, bar(0, open=100, instrument=ETH))
    assert (await paper.balances(ME))["USDT"] >= 0


async def test_a_stop_that_is_not_reached_outlives_a_lack_of_cash(paper: PaperVenue) -> None:
    await place(paper, venue_wish("stop", quantity=10, type="STOP", stop_price="120"))
    await place(paper, venue_wish("market", quantity=99))
    await paper.on_bar(ME, bar(0, open=101))
    state = await paper.find_order(ME, "stop")
    assert state is not None
    assert state.status is OrderStatus.LIVE


# ── Storms: the venue's own book against the platform's ledger ──────────────────────────────────────────────────────


def random_wish(chance: random.Random, price: Decimal, perp: bool) -> Any:
    side = chance.choice(["BUY", "BUY", "SELL"])
    quantity = D(chance.randint(1, 9000)) / 1000
    kind = chance.choice(list(OrderType))
    spec = BTC_PERP if perp else BTC

    def near() -> str:
        return str(max(price + D(chance.randint(-300, 300)) / 100, D("0.01")))

    more: dict[str, Any] = {}
    if kind.has_price:
        more["price"] = near()
    if kind.has_stop_price:
        more["stop_price"] = near()
    if chance.random() < 0.3:
        more["reduce_only"] = True
    elif chance.random() < 0.5:
        away = D(chance.randint(50, 400)) / 100 * (1 if side == "BUY" else -1)
        more["stop_loss"] = str(max(price - away, D("0.01")))
        if chance.random() < 0.6:
            more["take_profit"] = str(max(price + away, D("0.01")))
    return wish(side, quantity, kind, instrument=spec, **more)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("perp", [False, True], ids=["spot", "perpetual"])
async def test_in_a_storm_of_orders_the_venue_and_the_ledger_agree_at_every_bar(
    db: Database, clock: ManualClock, seed: int, perp: bool
) -> None:
    spec = BTC_PERP if perp else BTC
    desk = await open_desk(db, clock, instruments=[spec], cash=2000)
    chance = random.Random(seed)
    for closed in random_bars(16, seed=seed, first=1, instrument=spec):
        worth = await desk.turn(closed)
        assert worth.equity == EXACT.add(worth.cash, worth.market_value)
        position = await desk.position(spec)
        held = position.quantity if position else ZERO
        assert worth.market_value == EXACT.multiply(held, closed.close)
        assert await desk.violations() == []
        if not perp:
            assert held >= 0
            assert worth.cash >= 0
        for _ in range(chance.randint(0, 3)):
            await desk.try_submit(random_wish(chance, closed.close, perp))
        working = [row for row in await desk.orders() if OrderStatus(row.status).working and row.parent_id is None]
        if working and chance.random() < 0.3:
            await desk.cancel(chance.choice(working).id)
        await desk.work()
    await check_orders(desk)


async def check_orders(desk: Any) -> None:
    """Each order's fills add up to what it says, and the venue says the same."""
    rows, fills = await desk.orders(), await desk.fills()
    assert len(fills) >= 3
    for row in rows:
        mine = [fill for fill in fills if fill.order_id == row.id]
        assert row.filled_quantity == sum((fill.quantity for fill in mine), ZERO) <= row.quantity
        state = await desk.venue.find_order(desk.account.id, str(row.client_order_id))
        if state is None:
            assert not mine
            assert row.status in (OrderStatus.CANCELLED, OrderStatus.REJECTED, OrderStatus.INTENT)
        else:
            assert state.filled == row.filled_quantity
            assert state.status == row.status
    signed = sum((fill.quantity * OrderSide(fill.side).sign for fill in fills), ZERO)
    position = await desk.position(desk.instruments[0])
    assert (position.quantity if position else ZERO) == signed
