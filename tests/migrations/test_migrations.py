"""The tables' history: up, down and up again on a filled database, and no difference from what the code expects."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import func, insert, inspect, select

from alphaloop.core.clock import ManualClock
from alphaloop.core.money import ONE
from alphaloop.entrypoints import migrate
from alphaloop.features.audit import service as audit
from alphaloop.features.ledger import service as ledger
from alphaloop.features.ledger.checks import find_violations
from alphaloop.features.users.models import User
from alphaloop.infra.columns import Model
from alphaloop.infra.db import Database
from alphaloop.infra.identity import SYSTEM
from tests.databases import SERVER, server_database

pytestmark = pytest.mark.database
NOW = ManualClock(datetime(2026, 1, 5, 12, tzinfo=UTC))


@pytest.fixture
async def address(tmp_path: Path) -> AsyncIterator[str]:
    if SERVER:
        async with server_database() as made:
            yield made
    else:
        yield f"sqlite:///{tmp_path / 'alphaloop.db'}"


async def fill(db: Database) -> None:
    async with db.write() as session:
        await session.execute(
            insert(User).values(
                username="ada",
                username_key="ada",
                email=None,
                email_key=None,
                password_hash="x",
                role="admin",
                status="ACTIVE",
                auth_version=1,
                created_at=NOW.now(),
            )
        )
        lines = [ledger.Line(ledger.ACCOUNT, 1, "USDT", ONE), ledger.Line(ledger.SEED, 0, "USDT", -ONE)]
        await ledger.post(session, kind="test", key="test", lines=lines, at=NOW.now())
        await audit.record(session, SYSTEM, clock=NOW, action="test", resource_type="test")
        await audit.seal(session, NOW)


def differences(connection: Any) -> list[Any]:
    return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), Model.metadata))


async def test_a_filled_database_goes_down_to_nothing_and_up_again(address: str) -> None:
    await migrate.upgrade_async(address)
    db = Database(address)
    await fill(db)
    await db.close()

    await asyncio.to_thread(migrate.downgrade, address)
    db = Database(address)
    async with db.engine.connect() as connection:
        left = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    await db.close()
    assert set(left) <= {"alembic_version"}

    await migrate.upgrade_async(address)
    db = Database(address)
    await fill(db)
    async with db.read() as session:
        assert await session.scalar(select(func.count()).select_from(User)) == 1
        assert await find_violations(session) == []
        assert await audit.verify(session) is None
    assert await migrate.is_current(db)
    await db.close()


async def test_upgrading_twice_changes_nothing(address: str) -> None:
    await migrate.upgrade_async(address)
    db = Database(address)
    await fill(db)
    await db.close()
    await migrate.upgrade_async(address)
    db = Database(address)
    async with db.read() as session:
        assert await session.scalar(select(func.count()).select_from(User)) == 1
    await db.close()


async def test_the_migrations_make_just_the_tables_that_the_code_expects(address: str) -> None:
    await migrate.upgrade_async(address)
    db = Database(address)
    async with db.engine.connect() as connection:
        found = await connection.run_sync(differences)
    await db.close()
    assert found == []
