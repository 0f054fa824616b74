"""The health report of a perpetual names what its replays would settle wrongly."""

from alphaloop.features.market.funding_health import examine_funding
from tests.features.market.shop import Shop
from tests.features.market.test_funding import FIRST, HOUR, PERP, hand_over, with_bars
from tests.features.market.walks import csv_of, walk

BARS = walk(72, start_ms=FIRST, step_ms=HOUR)
EVERY = [FIRST + n * 8 * HOUR for n in range(10)]


def told(times: list[int], *, marked: bool = True) -> list[tuple[str, int]]:
    return [(one.code, (one.ts - FIRST) // HOUR) for one in examine_funding(BARS, times, marked=marked)]


def test_whole_funding_says_nothing() -> None:
    assert told(EVERY) == []


def test_a_lost_settlement_is_named_where_it_begins() -> None:
    assert told([*EVERY[:3], *EVERY[4:]]) == [("funding_missing", 16)]


def test_bars_before_and_after_the_known_rates_are_named() -> None:
    assert told(EVERY[3:6]) == [("funding_missing", 0), ("funding_missing", 40)]


def test_nothing_known_is_said_once() -> None:
    assert told([], marked=False) == [("funding_missing", 0), ("marks_missing", 0)]


async def test_the_report_asks_for_funding_of_perpetuals_alone(shop: Shop) -> None:
    await with_bars(shop)
    await with_bars(shop, "BTCUSDT")
    report = await shop.get("/market/health", instrument=PERP, timeframe="1h")
    assert {"funding_missing", "marks_missing"} <= {one["code"] for one in report["issues"]}
    spot = await shop.get("/market/health", instrument="BTC/USDT@binance", timeframe="1h")
    assert not {"funding_missing", "marks_missing"} & {one["code"] for one in spot["issues"]}
    rates = "ts,rate\n" + "".join(f"{ts},0.0001\n" for ts in EVERY)
    await hand_over(shop, "funding/import", rates.encode(), instrument=PERP)
    marks = csv_of(walk(48, start_ms=FIRST, step_ms=HOUR))
    await hand_over(shop, "import", marks, instrument=PERP, timeframe="1h", price="mark")
    report = await shop.get("/market/health", instrument=PERP, timeframe="1h")
    assert not {"funding_missing", "marks_missing"} & {one["code"] for one in report["issues"]}
