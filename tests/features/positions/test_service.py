"""Booking fills, marking at bars, equity points and daily snapshots, over a real database."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from alphaloop.core.clock import ManualClock
from alphaloop.core.fill import Fill
from alphaloop.core.instrument import Instrument
from alphaloop.core.order import OrderSide
from alphaloop.features.positions import service as positions
from alphaloop.features.positions.models import PositionRow
from alphaloop.infra.db import Database
from alphaloop.infra.outbox import OutboxRow
from tests.builders import BTC, BTC_PERP, START_MS, STEP_MS, D, Desk, bar, open_desk

pytestmark = pytest.mark.database


@pytest.fixture
async def desk(db: Database, clock: ManualClock) -> Desk:
    return await open_desk(db, clock)


async def book(
    desk: Desk,
    trade: str,
    side: OrderSide,
    quantity: str,
    price: str,
    fee: str = "0",
    *,
    n: int = 0,
    spec: Instrument = BTC,
) -> PositionRow:
    fill = Fill(
        trade, "alaaaab", "P1", spec.symbol, side, D(quantity), D(price), D(fee), "USDT", START_MS + n * STEP_MS
    )
    async with desk.db.write() as session:
        return await positions.apply_fill(session, desk.account, spec, fill, clock=desk.clock)


async def events(desk: Desk, name: str) -> list[dict[str, Any]]:
    async with desk.db.read() as session:
        rows = await session.scalars(select(OutboxRow).where(OutboxRow.name == name).order_by(OutboxRow.id))
        return [row.payload for row in rows]


async def test_a_buy_moves_money_into_the_asset_and_pays_its_fee(desk: Desk) -> None:
    row = await book(desk, "t1", OrderSide.BUY, "2", "100", "0.2")
    balances = await desk.balances()
    assert balances["USDT"].total == D("9799.8")
    assert balances["BTC"].total == 2
    assert (row.quantity, row.average_price, row.fees) == (D(2), D(100), D("0.2"))
    assert (await desk.worth()).equity == D("9999.8")


async def test_a_sale_realises_and_ends_the_round_trip(desk: Desk) -> None:
    await book(desk, "t1", OrderSide.BUY, "2", "100", "0.2")
    await book(desk, "t2", OrderSide.SELL, "0.5", "110", "0.1", n=1)
    assert await events(desk, "positions.trade_closed") == []
    row = await book(desk, "t3", OrderSide.SELL, "1.5", "120", "0.2", n=2)
    assert (row.quantity, row.average_price, row.realised, row.fees) == (D(0), D(0), D(35), D("0.5"))
    (closed,) = await events(desk, "positions.trade_closed")
    assert closed["trip"] == 1
    assert Decimal(closed["realised"]) == D("34.5")
    assert (closed["entry_ms"], closed["exit_ms"]) == (START_MS, START_MS + 2 * STEP_MS)


async def test_the_next_round_trip_has_the_next_number(desk: Desk) -> None:
    for n in range(2):
        await book(desk, f"b{n}", OrderSide.BUY, "1", "100", n=2 * n)
        await book(desk, f"s{n}", OrderSide.SELL, "1", "101", n=2 * n + 1)
    assert [one["trip"] for one in await events(desk, "positions.trade_closed")] == [1, 2]


async def test_a_short_position_owes_and_comes_back(db: Database, clock: ManualClock) -> None:
    desk = await open_desk(db, clock, instruments=[BTC_PERP])
    await book(desk, "t1", OrderSide.SELL, "2", "100", spec=BTC_PERP)
    worth = await desk.worth()
    assert (worth.cash, worth.market_value, worth.equity) == (D(10_200), D(-200), D(10_000))
    await desk.mark(bar(1, open=90, instrument=BTC_PERP))
    assert (await desk.worth()).equity == 10_020
    await book(desk, "t2", OrderSide.BUY, "2", "90", spec=BTC_PERP)
    assert (await desk.worth()).cash == 10_020


async def test_a_short_that_loses_more_than_the_cash_can_still_be_closed(db: Database, clock: ManualClock) -> None:
    desk = await open_desk(db, clock, instruments=[BTC_PERP], cash=100)
    await book(desk, "t1", OrderSide.SELL, "1", "100", spec=BTC_PERP)
    await book(desk, "t2", OrderSide.BUY, "1", "500", spec=BTC_PERP)
    assert (await desk.worth()).equity == -300


async def test_equity_is_cash_plus_positions_at_every_mark(desk: Desk) -> None:
    await book(desk, "t1", OrderSide.BUY, "3", "100", "0.3")
    for n, price in enumerate(("101.5", "99.25", "140"), start=1):
        worth = await desk.mark(bar(n, open=price))
        assert worth.market_value == 3 * D(price)
        assert worth.equity == worth.cash + worth.market_value
    points = await desk.equity_points()
    assert [point.ts_ms for point in points] == [START_MS + n * STEP_MS for n in range(4)]
    assert all(point.equity == point.cash + point.market_value for point in points)
    assert points[-1].equity == D("9699.7") + 420


async def test_marking_the_same_bar_twice_changes_nothing(desk: Desk) -> None:
    await book(desk, "t1", OrderSide.BUY, "1", "100")
    first = await desk.mark(bar(1, open=105))
    assert await desk.mark(bar(1, open=105)) == first
    assert len(await desk.equity_points()) == 2


async def test_an_older_bar_does_not_take_the_price_back(desk: Desk) -> None:
    await book(desk, "t1", OrderSide.BUY, "1", "100")
    await desk.mark(bar(5, open=105))
    await desk.mark(bar(4, open=90))
    row = await desk.position()
    assert row is not None
    assert row.mark == 105
    assert await desk.now_ms() == START_MS + 6 * STEP_MS


async def test_a_fill_inside_a_bar_is_marked_at_the_bars_close_afterwards(desk: Desk) -> None:
    await book(desk, "t1", OrderSide.BUY, "1", "103", n=1)
    row = await desk.position()
    assert row is not None
    assert row.mark == 103
    await desk.mark(bar(1, open=100, high=104, close=101))
    row = await desk.position()
    assert row is not None
    assert row.mark == 101


async def test_daily_snapshots_keep_the_last_point_the_peak_and_the_drawdown(desk: Desk) -> None:
    await book(desk, "t1", OrderSide.BUY, "10", "100")
    for n, price in ((1, 120), (2, 90), (48, 95), (49, 130), (96, 65)):
        await desk.mark(bar(n, open=price))
    async with desk.db.read() as session:
        days = await positions.snapshots(session, desk.account.id, days=10)
    assert [row.snapshot_date for row in days] == [date(2023, 11, 15), date(2023, 11, 16), date(2023, 11, 17)]
    assert [row.total_equity for row in days] == [9_900, 10_300, 9_650]
    assert [row.peak_equity for row in days] == [10_200, 10_300, 10_300]
    assert days[0].daily_return == pytest.approx(-0.01)
    assert days[1].daily_return == pytest.approx(10_300 / 9_900 - 1)
    assert days[2].max_drawdown_pct == pytest.approx(1 - 9_650 / 10_300)
    assert days[1].max_drawdown_pct == pytest.approx(1 - 9_900 / 10_200)
    assert days[2].cumulative_return == pytest.approx(-0.035)


async def test_the_same_trade_cannot_move_money_twice(desk: Desk) -> None:
    await book(desk, "t1", OrderSide.BUY, "1", "100")
    again = await book(desk, "t1", OrderSide.BUY, "1", "100")
    assert (await desk.balances())["BTC"].total == 1
    assert again.quantity == 1


async def test_amounts_of_many_digits_stay_exact(desk: Desk) -> None:
    quantity, price = D("0.123456789012345678"), D("1234.567890123456789012")
    await book(desk, "t1", OrderSide.BUY, str(quantity), str(price))
    paid = 10_000 - (await desk.balances())["USDT"].total
    assert paid == D("152.415787532388366392")  # the exact product, rounded once to 18 places
