"""Cache, bus and rate limits over a real Redis, and that losing what it holds changes nothing that matters."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis

from alphaloop.core.errors import TooManyError
from alphaloop.infra.bus import RedisBus
from alphaloop.infra.cache import Cached, RedisCache
from alphaloop.infra.limits import RateLimits, per_minutes

pytestmark = pytest.mark.services


@pytest.fixture
def url() -> str:
    found = os.environ.get("ALPHALOOP_TEST_REDIS", "")
    if not found:
        message = "no Redis to test with; set ALPHALOOP_TEST_REDIS"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return found


@pytest.fixture
async def redis(url: str) -> AsyncIterator[Any]:
    client = Redis.from_url(url)
    yield client
    await client.aclose()


async def test_a_cached_value_is_shared_and_expires(url: str) -> None:
    prefix = f"test:{secrets.token_hex(4)}:"
    one, two = RedisCache(url, prefix=prefix), RedisCache(url, prefix=prefix)
    await one.set("a", {"x": [1, "字"]}, ttl_s=0.2)
    assert await two.get("a") == {"x": [1, "字"]}
    await asyncio.sleep(0.3)
    assert await two.get("a") is None
    await one.set("b", 1, ttl_s=60)
    await two.delete("b")
    assert await one.get("b") is None
    for cache in (one, two):
        await cache.close()


async def test_a_flushed_cache_is_only_computed_again(url: str, redis: Any) -> None:
    cache = RedisCache(url, prefix=f"test:{secrets.token_hex(4)}:")
    cached, calls = Cached(cache), []

    async def make() -> int:
        calls.append(1)
        return len(calls)

    assert [await cached.get("k", make, ttl_s=60) for _ in range(3)] == [1, 1, 1]
    await redis.flushall()
    assert await cached.get("k", make, ttl_s=60) == 2
    await cache.close()


async def test_a_message_reaches_every_process_once_and_in_order(url: str) -> None:
    channel = f"test:{secrets.token_hex(4)}"
    buses = [RedisBus(url, channel=channel) for _ in range(2)]
    heard: list[list[int]] = [[], []]
    done = asyncio.Event()

    def ear(index: int) -> Any:
        async def listen(payload: Any) -> None:
            heard[index].append(payload)
            if [len(one) for one in heard] == [30, 30]:
                done.set()

        return listen

    for index, bus in enumerate(buses):
        bus.subscribe("numbers", ear(index))
        await bus.start()
        assert bus.connected
    for number in range(30):
        await buses[0].publish("numbers", number)
    await asyncio.wait_for(done.wait(), 5)
    assert heard == [list(range(30))] * 2
    for bus in buses:
        await bus.close()


async def test_a_cut_line_is_taken_up_again(url: str, redis: Any) -> None:
    bus = RedisBus(url, channel=f"test:{secrets.token_hex(4)}")
    connections, heard = asyncio.Queue[int](), asyncio.Queue[Any]()

    async def connected() -> None:
        connections.put_nowait(1)

    bus.on_connect(connected)
    bus.subscribe("x", heard.put)
    await bus.start()
    await asyncio.wait_for(connections.get(), 5)
    await redis.client_kill_filter(_type="pubsub")
    await asyncio.wait_for(connections.get(), 5)
    await bus.publish("x", "again")
    assert await asyncio.wait_for(heard.get(), 5) == "again"
    await bus.close()


async def test_limits_count_across_processes(url: str) -> None:
    key = secrets.token_hex(4)
    own = {"login_peer": per_minutes(4, 5)}
    processes = [RateLimits(url, limits=own) for _ in range(2)]
    passed = 0
    for number in range(8):
        try:
            await processes[number % 2].hit("login_peer", key)
        except TooManyError:
            continue
        passed += 1
    assert passed == 4
    await processes[0].forget("login_peer", key)
    await processes[1].hit("login_peer", key)
