"""What a person may do is asked of their roles as they are now, also when nobody is there to ask."""

from sqlalchemy import update

from alphaloop.core.clock import ManualClock
from alphaloop.features.users.models import User, UserRole
from alphaloop.features.users.service import may
from alphaloop.infra.db import Database
from tests.builders import add_person


async def test_who_is_kept_out_or_has_lost_the_role_may_nothing_any_more(db: Database, clock: ManualClock) -> None:
    person = (await add_person(db, clock)).person

    async def asked(permission: str) -> bool:
        async with db.read() as session:
            return await may(session, person, permission)

    async with db.read() as session:
        assert not await may(session, person + 1, "order.place")
    assert await asked("order.place")
    assert not await asked("no.such")
    async with db.write() as session:
        await session.execute(update(User).values(status="DISABLED"))
    assert not await asked("order.place")
    async with db.write() as session:
        await session.execute(update(User).values(status="ACTIVE"))
        await session.execute(update(UserRole).values(role="follower"))
    assert not await asked("order.place")
    assert await asked("order.read")
