"""Bars, instruments and imports over HTTP."""

import asyncio
import io
import json
from typing import Any

import numpy as np
import polars as pl
from sqlalchemy import func, select

from alphaloop.core.bar import Timeframe
from alphaloop.core.clock import from_ms
from alphaloop.features.market.models import BarSeries, DataSource, InstrumentRow
from tests.features.market.shop import Shop
from tests.features.market.walks import MINUTE_MS, START_MS, csv_of, walk


async def count(shop: Shop, model: type) -> int:
    async with shop.house.db.read() as session:
        return int(await session.scalar(select(func.count()).select_from(model)) or 0)


async def test_an_imported_file_comes_back_bar_by_bar_with_its_own_decimals(shop: Shop) -> None:
    table = walk(500)
    done = await shop.bring_in(csv_of(table))
    assert done == {
        "instrument": "BTC/USDT@binance",
        "timeframe": "1m",
        "rows": 500,
        "added": 500,
        "duplicates": 0,
        "conflicts": 0,
        "first_ts": START_MS,
        "last_ts": START_MS + 499 * MINUTE_MS,
    }
    found = await shop.get("/market/bars", instrument="BTCUSDT", timeframe="1m", limit=500)
    assert found["instrument"] == "BTC/USDT@binance"
    assert found["has_more"] is False
    assert found["as_of_ms"] == START_MS + 500 * MINUTE_MS
    written = [line.split(",") for line in csv_of(table).decode().splitlines()[1:]]
    assert [bar[0] for bar in found["bars"]] == [int(line[0]) for line in written]
    for bar, line in zip(found["bars"], written, strict=True):
        for text, given in zip(bar[1:], line[1:], strict=True):
            assert text == (given.rstrip("0").rstrip(".") if "." in given else given)


async def test_the_instrument_is_listed_with_its_series_and_found_in_chinese(shop: Shop) -> None:
    await shop.bring_in(csv_of(walk(30)))
    await shop.bring_in(csv_of(walk(30)), instrument="SH600519", timeframe="1m")
    listed = await shop.get("/market/instruments", query="比特")
    (item,) = listed["items"]
    assert item["symbol"] == "BTC/USDT@binance"
    assert item["name"] == {"zh": "比特币", "en": "Bitcoin"}
    assert (item["tick"], item["lot"], item["min_notional"]) == ("0.01", "0.00001", "5")
    (series,) = item["series"]
    assert (series["timeframe"], series["bars"], series["source_id"]) == ("1m", 30, None)
    assert len((await shop.get("/market/instruments"))["items"]) == 2
    assert (await shop.get("/market/instruments", query="%"))["items"] == []
    first = await shop.get("/market/instruments", limit=1)
    second = await shop.get("/market/instruments", limit=1, cursor=first["next_cursor"])
    assert [page["items"][0]["symbol"] for page in (first, second)] == ["BTC/USDT@binance", "600519@XSHG"]
    assert second["next_cursor"] is None


async def test_older_bars_come_page_by_page_without_a_gap_or_a_repeat(shop: Shop) -> None:
    table = walk(1000)
    await shop.bring_in(csv_of(table))
    seen: list[int] = []
    before = None
    while True:
        query: dict[str, Any] = {"before": before} if before is not None else {}
        page = await shop.get("/market/bars", instrument="BTCUSDT", timeframe="1m", limit=300, **query)
        seen = [bar[0] for bar in page["bars"]] + seen
        if not page["has_more"]:
            break
        before = page["bars"][0][0]
    assert seen == table.ts.tolist()


async def test_a_timeframe_that_is_not_stored_is_made_of_a_finer_one(shop: Shop) -> None:
    table = walk(601)
    await shop.bring_in(csv_of(table))
    found = await shop.get("/market/bars", instrument="BTCUSDT", timeframe="1h", limit=100)
    assert [bar[0] for bar in found["bars"]] == [START_MS + hour * 60 * MINUTE_MS for hour in range(10)]
    highs = table.high[:600].reshape(10, 60).max(axis=1)
    assert [float(bar[2]) for bar in found["bars"]] == highs.tolist()
    paged = await shop.get("/market/bars", instrument="BTCUSDT", timeframe="1h", limit=3, before=found["bars"][7][0])
    assert paged["bars"] == found["bars"][4:7]
    assert paged["has_more"] is True
    missing = await shop.get("/market/bars", instrument="BTCUSDT", timeframe="1m", limit=5, before=START_MS)
    assert missing["bars"] == []


async def test_bringing_the_same_file_twice_adds_nothing_and_a_changed_bar_is_reported(shop: Shop) -> None:
    table = walk(100)
    await shop.bring_in(csv_of(table))
    again = await shop.bring_in(csv_of(table))
    assert (again["added"], again["duplicates"], again["conflicts"]) == (0, 100, 0)
    text = csv_of(table).decode().splitlines()
    cells = text[50].split(",")
    cells[5] = "77.777"
    text[50] = ",".join(cells)
    other = await shop.bring_in("\n".join(text).encode())
    assert (other["added"], other["duplicates"], other["conflicts"]) == (0, 99, 1)
    kept = await shop.get("/market/bars", instrument="BTCUSDT", timeframe="1m", limit=100)
    assert kept["bars"][49][5] != "77.777"
    health = await shop.get("/market/health", instrument="BTCUSDT", timeframe="1m")
    assert (health["duplicates"], health["conflicts"], health["bars"]) == (199, 1, 100)


async def test_a_broken_file_names_the_line_and_the_reason_and_stores_nothing(shop: Shop) -> None:
    lines = csv_of(walk(40)).decode().splitlines()
    cells = lines[16].split(",")
    lines[16] = ",".join([cells[0], "abc", *cells[2:]])
    refused = await shop.bring_in("\n".join(lines).encode(), status=422)
    assert refused["code"] == "bad_bar_file"
    assert refused["detail"] == [{"field": "line 17", "code": "not_a_number"}]
    assert await count(shop, InstrumentRow) == 0
    assert await count(shop, BarSeries) == 0
    assert shop.store.stored_series() == []


async def test_parquet_is_taken_and_other_files_are_not(shop: Shop, tmp_path) -> None:  # type: ignore[no-untyped-def]
    table = walk(60)
    path = tmp_path / "bars.parquet"
    columns = {name: getattr(table, name) for name in ("open", "high", "low", "close", "volume")}
    pl.DataFrame({"date": pl.Series(table.ts).cast(pl.Datetime("ms", "UTC")), **columns}).write_parquet(path)
    done = await shop.bring_in(path.read_bytes(), name="bars.parquet")
    assert done["added"] == 60
    for name in ("bars.exe", "bars", "bars.parquet"):
        refused = await shop.bring_in(b"MZ nonsense", name=name, status=422)
        assert refused["code"] == "bad_bar_file"


async def test_hourly_bars_called_daily_are_refused(shop: Shop) -> None:
    hourly = walk(72, step_ms=60 * MINUTE_MS)
    refused = await shop.bring_in(csv_of(hourly), timeframe="1d", status=422)
    assert refused["detail"][0]["code"] == "wrong_timeframe"
    refused = await shop.bring_in(csv_of(walk(72)), timeframe="5m", status=422)
    assert refused["detail"][0]["code"] == "wrong_timeframe"


async def test_hostile_fields_are_refused_and_store_nothing(shop: Shop) -> None:
    body = csv_of(walk(5))
    for instrument in (
        "",
        "a b",
        "BTC\x00USDT",
        "x" * 65,
        "@",
        "BTC/USDT@",
        "\ud800",
        "=cmd()",
        "../../etc@x",
        "ZZZZQ",
    ):
        sent = instrument.encode("utf-8", "surrogatepass").decode("latin-1")
        await shop.bring_in(body, instrument=sent, status=422)
    for timeframe in ("", "7m", "1_m", "NaN", "1m\x00"):
        await shop.bring_in(body, timeframe=timeframe, status=422)
    extra = await shop.send(
        "POST",
        "/market/import",
        status=422,
        files={"file": ("bars.csv", body, "text/csv")},
        data={"instrument": "BTCUSDT", "timeframe": "1m", "owner": "me"},
    )
    assert extra["code"] == "invalid"
    await shop.send("POST", "/market/import", status=422, data={"instrument": "BTCUSDT", "timeframe": "1m"})
    await shop.send("POST", "/market/import", status=422, json={"instrument": "BTCUSDT"})
    for limit in ("0", "10001", "NaN", "1e400", "1_000", "-1", "1.5", "", "٣"):
        await shop.get("/market/bars", status=422, instrument="BTCUSDT", timeframe="1m", limit=limit)
    for moment in ("1e400", "NaN", "9" * 40, "2026-01-01"):
        await shop.get("/market/bars", status=422, instrument="BTCUSDT", timeframe="1m", before=moment)
    for replay in ("-1", "0x1", "1e3", str(2**63), "١"):
        await shop.get("/market/bars", status=422, instrument="BTCUSDT", timeframe="1m", replay_id=replay)
    await shop.get("/market/bars", status=404, instrument="BTCUSDT", timeframe="1m", replay_id="1")
    assert await count(shop, InstrumentRow) == 0
    assert await count(shop, DataSource) == 0


async def test_nobody_reads_or_brings_bars_without_the_right(shop: Shop) -> None:
    for path in (
        "/market/instruments",
        "/market/bars?instrument=A&timeframe=1m",
        "/data-sources",
        "/data-sources/types",
    ):
        answer = await shop.client.get(f"/api/v1{path}")
        assert answer.status_code == 401
    await shop.house.register("idle", "nine purple kites fall")
    me = await shop.send("PUT", "/users/3/roles", who=shop.admin, json={"roles": ["follower"]})
    assert me
    login = await shop.house.login("idle", "nine purple kites fall")
    follower = {"Authorization": f"Bearer {login.json()['access_token']}"}
    body = {"file": ("bars.csv", csv_of(walk(5)), "text/csv")}
    data = {"instrument": "BTCUSDT", "timeframe": "1m"}
    await shop.send("POST", "/market/import", status=403, who=follower, files=body, data=data)
    await shop.send("POST", "/data-sources", status=403, who=follower, json={"name": "s", "type": "SAMPLES"})
    assert await count(shop, InstrumentRow) == 0


async def test_two_people_bringing_the_same_series_at_once_lose_nothing(shop: Shop) -> None:
    table = walk(3000)
    halves = [csv_of(table.cut(0, 2000)), csv_of(table.cut(1000, 3000))]
    done = await asyncio.gather(*(shop.bring_in(half) for half in halves))
    assert sum(item["added"] for item in done) == 3000
    assert sum(item["duplicates"] for item in done) == 1000
    stored = shop.store.read("BTC/USDT@binance", Timeframe.M1)
    assert np.array_equal(stored.ts, table.ts)
    assert np.array_equal(stored.close, table.close)
    (item,) = (await shop.get("/market/instruments"))["items"]
    assert item["series"][0]["bars"] == 3000


async def test_a_file_of_any_columns_comes_in_as_they_are_confirmed(shop: Shop) -> None:
    body = "k,时间,a,b,c,d,成交量(手)\nx,2024-06-19 10:00,10,11,9,10.5,3\nx,2024-06-19 15:00,10.5,12,10,11,4\n".encode(
        "gb18030"
    )
    upload = {"file": ("bars.csv", io.BytesIO(body), "text/csv")}
    shown = await shop.send("POST", "/market/columns", files=upload)
    assert shown["names"] == ["k", "时间", "a", "b", "c", "d", "成交量(手)"]
    assert shown["guess"] == {"ts": "时间", "close": "c", "volume": "成交量(手)"}
    chosen = {"ts": "时间", "open": "a", "high": "b", "low": "c", "close": "d", "volume": "成交量(手)"}
    form = {
        "instrument": "SH600519",
        "timeframe": "30m",
        "columns": json.dumps(chosen),
        "clock": "market",
        "label": "close",
        "adjustment": "RAW",
    }
    upload = {"file": ("bars.csv", io.BytesIO(body), "text/csv")}
    done = await shop.send("POST", "/market/import", files=upload, data=form)
    assert (done["rows"], done["added"]) == (2, 2)
    bars = await shop.get("/market/bars", instrument="600519@XSHG", timeframe="30m", label="close")
    assert [from_ms(row[0]).strftime("%H:%M") for row in bars["bars"]] == ["01:30", "06:30"]
    assert [from_ms(shown).strftime("%H:%M") for shown in bars["labels"]] == ["02:00", "07:00"]
    assert bars["mode"] == "none"
    for bad in ("[]", "{", '{"ts": 1}', "x" * 3000):
        upload = {"file": ("bars.csv", io.BytesIO(body), "text/csv")}
        await shop.send("POST", "/market/import", status=422, files=upload, data=form | {"columns": bad})


async def test_the_operator_says_what_a_code_cannot_tell(shop: Shop) -> None:
    """Special treatment, a cross-border fund, a first session: for the operator alone, and only what there is."""
    await shop.bring_in(csv_of(walk(30)), instrument="SH600519")
    (before,) = (await shop.get("/market/instruments"))["items"]
    assert (before["market"], before["board"]) == ("cn_a", "main")
    path, body = "/market/instruments/rules", {"instrument": "SH600519", "market": "cn_a", "board": "main_st"}
    await shop.send("POST", path, json=body, status=403)
    stated = await shop.send("POST", path, json=body | {"listed": 998_870_400_000}, who=shop.admin)
    assert stated == {
        "instrument": "600519@XSHG",
        "market": "cn_a",
        "board": "main_st",
        "listed": 998_870_400_000,
        "tick": "0.01",
        "lot": "100",
    }
    for wrong, code in (({"market": "moon"}, "unknown_market"), ({"board": "moon"}, "unknown_board")):
        refused = await shop.send("POST", path, json=body | wrong, who=shop.admin, status=422)
        assert refused["code"] == code
    back = await shop.send("POST", path, json={"instrument": "SH600519"}, who=shop.admin)
    assert (back["market"], back["board"], back["listed"]) == ("cn_a", "main", None)
