"""Fixtures every test may use: real market data, databases, and a manual clock."""

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alphaloop.core.clock import ManualClock
from alphaloop.infra.db import Database

ROOT = Path(__file__).parents[1]


def data_folder() -> Path | None:
    """The folder of real market data, if this machine has it."""
    folder = Path(os.environ.get("ALPHALOOP_TEST_DATA", ROOT.parent / "shared"))
    return folder.resolve() if (folder / "data" / "README.md").is_file() else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that touches a database, so that the same tests can run on each kind of server."""
    for item in items:
        if "db" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.database)


@pytest.fixture(scope="session")
def test_data() -> Path:
    """Root of the real market data (`data/`, `golden/`); the test is skipped by name without it, and fails in CI."""
    folder = data_folder()
    if folder is None:
        message = "real market data not found; set ALPHALOOP_TEST_DATA"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return folder


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 1, 5, 12, tzinfo=UTC))


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file, made once and copied for each test that wants one."""
    from alphaloop.entrypoints.migrate import upgrade

    path = tmp_path_factory.mktemp("empty") / "alphaloop.db"
    upgrade(f"sqlite+aiosqlite:///{path}")
    return path


@pytest.fixture
async def db(tmp_path: Path, empty_database: Path) -> AsyncIterator[Database]:
    """A fresh migrated database on the dialect under test."""
    from tests.databases import fresh_database

    async with fresh_database(tmp_path, empty_database) as database:
        yield database
