"""The HTTP process: wires the rooms' routes, the page and the sockets. It runs no trading and no scheduler."""

import asyncio
import errno
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, WebSocket
from fastapi.responses import FileResponse, JSONResponse, Response
from loguru import logger

from alphaloop import __version__
from alphaloop.core.clock import Clock, SystemClock
from alphaloop.core.errors import AlphaLoopError, Kind
from alphaloop.entrypoints.prepare import prepare
from alphaloop.entrypoints.rooms import load_tables, routers
from alphaloop.entrypoints.stream import MAX_FRAME_BYTES, StreamHub
from alphaloop.features.audit import service as audit
from alphaloop.features.market.api import FILE_PATHS, MAX_IMPORT_BYTES
from alphaloop.features.risk import service as risk
from alphaloop.features.users.service import Authenticator, TicketOffice
from alphaloop.infra.bus import Bus, open_bus
from alphaloop.infra.cache import Cached, open_cache
from alphaloop.infra.db import Database
from alphaloop.infra.http.doors import Wiring
from alphaloop.infra.http.errors import error_response, install_error_handlers
from alphaloop.infra.http.middleware import MAX_BODY, Outermost
from alphaloop.infra.http.wire import ErrorBody
from alphaloop.infra.logs import setup_logs
from alphaloop.infra.security import Passwords, Tokens, secret_or_made
from alphaloop.infra.settings import Settings, SettingsError, is_weak_secret, load_settings
from alphaloop.infra.vault import open_vault

PAGE = Path(__file__).parents[1] / "web" / "dist"
BUS_FILE = Path("run") / "bus.json"


def make_wiring(settings: Settings, *, clock: Clock | None = None, bus: Bus | None = None) -> Wiring:
    """Everything the rooms may reach, from settings alone."""
    settings.home.mkdir(parents=True, exist_ok=True)
    chosen = clock or SystemClock()
    keys = settings.home / "keys"
    db = Database(settings.database_url)
    if settings.jwt_secret.get_secret_value() and is_weak_secret(settings.jwt_secret.get_secret_value()):
        logger.warning("JWT_SECRET is a default or too short; production refuses to start with it")
    tokens = Tokens(
        secret_or_made(settings.jwt_secret.get_secret_value(), keys), chosen, algorithm=settings.jwt_algorithm
    )
    passwords = Passwords()
    parts: dict[type[Any], Any] = {Tokens: tokens, Passwords: passwords}
    return Wiring(
        settings=settings,
        db=db,
        clock=chosen,
        bus=bus or open_bus(redis_url=settings.redis_url, address_file=settings.home / BUS_FILE, host=False),
        cached=Cached(open_cache(settings.redis_url)),
        vault=open_vault(keys),
        parts=parts,
    )


def make_app(wiring: Wiring | None) -> FastAPI:
    """The application. Without wiring it can only describe itself (`alphaloop openapi`)."""
    load_tables()
    app = FastAPI(
        title="AlphaLoop",
        version=__version__,
        lifespan=_lifespan,
        docs_url=None if wiring and wiring.settings.production else "/docs",
        redoc_url=None,
        openapi_url=None if wiring and wiring.settings.production else "/openapi.json",
        responses={422: {"model": ErrorBody}, 401: {"model": ErrorBody}},
    )
    for router in routers():
        app.include_router(router, prefix="/api/v1")
    install_error_handlers(app, _refused)

    @app.get("/health", tags=["监控 Monitoring"], operation_id="live", response_model=dict[str, str])
    async def live() -> dict[str, str]:
        return {"status": "ok", "version": __version__}

    @app.websocket("/ws/trading")
    async def trading_stream(websocket: WebSocket) -> None:
        await websocket.app.state.hub.serve(websocket)

    _serve_page(app)
    app.add_middleware(Outermost, body_limit=lambda path: MAX_IMPORT_BYTES if path in FILE_PATHS else MAX_BODY)
    if wiring is not None:
        app.state.wiring = wiring
        app.state.authenticate = Authenticator(wiring).authenticate
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    wiring: Wiring = app.state.wiring
    nudges: set[asyncio.Task[None]] = set()

    def nudge() -> None:
        task = asyncio.create_task(wiring.bus.publish("outbox", None))
        nudges.add(task)
        task.add_done_callback(nudges.discard)

    wiring.db.on_announced = nudge
    app.state.hub = StreamHub(
        wiring.db,
        wiring.clock,
        wiring.bus,
        TicketOffice(wiring.clock, strategy_managers=wiring.settings.strategy_managers),
        heartbeat_s=wiring.settings.ws_heartbeat_seconds,
    )
    await wiring.bus.start()
    yield
    await wiring.bus.close()
    await wiring.db.close()


async def _refused(request: Request, error: AlphaLoopError) -> None:
    if error.kind in (Kind.FORBIDDEN, Kind.HALTED) or error.code.startswith("risk_"):
        wiring: Wiring = request.app.state.wiring
        try:
            await audit.record_refusal(wiring.db, wiring.clock, request, error)
            await risk.record_refusal(wiring.db, wiring.clock, error)
        except Exception:
            # The refusal itself stands either way; a lost row must at least be loud.
            logger.exception("a refusal could not be audited")


def _serve_page(app: FastAPI) -> None:
    """The built page; every address that is no file and no API is the page's own route."""

    @app.get("/{path:path}", include_in_schema=False)
    async def page(path: str) -> Response:
        if path.startswith(("api/", "ws/")):
            return error_response(404, "not_found", "There is nothing at this address.")
        root = PAGE.resolve()
        file = (root / path).resolve()
        if path and file.is_file() and file.is_relative_to(root) and not file.name.startswith("."):
            immutable = "immutable" in path
            age = "public, max-age=31536000, immutable" if immutable else "no-cache"
            return FileResponse(file, headers={"Cache-Control": age})
        index = root / "index.html"
        if not index.is_file():
            return JSONResponse({"code": "page_not_built", "message": "Run script/server to build the page."}, 404)
        return FileResponse(index, headers={"Cache-Control": "no-cache"})


def run() -> None:
    """Prepare the database and serve until told to stop; the address comes from the settings."""
    import uvicorn

    settings = load_settings()
    os.umask(0o077)
    setup_logs("web", level=settings.log_level, folder=settings.home / "logs")
    listener = _listen(settings)
    wiring = make_wiring(settings)
    app = make_app(wiring)
    config = uvicorn.Config(
        app,
        log_config=None,
        server_header=False,
        ws_max_size=MAX_FRAME_BYTES,
        proxy_headers=False,
        timeout_graceful_shutdown=5,
    )
    asyncio.run(_serve(uvicorn.Server(config), wiring, listener))


def _listen(settings: Settings) -> socket.socket:
    """Take the port before anything else, so that a busy one is said in one sentence."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise SettingsError(f"Port {settings.port} is in use; choose another with PORT=….") from None
        raise SettingsError(f"Cannot listen on {settings.host}:{settings.port} ({error.strerror}).") from None
    return listener


async def _serve(server: Any, wiring: Wiring, listener: socket.socket) -> None:
    await prepare(wiring)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not serving.done():  # noqa: ASYNC110  the server offers a flag, not an event
        await asyncio.sleep(0.01)
    if server.started:
        host, port = listener.getsockname()[:2]
        shown = "localhost" if host in ("127.0.0.1", "::1") else f"[{host}]" if ":" in host else host
        # The launcher waits for this line before it starts the worker.
        print(f"ready http://{shown}:{port}", flush=True)
    await serving
