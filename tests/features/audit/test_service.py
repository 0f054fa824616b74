"""The trail itself: written with its change, sealed into a chain, and unable to change unseen."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from alphaloop.core.clock import ManualClock
from alphaloop.core.errors import ForbiddenError, HaltedError, InvalidError, NotFoundError
from alphaloop.features.audit import service as audit
from alphaloop.features.audit import triggers
from alphaloop.features.audit.jobs import seal_once
from alphaloop.features.audit.models import AuditHead, AuditLog
from alphaloop.features.audit.rules import CONTENT_COLUMNS
from alphaloop.infra.db import Database
from alphaloop.infra.identity import SYSTEM, Actor, ActorType

PERSON = Actor(ActorType.USER, user_id=7, username="maria", ip_address="192.0.2.1", user_agent="test")


async def write(db: Database, clock: ManualClock, count: int = 1, actor: Actor = PERSON, **extra: Any) -> None:
    for number in range(count):
        async with db.write() as session:
            await audit.record(
                session,
                actor,
                clock=clock,
                action="tests.thing_done",
                resource_type="thing",
                resource_id=number,
                **{"after": {"n": number, "漢": "字", "list": [1, None, True]}, **extra},
            )
        clock.advance(timedelta(milliseconds=1))


async def rows_of(db: Database) -> Sequence[AuditLog]:
    async with db.read() as session:
        return list(await session.scalars(select(AuditLog).order_by(AuditLog.id)))


async def broken(db: Database) -> audit.BrokenRow | None:
    async with db.read() as session:
        return await audit.verify(session, batch=3)


class RolledBackError(Exception):
    """Ends a trial transaction without leaving a trace."""


async def found_after(db: Database, statement: str) -> audit.BrokenRow | None:
    """What `verify` says once the owner of the database has done this; afterwards it is undone."""
    found = []
    try:
        async with db.write() as session:
            await session.execute(text(statement))
            found.append(await audit.verify(session, batch=3))
            raise RolledBackError
    except RolledBackError:
        return found[0]


@asynccontextmanager
async def without_triggers(db: Database) -> AsyncIterator[None]:
    """The triggers are away meanwhile, as only the owner of the database can have it."""

    async def run(statements: list[str]) -> None:
        async with db.write() as session:
            for line in statements:
                await session.execute(text(line))

    await run(triggers.drop(db.dialect))
    try:
        yield
    finally:
        await run(triggers.create(db.dialect))


async def test_a_row_goes_with_its_transaction(db: Database, clock: ManualClock) -> None:
    async def fail() -> None:
        async with db.write() as session:
            await audit.record(session, PERSON, clock=clock, action="a.b", resource_type="c")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert await rows_of(db) == []
    await write(db, clock)
    assert len(await rows_of(db)) == 1


async def test_a_row_says_who_what_where_and_when(db: Database, clock: ManualClock) -> None:
    at = clock.now()
    await write(db, clock, account_id=3, before={"password": "canary", "x": 1}, details={"reason": "why"})
    (row,) = await rows_of(db)
    assert (row.user_id, row.account_id, row.actor_type, row.at) == (7, 3, "USER", at)
    assert (row.ip_address, row.user_agent, row.result) == ("192.0.2.1", "test", "OK")
    assert (row.resource_type, row.resource_id) == ("thing", "0")
    assert row.before == {"password": "***", "x": 1}
    assert row.after == {"n": 0, "漢": "字", "list": [1, None, True]}
    assert (row.hash, row.sealed_at, row.seal_no) == (None, None, None)


async def test_long_and_unstorable_text_is_cut_to_fit(db: Database, clock: ManualClock) -> None:
    noisy = Actor(
        ActorType.USER, user_id=1, ip_address="x" * 100, user_agent="\x00\ud800" + "u" * 999, request_id="r" * 99
    )
    await write(db, clock, actor=noisy, details={"\x00": "\ud800"})
    (row,) = await rows_of(db)
    assert (len(row.ip_address), len(row.user_agent), len(row.request_id)) == (45, 255, 64)


async def test_the_sealer_chains_rows_once_and_the_chain_holds(db: Database, clock: ManualClock) -> None:
    await write(db, clock, 5)
    assert await seal_once(db, clock, "one") == 5
    assert await seal_once(db, clock, "one") == 0
    await write(db, clock, 4)
    assert await seal_once(db, clock, "one") == 4
    rows = await rows_of(db)
    assert [row.seal_no for row in rows] == list(range(1, 10))
    assert [row.prev_hash for row in rows[1:]] == [row.hash for row in rows[:-1]]
    assert await broken(db) is None


async def test_only_the_holder_of_the_lease_seals(db: Database, clock: ManualClock) -> None:
    await write(db, clock)
    assert await seal_once(db, clock, "one") == 1
    await write(db, clock)
    assert await seal_once(db, clock, "two") == 0
    clock.advance(timedelta(seconds=20))
    assert await seal_once(db, clock, "two") == 1
    assert await broken(db) is None


async def test_two_sealers_at_once_make_one_chain(db: Database, clock: ManualClock) -> None:
    await write(db, clock, 12)

    async def one() -> int:
        async with db.write() as session:
            return await audit.seal(session, clock)

    await one()
    await write(db, clock, 12)
    assert sum(await asyncio.gather(one(), one(), one())) == 12
    assert await broken(db) is None


async def test_an_empty_trail_holds(db: Database) -> None:
    assert await broken(db) is None


CHANGES = {
    "id": "id = id + 1000",
    "at": "at = '2020-01-01 00:00:00'",
    "user_id": "user_id = 8",
    "account_id": "account_id = 1",
    "actor_type": "actor_type = 'SYSTEM'",
    "action": "action = 'tests.nothing_done'",
    "resource_type": "resource_type = 'x'",
    "resource_id": "resource_id = NULL",
    "before": "{before} = '{{}}'",
    "after": "{after} = '{{\"n\": 5}}'",
    "details": "details = '[]'",
    "result": "result = 'REFUSED'",
    "ip_address": "ip_address = '192.0.2.2'",
    "user_agent": "user_agent = 'tesu'",
    "request_id": "request_id = 'x'",
    "hash": "hash = '{zeros}'",
    "prev_hash": "prev_hash = '{zeros}'",
    "sealed_at": "sealed_at = '2020-01-01 00:00:00'",
    "seal_no": "seal_no = NULL",
}


async def test_an_edit_by_the_owner_of_the_database_names_the_row(db: Database, clock: ManualClock) -> None:
    await write(db, clock, 6)
    await seal_once(db, clock, "one")
    fourth = (await rows_of(db))[3].id
    quote = "`" if db.dialect in ("mysql", "mariadb") else '"'
    names = {"before": f"{quote}before{quote}", "after": f"{quote}after{quote}", "zeros": "0" * 64}
    # A row taken out of the chain shows as a gap at the next one; an id that changed shows under its new number.
    shown = {"seal_no": fourth + 1, "id": fourth + 1000}
    async with without_triggers(db):
        for column, change in CHANGES.items():
            found = await found_after(db, f"UPDATE audit_logs SET {change.format(**names)} WHERE id = {fourth}")
            assert found is not None, column
            assert found.row_id == shown.get(column, fourth), column
    assert await broken(db) is None


def test_the_edits_above_try_every_column() -> None:
    assert set(CHANGES) == {column.name for column in AuditLog.__table__.columns}
    assert set(CONTENT_COLUMNS) < set(CHANGES)


async def test_a_removed_row_is_missed(db: Database, clock: ManualClock) -> None:
    await write(db, clock, 6)
    await seal_once(db, clock, "one")
    ids = [row.id for row in await rows_of(db)]
    async with without_triggers(db):
        for which, reason in ((0, "gap"), (3, "gap"), (5, "cut")):
            found = await found_after(db, f"DELETE FROM audit_logs WHERE id = {ids[which]}")
            assert found == audit.BrokenRow(ids[min(which + 1, 5)], reason)
        assert await found_after(db, "DELETE FROM audit_logs") == audit.BrokenRow(ids[5], "cut")
    assert await broken(db) is None


async def test_removing_the_end_mark_is_missed(db: Database, clock: ManualClock) -> None:
    await write(db, clock, 2)
    await seal_once(db, clock, "one")
    async with db.write() as session:
        await session.execute(update(AuditHead).values(seal_no=1))
    assert await broken(db) is not None


FORBIDDEN = [
    "UPDATE audit_logs SET action = 'x'",
    "UPDATE audit_logs SET result = 'REFUSED', seal_no = 99",
    "UPDATE audit_logs SET hash = 'x'",
    "DELETE FROM audit_logs",
    "DELETE FROM audit_logs WHERE seal_no IS NULL",
]


async def test_the_database_itself_refuses_to_change_a_row(db: Database, clock: ManualClock) -> None:
    async def content() -> list[dict[str, Any]]:
        return [{**vars(row), "_sa_instance_state": None} for row in await rows_of(db)]

    async def attempt(statement: str) -> None:
        async with db.write() as session:
            await session.execute(text(statement))

    for _ in ("unsealed", "sealed"):
        await write(db, clock)
        before = await content()
        for statement in FORBIDDEN:
            with pytest.raises(DBAPIError, match="append-only"):
                await attempt(statement)
        assert await content() == before
        await seal_once(db, clock, "one")


async def test_a_row_cannot_be_replaced_either(db: Database, clock: ManualClock) -> None:
    if db.dialect == "postgresql":
        statement = "TRUNCATE audit_logs"
    else:
        statement = (
            "REPLACE INTO audit_logs (id, at, actor_type, action, resource_type, result, ip_address, user_agent, "
            "request_id) VALUES (1, '2026-01-01 00:00:00', 'USER', 'x', 'x', 'OK', '', '', '')"
        )
    await write(db, clock)
    with pytest.raises(DBAPIError, match="append-only"):
        async with db.write() as session:
            await session.execute(text(statement))


async def test_the_triggers_can_be_dropped_and_made_again(db: Database, clock: ManualClock) -> None:
    async with without_triggers(db):
        await write(db, clock)
    assert await seal_once(db, clock, "one") == 1


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ForbiddenError("no"), True),
        (HaltedError("stopped"), True),
        (InvalidError("too much", code="risk_single_order_pct"), True),
        (InvalidError("no"), False),
        (NotFoundError("no"), False),
    ],
)
def test_which_refusals_leave_a_row(error: Any, expected: bool) -> None:
    assert audit.must_be_recorded(error) is expected


async def test_a_person_sees_their_own_rows_and_a_reader_all(db: Database, clock: ManualClock) -> None:
    await write(db, clock, 2)
    await write(db, clock, 3, actor=SYSTEM)
    reader = Actor(ActorType.USER, user_id=9, permissions=frozenset({"audit.read"}))
    async with db.read() as session:
        own = await audit.list_logs(session, PERSON, before_id=None, limit=50)
        everything = await audit.list_logs(session, reader, before_id=None, limit=50)
        others = await audit.list_logs(session, PERSON, before_id=None, limit=50, user_id=9)
    assert {row.user_id for row in own} == {7}
    assert len(everything) == 5
    assert [row.id for row in everything] == sorted((row.id for row in everything), reverse=True)
    assert others == []
