"""Instruments side by side: growth across ex-dates, and the refusal of what cannot be compared."""

import io
from typing import Any

import pytest

from tests.features.market.shop import Shop
from tests.features.market.walks import csv_of, walk

DAY_MS = 86_400_000
START = 1_766_361_600_000  # 2025-12-22, a Monday
ONE, OTHER = walk(20, start_ms=START, step_ms=DAY_MS), walk(20, start_ms=START, step_ms=DAY_MS, seed=3)
SPLIT = "证券代码,除权除息日,每股派息,每股送转\n600519,2025-12-29,0,1\n"


async def bring(shop: Shop, instrument: str, table: Any, adjustment: str) -> None:
    await shop.send(
        "POST",
        "/market/import",
        files={"file": ("bars.csv", io.BytesIO(csv_of(table)), "text/csv")},
        data={"instrument": instrument, "timeframe": "1d", "adjustment": adjustment},
    )


async def compare(shop: Shop, *, status: int = 200, **more: Any) -> Any:
    body = {"instruments": ["SH600519", "SZ000002"], "timeframe": "1d"} | more
    return await shop.send("POST", "/market/compare", status=status, json=body)


async def test_growth_counts_ex_dates_whatever_the_prices_are_read_as(shop: Shop) -> None:
    await bring(shop, "SH600519", ONE, "RAW")
    await bring(shop, "SZ000002", OTHER, "RAW")
    files = {"file": ("actions.csv", io.BytesIO(SPLIT.encode()), "text/csv")}
    await shop.send("POST", "/market/actions/import", files=files)
    for adjust in ("none", "forward"):
        found = await compare(shop, adjust=adjust)
        assert (found["mode"], found["ts"]) == (adjust, ONE.ts.tolist())
        split, plain = found["rows"]
        assert (split["instrument"], plain["instrument"]) == ("600519@XSHG", "000002@XSHE")
        # Each share became two on the eighth day: what was put in before is worth twice the price of after.
        assert split["index"][-1] == pytest.approx(2 * ONE.close[-1] / ONE.close[0])
        assert plain["index"] == pytest.approx(OTHER.close / OTHER.close[0])


async def test_a_day_without_a_bar_has_no_value(shop: Shop) -> None:
    await bring(shop, "SH600519", ONE, "RAW")
    await bring(shop, "SZ000002", OTHER.cut(4, 20), "RAW")
    found = await compare(shop)
    assert found["rows"][1]["index"][:5] == [None] * 4 + [1.0]


async def test_prices_nobody_knows_of_or_adjusted_otherwise_are_refused_by_name(shop: Shop) -> None:
    await bring(shop, "SH600519", ONE, "RAW")
    await bring(shop, "SZ000002", OTHER, "")
    refused = await compare(shop, status=422)
    assert (refused["code"], refused["detail"]) == (
        "price_mode_unknown",
        [{"field": "000002@XSHE", "code": "mode_unknown"}],
    )
    said = {"instrument": "000002@XSHE", "timeframe": "1d", "adjustment": "FORWARD"}
    await shop.send("POST", "/market/series/mode", json=said)
    refused = await compare(shop, status=422)
    assert refused["code"] == "price_modes_mixed"
    assert {one["field"] for one in refused["detail"]} == {"600519@XSHG", "000002@XSHE"}


async def test_an_instrument_without_such_bars_is_named(shop: Shop) -> None:
    await bring(shop, "SH600519", ONE, "RAW")
    assert (await compare(shop, status=404))["code"] == "instrument_not_found"
    alone = await compare(shop, instruments=["SH600519"], timeframe="1m", status=404)
    assert alone["code"] == "series_not_found"


async def test_nothing_side_by_side_is_nothing(shop: Shop) -> None:
    assert await compare(shop, instruments=[]) == {"mode": "none", "ts": [], "rows": []}
