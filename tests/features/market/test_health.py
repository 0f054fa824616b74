"""The health report: what is missing counts, what the market's calendar explains does not."""

from pathlib import Path

import numpy as np
import pytest

from alphaloop.adapters.feeds import read_bar_file
from alphaloop.adapters.feeds.contract import BarTable
from alphaloop.core.bar import Timeframe
from alphaloop.core.calendar import find_calendar
from alphaloop.core.clock import to_ms
from alphaloop.features.market.health import examine, find_gaps
from tests.features.market.walks import MINUTE_MS, walk

DAY_MS = 1440 * MINUTE_MS


def at(day: str, clock: str = "00:00") -> int:
    from datetime import datetime

    return to_ms(datetime.fromisoformat(f"{day}T{clock}:00+00:00"))


def gaps(times: list[int], timeframe: Timeframe, calendar: str) -> list[int]:
    return [gap.missing for gap in find_gaps(np.array(times, dtype=np.int64), timeframe, find_calendar(calendar))]


def test_around_the_clock_every_missing_step_counts() -> None:
    times = [at("2024-03-02", "00:00"), at("2024-03-02", "00:05"), at("2024-03-02", "00:20"), at("2024-03-03", "00:20")]
    assert gaps(times, Timeframe.M5, "24x7") == [2, 287]
    months = [at("2024-01-01"), at("2024-02-01"), at("2024-05-01")]
    assert gaps(months, Timeframe.MO1, "24x7") == [2]


def test_breaks_nights_weekends_and_holidays_are_no_gaps() -> None:
    friday = [at("2024-03-01", clock) for clock in ("03:20", "03:25", "05:00", "06:55")]
    assert gaps([*friday[:3], *[at("2024-03-01", f"05:{m:02}") for m in range(5, 60, 5)]], Timeframe.M5, "XSHG") == []
    assert gaps([friday[-1], at("2024-03-04", "01:30")], Timeframe.M5, "XSHG") == []
    assert gaps([at("2024-02-08"), at("2024-02-19")], Timeframe.D1, "XSHG") == []  # spring festival
    assert gaps([at("2024-03-01"), at("2024-03-04")], Timeframe.D1, "24x5") == []


def test_bars_missing_inside_a_session_count_without_the_midday_break() -> None:
    assert gaps([at("2024-03-01", "02:00"), at("2024-03-01", "02:30")], Timeframe.M5, "XSHG") == [5]
    assert gaps([at("2024-03-01", "03:15"), at("2024-03-01", "05:10")], Timeframe.M5, "XSHG") == [4]
    # 34 weekdays, two of them holidays.
    assert gaps([at("2024-01-02"), at("2024-02-20")], Timeframe.D1, "XNYS") == [32]
    assert gaps([at("2024-03-04", "13:00"), at("2024-03-04", "13:30")], Timeframe.M5, "CN-0230") == [5]


def test_runs_without_volume_and_wild_moves_are_named() -> None:
    table = walk(400)
    volume, close = table.volume.copy(), table.close.copy()
    volume[100:130] = 0
    close[200] = close[199] * 2
    columns = {name: getattr(table, name) for name in ("ts", "open", "high", "low")} | {
        "volume": volume,
        "close": close,
    }
    found = examine(BarTable.of(columns, price_decimals=2, volume_decimals=3), Timeframe.M1, find_calendar("24x7"))
    assert [(issue.code, issue.ts) for issue in found.issues] == [
        ("zero_volume_run", int(table.ts[100])),
        ("outlier", int(table.ts[200])),
        ("outlier", int(table.ts[201])),
    ]
    assert found.issues[0].detail == "30 bars without volume"
    assert found.gap_count == 0


@pytest.mark.data
def test_the_known_hole_in_the_real_bitcoin_series_is_found(test_data: Path) -> None:
    table = read_bar_file(test_data / "data" / "bars" / "crypto" / "binance" / "BTCUSDT" / "5m.parquet")
    found = examine(table, Timeframe.M5, find_calendar("24x7"))
    assert [(gap.from_ts, gap.missing) for gap in found.gaps] == [(1_679_661_300_000, 16)]
