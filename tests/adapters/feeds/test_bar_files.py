"""Reading bar files: every spelling people use comes out the same, and a broken file is named by line and reason."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaloop.adapters.feeds import _bar_files, decimal_texts, read_bar_file
from alphaloop.adapters.feeds._columns import read_number
from alphaloop.core.errors import InvalidError

HEADER = "ts,open,high,low,close,volume"
ROWS = ["1700006400,10,11,9,10.5,3", "1700006460,10.5,10.75,10.25,10.5,0", "1700006520,10.5,12,10,11,1.5"]
MS = [1_700_006_400_000, 1_700_006_460_000, 1_700_006_520_000]


def write(folder: Path, text: str | bytes, name: str = "bars.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refusal(path: Path) -> tuple[str, str]:
    with pytest.raises(InvalidError) as refused:
        read_bar_file(path)
    assert refused.value.code == "bad_bar_file"
    (fault,) = refused.value.fields
    return fault


@pytest.mark.parametrize(
    "times",
    [
        [str(ms // 1000) for ms in MS],
        [f"{ms // 1000}.0" for ms in MS],
        [str(ms) for ms in MS],
        [str(ms * 1000) for ms in MS],
        ["2023-11-15 00:00:00", "2023-11-15 00:01:00", "2023-11-15 00:02:00"],
        ["2023-11-15T00:00:00Z", "2023-11-15T00:01:00Z", "2023-11-15T00:02:00Z"],
        ["2023-11-15 08:00:00+08:00", "2023-11-15 08:01:00+08:00", "2023-11-15 08:02:00+08:00"],
        ["2023-11-15T00:00:00.000", "2023-11-15T00:01:00.000", "2023-11-15T00:02:00.000"],
        ["2023/11/15 00:00", "2023/11/15 00:01", "2023/11/15 00:02"],
        ['"2023-11-15 00:00:00"', '"2023-11-15 00:01:00"', '"2023-11-15 00:02:00"'],
    ],
)
def test_every_spelling_of_time_means_the_same_moment(tmp_path: Path, times: list[str]) -> None:
    lines = [f"{time},{row.partition(',')[2]}" for time, row in zip(times, ROWS, strict=True)]
    assert read_bar_file(write(tmp_path, "\n".join([HEADER, *lines]))).ts.tolist() == MS


@pytest.mark.parametrize("days", [["2023-11-14", "2023-11-15"], ["20231114", "20231115"], ["2023/11/14", "2023/11/15"]])
def test_dates_are_midnights_in_utc(tmp_path: Path, days: list[str]) -> None:
    text = "\n".join([HEADER, f"{days[0]},1,1,1,1,1", f"{days[1]},1,1,1,1,1"])
    assert read_bar_file(write(tmp_path, text)).ts.tolist() == [1_699_920_000_000, 1_700_006_400_000]


@pytest.mark.parametrize(
    "header",
    [
        "timestamp,Open,High,Low,Close,Volume",
        "Date,O,H,L,C,V",
        "时间,开盘价,最高价,最低价,收盘价,成交量",
        "﻿ts,open,high,low,close,volume",
        "open_time,OPEN,HIGH,LOW,CLOSE,VOL",
    ],
)
def test_usual_column_names_are_understood(tmp_path: Path, header: str) -> None:
    table = read_bar_file(write(tmp_path, "\n".join([header, *ROWS])))
    assert table.close.tolist() == [10.5, 10.5, 11.0]
    assert table.volume.tolist() == [3.0, 0.0, 1.5]


def test_order_separator_extra_columns_and_line_ends_do_not_matter(tmp_path: Path) -> None:
    plain = read_bar_file(write(tmp_path, "\n".join([HEADER, *ROWS])))
    shuffled = ["close;x;low;high;volume;open;ts"]
    for row in ROWS:
        ts, opened, high, low, close, volume = row.split(",")
        shuffled.append(f"{close};?;{low};{high};{volume};{opened};{ts}")
    for text in ("\r\n".join(shuffled), "\n".join(ROWS), "\n".join([HEADER, *ROWS, "", ""])):
        other = read_bar_file(write(tmp_path, text))
        for name in ("ts", "open", "high", "low", "close", "volume"):
            assert np.array_equal(getattr(other, name), getattr(plain, name)), text


def test_a_missing_volume_is_zero(tmp_path: Path) -> None:
    text = "\n".join(["ts,open,high,low,close", *(row.rpartition(",")[0] for row in ROWS)])
    assert read_bar_file(write(tmp_path, text)).volume.tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("kind", ["parquet", "feather"])
def test_binary_files_give_the_same_bars(tmp_path: Path, kind: str) -> None:
    plain = read_bar_file(write(tmp_path, "\n".join([HEADER, *ROWS])))
    columns = {name: getattr(plain, name) for name in ("open", "high", "low", "close", "volume")}
    stamps = pl.Series(plain.ts)
    spellings = (stamps, stamps.cast(pl.Datetime("ms")), stamps.cast(pl.Datetime("ms")).dt.cast_time_unit("ns"))
    for spelling in (*spellings, stamps.cast(pl.Datetime("ms", "UTC")), stamps // 1000):
        frame = pl.DataFrame({"date": spelling, **columns})
        path = tmp_path / f"bars.{kind}"
        if kind == "parquet":
            frame.write_parquet(path)
        else:
            frame.write_ipc(path)
        table = read_bar_file(path)
        assert table.ts.tolist() == MS
        assert table.price_decimals == plain.price_decimals


@pytest.mark.parametrize(
    ("line", "row", "code"),
    [
        (3, "1700006460,x,11,9,10,1", "not_a_number"),
        (3, "1700006460,1_0,11,9,10,1", "not_a_number"),
        (3, "1700006460,0x10,11,9,10,1", "not_a_number"),
        (3, "1700006460,١٠,11,9,10,1", "not_a_number"),
        (3, "1700006460,nan,11,9,10,1", "not_finite"),
        (3, "1700006460,10,inf,9,10,1", "not_finite"),
        (3, "1700006460,10,1e400,9,10,1", "not_finite"),
        (3, "1700006460,10,11,9,10,-1", "negative_volume"),
        (3, "1700006460,10,11,9,10,nan", "not_finite"),
        (3, "1700006460,10,9,11,10,1", "high_below_low"),
        (3, "1700006460,12,11,9,10,1", "outside_range"),
        (3, "1700006460,10,11,9,8,1", "outside_range"),
        (3, "1700006460,0,11,0,10,1", "not_positive"),
        (3, "1700006460,-10,11,-11,10,1", "not_positive"),
        (3, "1700006400,10,11,9,10,1", "not_increasing"),
        (3, "1600006460,10,11,9,10,1", "not_increasing"),
        (3, "1700006460,10,11,9,,1", "missing_value"),
        (3, "1700006460,10,11", "missing_value"),
        (3, ",10,11,9,10,1", "missing_value"),
        (3, "soon,10,11,9,10,1", "bad_time"),
        (3, "2023-13-45,10,11,9,10,1", "bad_time"),
        (3, "99999999999999999999,10,11,9,10,1", "bad_time"),
    ],
)
def test_the_first_bad_line_is_named_with_its_reason(tmp_path: Path, line: int, row: str, code: str) -> None:
    lines = [HEADER, *ROWS]
    lines[line - 1] = row
    lines[3] = "junk"  # a later fault is not the one reported
    assert refusal(write(tmp_path, "\n".join(lines))) == (f"line {line}", code)


def test_empty_lines_count_so_that_the_number_is_the_editors(tmp_path: Path) -> None:
    text = "\n".join([HEADER, "", ROWS[0], "", "", "bad,1,1,1,1,1"])
    assert refusal(write(tmp_path, text)) == ("line 6", "bad_time")


@pytest.mark.parametrize(
    ("body", "where", "code"),
    [
        (b"", "file", "empty"),
        (b"ts,open,high,low,close,volume\n", "file", "empty"),
        (b"ts,open,high,low,volume\n1,1,1,1,1\n", "column close", "no_such_column"),
        (b"hello world\n", "column ts", "no_such_column"),
        (b"\xff\xfe\x00\x01", "line 1", "unreadable"),
        (b"1700006400,1,1,1\n", "column close", "no_such_column"),
    ],
)
def test_files_that_are_no_bars_are_refused(tmp_path: Path, body: bytes, where: str, code: str) -> None:
    assert refusal(write(tmp_path, body)) == (where, code)


def test_text_that_is_no_text_further_down_is_refused(tmp_path: Path) -> None:
    body = "\n".join([HEADER, *ROWS]).encode() + b"\n\xff\xfe,1,1,1,1,1\n"
    assert refusal(write(tmp_path, body))[0] == "line 5"
    body = "\n".join([HEADER, *ROWS]).encode() + b"\n1700006580,1\x00,1,1,1,1\n"
    assert refusal(write(tmp_path, body)) == ("line 5", "not_a_number")


@pytest.mark.parametrize("name", ["bars.parquet", "bars.feather"])
def test_a_damaged_binary_file_is_refused(tmp_path: Path, name: str) -> None:
    assert refusal(write(tmp_path, b"PAR1" + bytes(64), name)) == ("file", "unreadable")
    frame = pl.DataFrame({"ts": MS, "open": [1.0, 1, 1], "high": [1.0, 1, 1], "low": [1.0, 2, 1], "close": [1.0, 1, 1]})
    path = tmp_path / name
    frame.write_parquet(path) if name.endswith("parquet") else frame.write_ipc(path)
    assert refusal(path) == ("row 2", "high_below_low")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert refusal(path) == ("file", "unreadable")


def test_too_many_rows_and_too_many_bytes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, "\n".join([HEADER, *ROWS]))
    monkeypatch.setattr(_bar_files, "MAX_ROWS", 2)
    assert refusal(path) == ("file", "too_many_rows")
    monkeypatch.setattr(_bar_files, "MAX_BYTES", 10)
    assert refusal(path) == ("file", "too_large")


cells = st.one_of(
    st.sampled_from(
        ["1", "2.5", "0", "-1", "nan", "inf", "1e400", "1_0", "", " 3 ", "1e2", ".5", "5.", "+1", "0x1", "1e-400"]
    ),
    st.decimals(min_value=0, max_value=100, places=2).map(str),
    st.text(max_size=4).filter(lambda text: not set(text) & set(',;|\t\r\n"\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029')),
)
rows = st.lists(st.tuples(st.integers(0, 6), cells, cells, cells, cells, cells), min_size=1, max_size=6)


@settings(max_examples=300, deadline=None)
@given(rows=rows)
def test_the_fast_pass_accepts_exactly_what_the_line_by_line_walk_accepts(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int | str, ...]]
) -> None:
    lines = [",".join([str(1_700_006_400 + 60 * int(row[0])), *map(str, row[1:])]) for row in rows]
    path = tmp_path_factory.getbasetemp() / "parity.csv"
    path.write_text("\n".join([HEADER, *lines]), encoding="utf-8", errors="surrogatepass")
    places, separator, headed, utf8 = _bar_files._sniff(path, None)
    try:
        slow = _bar_files._walk(path, places, separator, headed)
    except InvalidError:
        slow = None
    try:
        fast = _bar_files._checked(_bar_files._fast_columns(path, places, separator, headed=headed, utf8=utf8))
    except _bar_files._SuspectError:
        fast = None
    if fast is not None:  # the fast pass may hand over to the walk, but never accept what the walk refuses
        assert slow is not None
        for name in ("ts", "open", "high", "low", "close", "volume"):
            assert np.array_equal(getattr(fast, name), getattr(slow, name))
        assert fast.price_decimals == slow.price_decimals


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(-1e20, 1e20), min_size=1, max_size=20) | st.lists(st.floats(1e-3, 1e6), min_size=1))
def test_a_computed_price_is_written_so_that_it_comes_back(values: list[float]) -> None:
    from alphaloop.adapters.feeds import AS_COMPUTED, decimal_texts

    texts = decimal_texts(np.array(values), AS_COMPUTED)
    assert [float(text) for text in texts] == values
    assert not any("e" in text.lower() for text in texts)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.decimals(min_value="0.00000001", max_value="999999", places=8), min_size=1, max_size=30),
    st.integers(0, 8),
)
def test_the_exact_text_of_a_price_comes_back(values: list[object], places: int) -> None:
    texts = [f"{value:.{places}f}" for value in values]
    column = np.array([float(text) for text in texts])
    from alphaloop.adapters.feeds import count_decimals

    found = count_decimals(column)
    assert found <= places
    for given_text, back in zip(texts, decimal_texts(column, found), strict=True):
        assert float(given_text) == float(back)
        assert back == (given_text.rstrip("0").rstrip(".") if "." in given_text else given_text)


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=0))
def test_numbers_are_read_as_python_reads_them(value: float) -> None:
    assert read_number(repr(value)) == value


def test_a_good_file_never_needs_the_slow_walk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the slow walk was taken")

    monkeypatch.setattr(_bar_files, "_walk", refuse)
    for times in (
        ["1700006400", "1700006460"],
        ["2023-11-15T00:00:00Z", "2023-11-15T00:01:00Z"],
        ["20231114", "20231115"],
    ):
        text = "\n".join([HEADER, f"{times[0]},1.5,2,1,1.25,3e2", f"{times[1]},1.5,2,1,1.25,0"])
        assert len(read_bar_file(write(tmp_path, text))) == 2


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(0, 9e13), min_size=1, max_size=20), st.integers(0, 8))
def test_the_fast_and_the_careful_way_of_writing_prices_agree(values: list[float], places: int) -> None:
    column = np.round(np.array(values), places)
    careful = [f"{value:.{places}f}" for value in column.tolist()]
    assert decimal_texts(column, places) == [text.rstrip("0").rstrip(".") if places else text for text in careful]
