"""The administrator named in the environment, and refresh tokens that are forgotten in time."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pwdlib.hashers.bcrypt import BcryptHasher

from alphaloop.core.clock import ManualClock
from alphaloop.features.users.models import RefreshToken, User
from alphaloop.features.users.service import ensure_admin, ensure_roles
from alphaloop.infra.db import Database
from alphaloop.infra.security import Passwords
from alphaloop.infra.settings import Settings, SettingsError
from tests.features.users.house import CHEAP, PASSWORD, House, bearer, open_house


def bcrypt(password: str) -> str:
    return BcryptHasher(rounds=4).hash(password)


def admin_settings(home: Path, hashed: str, **extra: Any) -> Settings:
    return Settings.model_validate({"home": home, "admin_username": "Chief", "admin_password_hash": hashed, **extra})


async def make(db: Database, clock: ManualClock, settings: Settings) -> User | None:
    async with db.write() as session:
        return await ensure_admin(session, settings, clock, Passwords(CHEAP))


async def test_the_environment_makes_the_first_administrator_once(
    db: Database, clock: ManualClock, tmp_path: Path
) -> None:
    settings = admin_settings(tmp_path, bcrypt(PASSWORD))
    made = await make(db, clock, settings)
    assert made is not None
    assert (made.username, made.role) == ("Chief", "admin")
    assert await make(db, clock, settings) is None
    async with open_house(db, clock, tmp_path, single_user=False) as house:
        answer = await house.login("chief", PASSWORD)
        assert answer.status_code == 200
        assert "user.manage" in (await house.me(answer.json()["access_token"])).json()["permissions"]
        assert [row.actor_type for row in await house.audit_rows("users.admin_made")] == ["SYSTEM"]


async def test_without_a_name_and_a_hash_nobody_is_made(db: Database, clock: ManualClock, tmp_path: Path) -> None:
    assert await make(db, clock, Settings(home=tmp_path)) is None
    assert await make(db, clock, Settings(home=tmp_path, admin_username="chief")) is None


@pytest.mark.parametrize("hashed", ["plain password", "5f4dcc3b5aa765d61d8327deb882cf99", "$1$abc$def"])
async def test_an_unusable_hash_stops_the_start(db: Database, clock: ManualClock, tmp_path: Path, hashed: str) -> None:
    with pytest.raises(SettingsError, match="ADMIN_PASSWORD_HASH") as stopped:
        await make(db, clock, admin_settings(tmp_path, hashed))
    assert hashed not in str(stopped.value)


@pytest.mark.parametrize("password", ["admin", "password", "changeme", "Chief"])
async def test_production_refuses_the_hash_of_a_default_password(
    db: Database, clock: ManualClock, tmp_path: Path, password: str
) -> None:
    extra = {"environment": "production", "jwt_secret": "k" * 40}
    with pytest.raises(SettingsError, match="well-known"):
        await make(db, clock, admin_settings(tmp_path, bcrypt(password), **extra))
    assert await make(db, clock, admin_settings(tmp_path, bcrypt(PASSWORD), **extra)) is not None


async def test_expired_tokens_are_forgotten_at_a_later_login(house: House, clock: ManualClock) -> None:
    await house.onboard()
    clock.advance(timedelta(days=9))
    await house.login("admin")
    assert await house.count(RefreshToken) == 1


async def test_starting_again_keeps_what_an_operator_changed(house: House) -> None:
    headers = bearer((await house.onboard())["access_token"])
    await house.client.put("/api/v1/roles/trader/permissions", json={"permissions": ["market.read"]}, headers=headers)
    async with house.db.write() as session:
        await ensure_roles(session)
    roles = (await house.client.get("/api/v1/roles", headers=headers)).json()
    assert [role["name"] for role in roles] == ["admin", "agent", "follower", "trader"]
    assert next(role for role in roles if role["name"] == "trader")["permissions"] == ["market.read"]
