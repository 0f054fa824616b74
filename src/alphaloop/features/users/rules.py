"""Roles and what they may do, names, and what is shown of private fields: pure decisions."""

import re
import unicodedata
from enum import StrEnum

from alphaloop.core.errors import InvalidError

ADMIN = "admin"
NEWCOMER = "trader"


class UserStatus(StrEnum):
    ACTIVE = "ACTIVE"
    DISABLED = "DISABLED"


_READING = frozenset({"market.read", "chan.read", "strategy.read", "order.read", "risk.read"})
_FOLLOWING = _READING | {"account.manage", "risk.manage", "risk.halt", "journal.write", "follow.manage"}
_TRADING = _FOLLOWING | {
    "market.import",
    "data_source.manage",
    "strategy.manage",
    "session.manage",
    "order.place",
    "backtest.run",
    "plan.write",
    "alert.write",
}
_AGENCY = _FOLLOWING | {"agency.read", "agency.manage"}
_ADMIN = _TRADING | _AGENCY | {"user.manage", "audit.read", "platform.manage", "risk.platform"}

ROLES: dict[str, frozenset[str]] = {
    ADMIN: frozenset(_ADMIN),
    "trader": frozenset(_TRADING),
    "follower": frozenset(_FOLLOWING),
    "agent": frozenset(_AGENCY),
}
"""The roles a fresh installation has. Halting is in every one of them: whoever may lose money may stop."""

PERMISSIONS = frozenset().union(*ROLES.values())
STRATEGY_MANAGE = "strategy.manage"

_USERNAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{2,31}", re.ASCII)
_EMAIL = re.compile(
    r"[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.\-]{0,180}[A-Za-z0-9])?\.[A-Za-z]{2,24}", re.ASCII
)
_ROLE = re.compile(r"[a-z][a-z0-9_-]{1,31}", re.ASCII)
# Primary role of somebody who has several: the first of these.
_RANK = (ADMIN, "trader", "agent", "follower")


def fold(name: str) -> str:
    """What makes two user names the same: compatibility form without case."""
    return unicodedata.normalize("NFKC", name).casefold()[:128]


def check_username(username: str) -> str:
    if not _USERNAME.fullmatch(username):
        raise InvalidError(
            "A user name has 3 to 32 letters, digits, dots, dashes or underscores.",
            code="bad_username",
            fields=(("username", "bad_username"),),
        )
    return username


def check_email(email: str) -> str:
    if len(email) > 254 or not _EMAIL.fullmatch(email):
        raise InvalidError("That is not an e-mail address.", code="bad_email", fields=(("email", "bad_email"),))
    return email


def check_role_name(name: str) -> str:
    if not _ROLE.fullmatch(name):
        raise InvalidError(
            "A role is named in lower-case letters, digits and dashes.",
            code="bad_role_name",
            fields=(("name", "bad_role_name"),),
        )
    return name


def primary_role(roles: frozenset[str]) -> str:
    """The one role shown where there is room for one."""
    return next((role for role in _RANK if role in roles), min(roles, default="follower"))


def narrowed(permissions: frozenset[str], *, username_key: str, strategy_managers: frozenset[str]) -> frozenset[str]:
    """Permissions after STRATEGY_MANAGE_USERS: where it names people, nobody else manages strategies."""
    if strategy_managers and username_key not in {fold(name) for name in strategy_managers}:
        return permissions - {STRATEGY_MANAGE}
    return permissions


def mask_id_card(number: str) -> str:
    """First three and last four characters; short numbers show nothing."""
    return f"{number[:3]}{'*' * (len(number) - 7)}{number[-4:]}" if len(number) >= 12 else "*" * len(number)


def mask_phone(number: str) -> str:
    return f"{number[:-8]}****{number[-4:]}" if len(number) >= 10 else "*" * len(number)


def is_one_line(text: str) -> bool:
    """No control characters, line breaks, or marks that turn the direction of text around."""
    return not any(unicodedata.category(char) in ("Cc", "Zl", "Zp", "Cs") or char in _TURNS for char in text)


_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
