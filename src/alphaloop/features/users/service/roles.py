"""Roles and permissions: what a fresh installation starts with, and how an administrator changes it."""

from collections.abc import Collection

from sqlalchemy import select

from alphaloop.core.clock import Clock
from alphaloop.core.errors import ConflictError, InvalidError, NotFoundError
from alphaloop.features.audit import service as audit
from alphaloop.features.users import repository
from alphaloop.features.users.models import Permission, Role, RolePermission, User, UserRole
from alphaloop.features.users.rules import ADMIN, PERMISSIONS, ROLES, UserStatus, check_role_name, primary_role
from alphaloop.infra.db import ReadSession, WriteSession
from alphaloop.infra.identity import Actor

USER_MANAGE = "user.manage"


async def ensure_roles(session: WriteSession) -> None:
    """Insert roles and permissions that this version knows and the database does not; what an operator changed stays.

    A permission that is new to the database goes to the built-in roles that have it by default.
    """
    new_permissions = set(await repository.add_missing(session, Permission, PERMISSIONS))
    new_roles = set(await repository.add_missing(session, Role, ROLES))
    if not new_permissions and not new_roles:
        return
    table = await repository.role_table(session)
    for name, wanted in ROLES.items():
        added = wanted if name in new_roles else wanted & new_permissions
        if added - table[name]:
            await repository.replace_permissions(session, name, table[name] | added)


async def list_roles(session: ReadSession) -> dict[str, frozenset[str]]:
    """Every role with its permissions."""
    return await repository.role_table(session)


async def may(session: ReadSession, user_id: int, permission: str) -> bool:
    """Whether a person who is not there to ask is let in at all, and has that permission by one of their roles."""
    query = (
        select(User.id)
        .join(UserRole, UserRole.user_id == User.id)
        .join(RolePermission, RolePermission.role == UserRole.role)
        .where(User.id == user_id, User.status == UserStatus.ACTIVE, RolePermission.permission == permission)
    )
    return await session.scalar(query.limit(1)) is not None


async def list_permissions(session: ReadSession) -> list[str]:
    return sorted(await session.scalars(select(Permission.name)))


async def add_role(
    session: WriteSession, actor: Actor, *, clock: Clock, name: str, permissions: Collection[str]
) -> None:
    """Create a role; ConflictError when the name is taken."""
    actor.require(USER_MANAGE)
    check_role_name(name)
    await _check_permissions(session, permissions)
    if not await repository.add_missing(session, Role, [name]):
        raise ConflictError("There is a role of that name already.", code="role_exists")
    await repository.replace_permissions(session, name, set(permissions))
    await audit.record(
        session,
        actor,
        clock=clock,
        action="users.role_added",
        resource_type="role",
        resource_id=name,
        after={"permissions": sorted(set(permissions))},
    )


async def set_permissions(
    session: WriteSession, actor: Actor, *, clock: Clock, name: str, permissions: Collection[str]
) -> None:
    """Replace what a role may do; everybody who has it signs in anew. The administrator's role is fixed."""
    actor.require(USER_MANAGE)
    table = await repository.role_table(session)
    if name not in table:
        raise NotFoundError("There is no such role.", code="role_not_found")
    if name == ADMIN:
        raise ConflictError("The administrator's role cannot be changed.", code="role_fixed")
    await _check_permissions(session, permissions)
    await repository.replace_permissions(session, name, set(permissions))
    await repository.raise_auth_versions_of_role(session, name)
    await audit.record(
        session,
        actor,
        clock=clock,
        action="users.role_changed",
        resource_type="role",
        resource_id=name,
        before={"permissions": sorted(table[name])},
        after={"permissions": sorted(set(permissions))},
    )


async def set_roles(session: WriteSession, actor: Actor, *, clock: Clock, user_id: int, roles: Collection[str]) -> User:
    """Replace a person's roles; their access tokens stop counting. The last active administrator keeps that role."""
    actor.require(USER_MANAGE)
    chosen = frozenset(roles)
    user = await repository.get_user(session, user_id)
    unknown = chosen - set(await repository.role_table(session))
    if unknown or not chosen:
        raise InvalidError("That role does not exist.", code="unknown_role", fields=(("roles", "unknown_role"),))
    await repository.lock_admins(session)
    before = (await repository.roles_of(session, [user_id]))[user_id]
    await repository.replace_roles(session, user_id, chosen)
    await keep_an_admin(session)
    user.role = primary_role(chosen)
    await session.flush()
    await repository.raise_auth_version(session, user_id)
    await audit.record(
        session,
        actor,
        clock=clock,
        action="users.roles_changed",
        resource_type="user",
        resource_id=user_id,
        before={"roles": sorted(before)},
        after={"roles": sorted(chosen)},
    )
    return await repository.get_user(session, user_id)


async def keep_an_admin(session: ReadSession) -> None:
    """ConflictError when the change just made leaves nobody who can administer."""
    if await repository.active_admins(session) == 0:
        raise ConflictError("Somebody has to stay administrator.", code="last_admin")


async def _check_permissions(session: ReadSession, permissions: Collection[str]) -> None:
    if set(permissions) - set(await list_permissions(session)):
        raise InvalidError(
            "That permission does not exist.",
            code="unknown_permission",
            fields=(("permissions", "unknown_permission"),),
        )
