"""Following a strategy bar by bar: each instruction acted on once, with the right order, and remembered."""

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from alphaloop.core.clock import ManualClock
from alphaloop.core.order import OrderStatus
from alphaloop.core.signal import Desired, Sizing
from alphaloop.features.risk import service as risk
from alphaloop.features.sessions import service as sessions
from alphaloop.features.sessions.models import SessionStatus, TradingSession
from alphaloop.features.signals import service as fired
from alphaloop.features.signals.models import TradingSignal
from alphaloop.infra.db import Database
from tests.builders import BTC, CEILING, START_MS, Desk, bar, open_desk

pytestmark = pytest.mark.database


@pytest.fixture
async def desk(db: Database, clock: ManualClock) -> Desk:
    desk = await open_desk(db, clock)
    async with db.write() as session:
        session.add(
            TradingSession(
                user_id=desk.actor.person,
                account_id=desk.account.id,
                strategy_key="reversion/bollinger",
                params={},
                instrument=BTC.symbol,
                timeframe="30m",
                allocation=Decimal("0.5"),
                status=SessionStatus.RUNNING,
                anchor_ts=START_MS,
                start_ts=START_MS,
                last_bar_ts=START_MS,
                memory=[],
                signals=0,
                orders=0,
                started_at=clock.now(),
                updated_at=clock.now(),
            )
        )
    return desk


def want(target: float | None, episode: int = 1, **more: Any) -> Desired:
    return Desired(target=target, sizing=more.pop("sizing", Sizing.WEIGHT), episode=episode, **more)


async def follow(desk: Desk, n: int, desired: Desired | None, *, price: str = "100") -> None:
    """One whole turn at bar n."""
    closed = bar(n, open=price)
    await desk.venue.on_bar(desk.account.id, closed)
    await desk.execution.book(desk.account)
    await desk.mark(closed)
    async with desk.db.write() as session:
        (row,) = await sessions.running_sessions(session, desk.account.id)
        await sessions.follow(
            session, row, desk.account, desired, closed, memory=[1.0], ceiling=CEILING, clock=desk.clock
        )
    await desk.execution.work(desk.account, now_ms=closed.close_ms)


async def signals(desk: Desk) -> list[tuple[str, str]]:
    async with desk.db.read() as session:
        rows = await session.scalars(select(TradingSignal).order_by(TradingSignal.id))
        return [(row.direction, row.signal_status) for row in rows]


async def made(desk: Desk) -> list[tuple[str, str, str]]:
    return [(row.role, row.side, row.status) for row in await desk.orders()]


async def test_an_instruction_is_acted_on_once(desk: Desk) -> None:
    for n in range(1, 5):
        await follow(desk, n, want(1.0))
    assert await made(desk) == [("ENTRY", "BUY", "FILLED")]
    assert await signals(desk) == [("LONG", "EXECUTED")]
    (order,) = await desk.orders()
    assert order.quantity == Decimal("49.950")  # half the equity, fee included, on the lot


async def test_a_signal_follows_its_order(desk: Desk) -> None:
    await follow(desk, 1, want(1.0))
    (order,) = await desk.orders()
    async with desk.db.write() as session:
        (signal,) = await session.scalars(select(TradingSignal))
        assert signal.order_id == order.id
        told = {"id": str(order.id), "status": "REJECTED", "filled_quantity": "0", "reason": {"code": "no_cash"}}
        await fired.follow_order(session, told, clock=desk.clock)
    assert await signals(desk) == [("LONG", "REJECTED")]


async def test_the_same_bar_twice_is_one_bar(desk: Desk) -> None:
    await follow(desk, 1, want(1.0))
    await follow(desk, 1, want(0.0, 2))
    assert await made(desk) == [("ENTRY", "BUY", "LIVE")]


async def test_going_flat_sells_what_is_held_and_drops_the_protection(desk: Desk) -> None:
    await follow(desk, 1, want(1.0, stop=90.004, take=120.001))
    await follow(desk, 2, want(1.0, stop=90.004, take=120.001))
    stop, take = [(row.stop_price, row.price) for row in await desk.orders()][1:]
    assert (stop[0], take[1]) == (Decimal(90), Decimal("120.01"))
    await follow(desk, 3, want(0.0, 3))
    await follow(desk, 4, want(0.0, 3))
    assert [status for _, _, status in await made(desk)] == ["FILLED", "CANCELLED", "CANCELLED", "FILLED"]
    assert [one[0] for one in await signals(desk)] == ["LONG", "FLAT"]
    assert await desk.violations() == []


async def test_flat_while_flat_is_no_signal(desk: Desk) -> None:
    await follow(desk, 1, want(0.0))
    await follow(desk, 2, None)
    await follow(desk, 3, want(None))
    assert await signals(desk) == []


async def test_an_exit_inside_the_same_episode_still_leaves(desk: Desk) -> None:
    """A strategy's own management may go flat without beginning a new episode."""
    await follow(desk, 1, want(1.0))
    await follow(desk, 2, want(1.0))
    await follow(desk, 3, want(0.0))
    await follow(desk, 4, want(0.0))
    assert await made(desk) == [("ENTRY", "BUY", "FILLED"), ("EXIT", "SELL", "FILLED")]
    held = await desk.position()
    assert held is not None
    assert held.quantity == 0


async def test_a_stopped_out_episode_is_spent(desk: Desk) -> None:
    await follow(desk, 1, want(1.0, stop=95.0))
    await follow(desk, 2, want(1.0, stop=95.0))
    await follow(desk, 3, want(1.0, stop=95.0), price="90")
    await follow(desk, 4, want(1.0, stop=95.0))
    assert await made(desk) == [("ENTRY", "BUY", "FILLED"), ("STOP", "SELL", "FILLED")]
    await follow(desk, 5, want(1.0, 5))
    assert (await made(desk))[-1] == ("ENTRY", "BUY", "LIVE")


async def test_a_refused_intent_says_why_and_is_not_tried_again(desk: Desk) -> None:
    async with desk.db.write() as session:
        await risk.set_halt(session, desk.actor, on=True, reason="", account_id=None, platform=False, clock=desk.clock)
    await follow(desk, 1, want(1.0))
    await follow(desk, 2, want(1.0))
    assert await made(desk) == []
    async with desk.db.read() as session:
        (signal,) = await session.scalars(select(TradingSignal))
    assert (signal.signal_status, signal.validation_errors) == ("REJECTED", [{"step": 0, "code": "trading_halted"}])


async def test_an_exit_leaves_although_trading_is_halted(desk: Desk) -> None:
    await follow(desk, 1, want(1.0))
    await follow(desk, 2, want(1.0))
    async with desk.db.write() as session:
        await risk.set_halt(session, desk.actor, on=True, reason="", account_id=None, platform=False, clock=desk.clock)
    await follow(desk, 3, want(0.0, 3))
    await follow(desk, 4, want(0.0, 3))
    assert [OrderStatus(row.status) for row in await desk.orders()] == [OrderStatus.FILLED] * 2


async def test_nothing_to_order_and_a_trailing_stop_are_refused_with_a_reason(desk: Desk) -> None:
    await follow(desk, 1, want(0.00001))
    await follow(desk, 2, want(1.0, 2, trail=1.0))
    async with desk.db.read() as session:
        rows = list(await session.scalars(select(TradingSignal).order_by(TradingSignal.id)))
    assert [row.validation_errors[0]["code"] for row in rows] == ["nothing_to_order", "trail_not_supported"]


async def test_memory_and_place_are_kept(desk: Desk) -> None:
    await follow(desk, 1, want(1.0))
    async with desk.db.read() as session:
        (row,) = await sessions.running_sessions(session, desk.account.id)
    assert (row.memory, row.last_bar_ts, row.last_target, row.last_episode) == ([1.0], bar(1, open=1).ts_ms, 1.0, 1)
    assert (row.signals, row.orders) == (1, 1)
