"""Attacks on signing in and staying in (TRUST, security checklist A and B), run against real routes."""

import asyncio
import base64
import hashlib
import hmac
import json
import statistics
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import select, update

from alphaloop.core.clock import ManualClock
from alphaloop.features.audit.models import AuditLog
from alphaloop.features.users.models import LoginFamily, RefreshToken, User, UserProfile
from alphaloop.infra.db import Database
from alphaloop.infra.limits import RateLimits, per_minutes
from alphaloop.infra.security import ISSUER, Tokens
from alphaloop.infra.settings import Settings, SettingsError, load_settings
from tests.features.users.house import OTHER_PASSWORD, PASSWORD, House, bearer, open_house


def part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def claims_of(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def secret_of(house: House) -> str:
    return (house.wiring.settings.home / "jwt.key").read_text()


async def refused(house: House, token: str) -> bool:
    answer = await house.me(token)
    return answer.status_code == 401 and answer.json()["code"].startswith("token_")


# A1


async def test_a1_an_unsigned_token_is_refused(house: House) -> None:
    claims = claims_of((await house.onboard())["access_token"])
    for header in ({"alg": "none"}, {"alg": "None", "typ": "JWT"}, {"alg": "NONE"}):
        assert await refused(house, f"{part(header)}.{part(claims)}.")


OWN_KEYS: list[dict[str, Any]] = [
    {"alg": "HS256", "kid": "../../dev/null"},
    {"alg": "HS256", "jku": "https://evil.example/keys"},
    {"alg": "HS256", "jwk": {"kty": "oct", "k": "AA"}},
    {"alg": "HS256", "x5u": "https://evil.example/cert"},
]


async def test_a1_a_token_that_brings_its_own_key_is_refused(house: House) -> None:
    claims = claims_of((await house.onboard())["access_token"])
    for header in OWN_KEYS:
        signed = f"{part(header)}.{part(claims)}"
        for key in (b"", b"\x00", b"secret", b"change-me"):
            mark = base64.urlsafe_b64encode(hmac.new(key, signed.encode(), hashlib.sha256).digest()).rstrip(b"=")
            assert await refused(house, f"{signed}.{mark.decode()}"), header


async def test_a1_another_algorithm_than_ours_is_refused_even_with_the_right_secret(house: House) -> None:
    claims = claims_of((await house.onboard())["access_token"])
    assert not await refused(house, jwt.encode(claims, secret_of(house), algorithm="HS256"))
    for algorithm in ("HS384", "HS512"):
        assert await refused(house, jwt.encode(claims, secret_of(house), algorithm=algorithm))


async def test_a1_one_changed_byte_is_refused(house: House) -> None:
    token = (await house.onboard())["access_token"]
    head, body, mark = token.split(".")
    claims = claims_of(token)
    assert await refused(house, f"{head}.{part({**claims, 'fam': 1, 'ver': 1, 'sub': '1', 'x': 1})}.{mark}")
    assert await refused(house, f"{head}.{body}.{mark[:-2]}")
    for junk in ("x", "..", "a.b.c", token + "." + token, "Bearer " + token, "9" * 9000):
        assert await refused(house, junk)


# A2


WRONG_CLAIMS: list[dict[str, Any]] = [
    {"aud": "refresh"},
    {"iss": "someone"},
    {"exp": 1},
    {"fam": "1"},
    {"fam": True},
    {"fam": 2**70},
    {"fam": -1},
    {"ver": None},
]


async def test_a2_a_token_without_any_one_of_its_claims_is_refused(house: House) -> None:
    claims = claims_of((await house.onboard())["access_token"])
    for missing in ("exp", "iat", "nbf", "sub", "jti", "aud", "iss", "fam", "ver"):
        fewer = {name: value for name, value in claims.items() if name != missing}
        assert await refused(house, jwt.encode(fewer, secret_of(house), algorithm="HS256")), missing


async def test_a2_a_claim_of_the_wrong_kind_is_refused(house: House) -> None:
    claims = claims_of((await house.onboard())["access_token"])
    for change in WRONG_CLAIMS:
        assert await refused(house, jwt.encode({**claims, **change}, secret_of(house), algorithm="HS256")), change


async def test_a2_an_access_token_ends_by_our_clock(house: House, clock: ManualClock) -> None:
    token = (await house.onboard())["access_token"]
    clock.advance(timedelta(minutes=15, seconds=-1))
    assert not await refused(house, token)
    clock.advance(timedelta(seconds=1))
    answer = await house.me(token)
    assert (answer.status_code, answer.json()["code"]) == (401, "token_expired")


# A3


async def test_a3_no_token_serves_as_another(house: House, clock: ManualClock) -> None:
    issued = await house.onboard()
    access, refresh_token = issued["access_token"], issued["refresh_token"]
    ticket = (await house.client.post("/api/v1/stream/ticket", headers=bearer(access))).json()["ticket"]
    for wrong in (refresh_token, ticket):
        assert (await house.me(wrong)).status_code == 401
    for wrong in (access, ticket):
        answer = await house.client.post("/api/v1/auth/refresh", json={"refresh_token": wrong})
        assert answer.status_code == 401
    mail = Tokens(secret_of(house), clock).sign(
        subject="1", audience="password-reset", ttl=timedelta(minutes=5), claims={"fam": 1, "ver": 1}
    )
    assert claims_of(mail)["iss"] == ISSUER
    assert await refused(house, mail)


# A4


async def test_a4_an_old_refresh_token_that_comes_back_revokes_the_family(house: House, clock: ManualClock) -> None:
    first = await house.onboard()
    second = (await house.client.post("/api/v1/auth/refresh", json={"refresh_token": first["refresh_token"]})).json()
    clock.advance(timedelta(seconds=11))
    replay = await house.client.post("/api/v1/auth/refresh", json={"refresh_token": first["refresh_token"]})
    assert replay.status_code == 401
    assert (await house.me(second["access_token"])).status_code == 401
    after = await house.client.post("/api/v1/auth/refresh", json={"refresh_token": second["refresh_token"]})
    assert after.status_code == 401
    rows = await house.audit_rows("users.refresh_replayed")
    assert [(row.result, row.user_id) for row in rows] == [("REFUSED", 1)]
    assert (await house.login("admin")).status_code == 200


async def test_a4_two_parallel_refreshes_stay_one_family_without_lock_out(house: House, clock: ManualClock) -> None:
    issued = await house.onboard()
    body = {"refresh_token": issued["refresh_token"]}
    answers = await asyncio.gather(*(house.client.post("/api/v1/auth/refresh", json=body) for _ in range(2)))
    assert [answer.status_code for answer in answers] == [200, 200]
    async with house.db.read() as session:
        families = list(await session.scalars(select(LoginFamily.revoked_at)))
    assert families == [None]
    clock.advance(timedelta(minutes=20))
    for answer in answers:
        later = await house.client.post("/api/v1/auth/refresh", json={"refresh_token": answer.json()["refresh_token"]})
        assert later.status_code == 200


# A5


async def test_a5_logout_counts_at_once(house: House) -> None:
    issued = await house.onboard()
    await house.client.post("/api/v1/auth/logout", headers=bearer(issued["access_token"]))
    answer = await house.me(issued["access_token"])
    assert (answer.status_code, answer.json()["code"]) == (401, "token_revoked")
    again = await house.client.post("/api/v1/auth/refresh", json={"refresh_token": issued["refresh_token"]})
    assert again.status_code == 401


async def test_a5_a_logout_counts_in_every_other_process_too(house: House, clock: ManualClock, tmp_path: Path) -> None:
    issued = await house.onboard()
    elsewhere_db = Database(house.db.url)
    async with open_house(elsewhere_db, clock, house.wiring.settings.home) as elsewhere:
        assert (await elsewhere.me(issued["access_token"])).status_code == 200
        await house.client.post("/api/v1/auth/logout", headers=bearer(issued["access_token"]))
        assert (await elsewhere.me(issued["access_token"])).status_code == 401
    await elsewhere_db.close()


async def test_a5_a_disabled_person_is_out_at_once(house: House) -> None:
    admin = await house.onboard()
    maria = await house.register("maria")
    answer = await house.client.put(
        "/api/v1/users/2/status", json={"status": "DISABLED"}, headers=bearer(admin["access_token"])
    )
    assert answer.json()["status"] == "DISABLED"
    assert (await house.me(maria["access_token"])).status_code == 401
    again = await house.client.post("/api/v1/auth/refresh", json={"refresh_token": maria["refresh_token"]})
    assert again.status_code == 401
    login = await house.login("maria", OTHER_PASSWORD)
    assert (login.status_code, login.json()["code"]) == (401, "login_failed")


async def test_a5_a_changed_role_takes_the_old_token_away(house: House) -> None:
    admin = await house.onboard()
    maria = await house.register("maria")
    await house.client.put("/api/v1/users/2/roles", json={"roles": ["follower"]}, headers=bearer(admin["access_token"]))
    assert (await house.me(maria["access_token"])).status_code == 401
    renewed = await house.client.post("/api/v1/auth/refresh", json={"refresh_token": maria["refresh_token"]})
    me = (await house.me(renewed.json()["access_token"])).json()
    assert me["roles"] == ["follower"]
    assert "order.place" not in me["permissions"]


# A6


@pytest.mark.parametrize("secret", ["", "secret", "change-me", "CHANGEME", "short-but-not-default", "x" * 31])
def test_a6_production_refuses_to_start_with_a_weak_secret(monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    monkeypatch.setenv("ALPHALOOP_ENV", "production")
    monkeypatch.setenv("JWT_SECRET", secret)
    monkeypatch.delenv("JWT_SECRET_KEY", raising=False)
    with pytest.raises(SettingsError, match="JWT_SECRET"):
        load_settings()


def test_a6_development_makes_a_random_secret_and_keeps_it(tmp_path: Path) -> None:
    from alphaloop.infra.security import secret_or_made

    made = secret_or_made("", tmp_path)
    assert len(made) == 64
    assert secret_or_made("", tmp_path) == made
    assert secret_or_made("", tmp_path / "elsewhere") != made
    assert (tmp_path / "jwt.key").stat().st_mode & 0o077 == 0


# A7


async def test_a7_guesses_behind_rotating_forwarded_addresses_are_throttled(
    db: Database, clock: ManualClock, tmp_path: Path
) -> None:
    limits = RateLimits(limits={"login_account": per_minutes(1000, 5), "login_peer": per_minutes(5, 5)})
    async with open_house(db, clock, tmp_path, limits=limits) as house:
        statuses = []
        for guess in range(8):
            answer = await house.client.post(
                "/api/v1/auth/login",
                json={"username": f"name{guess}", "password": "wrong password"},
                headers={"X-Forwarded-For": f"203.0.113.{guess}", "X-Real-IP": f"203.0.113.{guess}"},
            )
            statuses.append(answer.status_code)
        assert statuses == [401] * 5 + [429] * 3
        assert int(answer.headers["retry-after"]) >= 1
        assert {row.ip_address for row in await house.audit_rows()} == {"127.0.0.1"}


async def test_a7_guesses_against_one_account_are_throttled_wherever_they_come_from(
    db: Database, clock: ManualClock, tmp_path: Path
) -> None:
    limits = RateLimits(limits={"login_account": per_minutes(4, 5)})
    async with open_house(db, clock, tmp_path, limits=limits) as house:
        await house.onboard()
        statuses = []
        for guess in range(6):
            async with house.from_peer(f"198.51.100.{guess}") as client:
                body = {"username": "ADMIN" if guess % 2 else "admin", "password": f"wrong password {guess}"}
                statuses.append((await client.post("/api/v1/auth/login", json=body)).status_code)
        assert statuses == [401] * 4 + [429] * 2


async def test_a7_the_right_password_starts_the_count_over(db: Database, clock: ManualClock, tmp_path: Path) -> None:
    limits = RateLimits(limits={"login_account": per_minutes(3, 5)})
    async with open_house(db, clock, tmp_path, limits=limits) as house:
        await house.onboard()
        for _ in range(3):
            await house.login("admin", "wrong password")
            assert (await house.login("admin")).status_code == 200


async def test_a7_a_trusted_proxy_names_the_client_and_nobody_else_does(
    db: Database, clock: ManualClock, tmp_path: Path
) -> None:
    async with open_house(db, clock, tmp_path, forwarded_allow_ips="10.0.0.0/8") as house:
        spoofed = {"X-Forwarded-For": "1.2.3.4, 203.0.113.9, 10.0.0.7"}
        async with house.from_peer("10.0.0.5") as client:
            await client.post("/api/v1/auth/login", json={"password": "wrong password"}, headers=spoofed)
        async with house.from_peer("192.0.2.1") as client:
            await client.post("/api/v1/auth/login", json={"password": "wrong password"}, headers=spoofed)
        assert [row.ip_address for row in await house.audit_rows()] == ["203.0.113.9", "192.0.2.1"]


async def test_a7_unknown_names_and_wrong_passwords_look_the_same(house: House) -> None:
    await house.onboard()
    await house.register("maria")
    async with house.db.write() as session:
        await session.execute(update(User).where(User.id == 2).values(status="DISABLED"))
    bodies = set()
    for username, password in (("nobody", PASSWORD), ("admin", "wrong password"), ("maria", OTHER_PASSWORD)):
        answer = await house.login(username, password)
        body = {key: value for key, value in answer.json().items() if key != "request_id"}
        bodies.add((answer.status_code, json.dumps(body)))
    assert len(bodies) == 1
    assert len(await house.audit_rows("users.login_refused")) == 3


async def test_a7_an_unknown_name_costs_the_same_time() -> None:
    from alphaloop.infra.security import Passwords

    passwords = Passwords()
    known = Argon2Hasher().hash(PASSWORD)
    await passwords.verify("warm up", None)

    async def seconds(hashed: str | None) -> float:
        start = time.perf_counter()
        assert await passwords.verify("wrong password", hashed) == (False, None)
        return time.perf_counter() - start

    # In turns, and the quickest of each, so that a busy machine disturbs both alike.
    pairs = [(await seconds(None), await seconds(known)) for _ in range(6)]
    unknown_s, known_s = (min(times) for times in zip(*pairs, strict=True))
    assert 0.5 < unknown_s / known_s < 2


# A8


UNUSUAL = {
    "72 bytes": "k" + "ab9-xyQz" * 8 + "1234567",
    "73 bytes": "k" + "ab9-xyQz" * 9,
    "1024 bytes": "ab9-xyQz" * 128,
    "letters of two scripts": "päss-wörter 漢字 kette",
    "emoji": "🦊🐢🦉🐙🦔🐝🦋🐌🐞🦂🐍🦎",
}


async def test_a8_unusual_passwords_work_without_truncation(house: House) -> None:
    await house.onboard()
    for number, (name, password) in enumerate(UNUSUAL.items()):
        await house.register(f"user{number}", password)
        assert (await house.login(f"user{number}", password)).status_code == 200, name
        assert (await house.login(f"user{number}", password + "x")).status_code == 401, name
        assert (await house.login(f"user{number}", password[:-1])).status_code == 401, name


async def test_a8_an_oversized_password_is_refused_politely(house: House) -> None:
    await house.onboard()
    for size in (1025, 4096, 5000):
        long = ("ab9-xyQz" * (size // 8 + 1))[:size]
        assert (await house.login("admin", long)).status_code in (401, 422)
        answer = await house.client.post("/api/v1/auth/register", json={"username": "maria", "password": long})
        assert answer.status_code == 422
    assert await house.count(User) == 1


async def test_a8_a_bcrypt_hash_meets_a_password_longer_than_bcrypt_knows(house: House) -> None:
    from pwdlib.hashers.bcrypt import BcryptHasher

    await house.onboard()
    async with house.db.write() as session:
        await session.execute(update(User).values(password_hash=BcryptHasher(rounds=4).hash("k" * 72)))
    assert (await house.login("admin", "k" * 73)).status_code == 401
    form = {"username": "admin", "password": "k\x00k"}
    assert (await house.client.post("/api/v1/auth/token", data=form)).status_code in (401, 422)


async def test_a8_the_stored_hash_is_argon2id(house: House) -> None:
    await house.onboard()
    async with house.db.read() as session:
        stored = await session.scalar(select(User.password_hash))
    assert stored is not None
    assert stored.startswith("$argon2id$")


async def test_a8_a_burst_of_logins_does_not_stall_the_loop() -> None:
    from alphaloop.infra.security import Passwords

    passwords = Passwords()
    hashed = Argon2Hasher(time_cost=2, memory_cost=16_384).hash(PASSWORD)
    gaps, stop = [], asyncio.Event()

    async def heartbeat() -> None:
        while not stop.is_set():
            start = time.perf_counter()
            await asyncio.sleep(0.005)
            gaps.append(time.perf_counter() - start)

    beating = asyncio.create_task(heartbeat())
    results = await asyncio.gather(*(passwords.verify("wrong password", hashed) for _ in range(20)))
    stop.set()
    await beating
    assert all(result == (False, None) for result in results)
    assert statistics.median(gaps) < 0.1


# B12, B13, B14


EXTRA_NAMES = """role roles user_id account_id balance commission_rate status plan_status price is_public expires_at
mode permissions id auth_version is_admin password_hash"""
EXTRA = EXTRA_NAMES.split()


SMALLEST: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/api/v1/auth/register", {"username": "maria", "password": OTHER_PASSWORD}),
    ("POST", "/api/v1/auth/login", {"password": PASSWORD}),
    ("PUT", "/api/v1/auth/profile", {"theme": "light"}),
    ("PUT", "/api/v1/auth/password", {"current_password": PASSWORD, "new_password": OTHER_PASSWORD}),
    ("PUT", "/api/v1/users/1/status", {"status": "ACTIVE"}),
    ("PUT", "/api/v1/users/1/roles", {"roles": ["admin"]}),
    ("POST", "/api/v1/auth/refresh", {}),
]


async def test_b12_fields_nobody_asked_for_are_refused(house: House) -> None:
    headers = bearer((await house.onboard())["access_token"])
    before = (await house.count(User), await house.count(AuditLog), await house.count(LoginFamily))
    for method, path, body in SMALLEST:
        for name in set(EXTRA) - set(body):
            answer = await house.client.request(method, path, json={**body, name: "admin"}, headers=headers)
            assert answer.status_code == 422, (path, name)
            assert answer.json()["detail"] == [{"field": "?", "code": "extra_forbidden"}]
    assert (await house.count(User), await house.count(AuditLog), await house.count(LoginFamily)) == before


async def test_b13_the_last_administrator_stays_one(house: House) -> None:
    headers = bearer((await house.onboard())["access_token"])
    demoted = await house.client.put("/api/v1/users/1/roles", json={"roles": ["trader"]}, headers=headers)
    assert (demoted.status_code, demoted.json()["code"]) == (409, "last_admin")
    disabled = await house.client.put("/api/v1/users/1/status", json={"status": "DISABLED"}, headers=headers)
    assert (disabled.status_code, disabled.json()["code"]) == (409, "last_admin")
    weakened = await house.client.put("/api/v1/roles/admin/permissions", json={"permissions": []}, headers=headers)
    assert (weakened.status_code, weakened.json()["code"]) == (409, "role_fixed")
    me = await house.me(headers["Authorization"].removeprefix("Bearer "))
    assert me.json()["roles"] == ["admin"]


async def test_b13_with_a_second_administrator_the_first_may_go(house: House) -> None:
    admin = await house.onboard()
    await house.register("maria")
    headers = bearer(admin["access_token"])
    await house.client.put("/api/v1/users/2/roles", json={"roles": ["admin", "trader"]}, headers=headers)
    gone = await house.client.put("/api/v1/users/1/roles", json={"roles": ["trader"]}, headers=headers)
    assert gone.status_code == 200
    assert (gone.json()["role"], gone.json()["roles"]) == ("trader", ["trader"])


async def test_b13_roles_that_do_not_exist_are_refused(house: House) -> None:
    headers = bearer((await house.onboard())["access_token"])
    wrong: list[tuple[Any, str]] = [
        ([], "invalid"),
        (["emperor"], "unknown_role"),
        (["admin"] * 21, "invalid"),
        ("admin", "invalid"),
        ([{"name": "admin"}], "invalid"),
    ]
    for roles, code in wrong:
        answer = await house.client.put("/api/v1/users/1/roles", json={"roles": roles}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, code)


ADMIN_ROUTES: list[tuple[str, str, dict[str, Any] | None]] = [
    ("GET", "/api/v1/users", None),
    ("PUT", "/api/v1/users/1/roles", {"roles": ["follower"]}),
    ("PUT", "/api/v1/users/1/status", {"status": "DISABLED"}),
    ("GET", "/api/v1/roles", None),
    ("POST", "/api/v1/roles", {"name": "emperor", "permissions": ["user.manage"]}),
    ("PUT", "/api/v1/roles/trader/permissions", {"permissions": ["user.manage"]}),
    ("GET", "/api/v1/permissions", None),
]


async def test_b14_only_an_administrator_reaches_the_administrators_routes(house: House) -> None:
    admin = await house.onboard()
    maria = await house.register("maria")
    for role in ("trader", "follower", "agent"):
        change = {"roles": [role]}
        await house.client.put("/api/v1/users/2/roles", json=change, headers=bearer(admin["access_token"]))
        maria = (await house.client.post("/api/v1/auth/refresh", json={"refresh_token": maria["refresh_token"]})).json()
        before = len(await house.audit_rows())
        for method, path, body in ADMIN_ROUTES:
            answer = await house.client.request(method, path, json=body, headers=bearer(maria["access_token"]))
            assert (answer.status_code, answer.json()["code"]) == (403, "permission_missing"), path
        rows = (await house.audit_rows())[before:]
        expected = [(2, "REFUSED", "http.refused", "127.0.0.1")] * len(ADMIN_ROUTES)
        assert [(row.user_id, row.result, row.action, row.ip_address) for row in rows] == expected


PUBLIC = {
    "/api/v1/auth/state",
    "/api/v1/auth/onboard",
    "/api/v1/auth/login",
    "/api/v1/auth/token",
    "/api/v1/auth/register",
    "/api/v1/auth/refresh",
}


async def test_b14_every_other_route_refuses_who_did_not_sign_in(house: House) -> None:
    await house.onboard()
    before = len(await house.audit_rows())
    tried = 0
    for path, methods in house.app.openapi()["paths"].items():
        if path in PUBLIC:
            continue
        for method in methods:
            for headers in ({}, bearer("x"), {"Authorization": "Basic YWRtaW46YWRtaW4="}, {"Authorization": "Bearer"}):
                url = path.replace("{user_id}", "1").replace("{name}", "trader")
                answer = await house.client.request(method.upper(), url, json={}, headers=headers)
                assert answer.status_code == 401, (method, path)
                assert answer.headers["www-authenticate"] == "Bearer"
                tried += 1
    assert tried >= 40
    assert len(await house.audit_rows()) == before


async def test_b14_an_administrator_reaches_them_and_sees_everybody(house: House) -> None:
    headers = bearer((await house.onboard())["access_token"])
    for name in ("anna", "bert", "carl"):
        await house.register(name)
    first = (await house.client.get("/api/v1/users?limit=3", headers=headers)).json()
    assert [user["username"] for user in first["items"]] == ["admin", "anna", "bert"]
    rest = await house.client.get(f"/api/v1/users?limit=3&cursor={first['next_cursor']}", headers=headers)
    assert [user["username"] for user in rest.json()["items"]] == ["carl"]
    assert rest.json()["next_cursor"] is None
    assert "password" not in json.dumps(first)


async def test_b14_a_new_role_gives_just_what_it_says(house: House) -> None:
    headers = bearer((await house.onboard())["access_token"])
    maria = await house.register("maria")
    watcher = {"name": "watcher", "permissions": ["market.read", "audit.read"]}
    assert (await house.client.post("/api/v1/roles", json=watcher, headers=headers)).status_code == 201
    assert (await house.client.post("/api/v1/roles", json=watcher, headers=headers)).status_code == 409
    await house.client.put("/api/v1/users/2/roles", json={"roles": ["watcher"]}, headers=headers)
    renewed = await house.client.post("/api/v1/auth/refresh", json={"refresh_token": maria["refresh_token"]})
    assert (await house.me(renewed.json()["access_token"])).json()["permissions"] == ["audit.read", "market.read"]
    await house.client.put("/api/v1/roles/watcher/permissions", json={"permissions": []}, headers=headers)
    assert (await house.me(renewed.json()["access_token"])).status_code == 401


async def test_strategy_manage_users_narrows_who_manages_strategies(
    db: Database, clock: ManualClock, tmp_path: Path
) -> None:
    async with open_house(db, clock, tmp_path, registration_open=True, strategy_manage_users="Maria, paul") as house:
        admin = await house.onboard()
        maria = await house.register("maria")
        for issued, may in ((admin, False), (maria, True)):
            permissions = (await house.me(issued["access_token"])).json()["permissions"]
            assert ("strategy.manage" in permissions) is may


# Onboarding from elsewhere


ELSEWHERE: dict[str, tuple[str, str, dict[str, str]]] = {
    "another machine": ("192.168.1.20", "http://127.0.0.1:8000", {}),
    "rebound name": ("127.0.0.1", "http://rebound.example:8000", {}),
    "behind a proxy": ("127.0.0.1", "http://127.0.0.1:8000", {"X-Forwarded-For": "203.0.113.5"}),
    "behind another proxy": ("127.0.0.1", "http://127.0.0.1:8000", {"Forwarded": "for=203.0.113.5"}),
    "foreign page": ("127.0.0.1", "http://127.0.0.1:8000", {"Origin": "https://evil.example"}),
    "opaque page": ("127.0.0.1", "http://127.0.0.1:8000", {"Origin": "null"}),
}


async def test_nobody_elsewhere_makes_the_first_account(house: House) -> None:
    for name, (peer, base_url, headers) in ELSEWHERE.items():
        async with house.from_peer(peer, base_url=base_url) as client:
            answer = await client.post("/api/v1/auth/onboard", json={"password": PASSWORD}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "onboarding_local_only"), name
    assert await house.count(User) == 0
    assert len(await house.audit_rows("http.refused")) == len(ELSEWHERE)


async def test_onboarding_is_closed_on_a_server(db: Database, clock: ManualClock, tmp_path: Path) -> None:
    async with open_house(db, clock, tmp_path, single_user=False) as house:
        answer = await house.client.post("/api/v1/auth/onboard", json={"password": PASSWORD})
        assert (answer.status_code, answer.json()["code"]) == (403, "onboarding_local_only")


async def test_of_two_first_accounts_made_at_once_one_is_made(house: House) -> None:
    answers = await asyncio.gather(
        *(house.client.post("/api/v1/auth/onboard", json={"password": PASSWORD}) for _ in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert (await house.count(User), await house.count(UserProfile)) == (1, 1)


async def test_another_sites_page_cannot_use_the_cookie(house: House) -> None:
    await house.client.post("/api/v1/auth/onboard", json={"password": PASSWORD, "remember": "cookie"})
    before = await house.count(RefreshToken)
    for path in ("/api/v1/auth/refresh", "/api/v1/auth/logout"):
        answer = await house.client.post(path, headers={"Origin": "http://127.0.0.1:3000"})
        assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")
    assert await house.count(RefreshToken) == before
    own = await house.client.post("/api/v1/auth/refresh", headers={"Origin": "http://127.0.0.1:8000"})
    assert own.status_code == 200


def test_settings_refuse_a_star_for_trusted_proxies() -> None:
    with pytest.raises(ValueError, match="addresses or networks"):
        Settings.model_validate({"FORWARDED_ALLOW_IPS": "*"})
