"""The loop in one process, bar by bar, as the worker drives it: signals, orders, fills, equity, journal drafts."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from alphaloop.adapters.feeds._bar_files import read_bar_file
from alphaloop.adapters.feeds.contract import BarTable
from alphaloop.adapters.venues.paper import PaperVenue
from alphaloop.core.bar import Timeframe
from alphaloop.core.clock import ManualClock
from alphaloop.core.events import Event
from alphaloop.core.money import EXACT, plain
from alphaloop.core.order import OrderStatus
from alphaloop.entrypoints import rooms
from alphaloop.entrypoints.turn import ReplayTurns, Trading, load_turns
from alphaloop.entrypoints.web import make_wiring
from alphaloop.features.accounts import service as accounts
from alphaloop.features.journal.models import JournalEntry
from alphaloop.features.ledger import service as ledger
from alphaloop.features.ledger.checks import find_violations
from alphaloop.features.market.service import BarStore
from alphaloop.features.orders.execution import Execution
from alphaloop.features.orders.models import FillRow, OrderRow
from alphaloop.features.positions.models import EquityPoint, PositionRow
from alphaloop.features.sessions import replays
from alphaloop.features.sessions import service as sessions
from alphaloop.features.sessions.models import SessionStatus, TradingSession
from alphaloop.features.signals.models import TradingSignal
from alphaloop.infra.db import Database
from alphaloop.infra.http.doors import Wiring
from alphaloop.infra.identity import Actor
from alphaloop.infra.outbox import Dispatcher, OutboxRow
from alphaloop.infra.settings import Settings
from tests.builders import BTC, add_person, add_series, random_bars, table_of


class Floor:
    """The worker's trading floor without its timer: the test says when the next bar comes."""

    def __init__(self, wiring: Wiring, actor: Actor) -> None:
        self.wiring, self.actor = wiring, actor
        self.heard: list[Event] = []
        paper = PaperVenue(wiring.db, wiring.clock)
        self.paper = paper
        dispatcher = Dispatcher(wiring.db, wiring.clock, rooms.listeners(), self._hear)
        execution = Execution(wiring.db, wiring.clock, {"paper": paper})
        self.trading = Trading(wiring, execution, paper, dispatcher)

    async def _hear(self, event: Event) -> None:
        self.heard.append(event)

    async def start(self, strategy: str, params: dict[str, Any], *, start_ts: int | None = None) -> int:
        """A replay with its account and a running strategy; the account's id."""
        db, clock = self.wiring.db, self.wiring.clock
        store = BarStore(self.wiring.settings.bars_dir)
        async with db.write() as session:
            replay = await replays.start_replay(
                session,
                self.actor,
                store,
                clock=clock,
                instrument=BTC.symbol,
                timeframe=Timeframe.M30,
                start_ts=start_ts,
                speed=0,
                cash=Decimal(100_000),
            )
            assert replay.account_id is not None
            request = sessions.NewSessionRequest(
                replay.account_id, strategy, params, BTC.symbol, Timeframe.M30, Decimal("0.15")
            )
            await sessions.create_session(session, self.actor, request, clock=clock)
        self.turns: ReplayTurns = await load_turns(self.trading, replay)
        return replay.account_id

    async def play(self, bars: int) -> int:
        """Up to that many bars, each checked; how many there were."""
        coming = await self.turns.next_bars(bars)
        for closed in coming:
            await self.turns.run(closed)
            await self._check(closed.ts_ms, closed.close)
        return len(coming)

    async def _check(self, ts_ms: int, price: Decimal) -> None:
        """What must hold after every turn."""
        account_id = self.turns.replay.account_id
        assert account_id is not None
        async with self.wiring.db.read() as session:
            assert self.turns.replay.cursor_ts == ts_ms
            point = await session.scalar(
                select(EquityPoint).where(EquityPoint.account_id == account_id, EquityPoint.ts_ms == ts_ms)
            )
            held = await session.scalar(select(PositionRow).where(PositionRow.account_id == account_id))
            balances = await ledger.balances(session, ledger.ACCOUNT, account_id)
            waiting = await session.scalar(select(OutboxRow.id).where(OutboxRow.dispatched_at.is_(None)).limit(1))
        assert point is not None
        value = EXACT.multiply(held.quantity, price) if held is not None else Decimal(0)
        assert point.cash == balances["USDT"].total
        assert point.market_value == value
        assert point.equity == EXACT.add(point.cash, value)
        assert waiting is None, "an event of the turn was not delivered"

    async def finish(self, account_id: int) -> dict[str, Any]:
        """Everything the loop left of one account, in plain values without ids."""
        async with self.wiring.db.read() as session:
            assert await find_violations(session) == []
            theirs = {asset: amount for asset, amount in (await self.paper.balances(account_id)).items() if amount}
            balances = await ledger.balances(session, ledger.ACCOUNT, account_id)
            assert {asset: one.total for asset, one in balances.items() if one.total} == theirs

            async def rows(model: type[Any], order: Any) -> list[Any]:
                return list(await session.scalars(select(model).where(model.account_id == account_id).order_by(order)))

            orders, fills = await rows(OrderRow, OrderRow.id), await rows(FillRow, FillRow.id)
            signals = await rows(TradingSignal, TradingSignal.id)
            held = await rows(PositionRow, PositionRow.id)
            equity = await rows(EquityPoint, EquityPoint.ts_ms)
            drafts = await rows(JournalEntry, JournalEntry.id)
            running = (await rows(TradingSession, TradingSession.id))[0]
        assert (running.status, running.reason) == (SessionStatus.STOPPED, "replay_ended")
        return {
            "orders": [
                (one.instrument, one.side, one.type, one.role, one.status, plain(one.quantity), one.reason_code)
                for one in orders
            ],
            "fills": [(one.side, plain(one.quantity), plain(one.price), plain(one.fee), one.ts_ms) for one in fills],
            "signals": [(one.direction, one.episode, one.signal_status, one.ts_ms) for one in signals],
            "positions": [(plain(one.quantity), plain(one.realised), plain(one.fees)) for one in held],
            "equity": [(one.ts_ms, plain(one.equity)) for one in equity],
            "drafts": [(one.trip, one.direction, plain(one.realized_pnl), one.journal_status) for one in drafts],
        }


@pytest.fixture
async def wiring(db: Database, clock: ManualClock, tmp_path: Path) -> Wiring:
    return replace(make_wiring(Settings(home=tmp_path / "home"), clock=clock), db=db)


async def open_floor(wiring: Wiring, table: BarTable) -> Floor:
    actor = await add_person(wiring.db, wiring.clock)
    await add_series(wiring.db, wiring.clock, BarStore(wiring.settings.bars_dir), BTC, table)
    return Floor(wiring, actor)


BOLLINGER: tuple[str, dict[str, Any]] = ("reversion/bollinger", {"period": 10, "width": 1.0})
CHAN: tuple[str, dict[str, Any]] = ("chan/multi_level", {})


def assert_whole(result: dict[str, Any], bars: int) -> None:
    """A loop that went all the way round: intents became fills, fills became trades, trades became drafts."""
    assert len(result["equity"]) == bars + 1
    executed = [one for one in result["signals"] if one[2] == "EXECUTED"]
    entries = [one for one in result["orders"] if one[3] == "ENTRY"]
    assert executed
    assert entries
    assert result["fills"]
    assert result["drafts"]
    assert {one[3] for one in result["drafts"]} == {"DRAFT"}
    assert all(OrderStatus(one[4]) is OrderStatus.FILLED for one in entries[:-1])
    realised = sum(Decimal(one[2]) for one in result["drafts"])
    (position,) = result["positions"]
    if position[0] == "0":
        assert realised == EXACT.subtract(Decimal(position[1]), Decimal(position[2]))
        assert Decimal(result["equity"][-1][1]) == 100_000 + realised


@pytest.mark.database
async def test_two_replays_of_the_same_bars_are_identical(wiring: Wiring) -> None:
    floor = await open_floor(wiring, table_of(random_bars(170, seed=5, price=30_000, swing=0.01)))
    results = []
    for _ in range(2):
        account = await floor.start(*BOLLINGER)
        played = await floor.play(1000)
        results.append(await floor.finish(account))
    assert played > 80
    assert_whole(results[0], played)
    assert results[0] == results[1]


@pytest.mark.database
async def test_a_replay_that_is_loaded_again_every_few_bars_is_the_same_replay(wiring: Wiring) -> None:
    table = table_of(random_bars(130, seed=5, price=30_000, swing=0.01))
    floor = await open_floor(wiring, table)
    calm = await floor.start(*BOLLINGER)
    await floor.play(1000)
    account = await floor.start(*BOLLINGER)
    while await floor.play(7):
        again = Floor(wiring, floor.actor)
        again.turns = await load_turns(again.trading, floor.turns.replay)
        floor = again
    assert await floor.finish(account) == await floor.finish(calm)


@pytest.mark.database
async def test_every_event_of_a_turn_is_delivered_in_order_and_once(wiring: Wiring) -> None:
    floor = await open_floor(wiring, table_of(random_bars(130, seed=5, price=30_000, swing=0.01)))
    await floor.start(*BOLLINGER)
    await floor.play(1000)
    ids = [event.event_id for event in floor.heard if event.event_id is not None]
    assert ids == sorted(set(ids))
    names = {event.name for event in floor.heard}
    assert {"signals.signal_fired", "orders.order_updated", "orders.fill_booked", "positions.trade_closed"} <= names
    assert names >= {"positions.position_changed", "sessions.session_changed", "sessions.replay_changed"}


@pytest.mark.database
async def test_a_paused_strategy_sends_nothing_and_starts_where_it_stands(wiring: Wiring) -> None:
    floor = await open_floor(wiring, table_of(random_bars(170, seed=5, price=30_000, swing=0.01)))
    account = await floor.start(*BOLLINGER)
    async with wiring.db.write() as session:
        (row,) = await sessions.running_sessions(session, account)
        await sessions.change_status(session, floor.actor, row.id, SessionStatus.PAUSED, clock=wiring.clock)
    await floor.play(40)
    async with wiring.db.write() as session:
        assert await session.scalar(select(OrderRow.id).limit(1)) is None
        await sessions.change_status(session, floor.actor, row.id, SessionStatus.RUNNING, clock=wiring.clock)
    await floor.play(1000)
    assert (await floor.finish(account))["fills"]


@pytest.mark.database
async def test_somebody_elses_replay_is_not_moved_along(wiring: Wiring) -> None:
    floor = await open_floor(wiring, table_of(random_bars(130, seed=5, price=30_000, swing=0.01)))
    first = await floor.start(*BOLLINGER)
    second = await floor.start(*BOLLINGER)
    await floor.play(10)
    async with wiring.db.read() as session:
        points = list(await session.scalars(select(EquityPoint.account_id).distinct()))
        count = len(list(await session.scalars(select(EquityPoint.id).where(EquityPoint.account_id == first))))
        assert await accounts.accounts_on_replay(session, 999) == []
    assert set(points) == {first, second}
    assert count == 1


@pytest.mark.data
@pytest.mark.parametrize("strategy", [BOLLINGER, CHAN], ids=["bollinger", "multi_level"])
async def test_the_loop_runs_on_real_bars(
    wiring: Wiring, test_data: Path, strategy: tuple[str, dict[str, Any]]
) -> None:
    (path,) = (test_data / "data" / "bars").glob("crypto/binance/BTCUSDT/30m*")
    table = read_bar_file(path)
    # A stretch in which both strategies trade and close their trades.
    columns = {name: getattr(table, name)[5500:6200] for name in ("ts", "open", "high", "low", "close", "volume")}
    real = BarTable.of(columns, price_decimals=table.price_decimals, volume_decimals=table.volume_decimals)
    floor = await open_floor(wiring, real)
    account = await floor.start(*strategy)
    played = await floor.play(1000)
    assert played == 400
    assert_whole(await floor.finish(account), played)
