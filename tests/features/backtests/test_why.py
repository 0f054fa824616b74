"""Asking a stored run about one bar: over HTTP, answered by the same run made once more."""

from typing import Any

import pytest

from alphaloop.core.errors import AlphaLoopError
from alphaloop.features.backtests import service, why_service
from alphaloop.features.backtests.places import places_of
from alphaloop.features.backtests.running import run
from alphaloop.features.backtests.why_running import answer
from alphaloop.infra.jobs.local import get_job
from tests.features.backtests.test_api import ask, finish, worker_of
from tests.features.market.shop import Shop
from tests.features.market.walks import MINUTE_MS, START_MS, csv_of, walk

PERPETUAL = "BTC/USDT:USDT@binance"
GIVEN: dict[str, Any] = {"ts": None, "row": None, "instrument": None}


def silent(done: int, total: int, note: str) -> None:
    pass


async def stored_run(shop: Shop, rows: int) -> tuple[str, dict[str, Any]]:
    """A run made here and kept: its number and its report."""
    await shop.bring_in(csv_of(walk(rows)))
    asked = await ask(shop)
    async with shop.house.db.read() as session:
        arguments = await service.arguments_of(session, int(asked["id"]))
    made = run(arguments | places_of(shop.house.wiring.settings), silent)
    async with shop.house.db.write() as session:
        await service.keep_report(session, int(asked["id"]), made)
    return asked["id"], made["report"]


async def told(shop: Shop, backtest_id: str, report: dict[str, Any], **given: Any) -> dict[str, Any]:
    """The answer without a process of its own."""
    known = GIVEN | given | {"backtest_id": backtest_id, "run_id": report["run_id"], "last_ts": report["last_ts"]}
    async with shop.house.db.read() as session:
        arguments = await why_service.arguments_to_ask(session, known)
    return answer(arguments | places_of(shop.house.wiring.settings), silent)


def codes(answered: dict[str, Any]) -> list[str]:
    return [one["code"] for one in answered["reasons"]]


async def test_a_run_says_over_http_why_a_trade_began_in_a_bar(shop: Shop) -> None:
    await shop.bring_in(csv_of(walk(400)))
    done = await finish(shop, await ask(shop))
    entry = done["trades"][0]["entry_ts"]
    path = f"/backtest/results/{done['id']}/why"
    await shop.send("POST", path, status=404, who=shop.admin, json={"ts": entry})
    job = await shop.send("POST", path, status=202, json={"ts": entry})
    assert (job["status"], job["result"]) == ("QUEUED", None)
    assert await worker_of(shop).run_one()
    async with shop.house.db.read() as session:
        row = await get_job(session, int(job["id"]), owner_id=None)
    assert (row.status, row.error) == ("DONE", None)
    answered = row.result
    assert answered is not None
    assert (answered["instrument"], answered["ts"], answered["traded"]) == ("BTC/USDT@binance", entry, True)
    assert codes(answered)[0] == "new_instruction"
    assert "filled" in codes(answered)
    first = answered["reasons"][0]
    assert first["step"] == {"zh": "信号", "en": "signal"}
    assert first["text"]["en"].startswith("at the close of 2023-11-15T00:")
    assert "收盘时目标变为" in first["text"]["zh"]


async def test_what_names_no_bar_or_no_report_is_refused_at_once(shop: Shop) -> None:
    await shop.bring_in(csv_of(walk(60)))
    path = f"/backtest/results/{(await ask(shop))['id']}/why"
    for body in ({}, {"ts": 1, "row": 1}, {"row": "1"}, {"ts": -1}):
        await shop.send("POST", path, status=422, json=body)
    refused = await shop.send("POST", path, status=409, json={"row": 1})
    assert refused["code"] == "no_report"
    backtest_id, _ = await stored_run(shop, 60)
    await shop.bring_in(csv_of(walk(60)), instrument=PERPETUAL)
    for name, status in ((PERPETUAL, 422), ("NOPE", 404), ("BTCUSDT", 202)):
        one = {"row": 1, "instrument": name}
        await shop.send("POST", f"/backtest/results/{backtest_id}/why", status=status, json=one)


async def test_a_moment_means_the_newest_bar_begun_by_then_and_rows_count_from_either_end(shop: Shop) -> None:
    backtest_id, report = await stored_run(shop, 400)
    answered = await told(shop, backtest_id, report, ts=START_MS + 10 * MINUTE_MS + 59_000)
    assert (answered["row"], answered["traded"], codes(answered)[0]) == (10, False, "before_start")
    assert (await told(shop, backtest_id, report, row=-1, instrument="BTC/USDT@binance"))["row"] == 399
    for outside in ({"row": 400}, {"row": -401}, {"ts": START_MS - 1}, {"ts": START_MS + 401 * MINUTE_MS}):
        with pytest.raises(AlphaLoopError) as refused:
            await told(shop, backtest_id, report, **outside)
        assert refused.value.code == "unknown_bar"


async def test_bars_that_came_after_the_run_do_not_matter_and_other_bars_than_its_own_are_told(shop: Shop) -> None:
    backtest_id, report = await stored_run(shop, 400)
    before = await told(shop, backtest_id, report, row=-1)
    await shop.bring_in(csv_of(walk(500).cut(400, 500)))
    assert await told(shop, backtest_id, report, row=-1) == before
    await shop.bring_in(csv_of(walk(10, start_ms=START_MS - 10 * MINUTE_MS)))
    with pytest.raises(AlphaLoopError) as refused:
        await told(shop, backtest_id, report, row=-1)
    assert refused.value.code == "data_changed"
