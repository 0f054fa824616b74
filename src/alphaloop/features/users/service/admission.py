"""Who is asking: access tokens at the HTTP door, single-use tickets at the socket's.

Both are looked up in the database each time, so that a logout counts in every process with its commit.
"""

from datetime import timedelta

from fastapi import Request
from sqlalchemy import insert, select, update

from alphaloop.core.clock import Clock
from alphaloop.core.errors import ForbiddenError, UnauthenticatedError
from alphaloop.features.audit import service as audit
from alphaloop.features.users import repository
from alphaloop.features.users.models import WsTicket
from alphaloop.features.users.repository import Standing
from alphaloop.features.users.rules import narrowed
from alphaloop.features.users.service.parts import parts_of
from alphaloop.infra.db import ReadSession, WriteSession
from alphaloop.infra.http.doors import Wiring
from alphaloop.infra.http.peer import origin_of, rate_key
from alphaloop.infra.identity import Actor, ActorType
from alphaloop.infra.security import fingerprint, random_token

TICKET_TTL = timedelta(seconds=30)


class Authenticator:
    """Turns a bearer token into the person it stands for."""

    def __init__(self, wiring: Wiring) -> None:
        parts = parts_of(wiring)
        self._db = wiring.db
        self._settings = wiring.settings
        self._mint = parts.mint
        self._limits = parts.limits

    async def authenticate(self, request: Request) -> Actor | None:
        """The actor, None without a bearer token, UnauthenticatedError for one that is bad, expired or revoked."""
        origin = origin_of(request, self._settings.forwarded_allow_ips)
        await self._limits.hit("api_peer", rate_key(origin.ip_address))
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return None
        claims = self._mint.read_access(token)
        async with self._db.read() as session:
            standing = await repository.standing(session, claims.family_id, claims.auth_version)
        if standing is None:
            raise UnauthenticatedError("Sign in again.", code="token_revoked")
        await self._limits.hit("api_user", str(standing.user_id))
        return _actor(standing, self._settings.strategy_managers, login_id=claims.family_id, origin=origin)


class TicketOffice:
    """Single-use admissions to the socket: 30 seconds, bound to one person and one login."""

    def __init__(self, clock: Clock, *, strategy_managers: frozenset[str] = frozenset()) -> None:
        self._clock = clock
        self._managers = strategy_managers

    async def issue(self, session: WriteSession, actor: Actor) -> tuple[str, int]:
        """(ticket, seconds it is good for); ForbiddenError for an actor that did not sign in."""
        if actor.login_id is None:
            raise ForbiddenError("Only a signed-in person can do this.", code="person_needed")
        ticket, now = random_token(), self._clock.now()
        await session.execute(
            insert(WsTicket).values(
                fingerprint=fingerprint(ticket),
                user_id=actor.person,
                family_id=actor.login_id,
                auth_version=actor.auth_version,
                issued_at=now,
                used_at=None,
                expires_at=now + TICKET_TTL,
            )
        )
        await audit.record(
            session,
            actor,
            clock=self._clock,
            action="users.ticket_issued",
            resource_type="login",
            resource_id=actor.login_id,
        )
        return ticket, int(TICKET_TTL.total_seconds())

    async def redeem(self, session: WriteSession, ticket: str, *, origin: Actor | None = None) -> Actor | None:
        """The person a ticket admits, once; None for a used, late, unknown or revoked one."""
        now = self._clock.now()
        mark = fingerprint(ticket)
        taken = await session.execute(
            update(WsTicket)
            .where(WsTicket.fingerprint == mark, WsTicket.used_at.is_(None), WsTicket.expires_at > now)
            .values(used_at=now)
        )
        if repository.changed(taken) != 1:
            return None
        family_id, auth_version = (
            await session.execute(select(WsTicket.family_id, WsTicket.auth_version).where(WsTicket.fingerprint == mark))
        ).one()
        standing = await repository.standing(session, family_id, auth_version)
        if standing is None:
            return None
        return _actor(standing, self._managers, login_id=family_id, origin=origin or Actor(ActorType.USER))

    async def still_valid(self, session: ReadSession, actor: Actor) -> bool:
        """Whether an open socket may stay: its login is not revoked and its person's rights have not changed."""
        return (
            actor.login_id is not None
            and await repository.standing(session, actor.login_id, actor.auth_version) is not None
        )


def _actor(standing: Standing, managers: frozenset[str], *, login_id: int, origin: Actor) -> Actor:
    return Actor(
        ActorType.USER,
        user_id=standing.user_id,
        username=standing.username,
        login_id=login_id,
        permissions=narrowed(
            standing.permissions,
            username_key=standing.username_key,
            strategy_managers=managers,
        ),
        ip_address=origin.ip_address,
        user_agent=origin.user_agent,
        request_id=origin.request_id,
        auth_version=standing.auth_version,
    )
