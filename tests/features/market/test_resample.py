"""Coarser bars: no bar lost, no price invented, sessions respected."""

from datetime import UTC, datetime
from pathlib import Path

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


@pytest.mark.data
def test_real_half_hours_come_out_of_real_five_minutes(test_data: Path) -> None:
    folder = test_data / "data" / "bars" / "equity_cn" / "sse_index" / "SH000001"
    fine, coarse = (read_bar_file(folder / f"{name}.parquet") for name in ("5m", "30m"))
    made = resample(fine, source=Timeframe.M5, target=Timeframe.M30, calendar=SHANGHAI)
    for name in ("ts", "open", "high", "low", "close"):
        assert np.array_equal(getattr(made, name), getattr(coarse, name))
