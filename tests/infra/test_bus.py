"""The bus between our processes, over real loopback sockets."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from alphaloop.infra.bus import LoopbackClient, LoopbackHub, open_bus


class Ear:
    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.news = asyncio.Event()

    async def __call__(self, payload: Any) -> None:
        self.heard.append(payload)
        self.news.set()

    async def until(self, count: int) -> list[Any]:
        async with asyncio.timeout(5):
            while len(self.heard) < count:
                self.news.clear()
                await self.news.wait()
        return self.heard


async def line_up(client: LoopbackClient) -> None:
    up = asyncio.Event()

    async def connected() -> None:
        up.set()

    client.on_connect(connected)
    await client.start()
    await asyncio.wait_for(up.wait(), 5)


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LoopbackHub]:
    hub = LoopbackHub(tmp_path / "run" / "bus.json")
    yield hub
    await hub.close()


@pytest.fixture
async def clients(tmp_path: Path) -> AsyncIterator[list[LoopbackClient]]:
    made = [LoopbackClient(tmp_path / "run" / "bus.json") for _ in range(2)]
    yield made
    for client in made:
        await client.close()


async def test_a_message_reaches_every_process_once_and_in_order(
    hub: LoopbackHub, clients: list[LoopbackClient]
) -> None:
    ears = [Ear() for _ in range(3)]
    for bus, ear in zip((hub, *clients), ears, strict=True):
        bus.subscribe("numbers", ear)
    await hub.start()
    for client in clients:
        await line_up(client)
    for number in range(50):
        await hub.publish("numbers", {"n": number})
    for ear in ears:
        assert [payload["n"] for payload in await ear.until(50)] == list(range(50))
    await clients[0].publish("numbers", {"n": 50})
    for ear in ears:
        assert (await ear.until(51))[-1] == {"n": 50}
    await asyncio.sleep(0.05)
    assert [len(ear.heard) for ear in ears] == [51, 51, 51]


async def test_a_broken_listener_does_not_cut_off_the_others(hub: LoopbackHub) -> None:
    ear = Ear()

    async def broken(_payload: Any) -> None:
        raise RuntimeError

    hub.subscribe("x", broken)
    hub.subscribe("x", ear)
    await hub.start()
    await hub.publish("x", 1)
    assert ear.heard == [1]


async def test_a_client_waits_for_a_hub_that_is_not_there_yet_and_finds_a_new_one(
    hub: LoopbackHub, clients: list[LoopbackClient], tmp_path: Path
) -> None:
    client, ear = clients[0], Ear()
    client.subscribe("x", ear)
    connections = Ear()
    client.on_connect(lambda: connections(None))
    await client.start()
    assert not client.connected
    await client.publish("x", "only here")
    assert ear.heard == ["only here"]
    await hub.start()
    await connections.until(1)
    await hub.close()
    again = LoopbackHub(tmp_path / "run" / "bus.json")
    await again.start()
    await connections.until(2)
    await again.publish("x", "from the new one")
    assert (await ear.until(2))[-1] == "from the new one"
    await again.close()


@pytest.mark.parametrize(
    "frame",
    [
        b'["hello","wrong token"]',
        b'["hello","\xc3\xa9"]',
        b"5",
        b'{"a":1}',
        b"not json",
        b'["hello"]',
        b'["x","y","z"]',
    ],
)
async def test_a_stranger_on_the_port_hears_nothing(hub: LoopbackHub, tmp_path: Path, frame: bytes) -> None:
    await hub.start()
    port = json.loads((tmp_path / "run" / "bus.json").read_text())["port"]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(len(frame).to_bytes(4, "big") + frame)
    await hub.publish("x", "private")
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()


async def test_the_address_file_is_its_owners_alone(hub: LoopbackHub, tmp_path: Path) -> None:
    await hub.start()
    path = tmp_path / "run" / "bus.json"
    assert path.stat().st_mode & 0o077 == 0
    await hub.close()
    assert not path.exists()


def test_the_right_kind_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "bus.json"
    assert isinstance(open_bus(redis_url="", address_file=path, host=True), LoopbackHub)
    assert isinstance(open_bus(redis_url="", address_file=path, host=False), LoopbackClient)
