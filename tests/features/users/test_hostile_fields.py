"""Every field of every route of this room against hostile input: a 4xx with a stable code, and nothing stored."""

import json
from typing import Any

import pytest

from alphaloop.features.audit.models import AuditLog
from alphaloop.features.users.models import LoginFamily, Role, User, UserProfile
from tests.features.users.house import OTHER_PASSWORD, PASSWORD, House, bearer

BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "/api/v1/auth/login"): {"username": "admin", "password": PASSWORD, "remember": "body"},
    ("POST", "/api/v1/auth/register"): {
        "username": "maria",
        "email": "maria@example.org",
        "password": OTHER_PASSWORD,
        "remember": "body",
    },
    ("POST", "/api/v1/auth/refresh"): {"refresh_token": "x" * 43},
    ("PUT", "/api/v1/auth/profile"): {
        "display_name": "M",
        "avatar": "data:image/png;base64,AAAA",
        "phone": "+491701234567",
        "real_name": "M",
        "id_card": "110101199003071234",
        "locale": "en",
        "theme": "dark",
        "updown": "cb",
        "density": "compact",
        "focus": "ops",
        "point_labels": "zh",
    },
    ("PUT", "/api/v1/auth/password"): {"current_password": PASSWORD, "new_password": OTHER_PASSWORD},
    ("PUT", "/api/v1/users/1/roles"): {"roles": ["admin"]},
    ("PUT", "/api/v1/users/1/status"): {"status": "ACTIVE"},
    ("POST", "/api/v1/roles"): {"name": "watcher", "permissions": ["market.read"]},
    ("PUT", "/api/v1/roles/trader/permissions"): {"permissions": ["market.read"]},
}
# JSON text of one value each.
HOSTILE = {
    "nan": "NaN",
    "infinity": "-Infinity",
    "1e400": "1e400",
    "number": "7",
    "bool": "true",
    "list": "[]",
    "object": "{}",
    "deep": "[" * 40 + "]" * 40,
    "nul": '"a\\u0000b"',
    "surrogate": '"\\ud800"',
    "underscored": '"1_000\\u0007"',
    "long": json.dumps("x" * 70_000),
    "line break": '"a\\r\\nSet-Cookie: x"',
}
# Fields for which one of the values above is a legal one.
LEGAL = {
    ("permissions", "list"),
    ("password", "line break"),
    ("current_password", "line break"),
    ("new_password", "line break"),
    ("password", "underscored"),
    ("current_password", "underscored"),
    ("new_password", "underscored"),
    ("refresh_token", "line break"),
    ("refresh_token", "underscored"),
}


async def stored(house: House) -> tuple[int, ...]:
    return tuple([await house.count(model) for model in (User, UserProfile, LoginFamily, Role, AuditLog)])


def with_value(body: dict[str, Any], field: str, value: str) -> str:
    """The body as JSON text, one field of it replaced by raw text."""
    others = json.dumps({key: inner for key, inner in body.items() if key != field})
    return others[:-1] + (", " if len(others) > 2 else "") + f'"{field}": {value}}}'


@pytest.mark.parametrize(("method", "path"), list(BODIES))
async def test_a_hostile_value_is_a_4xx_and_nothing_is_stored(house: House, method: str, path: str) -> None:
    headers = {**bearer((await house.onboard())["access_token"]), "Content-Type": "application/json"}
    before = await stored(house)
    for field in BODIES[method, path]:
        for name, value in HOSTILE.items():
            if (field, name) in LEGAL:
                continue
            body = with_value(BODIES[method, path], field, value)
            answer = await house.client.request(method, path, content=body, headers=headers)
            assert 400 <= answer.status_code < 500, (field, name, answer.text)
            problem = answer.json()
            assert set(problem) == {"code", "message", "detail", "request_id", "retryable"}, (field, name)
            assert problem["code"] not in ("", "http_error"), (field, name)
            assert "xxxxxxxx" not in answer.text, (field, name)
    assert await stored(house) == before


@pytest.mark.parametrize(("method", "path"), list(BODIES))
async def test_a_body_that_is_no_object_is_a_4xx(house: House, method: str, path: str) -> None:
    headers = {**bearer((await house.onboard())["access_token"]), "Content-Type": "application/json"}
    before = await stored(house)
    valid = json.dumps(BODIES[method, path])
    for body in (b"[]", b"3", b'"x"', b"{", b"\xff\xfe", b'{"a":1,"a":2}', b"[" * 100_000, valid[:-1].encode()):
        answer = await house.client.request(method, path, content=body, headers=headers)
        assert 400 <= answer.status_code < 500, body[:20]
    too_big = await house.client.request(method, path, content=b'{"a":"' + b"x" * 10_000_000 + b'"}', headers=headers)
    assert (too_big.status_code, too_big.json()["code"]) == (413, "body_too_large")
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/xml"):
        wrong = await house.client.request(method, path, content=valid, headers={**headers, "Content-Type": kind})
        assert 400 <= wrong.status_code < 500, kind
    assert await stored(house) == before


NO_IDS = ["0x1", "1.0", "1e3", "-1", "1_000", "９", "9223372036854775808", "9" * 20, "%00", "1%00", "%ff", "x'--"]


async def test_an_id_that_is_none_is_a_4xx(house: House) -> None:
    headers = bearer((await house.onboard())["access_token"])
    before = await stored(house)
    for bad in NO_IDS:
        answer = await house.client.put(f"/api/v1/users/{bad}/status", json={"status": "ACTIVE"}, headers=headers)
        assert 400 <= answer.status_code < 500, bad
    assert await stored(house) == before


async def test_an_id_nobody_has_is_not_found(house: House) -> None:
    headers = bearer((await house.onboard())["access_token"])
    for user_id in (0, 2, 2**63 - 1):
        answer = await house.client.put(f"/api/v1/users/{user_id}/status", json={"status": "ACTIVE"}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "user_not_found")


BAD_PAGES = ["limit=0", "limit=201", "limit=1e9", "limit=1_0", "limit=x", "cursor=x", "cursor=c-1", "cursor=%00"]


async def test_a_bad_page_is_a_4xx(house: House) -> None:
    headers = bearer((await house.onboard())["access_token"])
    for path in ("/api/v1/users", "/api/v1/audit/logs"):
        for query in BAD_PAGES:
            answer = await house.client.get(f"{path}?{query}", headers=headers)
            assert 400 <= answer.status_code < 500, (path, query)


BAD_EMAILS = [
    "plain",
    "a@b",
    "a@@b.org",
    "a b@c.org",
    "a@b..",
    "ü@example.org",
    "a@example.org\n",
    "",
    "a" * 250 + "@b.de",
]
BAD_NAMES = ["ab", "a" * 33, "a b", "аdmin", "admin\u202e", "-dash", "a/b", "<b>", "ａｂｃ"]


async def test_bad_names_and_addresses_are_refused(house: House) -> None:
    await house.onboard()
    bodies = [{"username": "maria", "email": email} for email in BAD_EMAILS]
    bodies += [{"username": username} for username in BAD_NAMES]
    for body in bodies:
        answer = await house.client.post("/api/v1/auth/register", json={**body, "password": OTHER_PASSWORD})
        assert answer.status_code == 422, body
    assert await house.count(User) == 1


async def test_the_form_of_the_docs_is_as_strict(house: House) -> None:
    await house.onboard()
    url, good = "/api/v1/auth/token", {"username": "admin", "password": PASSWORD}
    for extra in ({"role": "admin"}, {"grant_type": "client_credentials"}, {"username": "x" * 300}):
        answer = await house.client.post(url, data={**good, **extra})
        assert answer.status_code == 422
    for body in (b"username=%00&password=%00", b"username=%ff%fe&password=x", b"&&&&", b"username=admin"):
        answer = await house.client.post(
            url, content=body, headers={"Content-Type": "application/x-www-form-urlencoded"}
        )
        assert 400 <= answer.status_code < 500, body
    files = {"username": ("a.txt", b"admin"), "password": ("b.txt", b"x")}
    assert 400 <= (await house.client.post(url, files=files)).status_code < 500
