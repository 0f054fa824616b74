"""Brings a database to the newest tables, or back; the same steps on SQLite, PostgreSQL and MySQL."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL

from alphaloop.entrypoints.rooms import load_tables
from alphaloop.infra.db import Database

_FOLDER = Path(__file__).parents[1] / "migrations"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    return config


async def _with_connection(url: URL | str, work: Callable[[Config], None]) -> None:
    load_tables()
    db = Database(url)
    if db.dialect == "sqlite" and db.url.database:
        Path(db.url.database).parent.mkdir(parents=True, exist_ok=True)
    try:
        async with db.engine.connect() as connection:

            def run(sync_connection: Any) -> None:
                config = _config()
                config.attributes["connection"] = sync_connection
                work(config)

            await connection.run_sync(run)
            await connection.commit()
    finally:
        await db.close()


async def upgrade_async(url: URL | str, target: str = "head") -> None:
    await _with_connection(url, lambda config: command.upgrade(config, target))


def upgrade(url: URL | str, target: str = "head") -> None:
    """Apply every missing migration up to `target`."""
    asyncio.run(upgrade_async(url, target))


def downgrade(url: URL | str, target: str = "base") -> None:
    """Undo migrations down to `target`; `base` leaves an empty database."""
    asyncio.run(_with_connection(url, lambda config: command.downgrade(config, target)))


def write_revision(url: URL | str, message: str, revision: str) -> None:
    """Compare the tables with the database and write the difference as a new migration file (for developers)."""
    asyncio.run(_with_connection(url, lambda config: _revise(config, message, revision)))


def _revise(config: Config, message: str, revision: str) -> None:
    command.revision(config, message=message, autogenerate=True, rev_id=revision)


async def is_current(db: Database) -> bool:
    """Whether the database has every migration this version knows."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    async with db.engine.connect() as connection:
        found = await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())
    return found == head
