"""Facts leave through a table: an event is written in the transaction that made it true and delivered afterwards."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from alphaloop.core.clock import Clock
from alphaloop.core.events import Event
from alphaloop.infra.columns import Key, Model
from alphaloop.infra.db import Database, ReadSession, WriteSession

Listener = Callable[[WriteSession, Event], Awaitable[None]]
Publish = Callable[[Event], Awaitable[None]]


class OutboxRow(Model):
    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_waiting", "dispatched_at", "id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    name: Mapped[str] = mapped_column(String(64))
    version: Mapped[int]
    user_id: Mapped[int | None] = mapped_column(Key)
    account_id: Mapped[int | None] = mapped_column(Key)
    payload: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    dispatched_at: Mapped[datetime | None]


async def announce(session: WriteSession, event: Event, *, at: datetime) -> None:
    """Write the event into the caller's transaction; it is delivered only if that transaction commits."""
    await announce_many(session, [event], at=at)


async def announce_many(session: WriteSession, events: Sequence[Event], *, at: datetime) -> None:
    if not events:
        return
    rows = [
        {
            "name": event.name,
            "version": event.version,
            "user_id": event.user_id,
            "account_id": event.account_id,
            "payload": event.payload,
            "at": at,
        }
        for event in events
    ]
    await session.execute(insert(OutboxRow), rows)
    session.info["announced"] = True


def _event(row: OutboxRow) -> Event:
    return Event(
        name=row.name,
        payload=row.payload,
        user_id=row.user_id,
        account_id=row.account_id,
        version=row.version,
        event_id=row.id,
        at=row.at,
    )


class Dispatcher:
    """Delivers waiting events in order: listeners in one transaction per event, then the live streams.

    A crash between the two loses nothing: a stream that reconnects asks `events_after` for what it has not seen.
    """

    def __init__(self, db: Database, clock: Clock, listeners: dict[str, list[Listener]], publish: Publish) -> None:
        self._db = db
        self._clock = clock
        self._listeners = listeners
        self._publish = publish

    async def drain(self, *, batch: int = 200) -> int:
        """Deliver until nothing waits; returns how many events were delivered."""
        delivered = 0
        while True:
            async with self._db.read() as session:
                waiting = await session.scalars(
                    select(OutboxRow).where(OutboxRow.dispatched_at.is_(None)).order_by(OutboxRow.id).limit(batch)
                )
                events = [_event(row) for row in waiting]
            if not events:
                return delivered
            silent: list[Event] = []
            for event in events:
                if self._listeners.get(event.name):
                    await self._deliver([*silent, event])
                    silent = []
                else:
                    silent.append(event)
            if silent:
                await self._deliver(silent)
            delivered += len(events)

    async def _deliver(self, events: list[Event]) -> None:
        """Mark a run of events as delivered, of which only the last may have listeners."""
        taken: list[Event] = []
        async with self._db.write() as session:
            for event in events:
                marked = await session.execute(
                    update(OutboxRow)
                    .where(OutboxRow.id == event.event_id, OutboxRow.dispatched_at.is_(None))
                    .values(dispatched_at=self._clock.now())
                )
                if getattr(marked, "rowcount", 0) == 1:
                    taken.append(event)
            for event in taken:
                for listener in self._listeners.get(event.name, ()):
                    await listener(session, event)
        for event in taken:
            await self._publish(event)


async def events_after(session: ReadSession, event_id: int, *, limit: int = 1000) -> list[Event]:
    """Delivered events with a larger id, oldest first: what a stream missed while it was away."""
    rows = await session.scalars(
        select(OutboxRow)
        .where(OutboxRow.id > event_id, OutboxRow.dispatched_at.is_not(None))
        .order_by(OutboxRow.id)
        .limit(limit)
    )
    return [_event(row) for row in rows]
