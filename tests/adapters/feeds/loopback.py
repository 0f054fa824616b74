"""Small servers on this machine: a source that answers as told, proxies that lead to it, and one that hangs up."""

import contextlib
import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def served(handle: Callable[[socket.socket], None]) -> Iterator[int]:
    """The port of a server that gives each connection to `handle`."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):
                handle(self.request)

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that turns away is what some tests are about."""

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()


def head(made: socket.socket) -> bytes:
    """What was sent up to the blank line."""
    text = b""
    while b"\r\n\r\n" not in text:
        part = made.recv(4096)
        if not part:
            break
        text += part
    return text


def answering(status: str, seen: list[bytes] | None = None) -> Callable[[socket.socket], None]:
    def handle(made: socket.socket) -> None:
        asked = head(made)
        if seen is not None:
            seen.append(asked)
        made.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}".encode())

    return handle


def hanging_up(made: socket.socket) -> None:
    """Reads the request and cuts the line."""
    head(made)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    made.close()


def _join(one: socket.socket, other: socket.socket) -> None:
    def pour(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while part := source.recv(65_536):
                sink.sendall(part)
            sink.shutdown(socket.SHUT_WR)

    back = threading.Thread(target=pour, args=(other, one), daemon=True)
    back.start()
    pour(one, other)
    back.join(5)


def http_proxy(seen: list[str], *, login: str = "", status: str = "200 OK") -> Callable[[socket.socket], None]:
    """CONNECT to anywhere leads to this machine, so that tests may name any host."""

    def handle(made: socket.socket) -> None:
        asked = head(made).decode()
        seen.append(asked.split(" ")[1])
        if login and f"Basic {login}" not in asked:
            made.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
            return
        made.sendall(f"HTTP/1.1 {status}\r\n\r\n".encode())
        if status.startswith("200"):
            with socket.create_connection(("127.0.0.1", int(asked.split(" ")[1].rsplit(":", 1)[1]))) as far:
                _join(made, far)

    return handle


def socks_proxy(
    seen: list[str], *, login: tuple[str, str] | None = None, said: int = 0
) -> Callable[[socket.socket], None]:
    def handle(made: socket.socket) -> None:
        count = made.recv(2)[1]
        offered = made.recv(count)
        if login is not None:
            if 2 not in offered:
                made.sendall(b"\x05\xff")
                return
            made.sendall(b"\x05\x02")
            made.recv(1)
            name = made.recv(made.recv(1)[0]).decode()
            secret = made.recv(made.recv(1)[0]).decode()
            made.sendall(b"\x01\x00" if (name, secret) == login else b"\x01\x01")
            if (name, secret) != login:
                return
        else:
            made.sendall(b"\x05\x00")
        made.recv(4)
        host = made.recv(made.recv(1)[0]).decode()
        (port,) = struct.unpack("!H", made.recv(2))
        seen.append(f"{host}:{port}")
        made.sendall(bytes([5, said, 0, 1, 0, 0, 0, 0, 0, 0]))
        if said == 0:
            with socket.create_connection(("127.0.0.1", port)) as far:
                _join(made, far)

    return handle
