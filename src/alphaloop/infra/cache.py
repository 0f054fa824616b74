"""A small cache: values that may be lost at any moment, never state. In process by default, Redis when configured."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import orjson


class Cache(Protocol):
    async def get(self, key: str) -> Any | None: ...
    async def set(self, key: str, value: Any, *, ttl_s: float) -> None: ...
    async def delete(self, key: str) -> None: ...
    async def close(self) -> None: ...


class MemoryCache:
    """Dict with expiry. The oldest entries leave first when `max_entries` is reached."""

    def __init__(self, *, max_entries: int = 10_000, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._entries: dict[str, tuple[float, Any]] = {}
        self._max = max_entries
        self._monotonic = monotonic

    async def get(self, key: str) -> Any | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry[0] <= self._monotonic():
            self._entries.pop(key, None)
            return None
        return entry[1]

    async def set(self, key: str, value: Any, *, ttl_s: float) -> None:
        self._entries.pop(key, None)
        while len(self._entries) >= self._max:
            self._entries.pop(next(iter(self._entries)))
        self._entries[key] = (self._monotonic() + ttl_s, value)

    async def delete(self, key: str) -> None:
        self._entries.pop(key, None)

    async def close(self) -> None:
        self._entries.clear()


class RedisCache:
    """The same over Redis; values are plain JSON. A Redis that is away counts as a miss, never as an error."""

    def __init__(self, url: str, *, prefix: str = "alphaloop:cache:") -> None:
        from redis.asyncio import Redis

        self._redis: Any = Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1)
        self._prefix = prefix

    async def get(self, key: str) -> Any | None:
        from redis.exceptions import RedisError

        try:
            raw = await self._redis.get(self._prefix + key)
        except RedisError:
            return None
        return None if raw is None else orjson.loads(raw)

    async def set(self, key: str, value: Any, *, ttl_s: float) -> None:
        from redis.exceptions import RedisError

        try:
            await self._redis.set(self._prefix + key, orjson.dumps(value), px=max(1, int(ttl_s * 1000)))
        except RedisError:
            return

    async def delete(self, key: str) -> None:
        from redis.exceptions import RedisError

        try:
            await self._redis.delete(self._prefix + key)
        except RedisError:
            return

    async def close(self) -> None:
        await self._redis.aclose()


class Cached:
    """Reads through a cache with one computation per key at a time: twenty callers cost one call."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._running: dict[str, asyncio.Task[Any]] = {}

    async def get(self, key: str, make: Callable[[], Awaitable[Any]], *, ttl_s: float, fresh: bool = False) -> Any:
        """The cached value, or `await make()` stored for `ttl_s` seconds; `fresh` skips the cached one."""
        if not fresh:
            found = await self._cache.get(key)
            if found is not None:
                return found
        running = self._running.get(key)
        if running is None:
            # A task of its own: a caller who goes away must not take the value from those who wait with it.
            running = self._running[key] = asyncio.create_task(self._fill(key, make, ttl_s))
            running.add_done_callback(lambda done: self._forget(key, done))
        return await asyncio.shield(running)

    async def _fill(self, key: str, make: Callable[[], Awaitable[Any]], ttl_s: float) -> Any:
        value = await make()
        await self._cache.set(key, value, ttl_s=ttl_s)
        return value

    def _forget(self, key: str, done: asyncio.Task[Any]) -> None:
        del self._running[key]
        if not done.cancelled():
            done.exception()  # marks it as seen; whoever still waits gets it too


def open_cache(redis_url: str) -> Cache:
    return RedisCache(redis_url) if redis_url else MemoryCache()
