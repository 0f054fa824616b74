"""A process that dies between any two durable steps: whatever the moment, the end is that of an undisturbed run."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from alphaloop.adapters.venues.paper import PaperOrder, PaperVenue
from alphaloop.core.bar import Bar
from alphaloop.core.clock import ManualClock
from alphaloop.core.errors import AlphaLoopError
from alphaloop.core.money import EXACT, plain
from alphaloop.core.order import VenueOrder
from alphaloop.features.orders import repository
from alphaloop.features.orders import service as orders
from alphaloop.features.orders.execution import Execution, Step
from alphaloop.features.positions import service as positions
from alphaloop.infra.db import Database, WriteSession
from tests.builders import BTC, CEILING, Desk, bar, open_at_venue, open_desk, wish

pytestmark = pytest.mark.database


class Crash(BaseException):
    """The process is gone: nothing may catch this."""


class Tripwire:
    """Counts the moments between durable steps and dies at the chosen ones, counting on across restarts."""

    def __init__(self, *fatal: int) -> None:
        self.fatal = set(fatal)
        self.seen = 0
        self.names: list[str] = []

    def tick(self, name: str) -> None:
        self.seen += 1
        self.names.append(name)
        if self.seen in self.fatal:
            raise Crash(name)

    async def __call__(self, step: Step) -> None:
        self.tick(step.name)


@dataclass
class Tripped:
    """The paper venue of a process that may also die right after any of the venue's own commits."""

    venue: PaperVenue
    wire: Tripwire

    def __getattr__(self, name: str) -> Any:
        return getattr(self.venue, name)

    async def place(self, account_id: int, order: VenueOrder, *, ts_ms: int) -> Any:
        placed = await self.venue.place(account_id, order, ts_ms=ts_ms)
        self.wire.tick("venue_placed")
        return placed

    async def cancel(self, account_id: int, client_order_id: str, *, ts_ms: int) -> Any:
        answer = await self.venue.cancel(account_id, client_order_id, ts_ms=ts_ms)
        self.wire.tick("venue_cancelled")
        return answer

    async def on_bar(self, account_id: int, closed: Bar) -> bool:
        self.wire.tick("before_bar")
        traded = await self.venue.on_bar(account_id, closed)
        self.wire.tick("venue_matched")
        return traded

    async def find_order(self, account_id: int, client_order_id: str) -> Any:
        self.wire.tick("before_find")
        return await self.venue.find_order(account_id, client_order_id)


Act = Callable[[WriteSession, Desk], Awaitable[object]]


def entry(**more: Any) -> Act:
    def act(session: WriteSession, desk: Desk) -> Awaitable[object]:
        request = wish(idempotency_key="entry", body_hash="entry", **more)
        return orders.submit(session, desk.actor, desk.account, request, ceiling=CEILING, clock=desk.clock)

    return act


async def cancel_everything(session: WriteSession, desk: Desk) -> None:
    rows = await repository.working_orders(session, desk.account.id)
    await orders.request_cancels(session, rows, clock=desk.clock)


def close(session: WriteSession, desk: Desk) -> Awaitable[object]:
    return orders.close_position(session, desk.actor, desk.account, BTC.symbol, ceiling=CEILING, clock=desk.clock)


async def nothing(_session: WriteSession, _desk: Desk) -> None:
    return None


# What is decided at each bar, in the transaction that marks it, as in the worker.
SCENARIOS: dict[str, list[tuple[Bar, Act]]] = {
    "entry with stop and take, the stop fills": [
        (bar(1, open=100), entry(quantity=2, stop_loss="90", take_profit="110")),
        (bar(2, open=101, close=102), nothing),
        (bar(3, open=95, low=85), nothing),
        (bar(4, open=80, high=115), nothing),
    ],
    "a limit that waits is cancelled with its protection": [
        (bar(1, open=100), entry(quantity=1, type="LIMIT", price="90", stop_loss="80", take_profit="120")),
        (bar(2, open=100), cancel_everything),
        (bar(3, open=89, low=75), nothing),
    ],
    "a position is closed by hand and its stop goes": [
        (bar(1, open=100), entry(quantity=1, stop_loss="90")),
        (bar(2, open=100), close),
        (bar(3, open=105), nothing),
        (bar(4, open=70), nothing),
    ],
    "an entry cut for lack of cash": [
        (bar(1, open=100), entry(quantity=95)),
        (bar(2, open=120), nothing),
    ],
}


class Process:
    """The trading process of one desk. Dying loses everything that is not in the database."""

    def __init__(
        self, desk: Desk, wire: Tripwire, *, make_venue: Callable[..., Any], execution: type[Execution]
    ) -> None:
        self.desk = desk
        self.wire = wire
        self._make_venue = make_venue
        self._execution = execution

    async def start(self) -> None:
        desk = self.desk
        desk.venue = Tripped(self._make_venue(desk.db, desk.clock), self.wire)
        desk.execution = self._execution(desk.db, desk.clock, {"paper": desk.venue}, crash_point=self.wire)
        await open_at_venue(desk)
        await desk.execution.recover(desk.account, now_ms=await desk.now_ms())
        await desk.work()

    async def play(self, scenario: list[tuple[Bar, Act]]) -> None:
        """Go through the bars; a bar that was marked is done and is not played again."""
        await self.start()
        for closed, act in scenario:
            if any(point.ts_ms == closed.ts_ms for point in await self.desk.equity_points()):
                continue
            await self.desk.venue.on_bar(self.desk.account.id, closed)
            await self.desk.execution.book(self.desk.account)
            self.wire.tick("booked")
            async with self.desk.db.write() as session:
                await positions.mark(session, self.desk.account, closed, clock=self.desk.clock)
                await act(session, self.desk)
            self.wire.tick("acted")
            await self.desk.execution.work(self.desk.account, now_ms=closed.close_ms)


async def ending(desk: Desk) -> dict[str, Any]:
    """Everything that must not depend on how often the process died."""
    worth = await desk.worth()
    held = await desk.position()
    return {
        "orders": [
            (row.side, row.type, row.role, row.status, plain(row.quantity), plain(row.filled_quantity), row.price)
            for row in await desk.orders()
        ],
        "fills": [(row.side, plain(row.quantity), plain(row.price), row.ts_ms) for row in await desk.fills()],
        "position": held and (plain(held.quantity), plain(held.average_price), plain(held.realised), held.trip_number),
        "money": {asset: (plain(one.total), plain(one.locked)) for asset, one in (await desk.balances()).items()},
        "equity": [(one.ts_ms, plain(one.equity)) for one in await desk.equity_points()],
        "sum": plain(EXACT.add(worth.cash, worth.market_value)) == plain(worth.equity),
        "violations": await desk.violations(),
    }


class Bench:
    """Runs a scenario as often as it takes, each time on a fresh copy of one prepared database."""

    def __init__(self, prepared: Path, desk: Desk) -> None:
        self.prepared, self.template = prepared, desk
        # The handle is kept, because making one costs more than a run; its connections are not.
        self.path = prepared.with_name("run.db")
        self.db = Database(f"sqlite+aiosqlite:///{self.path}")

    async def run(
        self,
        scenario: list[tuple[Bar, Act]],
        *fatal: int,
        make_venue: Callable[..., Any] = PaperVenue,
        execution: type[Execution] = Execution,
    ) -> tuple[dict[str, Any], Tripwire]:
        await self.db.close()
        for suffix in ("-wal", "-shm"):
            self.path.with_name(f"run.db{suffix}").unlink(missing_ok=True)
        shutil.copy(self.prepared, self.path)
        wire = Tripwire(*fatal)
        for _ in range(len(fatal) + 1):
            template = self.template
            desk = Desk(self.db, template.clock, template.actor, template.account, template.venue, template.execution)
            try:
                await Process(desk, wire, make_venue=make_venue, execution=execution).play(scenario)
                desk.venue = desk.venue.venue
                return await ending(desk), wire
            except Crash:
                continue
        raise AssertionError("the process died more often than it was told to")


@pytest.fixture
async def bench(tmp_path: Path, empty_database: Path) -> AsyncIterator[Bench]:
    path = tmp_path / "prepared.db"
    shutil.copy(empty_database, path)
    db = Database(f"sqlite+aiosqlite:///{path}")
    desk = await open_desk(db, ManualClock(datetime(2026, 1, 5, tzinfo=UTC)))
    async with db.engine.connect() as connection:
        await connection.exec_driver_sql("COMMIT")
        await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    await db.close()
    bench = Bench(path, desk)
    yield bench
    await bench.db.close()


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=list(SCENARIOS))
async def test_a_crash_at_any_point_ends_like_no_crash(bench: Bench, scenario: list[tuple[Bar, Act]]) -> None:
    calm, wire = await bench.run(scenario)
    assert calm["violations"] == []
    assert calm["sum"]
    assert wire.seen >= 10
    for point in range(1, wire.seen + 1):
        ended, _ = await bench.run(scenario, point)
        assert ended == calm, f"after a crash at {point} ({wire.names[point - 1]})"


async def test_a_crash_during_recovery_ends_like_no_crash(bench: Bench) -> None:
    scenario = SCENARIOS["entry with stop and take, the stop fills"]
    calm, wire = await bench.run(scenario)
    for point in range(1, wire.seen + 1):
        # The second crash comes at the first moment of the recovery from the first, or at the one after.
        ended, _ = await bench.run(scenario, point, point + 1 + point % 2)
        assert ended == calm, f"after a crash at {point} ({wire.names[point - 1]}) and one soon after"


class ForgetfulVenue(PaperVenue):
    """A planted defect: a venue that knows no order by its id, so that a repeated one trades twice."""

    async def find_order(self, account_id: int, client_order_id: str) -> None:
        return None

    async def place(self, account_id: int, order: VenueOrder, *, ts_ms: int) -> Any:

        async with self._db.read() as session:
            known = await session.scalar(select(func.count()).select_from(PaperOrder))
        return await super().place(
            account_id, replace(order, client_order_id=f"{order.client_order_id}{'x' * (known or 0)}"), ts_ms=ts_ms
        )


class HastyExecution(Execution):
    """A planted defect: the place in the venue's log is remembered before its fills are booked."""

    async def book(self, account: Any) -> int:
        venue = self._venues[account.venue]
        async with self._db.read() as session:
            position = await repository.read_cursor(session, account.id)
        fills = await venue.fills_after(account.id, position)
        if fills:
            async with self._db.write() as session:
                await repository.move_cursor(session, account.id, fills[-1][0])
            await self._crash_point(Step("hasty"))
        for place, fill in fills:
            await self._book_fill(account, place, fill)
        return len(fills)


@pytest.mark.parametrize(
    "defect", [{"make_venue": ForgetfulVenue}, {"execution": HastyExecution}], ids=["venue", "cursor"]
)
async def test_the_same_run_catches_a_planted_defect(bench: Bench, defect: dict[str, Any]) -> None:
    scenario = SCENARIOS["entry with stop and take, the stop fills"]
    calm, wire = await bench.run(scenario)
    for point in range(1, wire.seen + 1):
        try:
            ended, _ = await bench.run(scenario, point, **defect)
        except AlphaLoopError:
            caught = True  # the books refused what the defect did to them
        else:
            caught = ended != calm
        if caught:
            return
    pytest.fail("no crash showed the defect")
