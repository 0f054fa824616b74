"""The outermost layer of every request: its id, its size, its text, and the headers of the answer."""

import re
import secrets
from collections.abc import Callable

from loguru import logger
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alphaloop.infra.http.errors import error_response
from alphaloop.infra.logs import request_id

MAX_BODY = 1024 * 1024
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}", re.ASCII)
_SECURITY = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-opener-policy": b"same-origin",
    b"content-security-policy": (
        b"default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; "
        b"script-src 'self' 'unsafe-inline'; connect-src 'self' ws: wss:; frame-ancestors 'none'; "
        b"base-uri 'none'; form-action 'self'"
    ),
}


class BodyTooLargeError(Exception):
    """Raised while reading a body that outgrew its limit."""


class Outermost:
    """ASGI middleware: request id, body limit, refusal of text that no column can hold, security headers.

    `body_limit` gives the byte limit of a path, so that an upload may be larger than everything else.
    """

    def __init__(self, app: ASGIApp, body_limit: Callable[[str], int] = lambda _path: MAX_BODY) -> None:
        self._app = app
        self._body_limit = body_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        offered = headers.get(b"x-request-id", b"").decode("latin-1")
        chosen = offered if _REQUEST_ID.fullmatch(offered) else secrets.token_hex(8)
        token = request_id.set(chosen)
        limit = self._body_limit(scope["path"])
        started = overflowed = False

        async def limited() -> Message:
            nonlocal limit, overflowed
            message = await receive()
            if message["type"] == "http.request":
                limit -= len(message.get("body", b""))
                if limit < 0:
                    overflowed = True
                    raise BodyTooLargeError
            return message

        async def dressed(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                extra = [(b"x-request-id", chosen.encode()), *_SECURITY.items()]
                message["headers"] = [*message.get("headers", []), *extra]
            await send(message)

        async def answered(message: Message) -> None:
            # The framework turns our error while it reads the body into one of its own; ours is the true one.
            if not overflowed or started:
                await dressed(message)

        try:
            if not _plain_text(scope):
                await error_response(400, "text_not_allowed", "The address is not plain text.")(scope, receive, dressed)
            elif int(headers.get(b"content-length", b"0") or 0) > limit:
                await _too_large(scope, receive, dressed)
            else:
                await self._app(scope, limited, answered)
                if overflowed and not started:
                    await _too_large(scope, receive, dressed)
        except BodyTooLargeError:
            await _too_large(scope, receive, dressed)
        except Exception:
            logger.exception("unhandled error in {} {}", scope["method"], scope["path"])
            if started:
                raise
            await error_response(500, "internal", "Something failed on our side; nothing was changed.")(
                scope, receive, dressed
            )
        finally:
            request_id.reset(token)


async def _too_large(scope: Scope, receive: Receive, send: Send) -> None:
    await error_response(413, "body_too_large", "The body is too large.")(scope, receive, send)


def _plain_text(scope: Scope) -> bool:
    query: bytes = scope.get("query_string", b"")
    if "\x00" in scope["path"] or b"%00" in query or b"\x00" in query:
        return False
    length = dict(scope["headers"]).get(b"content-length", b"0")
    if not length.isdigit() or len(length) > 18:
        return False
    try:
        raw: bytes = scope.get("raw_path", b"") or b""
        _unquoted(raw).decode("utf-8")
        _unquoted(query.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _unquoted(text: bytes) -> bytes:
    return re.sub(rb"%([0-9A-Fa-f]{2})", lambda found: bytes([int(found[1], 16)]), text)
