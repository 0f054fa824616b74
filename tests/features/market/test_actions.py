"""Corporate actions over HTTP: brought in, looked up, read across, and announced once."""

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from alphaloop.adapters.feeds import read_action_file
from alphaloop.core.errors import InvalidError
from alphaloop.features.market import service
from alphaloop.infra.outbox import OutboxRow
from tests.features.market.shop import Shop
from tests.features.market.walks import csv_of, walk

DAY_MS = 86_400_000
START = 1_766_361_600_000  # 2025-12-22, a Monday
TABLE = walk(20, start_ms=START, step_ms=DAY_MS)
ACTIONS = (
    "证券代码,除权除息日,每股派息,每股送转\n600519,2025-12-29,2.5,0\n600519,2026-01-06,0,1\n000002,2025-12-29,1,0\n"
)


async def bring(shop: Shop, body: str | bytes, *, status: int = 200, name: str = "actions.csv", **form: str) -> Any:
    raw = body if isinstance(body, bytes) else body.encode()
    return await shop.send(
        "POST",
        "/market/actions/import",
        status=status,
        files={"file": (name, io.BytesIO(raw), "text/csv")},
        data=form,
    )


async def stocked(shop: Shop, adjustment: str = "RAW") -> None:
    await shop.send(
        "POST",
        "/market/import",
        files={"file": ("bars.csv", io.BytesIO(csv_of(TABLE)), "text/csv")},
        data={"instrument": "SH600519", "timeframe": "1d", "adjustment": adjustment},
    )


async def bars(shop: Shop, adjust: str, *, status: int = 200) -> Any:
    return await shop.get(
        "/market/bars", status=status, instrument="600519@XSHG", timeframe="1d", adjust=adjust, limit="20"
    )


async def test_actions_are_brought_in_once_and_prices_are_read_across_them(shop: Shop) -> None:
    await stocked(shop)
    done = await bring(shop, ACTIONS)
    assert done == {"added": 2, "changed": 0, "unchanged": 0, "unknown": ["000002"]}
    assert (await bring(shop, ACTIONS))["unchanged"] == 2
    assert (await bring(shop, ACTIONS.replace(",2.5,", ",2.6,")))["changed"] == 1
    await bring(shop, ACTIONS)
    listed = await shop.get("/market/actions", instrument="600519@XSHG")
    assert [(one["ex_date"], one["cash"], one["bonus"]) for one in listed] == [
        ("2025-12-29", "2.5", "0"),
        ("2026-01-06", "0", "1"),
    ]
    raw, ahead = await bars(shop, "none"), await bars(shop, "forward")
    assert (raw["mode"], ahead["mode"]) == ("none", "forward")
    before = TABLE.close[6]
    assert float(ahead["bars"][0][4]) == pytest.approx(TABLE.close[0] * (before - 2.5) / before / 2)
    assert ahead["bars"][-1][:5] == raw["bars"][-1][:5]


async def test_what_the_prices_are_can_be_said_later(shop: Shop) -> None:
    await stocked(shop, "")
    refused = await bars(shop, "forward", status=422)
    assert refused["code"] == "price_mode_unknown"
    assert (await bars(shop, "none"))["mode"] == "unknown:none"
    said = await shop.send(
        "POST",
        "/market/series/mode",
        json={"instrument": "600519@XSHG", "timeframe": "1d", "adjustment": "RAW"},
    )
    assert said["adjustment"] == "RAW"
    assert (await bars(shop, "forward"))["mode"] == "forward"
    assert (await bars(shop, "sideways", status=422))["code"] == "unknown_adjustment"


async def test_a_file_adjusted_in_another_way_does_not_join_a_series(shop: Shop) -> None:
    await stocked(shop, "RAW")
    answer = await shop.send(
        "POST",
        "/market/import",
        status=409,
        files={"file": ("bars.csv", io.BytesIO(csv_of(TABLE)), "text/csv")},
        data={"instrument": "SH600519", "timeframe": "1d", "adjustment": "FORWARD"},
    )
    assert answer["code"] == "price_modes_mixed"


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ("symbol,ex_date,cash\nSH600519,2025-13-01,1\n", "row 1"),
        ("symbol,ex_date,cash\nSH600519,2025-12-01,1\nSH600519,2025-12-02,one\n", "row 2"),
        ("symbol,ex_date,cash\nSH600519,2025-12-01,-1\n", "row 1"),
        ("symbol,ex_date,bonus\nSH600519,2025-12-01,-1\n", "row 1"),
        ("symbol,cash\nSH600519,1\n", "column ex_date"),
        ("", "file"),
    ],
)
async def test_a_bad_row_refuses_the_file(shop: Shop, body: str, where: str) -> None:
    await stocked(shop)
    answer = await bring(shop, body, status=422)
    assert answer["detail"][0]["field"] == where
    assert await shop.get("/market/actions", instrument="600519@XSHG") == []


async def test_an_ex_date_is_announced_once_when_its_market_comes_to_it(shop: Shop) -> None:
    await stocked(shop)
    await bring(shop, ACTIONS)  # now is 2026-01-05 12:00 UTC

    async def tell() -> list[dict[str, Any]]:
        async with shop.house.db.write() as session:
            await service.announce_ex_dates(session, shop.clock)
        async with shop.house.db.read() as session:
            rows = await session.scalars(select(OutboxRow).where(OutboxRow.name == "market.ex_date_passed"))
            return [row.payload for row in rows]

    assert await tell() == []
    shop.clock.set(datetime(2026, 1, 5, 17, tzinfo=UTC))  # the 6th has begun in Shanghai
    expected = {
        "instrument": "600519@XSHG",
        "ex_date": "2026-01-06",
        "cash": "0",
        "bonus": "1",
        "rights": "0",
        "rights_price": "0",
    }
    assert await tell() == [expected]
    assert await tell() == [expected]


async def test_ex_dates_between_two_sessions_are_what_a_position_meets(shop: Shop) -> None:
    await stocked(shop)
    await bring(shop, ACTIONS)
    async with shop.house.db.read() as session:
        met = await service.ex_dates_between(session, "600519@XSHG", after=date(2025, 12, 29), until=date(2026, 1, 6))
    assert [(one.ex_date, one.bonus) for one in met] == [(date(2026, 1, 6), Decimal(1))]


async def test_bars_may_be_labelled_by_their_close(shop: Shop) -> None:
    await shop.bring_in(csv_of(walk(5)))
    shown = await shop.get("/market/bars", instrument="BTCUSDT", timeframe="1m", label="close")
    assert shown["labels"] == [row[0] + 60_000 for row in shown["bars"]]
    plain = await shop.get("/market/bars", instrument="BTCUSDT", timeframe="1m")
    assert plain["labels"] is None


@pytest.mark.data
def test_the_shipped_dividends_can_be_read(test_data: Path) -> None:
    listed = read_action_file(test_data / "data" / "corporate_actions" / "dividends.parquet")
    assert len(listed) == 1005
    spy = [one.action for one in listed if one.symbol == "SPY"]
    assert (spy[-1].ex_date, spy[-1].cash) == (date(2018, 12, 21), Decimal("1.435"))


def test_a_split_says_what_one_share_becomes(tmp_path: Path) -> None:
    path = tmp_path / "splits.csv"
    path.write_text("date,Stock Splits,Dividends\n2020-08-31,4,0\n2021-02-05,0,0.205\n")
    split, dividend = (one.action for one in read_action_file(path, symbol="AAPL"))
    assert (split.bonus, split.cash) == (3, 0)
    assert (dividend.bonus, dividend.cash) == (0, Decimal("0.205"))
    with pytest.raises(InvalidError):
        read_action_file(path)
