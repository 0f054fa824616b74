"""A way out through somebody's proxy, HTTP CONNECT or SOCKS5: one opened socket serves REST and WebSocket alike.

Only the operator can set a proxy, so its address may be loopback; what lies behind it is named to it, never resolved
here.
"""

import base64
import re
import socket
import struct
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from alphaloop.core.errors import InvalidError, UnavailableError

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.\-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]", re.ASCII)
_SCHEMES = {"http": 8080, "socks5": 1080}
_ANSWER_BYTES = 16_384
_SOCKS_REFUSALS = {2: "its rules forbid it", 3: "no network", 4: "no such host", 5: "connection refused"}


@dataclass(frozen=True, slots=True)
class Proxy:
    scheme: str
    host: str
    port: int
    username: str = ""
    password: str = ""

    @property
    def url(self) -> str:
        """As libraries and programs take it, such as socks5://name:secret@127.0.0.1:1080."""
        login = f"{quote(self.username, safe='')}:{quote(self.password, safe='')}@" if self.username else ""
        # Names are resolved behind the proxy, as they are by the connection test.
        return f"{'socks5h' if self.scheme == 'socks5' else self.scheme}://{login}{self.host}:{self.port}"

    @property
    def environment(self) -> list[str]:
        """NAME=value pairs by which programs are told of a proxy."""
        names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "WS_PROXY", "WSS_PROXY")
        return [f"{name}={self.url}" for one in names for name in (one, one.lower())]


def parse_proxy(text: str) -> Proxy | None:
    """The proxy of an address such as http://127.0.0.1:7890 or socks5://host:1080, None for no text.

    InvalidError 'bad_proxy' for any other scheme, a path, or a host that is none."""
    if not text.strip():
        return None
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _bad() from None
    host = f"[{host}]" if ":" in host else host
    if parts.scheme not in _SCHEMES or parts.path not in ("", "/") or parts.query or not _HOST.fullmatch(host):
        raise _bad()
    login = unquote(parts.username or ""), unquote(parts.password or "")
    if any(len(one) > 255 or not one.isprintable() for one in login):
        raise _bad()
    return Proxy(parts.scheme, host, port or _SCHEMES[parts.scheme], *login)


def _bad() -> InvalidError:
    return InvalidError(
        "A proxy is written http://host:port or socks5://host:port.",
        code="bad_proxy",
        fields=(("config.proxy", "bad_proxy"),),
    )


def open_tunnel(proxy: Proxy, host: str, port: int, *, timeout_s: float) -> socket.socket:
    """A connected socket to host:port through the proxy. UnavailableError 'proxy_unreachable' when the proxy does not
    answer, 'proxy_login_refused' or 'proxy_refused' when it will not lead there."""
    try:
        made = socket.create_connection((proxy.host.strip("[]"), proxy.port), timeout=timeout_s)
    except OSError as error:
        raise UnavailableError("The proxy does not answer.", code="proxy_unreachable") from error
    try:
        (_connect if proxy.scheme == "http" else _socks)(made, proxy, host, port)
    except OSError as error:
        made.close()
        raise UnavailableError("The proxy broke off.", code="proxy_unreachable") from error
    except UnavailableError:
        made.close()
        raise
    return made


def _connect(made: socket.socket, proxy: Proxy, host: str, port: int) -> None:
    """HTTP CONNECT (RFC 9110, 9.3.6)."""
    lines = [f"CONNECT {host}:{port} HTTP/1.1", f"Host: {host}:{port}"]
    if proxy.username:
        login = base64.b64encode(f"{proxy.username}:{proxy.password}".encode()).decode()
        lines.append(f"Proxy-Authorization: Basic {login}")
    made.sendall("\r\n".join([*lines, "", ""]).encode())
    answer = b""
    # Byte by byte at the end: what follows the blank line belongs to whoever is behind the proxy.
    while not answer.endswith(b"\r\n\r\n"):
        byte = made.recv(1)
        if not byte or len(answer) > _ANSWER_BYTES:
            raise UnavailableError("The proxy does not speak HTTP.", code="proxy_refused")
        answer += byte
    status = answer.split(b"\r\n", 1)[0].split(b" ")[1:2]
    if status == [b"407"]:
        raise _login_refused()
    if not status or not status[0].startswith(b"2"):
        said = status[0].decode("ascii", "replace")[:3] if status else "nothing"
        raise UnavailableError(f"The proxy does not lead there: it answers {said}.", code="proxy_refused")


def _socks(made: socket.socket, proxy: Proxy, host: str, port: int) -> None:
    """SOCKS5 (RFC 1928) with a name and password where there are any (RFC 1929)."""
    made.sendall(b"\x05\x02\x00\x02" if proxy.username else b"\x05\x01\x00")
    version, method = _exactly(made, 2)
    if version != 5:
        raise UnavailableError("The proxy does not speak SOCKS5.", code="proxy_refused")
    if method == 2 and proxy.username:
        name, secret = proxy.username.encode(), proxy.password.encode()
        made.sendall(bytes([1, len(name)]) + name + bytes([len(secret)]) + secret)
        if _exactly(made, 2)[1] != 0:
            raise _login_refused()
    elif method != 0:
        raise _login_refused()
    name = host.encode("idna")
    made.sendall(b"\x05\x01\x00\x03" + bytes([len(name)]) + name + struct.pack("!H", port))
    _, said, _, kind = _exactly(made, 4)
    if said != 0:
        why = _SOCKS_REFUSALS.get(said, "it does not say why")
        raise UnavailableError(f"The proxy does not lead there: {why}.", code="proxy_refused")
    _exactly(made, {1: 4, 4: 16}.get(kind) or _exactly(made, 1)[0])
    _exactly(made, 2)


def _exactly(made: socket.socket, count: int) -> bytes:
    answer = b""
    while len(answer) < count:
        part = made.recv(count - len(answer))
        if not part:
            raise UnavailableError("The proxy broke off.", code="proxy_unreachable")
        answer += part
    return answer


def _login_refused() -> UnavailableError:
    return UnavailableError("The proxy refuses its user name or password.", code="proxy_login_refused")
