"""Backtests over HTTP: asked for, run in a process of their own, read, compared, exported and forgotten."""

import asyncio
import io
import re
from pathlib import Path
from typing import Any

import pytest

from alphaloop.features.backtests import jobs
from alphaloop.infra.jobs.local import LocalWorker, cancel_job
from alphaloop.infra.settings import Settings
from tests.features.market.shop import Shop
from tests.features.market.walks import csv_of, walk

ASKED: dict[str, Any] = {
    "strategy": "reversion/bollinger",
    "instruments": ["BTCUSDT"],
    "timeframe": "1m",
    "params": {"period": 20, "width": 1.5},
    "fee": 0.0005,
    "initial_capital": "10000",
}
OWN = """
from dataclasses import dataclass
import numpy as np
from alphaloop.engine.params import param
from alphaloop.engine.strategy import Signals, mark_episodes

CATEGORY, LABEL, SUMMARY = "trend_following", {"zh": "x", "en": "x"}, {"zh": "x", "en": "x"}


@dataclass(frozen=True)
class Params:
    period: int = param(5, 2, 50, label_zh="x", label_en="x")


def warmup(params):
    return params.period


def needs(params):
    return []


def evaluate(panel, params):
    BODY
    target = np.where(panel.member, (np.arange(len(panel.close)) // params.period % 2.0).reshape(-1, 1), np.nan)
    return Signals(target, mark_episodes(target))
"""


def worker_of(shop: Shop) -> LocalWorker:
    wiring = shop.house.wiring
    return LocalWorker(wiring.db, shop.clock, jobs.HANDLERS, holder="test", parts={Settings: wiring.settings})


async def ask(shop: Shop, **changes: Any) -> dict[str, Any]:
    asked: dict[str, Any] = await shop.send("POST", "/backtest/run", status=202, json=ASKED | changes)
    return asked


async def finish(shop: Shop, asked: dict[str, Any]) -> dict[str, Any]:
    assert await worker_of(shop).run_one()
    done: dict[str, Any] = await shop.get(f"/backtest/results/{asked['id']}")
    return done


async def test_a_run_is_asked_for_done_and_read(shop: Shop) -> None:
    await shop.bring_in(csv_of(walk(3000)))
    asked = await ask(shop)
    assert (asked["status"], asked["metrics"], asked["strategy"]) == ("QUEUED", None, "reversion/bollinger")
    done = await finish(shop, asked)
    assert (done["status"], done["error"]) == ("DONE", None)
    assert done["metrics"]["trades"] == len(done["trades"]) > 10
    assert done["equity_curve"]["equity"][-1] == pytest.approx(done["metrics"]["final_equity"])
    assert done["report"]["instruments"][0]["pnl"] == pytest.approx(sum(trade["pnl"] for trade in done["trades"]))
    assert set(done["report"]["intervals"]) <= {"sharpe", "total_return", "max_drawdown"}
    listed = await shop.get("/backtest/results")
    assert [one["id"] for one in listed["items"]] == [asked["id"]]


async def test_the_same_question_has_the_same_answer_and_the_same_name(shop: Shop) -> None:
    await shop.bring_in(csv_of(walk(800)))
    first = await finish(shop, await ask(shop))
    again = await finish(shop, await ask(shop))
    other = await finish(shop, await ask(shop, params={"period": 21, "width": 1.5}))
    assert (first["run_id"], first["trades"]) == (again["run_id"], again["trades"])
    assert other["run_id"] != first["run_id"]
    ids = f"{first['id']},{other['id']}"
    compared = await shop.get("/backtest/results/compare", ids=ids)
    row = next(one for one in compared["rows"] if one["metric"] == "trades")
    assert row["values"] == [len(first["trades"]), len(other["trades"])]
    await shop.get("/backtest/results/compare", ids=first["id"], status=422)


async def test_a_period_is_kept_to_and_an_empty_one_refused(shop: Shop) -> None:
    table = walk(2000)
    await shop.bring_in(csv_of(table))
    first, last = int(table.ts[500]), int(table.ts[1499])
    done = await finish(shop, await ask(shop, start_ts=first, end_ts=last))
    assert done["metrics"]["bars"] == 1000
    assert done["report"]["last_ts"] == last
    await shop.send("POST", "/backtest/run", status=422, json=ASKED | {"start_ts": last, "end_ts": first})
    empty = await finish(shop, await ask(shop, start_ts=int(table.ts[-1]) + 60_000_000))
    assert (empty["status"], empty["error"]["code"]) == ("FAILED", "no_bars")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"strategy": "reversion/nothing"}, "unknown_strategy"),
        ({"params": {"period": 1}}, "bad_parameter"),
        ({"params": {"perod": 20}}, "bad_parameter"),
    ],
)
async def test_what_a_strategy_cannot_take_fails_its_own_run_with_words(
    shop: Shop, changes: dict[str, Any], code: str
) -> None:
    await shop.bring_in(csv_of(walk(400)))
    wrong, right = await ask(shop, **changes), await ask(shop)
    failed = await finish(shop, wrong)
    assert (failed["status"], failed["error"]["code"], failed["report"]) == ("FAILED", code, None)
    assert (await finish(shop, right))["status"] == "DONE"
    await shop.get(f"/backtest/results/{wrong['id']}/trades.csv", status=409)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"instruments": []}, 422),
        ({"instruments": ["NOPE"]}, 404),
        ({"instruments": ["BTCUSDT", "BTCUSDT"]}, 422),
        ({"timeframe": "7m"}, 422),
        ({"timeframe": "1d", "benchmark": "NOPE"}, 404),
        ({"initial_capital": "0"}, 422),
        ({"fee": 0.5}, 422),
        ({"fill": "never"}, 422),
        ({"surprise": 1}, 422),
    ],
)
async def test_what_cannot_be_asked_is_refused_at_once(shop: Shop, changes: dict[str, Any], status: int) -> None:
    await shop.bring_in(csv_of(walk(60)))
    await shop.send("POST", "/backtest/run", status=status, json=ASKED | changes)
    assert (await shop.get("/backtest/results"))["items"] == []


async def test_the_path_may_name_the_strategy(shop: Shop) -> None:
    await shop.bring_in(csv_of(walk(400)))
    conditions = {name: value for name, value in ASKED.items() if name != "strategy"}
    asked = await shop.send("POST", "/strategies/reversion/bollinger/backtest", status=202, json=conditions)
    assert (await finish(shop, asked))["strategy"] == "reversion/bollinger"


async def test_a_report_can_be_taken_away_and_forgotten(shop: Shop) -> None:
    await shop.bring_in(csv_of(walk(1500)))
    done = await finish(shop, await ask(shop))
    path = f"/api/v1/backtest/results/{done['id']}"
    lines = (await shop.client.get(f"{path}/trades.csv", headers=shop.trader)).text.splitlines()
    assert len(lines) == len(done["trades"]) + 1
    page = (await shop.client.get(f"{path}/report.html", headers=shop.trader)).text
    assert "reversion/bollinger" in page
    assert "<script" not in page
    await shop.get(f"/backtest/results/{done['id']}", status=404, who=shop.admin)
    await shop.send("DELETE", f"/backtest/results/{done['id']}", status=204)
    await shop.get(f"/backtest/results/{done['id']}", status=404)


def write_own(shop: Shop, body: str) -> Path:
    folder = shop.house.wiring.settings.strategies_dir
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "mine.py"
    path.write_text(OWN.replace("BODY", body), encoding="utf-8")
    return path


async def test_a_file_of_ones_own_runs_and_its_mistakes_name_their_line(shop: Shop) -> None:
    await shop.bring_in(csv_of(walk(400)))
    own = {"strategy": "user:mine", "params": {}}
    path = write_own(shop, "pass")
    assert (await finish(shop, await ask(shop, **own)))["metrics"]["trades"] > 10
    path = write_own(shop, "panel.close[0] = nothing")
    failed = await finish(shop, await ask(shop, **own))
    line = path.read_text().splitlines().index("    panel.close[0] = nothing") + 1
    assert failed["error"]["code"] == "strategy_failed"
    assert f"mine.py, line {line}: NameError" in failed["error"]["message"]


async def test_a_file_that_never_ends_is_ended(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    await shop.bring_in(csv_of(walk(400)))
    monkeypatch.setattr(jobs, "OWN_DEADLINE_S", 4.0)
    write_own(shop, "while True: pass")
    ended = await finish(shop, await ask(shop, strategy="user:mine", params={}))
    assert (ended["status"], ended["error"]["code"]) == ("FAILED", "child_deadline")
    assert re.match(r"mine\.py, line \d+: not done after 4 s", ended["error"]["message"])


async def test_a_file_of_ones_own_sees_none_of_our_settings(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    await shop.bring_in(csv_of(walk(400)))
    monkeypatch.setenv("ALPHALOOP_JWT_SECRET", "a secret of ours")
    write_own(shop, "import os; assert 'ALPHALOOP_JWT_SECRET' not in os.environ")
    assert (await finish(shop, await ask(shop, strategy="user:mine", params={})))["status"] == "DONE"


async def test_a_run_under_way_can_be_cancelled(shop: Shop) -> None:
    await shop.bring_in(csv_of(walk(400)))
    write_own(shop, "while True: pass")
    asked = await ask(shop, strategy="user:mine", params={})
    running = asyncio.create_task(worker_of(shop).run_one())
    for _ in range(200):
        await asyncio.sleep(0.05)
        if (await shop.get(f"/backtest/results/{asked['id']}"))["status"] == "RUNNING":
            break
    async with shop.house.db.write() as session:
        await cancel_job(session, shop.clock, int(asked["job_id"]), owner_id=None)
    await asyncio.wait_for(running, 20)
    assert (await shop.get(f"/backtest/results/{asked['id']}"))["status"] == "CANCELLED"


async def test_a_perpetual_pays_its_funding(shop: Shop) -> None:
    hour = 3_600_000
    table = walk(300, start_ms=1_699_920_000_000, step_ms=hour)
    perpetual = "BTC/USDT:USDT@binance"
    await shop.bring_in(csv_of(table), instrument=perpetual, timeframe="1h")
    conditions = {
        "instruments": [perpetual],
        "timeframe": "1h",
        "params": {"period": 10, "width": 0.5},
        "leverage": "2",
    }
    before = await finish(shop, await ask(shop, **conditions))
    rates = "ts,rate\n" + "".join(f"{int(ts)},0.001\n" for ts in table.ts[::8])
    files = {"file": ("rates.csv", io.BytesIO(rates.encode()), "text/csv")}
    await shop.send("POST", "/market/funding/import", files=files, data={"instrument": perpetual})
    after = await finish(shop, await ask(shop, **conditions))
    assert (before["status"], after["status"]) == ("DONE", "DONE")
    assert after["metrics"]["final_equity"] < before["metrics"]["final_equity"]
    assert after["run_id"] != before["run_id"]
