"""A fresh, migrated database per test, on the dialect named by ALPHALOOP_TEST_DATABASE (default: SQLite)."""

import os
import secrets
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import make_url, text

from alphaloop.infra.db import Database

SERVER = os.environ.get("ALPHALOOP_TEST_DATABASE", "")
"""Address of a database server on which this user may create databases; empty means SQLite files."""


@asynccontextmanager
async def fresh_database(folder: Path, empty: Path) -> AsyncIterator[Database]:
    """A database of its own for one test: a copy of the empty SQLite file, or a new one on the server."""
    if not SERVER:
        path = folder / "alphaloop.db"
        shutil.copy(empty, path)
        db = Database(f"sqlite+aiosqlite:///{path}")
        try:
            yield db
        finally:
            await db.close()
        return
    from alphaloop.entrypoints.migrate import upgrade_async

    async with server_database() as url:
        await upgrade_async(url)
        db = Database(url)
        try:
            yield db
        finally:
            await db.close()


@asynccontextmanager
async def server_database() -> AsyncIterator[str]:
    """Address of a new, empty database on the test server, dropped afterwards."""
    name = f"t_{secrets.token_hex(6)}"
    await _on_server(f"CREATE DATABASE {name}")
    try:
        yield make_url(SERVER).set(database=name).render_as_string(hide_password=False)
    finally:
        await _on_server(f"DROP DATABASE {name}")


async def _on_server(statement: str) -> None:
    db = Database(SERVER)
    try:
        async with db.engine.connect() as connection:
            raw = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await raw.execute(text(statement))
    finally:
        await db.close()
