"""The whole application as one process serves it: every room, a database, and people who are signed in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
from fastapi import FastAPI
from limits import RateLimitItemPerMinute
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import func, select

from alphaloop.core.clock import ManualClock
from alphaloop.entrypoints.web import make_app, make_wiring
from alphaloop.features.market.service import BarStore
from alphaloop.infra.bus import LoopbackHub
from alphaloop.infra.columns import Model
from alphaloop.infra.db import Database
from alphaloop.infra.http.doors import Wiring
from alphaloop.infra.limits import LIMITS, RateLimits
from alphaloop.infra.security import Passwords
from alphaloop.infra.settings import Settings
from tests.builders import BTC, add_series, random_bars, table_of

PASSWORD = "green kettles sing at 5"
_AMPLE = {name: RateLimitItemPerMinute(1_000_000) for name in LIMITS}
# What a refusal may add: its audit row and the log of a refused order, with the event that tells of it.
_NOTES = {"audit_logs", "risk_logs", "outbox"}


@dataclass
class Town:
    app: FastAPI
    wiring: Wiring
    client: httpx2.AsyncClient
    headers: dict[str, dict[str, str]]

    async def send(self, method: str, path: str, *, who: str = "anna", **parts: Any) -> httpx2.Response:
        headers = {**self.headers.get(who, {}), **parts.pop("headers", {})}
        return await self.client.request(method, f"/api/v1{path}", headers=headers, **parts)

    async def made(self, method: str, path: str, *, who: str = "anna", **parts: Any) -> dict[str, Any]:
        answer = await self.send(method, path, who=who, **parts)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()  # type: ignore[no-any-return]

    async def rows(self) -> dict[str, int]:
        """How many rows every table has, but for the notes that refusals leave."""
        found = {}
        async with self.wiring.db.read() as session:
            for name, table in Model.metadata.tables.items():
                if name not in _NOTES:
                    found[name] = int(await session.scalar(select(func.count()).select_from(table)) or 0)
        return found


@asynccontextmanager
async def open_town(db: Database, clock: ManualClock, home: Path, **settings: Any) -> AsyncIterator[Town]:
    """`anna` (the administrator), `bert` (a trader) and one stored series, BTCUSDT 30m."""
    chosen = Settings(home=home, registration_open=True, **settings)
    wiring = replace(make_wiring(chosen, clock=clock, bus=LoopbackHub(home / "run" / "bus.json")), db=db)
    wiring.parts[RateLimits] = RateLimits(limits=_AMPLE)
    wiring.parts[Passwords] = Passwords(Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1))
    app = make_app(wiring)
    store = BarStore(chosen.bars_dir)
    await add_series(db, clock, store, BTC, table_of(random_bars(400, seed=1)))
    transport = httpx2.ASGITransport(app=app, client=("127.0.0.1", 51000), raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000", timeout=30) as client,
    ):
        town = Town(app, wiring, client, {})
        for name, path, body in (
            ("anna", "/auth/onboard", {"password": PASSWORD}),
            ("bert", "/auth/register", {"username": "bert", "password": PASSWORD}),
        ):
            issued = await town.made("POST", path, json=body)
            town.headers[name] = {"Authorization": f"Bearer {issued['access_token']}"}
        # Strategies get their rows when somebody first looks at them.
        await town.made("GET", "/strategies")
        yield town


async def furnish(town: Town, who: str) -> dict[str, str]:
    """Give a person one of everything; path parameter name -> id."""
    replay = await town.made("POST", "/replays", who=who, json={"instrument": BTC.symbol, "timeframe": "30m"})
    account = replay["account_id"]
    session = await town.made(
        "POST",
        "/sessions",
        who=who,
        json={
            "account_id": account,
            "strategy": "reversion/bollinger",
            "instrument": BTC.symbol,
            "timeframe": "30m",
        },
    )
    order = await town.made(
        "POST",
        "/trading/orders",
        who=who,
        json={"account_id": account, "instrument": BTC.symbol, "side": "BUY", "type": "MARKET", "quantity": "1"},
    )
    return {"replay_id": replay["id"], "account_id": account, "session_id": session["id"], "order_id": order["id"]}
