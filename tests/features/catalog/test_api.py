"""Strategies over HTTP: rows come into being, are set by those who may, and leave their versions and audit rows."""

from decimal import Decimal
from pathlib import Path
from typing import Any

from alphaloop.core.clock import ManualClock
from alphaloop.features.catalog import api
from alphaloop.infra.db import Database
from tests.features.catalog.test_own import WHOLE
from tests.features.market.shop import Shop, open_shop
from tests.features.market.walks import csv_of, walk

BANDS = "reversion/bollinger"


async def configured(shop: Shop, name: str = "My bands", **changes: Any) -> dict[str, Any]:
    body = {"base": BANDS, "name": name, "params": {"period": 30}} | changes
    made: dict[str, Any] = await shop.send("POST", "/strategies", status=201, json=body)
    return made


async def test_every_strategy_of_the_library_has_a_row_found_by_id_and_by_key(shop: Shop) -> None:
    listed = (await shop.get("/strategies"))["items"]
    assert len(listed) >= 14
    one = next(item for item in listed if item["key"] == BANDS)
    assert (one["is_builtin"], one["enabled"], one["source_kind"], one["version"]) == (True, True, "BUILTIN", 1)
    assert one["current_params"] == one["default_params"] == {spec["name"]: spec["default"] for spec in one["params"]}
    assert await shop.get(f"/strategies/{one['id']}") == await shop.get(f"/strategies/{BANDS}") == one
    chan = (await shop.get("/strategies", category="chan"))["items"]
    assert {item["source_kind"] for item in chan} == {"CHAN"}
    assert (await shop.get("/strategies/no/such", status=404))["code"] == "strategy_not_found"
    assert (await shop.get("/strategies/987654", status=404))["code"] == "strategy_not_found"


async def test_a_strategy_of_ones_own_is_seen_by_nobody_else(shop: Shop) -> None:
    made = await configured(shop)
    assert made["key"].startswith("my:")
    assert (made["base_key"], made["is_mine"], made["current_params"]["period"]) == (BANDS, True, 30)
    assert made["params"] == (await shop.get(f"/strategies/{BANDS}"))["params"]
    assert (await shop.get(f"/strategies/{made['key']}"))["id"] == made["id"]
    for named in (made["id"], made["key"]):
        assert (await shop.get(f"/strategies/{named}", status=404, who=shop.admin))["code"] == "strategy_not_found"
    assert made["id"] not in [item["id"] for item in (await shop.get("/strategies", who=shop.admin))["items"]]
    taken = await shop.send("POST", "/strategies", status=409, json={"base": BANDS, "name": "My bands"})
    assert taken["code"] == "strategy_exists"
    again = await shop.send("POST", "/strategies", status=422, json={"base": made["key"], "name": "On top"})
    assert again["code"] == "not_a_base"


async def test_parameters_are_checked_by_the_form_and_every_change_is_a_version(shop: Shop) -> None:
    made = await configured(shop)
    where = f"/strategies/{made['key']}"
    wrong = await shop.send("PUT", f"{where}/params", status=422, json={"params": {"period": 1}})
    assert (wrong["code"], wrong["detail"]) == ("bad_parameter", [{"field": "period", "code": "out_of_bounds"}])
    set_now = await shop.send("PUT", f"{where}/params", json={"params": {"width": 2.5}, "changelog": "wider"})
    assert (set_now["version"], set_now["current_params"]["width"]) == (2, 2.5)
    assert set_now["current_params"]["period"] == set_now["default_params"]["period"]
    newest, first = (await shop.get(f"{where}/versions"))["items"]
    assert (newest["number"], newest["changelog"], first["params"]["period"]) == (2, "wider", 30)
    assert newest["config_hash"] != first["config_hash"]
    assert newest["code_hash"] == first["code_hash"]
    [added, changed] = await shop.house.audit_rows("catalog.strategy_added", "catalog.params_changed")
    assert added.resource_id == changed.resource_id == made["id"]
    assert changed.before is not None
    assert changed.before["period"] == 30


async def test_what_belongs_to_everybody_is_the_operators_to_manage(shop: Shop) -> None:
    refused = await shop.send("POST", f"/strategies/{BANDS}/toggle", status=403)
    assert refused["code"] == "permission_missing"
    assert await shop.send("POST", f"/strategies/{BANDS}/toggle", who=shop.admin) is False
    assert (await shop.get(f"/strategies/{BANDS}"))["enabled"] is False
    assert await shop.send("POST", f"/strategies/{BANDS}/toggle", who=shop.admin) is True
    made = await configured(shop)
    assert await shop.send("POST", f"/strategies/{made['id']}/toggle") is False


async def test_where_people_are_named_they_alone_manage_strategies(
    file_db: Database, clock: ManualClock, tmp_path: Path
) -> None:
    async with open_shop(file_db, clock, tmp_path / "home", strategy_manage_users="wren") as shop:
        shop.house.app.include_router(api.router, prefix="/api/v1")
        assert await shop.send("POST", f"/strategies/{BANDS}/toggle") is False
        for method, path, body in (
            ("POST", f"{BANDS}/toggle", None),
            ("PUT", f"{BANDS}/params", {"params": {}}),
            ("PUT", f"{BANDS}/auto-execute", {"on": True}),
            ("PUT", f"{BANDS}/risk-profile", {}),
            ("DELETE", f"{BANDS}/schedule", None),
        ):
            told = await shop.send(method, f"/strategies/{path}", status=403, who=shop.admin, json=body)
            assert told["code"] == "permission_missing"
        told = await shop.send("POST", "/strategies", status=403, who=shop.admin, json={"base": BANDS, "name": "x"})
        assert told["code"] == "permission_missing"


async def test_switches_and_limits_are_kept_and_audited(shop: Shop) -> None:
    made = await configured(shop, risk_profile={"max_position_pct": 0.15})
    assert made["risk_profile"]["max_position_pct"] == 0.15
    where = f"/strategies/{made['key']}"
    profile = {"stop_loss_pct": 0.02, "late_bars": 2}
    assert (await shop.send("PUT", f"{where}/risk-profile", json=profile))["risk_profile"]["max_position_pct"] is None
    assert (await shop.send("PUT", f"{where}/auto-execute", json={"on": True}))["auto_execute"] is True
    rows = await shop.house.audit_rows("catalog.risk_profile_set", "catalog.auto_execute_set")
    assert [row.after for row in rows] == [{"stop_loss_pct": "0.02", "late_bars": 2}, {"auto_execute": True}]


async def test_a_schedule_names_what_is_wrong_with_it_and_is_shown_to_whom_it_runs_for(
    shop: Shop, clock: ManualClock
) -> None:
    await shop.bring_in(csv_of(walk(60)))
    account = await _account(shop)
    made = await configured(shop)
    where = f"/strategies/{made['key']}/schedule"
    target = {"account_id": account, "instruments": ["BTCUSDT"], "timeframe": "1m"}
    wrong = await shop.send("PUT", where, status=422, json=target | {"cron": "0 0 *"})
    assert (wrong["code"], wrong["detail"]) == ("bad_schedule", [{"field": "cron", "code": "bad_cron"}])
    assert (await shop.send("PUT", where, status=404, json=target | {"account_id": "99"}))[
        "code"
    ] == "account_not_found"
    none = await shop.send("PUT", where, status=422, json=target | {"instruments": [], "cron": "0 0 * * *"})
    assert none["detail"] == [{"field": "instruments", "code": "missing"}]
    told = await shop.send("PUT", where, json=target | {"cron": "35 15 * * 1-5", "calendar": "XSHG"})
    assert told["schedule"]["zone"] == "Asia/Shanghai"
    assert told["schedule"]["target"]["instruments"] == ["BTC/USDT@binance"]
    assert (await shop.send("DELETE", where))["schedule"] is None


async def _account(shop: Shop) -> str:
    from alphaloop.features.accounts.service import open_paper_account
    from alphaloop.infra.identity import Actor, ActorType

    async with shop.house.db.write() as session:
        actor = Actor(ActorType.USER, user_id=2, permissions=frozenset({"account.manage"}))
        opened = await open_paper_account(
            session, actor, clock=shop.clock, name="desk", quote_asset="USDT", cash=Decimal(10_000)
        )
        return str(opened.id)


async def test_a_file_of_ones_own_gets_a_row_and_a_new_version_when_it_changes(shop: Shop) -> None:
    folder = shop.house.wiring.settings.strategies_dir
    folder.mkdir(parents=True)
    (folder / "mine.py").write_text(WHOLE, encoding="utf-8")
    first = await shop.get("/strategies/user:mine")
    assert (first["name"], first["source_kind"], first["is_builtin"]) == ("user:mine", "CODE", False)
    (folder / "mine.py").write_text(WHOLE.replace("Above the average", "Above it"), encoding="utf-8")
    changed = await shop.get("/strategies/user:mine")
    assert (changed["id"], changed["version"]) == (first["id"], 2)
    assert changed["code_hash"] != first["code_hash"]
    (folder / "mine.py").unlink()
    assert (await shop.get("/strategies/user:mine", status=404))["code"] == "strategy_not_found"


async def test_an_address_that_is_no_strategys_leads_nowhere(shop: Shop) -> None:
    for path in ("user:a/b", "1/2/3", "Chan/x", "chan/", "7x", "9" * 30):
        await shop.get(f"/strategies/{path}", status=404)
