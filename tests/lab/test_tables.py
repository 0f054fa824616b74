"""Bars out of tables that a person holds: whatever the columns are called, and every fault by its row and column."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import alphaloop as al
from alphaloop.core.errors import InvalidError

DAYS = pd.date_range("2020-01-01", periods=4, tz="UTC")
PLAIN: dict[str, Any] = {
    "open": [1.0, 2.0, 3.0, 4.0],
    "high": [2.0, 3.0, 4.0, 5.0],
    "low": [0.5, 1.5, 2.5, 3.5],
    "close": [1.5, 2.5, 3.5, 4.5],
    "volume": [10, 20, 30, 40],
}
FIRST_MS = 1_577_836_800_000


def shapes() -> dict[str, Any]:
    times = [f"2020-01-0{day}" for day in range(1, 5)]
    chinese = dict(zip(["开盘价", "最高价", "最低价", "收盘价", "成交量(股)"], PLAIN.values(), strict=True))
    levels = pd.DataFrame(PLAIN, index=DAYS.tz_localize(None))
    levels.columns = pd.MultiIndex.from_tuples([(name.title(), "AAPL") for name in PLAIN])
    return {
        "polars with text times": pl.DataFrame({"Date": times, **PLAIN}),
        "polars with dates": pl.DataFrame({"日期": times, **chinese}).with_columns(pl.col("日期").str.to_date()),
        "polars, zoned": pl.DataFrame({"ts": DAYS.tz_localize(None).to_numpy(), **PLAIN}).with_columns(
            pl.col("ts").dt.replace_time_zone("UTC").dt.convert_time_zone("Asia/Shanghai")
        ),
        "polars, epoch seconds": pl.DataFrame({"time": [FIRST_MS // 1000 + 86_400 * n for n in range(4)], **PLAIN}),
        "pandas with an index of times": pd.DataFrame(PLAIN, index=DAYS),
        "pandas, another zone": pd.DataFrame(PLAIN, index=DAYS.tz_convert("America/New_York")),
        "pandas, days of New York": pd.DataFrame(PLAIN, index=DAYS.tz_localize(None).tz_localize("America/New_York")),
        "pandas, a fixed offset": pd.DataFrame(
            {"date": pd.to_datetime([f"2020-01-0{day}T00:00:00+08:00" for day in range(1, 5)]), **PLAIN}
        ),
        "polars, days of Tokyo": pl.DataFrame({"ts": DAYS.tz_localize(None).to_numpy(), **PLAIN}).with_columns(
            pl.col("ts").dt.replace_time_zone("Asia/Tokyo")
        ),
        "pandas, periods": pd.DataFrame(PLAIN, index=pd.period_range("2020-01-01", periods=4, freq="D")),
        "pandas with a column of times": pd.DataFrame({"Open Time": DAYS, **PLAIN}),
        "pandas with two levels of columns": levels,
        "pandas with text prices": pd.DataFrame({"timestamp": times, **PLAIN}).astype({"close": str}),
    }


@pytest.mark.parametrize("shape", list(shapes()))
def test_a_table_of_any_shape_gives_the_same_bars(shape: str) -> None:
    bars = al.load(shapes()[shape], name="X")
    assert bars.name == "X"
    assert bars.series.ts_ms.tolist() == [FIRST_MS + 86_400_000 * n for n in range(4)]
    for name, values in PLAIN.items():
        np.testing.assert_array_equal(getattr(bars.series, name), values)
    assert "2020-01-0" in str(bars.labels[0]) or isinstance(bars.labels[0], int)


def test_names_that_tell_nothing_are_said() -> None:
    frame = pl.DataFrame({"a": ["2020-01-01"], "b": [1.0], "c": [1.0], "d": [1.0], "e": [1.0]})
    columns = {"ts": "a", "open": "b", "high": "c", "low": "d", "close": "e"}
    assert len(al.load(frame, columns=columns)) == 1
    for given, named in (({**columns, "close": "f"}, "column f"), ({"ts": "a"}, "column open"), (None, "column ts")):
        with pytest.raises(InvalidError) as refused:
            al.load(frame, columns=given)
        assert refused.value.fields == ((named, "no_such_column"),)


@pytest.mark.parametrize(
    ("column", "row", "value", "code"),
    [
        ("close", 2, None, "missing_value"),
        ("close", 2, float("nan"), "not_finite"),
        ("open", 1, float("inf"), "not_finite"),
        ("low", 3, -1.0, "not_positive"),
        ("high", 1, 1.0, "high_below_low"),
        ("close", 1, 9.0, "outside_range"),
        ("volume", 0, -1.0, "negative_volume"),
        ("ts", 2, "2020-01-01", "not_increasing"),
        ("ts", 2, "soon", "bad_time"),
        ("ts", 1, None, "missing_value"),
    ],
)
def test_a_broken_cell_is_named_by_row_and_column(column: str, row: int, value: object, code: str) -> None:
    cells: dict[str, list[Any]] = {"ts": [f"2020-01-0{day}" for day in range(1, 5)], **PLAIN}
    cells = {name: list(values) for name, values in cells.items()}
    cells[column][row] = value
    for frame in (pl.DataFrame(cells, strict=False), pd.DataFrame(cells)):
        with pytest.raises(InvalidError) as refused:
            al.load(frame)
        # pandas knows no difference between a missing and an undefined number.
        wanted = {code, "not_finite"} if code == "missing_value" else {code}
        assert refused.value.code == "bad_bars"
        assert refused.value.fields[0][0] == f"row {row}"
        assert refused.value.fields[0][1] in wanted
        assert refused.value.fields[1][0] == f"column {column}"


def test_text_that_is_no_price_is_refused_and_an_empty_table_too() -> None:
    frame = pl.DataFrame({"ts": ["2020-01-01", "2020-01-02"], **{name: ["1", "x"] for name in PLAIN}})
    with pytest.raises(InvalidError, match="Row 1, column open: a price or volume is not a number"):
        al.load(frame)
    with pytest.raises(InvalidError) as refused:
        al.load(frame.head(0))
    assert refused.value.code == "no_bars"


def test_a_table_of_two_instruments_is_not_taken_for_one() -> None:
    two = pd.concat([pd.DataFrame(PLAIN, index=DAYS)] * 2, axis=1, keys=["A", "B"]).swaplevel(axis=1)
    with pytest.raises(InvalidError) as refused:
        al.load(two)
    assert refused.value.code == "several_instruments"


def test_several_tables_are_several_instruments_by_name() -> None:
    long = pl.DataFrame({"ts": [f"2020-01-0{day}" for day in range(1, 5)] * 2, **{k: v * 2 for k, v in PLAIN.items()}})
    long = long.with_columns(symbol=pl.Series(["A"] * 4 + ["B"] * 4))
    bars = al.load(long.partition_by("symbol", as_dict=True))
    assert [one.name for one in bars] == ["A", "B"]
    assert len(bars) == 2
    assert "A, B" in repr(bars)
    with pytest.raises(InvalidError, match=r"^B: Row 1"):
        al.load({"A": long.head(4), "B": long.slice(3, 2)})


@pytest.mark.parametrize("thing", [None, 7, np.ones(3), pd.Series([1.0]), [], {}, [None]], ids=repr)
def test_what_holds_no_bars_is_refused(thing: Any) -> None:
    with pytest.raises(InvalidError) as refused:
        al.load(thing)
    assert refused.value.code == "no_bars"


def test_a_lazy_table_and_exact_prices_are_read_too() -> None:
    frame = pl.DataFrame({"ts": [f"2020-01-0{day}" for day in range(1, 5)], **PLAIN})
    exact = frame.with_columns(pl.col("close").cast(pl.Decimal(20, 4)))
    assert al.load(exact.lazy()).series.close.tolist() == PLAIN["close"]
