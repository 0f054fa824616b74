"""Events: written with their change, delivered once to each listener, in order, and readable again."""

from datetime import timedelta
from typing import Any

import pytest

from alphaloop.core.clock import ManualClock
from alphaloop.core.events import Event
from alphaloop.infra.db import Database, WriteSession
from alphaloop.infra.outbox import Dispatcher, announce, announce_many, events_after


class Heard:
    """Collects what was delivered to a listener and to the streams."""

    def __init__(self) -> None:
        self.listened: list[Any] = []
        self.published: list[Any] = []
        self.broken = False

    async def listen(self, _session: WriteSession, event: Event) -> None:
        if self.broken:
            raise RuntimeError("listener is broken")
        self.listened.append(event.payload["n"])

    async def publish(self, event: Event) -> None:
        self.published.append(event.payload["n"])


@pytest.fixture
def heard() -> Heard:
    return Heard()


def dispatcher(db: Database, clock: ManualClock, heard: Heard) -> Dispatcher:
    return Dispatcher(db, clock, {"tests.loud": [heard.listen]}, heard.publish)


async def say(db: Database, clock: ManualClock, *names: str, start: int = 0) -> None:
    async with db.write() as session:
        events = [Event(f"tests.{name}", {"n": start + n}, user_id=1) for n, name in enumerate(names)]
        await announce_many(session, events, at=clock.now())


async def test_an_event_of_a_rolled_back_change_was_never_said(db: Database, clock: ManualClock, heard: Heard) -> None:
    async def fail() -> None:
        async with db.write() as session:
            await announce(session, Event("tests.loud", {"n": 1}), at=clock.now())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert await dispatcher(db, clock, heard).drain() == 0
    assert heard.published == []


async def test_events_are_delivered_once_and_in_order(db: Database, clock: ManualClock, heard: Heard) -> None:
    await say(db, clock, "quiet", "loud", "quiet", "loud", "quiet")
    assert await dispatcher(db, clock, heard).drain(batch=2) == 5
    assert await dispatcher(db, clock, heard).drain() == 0
    assert heard.published == [0, 1, 2, 3, 4]
    assert heard.listened == [1, 3]


async def test_a_broken_listener_loses_nothing(db: Database, clock: ManualClock, heard: Heard) -> None:
    await say(db, clock, "quiet", "loud", "quiet")
    heard.broken = True
    with pytest.raises(RuntimeError):
        await dispatcher(db, clock, heard).drain()
    assert heard.listened == []
    heard.broken = False
    await dispatcher(db, clock, heard).drain()
    assert heard.listened == [1]
    assert heard.published == [0, 1, 2]


async def test_a_stream_that_was_away_can_ask_for_what_it_missed(
    db: Database, clock: ManualClock, heard: Heard
) -> None:
    await say(db, clock, "quiet", "loud")
    await dispatcher(db, clock, heard).drain()
    await say(db, clock, "quiet", start=2)
    async with db.read() as session:
        seen = await events_after(session, 0)
    assert [event.payload["n"] for event in seen] == [0, 1]
    assert seen[0].event_id is not None
    clock.advance(timedelta(seconds=1))
    await dispatcher(db, clock, heard).drain()
    async with db.read() as session:
        later = await events_after(session, seen[-1].event_id or 0)
    assert [(event.name, event.user_id, event.payload) for event in later] == [("tests.quiet", 1, {"n": 2})]
