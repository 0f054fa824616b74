"""Funding rates and mark prices over HTTP and from a folder in freqtrade's layout."""

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
from sqlalchemy import select

from alphaloop.core.bar import Timeframe
from alphaloop.infra.jobs.models import JobRow
from tests.features.market.shop import Shop
from tests.features.market.walks import csv_of, walk

FIRST = 1_704_067_200_000  # 2024-01-01 00:00 UTC
HOUR = 3_600_000
PERP = "BTC/USDT:USDT@binance"
RATES = f"ts,rate,mark\n{FIRST},0.0001,42000\n{FIRST + 8 * HOUR},-0.0002,\n"
BARS = walk(48, start_ms=FIRST, step_ms=HOUR)


async def hand_over(shop: Shop, path: str, body: bytes, *, status: int = 200, **form: str) -> Any:
    return await shop.send(
        "POST",
        f"/market/{path}",
        status=status,
        files={"file": ("perp.csv", io.BytesIO(body), "text/csv")},
        data=form,
    )


async def with_bars(shop: Shop, instrument: str = PERP) -> None:
    await hand_over(shop, "import", csv_of(BARS), instrument=instrument, timeframe="1h")


async def test_rates_are_brought_in_once_and_a_later_word_wins(shop: Shop) -> None:
    await with_bars(shop)
    done = await hand_over(shop, "funding/import", RATES.encode(), instrument=PERP)
    assert done == {"added": 2, "changed": 0, "unchanged": 0}
    assert (await hand_over(shop, "funding/import", RATES.encode(), instrument=PERP))["unchanged"] == 2
    later = RATES.replace("0.0001", "0.0003").encode()
    assert (await hand_over(shop, "funding/import", later, instrument=PERP))["changed"] == 1
    page = await shop.get("/market/funding", instrument=PERP, limit="1")
    assert [(one["ts"], one["rate"], one["mark"]) for one in page["items"]] == [(FIRST + 8 * HOUR, "-0.0002", None)]
    page = await shop.get("/market/funding", instrument=PERP, cursor=page["next_cursor"])
    assert [(one["ts"], one["rate"], one["mark"]) for one in page["items"]] == [(FIRST, "0.0003", "42000")]
    assert page["next_cursor"] is None


async def test_only_a_perpetual_has_funding_and_marks(shop: Shop) -> None:
    await with_bars(shop, "BTCUSDT")
    form = {"instrument": "BTC/USDT@binance"}
    refused = await hand_over(shop, "funding/import", RATES.encode(), status=422, **form)
    assert refused["code"] == "not_a_perpetual"
    refused = await hand_over(shop, "import", csv_of(BARS), status=422, **form, timeframe="1h", price="mark")
    assert refused["code"] == "not_a_perpetual"
    assert (await shop.get("/market/funding", status=422, **form))["code"] == "not_a_perpetual"


async def test_mark_prices_lie_beside_the_bars_and_change_none(shop: Shop) -> None:
    await with_bars(shop)
    before = await shop.get("/market/bars", instrument=PERP, timeframe="1h", limit="5")
    marks = walk(48, start_ms=FIRST, step_ms=HOUR, seed=9)
    done = await hand_over(shop, "import", csv_of(marks), instrument=PERP, timeframe="1h", price="mark")
    assert done["added"] == 48
    assert await shop.get("/market/bars", instrument=PERP, timeframe="1h", limit="5") == before
    kept = shop.store.marks.read(PERP, Timeframe.H1)
    assert kept.close.tolist() == marks.close.tolist()


def put_freqtrade_folder(home: Path) -> None:
    """What `download-data` leaves: bars of the perpetual, its marks and its funding rates side by side."""
    folder = home / "data" / "files" / "binance" / "futures"
    folder.mkdir(parents=True)
    hours = [datetime.fromtimestamp((FIRST + n * HOUR) / 1000, UTC) for n in range(24)]
    flat = {"open": 100.0, "high": 101.0, "low": 99.0, "close": 100.5, "volume": 1.0}
    for kind in ("futures", "mark"):
        columns = {name: [value] * 24 for name, value in flat.items()}
        pl.DataFrame({"date": hours, **columns}).write_ipc(folder / f"BTC_USDT_USDT-1h-{kind}.feather")
    zeros = dict.fromkeys(("high", "low", "close", "volume"), [0.0] * 3)
    rates = pl.DataFrame({"date": hours[::8], "open": [0.0001, -0.0002, 0.0], **zeros})
    rates.write_ipc(folder / "BTC_USDT_USDT-8h-funding_rate.feather")
    # Older downloads have marks of eight hours, which is no timeframe here, but the one of each settlement.
    marks = {"open": [42000.5, 42100.0], "high": [42500.0] * 2, "low": [41000.0] * 2, "close": [42200.0] * 2}
    pl.DataFrame({"date": hours[:16:8], **marks, "volume": [0.0] * 2}).write_ipc(
        folder / "BTC_USDT_USDT-8h-mark.feather"
    )


async def test_a_freqtrade_folder_brings_bars_marks_and_rates(shop: Shop) -> None:
    put_freqtrade_folder(shop.house.wiring.settings.home)
    await shop.send("POST", "/data-sources", status=201, json={"name": "freqtrade", "type": "FILES", "config": {}})
    for fundings in (3, 0):
        await shop.send("POST", "/data-sources/1/sync", status=202)
        await shop.run_jobs()
        async with shop.house.db.read() as session:
            job = await session.scalar(select(JobRow).order_by(JobRow.id.desc()).limit(1))
        assert job is not None
        assert job.result is not None
        assert (job.status, job.result["fundings"], job.result["broken"]) == ("DONE", fundings, [])
    page = await shop.get("/market/funding", instrument=PERP)
    assert [(one["rate"], one["mark"]) for one in page["items"]] == [
        ("0", None),
        ("-0.0002", "42100"),
        ("0.0001", "42000.5"),
    ]
    assert len(shop.store.marks.read(PERP, Timeframe.H1)) == 24
