"""Rows come into being once, however many ask at the same moment, on every kind of database."""

import asyncio

from sqlalchemy import func, select

from alphaloop.core.clock import ManualClock
from alphaloop.features.catalog import service
from alphaloop.features.catalog.models import StrategyRow, StrategyVersion
from alphaloop.features.catalog.schemas import Label, StrategyFace
from alphaloop.infra.db import Database
from alphaloop.infra.identity import SYSTEM
from tests.builders import add_person

WORD = Label(zh="x", en="x")


def face(key: str, *, name: str = "", code: str = "a") -> StrategyFace:
    label = Label(zh=name or key, en=name or key)
    return StrategyFace(
        key=key, category="chan", category_label=WORD, label=label, summary=WORD, params=[], code_hash=code
    )


async def test_sixteen_first_calls_at_once_make_every_row_once(db: Database, clock: ManualClock) -> None:
    faces = [face(f"chan/s{n}") for n in range(8)]
    await asyncio.gather(*(service.shelve(db, clock, faces) for _ in range(16)))
    changed = [face(f"chan/s{n}", code="b") for n in range(8)]
    await asyncio.gather(*(service.shelve(db, clock, changed) for _ in range(16)))
    async with db.read() as session:
        assert await session.scalar(select(func.count()).select_from(StrategyRow)) == 8
        assert await session.scalar(select(func.count()).select_from(StrategyVersion)) == 16
        row = await service.get_strategy(session, SYSTEM, "chan/s3")
        assert (row.version, row.code_hash) == (2, "b")
        versions = await service.list_versions(session, SYSTEM, "chan/s3", limit=9)
    assert [one.number for one in versions] == [2, 1]


async def test_a_name_that_a_person_took_first_does_not_keep_a_strategy_out(db: Database, clock: ManualClock) -> None:
    person = await add_person(db, clock)
    assert person.user_id is not None
    await service.shelve(db, clock, [face("chan/one", name="Golden")])
    await service.shelve(db, clock, [face("chan/two", name="Golden")])
    async with db.read() as session:
        assert (await service.get_strategy(session, person, "chan/two")).name == "chan/two"


async def test_a_version_is_said_to_be_verified_by_a_backtest(db: Database, clock: ManualClock) -> None:
    await service.shelve(db, clock, [face("chan/one")])
    async with db.write() as session:
        row = await service.get_strategy(session, SYSTEM, "chan/one")
        made_of = {"code_hash": row.code_hash, "params": row.params}
        await service.note_verified(session, row.key, **made_of, backtest_id=7)
        for other in ({"code_hash": "other"}, {"params": {"other": 1}}):
            await service.note_verified(session, row.key, **(made_of | other), backtest_id=8)
    async with db.read() as session:
        [version] = await service.list_versions(session, SYSTEM, "chan/one", limit=9)
    assert version.verified_backtest_id == 7
