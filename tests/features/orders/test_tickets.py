"""Trading by hand over HTTP: an order becomes a ticket, what people say of it is booked like any venue's fill."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from alphaloop.core.clock import ManualClock
from alphaloop.entrypoints.worker import Worker
from alphaloop.features.ledger.checks import find_violations
from alphaloop.infra.db import Database
from tests.builders import BTC
from tests.journeys.town import Town, open_town

pytestmark = pytest.mark.database


@pytest.fixture
async def town(db: Database, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Town]:
    async with open_town(db, clock, tmp_path / "home") as opened:
        yield opened


async def look(worker: Worker) -> None:
    """What the worker does twice a second."""
    await worker._serve_tickets()
    await worker._serve_orders()
    await worker._dispatcher.drain()


async def open_account(town: Town, **more: Any) -> str:
    body = {"name": "by hand", "venue": "manual", "quote_asset": "USDT", "cash": "100000", **more}
    opened = await town.made("POST", "/accounts", json=body)
    assert (opened["venue"], opened["kind"], opened["trading_mode"]) == ("manual", "BROKER", "DRY_RUN")
    return str(opened["id"])


async def order(town: Town, account: str, side: str, *, quantity: str = "2", price: str = "100") -> dict[str, Any]:
    body = {"account_id": account, "instrument": BTC.symbol, "side": side, "type": "LIMIT"}
    return await town.made("POST", "/trading/orders", json=body | {"quantity": quantity, "price": price})


async def tell(town: Town, order_id: str, **said: str) -> dict[str, Any]:
    return await town.made("POST", f"/trading/orders/{order_id}/fills", json=said)


async def shown(town: Town, what: str, account: str) -> list[dict[str, Any]]:
    found = await town.made("GET", f"/trading/{what}?account_id={account}")
    items: list[dict[str, Any]] = found["items"]
    return items


async def test_a_round_trip_by_hand_ends_in_the_ledger_and_the_journal(town: Town) -> None:
    account, worker = await open_account(town), Worker(town.wiring)
    bought = await order(town, account, "BUY")
    await look(worker)
    (ticket,) = await shown(town, "tickets", account)
    assert (ticket["client_order_id"], ticket["text"]) == (bought["client_order_id"], "买入 BTC/USDT 2 限价 100")
    for _ in range(2):
        await tell(town, bought["id"], quantity="1.5", price="99.5", fee="0.3", trade_id="b1")
    await tell(town, bought["id"], quantity="0.5", price="100", fee="0.1", trade_id="b2")
    await look(Worker(town.wiring))  # a worker that has just started finds what was said before
    assert [(one["quantity"], one["price"]) for one in await shown(town, "fills", account)] == [
        ("0.5", "100"),
        ("1.5", "99.5"),
    ]
    (position,) = await shown(town, "positions", account)
    assert (position["quantity"], position["fees"]) == ("2", "0.4")
    sold = await order(town, account, "SELL", price="110")
    await look(worker)
    await tell(town, sold["id"], quantity="2", price="111", fee="0.5")
    await look(worker)
    balances = {one["asset"]: one["total"] for one in await shown(town, "balance", account)}
    assert balances["USDT"] == "100021.85"  # 100000 - 149.25 - 50 + 222 - 0.9
    assert await shown(town, "tickets", account) == []
    (draft,) = (await town.made("GET", "/journal/list"))["items"]
    assert draft["account_id"] == account
    async with town.wiring.db.read() as session:
        assert await find_violations(session) == []


async def test_a_statement_books_the_tickets_it_answers_and_hands_back_the_rest(town: Town, clock: ManualClock) -> None:
    account, worker = await open_account(town), Worker(town.wiring)
    await order(town, account, "BUY")
    await look(worker)
    local = clock.now().astimezone(ZoneInfo("Asia/Shanghai"))
    rows = ["成交日期,成交时间,证券代码,买卖标志,成交数量,成交均价,手续费,成交编号"]
    rows += [f"{local:%Y%m%d},{local:%H:%M:%S},{code},买入,2,99.9,0.2,{n}" for n, code in ((1, "BTC/USDT"), (2, "ETH"))]
    raw = "\n".join(rows).encode("gbk")
    for expected in ((1, 0), (0, 1)):
        done = await town.made(
            "POST", "/trading/tickets/statement", data={"account_id": account}, files={"file": ("day.csv", raw)}
        )
        assert (done["booked"], done["known"]) == expected
        assert [one["code"] for one in done["unmatched"]] == ["ETH"]
        await look(worker)
    (fill,) = await shown(town, "fills", account)
    assert (fill["quantity"], fill["price"], fill["fee"]) == ("2", "99.9", "0.2")


async def test_a_withdrawn_ticket_is_no_longer_to_be_carried_out(town: Town) -> None:
    account, worker = await open_account(town), Worker(town.wiring)
    placed = await order(town, account, "BUY")
    await look(worker)
    await town.made("DELETE", f"/trading/orders/{placed['id']}")
    await look(worker)
    assert await shown(town, "tickets", account) == []
    assert (await town.made("GET", f"/trading/orders/{placed['id']}"))["status"] == "CANCELLED"


async def test_an_order_by_hand_states_its_price_and_only_its_owner_speaks_of_it(town: Town) -> None:
    account, worker = await open_account(town), Worker(town.wiring)
    body = {"account_id": account, "instrument": BTC.symbol, "side": "BUY", "type": "MARKET", "quantity": "1"}
    refused = await town.send("POST", "/trading/orders", json=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "risk_no_fresh_price")
    placed = await order(town, account, "BUY")
    path = f"/trading/orders/{placed['id']}/fills"
    said = {"quantity": "1", "price": "100"}
    early = await town.send("POST", path, json=said)
    assert (early.status_code, early.json()["code"]) == (404, "ticket_not_found")
    await look(worker)
    for who, wrong, status in (("bert", {}, 404), ("anna", {"quantity": "3"}, 422), ("anna", {"fee": "-1"}, 422)):
        assert (await town.send("POST", path, who=who, json=said | wrong)).status_code == status
    paper = await town.made("POST", "/accounts", json={"name": "paper", "cash": "1000"})
    assert (await town.send("GET", f"/trading/tickets?account_id={paper['id']}")).status_code == 404
    assert (await town.send("GET", f"/trading/tickets?account_id={account}", who="bert")).status_code == 404


async def test_an_account_by_hand_keeps_no_margin(town: Town) -> None:
    body = {"name": "by hand", "venue": "manual", "quote_asset": "USDT", "cash": "1000"}
    for terms in ({"leverage": "2"}, {"isolated": True}):
        answer = await town.send("POST", "/accounts", json=body | terms)
        assert (answer.status_code, answer.json()["detail"]) == (422, [{"field": "leverage", "code": "out_of_range"}])


async def test_what_only_paper_or_a_moving_market_allows_is_refused_by_hand(town: Town) -> None:
    account = await open_account(town)
    body = {"account_id": account, "instrument": BTC.symbol, "side": "BUY", "type": "LIMIT"}
    answer = await town.send("POST", "/trading/simulate/orders", json=body | {"quantity": "1", "price": "100"})
    assert answer.json()["code"] == "not_a_paper_account"
    running = {"account_id": account, "strategy": "reversion/bollinger", "instrument": BTC.symbol, "timeframe": "30m"}
    assert (await town.send("POST", "/sessions", json=running)).json()["code"] == "no_moving_market"
    answer = await town.send("POST", "/trading/orders", json=body | {"type": "MARKET", "quantity": "1"})
    assert answer.status_code == 409
    assert await shown(town, "orders", account) == []


async def test_a_halt_stops_tickets_that_open_and_lets_those_go_that_close(town: Town) -> None:
    """The operator allows no live trading here, and tickets are written all the same: nothing leaves the machine."""
    account, worker = await open_account(town), Worker(town.wiring)
    bought = await order(town, account, "BUY")
    await look(worker)
    await tell(town, bought["id"], quantity="2", price="100")
    await look(worker)
    halt = await town.send("POST", "/risk/halt", json={"on": True, "account_id": account})
    assert halt.status_code == 204, halt.text
    body = {"account_id": account, "instrument": BTC.symbol, "type": "LIMIT", "quantity": "2", "price": "100"}
    refused = await town.send("POST", "/trading/orders", json=body | {"side": "BUY"})
    assert refused.json()["code"] == "trading_halted"
    await town.made("POST", "/trading/orders", json=body | {"side": "SELL", "reduce_only": True})
    await look(worker)
    (ticket,) = await shown(town, "tickets", account)
    assert (ticket["side"], ticket["note"]) == ("SELL", "")
