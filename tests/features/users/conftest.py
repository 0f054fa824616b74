"""Fixtures of the users room: one open house in local mode."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from alphaloop.core.clock import ManualClock
from alphaloop.infra.db import Database
from tests.features.users.house import House, open_house


@pytest.fixture
async def house(db: Database, clock: ManualClock, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(db, clock, tmp_path, registration_open=True) as opened:
        yield opened
