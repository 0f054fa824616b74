"""What makes it enter and leave, on as-of columns written by hand, and entries on real markets checked by hand."""

from pathlib import Path

import numpy as np
import pytest

from alphaloop.core.errors import InvalidError
from alphaloop.engine.backtest import run_backtest
from alphaloop.engine.features import Nested, build_panel, chan_levels, nested_key
from alphaloop.engine.invariance import check_features_step, check_prefix_invariance
from alphaloop.engine.panel import Panel, Series, make_panel, make_series
from alphaloop.engine.strategy import Chan, Signals, desired_at, feature_key, load_strategy
from alphaloop.kernels.chan.nesting import Level, nested_points
from alphaloop.lab import load

STRATEGY = load_strategy("chan/nested_intervals")
HALF_HOUR, NEST = Chan("30m"), Nested(("30m", None))


def panel_with(close: list[float], **columns: list[float]) -> Panel:
    """Columns called nested_… are those of the lowest level, the others those of the highest."""
    values = np.array(close, dtype=float)
    bars = make_series("A", np.arange(len(close)) * 60_000, values, values + 0.1, values - 0.1, values, values)
    known = {}
    for name, column in columns.items():
        key = nested_key(NEST, name) if name.startswith("nested_") else feature_key(HALF_HOUR, name)
        known[key] = np.array(column, dtype=float).reshape(-1, 1)
    return make_panel(bars)._replace(features=known)


def nested(rows: int, **changes: list[float]) -> dict[str, list[float]]:
    """A high buy point at 9, shown only, with a sure low one at 9.1 inside; `changes` replace columns."""
    columns = {
        "point_kind": [1.0] * rows,
        "point_price": [9.0] * rows,
        "point_sure": [0.0] * rows,
        "nested_kind": [1.0] * rows,
        "nested_price": [9.1] * rows,
        "nested_age": [2.0] * rows,
        "nested_sure": [1.0] * rows,
    }
    return columns | changes


def said(panel: Panel, **given: object) -> Signals:
    return STRATEGY.evaluate(panel, STRATEGY.parse({"stop_buffer": 0.0, "max_risk": 1.0, **given}))


def first(series: Series, start: int, stop: int) -> Series:
    return Series(series.name, *(column[start:stop] for column in series[1:]))


def entries(signals: Signals) -> list[int]:
    began = signals.episode[:, 0] == np.arange(len(signals.target))
    return np.flatnonzero(began & (signals.target[:, 0] == 1)).tolist()


def minute(ts_ms: int) -> str:
    return str(np.datetime64(int(ts_ms), "ms"))[:16]


def test_it_enters_once_the_low_level_confirms_the_high_point_and_stops_below_both() -> None:
    columns = nested(3, nested_kind=[np.nan, 1, 1], nested_sure=[np.nan, 0, 1])
    signals = said(panel_with([10, 10, 10], **columns))
    np.testing.assert_array_equal(signals.target[:, 0], [np.nan, np.nan, 1])
    assert desired_at(signals, 2).stop == 9.0
    assert desired_at(signals, 2).reason == "buy point nested"


def test_each_level_has_its_own_stage() -> None:
    columns = nested(3, point_sure=[0, 1, 1], nested_sure=[0, 0, 1])
    panel = panel_with([10, 10, 10], **columns)
    assert entries(said(panel, stage="sure", nested_stage="shown")) == [1]
    assert entries(said(panel, stage="shown", nested_stage="sure")) == [2]
    assert entries(said(panel, stage="shown", nested_stage="shown")) == [0]


def test_each_level_has_its_own_kinds() -> None:
    panel = panel_with([10], **nested(1, point_kind=[5.0], nested_kind=[2.0]))
    assert entries(said(panel, kinds="3a", nested_kinds="1p")) == [0]
    assert entries(said(panel, kinds="1", nested_kinds="1p")) == []
    assert entries(said(panel, kinds="3a", nested_kinds="1")) == []


def test_an_old_a_distant_and_a_broken_turn_are_left_alone() -> None:
    assert entries(said(panel_with([10], **nested(1, nested_age=[41.0])))) == []
    assert entries(said(panel_with([10], **nested(1)), max_risk=0.09)) == []
    assert entries(said(panel_with([8.9], **nested(1)))) == []


def test_it_leaves_at_a_high_sell_that_the_low_level_confirms() -> None:
    columns = nested(4, point_kind=[1, -1, -1, -1], nested_kind=[1, np.nan, -1, -1], nested_sure=[1, np.nan, 0, 1])
    signals = said(panel_with([10, 12, 12, 12], **columns))
    assert signals.target[:, 0].tolist() == [1, 1, 1, 0]
    assert desired_at(signals, 3).reason == "sell point nested"


def test_the_stop_ends_the_trade_and_the_same_turn_is_not_bought_twice() -> None:
    signals = said(panel_with([10, 9.05, 10, 10], **nested(4, nested_price=[9.1, 9.1, 9.1, 9.3])))
    assert signals.target[:, 0].tolist() == [1, 0, 0, 1]
    assert desired_at(signals, 1).reason == "price fell to the stop"


def test_levels_go_from_the_highest_down_to_the_bars_own() -> None:
    params = STRATEGY.parse({"levels": "1w,1d,30m,own"})
    assert STRATEGY.needs(params) == [Chan("1w"), Nested(("1w", "1d", "30m", None))]
    for levels in ("own", "30m", "30m,1d,own", "30m,30m,own", "own,30m", "2h,own", "30m,own,own", ""):
        with pytest.raises(InvalidError):
            STRATEGY.parse({"levels": levels})


@pytest.fixture
def bitcoin(test_data: Path) -> Series:
    """Five-minute bars from February 4th to 14th 2023."""
    return first(load(test_data / "data/bars/crypto/binance/BTCUSDT/5m.parquet").series, 10_000, 12_700)


def seen(series: Series, row: int, timeframes: tuple[str | None, ...] = ("30m", None)) -> list[Level]:
    """The tables a person would have seen after that row's close."""
    return chan_levels(make_panel(first(series, 0, row + 1)), timeframes, "CN-STRICT-1")


@pytest.mark.data
def test_the_entries_on_bitcoin_are_those_a_person_would_name(bitcoin: Series) -> None:
    """February 13th 2023: the half hour falls out of its pivot (21 618 to 21 778) with 42% of the force it came with,
    and inside that stroke the five minutes turn at the same low. The first low is broken an hour later, which costs the
    stop; the second one, 82 dollars lower, is the turn."""
    params = STRATEGY.parse({"levels": "30m,own"})
    signals = STRATEGY.evaluate(build_panel(bitcoin, STRATEGY, params), params)
    assert entries(signals) == [2587, 2600]
    for row, low, low_row, at in ((2587, 21433.0, 2583, "16:55"), (2600, 21351.07, 2599, "18:00")):
        assert minute(bitcoin.ts_ms[row]) == f"2023-02-13T{at}"
        assert bitcoin.low[low_row] == low == bitcoin.low[: row + 1].min()
        levels = seen(bitcoin, row)
        point = levels[0].tables.points[0][-1]
        assert (point["kind"], point["price"], point["sure"]) == ("B1", low, False)
        assert round(float(point["ratio"]), 2) == 0.42
        pivot = levels[0].tables.pivots[0][point["pivot"]]
        assert (pivot["zd"], pivot["zg"]) == (21618.23, 21777.54)
        (inside,) = nested_points(levels, len(levels[0].tables.points[0]) - 1)
        assert (inside["kind"], inside["price"], inside["stage"]) == ("B1", low, "sure")
        assert inside["ts"] == bitcoin.close_ms[low_row]
        assert desired_at(signals, row).stop == pytest.approx(low * 0.998)
    assert signals.target[2599, 0] == 0
    assert bitcoin.low[2599] <= 21433.0 * 0.998
    assert signals.target[-1, 0] == 1


@pytest.mark.data
def test_an_entry_on_the_shanghai_index_is_the_one_a_person_would_name(test_data: Path) -> None:
    """May 5th 2017: after the midday break the half hour's low of 3092.20 is known, and the minute turned there before
    the break (11:17 local). The day has not made a pivot yet: its level is silent."""
    series = load(test_data / "data/bars/equity_cn/sse_index/SH000001/1m.parquet").series
    params = STRATEGY.parse({"levels": "30m,own"})
    row = entries(STRATEGY.evaluate(build_panel(series, STRATEGY, params), params))[0]
    assert minute(series.ts_ms[row]) == "2017-05-05T05:00"
    day, *levels = seen(series, row, ("1d", "30m", None))
    assert len(day.tables.points[0]) == 0
    point = levels[0].tables.points[0][-1]
    assert (point["kind"], point["price"], round(float(point["ratio"]), 2)) == ("B1", 3092.2, 0.46)
    inside = nested_points(levels, len(levels[0].tables.points[0]) - 1)[-1]
    assert (inside["kind"], inside["price"], inside["stage"]) == ("B1p", 3092.2, "sure")
    assert minute(inside["ts"]) == "2017-05-05T03:17"


@pytest.mark.data
def test_it_trades_real_levels_without_looking_ahead(bitcoin: Series) -> None:
    params = STRATEGY.parse({"levels": "30m,own"})
    result = run_backtest(STRATEGY, bitcoin, params, cash=100_000, fee=0.001)
    assert result.metrics["trades"] == 1
    assert result.metrics["open_trades"] == 1
    assert check_prefix_invariance(STRATEGY, bitcoin, params, prefixes=12) == []
    assert check_features_step(make_panel(bitcoin), STRATEGY, params) == []
