"""Every operation of the OpenAPI document against hostile input; a new route is covered the day it appears.

Whatever comes in: never a 5xx, always the one error body with a stable code, and nothing stored.
"""

import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from alphaloop.core.clock import ManualClock
from alphaloop.entrypoints.web import make_app
from alphaloop.infra.db import Database
from tests.journeys.town import Town, furnish, open_town

DOCUMENT = make_app(None).openapi()
_CODE = re.compile(r"[a-z][a-z0-9_.]*")

# JSON texts that no field may accept, whatever its type.
POISON = {
    "nan": "NaN",
    "infinity": "Infinity",
    "minus infinity": "-Infinity",
    "nul": '"a\\u0000b"',
    "lone surrogate": '"\\ud800"',
    "too deep": "[" * 60 + "]" * 60,
    "long number": "9" * 5000,
    "broken": '{"',
}
# JSON texts that are wrong for numbers, ids and flags.
MISFITS = {
    "1e400": "1e400",
    "1e-400": "1e-400",
    "exponent": '"1E+1000"',
    "underscore": '"1_000"',
    "arabic digits": '"١٢٣"',
    "wide digits": '"１２"',
    "text": '"x"',
    "empty": '""',
    "spaces": '" 1 "',
    "plus": '"+1"',
    "hex": '"0x10"',
    "40 digits": '"' + "9" * 40 + '"',
    "object": "{}",
    "list": "[1]",
}
# For texts and choices these may be legal; they only must not break anything.
ODD = {
    **MISFITS,
    "true": "true",
    "null": "null",
    "number": "7",
    "rtl": '"\\u202eabc"',
    "crlf": '"a\\r\\nb"',
    "csv": '"=cmd()"',
}
_NUMBERS = ["NaN", "1e400", "1_000", "١٢٣", "-1", "99999999999999999999", "9223372036854775808"]
QUERY = [*_NUMBERS, "true", "'; DROP TABLE users;--", "%00", "%ff", "%E2%80%AE", "x" * 5000]
PATH = [*_NUMBERS, "0", "..%2f..%2fetc", "%00", "%ff", "x" * 3000]


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            # Ending the own login would only make everything after it a 401.
            if path.startswith("/api/") and not path.endswith("/auth/logout"):
                yield method.upper(), path.removeprefix("/api/v1"), operation


OPERATIONS = list(operations())


def has_body(operation: dict[str, Any]) -> bool:
    return "application/json" in operation.get("requestBody", {}).get("content", {})


WITH_BODY = [one for one in OPERATIONS if has_body(one[2])]


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema behind references; of several alternatives the first that is not null."""
    while True:
        if "$ref" in schema:
            schema = DOCUMENT["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        elif "anyOf" in schema:
            schema = next(one for one in schema["anyOf"] if one.get("type") != "null")
        elif len(schema.get("allOf", [])) == 1:
            schema = schema["allOf"][0]
        else:
            return schema


def sample(schema: dict[str, Any]) -> Any:
    """Some value that fits the schema well enough for another field to be looked at."""
    schema = resolved(schema)
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object":
        return {
            name: sample(one)
            for name, one in schema.get("properties", {}).items()
            if name in schema.get("required", ())
        }
    if kind == "array":
        return []
    if kind in ("integer", "number"):
        return max(schema.get("minimum", 1), 1)
    if kind == "boolean":
        return False
    return "1" if "pattern" in schema or "format" in schema else "text"


def body_schema(operation: dict[str, Any]) -> dict[str, Any]:
    return resolved(operation["requestBody"]["content"]["application/json"]["schema"])


def strict(schema: dict[str, Any]) -> bool:
    """Whether the field is a number, an id, money or a flag, for which every misfit is wrong."""
    schema = resolved(schema)
    return schema.get("type") in ("integer", "number", "boolean") or "\\d" in schema.get("pattern", "")


def filled(path: str, ids: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)(?::path)?\}", lambda found: ids.get(found[1], "1"), path)


def with_field(base: dict[str, Any], name: str, raw: str) -> bytes:
    others = [f"{json.dumps(key)}:{json.dumps(value)}" for key, value in base.items() if key != name]
    return ("{" + ",".join([*others, f"{json.dumps(name)}:{raw}"]) + "}").encode()


def refusal(answer: httpx2.Response, what: str) -> str:
    """The stable code of a well-formed refusal."""
    assert 400 <= answer.status_code < 500, f"{what}: {answer.status_code} {answer.text[:300]}"
    body = answer.json()
    assert set(body) == {"code", "message", "detail", "request_id", "retryable"}, f"{what}: {body}"
    assert _CODE.fullmatch(body["code"]), f"{what}: {body}"
    assert len(answer.content) < 4000, what
    return str(body["code"])


def sane(answer: httpx2.Response, what: str) -> None:
    assert answer.status_code < 500, f"{what}: {answer.status_code} {answer.text[:300]}"
    if answer.status_code >= 400:
        refusal(answer, what)


@pytest.fixture
async def town(db: Database, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Town]:
    async with open_town(db, clock, tmp_path / "home") as opened:
        yield opened


async def post(town: Town, method: str, path: str, body: bytes) -> httpx2.Response:
    return await town.send(method, path, content=body, headers={"Content-Type": "application/json"})


async def test_no_field_takes_poison_and_nothing_is_stored(town: Town) -> None:
    ids = await furnish(town, "anna")
    before = await town.rows()
    for method, path, operation in WITH_BODY:
        schema, address = body_schema(operation), filled(path, ids)
        base = sample(schema)
        for name in schema.get("properties", {}):
            for kind, raw in POISON.items():
                refusal(
                    await post(town, method, address, with_field(base, name, raw)), f"{method} {path} {name} {kind}"
                )
        for raw in ("NaN", "null", "[]", "1", '"x"', "{", "", '{"a":1,"a":2}', '{"\\u0000":1}', "\ufeff{}"):
            answer = await post(town, method, address, raw.encode())
            if "null" not in raw and raw:
                refusal(answer, f"{method} {path} body {raw!r}")
        refusal(await post(town, method, address, b"\xff\xfe{}"), f"{method} {path} not utf-8")
    assert await town.rows() == before


async def test_no_body_takes_a_key_it_does_not_know(town: Town) -> None:
    ids = await furnish(town, "anna")
    before = await town.rows()
    for method, path, operation in WITH_BODY:
        base = sample(body_schema(operation))
        for key in ("role", "user_id", "balance", "status", "is_admin", "__proto__", "x" * 300):
            if key in body_schema(operation).get("properties", {}):
                continue
            what = f"{method} {path} {key[:20]}"
            answer = await post(town, method, filled(path, ids), json.dumps({**base, key: "1"}).encode())
            assert refusal(answer, what) == "invalid", what
            assert "x" * 50 not in answer.text
    assert await town.rows() == before


async def test_numbers_ids_and_flags_take_nothing_else(town: Town) -> None:
    ids = await furnish(town, "anna")
    before = await town.rows()
    for method, path, operation in WITH_BODY:
        schema = body_schema(operation)
        base = sample(schema)
        for name, field in schema.get("properties", {}).items():
            if not strict(field):
                continue
            for kind, raw in MISFITS.items():
                what = f"{method} {path} {name} {kind}"
                refusal(await post(town, method, filled(path, ids), with_field(base, name, raw)), what)
    assert await town.rows() == before


async def test_odd_texts_break_nothing(town: Town) -> None:
    ids = await furnish(town, "anna")
    for method, path, operation in WITH_BODY:
        schema = body_schema(operation)
        base = sample(schema)
        for name in schema.get("properties", {}):
            for kind, raw in ODD.items():
                what = f"{method} {path} {name} {kind}"
                sane(await post(town, method, filled(path, ids), with_field(base, name, raw)), what)


def required_query(operation: dict[str, Any]) -> dict[str, str]:
    return {
        one["name"]: str(sample(one["schema"]))
        for one in operation.get("parameters", [])
        if one["in"] == "query" and one.get("required")
    }


def encoded(text: str) -> str:
    """Percent-encoded, unless it already says exactly which bytes to send."""
    return text if text.startswith("%") else quote(text, safe="")


async def test_query_path_and_header_parameters_break_nothing(town: Town) -> None:
    ids = await furnish(town, "anna")
    for method, path, operation in OPERATIONS:
        body = json.dumps(sample(body_schema(operation))).encode() if has_body(operation) else None
        for one in operation.get("parameters", []):
            for value in PATH if one["in"] == "path" else QUERY:
                headers = {**town.headers["anna"], "Content-Type": "application/json"}
                query, places = required_query(operation), dict(ids)
                if one["in"] == "path":
                    places[one["name"]] = value if "%2f" in value else encoded(value)
                elif one["in"] == "query":
                    query[one["name"]] = value
                elif value.isascii():
                    headers[one["name"]] = value
                text = "&".join(f"{name}={encoded(raw)}" for name, raw in query.items())
                url = f"/api/v1{filled(path, places)}?{text}"
                answer = await town.client.request(method, url, headers=headers, content=body)
                sane(answer, f"{method} {path} {one['name']}={value[:20]}")


async def test_a_body_of_ten_megabytes_is_refused_everywhere(town: Town) -> None:
    before = await town.rows()
    big = b'{"name":"' + b"x" * 10_000_000 + b'"}'
    for method, path, _ in WITH_BODY:
        answer = await post(town, method, filled(path, {}), big)
        assert refusal(answer, f"{method} {path}") == "body_too_large"
    assert await town.rows() == before


async def test_nobody_comes_in_without_signing_in(town: Town) -> None:
    open_to_all = {"/auth/state", "/auth/onboard", "/auth/login", "/auth/token", "/auth/register", "/auth/refresh"}
    for method, path, operation in OPERATIONS:
        if path in open_to_all:
            continue
        body = sample(body_schema(operation)) if has_body(operation) else None
        query = required_query(operation)
        answer = await town.send(method, filled(path, {}), who="nobody", json=body, params=query)
        assert answer.status_code == 401, f"{method} {path}: {answer.status_code}"
        refusal(answer, f"{method} {path}")
