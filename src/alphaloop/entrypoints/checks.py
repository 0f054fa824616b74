"""Invariants of a database as commands: what an operator runs after a fright, and the oracle of the tests."""

import asyncio

from alphaloop.features.audit import service as audit
from alphaloop.features.ledger.checks import find_violations
from alphaloop.infra.db import Database
from alphaloop.infra.settings import Settings


def broken_ledger(settings: Settings) -> list[str]:
    """One sentence per broken ledger invariant."""

    async def run() -> list[str]:
        db = Database(settings.database_url)
        try:
            async with db.read() as session:
                return await find_violations(session)
        finally:
            await db.close()

    return asyncio.run(run())


def broken_audit(settings: Settings) -> list[str]:
    """The first row at which the audit chain no longer holds, as one sentence."""

    async def run() -> list[str]:
        db = Database(settings.database_url)
        try:
            async with db.read() as session:
                broken = await audit.verify(session)
        finally:
            await db.close()
        return [] if broken is None else [f"audit row {broken.row_id} is {broken.reason}"]

    return asyncio.run(run())
