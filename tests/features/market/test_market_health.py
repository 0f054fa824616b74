"""The health report as the market sees it: each fault is named, and a clean series says nothing."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from alphaloop.adapters.feeds import read_bar_file
from alphaloop.adapters.feeds.contract import BarTable
from alphaloop.core.bar import Timeframe
from alphaloop.core.calendar import find_calendar
from alphaloop.core.corporate import CorporateAction
from alphaloop.features.market.adjusting import ExDate
from alphaloop.features.market.market_health import examine_market
from alphaloop.features.market.models import StoredMode
from alphaloop.features.market.naming import Hints, name_instrument
from tests.features.market.walks import walk

DAY_MS = 86_400_000
MAOTAI = name_instrument("SH600519", Hints()).instrument
WEEKDAYS = [1_700_006_400_000 + day * DAY_MS for day in range(60) if (2 + day) % 7 < 5]
D = Decimal


def days() -> BarTable:
    return replace(walk(len(WEEKDAYS)), ts=np.array(WEEKDAYS, dtype=np.int64))


def codes(table: BarTable, *, mode: StoredMode = StoredMode.RAW, ex: tuple[ExDate, ...] = ()) -> list[str]:
    found = examine_market(table, Timeframe.D1, MAOTAI, calendar=find_calendar("XSHG"), held_as=mode, ex_dates=ex)
    return [issue.code for issue in found]


def ex(row: int, ratio: str | None = None, **terms: Decimal) -> ExDate:
    return ExDate(WEEKDAYS[row], CorporateAction(date(2024, 1, 2), **terms), None if ratio is None else D(ratio))


def test_a_clean_series_says_nothing() -> None:
    assert codes(days(), ex=(ex(5, cash=D("0.5")),)) == []


def test_nobody_said_how_prices_are_adjusted() -> None:
    assert codes(days(), mode=StoredMode.UNKNOWN) == ["price_mode_unknown"]


def test_raw_prices_off_the_tick_are_no_raw_prices() -> None:
    table = days()
    assert codes(replace(table, close=table.close * 0.987)) == ["wrong_mode"]
    assert codes(replace(table, close=table.close * 0.987), mode=StoredMode.FORWARD) == []


def test_a_deep_cut_that_left_no_trace_means_adjusted_prices() -> None:
    assert codes(days(), ex=(ex(20, bonus=D(1)),)) == ["wrong_mode"]


def test_a_factor_that_does_not_follow_from_its_terms_is_named() -> None:
    before = days().close[19]
    right = str(round((before - 2) / before, 6))
    assert codes(days(), ex=(ex(20, right, cash=D(2)),)) == []
    assert codes(days(), ex=(ex(20, "0.9", cash=D(2)),)) == ["factors_do_not_chain"]
    assert codes(days(), ex=(ex(20, cash=D(500)),))[0] == "factors_do_not_chain"


def test_an_ex_date_without_a_bar_is_named() -> None:
    table = days()
    keep = np.arange(len(table)) != 20
    shorter = BarTable.of(
        {name: getattr(table, name)[keep] for name in ("ts", "open", "high", "low", "close", "volume")},
        price_decimals=2,
        volume_decimals=3,
    )
    assert codes(shorter, ex=(ex(20, cash=D("0.5")),)) == ["ex_date_without_price"]


def test_bars_outside_the_sessions_and_on_weekends_are_counted() -> None:
    weekend = replace(days(), ts=np.array([ts + 2 * DAY_MS for ts in WEEKDAYS], dtype=np.int64))
    assert codes(weekend)[-1] == "bars_outside_sessions"
    minutes = walk(60, start_ms=1_700_006_400_000 + 9 * 3_600_000)  # 17:00 in Shanghai
    found = examine_market(
        minutes, Timeframe.M1, MAOTAI, calendar=find_calendar("XSHG"), held_as=StoredMode.RAW, ex_dates=()
    )
    assert [(issue.code, issue.detail) for issue in found] == [("bars_outside_sessions", "60 of 60 bars")]


def test_a_symbol_without_a_market_and_a_day_without_a_calendar_are_named() -> None:
    nowhere = name_instrument("THING@nowhere", Hints()).instrument
    found = examine_market(
        days(), Timeframe.D1, nowhere, calendar=find_calendar("24x7"), held_as=StoredMode.RAW, ex_dates=()
    )
    assert "no_market" in [issue.code for issue in found]
    far = replace(days(), ts=np.array(WEEKDAYS, dtype=np.int64) - 40 * 365 * DAY_MS)
    assert "calendar_date_unknown" in codes(far)


@pytest.mark.data
@pytest.mark.parametrize(
    ("file", "mode", "expected"),
    [
        ("sse_szse/SH600519", StoredMode.RAW, set()),
        ("sse_szse_raw/SH600000", StoredMode.RAW, set()),
        ("sse_szse/SZ000002", StoredMode.RAW, {"wrong_mode"}),
        ("sse_szse/SZ000002", StoredMode.FORWARD, set()),
    ],
)
def test_the_shipped_files_are_what_they_say(test_data: Path, file: str, mode: StoredMode, expected: set[str]) -> None:
    table = read_bar_file(test_data / "data" / "bars" / "equity_cn" / file / "1d.parquet")
    assert set(codes(table, mode=mode)) == expected
