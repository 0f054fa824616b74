"""Screens over HTTP and as jobs: run, followed, stopped, kept, and telling of what is new."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from alphaloop.core.bar import Timeframe
from alphaloop.features.research import jobs
from alphaloop.infra.jobs.local import LocalWorker, enqueue
from alphaloop.infra.outbox import OutboxRow
from alphaloop.infra.settings import Settings
from tests.features.market.shop import Shop
from tests.features.market.walks import csv_of, walk

UP = {"conditions": [{"timeframe": "1m", "direction": "up"}]}
NAMES = ("BTCUSDT", "ETHUSDT", "LTCUSDT", "XRPUSDT")


def worker_of(shop: Shop) -> LocalWorker:
    wiring = shop.house.wiring
    return LocalWorker(wiring.db, shop.clock, jobs.HANDLERS, holder="test", parts={Settings: wiring.settings})


async def bring_in_walks(shop: Shop, rows: int = 400) -> None:
    for seed, name in enumerate(NAMES):
        await shop.bring_in(csv_of(walk(rows, seed=seed)), instrument=name)


async def run(shop: Shop, body: dict[str, Any] | None = None) -> dict[str, Any]:
    started = await shop.send("POST", "/chan/screens", status=202, json=body or {"query": UP})
    assert started["status"] == "QUEUED"
    assert await worker_of(shop).run_one()
    finished: dict[str, Any] = await shop.get(f"/chan/screens/{started['id']}")
    return finished


async def announced(shop: Shop) -> list[dict[str, Any]]:
    async with shop.house.db.read() as session:
        rows = await session.scalars(select(OutboxRow).where(OutboxRow.name == "research.screen_matched"))
        return [{"user_id": row.user_id, **row.payload} for row in rows]


async def test_a_screen_runs_over_every_instrument_and_says_why_each_matched(shop: Shop) -> None:
    await bring_in_walks(shop)
    await shop.bring_in(csv_of(walk(60, step_ms=Timeframe.D1.ms)), instrument="DOGEUSDT", timeframe="1d")
    done = await run(shop)
    assert (done["status"], done["progress"]["done"], done["progress"]["total"]) == ("DONE", 5, 5)
    assert (done["instruments"], done["skipped"], done["error"]) == (5, {"series_not_found": 1}, None)
    moods = {}
    for name in NAMES:
        strokes = (await shop.get("/chan/structure", instrument=name, timeframe="1m"))["strokes"]
        moods[name] = strokes[-1]["direction"]
    assert {match["alias"] for match in done["matches"]} == {name for name, mood in moods.items() if mood == "up"}
    assert done["matched"] == len(done["matches"]) > 0
    fact = done["matches"][0]["facts"][0]
    assert (fact["timeframe"], fact["direction"], fact["point"]) == ("1m", "up", None)


async def test_a_screen_may_name_its_instruments(shop: Shop) -> None:
    await bring_in_walks(shop)
    done = await run(shop, {"query": UP, "instruments": ["ETHUSDT", "LTC/USDT@binance"]})
    assert done["instruments"] == 2
    await shop.send("POST", "/chan/screens", status=404, json={"query": UP, "instruments": ["NOPE"]})


async def test_what_does_not_fit_is_refused_before_anything_runs(shop: Shop) -> None:
    for query, code in (
        ({"conditions": []}, "too_short"),
        ({"conditions": [{"timeframe": "1d"}]}, "nothing_asked"),
        ({"conditions": [{"timeframe": "9d", "direction": "up"}]}, "enum"),
        ({**UP, "config": "MINE"}, "unknown_config"),
        ({**UP, "adjust": "sideways"}, "unknown_adjustment"),
        ({"conditions": [{"timeframe": "1d", "direction": "up", "colour": 1}]}, "extra_forbidden"),
    ):
        refused = await shop.send("POST", "/chan/screens", status=422, json={"query": query})
        assert code in str(refused["detail"]), refused
    assert not await worker_of(shop).run_one()
    assert (await shop.client.post("/api/v1/chan/screens", json={"query": UP})).status_code == 401


async def test_a_person_may_have_three_runs_waiting_and_stop_one(shop: Shop) -> None:
    await bring_in_walks(shop, 50)
    started = [await shop.send("POST", "/chan/screens", status=202, json={"query": UP}) for _ in range(3)]
    refused = await shop.send("POST", "/chan/screens", status=409, json={"query": UP})
    assert refused["code"] == "runs_waiting"
    await shop.send("POST", "/chan/screens", status=202, who=shop.admin, json={"query": UP})
    async with shop.house.db.write() as session:
        row = await jobs.service.read_screen(session, await actor_of(shop), int(started[1]["id"]))
        row.cancel_requested = True
    worker = worker_of(shop)
    while await worker.run_one():
        pass
    seen = [(await shop.get(f"/chan/screens/{one['id']}"))["status"] for one in started]
    assert seen == ["DONE", "CANCELLED", "DONE"]
    await shop.get(f"/chan/screens/{started[0]['id']}", status=404, who=shop.admin)


async def actor_of(shop: Shop) -> Any:
    from alphaloop.infra.identity import Actor, ActorType

    me = await shop.get("/auth/me")
    return Actor(ActorType.USER, user_id=int(me["id"]), permissions=frozenset({"chan.read"}))


async def test_a_saved_screen_is_kept_changed_and_forgotten(shop: Shop) -> None:
    body = {"name": "涨势", "query": UP, "alert": True}
    saved = await shop.send("POST", "/chan/screens/saved", status=201, json=body)
    assert (saved["name"], saved["alert"], saved["matched"], saved["ran_at"]) == ("涨势", True, [], None)
    assert saved["query"]["conditions"][0]["direction"] == "up"
    taken = await shop.send("POST", "/chan/screens/saved", status=409, json=body)
    assert taken["code"] == "screen_exists"
    place = f"/chan/screens/saved/{saved['id']}"
    await bring_in_walks(shop)
    started = await shop.send("POST", f"{place}/run", status=202)
    await worker_of(shop).run_one()
    done = await shop.get(f"/chan/screens/{started['id']}")
    (kept,) = await shop.get("/chan/screens/saved")
    assert kept["matched"] == [match["instrument"] for match in done["matches"]]
    assert kept["ran_at"] is not None
    renamed = await shop.send("PUT", place, json={**body, "name": "上升", "alert": False})
    assert (renamed["name"], renamed["alert"], renamed["matched"]) == ("上升", False, kept["matched"])
    other = {"conditions": [{"timeframe": "1m", "direction": "down"}]}
    assert (await shop.send("PUT", place, json={**body, "query": other}))["matched"] == []
    for method in ("PUT", "DELETE"):
        await shop.send(method, place, status=404, who=shop.admin, **({"json": body} if method == "PUT" else {}))
    await shop.send("DELETE", place, status=204)
    assert await shop.get("/chan/screens/saved") == []
    await shop.send("POST", f"{place}/run", status=404)


async def test_the_daily_run_tells_each_new_match_once(shop: Shop) -> None:
    await bring_in_walks(shop)
    for name, alert in (("told", True), ("quiet", False)):
        await shop.send("POST", "/chan/screens/saved", status=201, json={"name": name, "query": UP, "alert": alert})

    async def daily(day: int) -> None:
        async with shop.house.db.write() as session:
            await enqueue(session, shop.clock, jobs.ALERTS_JOB, {}, period=f"2024-01-0{day}")
        assert await worker_of(shop).run_one()

    await daily(1)
    kept = {row["name"]: row for row in await shop.get("/chan/screens/saved")}
    (event,) = await announced(shop)
    assert (event["name"], event["instruments"], event["matched"]) == (
        "told",
        kept["told"]["matched"],
        len(kept["told"]["matched"]),
    )
    assert kept["quiet"]["ran_at"] is None
    await daily(2)
    assert len(await announced(shop)) == 1
    quiet = sorted(set(NAMES) - {symbol.split("@")[0].replace("/", "") for symbol in event["instruments"]})[0]
    rising = walk(800, seed=NAMES.index(quiet))
    for rows in range(420, 800, 20):
        await shop.bring_in(csv_of(rising.cut(0, rows)), instrument=quiet)
        found = await shop.get("/chan/structure", instrument=quiet, timeframe="1m")
        if found["strokes"][-1]["direction"] == "up":
            break
    await daily(3)
    assert [one["instruments"] for one in (await announced(shop))[1:]] == [[f"{quiet[:-4]}/USDT@binance"]]


async def test_a_run_of_a_screen_that_was_changed_meanwhile_notes_nothing(shop: Shop) -> None:
    await bring_in_walks(shop, 50)
    saved = await shop.send("POST", "/chan/screens/saved", status=201, json={"name": "a", "query": UP, "alert": True})
    place = f"/chan/screens/saved/{saved['id']}"
    await shop.send("POST", f"{place}/run", status=202)
    other = {"conditions": [{"timeframe": "1m", "direction": "down"}]}
    await shop.send("PUT", place, json={"name": "a", "query": other})
    await worker_of(shop).run_one()
    (kept,) = await shop.get("/chan/screens/saved")
    assert (kept["matched"], kept["ran_at"]) == ([], None)


def test_alerting_screens_run_after_the_last_market_closed() -> None:
    schedule = jobs.SCHEDULES[jobs.ALERTS_JOB](Settings())
    assert schedule.latest(datetime(2024, 1, 5, 22, 30, tzinfo=UTC)) == datetime(2024, 1, 5, 22, 15, tzinfo=UTC)


@pytest.mark.parametrize("alert", [True, False])
async def test_alerting_takes_its_own_permission(shop: Shop, alert: bool) -> None:
    from alphaloop.core.errors import ForbiddenError
    from alphaloop.features.research.screening import parse_query

    reader = await actor_of(shop)
    async with shop.house.db.write() as session:
        if alert:
            with pytest.raises(ForbiddenError):
                await jobs.service.save_screen(session, reader, shop.clock, parse_query(UP), name="x", alert=True)
        else:
            await jobs.service.save_screen(session, reader, shop.clock, parse_query(UP), name="x", alert=False)
