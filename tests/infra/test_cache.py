"""The cache: values that may be lost, computed once for many callers."""

import asyncio
from typing import Any

import pytest

from alphaloop.infra.cache import Cached, MemoryCache, RedisCache


class Source:
    """Counts how often it was asked."""

    def __init__(self) -> None:
        self.calls = 0
        self.error: Exception | None = None
        self.go = asyncio.Event()
        self.go.set()

    async def __call__(self) -> int:
        self.calls += 1
        await self.go.wait()
        if self.error is not None:
            raise self.error
        return self.calls


@pytest.fixture
def source() -> Source:
    return Source()


async def test_a_value_lasts_for_its_time() -> None:
    now = [0.0]
    cache = MemoryCache(monotonic=lambda: now[0])
    await cache.set("a", {"x": 1}, ttl_s=5)
    now[0] = 4.9
    assert await cache.get("a") == {"x": 1}
    now[0] = 5
    assert await cache.get("a") is None


async def test_a_full_cache_drops_the_oldest() -> None:
    cache = MemoryCache(max_entries=3)
    for name in "abcd":
        await cache.set(name, name, ttl_s=60)
    assert [await cache.get(name) for name in "abcd"] == [None, "b", "c", "d"]
    await cache.delete("b")
    assert await cache.get("b") is None
    await cache.close()
    assert await cache.get("d") is None


async def test_twenty_callers_cost_one_computation(source: Source) -> None:
    cached = Cached(MemoryCache())
    source.go.clear()
    waiting = [asyncio.create_task(cached.get("k", source, ttl_s=60)) for _ in range(20)]
    await asyncio.sleep(0.01)
    source.go.set()
    assert await asyncio.gather(*waiting) == [1] * 20
    assert await cached.get("k", source, ttl_s=60) == 1
    assert await cached.get("k", source, ttl_s=60, fresh=True) == 2


async def test_a_failure_reaches_everybody_and_is_not_kept(source: Source) -> None:
    cached = Cached(MemoryCache())
    source.error = RuntimeError("down")
    answers = await asyncio.gather(*(cached.get("k", source, ttl_s=60) for _ in range(3)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [RuntimeError] * 3
    source.error = None
    assert await cached.get("k", source, ttl_s=60) == source.calls


async def test_a_caller_who_leaves_does_not_take_the_value_along(source: Source) -> None:
    cached = Cached(MemoryCache())
    source.go.clear()
    first = asyncio.create_task(cached.get("k", source, ttl_s=60))
    await asyncio.sleep(0.01)
    second = asyncio.create_task(cached.get("k", source, ttl_s=60))
    await asyncio.sleep(0.01)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    source.go.set()
    assert await second == 1
    assert source.calls == 1


async def test_a_redis_that_is_away_is_a_miss(source: Source) -> None:
    cache = RedisCache("redis://127.0.0.1:1/0")
    await cache.set("a", 1, ttl_s=5)
    await cache.delete("a")
    found: Any = await cache.get("a")
    assert found is None
    assert await Cached(cache).get("k", source, ttl_s=60) == 1
    await cache.close()
