"""The working process: replays and strategies, the outbox, jobs, the scheduler and the audit seal."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from typing import Any

from loguru import logger
from sqlalchemy import select

from alphaloop.adapters.feeds.replay import ReplayStatus, due_bars
from alphaloop.adapters.venues.manual import ManualVenue
from alphaloop.adapters.venues.paper import PaperVenue
from alphaloop.core.clock import SystemClock
from alphaloop.core.events import Event
from alphaloop.entrypoints import rooms
from alphaloop.entrypoints.ex_dates import EX_DATE_JOB, pass_ex_dates, queue_ex_dates
from alphaloop.entrypoints.scheduler import Scheduler
from alphaloop.entrypoints.warm import is_warm, own_cache
from alphaloop.entrypoints.web import BUS_FILE, make_wiring
from alphaloop.features.accounts.models import Account
from alphaloop.features.accounts.service import MANUAL_VENUE
from alphaloop.features.audit.jobs import seal_once
from alphaloop.features.market import service as market
from alphaloop.features.market.events import EX_DATE_PASSED
from alphaloop.features.orders import repository as order_rows
from alphaloop.features.orders.execution import Execution, VenuePlug
from alphaloop.features.users.models import UserProfile
from alphaloop.infra.bus import open_bus
from alphaloop.infra.db import WriteSession
from alphaloop.infra.http.doors import Wiring
from alphaloop.infra.identity import Actor, ActorType
from alphaloop.infra.jobs.local import LocalWorker
from alphaloop.infra.logs import setup_logs
from alphaloop.infra.outbox import Dispatcher
from alphaloop.infra.settings import Settings, load_settings
from alphaloop.infra.vault import Vault

IDLE_S = 0.5
KEEP_S = 60.0
"""How long a paused replay stays loaded, so that playing and stepping again is instant."""
BATCH = 64


class Worker:
    """Runs until told to stop. Trading code is loaded only when the first replay needs it."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._holder = f"{socket.gethostname()[:40]}-{os.getpid()}"
        self._paper = PaperVenue(wiring.db, wiring.clock)
        self._manual = ManualVenue(wiring.db)
        # By account, the last thing somebody said of its tickets that has been booked.
        self._told: dict[int, int] = {}
        listeners = rooms.listeners()
        listeners.setdefault("users.user_added", []).append(self._on_user_added)
        listeners.setdefault(EX_DATE_PASSED, []).append(queue_ex_dates(wiring.clock))
        self._dispatcher = Dispatcher(wiring.db, wiring.clock, listeners, self._publish)
        parts: dict[type[Any], Any] = {**wiring.parts, Settings: wiring.settings, Vault: wiring.vault}
        handlers = rooms.job_handlers() | {EX_DATE_JOB: pass_ex_dates(self._trading_floor)}
        self._sender = None
        if wiring.settings.celery_broker_url:
            # Only what needs this process's own trading floor stays here.
            self._sender = open_sender(wiring, set(handlers) - {EX_DATE_JOB})
            handlers = {EX_DATE_JOB: handlers[EX_DATE_JOB]}
        self._jobs = LocalWorker(
            wiring.db, wiring.clock, handlers, holder=self._holder, parts=parts, long=rooms.long_kinds()
        )
        self._scheduler = Scheduler(wiring.db, wiring.clock, rooms.schedules(wiring.settings), holder=self._holder)
        self._wake = asyncio.Event()
        self._replays: dict[int, asyncio.Task[None]] = {}
        # Replays whose accounts the venue knows by now; an order sent earlier would be refused.
        self._ready: set[int] = set()
        self._replay_wakes: dict[int, asyncio.Event] = {}
        self._steps: dict[int, int] = {}
        self._trading: Any = None
        wiring.bus.subscribe("outbox", self._on_nudge)
        wiring.bus.subscribe("replay_step", self._on_step)

    async def _publish(self, event: Event) -> None:
        await self._wiring.bus.publish(
            "event",
            {"id": event.event_id, "name": event.name, "user_id": event.user_id, "payload": event.payload},
        )

    async def _on_user_added(self, session: WriteSession, event: Event) -> None:
        """The first person finds the sample series (and the operator's data folder) waiting."""
        owner = Actor(ActorType.SYSTEM, user_id=event.user_id)
        wiring = self._wiring
        profile = await session.get(UserProfile, event.user_id)
        locale = profile.locale if profile is not None else "zh-CN"
        await market.ensure_samples(session, owner, wiring.clock, wiring.settings, wiring.vault, locale=locale)

    async def _on_nudge(self, _payload: Any) -> None:
        self._wake.set()
        self._jobs.wake()
        if self._sender is not None:
            self._sender.wake()
        for wake in self._replay_wakes.values():
            wake.set()

    async def _on_step(self, payload: dict[str, Any]) -> None:
        replay_id = int(payload["replay_id"])
        self._steps[replay_id] = self._steps.get(replay_id, 0) + int(payload["bars"])
        self._wake.set()
        if replay_id in self._replay_wakes:
            self._replay_wakes[replay_id].set()

    async def run(self) -> None:
        await self._wiring.bus.start()
        # The worker writes events of its own; they must not wait for the next poll.
        self._wiring.db.on_announced = self._wake.set
        work = [self._look(), self._jobs.run(), self._scheduler.run(), self._seal(), self._warm()]
        if self._sender is not None:
            work.append(self._sender.run())
        try:
            async with asyncio.TaskGroup() as group:
                for each in work:
                    group.create_task(each)
        finally:
            for task in self._replays.values():
                task.cancel()
            await asyncio.gather(*self._replays.values(), return_exceptions=True)
            await self._wiring.bus.close()
            await self._wiring.db.close()

    async def _look(self) -> None:
        """Deliver events, serve orders, and take up replays, whenever nudged and twice a second."""
        while True:
            self._wake.clear()
            try:
                await self._serve_tickets()
                await self._serve_orders()
                await self._dispatcher.drain()
                await self._take_up_replays()
            except Exception:
                # The database may be away for a moment; nothing is lost, the next look finds it all again.
                logger.exception("worker look failed")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), IDLE_S)

    async def _warm(self) -> None:
        """Compile the kernels in a process of its own at low priority, once per version."""
        if is_warm(own_cache(self._wiring.settings.compile_cache)):
            return
        process = await asyncio.create_subprocess_exec(sys.executable, "-m", "alphaloop.entrypoints.warm")
        try:
            if await process.wait() != 0:
                logger.error("the numeric kernels could not be compiled ahead; the first use will be slow")
        except asyncio.CancelledError:
            process.terminate()
            await process.wait()
            raise

    async def _seal(self) -> None:
        while True:
            await asyncio.sleep(1)
            try:
                await seal_once(self._wiring.db, self._wiring.clock, self._holder)
            except Exception:
                logger.exception("sealing the audit trail failed")

    async def _serve_orders(self) -> None:
        """Orders and cancels of accounts whose replay is not being driven right now."""
        async with self._wiring.db.read() as session:
            ids = await order_rows.accounts_with_waiting_work(session)
            waiting = list(await session.scalars(select(Account).where(Account.id.in_(ids)))) if ids else []
        for account in waiting:
            if account.replay_id is not None and account.replay_id not in self._replays:
                self._take_up(account.replay_id)
            elif account.replay_id in self._ready or account.venue == MANUAL_VENUE:
                await self._trading_floor().serve_orders(account)

    async def _serve_tickets(self) -> None:
        """Book what people said of their tickets; at the start also settle what a crash left open."""
        newest = await self._manual.newest_fills()
        async with self._wiring.db.read() as session:
            by_hand = list(await session.scalars(select(Account).where(Account.venue == MANUAL_VENUE)))
        for account in by_hand:
            told = newest.get(account.id, 0)
            if account.id not in self._told:
                await self._trading_floor().recover(account)
            elif told > self._told[account.id]:
                await self._trading_floor().book_tickets(account)
            self._told[account.id] = told

    async def _take_up_replays(self) -> None:
        async with self._wiring.db.read() as session:
            playing = [replay.id for replay in await market.playing_replays(session)]
        for replay_id in {*playing, *self._steps}:
            if replay_id not in self._replays:
                self._take_up(replay_id)

    def _take_up(self, replay_id: int) -> None:
        self._replay_wakes[replay_id] = asyncio.Event()
        task = asyncio.create_task(self._drive(replay_id))
        self._replays[replay_id] = task
        task.add_done_callback(lambda _: self._forget(replay_id))

    def _forget(self, replay_id: int) -> None:
        self._replays.pop(replay_id, None)
        self._ready.discard(replay_id)
        self._replay_wakes.pop(replay_id, None)

    def _trading_floor(self) -> Any:
        """The trading code, brought in late: it carries the numeric libraries."""
        if self._trading is None:
            from alphaloop.entrypoints.turn import Trading

            venues: dict[str, VenuePlug] = {"paper": self._paper, MANUAL_VENUE: self._manual}
            execution = Execution(self._wiring.db, self._wiring.clock, venues)
            self._trading = Trading(self._wiring, execution, self._paper, self._dispatcher)
        return self._trading

    async def _drive(self, replay_id: int) -> None:
        """Move one replay until it has been still for a while."""
        from alphaloop.entrypoints.turn import load_turns, reread

        loop = asyncio.get_running_loop()
        trading = self._trading_floor()
        turns = None
        try:
            turns = await load_turns(trading, await reread(trading, replay_id))
            self._ready.add(replay_id)
            await self._serve_orders()
            owed, last, still_since = 0.0, loop.time(), loop.time()
            wake = self._replay_wakes[replay_id]
            while loop.time() - still_since < KEEP_S:
                wake.clear()
                turns.replay = await reread(trading, replay_id)
                now = loop.time()
                due, owed = due_bars(market.cursor_of(turns.replay), now - last, owed)
                last = now
                stepped = self._steps.pop(replay_id, 0)
                bars = await turns.next_bars(min(max(due, stepped), BATCH)) if due or stepped else []
                for done, bar in enumerate(bars, start=1):
                    await turns.run(bar)
                    turns.replay = await reread(trading, replay_id)
                    if turns.replay.status == ReplayStatus.PAUSED and done >= stepped:
                        break
                if stepped > BATCH and len(bars) == BATCH:
                    self._steps[replay_id] = self._steps.get(replay_id, 0) + stepped - BATCH
                if bars or turns.replay.status == ReplayStatus.PLAYING:
                    still_since = now
                wait = _wait_s(turns.replay, owed) if turns.replay.status == ReplayStatus.PLAYING else KEEP_S
                if replay_id in self._steps:
                    continue
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(wake.wait(), wait)
        except asyncio.CancelledError:
            raise
        except Exception:
            logger.exception("replay {} stopped", replay_id)
            # Taken up again at the next look; a short pause keeps a lasting fault from spinning.
            await asyncio.sleep(2)
        finally:
            if turns is not None:
                await turns.close()


def open_sender(wiring: Wiring, kinds: set[str]) -> Any:
    """Hands jobs of these kinds to Celery, which is loaded only where it is used."""
    from alphaloop.infra.jobs.celery import Sender, make_celery

    return Sender(wiring.db, wiring.clock, make_celery(wiring.settings.celery_broker_url), kinds)


def _wait_s(replay: Any, owed: float) -> float:
    """Seconds until the next bar is due, never so long that a change of speed would feel stuck."""
    return 0.0 if replay.speed == 0 else min(max((1.0 - owed) / replay.speed, 0.001), 1.0)


async def _main(settings: Settings) -> None:
    bus = open_bus(redis_url=settings.redis_url, address_file=settings.home / BUS_FILE, host=True)
    worker = Worker(make_wiring(settings, clock=SystemClock(), bus=bus))
    task = asyncio.create_task(worker.run())
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


def run() -> None:
    settings = load_settings()
    os.umask(0o077)
    setup_logs("worker", level=settings.log_level, folder=settings.home / "logs")
    rooms.load_tables()
    asyncio.run(_main(settings))
