"""Requests and responses of signing in, people, roles and tickets."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from alphaloop.features.users.rules import UserStatus, is_one_line
from alphaloop.infra.http.wire import Id, TimeMs, Wire


def _one_line(text: str) -> str:
    if not is_one_line(text):
        raise PydanticCustomError("text_not_allowed", "must be one line of plain text")
    return text


# Generous here, so that a password that is too long meets the rule that says so.
Secret = Annotated[str, StringConstraints(max_length=4096)]
Token = Annotated[str, StringConstraints(min_length=1, max_length=512)]
Username = Annotated[str, StringConstraints(min_length=1, max_length=255), AfterValidator(_one_line)]
Line = Annotated[str, StringConstraints(max_length=64, strip_whitespace=True), AfterValidator(_one_line)]
Phone = Annotated[str, StringConstraints(max_length=24, pattern=r"^\+?[0-9*][0-9* ()\-]{4,22}$")]
IdCard = Annotated[str, StringConstraints(max_length=32, pattern=r"^[A-Za-z0-9*\-]{5,32}$")]
Avatar = Annotated[
    str, StringConstraints(max_length=60_000, pattern=r"^data:image/(png|jpeg|webp);base64,[A-Za-z0-9+/]+={0,2}$")
]
RoleName = Annotated[str, StringConstraints(min_length=1, max_length=32)]
PermissionName = Annotated[str, StringConstraints(min_length=1, max_length=64)]

Locale = Literal["zh-CN", "en"]
Theme = Literal["dark", "light"]
UpDown = Literal["red-up", "green-up", "cb"]
Density = Literal["compact", "comfortable"]
Focus = Literal["chart", "quant", "ops"]
PointLabels = Literal["B1", "zh"]
Remember = Literal["cookie", "body"]


class AuthState(Wire):
    """What the first page needs to know: whether anybody lives here yet, and how one comes in."""

    onboarded: bool
    mode: Literal["local", "server"]
    registration_open: bool
    version: str


class Onboarding(Wire):
    password: Secret
    locale: Locale = "zh-CN"
    updown: UpDown = "red-up"
    focus: Focus = "chart"
    remember: Remember = "body"


class Login(Wire):
    username: Username | None = None
    password: Secret
    remember: Remember = "body"


class Registration(Wire):
    username: Username
    email: Annotated[str, StringConstraints(max_length=254)] | None = None
    password: Secret
    remember: Remember = "body"


class PasswordGrant(Wire):
    """The OAuth2 password form, as the Authorize button of the API docs sends it."""

    grant_type: Literal["password"] | None = None
    username: Username
    password: Secret
    scope: Annotated[str, StringConstraints(max_length=255)] = ""
    client_id: Annotated[str, StringConstraints(max_length=255)] | None = None
    client_secret: Annotated[str, StringConstraints(max_length=255)] | None = None


class RefreshRequest(Wire):
    """The refresh token of the body; without one the cookie is used."""

    refresh_token: Token | None = None


class TokenOut(Wire):
    """`refresh_token` is null when it travels in the cookie; `expires_in` is seconds of the access token."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"
    expires_in: int
    refresh_token: str | None


class ProfileOut(Wire):
    """`phone` and `id_card` are masked."""

    display_name: str
    avatar: str | None
    phone: str | None
    real_name: str | None
    id_card: str | None
    locale: Locale
    theme: Theme
    updown: UpDown
    density: Density
    focus: Focus
    point_labels: PointLabels


class ProfileChange(Wire):
    """Only the fields that are present change; null clears those that may be empty."""

    display_name: Line = ""
    avatar: Avatar | None = None
    phone: Phone | None = None
    real_name: Line | None = None
    id_card: IdCard | None = None
    locale: Locale = "zh-CN"
    theme: Theme = "dark"
    updown: UpDown = "red-up"
    density: Density = "compact"
    focus: Focus = "chart"
    point_labels: PointLabels = "B1"


class PasswordChange(Wire):
    current_password: Secret
    new_password: Secret


class UserOut(Wire):
    id: Id
    username: str
    email: str | None
    role: str
    roles: list[str]
    status: UserStatus
    created_at: TimeMs


class Me(Wire):
    id: Id
    username: str
    email: str | None
    roles: list[str]
    permissions: list[str]
    status: UserStatus
    profile: ProfileOut
    created_at: TimeMs


class RolesChange(Wire):
    roles: Annotated[list[RoleName], Field(min_length=1, max_length=20)]


class StatusChange(Wire):
    status: UserStatus


class RoleOut(Wire):
    name: str
    permissions: list[str]


class NewRole(Wire):
    name: RoleName
    permissions: Annotated[list[PermissionName], Field(max_length=200)]


class PermissionsChange(Wire):
    permissions: Annotated[list[PermissionName], Field(max_length=200)]


class TicketOut(Wire):
    """A single-use admission to the socket; `expires_in` is seconds."""

    ticket: str
    expires_in: int
