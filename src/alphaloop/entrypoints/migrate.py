"""Brings a database to the newest tables, or back; the same steps on SQLite, PostgreSQL and MySQL.

Alembic is loaded only when there is something to do: most starts find the database as they left it.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, text
from sqlalchemy.exc import DBAPIError

from alphaloop.entrypoints.rooms import load_tables
from alphaloop.infra.db import Database

if TYPE_CHECKING:
    from alembic.config import Config

_FOLDER = Path(__file__).parents[1] / "migrations"


def newest_revision() -> str:
    """The newest migration this version knows; files are named `<revision>_<what>.py` and sort in order."""
    return max(path.name.partition("_")[0] for path in (_FOLDER / "versions").glob("[0-9]*_*.py"))


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    return config


async def _with_connection(url: URL | str, work: "Callable[[Config], None]") -> None:
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
    """Apply every missing migration up to `target`."""
    from alembic import command

    await _with_connection(url, lambda config: command.upgrade(config, target))


def upgrade(url: URL | str, target: str = "head") -> None:
    """Apply every missing migration up to `target`."""
    asyncio.run(upgrade_async(url, target))


def downgrade(url: URL | str, target: str = "base") -> None:
    """Undo migrations down to `target`; `base` leaves an empty database."""
    from alembic import command

    asyncio.run(_with_connection(url, lambda config: command.downgrade(config, target)))


def write_revision(url: URL | str, message: str, revision: str) -> None:
    """Compare the tables with the database and write the difference as a new migration file (for developers)."""
    asyncio.run(_with_connection(url, lambda config: _revise(config, message, revision)))


def _revise(config: "Config", message: str, revision: str) -> None:
    from alembic import command

    command.revision(config, message=message, autogenerate=True, rev_id=revision)


async def is_current(db: Database) -> bool:
    """Whether the database has every migration this version knows; a database without tables has none."""
    try:
        async with db.engine.connect() as connection:
            found = await connection.scalar(text("SELECT version_num FROM alembic_version"))
    except DBAPIError:
        return False
    return bool(found == newest_revision())
