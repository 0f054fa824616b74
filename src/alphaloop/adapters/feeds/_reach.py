"""Says why a source does not answer: its name, the way, the encryption, a block, or the key. Each is another repair."""

import socket
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from alphaloop.adapters.feeds._proxy import Proxy, open_tunnel
from alphaloop.core.errors import AlphaLoopError, UnavailableError

TIMEOUT_S = 8.0
_BLOCKS = {403, 418, 429, 451}
_SAID = {
    "dns_failed": "The source's name cannot be resolved.",
    "timed_out": "The source does not answer in time.",
    "connection_refused": "The source's computer refuses the connection.",
    "connection_failed": "There is no way to the source's computer.",
    "tls_failed": "The encryption cannot be agreed on: {}.",
    "blocked": "Something on the way, or the source itself, blocks this machine: {}.",
    "key_refused": "The source answers, but refuses the key.",
    "source_failing": "The source answers, but fails: {}.",
}


@dataclass(frozen=True, slots=True)
class Reached:
    """`code` is 'ok' or one of the reasons above; `message` one sentence."""

    code: str
    message: str = ""

    @property
    def ok(self) -> bool:
        return self.code == "ok"


def reach(
    url: str,
    *,
    proxy: Proxy | None = None,
    headers: dict[str, str] | None = None,
    context: ssl.SSLContext | None = None,
) -> Reached:
    """Try a source step by step: name, connection, TLS (https), one GET. tcp:// URLs end at the connection.

    `headers` carry the key, if there is one; a refusal of the request then counts as a refusal of the key. Never
    raises."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    try:
        made = _connection(host, port, proxy)
        try:
            if parts.scheme == "https":
                made = (context or ssl.create_default_context()).wrap_socket(made, server_hostname=host)
            if parts.scheme != "tcp":
                _judge(_status(made, host, parts.path or "/", headers or {}), keyed=bool(headers))
        finally:
            made.close()
    except AlphaLoopError as error:
        return Reached(error.code, error.message)
    except OSError as error:
        refused = _named(error)
        return Reached(refused.code, refused.message)
    return Reached("ok")


def _named(error: OSError) -> UnavailableError:
    """What an error of the network means to a person."""
    if isinstance(error, ssl.SSLError):
        return _failed("tls_failed", _tls_reason(error))
    if isinstance(error, TimeoutError):
        return _failed("timed_out")
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        # Firewalls that dislike a name cut the connection once they have read it.
        return _failed("blocked", "the connection was cut")
    return _failed("connection_failed")


def _failed(code: str, more: str = "") -> UnavailableError:
    return UnavailableError(_SAID[code].format(more), code=code)


def _connection(host: str, port: int, proxy: Proxy | None) -> socket.socket:
    if proxy is not None:
        return open_tunnel(proxy, host, port, timeout_s=TIMEOUT_S)
    try:
        socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise _failed("dns_failed") from error
    try:
        return socket.create_connection((host, port), timeout=TIMEOUT_S)
    except ConnectionRefusedError as error:
        raise _failed("connection_refused") from error


def _status(made: socket.socket, host: str, path: str, headers: dict[str, str]) -> int:
    """Status of one GET; a source that hangs up without a word counts as cut."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "User-Agent: Mozilla/5.0", "Accept: */*", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    made.sendall("\r\n".join([*lines, "", ""]).encode())
    first = b""
    while b"\r\n" not in first and len(first) < 4096:
        part = made.recv(1024)
        if not part:
            break
        first += part
    if not first:
        raise ConnectionResetError
    words = first.split(b"\r\n", 1)[0].split(b" ")
    return int(words[1]) if len(words) > 1 and words[0].startswith(b"HTTP/") and words[1].isdigit() else 0


def _judge(status: int, *, keyed: bool) -> None:
    if status == 401 or (status == 403 and keyed):
        raise _failed("key_refused")
    if status in _BLOCKS:
        raise _failed("blocked", f"it answers {status}")
    if status >= 500 or status == 0:
        raise _failed("source_failing", f"it answers {status}" if status else "it does not speak HTTP")


def _tls_reason(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message or "its certificate is not trusted"
    return (error.reason or "handshake failed").replace("_", " ").lower()
