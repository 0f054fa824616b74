"""The socket of the browsers: who gets in, who hears what, what a tab that was away gets back, and who is shown out."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from alphaloop.core.clock import ManualClock
from alphaloop.core.events import Event
from alphaloop.entrypoints import rooms, stream
from alphaloop.infra.db import Database
from alphaloop.infra.outbox import Dispatcher, announce
from tests.journeys.town import Town, furnish, open_town

pytestmark = pytest.mark.database
HEARTBEAT_S = 0.25


class Tab:
    """A browser's tab: speaks the socket protocol to the application in this process."""

    def __init__(self, town: Town, *, origin: str | None = "http://127.0.0.1:8000", reads: bool = True) -> None:
        headers = [(b"host", b"127.0.0.1:8000")]
        if origin is not None:
            headers.append((b"origin", origin.encode()))
        scope = {
            "type": "websocket",
            "asgi": {"version": "3.0"},
            "scheme": "ws",
            "http_version": "1.1",
            "path": "/ws/trading",
            "raw_path": b"/ws/trading",
            "root_path": "",
            "query_string": b"",
            "headers": headers,
            "client": ("127.0.0.1", 51000),
            "server": ("127.0.0.1", 8000),
            "subprotocols": [],
            "state": {},
        }
        self.frames: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.closed: int | None = None
        self.ended = asyncio.Event()
        self._sending: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._reads = reads
        self._sending.put_nowait({"type": "websocket.connect"})
        self.task = asyncio.create_task(town.app(scope, self._sending.get, self._receive))
        self.task.add_done_callback(lambda _: self.ended.set())

    async def _receive(self, message: Any) -> None:
        if message["type"] == "websocket.send":
            if not self._reads and self.frames.qsize() > 3:
                await asyncio.Event().wait()  # the network is full: nothing gets through any more
            self.frames.put_nowait(json.loads(message["text"]))
        elif message["type"] == "websocket.close":
            self.closed = message.get("code")

    def say(self, **message: Any) -> None:
        self.say_text(json.dumps(message))

    def say_text(self, text: str) -> None:
        self._sending.put_nowait({"type": "websocket.receive", "text": text})

    def leave(self) -> None:
        self._sending.put_nowait({"type": "websocket.disconnect", "code": 1001})

    async def hear(self, *channels: str, within_s: float = 3.0) -> dict[str, Any]:
        """The next frame, or the next of these channels."""
        while True:
            frame = await asyncio.wait_for(self.frames.get(), within_s)
            if not channels or frame["channel"] in channels:
                return frame

    async def silence(self, for_s: float = 0.1) -> None:
        """Nothing but heartbeats for a while."""
        await asyncio.sleep(for_s)
        heard = [self.frames.get_nowait() for _ in range(self.frames.qsize())]
        assert [one for one in heard if one["event"] != "heartbeat"] == []

    async def end(self, within_s: float = 5.0) -> int | None:
        await asyncio.wait_for(self.ended.wait(), within_s)
        return self.closed


@pytest.fixture
async def town(db: Database, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Town]:
    async with open_town(db, clock, tmp_path / "home") as opened:
        opened.app.state.hub._heartbeat_s = HEARTBEAT_S
        yield opened


async def ticket(town: Town, who: str = "anna") -> str:
    return str((await town.made("POST", "/stream/ticket", who=who))["ticket"])


async def enter(town: Town, who: str = "anna", **more: Any) -> tuple[Tab, dict[str, Any]]:
    """A tab that is in, and its welcome."""
    tab = Tab(town)
    tab.say(op="hello", ticket=await ticket(town, who), **more)
    welcome = await tab.hear()
    assert (welcome["channel"], welcome["event"]) == ("system", "welcome")
    return tab, welcome


async def happen(town: Town, user_id: int, n: int, *, name: str = "risk.order_refused") -> None:
    """An event of that person, delivered the way the worker delivers it."""

    async def publish(event: Event) -> None:
        payload = {"id": event.event_id, "name": event.name, "user_id": event.user_id, "payload": event.payload}
        await town.wiring.bus.publish("event", payload)

    async with town.wiring.db.write() as session:
        await announce(session, Event(name, {"n": n}, user_id), at=town.wiring.clock.now())
    await Dispatcher(town.wiring.db, town.wiring.clock, rooms.listeners(), publish).drain()


ANNA, BERT = 1, 2


async def test_a_ticket_lets_one_tab_in_once(town: Town) -> None:
    once = await ticket(town)
    first = Tab(town)
    first.say(op="hello", ticket=once)
    assert (await first.hear())["event"] == "welcome"
    second = Tab(town)
    second.say(op="hello", ticket=once)
    assert await second.end() == 4401
    assert not first.ended.is_set()


async def test_a_ticket_runs_out(town: Town, clock: ManualClock) -> None:
    late = await ticket(town)
    clock.advance(timedelta(seconds=31))
    tab = Tab(town)
    tab.say(op="hello", ticket=late)
    assert await tab.end() == 4401


NONSENSE: dict[str, Callable[[Tab], None]] = {
    "a wrong ticket": lambda tab: tab.say(op="hello", ticket="x" * 43),
    "no ticket": lambda tab: tab.say(op="hello"),
    "a number as ticket": lambda tab: tab.say(op="hello", ticket=1),
    "no hello": lambda tab: tab.say(op="subscribe", replay_id="1"),
    "no json": lambda tab: tab.say_text("hello"),
    "a list": lambda tab: tab.say_text("[]"),
    "a huge frame": lambda tab: tab.say_text('{"op":"' + "x" * 20_000 + '"}'),
    "a surrogate": lambda tab: tab.say_text('{"op":"hello","ticket":"\\ud800"}'),
    "bytes": lambda tab: tab._sending.put_nowait({"type": "websocket.receive", "bytes": b"\x00"}),
    "goodbye": lambda tab: tab.leave(),
}


@pytest.mark.parametrize("say", NONSENSE.values(), ids=list(NONSENSE))
async def test_nonsense_instead_of_a_hello_is_shown_out(town: Town, say: Callable[[Tab], None]) -> None:
    tab = Tab(town)
    say(tab)
    assert await tab.end() in (4401, None)
    assert town.app.state.hub.sockets == 0
    assert tab.task.exception() is None


async def test_who_says_nothing_is_shown_out(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "HELLO_S", 0.1)
    assert await Tab(town).end() == 4401


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:8000.evil.example", "http://127.0.0.1"]
)
async def test_a_page_of_another_site_may_not_open_the_socket(town: Town, origin: str) -> None:
    tab = Tab(town, origin=origin)
    tab.say(op="hello", ticket=await ticket(town))
    assert await tab.end() == 4403
    assert tab.frames.empty()


async def test_a_program_without_origin_may(town: Town) -> None:
    tab = Tab(town, origin=None)
    tab.say(op="hello", ticket=await ticket(town))
    assert (await tab.hear())["event"] == "welcome"


async def test_both_tabs_hear_and_nobody_else_does(town: Town) -> None:
    (one, _), (two, _), (other, _) = await enter(town), await enter(town), await enter(town, "bert")
    await happen(town, ANNA, 1)
    for tab in (one, two):
        frame = await tab.hear("risk_warning")
        assert (frame["event"], frame["data"]) == ("refused", {"n": 1})
    await other.silence()
    one.leave()
    await one.end()
    await happen(town, ANNA, 2)
    assert (await two.hear("risk_warning"))["data"] == {"n": 2}


async def test_what_becomes_of_signals_and_runs_is_heard_by_their_owner_alone(town: Town) -> None:
    (mine, _), (theirs, _) = await enter(town), await enter(town, "bert")
    await happen(town, ANNA, 1, name="signals.signal_changed")
    await happen(town, ANNA, 2, name="signals.run_ended")
    heard = [await mine.hear("signal_changed", "run_ended") for _ in range(2)]
    assert [(frame["channel"], frame["event"], frame["data"]) for frame in heard] == [
        ("signal_changed", "changed", {"n": 1}),
        ("run_ended", "ended", {"n": 2}),
    ]
    await theirs.silence()


async def test_numbers_grow_by_one_for_each_person(town: Town) -> None:
    (tab, welcome), (other, _) = await enter(town), await enter(town, "bert")
    for n in range(3):
        await happen(town, ANNA, n)
        await happen(town, BERT, 100 + n)
    start = welcome["data"]["seq"]
    assert [(await tab.hear("risk_warning"))["seq"] - start for _ in range(3)] == [1, 2, 3]
    assert [(await other.hear("risk_warning"))["data"]["n"] for _ in range(3)] == [100, 101, 102]


async def test_an_order_reaches_its_owners_tabs_only(town: Town) -> None:
    (mine, _), (theirs, _) = await enter(town), await enter(town, "bert")
    ids = await furnish(town, "anna")
    await happen(town, ANNA, 0)  # drains everything that waits
    frame = await mine.hear("order_update")
    assert (frame["event"], frame["data"]["id"]) == ("submitted", ids["order_id"])
    await theirs.silence()


async def test_a_tab_that_was_away_gets_exactly_what_it_missed(town: Town) -> None:
    tab, welcome = await enter(town)
    await happen(town, ANNA, 1)
    seen = (await tab.hear("risk_warning"))["seq"]
    tab.leave()
    await tab.end()
    for n in (2, 3, 4):
        await happen(town, ANNA, n)
        await happen(town, BERT, n)
    back, again = await enter(town, resume_seq=seen)
    assert again["data"] == {"seq": seen + 3, "resumed": True}
    frames = [await back.hear() for _ in range(3)]
    assert [(one["seq"], one["data"]["n"]) for one in frames] == [(seen + 1, 2), (seen + 2, 3), (seen + 3, 4)]
    await happen(town, ANNA, 5)
    assert (await back.hear("risk_warning"))["seq"] == seen + 4
    assert welcome["data"]["resumed"] is False


@pytest.mark.parametrize("resume", [0, -1, 10**18, 1.5, "1", True, None, [1]])
async def test_a_number_that_is_not_ours_starts_afresh(town: Town, resume: Any) -> None:
    await happen(town, ANNA, 1)
    tab, welcome = await enter(town, resume_seq=resume)
    assert welcome["data"]["resumed"] is False
    await tab.silence()


async def test_what_lies_too_far_back_is_not_resumed(town: Town) -> None:
    hub = town.app.state.hub
    _, welcome = await enter(town)
    for n in range(stream._REMEMBERED + 2):
        hub._deliver("risk.order_refused", ANNA, {"n": n})
    start = welcome["data"]["seq"]
    _, late = await enter(town, resume_seq=start)
    assert late["data"]["resumed"] is False
    _, fine = await enter(town, resume_seq=start + 2)
    assert fine["data"]["resumed"] is True


async def test_nobody_resumes_into_the_numbers_of_a_restarted_process(town: Town, clock: ManualClock) -> None:
    hub = town.app.state.hub
    for n in range(5):
        hub._deliver("risk.order_refused", ANNA, {"n": n})
    old = hub._seq[ANNA]
    clock.advance(timedelta(seconds=1))
    fresh = stream.StreamHub(hub._db, clock, town.wiring.bus, hub._tickets, heartbeat_s=1)
    for n in range(9):
        fresh._deliver("risk.order_refused", ANNA, {"n": n})
    town.app.state.hub = fresh
    _, welcome = await enter(town, resume_seq=old)
    assert welcome["data"]["resumed"] is False


async def test_bars_go_to_the_tabs_that_asked_for_them(town: Town) -> None:
    (asked, _), (silent, _), (other, _) = await enter(town), await enter(town), await enter(town, "bert")
    asked.say(op="subscribe", replay_id="7")
    other.say(op="subscribe", replay_id="7")
    await asyncio.sleep(0.05)
    message = {"user_id": ANNA, "topic": "replay:7", "channel": "bar", "event": "closed", "data": {"n": 1}}
    await town.wiring.bus.publish("market", message)
    assert (await asked.hear("bar"))["data"] == {"n": 1}
    await silent.silence(0.05)
    await other.silence(0.05)
    asked.say(op="unsubscribe", replay_id="7")
    await asyncio.sleep(0.05)
    await town.wiring.bus.publish("market", message)
    await asked.silence(0.05)


async def test_a_tab_that_never_reads_is_cut_and_others_are_not(town: Town) -> None:
    slow = Tab(town, reads=False)
    slow.say(op="hello", ticket=await ticket(town))
    await slow.hear()
    quick, _ = await enter(town)
    hub = town.app.state.hub
    for n in range(stream._QUEUED + 50):
        hub._deliver("risk.order_refused", ANNA, {"n": n})
        if n % 100 == 0:
            await asyncio.sleep(0)
            while not quick.frames.empty():
                quick.frames.get_nowait()
    await slow.end()
    assert hub.sockets == 1
    assert not quick.ended.is_set()


async def test_a_tab_that_talks_too_much_is_cut(town: Town) -> None:
    tab, _ = await enter(town)
    for _ in range(stream.MAX_MESSAGES_PER_S + 1):
        tab.say(op="subscribe", replay_id="1")
    await tab.end()


async def test_twenty_tabs_are_enough_for_anybody(town: Town) -> None:
    for _ in range(stream.MAX_SOCKETS_PER_USER):
        await enter(town)
    tab = Tab(town)
    tab.say(op="hello", ticket=await ticket(town))
    assert await tab.end() == 4429
    await enter(town, "bert")


async def test_a_quiet_line_has_a_heartbeat(town: Town) -> None:
    tab, _ = await enter(town)
    assert (await tab.hear("system"))["event"] == "heartbeat"


@pytest.mark.parametrize("busy", [False, True], ids=["quiet", "busy"])
async def test_logging_out_closes_the_socket_within_a_heartbeat(town: Town, busy: bool) -> None:
    tab, _ = await enter(town, "bert")
    anna, _ = await enter(town)
    assert (await town.send("POST", "/auth/logout", who="bert")).status_code == 204
    for n in range(200):
        if busy:
            town.app.state.hub._deliver("risk.order_refused", BERT, {"n": n})
        await asyncio.sleep(HEARTBEAT_S / 20)
        if tab.ended.is_set():
            break
    assert tab.ended.is_set()
    assert not anna.ended.is_set()


async def test_a_person_who_is_disabled_hears_nothing_more(town: Town) -> None:
    tab, _ = await enter(town, "bert")
    answer = await town.send("PUT", "/users/2/status", json={"status": "DISABLED"})
    assert answer.status_code < 300, answer.text
    await tab.end()
