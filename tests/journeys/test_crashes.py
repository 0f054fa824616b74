"""The real worker process, killed in the middle of a replay: started again, it ends as if undisturbed."""

import asyncio
import os
import platform
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from alphaloop import __version__
from alphaloop.adapters.feeds.replay import ReplayStatus
from alphaloop.core.bar import Timeframe
from alphaloop.core.clock import ManualClock
from alphaloop.core.money import plain
from alphaloop.entrypoints.web import make_wiring
from alphaloop.features.journal.models import JournalEntry
from alphaloop.features.ledger.checks import find_violations
from alphaloop.features.market.service import BarStore
from alphaloop.features.orders.models import FillRow, OrderRow
from alphaloop.features.positions.models import EquityPoint
from alphaloop.features.sessions import replays
from alphaloop.features.sessions import service as sessions
from alphaloop.features.signals.models import TradingSignal
from alphaloop.infra.db import Database
from alphaloop.infra.settings import Settings
from tests.builders import BTC, add_person, add_series, random_bars, table_of

CLOCK = ManualClock(datetime(2026, 1, 5, tzinfo=UTC))
PATIENCE_S = 120.0
KILLED_AT = (5, 31, 62)
"""How many bars are done when the process dies, each time in a new process."""


async def prepare(home: Path, empty: Path) -> None:
    """A home with one playing replay, as fast as it goes, and a strategy that trades it."""
    shutil.copytree(empty.parent, home, ignore=shutil.ignore_patterns("*-wal", "*-shm"))
    settings = Settings(home=home)
    db = Database(settings.database_url)
    wiring = replace(make_wiring(settings, clock=CLOCK), db=db)
    actor = await add_person(db, CLOCK)
    store = BarStore(wiring.settings.bars_dir)
    await add_series(db, CLOCK, store, BTC, table_of(random_bars(180, seed=5, price=30_000, swing=0.01)))
    async with db.write() as session:
        replay = await replays.start_replay(
            session,
            actor,
            store,
            clock=CLOCK,
            instrument=BTC.symbol,
            timeframe=Timeframe.M30,
            start_ts=None,
            speed=0,
            cash=Decimal(100_000),
        )
        assert replay.account_id is not None
        request = sessions.NewSessionRequest(
            replay.account_id,
            "reversion/bollinger",
            {"period": 10, "width": 1.0},
            BTC.symbol,
            Timeframe.M30,
            Decimal("0.15"),
        )
        await sessions.create_session(session, actor, request, clock=CLOCK)
        await replays.set_replay_status(session, actor, replay.id, ReplayStatus.PLAYING, clock=CLOCK)
    await db.close()


def start_worker(home: Path) -> "subprocess.Popen[bytes]":
    # Settings refuse names they do not know, and the tests' own names are none of theirs.
    env = {name: value for name, value in os.environ.items() if not name.startswith("ALPHALOOP_")}
    env.pop("DATABASE_URL", None)
    return subprocess.Popen(
        [sys.executable, "-m", "alphaloop.entrypoints.cli", "worker"],
        env={**env, "ALPHALOOP_HOME": str(home), "LOG_LEVEL": "WARNING"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def await_bars(home: Path, worker: "subprocess.Popen[bytes]", bars: int | None) -> tuple[int, str]:
    """(bars done, status) as soon as that many are done; None waits for the end."""
    until = time.monotonic() + PATIENCE_S
    with sqlite3.connect(f"file:{home / 'alphaloop.db'}?mode=ro", uri=True) as connection:
        while time.monotonic() < until:
            done, status = connection.execute("SELECT bars_done, status FROM replays").fetchone()
            if status == ReplayStatus.ENDED or (bars is not None and done >= bars):
                return int(done), str(status)
            assert worker.poll() is None, "the worker ended by itself"
            time.sleep(0.001)
    raise AssertionError(f"after {PATIENCE_S} s only {done} bars were done")


def kill(worker: "subprocess.Popen[bytes]") -> None:
    worker.send_signal(signal.SIGKILL)
    worker.wait(10)


def run_to_the_end(home: Path) -> None:
    worker = start_worker(home)
    try:
        await_bars(home, worker, None)
        # The last turn's events may still be on their way; nothing of what is compared depends on them but drafts.
        _await_quiet(home)
    finally:
        kill(worker)


def _await_quiet(home: Path) -> None:
    until = time.monotonic() + 20
    with sqlite3.connect(f"file:{home / 'alphaloop.db'}?mode=ro", uri=True) as connection:
        while connection.execute("SELECT count(*) FROM outbox WHERE dispatched_at IS NULL").fetchone()[0]:
            assert time.monotonic() < until, "events were not delivered"
            time.sleep(0.01)


async def ending(home: Path) -> dict[str, Any]:
    db = Database(Settings(home=home).database_url)
    async with db.read() as session:
        orders = list(await session.scalars(select(OrderRow).order_by(OrderRow.id)))
        fills = list(await session.scalars(select(FillRow).order_by(FillRow.id)))
        equity = list(await session.scalars(select(EquityPoint).order_by(EquityPoint.ts_ms)))
        signals = list(await session.scalars(select(TradingSignal).order_by(TradingSignal.id)))
        drafts = list(await session.scalars(select(JournalEntry).order_by(JournalEntry.id)))
        problems = await find_violations(session)
    await db.close()
    assert problems == []
    return {
        "orders": [(row.instrument, row.side, plain(row.quantity), row.price, row.status) for row in orders],
        "fills": [(row.side, plain(row.quantity), plain(row.price), row.ts_ms) for row in fills],
        "equity": [(row.ts_ms, plain(row.equity), plain(row.cash)) for row in equity],
        "signals": [(row.direction, row.episode, row.signal_status) for row in signals],
        "drafts": [(row.trip, row.realized_pnl) for row in drafts],
    }


@pytest.fixture
def kernels(tmp_path: Path) -> Path:
    """One folder of compiled kernels for every process of the test, begun with what this machine has already."""
    folder = tmp_path / "cache" / f"numba-{__version__}-{platform.machine()}"
    known = os.environ.get("NUMBA_CACHE_DIR", "")
    if known and Path(known).is_dir():
        shutil.copytree(known, folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "warm").touch()
    return folder.parent


def test_a_killed_worker_ends_where_an_undisturbed_one_does(
    tmp_path: Path, kernels: Path, empty_database: Path
) -> None:
    calm, rough = tmp_path / "calm", tmp_path / "rough"
    asyncio.run(prepare(calm, empty_database))
    shutil.copytree(calm, rough)
    for home in (calm, rough):
        (home / "cache").symlink_to(kernels, target_is_directory=True)
    run_to_the_end(calm)
    kills = 0
    for bars in KILLED_AT:
        worker = start_worker(rough)
        try:
            _, status = await_bars(rough, worker, bars)
            kills += status != ReplayStatus.ENDED
            time.sleep(0.0007 * (bars % 7))  # somewhere inside a turn, not always at its end
        finally:
            kill(worker)
    run_to_the_end(rough)
    assert kills == len(KILLED_AT)
    undisturbed, disturbed = asyncio.run(ending(calm)), asyncio.run(ending(rough))
    assert len(undisturbed["fills"]) >= 4
    for what, wanted in undisturbed.items():
        assert disturbed[what] == wanted, what
