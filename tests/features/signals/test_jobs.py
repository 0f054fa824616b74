"""From a schedule to a fill: the job looks, the signal fires, everybody says yes, the order is placed and traded."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from alphaloop.adapters.feeds.contract import BarTable
from alphaloop.core.bar import Bar, Timeframe
from alphaloop.core.clock import ManualClock
from alphaloop.core.errors import HaltedError
from alphaloop.entrypoints.scheduler import Scheduler
from alphaloop.features.catalog import service as catalog
from alphaloop.features.catalog.schemas import ScheduleSet
from alphaloop.features.market.models import Replay, StoredMode
from alphaloop.features.market.service import BarStore, find_instrument
from alphaloop.features.market.service.imports import book_series
from alphaloop.features.signals import jobs, repository, service
from alphaloop.features.signals.jobs import StrategyTimetable
from alphaloop.features.signals.models import StrategyRun, TradingSignal
from alphaloop.features.signals.schemas import RunAsked
from alphaloop.infra.db import Database
from alphaloop.infra.jobs.local import LocalWorker
from alphaloop.infra.jobs.models import JobRow
from alphaloop.infra.settings import Settings
from tests.builders import BTC, START_MS, STEP_MS, bar, open_desk, table_of
from tests.features.signals.conftest import FACE, ROOMY, Floor, intent
from tests.features.signals.test_alone import all_on
from tests.features.signals.test_scanning import FOLLOWER

# Rises above its average in the newest bar that the account knows; what comes later would say otherwise.
CLOSES = [100, 100, 100, 99, 98, 100]
LATER = [70, 60, 50, 40]


@pytest.fixture
async def floor(file_db: Database, clock: ManualClock) -> Floor:
    """A desk whose replay has shown six bars, and a strategy that is a file of its person's."""
    marks = [bar(n, open=close) for n, close in enumerate(CLOSES)]
    desk = await open_desk(file_db, clock, limits=ROOMY, marks=marks)
    await catalog.shelve(file_db, clock, [FACE.model_copy(update={"key": "user:follower"})])
    async with file_db.write() as session:
        row = await catalog.get_strategy(session, desk.actor, "user:follower", lock=True)
        row.creator_id = desk.actor.person
    return Floor(desk, row)


def whole(marks: list[Bar]) -> BarTable:
    return table_of([replace(one, low=one.low - 2, high=one.high + 2) for one in marks])


async def stocked(floor: Floor, home: Path, source: str = FOLLOWER) -> Settings:
    """The platform's folder with all bars, those that the replay has not shown too, and the strategy's file."""
    settings = Settings(home=home)
    settings.strategies_dir.mkdir(parents=True)
    (settings.strategies_dir / "follower.py").write_text(source, encoding="utf-8")
    store = BarStore(settings.bars_dir)
    store.append(BTC.symbol, Timeframe.M30, whole([bar(n, open=one) for n, one in enumerate(CLOSES + LATER)]))
    async with floor.db.write() as session:
        row = await find_instrument(session, BTC.symbol)
        await book_series(session, store, row, Timeframe.M30, at=floor.desk.clock.now(), held_as=StoredMode.RAW)
        await session.execute(update(Replay).values(cursor_ts=START_MS + (len(CLOSES) - 1) * STEP_MS))
    return settings


async def test_a_schedule_brings_a_signal_that_trades_by_itself(
    floor: Floor, clock: ManualClock, tmp_path: Path
) -> None:
    settings, desk = await stocked(floor, tmp_path / "home"), floor.desk
    await all_on(floor)
    asked = ScheduleSet(account_id=desk.account.id, instruments=[BTC.symbol], timeframe=Timeframe.M30, cron="* * * * *")
    async with floor.db.write() as session:
        door = catalog.Door(managers_named=False)
        await catalog.set_schedule(session, desk.actor, door, "user:follower", asked, clock=clock)
    clock.advance(timedelta(minutes=5))
    assert await Scheduler(floor.db, clock, {service.RUN_JOB: StrategyTimetable()}, holder="a").tick() == [
        service.RUN_JOB
    ]
    worker = LocalWorker(floor.db, clock, jobs.HANDLERS, holder="test", parts={Settings: settings})
    assert await worker.run_one()
    async with floor.db.read() as session:
        [run] = await session.scalars(select(StrategyRun))
        signals = list(await session.scalars(select(TradingSignal)))
    assert run.error is None
    assert (run.run_status, run.error, run.signal_count) == ("COMPLETED", None, 1)
    [signal] = signals
    assert (signal.direction, signal.ts_ms) == ("LONG", START_MS + (len(CLOSES) - 1) * STEP_MS)
    assert (signal.signal_status, signal.refused_by) == ("EXECUTED", None), signal.validation_errors
    await desk.work()
    await desk.turn(bar(len(CLOSES), open=100))
    held = await desk.position()
    assert held is not None
    assert held.quantity == signal.position_size
    assert await desk.violations() == []


async def test_hours_without_a_run_are_looked_through_once(floor: Floor, clock: ManualClock) -> None:
    asked = ScheduleSet(
        account_id=floor.desk.account.id,
        instruments=[BTC.symbol],
        timeframe=Timeframe.M30,
        cron="* * * * sun",
        calendar="XNAS",
    )
    async with floor.db.write() as session:
        door = catalog.Door(managers_named=False)
        row = await catalog.set_schedule(session, floor.desk.actor, door, "user:follower", asked, clock=clock)
    for minutes, looked in ((30, False), (60, True)):
        clock.advance(timedelta(minutes=minutes))
        async with floor.db.write() as session:
            assert await catalog.due_runs(session, clock.now()) == []
            row = await catalog.get_strategy(session, floor.desk.actor, "user:follower")
            assert (row.schedule_from == clock.now()) == looked


async def test_a_strategy_that_raises_fails_its_run_and_names_the_line(
    floor: Floor, clock: ManualClock, tmp_path: Path
) -> None:
    settings = await stocked(floor, tmp_path / "home", FOLLOWER.replace("    n = params.period\n", "    1 / 0\n"))
    asked = RunAsked(account_id=floor.desk.account.id, instruments=[BTC.symbol], timeframe=Timeframe.M30)
    async with floor.db.write() as session:
        run = await service.start_run(session, floor.desk.actor, "user:follower", asked, clock=clock)
    worker = LocalWorker(floor.db, clock, jobs.HANDLERS, holder="test", parts={Settings: settings})
    assert await worker.run_one()
    async with floor.db.read() as session:
        [run] = await session.scalars(select(StrategyRun))
        [job] = await session.scalars(select(JobRow))
    assert (run.run_status, run.signal_count, job.status) == ("FAILED", 0, "FAILED")
    assert run.error is not None
    assert run.error["code"] == "strategy_failed"
    assert "follower.py, line" in run.error["message"]


class Killed(BaseException):
    """The worker, as far as its job can tell."""


async def queued(floor: Floor) -> None:
    """A run whose every switch says yes."""
    asked = RunAsked(
        account_id=floor.desk.account.id, instruments=[BTC.symbol], timeframe=Timeframe.M30, auto_execute=True
    )
    async with floor.db.write() as session:
        await service.start_run(session, floor.desk.actor, "user:follower", asked, clock=floor.desk.clock)
    await all_on(floor)


async def test_what_a_worker_kept_and_could_not_trade_any_more_is_traded_by_the_next_and_once(
    floor: Floor, clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = await stocked(floor, tmp_path / "home")
    await queued(floor)
    worker = LocalWorker(floor.db, clock, jobs.HANDLERS, holder="test", parts={Settings: settings})

    async def die(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(service, "execute_alone", die)
        with pytest.raises(Killed):
            await worker.run_one()
    assert await floor.desk.orders() == []
    for _ in range(2):
        clock.advance(timedelta(minutes=1))
        async with floor.db.write() as session:
            await session.execute(update(JobRow).values(status="RUNNING", lease_until=clock.now()))
        clock.advance(timedelta(minutes=1))
        assert await worker.run_one()
        assert len([one for one in await floor.desk.orders() if one.parent_id is None]) == 1


async def test_a_signal_that_cannot_be_traded_says_so_and_holds_up_none_of_the_others(
    floor: Floor, clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = await stocked(floor, tmp_path / "home")
    await queued(floor)
    worker = LocalWorker(floor.db, clock, jobs.HANDLERS, holder="test", parts={Settings: settings})

    async def halt(*_: object, **__: object) -> None:
        raise HaltedError("Trading is halted.", code="trading_halted")

    monkeypatch.setattr(service, "execute_alone", halt)
    assert await worker.run_one()
    async with floor.db.read() as session:
        [job] = await session.scalars(select(JobRow))
        [signal] = await session.scalars(select(TradingSignal))
    assert job.status == "DONE"
    assert (signal.signal_status, signal.validation_errors) == ("PENDING", [{"step": -1, "code": "trading_halted"}])


async def test_what_has_waited_longest_for_its_outcome_is_looked_at_first(floor: Floor, clock: ManualClock) -> None:
    fired = [(await floor.fire(intent(episode=START_MS + n)))[0].id for n in range(3)]
    async with floor.db.write() as session:
        for n, one in enumerate(fired[:2]):
            seen = clock.now() - timedelta(hours=2 + n)
            await session.execute(update(TradingSignal).where(TradingSignal.id == one).values(measured_at=seen))
    async with floor.db.read() as session:
        waiting = await repository.unmeasured(session, limit=2, not_since=clock.now())
    assert [one.id for one in waiting] == [fired[2], fired[1]]
