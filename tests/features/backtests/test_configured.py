"""What a person configured on top of another strategy is tested like any, and its version names the backtest."""

from tests.features.backtests.test_api import ask, finish
from tests.features.backtests.test_passports import PASSPORT
from tests.features.catalog.test_api import configured
from tests.features.market.shop import Shop
from tests.features.market.walks import csv_of, walk


async def test_a_configured_strategy_runs_with_its_own_parameters_and_its_version_is_verified(shop: Shop) -> None:
    await shop.bring_in(csv_of(walk(600)))
    made = await configured(shop)
    given = await ask(shop, strategy=made["key"], params={"width": 1.5})
    asked = await ask(shop, strategy=made["key"], params={})
    assert (asked["strategy"], asked["asked"]["params"]) == (made["key"], made["current_params"])
    # However it is set later, what was asked stands.
    await shop.send("PUT", f"/strategies/{made['key']}/params", json={"params": {"period": 40}})
    other, done = await finish(shop, given), await finish(shop, asked)
    assert other["report"]["params"] == {**made["current_params"], "width": 1.5}
    assert done["report"]["params"] == made["current_params"]
    second, first = (await shop.get(f"/strategies/{made['key']}/versions"))["items"]
    assert (first["verified_backtest_id"], second["verified_backtest_id"]) == (done["id"], None)


async def test_nobody_tests_what_somebody_else_configured(shop: Shop) -> None:
    await shop.bring_in(csv_of(walk(60)))
    made = await configured(shop)
    for path, body in (("/backtest/run", PASSPORT), ("/backtest/passports", PASSPORT)):
        plain = {name: value for name, value in body.items() if path.endswith("passports") or name not in _OWN}
        refused = await shop.send("POST", path, status=404, who=shop.admin, json=plain | {"strategy": made["key"]})
        assert refused["code"] == "strategy_not_found"


_OWN = {"draws", "ranges"}
