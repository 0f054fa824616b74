"""The life-cycle log and the repaint meter over HTTP: the kernel's own, by times, and no more than was known."""

from typing import Any

import numpy as np
import pytest

from alphaloop.adapters.feeds.contract import BarTable
from alphaloop.features.research.life_rows import RepaintRun
from alphaloop.kernels.chan import config_named
from alphaloop.kernels.chan.events import LifeLog
from alphaloop.kernels.chan.repaint import repaint_table
from alphaloop.kernels.chan.state import ChanState
from tests.features.market.shop import Shop
from tests.features.market.walks import START_MS, csv_of, walk
from tests.features.research.test_api import start_replay
from tests.features.research.test_screens_api import worker_of

BTC = {"instrument": "BTCUSDT", "timeframe": "1m"}
CONFIG = config_named("CN-STRICT-1")


def columns(table: BarTable) -> tuple[Any, ...]:
    return (table.ts, table.open, table.high, table.low, table.close, table.volume)


async def pages(shop: Shop, **more: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: dict[str, Any] = {}
    while True:
        page = await shop.get("/chan/events", **BTC, **more, **cursor)
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        assert all(row["ts"] >= page["first_ts"] for row in page["items"])
        cursor = {"cursor": page["next_cursor"]}


async def test_the_pages_together_are_the_whole_log(shop: Shop) -> None:
    table = walk(1200, seed=2)
    await shop.bring_in(csv_of(table))
    log = LifeLog(ChanState(CONFIG))
    log.extend(*columns(table))
    events = log.events()
    found = (await pages(shop, limit=500))[::-1]
    assert [(row["ts"], row["layer"], row["action"], row["n"]) for row in found] == [
        (int(table.ts[row["bar"]]), row["layer"], row["action"], row["n"]) for row in events
    ]
    assert {row["action"] for row in found} >= {"seen", "moved", "confirmed", "final", "withdrawn"}
    moved = next(row for row in found if row["action"] == "moved")
    assert moved["was_ts"] != moved["end_ts"]
    assert all((row["kind"] is not None) is (row["layer"] == "point") for row in found)
    assert all((row["direction"] is not None) is (row["layer"] in ("stroke", "segment")) for row in found)
    points = await pages(shop, limit=400, layer="point", level=0)
    assert points == [row for row in found[::-1] if (row["layer"], row["level"]) == ("point", 0)]


async def test_in_a_replay_nothing_is_told_that_had_not_happened(shop: Shop) -> None:
    table = walk(900, seed=2)
    await shop.bring_in(csv_of(table))
    replay_id = await start_replay(shop, 499)
    found = await pages(shop, limit=300, replay_id=replay_id)
    assert found == [row for row in await pages(shop, limit=500) if row["ts"] <= table.ts[499]]


async def test_a_log_before_the_first_bar_is_empty_and_an_unknown_layer_is_refused(shop: Shop) -> None:
    await shop.bring_in(csv_of(walk(50)))
    nothing = await shop.get("/chan/events", **BTC, cursor=START_MS)
    assert nothing == {"items": [], "first_ts": None, "next_cursor": None}
    for wrong in ({"layer": "fractal"}, {"limit": 501}, {"level": 9}, {"config": "MINE"}, {"cursor": "x"}):
        await shop.get("/chan/events", status=422, **BTC, **wrong)


async def test_repaints_are_measured_by_a_job_and_kept(shop: Shop) -> None:
    table = walk(5000, seed=9)
    await shop.bring_in(csv_of(table))
    before = await shop.get("/chan/repaint", **BTC)
    assert before == {"bars": 0, "first_ts": None, "last_ts": None, "measured_at": None, "rows": []}
    job = await shop.send("POST", "/chan/repaint", status=202, json=BTC)
    assert job["status"] == "QUEUED"
    assert await worker_of(shop).run_one()
    found = await shop.get("/chan/repaint", **BTC)
    assert (found["bars"], found["first_ts"], found["last_ts"]) == (5000, START_MS, int(table.ts[-1]))
    expected = repaint_table(*columns(table), CONFIG)
    assert [tuple(row.values()) for row in found["rows"]] == [
        tuple(None if isinstance(value, float) and np.isnan(value) else value for value in row) for row in expected
    ]
    shown = next(row for row in found["rows"] if (row["level"], row["kind"], row["stage"]) == (0, "all", "shown"))
    assert shown["published"] > shown["withdrawn"] > 0
    other = await shop.get("/chan/repaint", **BTC, config="new-stroke")
    assert other["measured_at"] is None


async def test_a_later_measurement_takes_the_place_of_the_one_before(shop: Shop) -> None:
    table = walk(700, seed=9)
    for rows in (400, 700):
        await shop.bring_in(csv_of(table.cut(0, rows)))
        await shop.send("POST", "/chan/repaint", status=202, json={**BTC, "config": "new-stroke"})
        assert await worker_of(shop).run_one()
        assert (await shop.get("/chan/repaint", **BTC, config="new-stroke"))["bars"] == rows


async def test_what_cannot_be_measured_says_so(shop: Shop) -> None:
    await shop.bring_in(csv_of(walk(50)))
    await shop.send("POST", "/chan/repaint", status=422, json={**BTC, "config": "MINE"})
    await shop.send("POST", "/chan/repaint", status=404, json={**BTC, "instrument": "NOPE"})
    for _ in range(3):
        await shop.send("POST", "/chan/repaint", status=202, json={**BTC, "timeframe": "1w"})
    refused = await shop.send("POST", "/chan/repaint", status=409, json=BTC)
    assert refused["code"] == "runs_waiting"
    worker = worker_of(shop)
    while await worker.run_one():
        pass
    assert (await shop.get("/chan/repaint", **{**BTC, "timeframe": "1w"}))["measured_at"] is None


def test_a_measurement_can_be_followed_bar_by_bar() -> None:
    table = walk(4500, seed=1)
    run = RepaintRun(table, CONFIG)
    assert list(run) == [0, 2000, 4000]
    counted = run.measured()["counted"]
    assert [row["published"] for row in counted] == [row.published for row in repaint_table(*columns(table), CONFIG)]


@pytest.mark.parametrize("start", [0, 250, 499, 500])
def test_a_log_that_begins_late_is_the_end_of_the_whole(start: int) -> None:
    from alphaloop.features.research.life_rows import event_rows

    table = walk(500, seed=4)
    whole = event_rows(table, 0, CONFIG)
    since = [row for row in whole if start < 500 and row["ts"] >= table.ts[min(start, 499)]]
    assert event_rows(table, start, CONFIG) == since
