"""Runs and signals over HTTP: asked for, done in a process of their own, read, judged, traded and measured."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from alphaloop.adapters.feeds.contract import BarTable
from alphaloop.core.clock import ManualClock, to_ms
from alphaloop.entrypoints.scheduler import Scheduler
from alphaloop.features.accounts.service import open_paper_account
from alphaloop.features.signals import service
from alphaloop.features.signals.jobs import EXPIRE_JOB, MEASURE_JOB, StrategyTimetable
from alphaloop.features.signals.service import RUN_JOB
from alphaloop.infra.identity import Actor, ActorType
from alphaloop.infra.jobs.local import cancel_job, enqueue
from alphaloop.infra.jobs.models import JobRow
from tests.builders import START_MS, STEP_MS, add_account
from tests.features.market.shop import Shop
from tests.features.market.walks import csv_of, walk
from tests.features.signals.conftest import worker_of
from tests.features.signals.test_scanning import FOLLOWER

OWN = "user:follower"
CASH = Decimal(10_000)


def bars(rows: int) -> BarTable:
    """A walk of which sixty bars have closed when these tests begin."""
    return walk(rows, start_ms=to_ms(datetime(2026, 1, 5, 11, tzinfo=UTC)), seed=11)


async def prepared(shop: Shop, clock: ManualClock, *, rows: int = 60, source: str = FOLLOWER) -> dict[str, Any]:
    """An account, a file of one's own and bars until now; what a run is asked for."""
    await shop.bring_in(csv_of(bars(rows)))
    folder = shop.house.wiring.settings.strategies_dir
    folder.mkdir(parents=True, exist_ok=True)
    if source:
        (folder / "follower.py").write_text(source, encoding="utf-8")
    async with shop.house.db.write() as session:
        actor = Actor(ActorType.USER, user_id=2, permissions=frozenset({"account.manage"}))
        account = await open_paper_account(session, actor, clock=clock, name="desk", quote_asset="USDT", cash=CASH)
    return {"account_id": str(account.id), "instruments": ["BTCUSDT"], "timeframe": "1m"}


async def ran(shop: Shop, asked: dict[str, Any], named: str = OWN) -> dict[str, Any]:
    queued = await shop.send("POST", f"/strategies/{named}/run", status=202, json=asked)
    assert queued["status"] == "PENDING"
    assert await worker_of(shop).run_one()
    [newest, *_] = (await shop.get(f"/strategies/{named}/runs"))["items"]
    assert newest["id"] == queued["id"]
    return dict(newest)


async def test_a_run_looks_at_the_newest_bar_and_keeps_its_signal_once(shop: Shop, clock: ManualClock) -> None:
    asked = await prepared(shop, clock)
    first = await ran(shop, asked | {"params": {"period": 20}})
    assert (first["status"], first["error"], first["trigger"]) == ("COMPLETED", None, "MANUAL")
    assert first["params"] == {"period": 20}
    [signal] = (await shop.get(f"/strategies/{OWN}/signals"))["items"]
    table = bars(60)
    assert (signal["ts"], signal["price"]) == (int(table.ts[-1]), str(table.close[-1]))
    assert (signal["direction"], signal["run_id"], signal["strategy"]) == ("LONG", first["id"], OWN)
    assert first["signal_count"] == 1
    strategy = await shop.get(f"/strategies/{OWN}")
    assert (strategy["total_signals"], strategy["last_run_at_ms"]) == (1, first["finished_at_ms"])
    assert await shop.get(f"/signals/{signal['id']}") == signal
    for query in ({"account_id": asked["account_id"]}, {"strategy": OWN}, {"direction": "LONG"}):
        assert [one["id"] for one in (await shop.get("/signals", **query))["items"]] == [signal["id"]]
    for nothing in ("direction=SHORT", "status=EXECUTED", "run_id=99", "instrument=ETHUSDT"):
        assert (await shop.send("GET", f"/signals?{nothing}"))["items"] == []
    assert (await shop.get("/signals", who=shop.admin))["items"] == []
    [agreement] = (await shop.get("/signals/agreement", account_id=asked["account_id"]))["items"]
    assert (agreement["direction"], agreement["reason"], agreement["signals"]) == ("LONG", "unanimous", [signal["id"]])
    await _judged(shop, signal["id"])
    await _measured(shop, clock, signal)


async def _judged(shop: Shop, signal_id: str) -> None:
    """This account has no moving market, so the pipeline says no and the signal stays."""
    told = await shop.send("POST", f"/signals/{signal_id}/validate")
    assert (told["status"], [one["code"] for one in told["validation"]]) == ("PENDING", ["no_fresh_price"])
    told = await shop.send("POST", f"/signals/{signal_id}/execute")
    assert (told["status"], told["order_id"]) == ("PENDING", None)
    done = await shop.send("POST", "/signals/execute-batch", json={"ids": [signal_id]})
    assert done == {"items": [{"id": signal_id, "status": "PENDING", "order_id": None, "code": "no_fresh_price"}]}
    assert (await shop.send("POST", "/signals/execute-batch", status=422, json={"ids": []}))["code"] == "bad_batch"
    for verb in ("validate", "execute", "cancel"):
        told = await shop.send("POST", f"/signals/{signal_id}/{verb}", status=404, who=shop.admin)
        assert told["code"] == "signal_not_found"


async def _measured(shop: Shop, clock: ManualClock, signal: dict[str, Any]) -> None:
    """Twenty bars later its outcome is known, and it has expired meanwhile."""
    table = bars(90)
    await shop.bring_in(csv_of(table))
    clock.advance(timedelta(minutes=30))
    for kind in (EXPIRE_JOB, MEASURE_JOB):
        async with shop.house.db.write() as session:
            await enqueue(session, clock, kind, {})
        assert await worker_of(shop).run_one()
    seen = await shop.get(f"/signals/{signal['id']}")
    assert (seen["status"], seen["validation"][0]["code"]) == ("EXPIRED", "signal_expired")
    assert seen["hit"] in ("STOP", "HORIZON")
    lows = table.low[60:80].tolist()
    if seen["hit"] == "STOP":
        assert min(lows) <= float(seen["stop"])
    entry, worst = table.open[60], min(lows[: seen["bars_held"]])
    assert 0 <= seen["mae"] <= (entry - worst) / entry + 1e-12
    told = await shop.get(f"/strategies/{OWN}/performance")
    assert (told["signals"], told["measured"], told["win_rate"]) == (1, 1, float(seen["outcome"] > 0))
    assert (await shop.get(f"/strategies/{OWN}"))["win_rate"] == told["win_rate"]


async def test_what_cannot_be_run_is_refused_by_name(shop: Shop, clock: ManualClock) -> None:
    asked = await prepared(shop, clock, source="")
    named = "trend/golden_cross"
    for path, changes, status, code in (
        ("no/such", {}, 404, "strategy_not_found"),
        (named, {"account_id": "99"}, 404, "account_not_found"),
        (named, {"instruments": ["NOPE@binance"]}, 404, "instrument_not_found"),
        (named, {"instruments": []}, 422, "invalid"),
    ):
        told = await shop.send("POST", f"/strategies/{path}/run", status=status, json=asked | changes)
        assert told["code"] == code
    queued = await shop.send("POST", f"/strategies/{named}/run", status=202, json=asked)
    assert await shop.send("POST", f"/strategies/{named}/toggle", who=shop.admin) is False
    assert await worker_of(shop).run_one()
    [newest] = (await shop.get(f"/strategies/{named}/runs"))["items"]
    assert (newest["id"], newest["status"], newest["error"]["code"]) == (queued["id"], "FAILED", "strategy_off")
    told = await shop.send("POST", f"/strategies/{named}/run", status=409, json=asked)
    assert told["code"] == "strategy_off"


async def test_a_schedule_that_missed_its_moments_runs_once(shop: Shop, clock: ManualClock) -> None:
    asked = await prepared(shop, clock, source="")
    made = await shop.send(
        "POST", "/strategies", status=201, json={"base": "trend/golden_cross", "name": "By the clock"}
    )
    await shop.send("PUT", f"/strategies/{made['key']}/schedule", json=asked | {"cron": "*/10 * * * *"})
    pair = [Scheduler(shop.house.db, clock, {RUN_JOB: StrategyTimetable()}, holder=name) for name in "ab"]
    assert await pair[0].tick() == []
    clock.advance(timedelta(minutes=40))
    assert await pair[0].tick() == [RUN_JOB]
    assert await pair[0].tick() == await pair[1].tick() == []
    async with shop.house.db.write() as session:
        [job] = await session.scalars(select(JobRow).where(JobRow.kind == RUN_JOB))
        assert (job.owner_id, job.period) == (2, f"{made['id']}:2026-01-05T12:40:00+00:00")
        for _ in range(2):  # a worker that died and the one that takes over
            assert await service.begin_run(session, job.id, job.args, clock=clock) is not None
    [run] = (await shop.get(f"/strategies/{made['id']}/runs"))["items"]
    assert (run["trigger"], run["status"], run["auto_execute"]) == ("SCHEDULE", "RUNNING", True)
    assert (run["instruments"], run["params"]) == (["BTC/USDT@binance"], made["current_params"])
    clock.advance(timedelta(minutes=10))
    assert await shop.send("POST", f"/strategies/{made['id']}/toggle") is False
    assert await pair[0].tick() == []
    assert await shop.send("POST", f"/strategies/{made['id']}/toggle") is True
    assert await pair[0].tick() == []  # what came due while it was off is not made up for
    clock.advance(timedelta(minutes=5))
    assert await pair[0].tick() == []


async def test_an_account_on_a_replay_looks_at_nothing_that_the_replay_has_not_shown(
    shop: Shop, clock: ManualClock
) -> None:
    await shop.bring_in(csv_of(walk(50, step_ms=STEP_MS)), timeframe="30m")
    db = shop.house.db
    actor = Actor(ActorType.USER, user_id=2, permissions=frozenset({"account.manage"}))
    account = await add_account(db, clock, actor)
    asked = {"account_id": str(account.id), "instruments": ["BTCUSDT"], "timeframe": "30m"}
    queued = await shop.send("POST", "/strategies/trend/golden_cross/run", status=202, json=asked)
    async with db.read() as session:
        arguments = await service.arguments_of(session, int(queued["id"]), clock=clock)
    assert arguments["as_of_ms"] == START_MS + STEP_MS
    async with db.write() as session:
        await cancel_job(session, clock, int(queued["job_id"]), owner_id=2)
    [run] = (await shop.get("/strategies/trend/golden_cross/runs"))["items"]
    assert (run["status"], run["error"]["code"]) == ("FAILED", "run_cancelled")


async def test_consent_is_set_and_read_by_whom_the_account_belongs_to(shop: Shop, clock: ManualClock) -> None:
    asked = await prepared(shop, clock, source="")
    account = asked["account_id"]
    assert (await shop.get("/signals/auto-execution", account_id=account))["on"] is False
    assert (await shop.send("PUT", "/signals/auto-execution", json={"account_id": account, "on": True}))["on"] is True
    assert (await shop.get("/signals/auto-execution", account_id=account))["on"] is True
    await shop.get("/signals/auto-execution", account_id=account, status=404, who=shop.admin)
