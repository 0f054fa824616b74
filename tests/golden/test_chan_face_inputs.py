"""Bars in any shape and under any usual name, and hostile ones: a right answer or an error that names the row."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from alphaloop import chan
from alphaloop.chan.result import LAYERS
from tests.golden.test_chan_face import columns
from tests.kernels.chan.series import random_bars

NAMES = ("open", "high", "low", "close")


def flat(rows: int, price: float = 10.0) -> dict[str, Any]:
    return {"ts": 60 * np.arange(rows), **{name: np.full(rows, price) for name in NAMES}}


@pytest.mark.parametrize(
    "names",
    [
        "Date Open High Low Close Volume",
        "datetime OPEN HIGH LOW CLOSE VOLUME",
        "timestamp o h l c v",
        "Open Time|open price|high price|low price|close price|vol",
        "日期 开盘 最高 最低 收盘 成交量",
        "time open high low close qty",
    ],
)
def test_columns_may_have_any_usual_name(names: str) -> None:
    plain = columns()
    spelled = dict(zip(names.split("|" if "|" in names else " "), plain.values(), strict=True))
    expected = chan.analyse(plain).to_golden()
    assert chan.analyse(spelled).to_golden() == expected
    extra = {"symbol": ["X"] * len(plain["ts"]), **spelled, "Adj Close": plain["open"]}
    assert chan.analyse(pl.DataFrame(extra)).to_golden() == expected


def test_a_pandas_index_of_times_needs_no_column() -> None:
    plain = columns()
    expected = chan.analyse(plain)
    frame = pd.DataFrame({name.title(): plain[name] for name in NAMES})
    moments = pd.to_datetime(plain["ts"], unit="s", utc=True)
    for index in (pd.DatetimeIndex(moments), pd.DatetimeIndex(moments, name="Date"), moments.tz_localize(None)):
        frame.index = index
        found = chan.analyse(frame)
        assert found.strokes["start_idx"].equals(expected.strokes["start_idx"])
    frame.index = pd.Index(plain["ts"], name="time")
    assert chan.analyse(frame).to_golden() == expected.to_golden()
    frame.columns = pd.MultiIndex.from_tuples([(name.title(), "AAPL") for name in NAMES])
    assert chan.analyse(frame).to_golden() == expected.to_golden()


def test_arrays_with_and_without_names_are_bars() -> None:
    plain = columns()
    expected = chan.analyse(plain).to_golden()
    stacked = np.column_stack([plain[name] for name in ("ts", *NAMES, "volume")])
    named = np.rec.fromarrays([plain[name] for name in ("ts", *NAMES)], names="time,open,high,low,close")
    assert chan.analyse(named).to_golden() == expected
    for array in (stacked, stacked[:, :5]):
        assert {k: len(rows) for k, rows in chan.analyse(array).to_golden().items()} == {
            k: len(rows) for k, rows in expected.items()
        }
    for wrong in (stacked[:, :4], stacked[0], np.zeros(())):
        with pytest.raises(ValueError, match="array of bars"):
            chan.analyse(wrong)


def test_every_layer_comes_in_each_kind_of_frame() -> None:
    result = chan.analyse(columns(random_bars(8000, 31)))
    arrays, frames = result.to_numpy(), result.to_pandas()
    assert set(arrays) == set(frames) == set(LAYERS)
    for name in LAYERS:
        table = result.layer(name)
        assert len(arrays[name]) == len(frames[name]) == table.height
        assert list(frames[name].columns) == table.columns
        assert set(arrays[name].dtype.names or ()) <= set(table.columns)
    assert frames["points"]["kind"].tolist() == arrays["points"]["kind"].tolist() == result.points["kind"].to_list()
    assert result.points.schema["kind"] == pl.String
    assert result.strokes.schema["sure"] == pl.Boolean
    assert result.strokes.schema["start_price"] == pl.Float64


def test_the_volume_is_read_where_the_measure_asks_for_it() -> None:
    plain = columns(random_bars(4000, 31))
    by_volume = chan.ChanConfig(measure="volume")
    with pytest.raises(ValueError, match="'volume'"):
        chan.analyse({name: values for name, values in plain.items() if name != "volume"}, by_volume)
    rising = {**plain, "volume": plain["volume"] * np.linspace(1, 50, 4000)}
    even, grown = (chan.analyse(bars, by_volume).points["ratio"].to_list() for bars in (plain, rising))
    assert even != grown
    assert chan.analyse(plain).to_golden() == chan.analyse(rising).to_golden()


@pytest.mark.parametrize(
    ("column", "row", "value", "reason"),
    [
        ("close", 7, float("nan"), "NaN"),
        ("open", 0, float("inf"), "infinite"),
        ("low", 599, 0.0, "zero or negative"),
        ("high", 44, -3.0, "zero or negative"),
        ("high", 12, 0.01, "below the low"),
        ("ts", 9, 1_600_000_000 + 8 * 60, "does not come after"),
        ("ts", 9, 1_600_000_000, "does not come after"),
    ],
)
def test_a_wrong_bar_is_named_by_its_row(column: str, row: int, value: float, reason: str) -> None:
    bars = {name: values.copy() for name, values in columns().items()}
    bars[column][row] = value
    with pytest.raises(chan.ChanInputError, match=reason) as caught:
        chan.analyse(bars)
    assert caught.value.row == row


def test_what_holds_no_bars_is_refused_in_one_sentence() -> None:
    words: tuple[tuple[Any, str], ...] = (
        ({}, "'ts'"),
        ({"open": [1.0]}, "'ts'"),
        ({**columns(), "close": ["x"] * 600}, "not numeric"),
        ({**columns(), "close": columns()["close"][:-1]}, "another length"),
        ({name: values[:0] for name, values in columns().items()}, "no bars"),
        (pl.DataFrame(columns()).clear(), "no bars"),
        (pd.DataFrame(columns()).iloc[:0], "no bars"),
        (None, "frame"),
        ([1, 2, 3], "frame"),
    )
    for given, word in words:
        with pytest.raises(ValueError, match=word) as caught:
            chan.analyse(given)
        assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("rows", [1, 2, 3, 50_000])
def test_bars_that_never_move_are_one_merged_bar_without_a_stroke(rows: int) -> None:
    result = chan.analyse(flat(rows))
    golden = result.to_golden()
    assert len(golden["merged"]) == 1
    assert golden["merged"][0]["end_idx"] == rows - 1
    assert not any(golden[layer] for layer in golden if layer != "merged")


def test_a_million_identical_bars_are_one_merged_bar() -> None:
    rows = 1_000_000
    bars = {**flat(rows), "high": np.full(rows, 10.5), "low": np.full(rows, 9.5)}
    result = chan.analyse(bars)
    assert [result.layer(name).height for name in LAYERS] == [1, 0, 0, 0, 0, 0, 0, 0, 0]


@pytest.mark.parametrize("spike", range(1500, 1600, 10))
def test_a_spike_of_twenty_sigma_bends_no_rule(spike: int) -> None:
    plain = columns(random_bars(3000, 31))
    high = plain["high"].copy()
    high[spike] = high.max() + 20 * float(np.std(np.diff(plain["close"])))
    result = chan.analyse({**plain, "high": high})
    strokes = result.strokes
    assert strokes["start_idx"].to_list()[1:] == strokes["end_idx"].to_list()[:-1]
    assert (strokes["direction"].to_numpy()[1:] == -strokes["direction"].to_numpy()[:-1]).all()
    before = chan.analyse({name: values[:spike] for name, values in plain.items()}).strokes
    kept = before.filter(pl.col("final_at") >= 0)["end_idx"].to_list()
    assert strokes["end_idx"].to_list()[: len(kept)] == kept


def test_a_spike_far_enough_from_the_turn_before_is_a_turn_itself() -> None:
    plain = columns(random_bars(3000, 31))
    high = plain["high"].copy()
    high[1530] = high.max() + 20 * float(np.std(np.diff(plain["close"])))
    strokes = chan.analyse({**plain, "high": high}).strokes
    (row,) = strokes.filter(pl.col("end_idx") == 1530).to_dicts()
    assert (row["start_idx"], row["end_price"], row["direction"]) == (1504, high[1530], 1)


def test_a_result_explains_its_rows() -> None:
    result = chan.analyse(columns(random_bars(4000, 31)))
    point = result.explain_point(3)
    assert (point.kind, point.idx) == (result.points["kind"][3], result.points["idx"][3])
    assert chan.in_words(point)[0].startswith(point.kind)
    segment = result.explain_segment(2)
    assert segment.line.end_idx == result.segments["end_idx"][2]
    stroke = result.strokes.row(5, named=True)
    pair = result.explain_pair(stroke["end_idx"], stroke["start_idx"])
    assert pair.key == "stroke"
    upper = result.explain_segment(0, level=1)
    assert upper.line.start_idx == result.segments2["start_idx"][0]
    with pytest.raises(ValueError, match="no fractal at row"):
        result.explain_pair(stroke["start_idx"], stroke["start_idx"] + 1)
    with pytest.raises(ValueError, match="no point 9999"):
        result.explain_point(9999)
