"""Overfit passports over HTTP: asked for, made in a process of their own, read and forgotten."""

from pathlib import Path
from typing import Any

import pytest

from alphaloop.core.errors import InvalidError
from alphaloop.engine.honesty.passport import QUESTIONS
from alphaloop.engine.strategy import load_strategy
from alphaloop.features.backtests.passport_running import combinations, parameter_map, run
from tests.engine.honesty.planted import FOLLOWER, Params, trending
from tests.features.backtests.test_api import ASKED, worker_of
from tests.features.market.shop import Shop
from tests.features.market.walks import csv_of, walk

PASSPORT: dict[str, Any] = ASKED | {
    "draws": 5,
    "params": {"period": 25, "width": 1.5},
    "ranges": {"period": [15, 20, 25], "width": [1.0, 1.5]},
}


async def ask(shop: Shop, **changes: Any) -> dict[str, Any]:
    asked: dict[str, Any] = await shop.send("POST", "/backtest/passports", status=202, json=PASSPORT | changes)
    return asked


async def test_a_passport_is_asked_for_made_read_and_forgotten(shop: Shop) -> None:
    await shop.bring_in(csv_of(walk(1200)))
    asked = await ask(shop, trials=50)
    assert (asked["status"], asked["verdict"], asked["asked"]["market_rules"]) == ("QUEUED", None, False)
    assert await worker_of(shop).run_one()
    done = await shop.get(f"/backtest/passports/{asked['id']}")
    assert (done["status"], done["error"]) == ("DONE", None)
    made = done["passport"]
    assert [check["question"] for check in done["checks"]] == list(QUESTIONS)
    assert done["verdict"] == made["verdict"]
    assert (made["selection"]["trials"], made["selection"]["known"]) == (50, 6)
    assert made["map"]["names"] == ["period", "width"]
    assert len(made["map"]["points"]) == 6
    assert made["map"]["points"][0] == {"period": 25, "width": 1.5, "value": pytest.approx(made["metrics"]["sharpe"])}
    assert [one["id"] for one in (await shop.get("/backtest/passports"))["items"]] == [asked["id"]]
    await shop.get(f"/backtest/passports/{asked['id']}", status=404, who=shop.admin)
    await shop.send("DELETE", f"/backtest/passports/{asked['id']}", status=204)
    await shop.get(f"/backtest/passports/{asked['id']}", status=404)
    assert (await shop.get("/backtest/passports"))["items"] == []


REFUSED: list[tuple[dict[str, Any], int]] = [
    ({"instruments": ["NOPE"]}, 404),
    ({"ranges": {"period": list(range(10, 60)), "width": [1.0 + k / 10 for k in range(9)]}}, 422),
    ({"ranges": {"period": []}}, 422),
    ({"trials": 0}, 422),
    ({"draws": 1}, 422),
    ({"start_ts": 5, "end_ts": 5}, 422),
]


async def test_what_cannot_be_asked_is_refused_at_once(shop: Shop) -> None:
    await shop.bring_in(csv_of(walk(60)))
    for changes, status in REFUSED:
        await shop.send("POST", "/backtest/passports", status=status, json=PASSPORT | changes)


def test_combinations_that_make_no_rule_are_passed_over_and_none_is_refused() -> None:
    bands = load_strategy("reversion/bollinger")
    found = combinations(bands, {}, {"period": [1, 10, 20, 10], "width": [1.5, 2.0]})
    assert found is not None
    assert [(one.period, one.width) for one in found] == [(10, 1.5), (10, 2.0), (20, 1.5), (20, 2.0)]
    for nothing in ({"period": [1]}, {"perod": [10, 20]}):
        with pytest.raises(InvalidError):
            combinations(bands, {}, nothing)
    assert combinations(bands, {}, {}) is None


def test_option_legs_are_refused_in_words_before_any_bar_is_read(tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match="option legs") as refused:
        run({"strategy": "volatility/iron_condor", "strategies_dir": tmp_path}, lambda *_: None)
    assert refused.value.code == "option_legs"


def test_the_map_shows_every_set_over_the_same_rows_and_leaves_out_what_needs_half_of_them() -> None:
    tried = [Params(20), Params(10), Params(100), Params(200)]
    made = parameter_map(FOLLOWER, trending(rows=300), tried, {"metric": "total_return"}, {"fee": 0.001})
    assert made["names"] == ["period"]
    assert [point["period"] for point in made["points"]] == [20, 10, 100]
    assert all(point["value"] is not None for point in made["points"])
