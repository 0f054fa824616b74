"""A fresh, migrated database per test, on the server named by ALPHALOOP_TEST_DATABASE (default: SQLite files)."""

import os
import secrets
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import make_url, text

from alphaloop.entrypoints.migrate import upgrade_async
from alphaloop.infra.columns import Model
from alphaloop.infra.db import Database

SERVER = os.environ.get("ALPHALOOP_TEST_DATABASE", "")
"""Address of a database server on which this user may create databases; empty means SQLite files."""

_made: dict[str, str] = {}
"""What this process has made on the server: a migrated template (PostgreSQL) or one database to empty (MySQL)."""


@asynccontextmanager
async def fresh_database(folder: Path, empty: Path) -> AsyncIterator[Database]:
    """A database as a migration leaves it: a copied file, a cloned template, or one that is emptied before each use."""
    if not SERVER:
        path = folder / "alphaloop.db"
        shutil.copy(empty, path)
        db = Database(f"sqlite+aiosqlite:///{path}")
        try:
            yield db
        finally:
            await db.close()
    elif make_url(SERVER).get_backend_name() == "postgresql":
        template = await _once("template")
        name = f"t_{secrets.token_hex(6)}"
        await on_server(f"CREATE DATABASE {name} TEMPLATE {template}")
        db = Database(_address(name))
        try:
            yield db
        finally:
            await db.close()
            # A connection cut off in the middle of a test may linger for a moment.
            await on_server(f"DROP DATABASE {name} WITH (FORCE)")
    else:
        db = Database(_address(await _once("only")))
        try:
            await _empty(db)
            yield db
        finally:
            await db.close()


@asynccontextmanager
async def server_database() -> AsyncIterator[str]:
    """Address of a new, empty database on the test server, dropped afterwards."""
    name = f"t_{secrets.token_hex(6)}"
    await on_server(f"CREATE DATABASE {name}")
    try:
        yield _address(name)
    finally:
        await on_server(f"DROP DATABASE {name}")


async def on_server(statement: str) -> None:
    """Run one statement on the server itself, outside any transaction."""
    db = Database(SERVER)
    try:
        async with db.engine.connect() as connection:
            raw = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await raw.execute(text(statement))
    finally:
        await db.close()


def _address(name: str) -> str:
    return make_url(SERVER).set(database=name).render_as_string(hide_password=False)


async def _once(kind: str) -> str:
    """Name of the migrated database this process keeps for that purpose."""
    if kind not in _made:
        name = f"{kind}_{secrets.token_hex(6)}"
        await on_server(f"CREATE DATABASE {name}")
        await upgrade_async(_address(name))
        _made[kind] = name
    return _made[kind]


async def _empty(db: Database) -> None:
    """Truncate every table that has rows; TRUNCATE, because the audit trail's triggers forbid DELETE."""
    async with db.engine.connect() as connection:
        await connection.execute(text("SET FOREIGN_KEY_CHECKS=0"))
        for table in Model.metadata.sorted_tables:
            if await connection.scalar(text(f"SELECT EXISTS (SELECT 1 FROM {table.name})")):
                await connection.execute(text(f"TRUNCATE TABLE {table.name}"))
        await connection.execute(text("SET FOREIGN_KEY_CHECKS=1"))
        await connection.commit()
