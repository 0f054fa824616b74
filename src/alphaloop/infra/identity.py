"""Who is asking: resolved once at the door and handed to every use case."""

from dataclasses import dataclass
from enum import StrEnum

from alphaloop.core.errors import ForbiddenError


class ActorType(StrEnum):
    USER = "USER"
    SYSTEM = "SYSTEM"
    STRATEGY = "STRATEGY"
    AI = "AI"
    AGENT_TOKEN = "AGENT_TOKEN"
    ADMIN_AS_USER = "ADMIN_AS_USER"


@dataclass(frozen=True, slots=True)
class Actor:
    """A person or a part of the system.

    `login_id` is the refresh-token family a person came in by, `auth_version` the state of their rights at that moment:
    an open socket asks with both whether it may stay open.
    """

    type: ActorType
    user_id: int | None = None
    username: str = ""
    login_id: int | None = None
    permissions: frozenset[str] = frozenset()
    ip_address: str = ""
    user_agent: str = ""
    request_id: str = ""
    auth_version: int = 0

    def allows(self, permission: str) -> bool:
        return self.type is ActorType.SYSTEM or permission in self.permissions

    def require(self, permission: str) -> None:
        """ForbiddenError unless this actor has the permission."""
        if not self.allows(permission):
            raise ForbiddenError("You are not allowed to do this.", code="permission_missing")

    @property
    def person(self) -> int:
        """The user's id; ForbiddenError for an actor that is no person."""
        if self.user_id is None:
            raise ForbiddenError("Only a signed-in person can do this.", code="person_needed")
        return self.user_id


SYSTEM = Actor(ActorType.SYSTEM, username="system")
