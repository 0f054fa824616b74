"""Where a request comes from: forwarding headers are believed only from our own proxies."""

from typing import Any

import pytest
from starlette.requests import Request

from alphaloop.infra.http.peer import is_https, is_loopback, is_own_origin, peer_address, rate_key, trusted_networks

PROXIES = "10.0.0.0/8, 2001:db8::5"


def asked(peer: str | None, scheme: str = "http", **headers: str) -> Request:
    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "scheme": scheme,
        "query_string": b"",
        "server": ("127.0.0.1", 8000),
        "client": None if peer is None else (peer, 1),
        "headers": [
            (name.replace("_", "-").lower().encode(), value.encode())
            for name, value in {"host": "127.0.0.1:8000", **headers}.items()
        ],
    }
    return Request(scope)


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("192.0.2.1", "1.2.3.4", "192.0.2.1"),
        ("10.0.0.1", "1.2.3.4", "1.2.3.4"),
        ("10.0.0.1", "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        ("10.0.0.1", "6.6.6.6, 1.2.3.4, 10.0.0.9", "1.2.3.4"),
        ("10.0.0.1", "10.0.0.9, 10.0.0.8", "10.0.0.1"),
        ("10.0.0.1", "junk", "10.0.0.1"),
        ("10.0.0.1", "1.2.3.4, junk", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("2001:db8::5", "2001:db8::77", "2001:db8::77"),
        ("2001:db8::6", "2001:db8::77", "2001:db8::6"),
    ],
)
def test_the_address_is_the_last_one_that_is_not_ours(peer: str, forwarded: str, expected: str) -> None:
    assert peer_address(asked(peer, x_forwarded_for=forwarded), PROXIES) == expected


def test_without_a_proxy_nothing_is_believed() -> None:
    assert peer_address(asked("127.0.0.1", x_forwarded_for="1.2.3.4")) == "127.0.0.1"
    assert peer_address(asked(None, x_forwarded_for="1.2.3.4")) == ""


@pytest.mark.parametrize("text", ["*", "10.0.0.1/33", "proxy", "10.0.0.1;10.0.0.2"])
def test_only_addresses_and_networks_are_proxies(text: str) -> None:
    with pytest.raises(ValueError):
        trusted_networks(text)


@pytest.mark.parametrize(
    ("peer", "headers", "expected"),
    [
        ("127.0.0.1", {}, True),
        ("127.8.8.8", {"host": "localhost:8000"}, True),
        ("::1", {"host": "[::1]:8000"}, True),
        ("::ffff:127.0.0.1", {}, True),
        ("192.0.2.1", {}, False),
        ("0.0.0.0", {}, False),
        ("testclient", {}, False),
        ("127.0.0.1", {"host": "evil.example"}, False),
        ("127.0.0.1", {"host": "127.0.0.1.evil.example"}, False),
        ("127.0.0.1", {"host": ""}, False),
        ("127.0.0.1", {"x_forwarded_for": "127.0.0.1"}, False),
        ("127.0.0.1", {"x_real_ip": "127.0.0.1"}, False),
        ("127.0.0.1", {"forwarded": "for=127.0.0.1"}, False),
    ],
)
def test_who_sits_at_this_machine(peer: str, headers: dict[str, str], expected: bool) -> None:
    assert is_loopback(asked(peer, **headers)) is expected


def test_a_trusted_proxy_on_this_machine_does_not_make_its_clients_local() -> None:
    assert not is_loopback(asked("127.0.0.1", x_forwarded_for="192.0.2.1"), "127.0.0.1")
    assert is_https(asked("127.0.0.1", x_forwarded_proto="https"), "127.0.0.1")
    assert not is_https(asked("127.0.0.1", x_forwarded_proto="https"))
    assert is_https(asked("192.0.2.1", scheme="https"))


@pytest.mark.parametrize(
    ("origin", "own"),
    [
        ("http://127.0.0.1:8000", True),
        ("https://127.0.0.1:8000", True),
        ("http://127.0.0.1:3000", False),
        ("http://127.0.0.1:8000.evil.example", False),
        ("null", False),
        ("", False),
    ],
)
def test_a_foreign_page_is_told_by_its_origin(origin: str, own: bool) -> None:
    assert is_own_origin(asked("127.0.0.1", origin=origin)) is own
    assert is_own_origin(asked("127.0.0.1"))


def test_one_customers_ipv6_addresses_count_together() -> None:
    assert rate_key("2001:db8:1:2::3") == rate_key("2001:db8:1:2:ffff::9")
    assert rate_key("2001:db8:1:2::3") != rate_key("2001:db8:1:3::3")
    assert rate_key("192.0.2.1") != rate_key("192.0.2.2")
    assert rate_key("") == ""
