"""A small web process around the users and audit rooms: real database, real routes, loopback client."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from fastapi import FastAPI, Request
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import func, select

from alphaloop.core.clock import ManualClock
from alphaloop.core.errors import AlphaLoopError
from alphaloop.features.audit import api as audit_api
from alphaloop.features.audit import service as audit
from alphaloop.features.audit.models import AuditLog
from alphaloop.features.users import api as users_api
from alphaloop.features.users.service import Authenticator
from alphaloop.infra.bus import LoopbackClient
from alphaloop.infra.cache import Cached, MemoryCache
from alphaloop.infra.db import Database
from alphaloop.infra.http.doors import Wiring
from alphaloop.infra.http.errors import install_error_handlers
from alphaloop.infra.http.middleware import Outermost
from alphaloop.infra.limits import RateLimits
from alphaloop.infra.security import Passwords, Tokens, secret_or_made
from alphaloop.infra.settings import Settings
from alphaloop.infra.vault import open_vault

PASSWORD = "green kettles sing at 5"
OTHER_PASSWORD = "seven blue otters swim"
# Real cost is a matter for one test of its own; everywhere else it would only be slow.
CHEAP = Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1)
PEER = ("127.0.0.1", 51000)


@dataclass
class House:
    """One web process: its client, its wiring, and short cuts for what most tests do first."""

    app: FastAPI
    wiring: Wiring
    client: httpx2.AsyncClient

    @property
    def db(self) -> Database:
        return self.wiring.db

    def from_peer(self, host: str, *, base_url: str = "http://127.0.0.1:8000") -> httpx2.AsyncClient:
        """A client whose socket comes from that address."""
        transport = httpx2.ASGITransport(app=self.app, client=(host, 51000), raise_app_exceptions=False)
        return httpx2.AsyncClient(transport=transport, base_url=base_url)

    async def onboard(self, password: str = PASSWORD, **extra: Any) -> dict[str, Any]:
        answer = await self.client.post("/api/v1/auth/onboard", json={"password": password, **extra})
        assert answer.status_code == 200, answer.text
        return answer.json()  # type: ignore[no-any-return]

    async def register(self, username: str, password: str = OTHER_PASSWORD) -> dict[str, Any]:
        answer = await self.client.post("/api/v1/auth/register", json={"username": username, "password": password})
        assert answer.status_code == 200, answer.text
        return answer.json()  # type: ignore[no-any-return]

    async def login(self, username: str | None, password: str = PASSWORD) -> httpx2.Response:
        body = {"password": password} if username is None else {"username": username, "password": password}
        return await self.client.post("/api/v1/auth/login", json=body)

    async def me(self, access_token: str) -> httpx2.Response:
        return await self.client.get("/api/v1/auth/me", headers=bearer(access_token))

    async def audit_rows(self, *actions: str) -> list[AuditLog]:
        query = select(AuditLog).order_by(AuditLog.id)
        if actions:
            query = query.where(AuditLog.action.in_(actions))
        async with self.db.read() as session:
            return list(await session.scalars(query))

    async def count(self, model: type[Any]) -> int:
        async with self.db.read() as session:
            return int(await session.scalar(select(func.count()).select_from(model)) or 0)


def bearer(access_token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {access_token}"}


@asynccontextmanager
async def open_house(
    db: Database, clock: ManualClock, home: Path, *, limits: RateLimits | None = None, **settings: Any
) -> AsyncIterator[House]:
    chosen = Settings(home=home, **settings)
    secret = secret_or_made(chosen.jwt_secret.get_secret_value(), home)
    parts: dict[type[Any], Any] = {Tokens: Tokens(secret, clock), Passwords: Passwords(CHEAP)}
    if limits is not None:
        parts[RateLimits] = limits
    wiring = Wiring(
        settings=chosen,
        db=db,
        clock=clock,
        bus=LoopbackClient(home / "bus"),
        cached=Cached(MemoryCache()),
        vault=open_vault(home),
        parts=parts,
    )
    app = FastAPI()
    app.state.wiring = wiring
    app.state.authenticate = Authenticator(wiring).authenticate

    async def on_refusal(request: Request, error: AlphaLoopError) -> None:
        await audit.record_refusal(db, clock, request, error)

    install_error_handlers(app, on_refusal)
    app.include_router(users_api.router, prefix="/api/v1")
    app.include_router(audit_api.router, prefix="/api/v1")
    app.add_middleware(Outermost)
    transport = httpx2.ASGITransport(app=app, client=PEER, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        yield House(app, wiring, client)
