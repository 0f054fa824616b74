"""Why a source does not answer, told apart on loopback: name, way, encryption, block, key; with and without a proxy."""

import asyncio
import base64
import socket
import ssl
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import websockets

from alphaloop.adapters.feeds import _reach
from alphaloop.adapters.feeds._proxy import Proxy, open_tunnel, parse_proxy
from alphaloop.adapters.feeds._reach import reach
from alphaloop.core.errors import InvalidError, UnavailableError
from tests.adapters.feeds.loopback import answering, hanging_up, http_proxy, served, socks_proxy


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost that nobody has signed but itself, with its key, in one PEM file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    plain = serialization.NoEncryption()
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    return path


@pytest.mark.parametrize(
    ("status", "headers", "code"),
    [
        ("200 OK", None, "ok"),
        ("404 Not Found", None, "ok"),
        ("401 Unauthorized", None, "key_refused"),
        ("401 Unauthorized", {"X-Key": "k"}, "key_refused"),
        ("403 Forbidden", {"X-Key": "k"}, "key_refused"),
        ("403 Forbidden", None, "blocked"),
        ("451 Unavailable For Legal Reasons", {"X-Key": "k"}, "blocked"),
        ("429 Too Many Requests", None, "blocked"),
        ("418 I'm a teapot", None, "blocked"),
        ("502 Bad Gateway", None, "source_failing"),
        ("gibberish", None, "source_failing"),
    ],
)
def test_an_answer_says_whether_the_key_the_place_or_the_source_is_at_fault(
    status: str, headers: dict[str, str] | None, code: str
) -> None:
    with served(answering(status)) as port:
        answer = reach(f"http://127.0.0.1:{port}/", headers=headers)
    assert answer.code == code
    assert answer.ok or answer.message.endswith(".")


def test_a_name_nobody_knows_is_told_from_a_closed_door() -> None:
    assert reach("https://source.invalid/").code == "dns_failed"
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    assert reach(f"http://127.0.0.1:{port}/").code == "connection_refused"
    assert reach(f"tcp://127.0.0.1:{port}").code == "connection_refused"
    with served(answering("200 OK")) as open_port:
        assert reach(f"tcp://127.0.0.1:{open_port}").ok


def test_silence_and_a_cut_line_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_reach, "TIMEOUT_S", 0.3)
    with served(lambda made: time.sleep(1)) as port:
        assert reach(f"http://127.0.0.1:{port}/").code == "timed_out"
    with served(hanging_up) as port:
        assert reach(f"http://127.0.0.1:{port}/").code == "blocked"


def test_encryption_that_cannot_be_agreed_on_says_why(certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def secured(made: socket.socket) -> None:
        with context.wrap_socket(made, server_side=True) as wrapped:
            answering("200 OK")(wrapped)

    with served(secured) as port:
        distrusted = reach(f"https://localhost:{port}/")
        assert distrusted.code == "tls_failed"
        assert "self" in distrusted.message
        trusting = ssl.create_default_context(cafile=str(certificate))
        assert reach(f"https://localhost:{port}/", context=trusting).ok
        named_otherwise = reach(f"https://127.0.0.1:{port}/", context=trusting)
        assert named_otherwise.code == "tls_failed"
    with served(lambda made: made.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port:
        assert reach(f"https://127.0.0.1:{port}/").code == "tls_failed"


def test_both_kinds_of_proxy_lead_there_and_resolve_the_name_themselves() -> None:
    seen: list[str] = []
    with served(answering("200 OK")) as source:
        with served(http_proxy(seen)) as port:
            assert reach(f"http://source.invalid:{source}/", proxy=Proxy("http", "127.0.0.1", port)).ok
        with served(socks_proxy(seen)) as port:
            assert reach(f"http://source.invalid:{source}/", proxy=Proxy("socks5", "127.0.0.1", port)).ok
    assert seen == [f"source.invalid:{source}"] * 2


def test_a_proxy_asks_for_its_login() -> None:
    login = base64.b64encode(b"ada:s3cret").decode()
    with served(answering("200 OK")) as source:
        url = f"http://127.0.0.1:{source}/"
        with served(http_proxy([], login=login)) as port:
            assert reach(url, proxy=Proxy("http", "127.0.0.1", port, "ada", "s3cret")).ok
            assert reach(url, proxy=Proxy("http", "127.0.0.1", port, "ada", "other")).code == "proxy_login_refused"
        with served(socks_proxy([], login=("ada", "s3cret"))) as port:
            assert reach(url, proxy=Proxy("socks5", "127.0.0.1", port, "ada", "s3cret")).ok
            assert reach(url, proxy=Proxy("socks5", "127.0.0.1", port, "ada", "no")).code == "proxy_login_refused"
            assert reach(url, proxy=Proxy("socks5", "127.0.0.1", port)).code == "proxy_login_refused"


def test_a_proxy_that_is_away_or_unwilling_is_not_the_sources_fault() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    assert reach("http://source.invalid/", proxy=Proxy("http", "127.0.0.1", port)).code == "proxy_unreachable"
    with served(http_proxy([], status="403 Forbidden")) as port:
        assert reach("http://source.invalid/", proxy=Proxy("http", "127.0.0.1", port)).code == "proxy_refused"
    with served(socks_proxy([], said=5)) as port:
        assert reach("http://source.invalid/", proxy=Proxy("socks5", "127.0.0.1", port)).code == "proxy_refused"
    with served(answering("200 OK")) as port:  # a web server is no SOCKS proxy
        assert not reach("http://source.invalid/", proxy=Proxy("socks5", "127.0.0.1", port)).ok


@pytest.mark.parametrize(("scheme", "make"), [("http", http_proxy), ("socks5", socks_proxy)])
async def test_a_websocket_goes_through_the_same_tunnel(scheme: str, make: object) -> None:
    async def echo(connection: websockets.ServerConnection) -> None:
        async for message in connection:
            await connection.send(message)

    assert callable(make)
    async with websockets.serve(echo, "127.0.0.1", 0) as server:
        far = server.sockets[0].getsockname()[1]
        with served(make([])) as port:
            proxy = Proxy(scheme, "127.0.0.1", port)
            tunnel = await asyncio.to_thread(open_tunnel, proxy, "stream.invalid", far, timeout_s=5)
            tunnel.setblocking(False)
            async with websockets.connect(f"ws://stream.invalid:{far}", sock=tunnel, proxy=None) as connection:
                await connection.send("bar")
                assert await connection.recv() == "bar"


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://127.0.0.1:7890", "http://127.0.0.1:7890"),
        (" socks5://localhost:1080/ ", "socks5h://localhost:1080"),
        ("socks5://proxy.example", "socks5h://proxy.example:1080"),
        ("http://ada:p%40ss@[::1]:8080", "http://ada:p%40ss@[::1]:8080"),
    ],
)
def test_a_proxy_is_written_as_an_address(text: str, url: str) -> None:
    proxy = parse_proxy(text)
    assert proxy is not None
    assert proxy.url == url
    assert f"HTTPS_PROXY={url}" in proxy.environment


@pytest.mark.parametrize(
    "text",
    ["ftp://a:1", "127.0.0.1:7890", "http://", "http://a:99999", "http://a/b", "http://a b:1", "file:///etc/passwd"],
)
def test_anything_else_is_no_proxy(text: str) -> None:
    with pytest.raises(InvalidError) as refused:
        parse_proxy(text)
    assert refused.value.code == "bad_proxy"
    assert parse_proxy("  ") is None


def test_a_tunnel_that_breaks_off_is_a_typed_error() -> None:
    with served(lambda made: made.close()) as port, pytest.raises(UnavailableError):
        open_tunnel(Proxy("socks5", "127.0.0.1", port), "source.invalid", 443, timeout_s=2)
