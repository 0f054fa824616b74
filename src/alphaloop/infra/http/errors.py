"""One table from kinds of refusal to HTTP, and one body for all of them."""

from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from alphaloop.core.errors import AlphaLoopError, Kind, TooManyError
from alphaloop.infra.http.strict_json import BodyError
from alphaloop.infra.logs import request_id

STATUS = {
    Kind.INVALID: 422,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.CONFLICT: 409,
    Kind.TOO_MANY: 429,
    Kind.HALTED: 409,
    Kind.UNAVAILABLE: 503,
}
_HTTP_CODES = {
    400: "bad_request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "media_type_not_supported",
    422: "invalid",
}

OnRefusal = Callable[[Request, AlphaLoopError], Awaitable[None]]


def error_response(
    status: int,
    code: str,
    message: str,
    *,
    fields: tuple[tuple[str, str], ...] = (),
    retryable: bool = False,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    body = {
        "code": code,
        "message": message,
        "detail": [{"field": field, "code": field_code} for field, field_code in fields],
        "request_id": request_id.get(),
        "retryable": retryable,
    }
    return JSONResponse(body, status_code=status, headers=headers)


def install_error_handlers(app: FastAPI, on_refusal: OnRefusal | None = None) -> None:
    """Turn every exception into the one error body; `on_refusal` hears of refusals that must leave an audit row."""

    async def refused(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, AlphaLoopError)
        if on_refusal is not None:
            await on_refusal(request, error)
        headers = {"Retry-After": str(error.retry_after_s)} if isinstance(error, TooManyError) else {}
        if error.kind is Kind.UNAUTHENTICATED:
            headers["WWW-Authenticate"] = "Bearer"
        return error_response(
            STATUS[error.kind],
            error.code,
            error.message,
            fields=error.fields,
            retryable=error.retryable,
            headers=headers or None,
        )

    async def invalid(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        # Locations are names from our own schema, except for a refused extra key, which is the caller's text.
        fields = tuple(
            (_location(item["loc"], extra=item["type"] == "extra_forbidden"), str(item["type"]))
            for item in error.errors()[:20]
        )
        return error_response(422, "invalid", "Some fields are not acceptable.", fields=fields)

    async def http(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        code = error.code if isinstance(error, BodyError) else _HTTP_CODES.get(error.status_code, "http_error")
        headers = dict(error.headers) if error.headers else None
        return error_response(error.status_code, code, str(error.detail), headers=headers)

    app.add_exception_handler(AlphaLoopError, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)


def _location(parts: tuple[int | str, ...], *, extra: bool) -> str:
    names = [str(part) for part in parts if part not in ("body", "query", "path", "header")]
    if extra and names:
        names[-1] = "?"
    return ".".join(names)[:120] or "body"
