"""Fixtures of the catalogue: a web process with its routes, on SQLite unless a test asks for every dialect."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from alphaloop.core.clock import ManualClock
from alphaloop.features.catalog import api
from alphaloop.infra.db import Database
from tests.features.market.shop import Shop, open_shop


@pytest.fixture
async def file_db(tmp_path: Path, empty_database: Path) -> AsyncIterator[Database]:
    """A fresh migrated SQLite file, for what no dialect does differently."""
    path = tmp_path / "own.db"
    await asyncio.to_thread(shutil.copy, empty_database, path)
    db = Database(f"sqlite+aiosqlite:///{path}")
    try:
        yield db
    finally:
        await db.close()


@pytest.fixture
async def shop(file_db: Database, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Shop]:
    async with open_shop(file_db, clock, tmp_path / "home") as opened:
        opened.house.app.include_router(api.router, prefix="/api/v1")
        yield opened
