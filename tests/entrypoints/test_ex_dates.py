"""Ex-dates of accounts on the system's clock: announced by the market, booked by the worker, shown on the tickets."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from alphaloop.adapters.feeds import ListedAction
from alphaloop.adapters.venues.manual import ManualVenue
from alphaloop.core.clock import ManualClock
from alphaloop.core.corporate import CorporateAction
from alphaloop.entrypoints.worker import Worker
from alphaloop.features.ledger.checks import find_violations
from alphaloop.features.market import service as market
from alphaloop.features.market.naming import Hints, name_instrument
from alphaloop.features.orders import service as orders
from alphaloop.features.orders.execution import Execution, Step, VenuePlug
from alphaloop.infra.db import Database
from alphaloop.infra.identity import SYSTEM
from tests.builders import D, add_instrument
from tests.journeys.town import Town, open_town

pytestmark = pytest.mark.database

APPLE = name_instrument("AAPL", Hints()).instrument
# The shape of Apple's split of 2020: one share becomes four. And of a quarter's dividend.
SPLIT = {"bonus": D(3)}
DIVIDEND = {"cash": D("0.26")}


@pytest.fixture
async def town(db: Database, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Town]:
    async with open_town(db, clock, tmp_path / "home") as opened:
        yield opened


async def look(worker: Worker) -> None:
    """What the worker does twice a second, and its queue."""
    await worker._serve_tickets()
    await worker._serve_orders()
    await worker._dispatcher.drain()
    while await worker._jobs.run_one():
        await worker._serve_orders()


async def order(town: Town, account: str, **more: str) -> dict[str, Any]:
    body = {"account_id": account, "instrument": APPLE.symbol, "side": "BUY", "type": "LIMIT", "quantity": "100"}
    return await town.made("POST", "/trading/orders", json=body | more)


async def shown(town: Town, what: str, account: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await town.made("GET", f"/trading/{what}?account_id={account}"))["items"]
    return items


async def holding(town: Town, clock: ManualClock, worker: Worker) -> str:
    """An account by hand with 100 shares at 500, a waiting buy at 480 and one that only a penny share would fill."""
    await add_instrument(town.wiring.db, clock, APPLE)
    body = {"name": "by hand", "venue": "manual", "quote_asset": "USD", "cash": "1000000"}
    account = str((await town.made("POST", "/accounts", json=body))["id"])
    bought = await order(town, account, price="500")
    await look(worker)
    await town.made("POST", f"/trading/orders/{bought['id']}/fills", json={"quantity": "100", "price": "500"})
    await order(town, account, price="480")
    await order(town, account, price="0.2")
    await look(worker)
    return account


async def reach(town: Town, clock: ManualClock, worker: Worker, terms: dict[str, Any], day: date) -> None:
    """The market comes to an ex-date."""
    listed = [ListedAction(APPLE.symbol, CorporateAction(day, **terms))]
    async with town.wiring.db.write() as session:
        await market.bring_actions(session, SYSTEM, clock, listed, source="test")
        assert await market.announce_ex_dates(session, clock) == 1
    await look(worker)
    await look(worker)


async def test_a_split_restates_what_is_held_and_what_waits(town: Town, clock: ManualClock) -> None:
    worker = Worker(town.wiring)
    account = await holding(town, clock, worker)
    await reach(town, clock, worker, SPLIT, clock.now().date())
    (position,) = await shown(town, "positions", account)
    assert (position["quantity"], position["average_price"], position["mark"]) == ("400", "125", "125")
    tickets = await shown(town, "tickets", account)
    assert [(one["price"], one["quantity"], one["note"]) for one in tickets] == [
        ("120", "100", "ex_date"),
        ("0.05", "100", "ex_date"),
    ]
    async with town.wiring.db.read() as session:
        assert await find_violations(session) == []


async def test_a_dividend_pays_and_ends_what_it_takes_to_nothing(town: Town, clock: ManualClock) -> None:
    worker = Worker(town.wiring)
    account = await holding(town, clock, worker)
    await reach(town, clock, worker, DIVIDEND, clock.now().date())
    (flow,) = (await town.made("GET", f"/accounts/{account}/cash-flows"))["items"]
    assert (flow["kind"], flow["amount"], flow["asset"]) == ("EX_DATE", "26", "USD")
    (ticket,) = await shown(town, "tickets", account)
    assert (ticket["price"], ticket["note"]) == ("479.74", "ex_date")
    ended = next(one for one in await shown(town, "orders", account) if one["price"] == "0.2")
    assert (ended["status"], ended["reason"]["code"]) == ("CANCELLED", "ex_date_no_price")


async def test_the_same_ex_date_is_booked_once_however_often_it_is_worked(town: Town, clock: ManualClock) -> None:
    worker = Worker(town.wiring)
    account = await holding(town, clock, worker)
    await reach(town, clock, worker, SPLIT, clock.now().date())
    async with town.wiring.db.read() as session:
        (touched,) = await orders.accounts_touched(session, APPLE.symbol)
    action = CorporateAction(clock.now().date(), **SPLIT)
    for _ in range(2):
        await worker._trading_floor().pass_ex_date(touched, APPLE, action)
    (position,) = await shown(town, "positions", account)
    assert position["quantity"] == "400"
    assert [one["price"] for one in await shown(town, "tickets", account)] == ["120", "0.05"]


async def test_a_crash_before_the_tickets_were_restated_is_made_good(town: Town, clock: ManualClock) -> None:
    async def power_cut(step: Step) -> None:
        if step.name == "before_restating":
            raise RuntimeError("power cut")

    worker = Worker(town.wiring)
    account = await holding(town, clock, worker)
    venues: dict[str, VenuePlug] = {"manual": ManualVenue(town.wiring.db)}
    action = CorporateAction(clock.now().date(), **SPLIT)
    async with town.wiring.db.read() as session:
        (touched,) = await orders.accounts_touched(session, APPLE.symbol)
    with pytest.raises(RuntimeError):
        await Execution(town.wiring.db, clock, venues, crash_point=power_cut).pass_ex_date(touched, APPLE, action)
    assert [one["note"] for one in await shown(town, "tickets", account)] == ["", ""]
    await Execution(town.wiring.db, clock, venues).pass_ex_date(touched, APPLE, action)
    assert [one["price"] for one in await shown(town, "tickets", account)] == ["120", "0.05"]
    (position,) = await shown(town, "positions", account)
    assert position["quantity"] == "400"
