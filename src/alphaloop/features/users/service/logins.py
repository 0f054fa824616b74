"""Logins: short access tokens, rotating refresh tokens, and families that are revoked as a whole."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from alphaloop.core.clock import Clock
from alphaloop.core.errors import UnauthenticatedError
from alphaloop.features.audit import service as audit
from alphaloop.features.users import repository
from alphaloop.features.users.models import User
from alphaloop.infra.db import WriteSession
from alphaloop.infra.http.wire import MAX_KEY
from alphaloop.infra.identity import Actor
from alphaloop.infra.security import Tokens, fingerprint, random_token

ACCESS = "access"
# Two tabs may refresh with the same token at the same moment; later than this, a used token was stolen.
GRACE = timedelta(seconds=10)
_KEEP_EXPIRED = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Issued:
    """What a successful login hands out; lifetimes in seconds."""

    access_token: str
    expires_in: int
    refresh_token: str
    refresh_expires_in: int


@dataclass(frozen=True, slots=True)
class AccessClaims:
    family_id: int
    auth_version: int


class Mint:
    """Makes and reads access tokens. A token names a login family and the state of rights, never the rights."""

    def __init__(self, tokens: Tokens, *, access_ttl: timedelta, refresh_ttl: timedelta) -> None:
        self._tokens = tokens
        self.access_ttl = access_ttl
        self.refresh_ttl = refresh_ttl

    def access(self, *, user_id: int, family_id: int, auth_version: int) -> str:
        claims = {"fam": family_id, "ver": auth_version}
        return self._tokens.sign(subject=str(user_id), audience=ACCESS, ttl=self.access_ttl, claims=claims)

    def read_access(self, token: str) -> AccessClaims:
        """The claims of a valid access token, else UnauthenticatedError."""
        claims: dict[str, Any] = self._tokens.read(token, audience=ACCESS)
        family_id, auth_version = claims.get("fam"), claims.get("ver")
        if type(family_id) is not int or type(auth_version) is not int:
            raise UnauthenticatedError("Sign in again.", code="token_invalid")
        if not (0 < family_id <= MAX_KEY and 0 < auth_version <= MAX_KEY):
            raise UnauthenticatedError("Sign in again.", code="token_invalid")
        return AccessClaims(family_id, auth_version)


async def open_login(session: WriteSession, origin: Actor, user: User, *, clock: Clock, mint: Mint) -> Issued:
    """Start a login family for a person whose identity is proven. The caller writes the audit row."""
    now = clock.now()
    await repository.drop_expired(session, before=now - _KEEP_EXPIRED)
    family_id = await repository.add_family(
        session, user.id, at=now, ip_address=origin.ip_address, user_agent=origin.user_agent
    )
    return await _issue(session, user.id, family_id, user.auth_version, now=now, mint=mint)


async def refresh_login(
    session: WriteSession, origin: Actor, refresh_token: str, *, clock: Clock, mint: Mint
) -> Issued | None:
    """Exchange a refresh token for the next pair, or None.

    A token that comes back after it was used revokes its whole family: either the thief or the owner is asking, and
    we cannot tell which. None still has to be committed, because the revocation must stay.
    """
    now = clock.now()
    mark = fingerprint(refresh_token)
    first = await repository.use_refresh_token(session, mark, at=now)
    token = await repository.find_refresh_token(session, mark)
    if token is None or token.expires_at <= now:
        return None
    standing = await repository.standing(session, token.family_id, None)
    if standing is None:
        return None
    actor = replace(origin, user_id=standing.user_id, username=standing.username, login_id=token.family_id)
    if not first and (token.used_at is None or now - token.used_at > GRACE):
        await repository.revoke_families(session, at=now, reason="replayed", family_id=token.family_id)
        await _record(session, actor, clock=clock, action="users.refresh_replayed", result="REFUSED")
        return None
    await _record(session, actor, clock=clock, action="users.login_refreshed", details={"again": not first})
    return await _issue(session, standing.user_id, token.family_id, standing.auth_version, now=now, mint=mint)


async def close_login(session: WriteSession, actor: Actor, *, clock: Clock) -> None:
    """Log out: the family is revoked, so that its access tokens stop counting with this commit."""
    await repository.revoke_families(session, at=clock.now(), reason="logout", family_id=actor.login_id or 0)
    await _record(session, actor, clock=clock, action="users.logged_out")


async def revoke_token_login(session: WriteSession, origin: Actor, refresh_token: str, *, clock: Clock) -> bool:
    """Log out by refresh token, for a browser whose access token has run out. False for a token that is not ours."""
    token = await repository.find_refresh_token(session, fingerprint(refresh_token))
    standing = None if token is None else await repository.standing(session, token.family_id, None)
    if token is None or standing is None:
        return False
    actor = replace(origin, user_id=standing.user_id, username=standing.username, login_id=token.family_id)
    await close_login(session, actor, clock=clock)
    return True


async def _issue(
    session: WriteSession, user_id: int, family_id: int, auth_version: int, *, now: datetime, mint: Mint
) -> Issued:
    refresh_token = random_token()
    await repository.add_refresh_token(
        session, fingerprint(refresh_token), family_id, at=now, expires_at=now + mint.refresh_ttl
    )
    return Issued(
        access_token=mint.access(user_id=user_id, family_id=family_id, auth_version=auth_version),
        expires_in=int(mint.access_ttl.total_seconds()),
        refresh_token=refresh_token,
        refresh_expires_in=int(mint.refresh_ttl.total_seconds()),
    )


async def _record(
    session: WriteSession,
    actor: Actor,
    *,
    clock: Clock,
    action: str,
    result: audit.Result = "OK",
    details: dict[str, Any] | None = None,
) -> None:
    await audit.record(
        session,
        actor,
        clock=clock,
        action=action,
        resource_type="login",
        resource_id=actor.login_id,
        details=details,
        result=result,
    )
