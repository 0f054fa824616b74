"""Columns under any name: guessed, shown, and read as a person confirms them."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from alphaloop.adapters.feeds import look_at_columns, read_bar_file, utc_opens
from alphaloop.core.bar import Timeframe
from alphaloop.core.errors import InvalidError

ROWS = "2024-06-18,1555,1560.1,1550,1558.43,21305\n2024-06-19,1527,1535.5,1521,1530,25100\n"


def write(folder: Path, header: str, *, encoding: str = "utf-8", name: str = "bars.csv") -> Path:
    path = folder / name
    path.write_text(header + "\n" + ROWS, encoding=encoding)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_names_with_units_are_guessed_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path, "交易日期,开盘价(元),最高价(元),最低价(元),收盘价(元),成交量（手）", encoding=encoding)
    found = look_at_columns(path)
    assert found.names[0] == "交易日期"
    assert found.guess == {
        "ts": "交易日期",
        "open": "开盘价(元)",
        "high": "最高价(元)",
        "low": "最低价(元)",
        "close": "收盘价(元)",
        "volume": "成交量（手）",
    }
    assert found.sample[0] == ("2024-06-18", "1555", "1560.1", "1550", "1558.43", "21305")
    table = read_bar_file(path, columns=found.guess)
    assert table.close.tolist() == [1558.43, 1530.0]


def test_what_no_name_tells_a_person_says(tmp_path: Path) -> None:
    path = write(tmp_path, "k,a,b,g,d,e")
    assert look_at_columns(path).guess == {}
    with pytest.raises(InvalidError):
        read_bar_file(path)
    said = {"ts": "k", "open": "a", "high": "b", "low": "g", "close": "d", "volume": "e"}
    assert read_bar_file(path, columns=said).volume.tolist() == [21305, 25100]
    without = {name: column for name, column in said.items() if name != "volume"}
    assert read_bar_file(path, columns=without).volume.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("said", "where"),
    [
        ({"ts": "k", "open": "a", "high": "b", "low": "g"}, "column close"),
        ({"ts": "k", "open": "a", "high": "b", "low": "g", "close": "z"}, "column z"),
        ({"ts": "k", "open": "a", "high": "b", "low": "g", "close": "d", "amount": "e"}, "column amount"),
    ],
)
def test_a_choice_that_cannot_be_names_the_column(tmp_path: Path, said: dict[str, str], where: str) -> None:
    with pytest.raises(InvalidError) as refused:
        read_bar_file(write(tmp_path, "k,a,b,g,d,e"), columns=said)
    assert refused.value.fields == ((where, "no_such_column"),)


def test_parquet_columns_are_shown_too(tmp_path: Path) -> None:
    path = tmp_path / "bars.parquet"
    pl.DataFrame({"Open Time": [1_700_006_400_000], "O": [1.0], "H": [2.0], "L": [0.5], "C": [1.5]}).write_parquet(path)
    found = look_at_columns(path)
    assert found.guess == {"ts": "Open Time", "open": "O", "high": "H", "low": "L", "close": "C"}
    assert read_bar_file(path, columns=found.guess).close.tolist() == [1.5]


def test_a_file_without_a_header_shows_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "bars.csv"
    path.write_text(ROWS)
    found = look_at_columns(path)
    assert (found.names, found.guess, len(found.sample)) == ((), {}, 2)


@pytest.mark.parametrize("body", [b"", b"\n\n", b"\xff\xfe\x00\x00\xff"])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "bars.csv"
    path.write_bytes(body)
    with pytest.raises(InvalidError) as refused:
        look_at_columns(path)
    assert refused.value.code == "bad_bar_file"


def test_times_on_the_markets_clock_at_a_bars_end_become_utc_opens() -> None:
    def opens(*texts: str, market: str, timeframe: Timeframe = Timeframe.M30) -> list[str]:
        written = np.array(texts, dtype="datetime64[ms]").astype(np.int64)
        made = utc_opens(written, timeframe, market=market, on_market_clock=True, at_close=True)
        return [str(one)[:16] for one in made.astype("datetime64[ms]")]

    assert opens("2024-06-19T10:00", "2024-06-19T15:00", market="XSHG") == ["2024-06-19T01:30", "2024-06-19T06:30"]
    # New York's clocks went forward between these two days.
    assert opens("2024-03-08T10:00", "2024-03-11T10:00", market="XNYS") == ["2024-03-08T14:30", "2024-03-11T13:30"]
    assert opens("2024-06-19", market="XSHG", timeframe=Timeframe.D1) == ["2024-06-19T00:00"]
