"""How fast an order becomes durable, is sent, filled and booked, beside bare SQLite doing as many durable commits.

The peer keeps nothing but one row a commit: no checks, no holds, no ledger, no audit, no events.
"""

import asyncio
import shutil
import sqlite3
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from tests.builders import Desk, bar, open_desk, wish

from alphaloop.core.clock import ManualClock
from alphaloop.entrypoints.migrate import upgrade
from alphaloop.infra.db import Database

ORDERS = 300
BATCH = 20
COMMITS_PER_ORDER = 5
"""Submit, claim, place at the venue, answer, fill: the least that survives a crash between any two of them."""


def run(as_json: bool = False) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(_measure(Path(folder)))
        figures["bare_commits_per_s"] = _bare(Path(folder) / "bare.db")
    figures["bare_orders_per_s"] = round(figures["bare_commits_per_s"] / COMMITS_PER_ORDER, 1)
    if not as_json:
        _show(figures)
    return figures


async def _measure(folder: Path) -> dict[str, Any]:
    made = folder / "made.db"
    await asyncio.to_thread(upgrade, f"sqlite+aiosqlite:///{made}")
    path = folder / "run.db"
    await asyncio.to_thread(shutil.copy, made, path)
    db = Database(f"sqlite+aiosqlite:///{path}")
    desk = await open_desk(db, ManualClock(datetime(2026, 1, 5, tzinfo=UTC)), cash=100_000_000)
    try:
        await _rounds(desk, 2, [], first=1)  # statements are compiled and caches filled before anything is timed
        submits: list[float] = []
        began = perf_counter()
        await _rounds(desk, ORDERS // BATCH, submits, first=10)
        whole = perf_counter() - began
        assert len([row for row in await desk.orders() if row.status == "FILLED"]) == ORDERS + 2 * BATCH
        assert await desk.violations() == []
    finally:
        await db.close()
    submits.sort()
    return {
        "orders": ORDERS,
        "submit_p50_ms": round(submits[len(submits) // 2] * 1000, 2),
        "submit_p99_ms": round(submits[int(len(submits) * 0.99)] * 1000, 2),
        "submits_per_s": round(len(submits) / sum(submits), 1),
        "submit_to_booked_per_s": round(ORDERS / whole, 1),
    }


async def _rounds(desk: Desk, rounds: int, submits: list[float], *, first: int) -> None:
    """Each round submits a batch, sends it, and lets one bar fill it."""
    for n in range(first, first + rounds):
        for _ in range(BATCH):
            began = perf_counter()
            await desk.submit(wish(quantity="0.1"))
            submits.append(perf_counter() - began)
        await desk.work()
        await desk.turn(bar(n, open=100))


def _bare(path: Path) -> float:
    """Durable one-row commits a second of the same SQLite, with the settings the platform uses."""
    count = ORDERS * COMMITS_PER_ORDER
    with sqlite3.connect(path, isolation_level=None) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, body TEXT)")
        began = perf_counter()
        for n in range(count):
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO t (body) VALUES (?)", (f"order {n}",))
            connection.execute("COMMIT")
        return round(count / (perf_counter() - began), 1)


def _show(figures: dict[str, Any]) -> None:
    lines = {
        "submit, checked and durable": f"{figures['submit_p50_ms']} ms p50, {figures['submit_p99_ms']} ms p99",
        "submits a second": figures["submits_per_s"],
        "submit to booked fill, orders a second": figures["submit_to_booked_per_s"],
        "bare SQLite, orders a second": figures["bare_orders_per_s"],
    }
    for name, value in lines.items():
        print(f"{name:<42}{value}", file=sys.stdout)
