"""The way in, over HTTP: onboarding, login, refresh, logout, profile."""

from datetime import timedelta
from pathlib import Path

import pytest
from pwdlib.hashers.bcrypt import BcryptHasher
from sqlalchemy import select, update

from alphaloop.core.clock import ManualClock
from alphaloop.features.users.models import LoginFamily, User, UserProfile
from alphaloop.infra.db import Database
from tests.features.users.house import OTHER_PASSWORD, PASSWORD, House, bearer, open_house


async def test_the_first_visit_says_that_nobody_lives_here(house: House) -> None:
    answer = await house.client.get("/api/v1/auth/state")
    assert answer.status_code == 200
    state = answer.json()
    assert (state["onboarded"], state["mode"]) == (False, "local")
    await house.onboard()
    assert (await house.client.get("/api/v1/auth/state")).json()["onboarded"] is True


async def test_onboarding_makes_the_first_account_the_administrator(house: House) -> None:
    issued = await house.onboard(locale="en", updown="green-up", focus="quant")
    assert issued["token_type"] == "bearer"
    assert issued["expires_in"] == 900
    me = (await house.me(issued["access_token"])).json()
    assert me["username"] == "admin"
    assert me["roles"] == ["admin"]
    assert "user.manage" in me["permissions"]
    assert isinstance(me["id"], str)
    assert isinstance(me["created_at"], int)
    profile = me["profile"]
    assert (profile["locale"], profile["updown"], profile["focus"]) == ("en", "green-up", "quant")


async def test_onboarding_works_once(house: House) -> None:
    await house.onboard()
    again = await house.client.post("/api/v1/auth/onboard", json={"password": OTHER_PASSWORD})
    assert again.status_code == 409
    assert again.json()["code"] == "already_onboarded"
    assert await house.count(User) == 1


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short one 12"[:11], "password_too_short"),
        ("password12345", "password_too_common"),
        ("é" * 600 + "kettle green", "password_too_long"),
    ],
)
async def test_a_weak_password_makes_no_account(house: House, password: str, code: str) -> None:
    answer = await house.client.post("/api/v1/auth/onboard", json={"password": password})
    assert answer.status_code == 422
    assert answer.json()["code"] == code
    assert await house.count(User) == 0


async def test_onboarding_uses_the_configured_name(db: Database, clock: ManualClock, tmp_path: Path) -> None:
    async with open_house(db, clock, tmp_path, admin_username="keeper") as house:
        issued = await house.onboard()
        assert (await house.me(issued["access_token"])).json()["username"] == "keeper"


async def test_a_local_login_needs_only_the_password(house: House) -> None:
    await house.onboard()
    answer = await house.login(None)
    assert answer.status_code == 200
    assert (await house.me(answer.json()["access_token"])).json()["username"] == "admin"


async def test_a_server_login_needs_a_name(db: Database, clock: ManualClock, tmp_path: Path) -> None:
    async with open_house(db, clock, tmp_path, single_user=False) as house:
        answer = await house.login(None)
        assert answer.status_code == 422
        assert answer.json()["code"] == "username_needed"


async def test_a_name_is_the_same_in_any_case(house: House) -> None:
    await house.onboard()
    await house.register("Maria")
    assert (await house.login("mARIA", OTHER_PASSWORD)).status_code == 200
    taken = await house.client.post("/api/v1/auth/register", json={"username": "MARIA", "password": OTHER_PASSWORD})
    assert taken.status_code == 409
    assert taken.json()["code"] == "username_or_email_taken"


async def test_registration_is_closed_unless_opened(db: Database, clock: ManualClock, tmp_path: Path) -> None:
    async with open_house(db, clock, tmp_path) as house:
        await house.onboard()
        answer = await house.client.post(
            "/api/v1/auth/register", json={"username": "maria", "password": OTHER_PASSWORD}
        )
        assert answer.status_code == 403
        assert answer.json()["code"] == "registration_closed"
        assert len(await house.audit_rows("http.refused")) == 1


async def test_a_newcomer_is_a_trader(house: House) -> None:
    await house.onboard()
    issued = await house.register("maria")
    me = (await house.me(issued["access_token"])).json()
    assert me["roles"] == ["trader"]
    assert "order.place" in me["permissions"]
    assert "user.manage" not in me["permissions"]


async def test_the_cookie_keeps_the_refresh_token_out_of_reach_of_scripts(house: House) -> None:
    answer = await house.client.post("/api/v1/auth/onboard", json={"password": PASSWORD, "remember": "cookie"})
    assert answer.json()["refresh_token"] is None
    cookie = answer.headers["set-cookie"].lower()
    for part in ("httponly", "samesite=strict", "path=/api/v1/auth"):
        assert part in cookie
    assert "secure" not in cookie
    assert answer.headers["cache-control"] == "no-store"
    renewed = await house.client.post("/api/v1/auth/refresh")
    assert renewed.status_code == 200
    assert renewed.json()["refresh_token"] is None
    assert renewed.headers["set-cookie"] != answer.headers["set-cookie"]
    assert (await house.me(renewed.json()["access_token"])).status_code == 200


async def test_over_https_the_cookie_is_secure(house: House) -> None:
    async with house.from_peer("127.0.0.1", base_url="https://127.0.0.1:8000") as client:
        answer = await client.post("/api/v1/auth/onboard", json={"password": PASSWORD, "remember": "cookie"})
    assert "secure" in answer.headers["set-cookie"].lower()


async def test_a_refresh_by_body_answers_in_the_body(house: House) -> None:
    issued = await house.onboard()
    answer = await house.client.post("/api/v1/auth/refresh", json={"refresh_token": issued["refresh_token"]})
    assert answer.status_code == 200
    assert answer.json()["refresh_token"] not in (None, issued["refresh_token"])
    assert "set-cookie" not in answer.headers


async def test_a_refresh_token_dies_after_its_days(house: House, clock: ManualClock) -> None:
    issued = await house.onboard()
    clock.advance(timedelta(days=7, seconds=1))
    answer = await house.client.post("/api/v1/auth/refresh", json={"refresh_token": issued["refresh_token"]})
    assert answer.status_code == 401
    assert answer.json()["code"] == "refresh_invalid"


async def test_the_authorize_button_of_the_docs_can_sign_in(house: House) -> None:
    await house.onboard()
    form = {"grant_type": "password", "username": "admin", "password": PASSWORD}
    answer = await house.client.post("/api/v1/auth/token", data=form)
    assert answer.status_code == 200
    assert (await house.me(answer.json()["access_token"])).status_code == 200


async def test_a_bcrypt_hash_is_accepted_and_upgraded_at_login(house: House) -> None:
    await house.onboard()
    old = BcryptHasher(rounds=4).hash(PASSWORD)
    async with house.db.write() as session:
        await session.execute(update(User).values(password_hash=old))
    assert (await house.login("admin")).status_code == 200
    async with house.db.read() as session:
        stored = await session.scalar(select(User.password_hash))
    assert stored is not None
    assert stored.startswith("$argon2id$")
    assert (await house.login("admin")).status_code == 200


async def test_changing_the_password_ends_every_other_login(house: House) -> None:
    here = await house.onboard()
    there = (await house.login("admin")).json()
    body = {"current_password": PASSWORD, "new_password": OTHER_PASSWORD}
    answer = await house.client.put("/api/v1/auth/password", json=body, headers=bearer(here["access_token"]))
    assert answer.status_code == 204
    for old in (here, there):
        assert (await house.me(old["access_token"])).status_code == 401
    gone = await house.client.post("/api/v1/auth/refresh", json={"refresh_token": there["refresh_token"]})
    assert gone.status_code == 401
    kept = await house.client.post("/api/v1/auth/refresh", json={"refresh_token": here["refresh_token"]})
    assert kept.status_code == 200
    assert (await house.login("admin", PASSWORD)).status_code == 401
    assert (await house.login("admin", OTHER_PASSWORD)).status_code == 200


async def test_a_password_is_not_changed_without_the_current_one(house: House) -> None:
    issued = await house.onboard()
    body = {"current_password": "not the right one", "new_password": OTHER_PASSWORD}
    answer = await house.client.put("/api/v1/auth/password", json=body, headers=bearer(issued["access_token"]))
    assert answer.status_code == 403
    assert answer.json()["code"] == "wrong_password"
    assert (await house.login("admin", PASSWORD)).status_code == 200
    assert len(await house.audit_rows("http.refused")) == 1


async def test_a_profile_keeps_what_was_not_sent(house: House) -> None:
    headers = bearer((await house.onboard())["access_token"])
    first = await house.client.put(
        "/api/v1/auth/profile", json={"display_name": "阿海", "theme": "light"}, headers=headers
    )
    assert first.status_code == 200
    second = (await house.client.put("/api/v1/auth/profile", json={"updown": "cb"}, headers=headers)).json()
    assert second["profile"]["display_name"] == "阿海"
    assert second["profile"]["theme"] == "light"
    assert second["profile"]["updown"] == "cb"


async def test_private_fields_are_sealed_at_rest_and_masked_on_the_way_out(house: House) -> None:
    headers = bearer((await house.onboard())["access_token"])
    private = {"phone": "+8613812345678", "real_name": "王小明", "id_card": "110101199003071234"}
    shown = (await house.client.put("/api/v1/auth/profile", json=private, headers=headers)).json()["profile"]
    assert shown["phone"] == "+86138****5678"
    assert shown["id_card"] == "110***********1234"
    assert shown["real_name"] == "王小明"
    async with house.db.read() as session:
        row = (await session.execute(select(UserProfile.__table__))).mappings().one()
    stored = " ".join(str(value) for value in row.values())
    for secret in private.values():
        assert secret not in stored
    for entry in await house.audit_rows():
        text = f"{entry.before} {entry.after} {entry.details}"
        assert not any(secret in text for secret in private.values())


async def test_a_masked_value_that_comes_back_from_a_form_changes_nothing(house: House) -> None:
    headers = bearer((await house.onboard())["access_token"])
    await house.client.put("/api/v1/auth/profile", json={"id_card": "110101199003071234"}, headers=headers)
    again = {"id_card": "110***********1234"}
    shown = (await house.client.put("/api/v1/auth/profile", json=again, headers=headers)).json()
    assert shown["profile"]["id_card"] == "110***********1234"
    cleared = (await house.client.put("/api/v1/auth/profile", json={"id_card": None}, headers=headers)).json()
    assert cleared["profile"]["id_card"] is None


async def test_every_refusal_of_the_way_in_is_documented(house: House) -> None:
    document = house.app.openapi()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation["operationId"].isidentifier(), (path, method)
            assert "422" in operation["responses"] or path == "/api/v1/auth/state"
    assert document["paths"]["/api/v1/auth/login"]["post"]["responses"].keys() >= {"200", "401", "422", "429"}
    assert document["components"]["securitySchemes"]["OAuth2PasswordBearer"]


async def test_each_change_leaves_exactly_one_audit_row(house: House) -> None:
    async def rows_after(expected: int) -> None:
        assert len(await house.audit_rows()) == expected

    issued = await house.onboard()
    headers = bearer(issued["access_token"])
    await rows_after(1)
    await house.login("admin")
    await rows_after(2)
    await house.client.put("/api/v1/auth/profile", json={"theme": "light"}, headers=headers)
    await rows_after(3)
    await house.client.post("/api/v1/stream/ticket", headers=headers)
    await rows_after(4)
    await house.client.post("/api/v1/auth/refresh", json={"refresh_token": issued["refresh_token"]})
    await rows_after(5)
    await house.register("maria")
    await rows_after(6)
    await house.client.put("/api/v1/users/2/roles", json={"roles": ["follower"]}, headers=headers)
    await rows_after(7)
    await house.client.put("/api/v1/users/2/status", json={"status": "DISABLED"}, headers=headers)
    await rows_after(8)
    await house.client.post("/api/v1/roles", json={"name": "watcher", "permissions": ["market.read"]}, headers=headers)
    await rows_after(9)
    await house.client.put("/api/v1/roles/watcher/permissions", json={"permissions": []}, headers=headers)
    await rows_after(10)
    await house.client.post("/api/v1/auth/logout", headers=headers)
    await rows_after(11)
    rows = await house.audit_rows()
    assert all(row.result == "OK" and row.ip_address == "127.0.0.1" and len(row.request_id) >= 8 for row in rows)


async def test_logging_out_leaves_the_other_login_alone(house: House) -> None:
    here = await house.onboard()
    there = (await house.login("admin")).json()
    answer = await house.client.post("/api/v1/auth/logout", headers=bearer(here["access_token"]))
    assert answer.status_code == 204
    assert (await house.me(there["access_token"])).status_code == 200
    async with house.db.read() as session:
        reasons = list(await session.scalars(select(LoginFamily.reason).order_by(LoginFamily.id)))
    assert reasons == ["logout", None]


async def test_a_browser_logs_out_by_its_cookie_when_its_access_token_has_run_out(
    house: House, clock: ManualClock
) -> None:
    await house.client.post("/api/v1/auth/onboard", json={"password": PASSWORD, "remember": "cookie"})
    clock.advance(timedelta(hours=2))
    answer = await house.client.post("/api/v1/auth/logout")
    assert answer.status_code == 204
    assert "alphaloop_refresh" not in house.client.cookies
    assert (await house.client.post("/api/v1/auth/logout")).status_code == 401
