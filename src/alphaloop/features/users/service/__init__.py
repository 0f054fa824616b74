"""Use cases of the users room, one file a theme: logins, people, roles, tickets."""

from alphaloop.features.users.service.logins import (
    Issued,
    Mint,
    close_login,
    open_login,
    refresh_login,
    revoke_token_login,
)
from alphaloop.features.users.service.people import (
    add_user,
    change_password,
    ensure_admin,
    get_me,
    get_public_state,
    list_people,
    set_status,
    show_person,
    update_profile,
)
from alphaloop.features.users.service.roles import (
    add_role,
    ensure_roles,
    list_permissions,
    list_roles,
    set_permissions,
    set_roles,
)

__all__ = [
    "Issued",
    "Mint",
    "add_role",
    "add_user",
    "change_password",
    "close_login",
    "ensure_admin",
    "ensure_roles",
    "get_me",
    "get_public_state",
    "list_people",
    "list_permissions",
    "list_roles",
    "open_login",
    "refresh_login",
    "revoke_token_login",
    "set_permissions",
    "set_roles",
    "set_status",
    "show_person",
    "update_profile",
]
