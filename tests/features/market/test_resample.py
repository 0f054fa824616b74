"""Coarser bars: no bar lost, no price invented, sessions respected."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaloop.adapters.feeds import read_bar_file
from alphaloop.adapters.feeds.contract import BarTable
from alphaloop.core.bar import Timeframe
from alphaloop.core.calendar import find_calendar
from alphaloop.core.clock import from_ms
from alphaloop.core.errors import InvalidError
from alphaloop.features.market.resample import drop_unfinished, finer_timeframes, resample
from alphaloop.features.market.session_grid import bar_starts, outside_sessions
from tests.features.market.walks import walk

ROUND = find_calendar("24x7")
SHANGHAI = find_calendar("XSHG")


def starts(table: BarTable) -> list[str]:
    return [from_ms(ts).strftime("%m-%d %H:%M") for ts in table.ts.tolist()]


@settings(max_examples=60, deadline=None)
@given(
    target=st.sampled_from([frame for frame in Timeframe if frame is not Timeframe.M1]),
    rows=st.integers(1, 3000),
    step=st.sampled_from([1, 7, 61, 1443]),
    offset=st.integers(0, 2000),
)
def test_nothing_is_lost_and_nothing_is_invented(target: Timeframe, rows: int, step: int, offset: int) -> None:
    table = walk(rows, start_ms=1_700_006_400_000 + offset * 60_000, step_ms=step * 60_000)
    made = resample(table, source=Timeframe.M1, target=target, calendar=ROUND)
    assert (np.diff(made.ts) > 0).all()
    assert made.ts[0] <= table.ts[0]
    groups = np.searchsorted(made.ts, table.ts, side="right") - 1
    assert (groups >= 0).all()
    for row in range(len(made)):
        inside = groups == row
        assert made.open[row] == table.open[inside][0]
        assert made.close[row] == table.close[inside][-1]
        assert made.high[row] == table.high[inside].max()
        assert made.low[row] == table.low[inside].min()
        assert abs(made.volume[row] - table.volume[inside].sum()) < 1e-6
    assert ((table.ts - made.ts[groups]) < (31 if target is Timeframe.MO1 else 1) * max(target.ms, 86_400_000)).all()


@settings(max_examples=30, deadline=None)
@given(rows=st.integers(1, 2000), offset=st.integers(0, 2000))
def test_two_steps_equal_one(rows: int, offset: int) -> None:
    table = walk(rows, start_ms=1_700_006_400_000 + offset * 60_000)
    via = resample(table, source=Timeframe.M1, target=Timeframe.M15, calendar=ROUND)
    two = resample(via, source=Timeframe.M15, target=Timeframe.H4, calendar=ROUND)
    one = resample(table, source=Timeframe.M1, target=Timeframe.H4, calendar=ROUND)
    for name in ("ts", "open", "high", "low", "close"):
        assert np.array_equal(getattr(one, name), getattr(two, name))
    assert np.allclose(one.volume, two.volume)


def test_shanghai_bars_start_with_its_sessions() -> None:
    morning = [datetime(2024, 3, 5, 1, minute, tzinfo=UTC) for minute in range(30, 60)]
    morning += [datetime(2024, 3, 5, hour, minute, tzinfo=UTC) for hour in (2,) for minute in range(60)]
    morning += [datetime(2024, 3, 5, 3, minute, tzinfo=UTC) for minute in range(30)]
    afternoon = [datetime(2024, 3, 5, hour, minute, tzinfo=UTC) for hour in (5, 6) for minute in range(60)]
    rows = walk(240)
    table = BarTable.of(
        {name: getattr(rows, name) for name in ("open", "high", "low", "close", "volume")}
        | {"ts": np.array([int(moment.timestamp() * 1000) for moment in morning + afternoon])},
        price_decimals=2,
        volume_decimals=3,
    )
    hourly = resample(table, source=Timeframe.M1, target=Timeframe.H1, calendar=SHANGHAI)
    assert starts(hourly) == ["03-05 01:30", "03-05 02:30", "03-05 05:00", "03-05 06:00"]
    daily = resample(table, source=Timeframe.M1, target=Timeframe.D1, calendar=SHANGHAI)
    assert starts(daily) == ["03-05 00:00"]
    assert daily.close[0] == table.close[-1]


def test_a_new_york_evening_in_utc_belongs_to_its_own_session_date() -> None:
    calendar = find_calendar("XNYS")
    rows = walk(2)
    table = BarTable.of(
        {name: getattr(rows, name) for name in ("open", "high", "low", "close", "volume")}
        | {
            "ts": np.array(
                [
                    int(datetime(2024, 1, 5, 14, 30, tzinfo=UTC).timestamp() * 1000),
                    int(datetime(2024, 1, 5, 20, 59, tzinfo=UTC).timestamp() * 1000),
                ]
            )
        },
        price_decimals=2,
        volume_decimals=3,
    )
    daily = resample(table, source=Timeframe.M1, target=Timeframe.D1, calendar=calendar)
    assert starts(daily) == ["01-05 00:00"]
    weekly = resample(table, source=Timeframe.M1, target=Timeframe.W1, calendar=calendar)
    assert starts(weekly) == ["01-01 00:00"]
    assert starts(resample(table, source=Timeframe.M1, target=Timeframe.MO1, calendar=calendar)) == ["01-01 00:00"]


def test_an_unfinished_bar_is_taken_away() -> None:
    table = walk(90)
    made = resample(table, source=Timeframe.M1, target=Timeframe.H1, calendar=ROUND)
    assert len(made) == 2
    reached = int(table.ts[-1]) + 60_000
    assert len(drop_unfinished(made, target=Timeframe.H1, calendar=ROUND, source_close_ms=reached)) == 1
    later = int(made.ts[-1]) + Timeframe.H1.ms
    assert len(drop_unfinished(made, target=Timeframe.H1, calendar=ROUND, source_close_ms=later)) == 2


def test_only_what_divides_can_be_made() -> None:
    assert finer_timeframes(Timeframe.M5) == [Timeframe.M1]
    assert Timeframe.W1 not in finer_timeframes(Timeframe.MO1)
    assert finer_timeframes(Timeframe.M1) == []
    for source, target in ((Timeframe.H1, Timeframe.M5), (Timeframe.W1, Timeframe.MO1), (Timeframe.M5, Timeframe.M5)):
        with pytest.raises(InvalidError):
            resample(walk(3), source=source, target=target, calendar=ROUND)


def minutes(*spans: tuple[datetime, int]) -> BarTable:
    """One-minute bars of (start, how many) spans."""
    ts = [int(start.timestamp() * 1000) + 60_000 * k for start, count in spans for k in range(count)]
    rows = walk(len(ts))
    return replace(rows, ts=np.array(ts, dtype=np.int64))


def test_the_closing_auctions_print_belongs_to_the_last_bar_of_the_day() -> None:
    table = minutes(
        (datetime(2024, 3, 5, 1, 30, tzinfo=UTC), 120), (datetime(2024, 3, 5, 5, 0, tzinfo=UTC), 121)
    )  # 15:00 Shanghai is the last minute
    hourly = resample(table, source=Timeframe.M1, target=Timeframe.H1, calendar=SHANGHAI)
    assert starts(hourly) == ["03-05 01:30", "03-05 02:30", "03-05 05:00", "03-05 06:00"]
    assert hourly.close[-1] == table.close[-1]
    halves = resample(table, source=Timeframe.M1, target=Timeframe.M30, calendar=SHANGHAI)
    assert len(halves) == 8


def test_hours_after_the_close_never_share_a_bar_with_the_session() -> None:
    calendar = find_calendar("XNYS")
    table = minutes((datetime(2024, 1, 5, 14, 0, tzinfo=UTC), 30 + 390 + 60))  # 9:00 to 17:00 New York
    hourly = resample(table, source=Timeframe.M1, target=Timeframe.H1, calendar=calendar)
    assert starts(hourly)[:2] == ["01-05 14:00", "01-05 14:30"]
    assert starts(hourly)[-2:] == ["01-05 20:30", "01-05 21:00"]
    half_past_three = hourly.close[-2]
    assert half_past_three == table.close[30 + 390 - 1]


def test_a_night_session_counts_to_the_next_trading_day() -> None:
    night = find_calendar("CN-0230")
    # Monday 21:00 to Tuesday 02:30, then Tuesday morning with its short break.
    spans = [((4, 13, 0), 330), ((5, 1, 0), 75), ((5, 2, 30), 60)]
    table = minutes(*((datetime(2024, 3, *start, tzinfo=UTC), count) for start, count in spans))
    daily = resample(table, source=Timeframe.M1, target=Timeframe.D1, calendar=night)
    assert starts(daily) == ["03-05 00:00"]
    hourly = resample(table, source=Timeframe.M1, target=Timeframe.H1, calendar=night)
    assert [start[6:] for start in starts(hourly)] == [
        *("13:00", "14:00", "15:00", "16:00", "17:00", "18:00"),
        *("01:00", "02:00", "02:30"),
    ]


def test_bars_of_another_zone_are_refused() -> None:
    table = minutes((datetime(2024, 3, 5, 9, 30, tzinfo=UTC), 120))  # local times taken for UTC
    with pytest.raises(InvalidError) as refused:
        resample(table, source=Timeframe.M1, target=Timeframe.H1, calendar=SHANGHAI)
    assert refused.value.code == "bars_outside_sessions"


NATIVE = [
    ("crypto/binance/BTCUSDT", "1m", "15m", "24x7", 2784),
    ("crypto/binance/BTCUSDT", "1m", "1h", "24x7", 696),
    ("equity_us/ninjatrader/SPY", "1m", "5m", "XNYS", 3454),
    ("equity_us/ninjatrader/SPY", "5m", "30m", "XNYS", 635),
    ("equity_us/ninjatrader/SPY", "1m", "30m", "XNYS", 635),
    ("equity_cn/sse_index/SH000001", "1m", "5m", "XSHG", 3234),
    ("equity_cn/sse_index/SH000001", "5m", "30m", "XSHG", 538),
    ("equity_cn/sse_index/SH000001", "5m", "1d", "XSHG", 66),
    ("fx/fxcm/GBPUSD", "1m", "5m", "FX", 6048),
    ("fx/fxcm/GBPUSD", "5m", "30m", "FX", 1008),
    ("fx/fxcm/GBPUSD", "1m", "1h", "FX", 504),
]


@pytest.mark.data
@pytest.mark.parametrize(("folder", "source", "target", "market", "rows"), NATIVE, ids=lambda value: str(value))
def test_made_bars_equal_the_sources_own_to_the_last_digit(
    test_data: Path, folder: str, source: str, target: str, market: str, rows: int
) -> None:
    """On every complete bar of the common range; docs/concepts/bars.md says which bars that leaves out."""
    place = test_data / "data" / "bars" / folder
    fine, own = (read_bar_file(place / f"{name}.parquet") for name in (source, target))
    made = resample(fine, source=Timeframe(source), target=Timeframe(target), calendar=find_calendar(market))
    first = max(int(fine.ts[0]), int(own.ts[0]))
    last = min(int(fine.ts[-1]), int(own.ts[-1])) + Timeframe(source).ms - Timeframe(target).ms
    ours, theirs = ((table.ts >= first) & (table.ts <= last) for table in (made, own))
    assert ours.sum() == rows
    for name in ("ts", "open", "high", "low", "close", "volume"):
        assert np.array_equal(getattr(made, name)[ours], getattr(own, name)[theirs]), name


@settings(max_examples=80, deadline=None)
@given(
    market=st.sampled_from(["XSHG", "XHKG", "XNYS", "CN-DAY", "CN-23", "CN-01", "CN-0230", "CMES", "FX"]),
    target=st.sampled_from([Timeframe.M5, Timeframe.M15, Timeframe.M30, Timeframe.H1, Timeframe.H4, Timeframe.D1]),
    first=st.integers(28_400_000, 28_900_000),  # minutes of 2024, clocks changing included
    rows=st.integers(1, 3000),
)
def test_a_made_bar_is_never_known_before_the_bars_it_is_made_of(
    market: str, target: Timeframe, first: int, rows: int
) -> None:
    calendar = find_calendar(market)
    ts = (first + np.arange(rows, dtype=np.int64)) * 60_000
    ts = ts[~outside_sessions(ts, calendar)]
    ts = ts[[from_ms(one).astimezone(ZoneInfo(calendar.zone)).weekday() < 5 for one in ts.tolist()]]
    starts_at = bar_starts(ts, source=Timeframe.M1, target=target, calendar=calendar)
    assert (np.diff(starts_at) >= 0).all()
    if target.intraday:
        assert (starts_at <= ts).all()
        assert (ts - starts_at < target.ms).all()
    for one, start in zip(ts.tolist()[:: max(1, rows // 200)], starts_at.tolist()[:: max(1, rows // 200)], strict=True):
        assert calendar.close_ms(start, target) >= calendar.close_ms(one, Timeframe.M1)
