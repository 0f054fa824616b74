"""Data sources: their life over HTTP, what the sync job brings in, and what it does when something is wrong."""

from pathlib import Path

import pytest
from sqlalchemy import func, select

from alphaloop.adapters.feeds.contract import FeedDescription
from alphaloop.core.bar import Timeframe
from alphaloop.core.clock import ManualClock
from alphaloop.core.errors import InvalidError
from alphaloop.features.market import rules, service
from alphaloop.features.market.models import DataSource
from alphaloop.infra.db import Database
from alphaloop.infra.identity import Actor, ActorType
from alphaloop.infra.jobs.models import JobRow
from alphaloop.infra.vault import Vault
from tests.features.market.shop import Shop, open_shop
from tests.features.market.walks import csv_of, walk

ADMIN = Actor(ActorType.USER, user_id=1, permissions=frozenset({"data_source.manage", "market.read"}))


def put_file(shop: Shop, path: str, body: bytes) -> Path:
    file = shop.house.wiring.settings.home / "data" / "files" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(body)
    return file


async def last_job(shop: Shop) -> JobRow:
    async with shop.house.db.read() as session:
        row = await session.scalar(select(JobRow).order_by(JobRow.id.desc()).limit(1))
    assert row is not None
    return row


async def sync(shop: Shop, source_id: str) -> JobRow:
    queued = await shop.send("POST", f"/data-sources/{source_id}/sync", status=202)
    assert (queued["kind"], queued["status"]) == ("market.sync_source", "QUEUED")
    await shop.run_jobs()
    return await last_job(shop)


async def test_a_source_lives_from_adding_to_removing_and_its_bars_stay(shop: Shop) -> None:
    types = {item["type"] for item in await shop.get("/data-sources/types")}
    assert types == {"AKSHARE", "BAOSTOCK", "FILES", "SAMPLES", "VIPDOC", "YFINANCE"}
    added = await shop.send(
        "POST", "/data-sources", status=201, json={"name": "Samples", "type": "SAMPLES", "config": {}}
    )
    assert (added["status"], added["last_error"], added["series_count"]) == ("ON", None, 0)
    answer = await shop.send("POST", f"/data-sources/{added['id']}/test")
    assert (answer["ok"], answer["code"], answer["series"]) == (True, "ok", 4)
    assert answer["latency_ms"] >= 0
    job = await sync(shop, added["id"])
    assert job.status == "DONE", job.error
    assert job.result is not None
    assert job.result["series"] == 4
    renamed = await shop.send("PUT", f"/data-sources/{added['id']}", json={"name": "Index samples"})
    assert (renamed["name"], renamed["series_count"]) == ("Index samples", 4)
    found = await shop.get("/market/bars", instrument="SPX", timeframe="1d", limit=2)
    assert found["bars"][-1][1:5] == ["2498.939941", "2509.23999", "2482.820068", "2506.850098"]
    await shop.send("DELETE", f"/data-sources/{added['id']}", status=204)
    assert (await shop.get("/data-sources"))["items"] == []
    (item,) = (await shop.get("/market/instruments", query="spx"))["items"]
    assert item["series"][0]["source_name"] is None
    actions = [row.action for row in await shop.house.audit_rows()]
    for action in ("add", "change", "sync", "remove"):
        assert f"market.{action}_source" in actions


async def test_files_are_synced_once_and_only_what_changed_is_read_again(shop: Shop) -> None:
    table = walk(400)
    file = put_file(shop, "crypto/binance/BTCUSDT/1m.csv", csv_of(table.cut(0, 300)))
    put_file(shop, "notes/readme.csv", b"not bars")
    source = await shop.send("POST", "/data-sources", status=201, json={"name": "Folder", "type": "FILES"})
    first = await sync(shop, source["id"])
    assert first.result is not None
    assert (first.result["series"], first.result["bars_added"], first.result["broken"]) == (1, 300, [])
    again = await sync(shop, source["id"])
    assert again.result is not None
    assert (again.result["series"], again.result["unchanged"]) == (0, 1)
    file.write_bytes(csv_of(table))
    more = await sync(shop, source["id"])
    assert more.result is not None
    assert (more.result["series"], more.result["bars_added"]) == (1, 100)
    assert len(shop.store.read("BTC/USDT@binance", Timeframe.M1)) == 400


async def test_a_broken_file_is_named_and_the_others_come_in(shop: Shop) -> None:
    put_file(shop, "BTCUSDT_1m.csv", csv_of(walk(50)))
    broken = csv_of(walk(50)).decode().splitlines()
    broken[9] = broken[8]
    put_file(shop, "ETHUSDT_1m.csv", "\n".join(broken).encode())
    source = await shop.send("POST", "/data-sources", status=201, json={"name": "Folder", "type": "FILES"})
    job = await sync(shop, source["id"])
    assert job.status == "DONE"
    assert job.result is not None
    assert job.result["series"] == 1
    assert job.result["broken"] == [{"ref": "ETHUSDT_1m.csv", "code": "bad_bar_file", "where": "line 10"}]


async def test_one_series_is_never_mixed_from_two_sources(shop: Shop) -> None:
    put_file(shop, "a/binance/BTCUSDT_1m.csv", csv_of(walk(200)))
    put_file(shop, "b/binance/BTCUSDT_1m.csv", csv_of(walk(100, seed=9)))
    await shop.bring_in(csv_of(walk(60, seed=3)), instrument="ETHUSDT")
    put_file(shop, "ETHUSDT_1m.csv", csv_of(walk(60, seed=4)))
    source = await shop.send("POST", "/data-sources", status=201, json={"name": "Folder", "type": "FILES"})
    job = await sync(shop, source["id"])
    assert job.result is not None
    assert (job.result["series"], job.result["shadowed"]) == (1, 2)
    assert len(shop.store.read("BTC/USDT@binance", Timeframe.M1)) == 200
    assert shop.store.read("ETH/USDT@binance", Timeframe.M1).close.tolist() == walk(60, seed=3).close.tolist()


async def test_a_source_that_cannot_be_reached_says_so_until_it_answers_again(shop: Shop) -> None:
    config = {"folder": "later"}
    source = await shop.send(
        "POST", "/data-sources", status=201, json={"name": "Folder", "type": "FILES", "config": config}
    )
    answer = await shop.send("POST", f"/data-sources/{source['id']}/test")
    assert (answer["ok"], answer["code"]) == (False, "folder_unreachable")
    (shown,) = (await shop.get("/data-sources"))["items"]
    assert shown["status"] == "FAILED"
    assert shown["last_error"]["code"] == "folder_unreachable"
    assert shown["last_error"]["message"]
    job = await sync(shop, source["id"])
    assert job.status == "FAILED"
    assert job.error is not None
    assert job.error["code"] == "folder_unreachable"
    put_file(shop, "later/BTCUSDT_1m.csv", csv_of(walk(20)))
    job = await sync(shop, source["id"])
    assert job.status == "DONE"
    (shown,) = (await shop.get("/data-sources"))["items"]
    assert (shown["status"], shown["last_error"], shown["series_count"]) == ("ON", None, 1)


async def test_a_source_that_is_off_is_neither_synced_nor_offered(shop: Shop) -> None:
    put_file(shop, "BTCUSDT_1m.csv", csv_of(walk(20)))
    source = await shop.send("POST", "/data-sources", status=201, json={"name": "Folder", "type": "FILES"})
    await sync(shop, source["id"])
    off = await shop.send("POST", f"/data-sources/{source['id']}/use", json={"on": False})
    assert off["status"] == "OFF"
    refused = await shop.send("POST", f"/data-sources/{source['id']}/sync", status=409)
    assert refused["code"] == "data_source_off"
    assert (await shop.get("/market/instruments"))["items"] == []
    # What a session or a replay stands on can still be read.
    assert len((await shop.get("/market/bars", instrument="BTCUSDT", timeframe="1m"))["bars"]) == 20
    on = await shop.send("POST", f"/data-sources/{source['id']}/use", json={"on": True})
    assert on["status"] == "ON"
    assert len((await shop.get("/market/instruments"))["items"]) == 1


async def test_a_source_removed_while_its_job_waits_ends_the_job(shop: Shop) -> None:
    put_file(shop, "BTCUSDT_1m.csv", csv_of(walk(20)))
    source = await shop.send("POST", "/data-sources", status=201, json={"name": "Folder", "type": "FILES"})
    await shop.send("POST", f"/data-sources/{source['id']}/sync", status=202)
    await shop.send("DELETE", f"/data-sources/{source['id']}", status=204)
    await shop.run_jobs()
    job = await last_job(shop)
    assert job.status == "FAILED"
    assert job.error is not None
    assert job.error["code"] == "data_source_not_found"


async def test_another_persons_source_looks_as_if_it_did_not_exist(shop: Shop) -> None:
    mine = await shop.send(
        "POST", "/data-sources", status=201, who=shop.admin, json={"name": "Mine", "type": "SAMPLES"}
    )
    absent = await shop.send("PUT", "/data-sources/999", status=404, json={"name": "x"})
    for method, path, body in (
        ("PUT", f"/data-sources/{mine['id']}", {"name": "x"}),
        ("DELETE", f"/data-sources/{mine['id']}", None),
        ("POST", f"/data-sources/{mine['id']}/test", None),
        ("POST", f"/data-sources/{mine['id']}/sync", None),
        ("POST", f"/data-sources/{mine['id']}/use", {"on": False}),
    ):
        refused = await shop.send(method, path, status=404, json=body)
        assert {**refused, "request_id": ""} == {**absent, "request_id": ""}
    assert (await shop.get("/data-sources"))["items"] == []
    assert len((await shop.get("/data-sources", who=shop.admin))["items"]) == 1


@pytest.mark.parametrize(
    "body",
    [
        b'{"name": "", "type": "FILES"}',
        b'{"name": "' + b"x" * 65 + b'", "type": "FILES"}',
        b'{"name": "a\\u0000b", "type": "FILES"}',
        b'{"name": "a\\ud800b", "type": "FILES"}',
        b'{"name": "a\\nb", "type": "FILES"}',
        b'{"name": 7, "type": "FILES"}',
        b'{"name": "a", "type": "NOSUCH"}',
        b'{"name": "a", "type": "REPLAY"}',
        b'{"name": "a", "type": "files"}',
        b'{"name": "a", "type": "../FILES"}',
        b'{"name": "a"}',
        b'{"name": "a", "type": "FILES", "config": []}',
        b'{"name": "a", "type": "FILES", "config": {"folder": 1}}',
        b'{"name": "a", "type": "FILES", "config": {"folder": NaN}}',
        b'{"name": "a", "type": "FILES", "config": {"folder": 1e400}}',
        b'{"name": "a", "type": "FILES", "config": {"folder": {"deep": 1}}}',
        b'{"name": "a", "type": "FILES", "config": {"folder": "' + b"x" * 2001 + b'"}}',
        b'{"name": "a", "type": "FILES", "config": {"folder": "\\u0000"}}',
        b'{"name": "a", "type": "FILES", "config": {"other": "x"}}',
        b'{"name": "a", "type": "FILES", "owner": 1}',
        b'{"name": "a", "name": "b", "type": "FILES"}',
        b'{"name": "a", "type": "FILES"',
        b"[]",
        b"1_000",
    ],
)
async def test_hostile_sources_are_refused_and_store_nothing(shop: Shop, body: bytes) -> None:
    headers = {**shop.trader, "content-type": "application/json"}
    answer = await shop.client.post("/api/v1/data-sources", content=body, headers=headers)
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.json()["code"]
    async with shop.house.db.read() as session:
        assert await session.scalar(select(func.count()).select_from(DataSource)) == 0


async def test_ids_that_are_none_and_switches_that_are_no_switch_are_refused(shop: Shop) -> None:
    source = await shop.send("POST", "/data-sources", status=201, json={"name": "S", "type": "SAMPLES"})
    for bad in ("0x1", "1_0", "-1", str(2**63), "NaN", "1.0"):
        await shop.send("DELETE", f"/data-sources/{bad}", status=422)
    for switch in ("true", 1, None, "on"):
        await shop.send("POST", f"/data-sources/{source['id']}/use", status=422, json={"on": switch})
    (shown,) = (await shop.get("/data-sources"))["items"]
    assert (shown["status"], shown["name"]) == ("ON", "S")


async def test_the_first_start_adds_samples_and_the_operators_folder_once(
    db: Database, clock: ManualClock, tmp_path: Path
) -> None:
    folder = tmp_path / "bars"
    (folder / "crypto" / "binance" / "BTCUSDT").mkdir(parents=True)
    (folder / "crypto" / "binance" / "BTCUSDT" / "1m.csv").write_bytes(csv_of(walk(80)))
    async with open_shop(db, clock, tmp_path / "home", data_dir=folder) as shop:
        wiring = shop.house.wiring
        async with db.write() as session:
            jobs = await service.ensure_samples(session, ADMIN, clock, wiring.settings, wiring.vault)
        assert len(jobs) == 2
        async with db.write() as session:
            assert await service.ensure_samples(session, ADMIN, clock, wiring.settings, wiring.vault) == []
        assert await shop.run_jobs() == 2
        listed = (await shop.get("/market/instruments"))["items"]
        assert [item["alias"] for item in listed] == ["BTCUSDT", "SPX", "IXIC", "VIX", "WTI"]


def test_a_secret_setting_is_sealed_to_its_row_and_never_shown(tmp_path: Path) -> None:
    schema = {"properties": {"key": {"type": "string", "secret": True}, "site": {"type": "string"}}}
    feed = FeedDescription("X", {}, {}, schema)
    vault = Vault({"k": bytes(32)})
    config = {"key": "canary-5f1c", "site": "main"}
    sealed = rules.seal_config(feed, config, vault, source_id=7)
    assert "canary" not in str(sealed)
    assert rules.open_config(feed, sealed, vault, source_id=7) == config
    assert rules.shown_config(feed, sealed) == {"key": "••••", "site": "main"}
    with pytest.raises(Exception, match="cannot be opened"):
        rules.open_config(feed, sealed, vault, source_id=8)


def test_settings_outside_the_schema_are_named() -> None:
    schema = {
        "properties": {
            "n": {"type": "integer"},
            "site": {"type": "string", "maxLength": 3, "enum": ["a", "b"]},
            "live": {"type": "boolean"},
        },
        "required": ["site"],
    }
    assert rules.check_config(schema, {"site": "a", "n": 1, "live": True})
    with pytest.raises(InvalidError) as refused:
        rules.check_config(schema, {"n": True, "live": 1, "x": 1})
    assert set(refused.value.fields) == {
        ("config.n", "wrong_type"),
        ("config.live", "wrong_type"),
        ("config.?", "unknown_field"),
        ("config.site", "missing"),
    }


async def test_a_source_added_again_takes_up_the_series_of_its_files(shop: Shop) -> None:
    table = walk(300)
    file = put_file(shop, "crypto/binance/BTCUSDT/1m.csv", csv_of(table.cut(0, 200)))
    first = await shop.send("POST", "/data-sources", status=201, json={"name": "Folder", "type": "FILES"})
    await sync(shop, first["id"])
    await shop.send("DELETE", f"/data-sources/{first['id']}", status=204)
    file.write_bytes(csv_of(table))
    second = await shop.send("POST", "/data-sources", status=201, json={"name": "Folder", "type": "FILES"})
    job = await sync(shop, second["id"])
    assert job.result is not None
    assert (job.result["series"], job.result["bars_added"], job.result["shadowed"]) == (1, 100, 0)


async def test_nobody_else_adds_to_a_series_that_a_persons_source_keeps(shop: Shop) -> None:
    put_file(shop, "crypto/binance/BTCUSDT/1m.csv", csv_of(walk(50)))
    await shop.send("POST", "/data-sources", status=201, who=shop.admin, json={"name": "Folder", "type": "FILES"})
    await shop.send("POST", "/data-sources/1/sync", status=202, who=shop.admin)
    await shop.run_jobs()
    forged = walk(80, seed=99)
    refused = await shop.bring_in(csv_of(forged), status=403)
    assert refused["code"] == "series_kept_by_another"
    assert len(shop.store.read("BTC/USDT@binance", Timeframe.M1)) == 50
    allowed = await shop.bring_in(csv_of(forged), timeframe="1m", instrument="ETHUSDT")
    assert allowed["added"] == 80


PROXIED = {"symbols": "AAPL", "proxy": "socks5://ada:s3cret@127.0.0.1:1080"}


async def test_only_an_administrator_sets_a_proxy_and_nobody_reads_it_back(shop: Shop) -> None:
    body = {"name": "Yahoo", "type": "YFINANCE", "config": PROXIED}
    refused = await shop.send("POST", "/data-sources", status=403, json=body)
    assert refused["code"] == "operator_setting"
    wrong = body | {"config": PROXIED | {"proxy": "ftp://127.0.0.1"}}
    assert (await shop.send("POST", "/data-sources", status=422, who=shop.admin, json=wrong))["code"] == "bad_proxy"
    added = await shop.send("POST", "/data-sources", status=201, who=shop.admin, json=body)
    assert "s3cret" not in str(added)
    own = await shop.send("POST", "/data-sources", status=201, json=body | {"config": {"symbols": "AAPL"}})
    changed = await shop.send(
        "PUT", f"/data-sources/{own['id']}", status=403, json={"config": PROXIED | {"symbols": "MSFT"}}
    )
    assert changed["code"] == "operator_setting"
    kept = await shop.send(
        "PUT",
        f"/data-sources/{added['id']}",
        who=shop.admin,
        json={"config": {"symbols": "MSFT", "proxy": "••••"}},
    )
    assert kept["config"] == {"symbols": "MSFT", "proxy": "••••"}


async def test_a_libraries_shares_come_with_their_ex_dates(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_ins = str(Path(__file__).parents[2] / "adapters" / "feeds" / "stand_ins")
    monkeypatch.syspath_prepend(stand_ins)
    monkeypatch.setenv("PYTHONPATH", stand_ins)
    added = await shop.send(
        "POST",
        "/data-sources",
        status=201,
        json={"name": "BaoStock", "type": "BAOSTOCK", "config": {"symbols": "SH600519", "since": "2024-06-01"}},
    )
    job = await sync(shop, added["id"])
    assert job.status == "DONE", job.error
    assert job.result is not None
    assert (job.result["series"], job.result["actions"], job.result["broken"]) == (1, 2, [])
    actions = await shop.get("/market/actions", instrument="600519@XSHG")
    assert [(one["ex_date"], one["cash"]) for one in actions] == [("2023-06-30", "25.911"), ("2024-06-19", "30.876")]
    bars = await shop.get("/market/bars", instrument="600519@XSHG", timeframe="1d", adjust="forward")
    assert bars["mode"] == "forward"
    assert float(bars["bars"][0][4]) == pytest.approx(1558.43 * 1.015 / 1.0353)
    assert bars["bars"][1][4] == "1530"
