"""Database sessions that cannot lose an update: readers and writers are different things.

SQLite starts a transaction only at the first write and then silently overwrites what others did in between; a writer
therefore begins with BEGIN IMMEDIATE. PostgreSQL and MySQL use their own isolation with the same two doors.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
    "mysql": "mysql+asyncmy",
    "mariadb": "mysql+asyncmy",
}


def async_url(url: URL | str) -> URL:
    """The address with the driver we use for its kind of database; ArgumentError for any other kind."""
    parsed = make_url(url)
    driver = _DRIVERS.get(parsed.drivername.partition("+")[0])
    if driver is None:
        raise ArgumentError("only sqlite, postgresql and mysql are supported")
    return parsed.set(drivername=driver)


TRIES = 6
"""How often a transaction is tried that others keep pushing aside."""

Result = TypeVar("Result")


def is_deadlock(error: DBAPIError) -> bool:
    """Whether the database rolled the transaction back only to untie it from another: trying again is safe."""
    code = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None)
    if code in ("40P01", "40001"):
        return True
    number = error.orig.args[0] if error.orig is not None and error.orig.args else None
    return number in (1213, 1205)


class ReadSession(AsyncSession):
    """A session that must not write; it sees one consistent snapshot."""


class WriteSession(ReadSession):
    """A session that may write; committed once, at the edge, by whoever opened it. Services never commit."""


class Database:
    """The handle to one database (called `db`, because a *session* is also a running strategy)."""

    def __init__(self, url: URL | str, *, pool_size: int = 10) -> None:
        self.url = async_url(url)
        self.dialect = self.url.get_backend_name()
        self._write_turn = asyncio.Lock()
        self.on_announced: Callable[[], None] | None = None
        if self.dialect == "sqlite":
            self._reader = self._sqlite_engine("BEGIN", pool_size)
            self._writer = self._sqlite_engine("BEGIN IMMEDIATE", 1)
        else:
            options: dict[str, Any] = {"pool_size": pool_size, "pool_pre_ping": True}
            if self.dialect in ("mysql", "mariadb"):
                options["isolation_level"] = "READ COMMITTED"
            self._reader = self._writer = create_async_engine(self.url, **options)
        self._read = async_sessionmaker(self._reader, class_=ReadSession, expire_on_commit=False)
        self._write = async_sessionmaker(self._writer, class_=WriteSession, expire_on_commit=False)

    def _sqlite_engine(self, begin: str, pool_size: int) -> AsyncEngine:
        engine = create_async_engine(self.url, pool_size=pool_size, max_overflow=0, pool_timeout=30)

        @event.listens_for(engine.sync_engine, "connect")
        def _prepare(connection: Any, _record: Any) -> None:
            connection.isolation_level = None
            cursor = connection.cursor()
            for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=15000"):
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()

        @event.listens_for(engine.sync_engine, "begin")
        def _begin(connection: Any) -> None:
            connection.exec_driver_sql(begin)

        return engine

    @property
    def engine(self) -> AsyncEngine:
        """The writing engine, for migrations and checks."""
        return self._writer

    @asynccontextmanager
    async def read(self) -> AsyncIterator[ReadSession]:
        async with self._read() as session:
            yield session

    @asynccontextmanager
    async def write(self) -> AsyncIterator[WriteSession]:
        """One transaction: committed when the block ends, rolled back when it raises."""
        if self.dialect == "sqlite":
            # One writer at a time inside the process saves SQLite's busy polling between our own tasks.
            async with self._write_turn, self._write() as session:
                yield session
                await session.commit()
        else:
            async with self._write() as session:
                yield session
                await session.commit()
        if self.on_announced is not None and session.info.get("announced"):
            self.on_announced()

    async def transact(self, work: Callable[[WriteSession], Awaitable[Result]]) -> Result:
        """Run `work` in one transaction, again from the start when the database chose it as a deadlock's victim.

        The victim was rolled back whole, so `work` must do nothing outside its session.
        """
        for attempt in range(1, TRIES + 1):
            try:
                async with self.write() as session:
                    return await work(session)
            except DBAPIError as error:
                if attempt == TRIES or not is_deadlock(error):
                    raise
                await asyncio.sleep(0.005 * 2**attempt)
        raise AssertionError("unreachable")

    async def close(self) -> None:
        await self._reader.dispose()
        if self._writer is not self._reader:
            await self._writer.dispose()
