"""The outermost layer: sizes, ids, headers, unreadable addresses, and errors that tell nothing private."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from loguru import logger

from alphaloop.core.errors import AlphaLoopError, Kind, TooManyError
from alphaloop.infra.http.doors import StrictRoute
from alphaloop.infra.http.errors import STATUS, install_error_handlers
from alphaloop.infra.http.middleware import Outermost
from alphaloop.infra.http.wire import Money, Wire


class Paid(Wire):
    amount: Money


def make_app() -> FastAPI:
    app = FastAPI()
    app.router.route_class = StrictRoute
    install_error_handlers(app)

    @app.post("/pay")
    async def pay(body: Paid) -> Paid:
        return body

    @app.get("/echo")
    async def echo(q: str) -> str:
        return q

    @app.get("/fail")
    async def fail() -> None:
        raise RuntimeError("canary /secret/path")

    @app.get("/refuse/{kind}")
    async def refuse(kind: str) -> None:
        if kind == "too_many":
            raise TooManyError("slowly", retry_after_s=7)
        error = AlphaLoopError("no", code="tests.no", fields=(("a", "b"),))
        error.kind = Kind(kind)
        raise error

    app.add_middleware(Outermost, body_limit=lambda path: 1000 if path == "/pay" else 10)
    return app


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=make_app(), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as opened:
        yield opened


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """What is logged meanwhile."""
    found: list[str] = []
    sink = logger.add(lambda message: found.append(str(message)), level="ERROR")
    yield found
    logger.remove(sink)


async def test_money_passes_as_it_was_written(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/pay", content=b'{"amount": 1.10}', headers={"content-type": "application/json"})
    assert answer.json() == {"amount": "1.1"}


async def test_a_body_over_its_limit_is_refused_whether_announced_or_not(client: httpx2.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(200):
            yield b" " * 10

    for content in (b" " * 1001, chunks()):
        answer = await client.post("/pay", content=content, headers={"content-type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize("length", ["-1", "x", "1e3", "9" * 5000])
async def test_a_nonsense_length_is_refused(client: httpx2.AsyncClient, length: str) -> None:
    answer = await client.post("/pay", content=b"{}", headers={"content-length": length})
    assert 400 <= answer.status_code < 500


@pytest.mark.parametrize("path", ["/echo?q=%00", "/echo?q=%ff", "/echo?q=%ed%a0%80", "/%00", "/%ff", "/a%00b"])
async def test_an_address_no_column_can_hold_is_refused(client: httpx2.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (400, "text_not_allowed")


async def test_every_answer_is_dressed(client: httpx2.AsyncClient) -> None:
    for path in ("/echo?q=a", "/nowhere", "/fail", "/%00", "/refuse/forbidden"):
        headers = (await client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert len(headers["x-request-id"]) >= 8


async def test_a_request_keeps_a_decent_id_and_gets_one_instead_of_a_forged_one(client: httpx2.AsyncClient) -> None:
    good = await client.get("/nowhere", headers={"x-request-id": "abc-12345"})
    assert good.headers["x-request-id"] == good.json()["request_id"] == "abc-12345"
    for bad in ("short", "x" * 65, "with space", "line\\nbreak;", "<script>1"):
        answer = await client.get("/nowhere", headers={"x-request-id": bad})
        assert answer.headers["x-request-id"] == answer.json()["request_id"] != bad


async def test_a_failure_of_ours_is_logged_in_full_and_told_in_brief(
    client: httpx2.AsyncClient, lines: list[str]
) -> None:
    answer = await client.get("/fail")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "canary" not in answer.text
    assert any("unhandled error in GET /fail" in line and "canary" in line for line in lines)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.TOO_MANY])
async def test_each_kind_of_refusal_has_its_status_and_the_one_body(client: httpx2.AsyncClient, kind: Kind) -> None:
    answer = await client.get(f"/refuse/{kind}")
    body: dict[str, Any] = answer.json()
    assert answer.status_code == STATUS[kind]
    assert body["request_id"] == answer.headers["x-request-id"]
    assert (body["code"], body["message"], body["detail"]) == ("tests.no", "no", [{"field": "a", "code": "b"}])
    assert ("www-authenticate" in answer.headers) is (kind is Kind.UNAUTHENTICATED)


async def test_too_many_says_when_to_come_back(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/refuse/too_many")
    assert (answer.status_code, answer.headers["retry-after"], answer.json()["retryable"]) == (429, "7", True)


async def test_a_refused_value_is_not_repeated(client: httpx2.AsyncClient) -> None:
    for body in ('{"amount": "canary"}', '{"canary": 1, "amount": 1}', '{"amount": {"canary": 1}}', '"canary"'):
        answer = await client.post("/pay", content=body, headers={"content-type": "application/json"})
        assert answer.status_code == 422
        assert "canary" not in answer.text


async def test_the_wrong_method_and_place_have_the_one_body_too(client: httpx2.AsyncClient) -> None:
    for method, path, code in (("DELETE", "/pay", "method_not_allowed"), ("GET", "/nowhere", "not_found")):
        answer = await client.request(method, path)
        assert answer.json()["code"] == code
        assert set(answer.json()) == {"code", "message", "detail", "request_id", "retryable"}
