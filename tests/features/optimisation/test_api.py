"""Searches over HTTP: asked for, run in processes of their own, watched, stopped, gone on with and forgotten."""

import asyncio
from typing import Any, get_args

import pytest

from alphaloop.core.errors import NotFoundError
from alphaloop.engine.optimise import METHODS, METRICS
from alphaloop.features.optimisation import jobs, schemas, service
from alphaloop.infra.jobs.local import LocalWorker, cancel_job
from alphaloop.infra.settings import Settings
from tests.features.market.shop import Shop
from tests.features.market.walks import csv_of, walk

ASKED: dict[str, Any] = {
    "strategy": "reversion/bollinger",
    "instruments": ["BTCUSDT"],
    "timeframe": "1m",
    "ranges": {"period": {"low": 10, "high": 40, "step": 5}, "width": {"values": [1, 1.5, 2]}},
    "constraints": [{"left": "trades", "op": ">=", "right": 3}],
    "method": "grid",
    "trials": 21,
    "initial_capital": "10000",
    "fee": 0.0005,
}


def worker_of(shop: Shop, holder: str = "test") -> LocalWorker:
    wiring = shop.house.wiring
    settings = wiring.settings.model_copy(update={"job_processes": 1})
    return LocalWorker(wiring.db, shop.clock, jobs.HANDLERS, holder=holder, parts={Settings: settings})


async def ask(shop: Shop, **changes: Any) -> dict[str, Any]:
    asked: dict[str, Any] = await shop.send("POST", "/optimisations", status=202, json=ASKED | changes)
    return asked


async def finish(shop: Shop, asked: dict[str, Any]) -> dict[str, Any]:
    assert await worker_of(shop).run_one()
    return await read(shop, asked)


async def read(shop: Shop, asked: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = await shop.get(f"/optimisations/{asked['id']}")
    return found


async def trials_of(shop: Shop, asked: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
    found = await shop.get(f"/optimisations/{asked['id']}/trials", limit=200, **query)
    items: list[dict[str, Any]] = found["items"]
    return items


async def test_a_search_is_asked_for_run_and_read(shop: Shop) -> None:
    await shop.bring_in(csv_of(walk(1500)))
    asked = await ask(shop)
    assert (asked["status"], asked["best"], asked["layout"]) == ("QUEUED", None, None)
    done = await finish(shop, asked)
    assert (done["status"], done["error"], done["trials_done"]) == ("DONE", None, 21)
    assert (done["layout"]["cut"], done["layout"]["rows"], done["layout"]["start"]) == (1050, 1500, 39)
    trials = await trials_of(shop, asked)
    assert len(trials) == 21
    fit = [trial for trial in trials if trial["fit"]]
    assert trials[0]["figure"] == max(trial["figure"] for trial in fit)
    assert done["best"] == trials[0]
    assert all(trial["metrics"]["trades"] >= 3 for trial in fit)
    verdict = done["verdict"]
    assert (verdict["trials"], verdict["seen"]) == (21, done["best"]["metrics"])
    assert verdict["unseen"]["bars"] == 1500
    assert verdict["params"] == done["best"]["point"]
    assert set(verdict["importance"]) == {"period", "width"}
    assert [one["id"] for one in (await shop.get("/optimisations"))["items"]] == [asked["id"]]
    whole = await shop.get(f"/optimisations/{asked['id']}/map", x="period", y="width")
    assert ([len(whole["x"]), whole["y"]], sum(map(sum, whole["count"]))) == ([7, [1, 1.5, 2]], 21)
    row = await shop.get(f"/optimisations/{asked['id']}/map", x="period")
    assert max(value for value in row["best"][0]) == max(value for line in whole["best"] for value in line)
    await shop.get(f"/optimisations/{asked['id']}/map", x="fee", status=422)


async def test_a_search_that_was_stopped_keeps_its_trials_and_goes_on_from_there(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.bring_in(csv_of(walk(800)))
    asked = await ask(shop, method="bayes", trials=16, seed=5)
    keep = service.keep_trials

    async def keep_and_cancel(session: Any, *given: Any) -> None:
        await keep(session, *given)
        await cancel_job(session, shop.clock, int(asked["job_id"]), owner_id=None)

    with monkeypatch.context() as patched:
        patched.setattr(service, "keep_trials", keep_and_cancel)
        stopped = await finish(shop, asked)
    assert (stopped["status"], stopped["trials_done"], stopped["verdict"]) == ("CANCELLED", 8, None)
    assert stopped["best"] is not None
    before = await trials_of(shop, asked, by_number=True)
    path = f"/optimisations/{asked['id']}/resume"
    resumed = await shop.send("POST", path, status=202, json={"trials": 28})
    assert (resumed["status"], resumed["trials_done"], resumed["asked"]["trials"]) == ("QUEUED", 8, 28)
    await shop.send("POST", path, status=409, json={})
    done = await finish(shop, asked)
    after = await trials_of(shop, asked, by_number=True)
    # Seven periods and three widths are 21 points: the space ends before the budget does.
    assert (done["status"], done["trials_done"], done["verdict"]["trials"]) == ("DONE", 21, 21)
    assert after[:8] == before
    assert [trial["number"] for trial in after] == list(range(21))
    assert len({tuple(trial["point"].values()) for trial in after}) == 21


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"instruments": ["NOPE"]}, 404),
        ({"method": "luck"}, 422),
        ({"metric": "beauty"}, 422),
        ({"trials": 0}, 422),
        ({"held_out": 0.9}, 422),
        ({"constraints": [{"left": "trades", "op": "~", "right": 3}]}, 422),
        ({"constraints": [{"left": "__import__('os')", "op": "<", "right": 3}]}, 422),
        ({"ranges": {"period": {"values": []}}}, 422),
        ({"start_ts": 5, "end_ts": 5}, 422),
        ({"surprise": 1}, 422),
    ],
)
async def test_what_cannot_be_asked_is_refused_at_once(shop: Shop, changes: dict[str, Any], status: int) -> None:
    await shop.bring_in(csv_of(walk(60)))
    await shop.send("POST", "/optimisations", status=status, json=ASKED | changes)
    assert (await shop.get("/optimisations"))["items"] == []


async def test_a_search_is_its_owners_alone_and_can_be_forgotten(shop: Shop) -> None:
    await shop.bring_in(csv_of(walk(400)))
    asked = await ask(shop)
    path = f"/optimisations/{asked['id']}"
    for address, query in ((path, {}), (f"{path}/trials", {}), (f"{path}/map", {"x": "period"})):
        await shop.get(address, status=404, who=shop.admin, **query)
    await shop.send("DELETE", path, status=404, who=shop.admin)
    await shop.get(f"{path}/map", x="period", status=409)
    await shop.send("DELETE", path, status=204)
    assert (await shop.get("/optimisations"))["items"] == []
    assert await worker_of(shop).run_one() is False


async def test_who_lost_the_job_stores_no_trial(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    await shop.bring_in(csv_of(walk(400)))
    asked = await ask(shop)
    keep = service.keep_layout

    async def keep_and_wait_too_long(session: Any, *given: Any) -> None:
        await keep(session, *given)
        from sqlalchemy import update

        from alphaloop.infra.jobs.models import JobRow

        await session.execute(update(JobRow).values(lease_holder="the next one"))

    monkeypatch.setattr(service, "keep_layout", keep_and_wait_too_long)
    assert await worker_of(shop).run_one()
    found = await read(shop, asked)
    assert (found["status"], found["trials_done"]) == ("RUNNING", 0)
    assert await trials_of(shop, asked) == []


async def test_trials_of_a_search_that_was_forgotten_are_not_kept(shop: Shop) -> None:
    async with shop.house.wiring.db.write() as session:
        with pytest.raises(NotFoundError):
            await service.keep_trials(session, 99, [], None)


def test_the_wire_names_what_the_engine_knows() -> None:
    assert get_args(schemas.Metric) == METRICS
    assert set(get_args(schemas.OptimisationAsked.model_fields["method"].annotation)) == set(METHODS)


async def test_too_many_waiting_searches_are_refused(shop: Shop) -> None:
    await shop.bring_in(csv_of(walk(60)))
    await asyncio.gather(*(ask(shop) for _ in range(service.WAITING)))
    await shop.send("POST", "/optimisations", status=409, json=ASKED)
