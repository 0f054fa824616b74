"""What accounts remember of trading days: suspensions, ex-dates and funding, each booked once."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select

from alphaloop.core.bar import Bar, Timeframe
from alphaloop.core.calendar import find_calendar
from alphaloop.core.clock import ManualClock
from alphaloop.core.corporate import CorporateAction
from alphaloop.core.instrument import AssetClass, Instrument
from alphaloop.core.money import ZERO
from alphaloop.core.order import OrderStatus
from alphaloop.features.audit.models import AuditLog
from alphaloop.features.orders import service as orders
from alphaloop.features.orders.execution import Step
from alphaloop.features.positions import service as positions
from alphaloop.infra.db import Database
from tests.builders import BTC_PERP, D, Desk, bar, make_execution, open_desk, wish

pytestmark = pytest.mark.database
DAY_MS = 86_400_000
# A share priced in the desk's own currency.
SHARE = Instrument("600000@XSHG", AssetClass.EQUITY, "600000", "USDT", D("0.01"), D(100), ZERO, "XSHG")
OTHER = replace(SHARE, symbol="600001@XSHG", base="600001")


def daily(day: str, price: str, instrument: Instrument = SHARE) -> Bar:
    ts = (date.fromisoformat(day).toordinal() - date(1970, 1, 1).toordinal()) * DAY_MS
    close_ms = find_calendar("XSHG").close_ms(ts, Timeframe.D1)
    return Bar(instrument.symbol, Timeframe.D1, ts, close_ms, D(price), D(price), D(price), D(price), D(1000))


async def open_share_desk(db: Database, clock: ManualClock) -> Desk:
    desk = await open_desk(
        db, clock, instruments=(SHARE, OTHER), marks=[daily("2024-05-06", "10"), daily("2024-05-06", "20", OTHER)]
    )
    await desk.turn(daily("2024-05-06", "10"))
    return desk


async def test_a_share_without_a_bar_of_the_newest_session_is_suspended(db: Database, clock: ManualClock) -> None:
    desk = await open_share_desk(db, clock)
    await desk.submit(wish(quantity=100, instrument=SHARE))
    await desk.work()
    await desk.turn(daily("2024-05-07", "10"))
    await desk.turn(daily("2024-05-08", "21", OTHER))
    async with db.read() as session:
        (held,) = await orders.list_positions(session, desk.actor, account_id=desk.account.id)
    assert (held.instrument, held.suspended, held.mark) == (SHARE.symbol, True, D(10))


async def test_an_ex_date_is_booked_once_and_leaves_the_worth_as_it_was(db: Database, clock: ManualClock) -> None:
    desk = await open_share_desk(db, clock)
    await desk.submit(wish(quantity=100, instrument=SHARE, stop_loss="8"))
    await desk.work()
    await desk.turn(daily("2024-05-07", "10"))
    before = await desk.worth()
    action = CorporateAction(date(2024, 5, 8), cash=D("0.4"), bonus=D("0.5"))
    for _ in range(2):
        await desk.execution.pass_ex_date(desk.account, SHARE, action)
    after, held = await desk.worth(), await desk.position(SHARE)
    assert held is not None
    assert (held.quantity, held.mark) == (D(150), D("6.40"))
    assert after.equity == before.equity
    assert after.cash == before.cash + 40
    async with db.read() as session:
        (flow,) = await positions.list_cash_flows(session, desk.account.id)
    assert (flow.kind, flow.amount, flow.quantity) == ("EX_DATE", D(40), D(100))
    stop = next(row for row in await desk.orders() if row.stop_price is not None)
    # (8 - 0.40) / 1.5 = 5.0666..., and it guards the new shares too.
    assert (stop.stop_price, stop.quantity) == (D("5.07"), D(150))
    assert await desk.violations() == []


async def test_what_moves_on_an_ex_date_is_in_the_audit_trail(db: Database, clock: ManualClock) -> None:
    desk = await open_share_desk(db, clock)
    await desk.submit(wish(quantity=100, instrument=SHARE, stop_loss="8"))
    await desk.work()
    await desk.turn(daily("2024-05-07", "10"))
    await desk.submit(wish(quantity=100, type="LIMIT", price="9", instrument=SHARE))
    await desk.work()
    await desk.execution.pass_ex_date(desk.account, SHARE, CorporateAction(date(2024, 5, 8), cash=D("0.4"), bonus=D(1)))
    async with db.read() as session:
        rows = list(await session.scalars(select(AuditLog).where(AuditLog.action == "orders.restate")))
    assert [(row.before, row.after) for row in rows] == [
        ({"stop_price": "8", "quantity": "100"}, {"stop_price": "3.8", "quantity": "200"}),
        ({"price": "9", "quantity": "100"}, {"price": "4.3", "quantity": "100"}),
    ]
    states = await desk.venue.order_states(desk.account.id, [row.client_order_id for row in await desk.orders()])
    assert {one.status for one in states} == {OrderStatus.FILLED, OrderStatus.LIVE}
    assert await desk.violations() == []


async def test_an_order_whose_price_an_ex_date_takes_to_nothing_ends_with_its_reason(
    db: Database, clock: ManualClock
) -> None:
    desk = await open_share_desk(db, clock)
    await desk.submit(wish(quantity=100, instrument=SHARE, stop_loss="0.3"))
    await desk.work()
    await desk.turn(daily("2024-05-07", "10"))
    for _ in range(2):
        await desk.execution.pass_ex_date(desk.account, SHARE, CorporateAction(date(2024, 5, 8), cash=D("0.4")))
    await desk.work()
    stop = next(row for row in await desk.orders() if row.stop_price is not None)
    assert (stop.status, stop.reason_code) == ("CANCELLED", "ex_date_no_price")
    await desk.turn(daily("2024-05-08", "9.6"))
    held = await desk.position(SHARE)
    assert held is not None
    assert held.quantity == 100
    assert await desk.violations() == []


async def test_funding_is_booked_once_and_agrees_with_the_venue(db: Database, clock: ManualClock) -> None:
    desk = await open_desk(db, clock, instruments=(BTC_PERP,))
    await desk.submit(wish(quantity=1, instrument=BTC_PERP))
    await desk.work()
    await desk.turn(bar(1, open=100, instrument=BTC_PERP))
    before = await desk.worth()
    for _ in range(2):
        await desk.execution.settle_funding(
            desk.account, BTC_PERP, rate=D("0.0001"), mark=D(100), ts_ms=bar(2, open=100).ts_ms
        )
    assert (await desk.worth()).cash == before.cash - Decimal("0.01")
    assert await desk.violations() == []


async def settle(desk: Desk, n: int, rate: str = "0.0001") -> None:
    await desk.execution.settle_funding(desk.account, BTC_PERP, rate=D(rate), mark=D(100), ts_ms=bar(n, open=100).ts_ms)


async def test_funding_is_on_what_was_held_even_when_asked_again_after_a_trade(
    db: Database, clock: ManualClock
) -> None:
    desk = await open_desk(db, clock, instruments=(BTC_PERP,))
    await desk.submit(wish(quantity=1, instrument=BTC_PERP))
    await desk.work()
    await settle(desk, 1)
    await desk.turn(bar(1, open=100, instrument=BTC_PERP))
    opened = await desk.worth()
    # Nothing was held at the first settlement: the fill of its own bar must not be charged for it afterwards.
    await settle(desk, 1)
    assert (await desk.worth()).cash == opened.cash
    await desk.submit(wish(quantity=2, instrument=BTC_PERP))
    await desk.work()
    await settle(desk, 2)
    await desk.turn(bar(2, open=100, instrument=BTC_PERP))
    before = await desk.worth()
    await settle(desk, 2)
    assert (await desk.worth()).cash == before.cash
    assert await desk.violations() == []


async def test_a_crash_between_the_venue_and_the_ledger_books_what_the_venue_settled(
    db: Database, clock: ManualClock
) -> None:
    async def power_cut(step: Step) -> None:
        if step.name == "after_funding":
            raise RuntimeError("power cut")

    desk = await open_desk(db, clock, instruments=(BTC_PERP,))
    await desk.submit(wish(quantity=1, instrument=BTC_PERP))
    await desk.work()
    await desk.turn(bar(1, open=100, instrument=BTC_PERP))
    before = await desk.worth()
    calm, desk.execution = desk.execution, make_execution(db, clock, desk.venue, power_cut)
    with pytest.raises(RuntimeError):
        await settle(desk, 2, "-0.0003")
    desk.execution = calm
    assert (await desk.worth()).cash == before.cash
    for _ in range(2):
        await settle(desk, 2, "-0.0003")
    after = await desk.worth()
    # The long receives: 1 x 100 x 0.0003.
    assert after.cash == before.cash + D("0.03")
    assert after.realised == before.realised + D("0.03")
    assert await desk.violations() == []
    async with db.read() as session:
        (flow,) = await positions.list_cash_flows(session, desk.account.id)
    assert (flow.kind, flow.amount, flow.quantity) == ("FUNDING", D("0.03"), D(1))
    assert (flow.rate, flow.price, flow.asset) == (D("-0.0003"), D(100), "USDT")


async def test_a_close_on_the_day_of_the_purchase_is_refused_and_allowed_the_day_after(
    db: Database, clock: ManualClock
) -> None:
    desk = await open_share_desk(db, clock)
    await desk.submit(wish(quantity=100, instrument=SHARE))
    await desk.work()
    await desk.turn(daily("2024-05-07", "10"))
    async with db.read() as session:
        same = await positions.trading_day(session, desk.account, SHARE, date(2024, 5, 7))
        later = await positions.trading_day(session, desk.account, SHARE, date(2024, 5, 8))
    assert (same.sellable, later.sellable) == (D(0), D(100))
    assert same.band is not None
    assert later.band is not None
    assert (same.band.up, later.band.up) == (D("11.00"), D("11.00"))
