"""What an endpoint may ask for: a reading or a writing transaction, the clock, and who is asking."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from fastapi.security import OAuth2PasswordBearer
from sqlalchemy.exc import DBAPIError

from alphaloop.core.clock import Clock
from alphaloop.core.errors import UnauthenticatedError
from alphaloop.infra.bus import Bus
from alphaloop.infra.cache import Cached
from alphaloop.infra.db import TRIES, Database, ReadSession, WriteSession, is_deadlock
from alphaloop.infra.http.strict_json import parse_json
from alphaloop.infra.identity import Actor
from alphaloop.infra.settings import Settings
from alphaloop.infra.vault import Vault

Part = TypeVar("Part")


@dataclass(frozen=True, slots=True)
class Wiring:
    """Everything a request may reach, made once at start-up by the entrypoint and kept in `app.state.wiring`."""

    settings: Settings
    db: Database
    clock: Clock
    bus: Bus
    cached: Cached
    vault: Vault
    parts: dict[type[Any], Any] = field(default_factory=dict)
    """Objects that rooms bring along (an authenticator, a ticket office), by their type."""

    def part(self, kind: type[Part]) -> Part:
        """The one object of that type that was wired in."""
        found: Part = self.parts[kind]
        return found


def wiring_of(request: Request) -> Wiring:
    wiring: Wiring = request.app.state.wiring
    return wiring


async def _read(request: Request) -> AsyncIterator[ReadSession]:
    async with wiring_of(request).db.read() as session:
        yield session


async def _write(request: Request) -> AsyncIterator[WriteSession]:
    async with wiring_of(request).db.write() as session:
        yield session


def _clock(request: Request) -> Clock:
    return wiring_of(request).clock


# Only tells the OpenAPI document how to sign in; the header itself is read by the authenticator.
_bearer = OAuth2PasswordBearer("/api/v1/auth/token", auto_error=False)


async def _actor(request: Request, _token: Annotated[str | None, Depends(_bearer)]) -> Actor:
    actor: Actor | None = await request.app.state.authenticate(request)
    if actor is None:
        raise UnauthenticatedError("Sign in first.")
    request.state.actor = actor
    return actor


# Function scope: the transaction ends before the response leaves, so nobody is told of a change that then fails.
Reading = Annotated[ReadSession, Depends(_read, scope="function")]
Writing = Annotated[WriteSession, Depends(_write, scope="function")]
Now = Annotated[Clock, Depends(_clock)]
Asking = Annotated[Actor, Depends(_actor)]
Wired = Annotated[Wiring, Depends(wiring_of)]


class StrictRequest(Request):
    async def json(self) -> Any:
        if not hasattr(self, "_strict"):
            self._strict = parse_json(await self.body())
        return self._strict


class StrictRoute(APIRoute):
    """A route whose JSON bodies go through the strict parser; give it to every APIRouter as `route_class`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def strict(request: Request) -> Response:
            once = StrictRequest(request.scope, request.receive)
            for attempt in range(1, TRIES + 1):
                try:
                    return await handle(once)
                except DBAPIError as error:
                    # A request is one transaction and it was rolled back whole: asking again is the same request.
                    if attempt == TRIES or not is_deadlock(error):
                        raise
                    await asyncio.sleep(0.005 * 2**attempt)
            raise AssertionError("unreachable")

        return strict
