"""The market and research rooms behind real sign-in, with a few made bar files to bring in."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from alphaloop.core.clock import ManualClock
from alphaloop.features.market import api as market_api
from alphaloop.features.market import jobs
from alphaloop.features.market.store import BarStore
from alphaloop.features.research import api as research_api
from alphaloop.infra.db import Database
from alphaloop.infra.jobs.local import LocalWorker
from alphaloop.infra.settings import Settings
from alphaloop.infra.vault import Vault
from tests.features.users.house import House, bearer, open_house


@dataclass
class Shop:
    """One web process with an administrator and a trader signed in, and a worker for its jobs."""

    house: House
    admin: dict[str, str]
    trader: dict[str, str]
    clock: ManualClock

    @property
    def client(self) -> httpx2.AsyncClient:
        return self.house.client

    @property
    def store(self) -> BarStore:
        return BarStore(self.house.wiring.settings.bars_dir)

    async def get(self, path: str, *, status: int = 200, who: dict[str, str] | None = None, **query: Any) -> Any:
        answer = await self.client.get(f"/api/v1{path}", params=query, headers=who or self.trader)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def send(
        self, method: str, path: str, *, status: int = 200, who: dict[str, str] | None = None, **parts: Any
    ) -> Any:
        answer = await self.client.request(method, f"/api/v1{path}", headers=who or self.trader, **parts)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    async def bring_in(
        self,
        body: bytes,
        *,
        instrument: str = "BTCUSDT",
        timeframe: str = "1m",
        name: str = "bars.csv",
        status: int = 200,
    ) -> Any:
        return await self.send(
            "POST",
            "/market/import",
            status=status,
            files={"file": (name, io.BytesIO(body), "text/csv")},
            data={"instrument": instrument, "timeframe": timeframe},
        )

    async def run_jobs(self) -> int:
        """Run every waiting job; returns how many."""
        wiring = self.house.wiring
        worker = LocalWorker(
            wiring.db,
            self.clock,
            jobs.HANDLERS,
            holder="test",
            parts={Settings: wiring.settings, Vault: wiring.vault},
        )
        count = 0
        while await worker.run_one():
            count += 1
        return count


@asynccontextmanager
async def open_shop(db: Database, clock: ManualClock, home: Path, **settings: Any) -> AsyncIterator[Shop]:
    async with open_house(db, clock, home, registration_open=True, **settings) as house:
        for router in (*market_api.ROUTERS, research_api.router):
            house.app.include_router(router, prefix="/api/v1")
        admin = await house.onboard()
        trader = await house.register("wren")
        yield Shop(house, bearer(admin["access_token"]), bearer(trader["access_token"]), clock)
