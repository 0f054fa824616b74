"""Tables of people, their rights and their logins. Tokens are stored as fingerprints only."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from alphaloop.infra.columns import Key, Model


class User(Model):
    """A person. `username_key` is the folded name that must be unique; `role` is the primary one of `user_roles`.

    Raising `auth_version` makes every access token of this person worthless at once.
    """

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    username: Mapped[str] = mapped_column(String(64))
    username_key: Mapped[str] = mapped_column(String(128), unique=True)
    email: Mapped[str | None] = mapped_column(String(254))
    email_key: Mapped[str | None] = mapped_column(String(254), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    role: Mapped[str] = mapped_column(String(32))
    status: Mapped[str] = mapped_column(String(16))
    auth_version: Mapped[int]
    created_at: Mapped[datetime]


class UserProfile(Model):
    """How a person is called and likes things shown; phone, real name and id card are sealed by the vault."""

    __tablename__ = "user_profiles"

    user_id: Mapped[int] = mapped_column(
        Key, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    display_name: Mapped[str] = mapped_column(String(64))
    avatar: Mapped[str | None] = mapped_column(Text)
    phone_sealed: Mapped[str | None] = mapped_column(Text)
    real_name_sealed: Mapped[str | None] = mapped_column(Text)
    id_card_sealed: Mapped[str | None] = mapped_column(Text)
    locale: Mapped[str] = mapped_column(String(8))
    theme: Mapped[str] = mapped_column(String(8))
    updown: Mapped[str] = mapped_column(String(16))
    density: Mapped[str] = mapped_column(String(16))
    focus: Mapped[str] = mapped_column(String(16))
    point_labels: Mapped[str] = mapped_column(String(8))


class Role(Model):
    __tablename__ = "roles"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)


class Permission(Model):
    __tablename__ = "permissions"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)


class UserRole(Model):
    __tablename__ = "user_roles"

    user_id: Mapped[int] = mapped_column(
        Key, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    role: Mapped[str] = mapped_column(String(32), ForeignKey("roles.name"), primary_key=True, index=True)


class RolePermission(Model):
    __tablename__ = "role_permissions"

    role: Mapped[str] = mapped_column(String(32), ForeignKey("roles.name", ondelete="CASCADE"), primary_key=True)
    permission: Mapped[str] = mapped_column(String(64), ForeignKey("permissions.name"), primary_key=True)


class LoginFamily(Model):
    """One login on one device: all refresh tokens that descend from it stand and fall together."""

    __tablename__ = "login_families"
    __table_args__ = (Index("ix_login_families_user_id_revoked_at", "user_id", "revoked_at"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    user_id: Mapped[int] = mapped_column(Key, ForeignKey("users.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(String(32))
    ip_address: Mapped[str] = mapped_column(String(45))
    user_agent: Mapped[str] = mapped_column(String(255))


class RefreshToken(Model):
    __tablename__ = "refresh_tokens"

    fingerprint: Mapped[str] = mapped_column(String(64), primary_key=True)
    family_id: Mapped[int] = mapped_column(Key, ForeignKey("login_families.id", ondelete="CASCADE"), index=True)
    issued_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class WsTicket(Model):
    """A single-use admission to the socket, redeemable by any web process."""

    __tablename__ = "ws_tickets"

    fingerprint: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(Key, ForeignKey("users.id", ondelete="CASCADE"))
    family_id: Mapped[int] = mapped_column(Key, ForeignKey("login_families.id", ondelete="CASCADE"))
    auth_version: Mapped[int]
    issued_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    expires_at: Mapped[datetime] = mapped_column(index=True)
