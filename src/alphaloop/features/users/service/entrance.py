"""The way in: onboarding, login, registration, change of password.

Hashing takes a fifth of a second, so it happens between two short transactions and never inside a writing one, where
it would make every other writer wait.
"""

from dataclasses import replace
from typing import Never

from sqlalchemy import update

from alphaloop.core.clock import Clock
from alphaloop.core.errors import ConflictError, ForbiddenError, InvalidError, UnauthenticatedError
from alphaloop.features.audit import service as audit
from alphaloop.features.users import repository
from alphaloop.features.users.models import User
from alphaloop.features.users.passwords import check_password
from alphaloop.features.users.rules import ADMIN, NEWCOMER, UserStatus, check_email, check_username, fold
from alphaloop.features.users.service.logins import Issued, Mint, open_login
from alphaloop.features.users.service.people import add_user, store_password
from alphaloop.features.users.service.roles import ensure_roles
from alphaloop.infra.db import Database, WriteSession
from alphaloop.infra.http.peer import rate_key
from alphaloop.infra.identity import Actor
from alphaloop.infra.limits import RateLimits
from alphaloop.infra.security import Passwords
from alphaloop.infra.settings import Settings

_LOCAL = "@local"


class Entrance:
    """Proves who somebody is and opens a login for them. `origin` is where the request came from."""

    def __init__(
        self, *, db: Database, clock: Clock, settings: Settings, mint: Mint, passwords: Passwords, limits: RateLimits
    ) -> None:
        self._db = db
        self._clock = clock
        self._settings = settings
        self._mint = mint
        self._passwords = passwords
        self._limits = limits

    async def onboard(self, origin: Actor, *, password: str, looks: dict[str, str], local: bool) -> Issued:
        """Make the first account, the administrator: only in single-user mode and from this very machine."""
        if not (self._settings.single_user and local):
            raise ForbiddenError("The first account is made on the machine itself.", code="onboarding_local_only")
        await self._limits.hit("register_peer", rate_key(origin.ip_address))
        username = self._settings.admin_username or ADMIN
        async with self._db.read() as session:
            self._must_be_empty(await repository.any_user(session))
        check_password(password, username=username)
        hashed = await self._passwords.hash(password)
        async with self._db.write() as session:
            self._must_be_empty(await repository.any_user(session))
            await ensure_roles(session)
            try:
                user = await add_user(
                    session,
                    clock=self._clock,
                    username=username,
                    password_hash=hashed,
                    roles=frozenset({ADMIN}),
                    looks=looks,
                )
            except ConflictError:
                # Somebody else's first account was committed between our look and our insert.
                self._must_be_empty(True)
                raise
            return await self._welcome(session, origin, user, action="users.onboarded")

    @staticmethod
    def _must_be_empty(anybody: bool) -> None:
        if anybody:
            raise ConflictError("The first account exists already; sign in.", code="already_onboarded")

    async def register(self, origin: Actor, *, username: str, email: str | None, password: str) -> Issued:
        """Make an account for a newcomer, where the operator opened registration."""
        if not self._settings.registration_open:
            raise ForbiddenError("Registration is closed here.", code="registration_closed")
        await self._limits.hit("register_peer", rate_key(origin.ip_address))
        check_username(username)
        if email is not None:
            check_email(email)
        check_password(password, username=username)
        hashed = await self._passwords.hash(password)
        async with self._db.write() as session:
            if not await repository.any_user(session):
                raise ConflictError("The administrator comes first.", code="not_onboarded")
            user = await add_user(
                session,
                clock=self._clock,
                username=username,
                email=email,
                password_hash=hashed,
                roles=frozenset({NEWCOMER}),
            )
            return await self._welcome(session, origin, user, action="users.registered")

    async def login(self, origin: Actor, *, username: str | None, password: str) -> Issued:
        """Open a login. Unknown name, wrong password and disabled person look and last the same."""
        if username is None and not self._settings.single_user:
            raise InvalidError("A user name is needed.", code="username_needed", fields=(("username", "missing"),))
        key = fold(username) if username is not None else _LOCAL
        await self._limits.hit("login_peer", rate_key(origin.ip_address))
        await self._limits.hit("login_account", key)
        async with self._db.read() as session:
            user = await (repository.first_admin(session) if key == _LOCAL else repository.find_user(session, key))
        right, renewed = await self._passwords.verify(password, None if user is None else user.password_hash)
        if user is None or not right or user.status != UserStatus.ACTIVE:
            await self._refuse(origin, user)
        async with self._db.write() as session:
            fresh = await repository.get_user(session, user.id)
            if fresh.status == UserStatus.ACTIVE and fresh.password_hash == user.password_hash:
                if renewed is not None:
                    await session.execute(update(User).where(User.id == user.id).values(password_hash=renewed))
                issued = await self._welcome(session, origin, fresh, action="users.logged_in")
                await self._limits.forget("login_account", key)
                return issued
        # Disabled or given another password while we were hashing.
        await self._refuse(origin, user)

    async def _refuse(self, origin: Actor, user: User | None) -> Never:
        async with self._db.write() as session:
            await audit.record(
                session,
                origin,
                clock=self._clock,
                action="users.login_refused",
                resource_type="user",
                resource_id=None if user is None else user.id,
                result="REFUSED",
            )
        raise UnauthenticatedError("The name or the password is wrong.", code="login_failed")

    async def change_password(self, actor: Actor, *, current: str, new: str) -> None:
        """Replace the password after proving the current one."""
        await self._limits.hit("password_user", str(actor.person))
        async with self._db.read() as session:
            user = await repository.get_user(session, actor.person)
        check_password(new, username=user.username)
        right, _ = await self._passwords.verify(current, user.password_hash)
        if not right:
            raise ForbiddenError("The current password is wrong.", code="wrong_password")
        hashed = await self._passwords.hash(new)
        async with self._db.write() as session:
            await store_password(session, actor, clock=self._clock, old_hash=user.password_hash, new_hash=hashed)

    async def _welcome(self, session: WriteSession, origin: Actor, user: User, *, action: str) -> Issued:
        issued = await open_login(session, origin, user, clock=self._clock, mint=self._mint)
        await audit.record(
            session,
            replace(origin, user_id=user.id, username=user.username),
            clock=self._clock,
            action=action,
            resource_type="user",
            resource_id=user.id,
            after={"username": user.username, "role": user.role},
        )
        return issued
