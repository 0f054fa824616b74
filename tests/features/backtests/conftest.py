"""Fixtures of the backtests room."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from alphaloop.core.clock import ManualClock
from alphaloop.features.backtests import api
from alphaloop.features.catalog import api as catalog_api
from alphaloop.infra.db import Database
from tests.features.market.shop import Shop, open_shop


@pytest.fixture
async def shop(db: Database, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Shop]:
    async with open_shop(db, clock, tmp_path / "home") as opened:
        for router in api.ROUTERS:
            opened.house.app.include_router(router, prefix="/api/v1")
        opened.house.app.include_router(catalog_api.router, prefix="/api/v1")
        yield opened
