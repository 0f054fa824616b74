"""All SQL of the users room."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CursorResult, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from alphaloop.core.errors import NotFoundError
from alphaloop.features.users.models import (
    LoginFamily,
    Permission,
    RefreshToken,
    Role,
    RolePermission,
    User,
    UserProfile,
    UserRole,
    WsTicket,
)
from alphaloop.features.users.rules import ADMIN, UserStatus
from alphaloop.infra.db import ReadSession, WriteSession


@dataclass(frozen=True, slots=True)
class Standing:
    """What the database says about a login right now."""

    user_id: int
    username: str
    username_key: str
    auth_version: int
    permissions: frozenset[str]


async def count_users(session: ReadSession) -> int:
    return int(await session.scalar(select(func.count()).select_from(User)) or 0)


async def any_user(session: ReadSession) -> bool:
    return await session.scalar(select(User.id).limit(1)) is not None


async def find_user(session: ReadSession, username_key: str) -> User | None:
    user: User | None = await session.scalar(select(User).where(User.username_key == username_key))
    return user


async def first_admin(session: ReadSession) -> User | None:
    """The person a local installation belongs to: its oldest active administrator."""
    user: User | None = await session.scalar(
        select(User)
        .join(UserRole, UserRole.user_id == User.id)
        .where(UserRole.role == ADMIN, User.status == UserStatus.ACTIVE)
        .order_by(User.id)
        .limit(1)
    )
    return user


async def get_user(session: ReadSession, user_id: int) -> User:
    user: User | None = await session.scalar(
        select(User).where(User.id == user_id).execution_options(populate_existing=True)
    )
    if user is None:
        raise NotFoundError("There is no such user.", code="user_not_found")
    return user


async def get_profile(session: ReadSession, user_id: int) -> UserProfile:
    profile: UserProfile | None = await session.scalar(select(UserProfile).where(UserProfile.user_id == user_id))
    if profile is None:
        raise NotFoundError("There is no such user.", code="user_not_found")
    return profile


async def list_users(session: ReadSession, *, after_id: int | None, limit: int) -> list[User]:
    query = select(User).order_by(User.id).limit(limit)
    if after_id is not None:
        query = query.where(User.id > after_id)
    return list(await session.scalars(query))


async def roles_of(session: ReadSession, user_ids: Iterable[int]) -> dict[int, frozenset[str]]:
    ids = list(user_ids)
    rows = await session.execute(select(UserRole.user_id, UserRole.role).where(UserRole.user_id.in_(ids)))
    found: dict[int, set[str]] = {user_id: set() for user_id in ids}
    for user_id, role in rows:
        found[user_id].add(role)
    return {user_id: frozenset(roles) for user_id, roles in found.items()}


async def replace_roles(session: WriteSession, user_id: int, roles: frozenset[str]) -> None:
    await session.execute(delete(UserRole).where(UserRole.user_id == user_id))
    if roles:
        await session.execute(insert(UserRole), [{"user_id": user_id, "role": role} for role in sorted(roles)])


async def lock_admins(session: WriteSession) -> None:
    """Make changes to who is an administrator wait for one another."""
    await session.execute(select(Role.name).where(Role.name == ADMIN).with_for_update())


async def active_admins(session: ReadSession) -> int:
    query = (
        select(func.count())
        .select_from(UserRole)
        .join(User, User.id == UserRole.user_id)
        .where(UserRole.role == ADMIN, User.status == UserStatus.ACTIVE)
    )
    return int(await session.scalar(query) or 0)


async def role_table(session: ReadSession) -> dict[str, frozenset[str]]:
    """Every role and its permissions."""
    table: dict[str, set[str]] = {name: set() for name in await session.scalars(select(Role.name))}
    for role, permission in await session.execute(select(RolePermission.role, RolePermission.permission)):
        table[role].add(permission)
    return {name: frozenset(permissions) for name, permissions in sorted(table.items())}


async def add_missing(session: WriteSession, model: type[Role] | type[Permission], names: Iterable[str]) -> list[str]:
    """Insert the names that are not there; returns those that were new. Two processes may do this at once."""
    present = set(await session.scalars(select(model.name)))
    added = []
    for name in sorted(set(names) - present):
        try:
            async with session.begin_nested():
                await session.execute(insert(model).values(name=name))
        except IntegrityError:
            continue
        added.append(name)
    return added


async def replace_permissions(session: WriteSession, role: str, permissions: Iterable[str]) -> None:
    await session.execute(delete(RolePermission).where(RolePermission.role == role))
    rows = [{"role": role, "permission": permission} for permission in sorted(permissions)]
    if rows:
        await session.execute(insert(RolePermission), rows)


async def raise_auth_version(session: WriteSession, user_id: int) -> None:
    await session.execute(update(User).where(User.id == user_id).values(auth_version=User.auth_version + 1))


async def raise_auth_versions_of_role(session: WriteSession, role: str) -> None:
    holders = select(UserRole.user_id).where(UserRole.role == role)
    await session.execute(
        update(User)
        .where(User.id.in_(holders))
        .values(auth_version=User.auth_version + 1)
        .execution_options(synchronize_session=False)
    )


async def standing(session: ReadSession, family_id: int, auth_version: int | None) -> Standing | None:
    """The person behind a login family with what they may do, or None once revoked, disabled or out of date.

    `auth_version` None accepts any. One statement, all of it on primary keys, because every request asks.
    """
    query = (
        select(User.id, User.username, User.username_key, User.auth_version, RolePermission.permission)
        .select_from(LoginFamily)
        .join(User, User.id == LoginFamily.user_id)
        .outerjoin(UserRole, UserRole.user_id == User.id)
        .outerjoin(RolePermission, RolePermission.role == UserRole.role)
        .where(LoginFamily.id == family_id, LoginFamily.revoked_at.is_(None), User.status == UserStatus.ACTIVE)
    )
    if auth_version is not None:
        query = query.where(User.auth_version == auth_version)
    rows = (await session.execute(query)).all()
    if not rows:
        return None
    user_id, username, username_key, version, _ = rows[0]
    return Standing(user_id, username, username_key, version, frozenset(row[4] for row in rows if row[4] is not None))


async def add_family(session: WriteSession, user_id: int, *, at: datetime, ip_address: str, user_agent: str) -> int:
    added = await session.execute(
        insert(LoginFamily).values(
            user_id=user_id, created_at=at, ip_address=ip_address[:45], user_agent=user_agent[:255]
        )
    )
    return int(added.inserted_primary_key[0])  # type: ignore[attr-defined]


async def revoke_families(
    session: WriteSession,
    *,
    at: datetime,
    reason: str,
    family_id: int | None = None,
    user_id: int | None = None,
    keep: int | None = None,
) -> int:
    """Revoke one family, or all of a user's but `keep`; returns how many were still open."""
    if family_id is None and user_id is None:
        raise ValueError("name a family or a user")
    query = update(LoginFamily).where(LoginFamily.revoked_at.is_(None)).values(revoked_at=at, reason=reason)
    if family_id is not None:
        query = query.where(LoginFamily.id == family_id)
    if user_id is not None:
        query = query.where(LoginFamily.user_id == user_id)
    if keep is not None:
        query = query.where(LoginFamily.id != keep)
    return changed(await session.execute(query))


async def add_refresh_token(
    session: WriteSession, fingerprint: str, family_id: int, *, at: datetime, expires_at: datetime
) -> None:
    await session.execute(
        insert(RefreshToken).values(
            fingerprint=fingerprint, family_id=family_id, issued_at=at, used_at=None, expires_at=expires_at
        )
    )


async def find_refresh_token(session: ReadSession, fingerprint: str) -> RefreshToken | None:
    token: RefreshToken | None = await session.scalar(
        select(RefreshToken).where(RefreshToken.fingerprint == fingerprint).execution_options(populate_existing=True)
    )
    return token


async def use_refresh_token(session: WriteSession, fingerprint: str, *, at: datetime) -> bool:
    """Mark the token used; True only for the one caller who did."""
    return (
        changed(
            await session.execute(
                update(RefreshToken)
                .where(
                    RefreshToken.fingerprint == fingerprint,
                    RefreshToken.used_at.is_(None),
                    RefreshToken.expires_at > at,
                )
                .values(used_at=at)
            )
        )
        == 1
    )


async def drop_expired(session: WriteSession, *, before: datetime) -> None:
    """Forget tokens and tickets that expired before that time; their families stay as a record."""
    await session.execute(delete(RefreshToken).where(RefreshToken.expires_at < before))
    await session.execute(delete(WsTicket).where(WsTicket.expires_at < before))


def changed(result: object) -> int:
    """Rows touched by a statement."""
    return result.rowcount if isinstance(result, CursorResult) else 0
