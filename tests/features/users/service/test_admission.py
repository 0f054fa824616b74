"""Tickets for the socket: single use, short, bound to a login, and re-checked while the socket is open."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from alphaloop.core.clock import ManualClock
from alphaloop.core.errors import ForbiddenError
from alphaloop.features.users.models import WsTicket
from alphaloop.features.users.service import TicketOffice
from alphaloop.infra.db import Database
from alphaloop.infra.identity import SYSTEM, Actor
from tests.features.users.house import House, bearer


@pytest.fixture
def office(clock: ManualClock) -> TicketOffice:
    return TicketOffice(clock)


async def ticket_of(house: House, access_token: str) -> str:
    answer = await house.client.post("/api/v1/stream/ticket", headers=bearer(access_token))
    assert answer.status_code == 200
    assert 0 < answer.json()["expires_in"] <= 30
    return str(answer.json()["ticket"])


async def redeemed(db: Database, office: TicketOffice, ticket: str) -> Actor | None:
    async with db.write() as session:
        return await office.redeem(session, ticket)


async def test_a_ticket_admits_its_person_once(house: House, office: TicketOffice) -> None:
    ticket = await ticket_of(house, (await house.onboard())["access_token"])
    actor = await redeemed(house.db, office, ticket)
    assert actor is not None
    assert (actor.user_id, actor.username) == (1, "admin")
    assert "order.place" in actor.permissions
    assert await redeemed(house.db, office, ticket) is None


async def test_of_many_who_bring_the_same_ticket_one_comes_in(house: House, office: TicketOffice) -> None:
    ticket = await ticket_of(house, (await house.onboard())["access_token"])
    actors = await asyncio.gather(*(redeemed(house.db, office, ticket) for _ in range(8)))
    assert sum(actor is not None for actor in actors) == 1


async def test_another_process_can_redeem_it(house: House, office: TicketOffice) -> None:
    ticket = await ticket_of(house, (await house.onboard())["access_token"])
    elsewhere = Database(house.db.url)
    assert await redeemed(elsewhere, office, ticket) is not None
    await elsewhere.close()


async def test_a_ticket_lasts_thirty_seconds(house: House, office: TicketOffice, clock: ManualClock) -> None:
    token = (await house.onboard())["access_token"]
    early, late = await ticket_of(house, token), await ticket_of(house, token)
    clock.advance(timedelta(seconds=29))
    assert await redeemed(house.db, office, early) is not None
    clock.advance(timedelta(seconds=1))
    assert await redeemed(house.db, office, late) is None


@pytest.mark.parametrize("ticket", ["", "x", "é" * 10, "\ud800", "x" * 10_000])
async def test_an_unknown_ticket_admits_nobody(db: Database, office: TicketOffice, ticket: str) -> None:
    assert await redeemed(db, office, ticket) is None


async def test_a_ticket_dies_with_its_login(house: House, office: TicketOffice) -> None:
    token = (await house.onboard())["access_token"]
    ticket = await ticket_of(house, token)
    await house.client.post("/api/v1/auth/logout", headers=bearer(token))
    assert await redeemed(house.db, office, ticket) is None


async def test_the_database_holds_no_ticket(house: House) -> None:
    ticket = await ticket_of(house, (await house.onboard())["access_token"])
    async with house.db.read() as session:
        rows = [str(dict(row)) for row in (await session.execute(select(WsTicket.__table__))).mappings()]
    assert len(rows) == 1
    assert ticket not in rows[0]


async def test_an_open_socket_loses_its_right_to_stay_with_logout_and_with_role(
    house: House, office: TicketOffice
) -> None:
    admin = await house.onboard()
    maria = await house.register("maria")
    actors = []
    for issued in (admin, maria):
        actor = await redeemed(house.db, office, await ticket_of(house, issued["access_token"]))
        assert actor is not None
        actors.append(actor)

    async def valid() -> list[bool]:
        async with house.db.read() as session:
            return [await office.still_valid(session, actor) for actor in actors]

    assert await valid() == [True, True]
    await house.client.put("/api/v1/users/2/roles", json={"roles": ["follower"]}, headers=bearer(admin["access_token"]))
    assert await valid() == [True, False]
    await house.client.post("/api/v1/auth/logout", headers=bearer(admin["access_token"]))
    assert await valid() == [False, False]


async def test_who_did_not_sign_in_gets_no_ticket(db: Database, office: TicketOffice) -> None:
    with pytest.raises(ForbiddenError):
        async with db.write() as session:
            await office.issue(session, SYSTEM)


async def test_no_answer_holds_a_ticket_or_token_in_an_address(house: House, tmp_path: Path) -> None:
    token = (await house.onboard())["access_token"]
    for name in ("token", "access_token", "ticket"):
        answer = await house.client.get(f"/api/v1/auth/me?{name}={token}")
        assert answer.status_code == 401
