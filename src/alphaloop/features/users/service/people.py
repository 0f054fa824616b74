"""People: adding them, their profile, their password and whether they may come in."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

from alphaloop.core.clock import Clock
from alphaloop.core.errors import ConflictError
from alphaloop.core.events import Event
from alphaloop.features.audit import service as audit
from alphaloop.features.users import repository
from alphaloop.features.users.models import User, UserProfile
from alphaloop.features.users.rules import (
    ADMIN,
    UserStatus,
    fold,
    mask_id_card,
    mask_phone,
    primary_role,
)
from alphaloop.features.users.schemas import Me, ProfileOut, UserOut
from alphaloop.features.users.service.roles import USER_MANAGE, ensure_roles, keep_an_admin
from alphaloop.infra.db import ReadSession, WriteSession
from alphaloop.infra.identity import SYSTEM, Actor
from alphaloop.infra.outbox import announce
from alphaloop.infra.security import Passwords
from alphaloop.infra.settings import Settings, SettingsError
from alphaloop.infra.vault import Vault

_SEALED = ("phone", "real_name", "id_card")
_LOOKS = {
    "locale": "zh-CN",
    "theme": "dark",
    "updown": "red-up",
    "density": "compact",
    "focus": "chart",
    "point_labels": "B1",
}
_HASHES = ("$argon2id$", "$2a$", "$2b$", "$2y$")
_DEFAULT_PASSWORDS = ("admin", "password", "admin123", "changeme", "change-me", "secret", "123456", "alphaloop")


async def get_public_state(session: ReadSession) -> bool:
    """Whether anybody lives here yet."""
    return await repository.any_user(session)


async def add_user(
    session: WriteSession,
    *,
    clock: Clock,
    username: str,
    password_hash: str,
    roles: frozenset[str],
    email: str | None = None,
    looks: Mapping[str, str] | None = None,
) -> User:
    """Insert a person with profile and roles; ConflictError when the name or the address is taken.

    The caller has checked name and password and writes the audit row.
    """
    try:
        async with session.begin_nested():
            added = await session.execute(
                insert(User).values(
                    username=username,
                    username_key=fold(username),
                    email=email,
                    email_key=None if email is None else email.casefold(),
                    password_hash=password_hash,
                    role=primary_role(roles),
                    status=UserStatus.ACTIVE,
                    auth_version=1,
                    created_at=clock.now(),
                )
            )
    except IntegrityError:
        raise ConflictError("That name or address is taken.", code="username_or_email_taken") from None
    user_id = int(added.inserted_primary_key[0])  # type: ignore[attr-defined]
    await session.execute(insert(UserProfile).values(user_id=user_id, display_name="", **{**_LOOKS, **(looks or {})}))
    await repository.replace_roles(session, user_id, roles)
    await announce(session, Event("users.user_added", {"user_id": str(user_id)}, user_id), at=clock.now())
    return await repository.get_user(session, user_id)


async def ensure_admin(session: WriteSession, settings: Settings, clock: Clock, passwords: Passwords) -> User | None:
    """Make the administrator named in the environment, if nobody lives here yet; SettingsError for an unusable hash."""
    hashed = settings.admin_password_hash.get_secret_value()
    if not settings.admin_username or not hashed or await repository.any_user(session):
        return None
    if not hashed.startswith(_HASHES) or len(hashed) > 255:
        raise SettingsError("ADMIN_PASSWORD_HASH must be an argon2id or bcrypt hash.")
    if settings.production:
        for guess in (*_DEFAULT_PASSWORDS, settings.admin_username):
            if (await passwords.verify(guess, hashed))[0]:
                raise SettingsError("ADMIN_PASSWORD_HASH is the hash of a well-known password.")
    await ensure_roles(session)
    user = await add_user(
        session, clock=clock, username=settings.admin_username, password_hash=hashed, roles=frozenset({ADMIN})
    )
    await audit.record(
        session,
        SYSTEM,
        clock=clock,
        action="users.admin_made",
        resource_type="user",
        resource_id=user.id,
        after={"username": user.username, "roles": [ADMIN]},
    )
    return user


async def get_me(session: ReadSession, actor: Actor, vault: Vault) -> Me:
    """The person asking, with what they may do at this moment."""
    user = await repository.get_user(session, actor.person)
    roles = await repository.roles_of(session, [user.id])
    return Me(
        id=user.id,
        username=user.username,
        email=user.email,
        roles=sorted(roles[user.id]),
        permissions=sorted(actor.permissions),
        status=UserStatus(user.status),
        profile=_shown(await repository.get_profile(session, user.id), vault),
        created_at=user.created_at,
    )


async def update_profile(
    session: WriteSession, actor: Actor, *, clock: Clock, vault: Vault, changes: Mapping[str, Any]
) -> Me:
    """Change the given profile fields. A masked value that comes back unchanged from a form changes nothing."""
    profile = await repository.get_profile(session, actor.person)
    shown = _shown(profile, vault)
    before = {name: getattr(shown, name) for name in changes}
    values: dict[str, Any] = {}
    for name, value in changes.items():
        if name not in _SEALED:
            values[name] = value
        elif value != getattr(shown, name):
            values[f"{name}_sealed"] = None if value in (None, "") else vault.seal(value, place=_place(profile, name))
    if values:
        await session.execute(update(UserProfile).where(UserProfile.user_id == profile.user_id).values(**values))
    await session.refresh(profile)
    after = _shown(profile, vault)
    await audit.record(
        session,
        actor,
        clock=clock,
        action="users.profile_changed",
        resource_type="user",
        resource_id=profile.user_id,
        before=_auditable(before),
        after=_auditable({name: getattr(after, name) for name in changes}),
    )
    return await get_me(session, actor, vault)


async def store_password(session: WriteSession, actor: Actor, *, clock: Clock, old_hash: str, new_hash: str) -> None:
    """Store the new hash, end every other login, and make all access tokens worthless; this login may refresh."""
    user_id = actor.person
    stored = await session.execute(
        update(User)
        .where(User.id == user_id, User.password_hash == old_hash)
        .values(password_hash=new_hash, auth_version=User.auth_version + 1)
        .execution_options(synchronize_session=False)
    )
    if repository.changed(stored) != 1:
        raise ConflictError("The password was changed elsewhere meanwhile.", code="password_changed_elsewhere")
    ended = await repository.revoke_families(
        session, at=clock.now(), reason="password_changed", user_id=user_id, keep=actor.login_id
    )
    await audit.record(
        session,
        actor,
        clock=clock,
        action="users.password_changed",
        resource_type="user",
        resource_id=user_id,
        details={"logins_ended": ended},
    )


async def set_status(session: WriteSession, actor: Actor, *, clock: Clock, user_id: int, status: UserStatus) -> UserOut:
    """Let a person in or keep them out; keeping out ends all their logins at once."""
    actor.require(USER_MANAGE)
    await repository.lock_admins(session)
    user = await repository.get_user(session, user_id)
    before = user.status
    await session.execute(
        update(User)
        .where(User.id == user_id)
        .values(status=status, auth_version=User.auth_version + 1)
        .execution_options(synchronize_session=False)
    )
    await keep_an_admin(session)
    if status is UserStatus.DISABLED:
        await repository.revoke_families(session, at=clock.now(), reason="disabled", user_id=user_id)
    await audit.record(
        session,
        actor,
        clock=clock,
        action="users.status_changed",
        resource_type="user",
        resource_id=user_id,
        before={"status": before},
        after={"status": status},
    )
    return (await _people(session, [await repository.get_user(session, user_id)]))[0]


async def list_people(session: ReadSession, actor: Actor, *, after_id: int | None, limit: int) -> list[UserOut]:
    """People in order of joining, ids above `after_id`."""
    actor.require(USER_MANAGE)
    return await _people(session, await repository.list_users(session, after_id=after_id, limit=limit))


async def show_person(session: ReadSession, user: User) -> UserOut:
    return (await _people(session, [user]))[0]


async def _people(session: ReadSession, users: list[User]) -> list[UserOut]:
    roles = await repository.roles_of(session, [user.id for user in users])
    return [
        UserOut(
            id=user.id,
            username=user.username,
            email=user.email,
            role=user.role,
            roles=sorted(roles[user.id]),
            status=UserStatus(user.status),
            created_at=user.created_at,
        )
        for user in users
    ]


def _shown(profile: UserProfile, vault: Vault) -> ProfileOut:
    opened = {
        name: None if sealed is None else vault.open(sealed, place=_place(profile, name))
        for name in _SEALED
        for sealed in (getattr(profile, f"{name}_sealed"),)
    }
    phone, id_card = opened["phone"], opened["id_card"]
    return ProfileOut(
        display_name=profile.display_name,
        avatar=profile.avatar,
        phone=None if phone is None else mask_phone(phone),
        real_name=opened["real_name"],
        id_card=None if id_card is None else mask_id_card(id_card),
        **{name: getattr(profile, name) for name in _LOOKS},
    )


def _place(profile: UserProfile, name: str) -> str:
    return f"user_profiles:{profile.user_id}:{name}"


def _auditable(values: Mapping[str, Any]) -> dict[str, Any]:
    """Private fields leave only the fact that they are set, pictures only their size."""
    shown = dict(values)
    for name in _SEALED:
        if name in shown:
            shown[name] = shown[name] is not None
    if isinstance(shown.get("avatar"), str):
        shown["avatar"] = f"{len(shown['avatar'])} characters"
    return shown
