"""Factors over HTTP: listed, reported on in a process of their own, read by whoever asked."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from alphaloop.core.corporate import Adjustment, Direction
from alphaloop.features.research import factors_jobs
from alphaloop.features.research.factors_api import router
from alphaloop.features.research.factors_running import read_inputs
from alphaloop.features.research.factors_service import arguments_of
from alphaloop.infra.jobs.local import LocalWorker
from alphaloop.infra.settings import Settings
from tests.features.market.shop import Shop
from tests.features.market.walks import START_MS, csv_of, walk

HOUR_MS = 3_600_000
NAMES = [f"{base}/USDT@binance" for base in ("BTC", "ETH", "SOL", "XRP")]
ASKED: dict[str, Any] = {
    "factor": "short_reversal",
    "instruments": NAMES,
    "timeframe": "1h",
    "params": {"lookback": 5},
    "horizons": [1, 4],
    "quantiles": 2,
}


@pytest.fixture
async def floor(shop: Shop) -> Shop:
    shop.house.app.include_router(router, prefix="/api/v1")
    for seed, name in enumerate(NAMES):
        await shop.bring_in(csv_of(walk(200, step_ms=HOUR_MS, seed=seed)), instrument=name, timeframe="1h")
    return shop


async def ask(floor: Shop, *, status: int = 202, **changes: Any) -> Any:
    return await floor.send("POST", "/research/factors/report", status=status, json=ASKED | changes)


async def test_a_report_is_asked_for_made_and_read_by_whoever_asked(floor: Shop) -> None:
    listed = {one["key"]: one for one in (await floor.get("/research/factors"))["items"]}
    assert listed["momentum"]["available"]
    assert not listed["size"]["available"]
    first = START_MS + 20 * HOUR_MS
    asked = await ask(floor, start_ts=first)
    assert (asked["status"], asked["report"]) == ("QUEUED", None)
    wiring = floor.house.wiring
    worker = LocalWorker(
        wiring.db, floor.clock, factors_jobs.HANDLERS, holder="test", parts={Settings: wiring.settings}
    )
    assert await worker.run_one()
    done = await floor.get(f"/research/factors/reports/{asked['id']}")
    assert (done["status"], done["error"]) == ("DONE", None)
    made = done["report"]
    assert (made["instruments"], made["rows"], made["first_ts"]) == (NAMES, 180, first)
    assert [one["horizon"] for one in made["rank_ic"]] == [1, 4]
    assert "few_names" in [one["code"] for one in made["warnings"]]
    [row] = (await floor.get("/research/factors/reports"))["items"]
    assert (row["id"], row["asked"]["factor"], row["report"]) == (asked["id"], "short_reversal", None)
    await floor.get(f"/research/factors/reports/{asked['id']}", status=404, who=floor.admin)


async def test_what_cannot_be_asked_is_refused_at_once(floor: Shop) -> None:
    for changes, status, code in (
        ({"factor": "luck"}, 422, "unknown_factor"),
        ({"factor": "size", "params": {}}, 422, "missing_extra"),
        ({"params": {"lookbak": 5}}, 422, "bad_parameter"),
        ({"instruments": [*NAMES, NAMES[0]]}, 422, "named_twice"),
        ({"instruments": [*NAMES, "NOPE"]}, 404, "instrument_not_found"),
        ({"instruments": NAMES[:2]}, 422, "invalid"),
        ({"timeframe": "1m"}, 404, "series_not_found"),
        ({"start_ts": 5, "end_ts": 5}, 422, "empty_period"),
        ({"horizons": []}, 422, "invalid"),
        ({"delay": 9}, 422, "invalid"),
    ):
        assert (await ask(floor, status=status, **changes))["code"] == code, changes
    assert (await floor.get("/research/factors/reports"))["items"] == []


async def test_value_is_counted_at_the_prices_of_its_day(floor: Shop) -> None:
    async with floor.house.db.read() as session:
        [key, *_] = (await arguments_of(session, ASKED))["keys"]
    table = walk(200, step_ms=HOUR_MS, seed=0)
    backward = replace(key, adjust=Adjustment(Direction.BACKWARD))
    inputs, ts_ms = read_inputs(floor.store, [backward], None, int(table.ts[149]))
    assert len(ts_ms) == 150
    np.testing.assert_allclose(inputs["traded"][:, 0], table.close[:150] * table.volume[:150])
