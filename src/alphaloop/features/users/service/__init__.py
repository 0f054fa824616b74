"""Use cases of the users room, one file a theme: logins, people, roles, tickets."""

from alphaloop.features.users.service.admission import Authenticator, TicketOffice
from alphaloop.features.users.service.entrance import Entrance
from alphaloop.features.users.service.logins import (
    Issued,
    Mint,
    close_login,
    open_login,
    refresh_login,
    revoke_token_login,
)
from alphaloop.features.users.service.parts import UserParts, parts_of
from alphaloop.features.users.service.people import (
    add_user,
    ensure_admin,
    get_me,
    get_public_state,
    list_people,
    set_status,
    show_person,
    store_password,
    update_profile,
)
from alphaloop.features.users.service.roles import (
    add_role,
    ensure_roles,
    list_permissions,
    list_roles,
    may,
    set_permissions,
    set_roles,
)

__all__ = [
    "Authenticator",
    "Entrance",
    "Issued",
    "Mint",
    "TicketOffice",
    "UserParts",
    "add_role",
    "add_user",
    "close_login",
    "ensure_admin",
    "ensure_roles",
    "get_me",
    "get_public_state",
    "list_people",
    "list_permissions",
    "list_roles",
    "may",
    "open_login",
    "parts_of",
    "refresh_login",
    "revoke_token_login",
    "set_permissions",
    "set_roles",
    "set_status",
    "show_person",
    "store_password",
    "update_profile",
]
