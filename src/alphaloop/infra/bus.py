"""Messages between our own processes: events from the worker to the browsers' sockets, nudges back to the worker.

Delivery is best effort and ordered per sender; whoever must not miss anything reads the outbox when `on_connect` says
that the line was down. Without Redis one process (the worker) hosts the hub on loopback; with Redis every process is
a client of it.
"""

import asyncio
import contextlib
import os
import secrets
from collections import defaultdict
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

import orjson
from loguru import logger

Handler = Callable[[Any], Awaitable[None]]
_MAX_FRAME = 16 * 1024 * 1024
_RETRY_S = 0.2


class Bus(Protocol):
    def subscribe(self, topic: str, handler: Handler) -> None:
        """Call before `start`. Handlers run one after another, in the order of arrival."""
        ...

    def on_connect(self, handler: Callable[[], Awaitable[None]]) -> None:
        """Called each time the line is (re)established: anything may have been missed before."""
        ...

    async def start(self) -> None: ...
    async def publish(self, topic: str, payload: Any) -> None: ...
    async def close(self) -> None: ...
    @property
    def connected(self) -> bool: ...


class _Local:
    """Topics and handlers, shared by every kind of bus."""

    def __init__(self) -> None:
        self._handlers: dict[str, list[Handler]] = defaultdict(list)
        self._connect_handlers: list[Callable[[], Awaitable[None]]] = []

    def subscribe(self, topic: str, handler: Handler) -> None:
        self._handlers[topic].append(handler)

    def on_connect(self, handler: Callable[[], Awaitable[None]]) -> None:
        self._connect_handlers.append(handler)

    async def _deliver(self, topic: str, payload: Any) -> None:
        for handler in self._handlers.get(topic, ()):
            try:
                await handler(payload)
            except Exception:
                # One broken listener must not cut the others off; the failure is in the log.
                logger.exception("bus handler for {} failed", topic)

    async def _connected(self) -> None:
        for handler in self._connect_handlers:
            try:
                await handler()
            except Exception:
                logger.exception("bus connect handler failed")


def _frame(topic: str, payload: Any) -> bytes:
    body = orjson.dumps([topic, payload])
    return len(body).to_bytes(4, "big") + body


async def _read_frame(reader: asyncio.StreamReader) -> tuple[str, Any]:
    size = int.from_bytes(await reader.readexactly(4), "big")
    if size > _MAX_FRAME:
        raise ConnectionError("frame too large")
    topic, payload = orjson.loads(await reader.readexactly(size))
    return topic, payload


class LoopbackHub(_Local):
    """The hub, hosted by the worker: every message reaches the local handlers and every other connected process."""

    def __init__(self, address_file: Path) -> None:
        super().__init__()
        self._address_file = address_file
        self._token = secrets.token_hex(16)
        self._clients: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    @property
    def connected(self) -> bool:
        return self._server is not None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self._address_file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._address_file.with_suffix(".new")
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(orjson.dumps({"port": port, "token": self._token}))
        fresh.replace(self._address_file)
        await self._connected()

    async def publish(self, topic: str, payload: Any) -> None:
        self._forward(_frame(topic, payload), sender=None)
        await self._deliver(topic, payload)

    def _forward(self, frame: bytes, *, sender: asyncio.StreamWriter | None) -> None:
        for client in list(self._clients):
            if client is sender:
                continue
            if client.transport.get_write_buffer_size() > _MAX_FRAME:
                # A reader that has stopped must not eat our memory; it reconnects and catches up.
                client.transport.abort()
                self._clients.discard(client)
            else:
                client.write(frame)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            topic, token = await asyncio.wait_for(_read_frame(reader), 5)
            if topic != "hello" or not secrets.compare_digest(str(token), self._token):
                return
            self._clients.add(writer)
            writer.write(_frame("welcome", None))
            while True:
                topic, payload = await _read_frame(reader)
                self._forward(_frame(topic, payload), sender=writer)
                await self._deliver(topic, payload)
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError, ValueError, TypeError, OSError):
            return
        finally:
            self._clients.discard(writer)
            writer.close()

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            for client in list(self._clients):
                client.close()
            await self._server.wait_closed()
            self._server = None
        self._address_file.unlink(missing_ok=True)


class LoopbackClient(_Local):
    """Any other process: finds the hub by its address file and keeps trying while it is away."""

    def __init__(self, address_file: Path) -> None:
        super().__init__()
        self._address_file = address_file
        self._writer: asyncio.StreamWriter | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        return self._writer is not None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        while True:
            try:
                await self._session()
            except (asyncio.IncompleteReadError, ConnectionError, TimeoutError, ValueError, KeyError, OSError):
                self._writer = None
            await asyncio.sleep(_RETRY_S)

    async def _session(self) -> None:
        address = orjson.loads(self._address_file.read_bytes())
        reader, writer = await asyncio.open_connection("127.0.0.1", int(address["port"]))
        try:
            writer.write(_frame("hello", address["token"]))
            topic, _ = await asyncio.wait_for(_read_frame(reader), 5)
            if topic != "welcome":
                raise ConnectionError("not our hub")
            self._writer = writer
            await self._connected()
            while True:
                await self._deliver(*await _read_frame(reader))
        finally:
            self._writer = None
            writer.close()

    async def publish(self, topic: str, payload: Any) -> None:
        await self._deliver(topic, payload)
        if self._writer is not None:
            with contextlib.suppress(ConnectionError):
                self._writer.write(_frame(topic, payload))

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task


class RedisBus(_Local):
    """The same over Redis publish/subscribe; our own messages come back to us, so local handlers hear them once."""

    def __init__(self, url: str, *, channel: str = "alphaloop:bus") -> None:
        super().__init__()
        from redis.asyncio import Redis

        self._redis: Any = Redis.from_url(url, socket_connect_timeout=2)
        self._channel = channel
        self._task: asyncio.Task[None] | None = None
        self._up = asyncio.Event()

    @property
    def connected(self) -> bool:
        return self._up.is_set()

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._up.wait(), 3)

    async def _run(self) -> None:
        from redis.exceptions import RedisError

        while True:
            try:
                async with self._redis.pubsub() as line:
                    await line.subscribe(self._channel)
                    self._up.set()
                    await self._connected()
                    async for message in line.listen():
                        if message["type"] == "message":
                            topic, payload = orjson.loads(message["data"])
                            await self._deliver(topic, payload)
            except (RedisError, ConnectionError, OSError, ValueError) as error:
                logger.warning("bus lost Redis: {}", type(error).__name__)
            self._up.clear()
            await asyncio.sleep(_RETRY_S)

    async def publish(self, topic: str, payload: Any) -> None:
        from redis.exceptions import RedisError

        try:
            await self._redis.publish(self._channel, orjson.dumps([topic, payload]))
        except (RedisError, OSError) as error:
            logger.warning("bus could not publish {}: {}", topic, type(error).__name__)

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._redis.aclose()


def open_bus(*, redis_url: str, address_file: Path, host: bool) -> Bus:
    """Redis when configured; else the loopback hub for the process that hosts it and a client for all others."""
    if redis_url:
        return RedisBus(redis_url)
    return LoopbackHub(address_file) if host else LoopbackClient(address_file)
