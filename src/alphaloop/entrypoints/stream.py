"""The browsers' sockets: every tab of a user hears that user's events, in order, and can pick up where it left off."""

import asyncio
import contextlib
import time
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import orjson
from fastapi import WebSocket, WebSocketDisconnect
from loguru import logger
from sqlalchemy import func, select

from alphaloop.core.clock import Clock, to_ms
from alphaloop.features.users.service import TicketOffice
from alphaloop.infra.bus import Bus
from alphaloop.infra.db import Database
from alphaloop.infra.identity import Actor
from alphaloop.infra.outbox import OutboxRow, events_after

HELLO_S = 5.0
CLOSE_S = 2.0
MAX_SOCKETS_PER_USER = 20
MAX_FRAME_BYTES = 16 * 1024
MAX_MESSAGES_PER_S = 50
_REMEMBERED = 500
_QUEUED = 2000
OVERLAP = 1000
"""How many events back a late commit is still noticed."""

# Event name -> (channel, name of the event within it or the payload key that holds it, payload key of the data).
CHANNELS: dict[str, tuple[str, str, str | None]] = {
    "orders.order_updated": ("order_update", "$change", "order"),
    "orders.fill_booked": ("fill", "booked", None),
    "positions.position_changed": ("position_update", "changed", None),
    "signals.signal_fired": ("signal_fired", "fired", None),
    "signals.signal_changed": ("signal_changed", "changed", None),
    "signals.run_ended": ("run_ended", "ended", None),
    "sessions.session_changed": ("session_update", "$change", "session"),
    "sessions.replay_changed": ("replay_update", "$change", "replay"),
    "risk.order_refused": ("risk_warning", "refused", None),
    "risk.halt_changed": ("risk_warning", "$change", None),
    "research.screen_matched": ("alert", "screen_matched", None),
}


class Socket:
    """One tab: a bounded queue towards it, and which bar streams it asked for."""

    def __init__(self, actor: Actor, websocket: WebSocket) -> None:
        self.actor = actor
        self.websocket = websocket
        self.topics: set[str] = set()
        self.queue: asyncio.Queue[bytes] = asyncio.Queue(_QUEUED)
        self.cut = asyncio.Event()

    def send(self, frame: bytes) -> None:
        try:
            self.queue.put_nowait(frame)
        except asyncio.QueueFull:
            # A tab that never reads must not grow our memory: it is cut off and will resume.
            self.close()

    def close(self) -> None:
        """End it at once, even while a frame is stuck on its way to a tab that does not read."""
        self.cut.set()


class StreamHub:
    """All sockets of this process. Durable events get a per-user sequence number and are remembered for resuming."""

    def __init__(self, db: Database, clock: Clock, bus: Bus, tickets: TicketOffice, *, heartbeat_s: float) -> None:
        self._db = db
        self._clock = clock
        self._tickets = tickets
        self._heartbeat_s = heartbeat_s
        self._sockets: dict[int, set[Socket]] = defaultdict(set)
        # Numbers of an earlier process are all smaller, so that nobody resumes into the wrong series.
        first = to_ms(clock.now())
        self._seq: dict[int, int] = defaultdict(lambda: first)
        self._past: dict[int, deque[tuple[int, bytes]]] = defaultdict(lambda: deque(maxlen=_REMEMBERED))
        self._last_event = -1
        self._started_after = 0
        self._seen: OrderedDict[int, None] = OrderedDict()
        self._catching_up = asyncio.Lock()
        bus.subscribe("event", self._on_event)
        bus.subscribe("market", self._on_market)
        bus.on_connect(self._catch_up)

    @property
    def sockets(self) -> int:
        return sum(map(len, self._sockets.values()))

    async def _on_event(self, event: dict[str, Any]) -> None:
        self._once(event["id"], event["name"], event["user_id"], event["payload"])

    def _once(self, event_id: int, name: str, user_id: int | None, payload: dict[str, Any]) -> None:
        """Deliver an event unless it was delivered before; ids may arrive a little out of order."""
        if event_id in self._seen or event_id <= self._last_event - OVERLAP:
            return
        self._seen[event_id] = None
        while len(self._seen) > 2 * OVERLAP:
            self._seen.popitem(last=False)
        self._last_event = max(self._last_event, event_id)
        self._deliver(name, user_id, payload)

    async def _catch_up(self) -> None:
        """Read from the outbox what was delivered while the line was down.

        It looks back a little, because a transaction with a smaller id may have committed after a larger one.
        """
        async with self._catching_up, self._db.read() as session:
            if self._last_event < 0:
                self._last_event = await session.scalar(select(func.max(OutboxRow.id))) or 0
                self._started_after = self._last_event
                return
            place = max(self._last_event - OVERLAP, self._started_after)
            while missed := await events_after(session, place):
                for event in missed:
                    assert event.event_id is not None
                    self._once(event.event_id, event.name, event.user_id, event.payload)
                    place = event.event_id

    def _deliver(self, name: str, user_id: int | None, payload: dict[str, Any]) -> None:
        route = CHANNELS.get(name)
        if route is None or user_id is None:
            return
        channel, event, key = route
        event = str(payload[event[1:]]) if event.startswith("$") else event
        self._seq[user_id] += 1
        seq = self._seq[user_id]
        frame = self._frame(channel, event, payload if key is None else payload[key], seq)
        self._past[user_id].append((seq, frame))
        for socket in list(self._sockets.get(user_id, ())):
            socket.send(frame)

    async def _on_market(self, message: dict[str, Any]) -> None:
        """Bars and marks: not remembered, because the page can fetch them again."""
        user_id = message["user_id"]
        frame: bytes | None = None
        for socket in list(self._sockets.get(user_id, ())):
            if message["topic"] is None or message["topic"] in socket.topics:
                frame = frame or self._frame(message["channel"], message["event"], message["data"], self._seq[user_id])
                socket.send(frame)

    def _frame(self, channel: str, event: str, data: Any, seq: int) -> bytes:
        return orjson.dumps(
            {"channel": channel, "event": event, "data": data, "timestamp": to_ms(self._clock.now()), "seq": seq}
        )

    async def serve(self, websocket: WebSocket) -> None:
        """One socket from handshake to close."""
        if not same_origin(websocket):
            await websocket.close(4403)
            return
        await websocket.accept()
        try:
            actor, resume = await asyncio.wait_for(self._hello(websocket), HELLO_S)
        except (TimeoutError, WebSocketDisconnect, ValueError, KeyError, TypeError):
            actor, resume = None, None
        if actor is None or len(self._sockets.get(actor.person, ())) >= MAX_SOCKETS_PER_USER:
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await websocket.close(4401 if actor is None else 4429)
            return
        socket = Socket(actor, websocket)
        self._welcome(socket, resume)
        try:
            work = (self._write(socket), self._read(socket), socket.cut.wait())
            tasks: list[asyncio.Task[Any]] = [asyncio.create_task(each) for each in work]
            done, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
            for task in done:
                error = task.exception()
                if error is not None and not isinstance(error, WebSocketDisconnect | RuntimeError | ValueError):
                    logger.opt(exception=error).error("socket failed")
        finally:
            self._sockets[actor.person].discard(socket)
            with contextlib.suppress(RuntimeError, WebSocketDisconnect, TimeoutError):
                await asyncio.wait_for(websocket.close(1000), CLOSE_S)

    async def _hello(self, websocket: WebSocket) -> tuple[Actor | None, int | None]:
        message = _parse(await websocket.receive_text())
        if message.get("op") != "hello" or not isinstance(message.get("ticket"), str):
            return None, None
        resume = message.get("resume_seq")
        async with self._db.write() as session:
            actor = await self._tickets.redeem(session, message["ticket"])
        return actor, resume if isinstance(resume, int) else None

    def _welcome(self, socket: Socket, resume: int | None) -> None:
        user = socket.actor.person
        past = self._past[user]
        now = self._seq[user]
        oldest = past[0][0] if past else now + 1
        resumed = resume is not None and (resume == now or (oldest - 1 <= resume < now))
        socket.send(self._frame("system", "welcome", {"seq": now, "resumed": resumed}, now))
        if resumed and resume is not None:
            for seq, frame in past:
                if seq > resume:
                    socket.send(frame)
        self._sockets[user].add(socket)

    async def _write(self, socket: Socket) -> None:
        """Send what is queued, or a heartbeat; ends once the login behind the socket has ended, busy or idle."""
        loop = asyncio.get_running_loop()
        checked = loop.time()
        while True:
            try:
                # Not wait_for: on Python 3.11 it may swallow the cancel that ends this task.
                async with asyncio.timeout(self._heartbeat_s):
                    frame = await socket.queue.get()
            except TimeoutError:
                frame = self._frame("system", "heartbeat", {}, self._seq[socket.actor.person])
            if loop.time() - checked >= self._heartbeat_s:
                checked = loop.time()
                async with self._db.read() as session:
                    if not await self._tickets.still_valid(session, socket.actor):
                        return
            await socket.websocket.send_text(frame.decode())

    async def _read(self, socket: Socket) -> None:
        recent: deque[float] = deque(maxlen=MAX_MESSAGES_PER_S)
        while True:
            text = await socket.websocket.receive_text()
            now = time.monotonic()
            if len(recent) == MAX_MESSAGES_PER_S and now - recent[0] < 1:
                return
            recent.append(now)
            message = _parse(text)
            topic = _topic(message)
            if message.get("op") == "subscribe" and topic and len(socket.topics) < 50:
                socket.topics.add(topic)
            elif message.get("op") == "unsubscribe" and topic:
                socket.topics.discard(topic)

    def drop(self, keep: Callable[[Actor], bool]) -> None:
        """Close the sockets whose actor is no longer welcome."""
        for sockets in list(self._sockets.values()):
            for socket in list(sockets):
                if not keep(socket.actor):
                    socket.close()


def _topic(message: dict[str, Any]) -> str | None:
    replay = message.get("replay_id")
    # Frames of a replay carry its owner's id, so asking for somebody else's simply never matches.
    return f"replay:{replay}" if isinstance(replay, str) and len(replay) <= 19 else None


def _parse(text: str) -> dict[str, Any]:
    if len(text) > MAX_FRAME_BYTES:
        raise ValueError("frame too large")
    message = orjson.loads(text)
    if not isinstance(message, dict):
        raise ValueError("not an object")
    return message


def same_origin(websocket: WebSocket) -> bool:
    """A page of another site may not open our socket; programs that send no Origin may."""
    origin = websocket.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == websocket.headers.get("host")
