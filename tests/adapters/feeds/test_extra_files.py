"""Files of inputs besides prices: which column holds what, and the first bad row by its number."""

from pathlib import Path

import numpy as np
import pytest

from alphaloop.adapters.feeds import read_extra_file, read_written
from alphaloop.core.errors import InvalidError

DAY_MS = 86_400_000


def write(tmp_path: Path, text: str, name: str = "file.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("column", ["vix", "value", "Close", "level"])
def test_the_value_is_found_by_its_name_or_by_being_the_only_one_left(tmp_path: Path, column: str) -> None:
    read = read_extra_file(write(tmp_path, f"date,{column}\n1970-01-03,2\n1970-01-02,\n1970-01-02,1\n"), "vix")
    assert read.ts_ms.tolist() == [DAY_MS, 2 * DAY_MS]
    assert read.values.tolist() == [1, 2]
    assert (read.symbols, read.known_ms) == (None, None)


def test_whose_a_value_is_and_when_it_was_filed_are_read_beside_it(tmp_path: Path) -> None:
    text = "period_end,filed,symbol,return_on_assets\n1970-01-02,1970-02-02,AAPL,0.1\n1970-01-02,1970-02-03,KO,0.2\n"
    read = read_extra_file(write(tmp_path, text), "return_on_assets")
    assert read.symbols == ("AAPL", "KO")
    assert read.known_ms is not None
    assert (read.known_ms // DAY_MS).tolist() == [32, 33]


def test_a_column_and_a_scale_may_be_written_behind_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, "ts,a,b\n0,1,2.5\n86400,3,5\n")
    name, read = read_written(f"rate={path}:b*0.01")
    assert name == "rate"
    np.testing.assert_allclose(read.values, [0.025, 0.05])
    for wrong in ("rate", "Rate=x.csv", f"rate={path}*x", f"rate={path}*0", "rate=nowhere.csv"):
        with pytest.raises(InvalidError):
            read_written(wrong)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("date,a,b\n1970-01-02,1,2\n", "column vix"),
        ("a,b\n1,2\n", "column ts"),
        ("date,vix\n1970-01-02,1\nyesterday,2\n", "row 2"),
        ("date,vix\n1970-01-02,1\n1970-01-03,high\n", "row 2"),
        ("date,vix\n1970-01-02,1\n1970-01-03,inf\n", "row 2"),
        ("date,vix\n1970-01-02,1\n1970-01-02,2\n", "row 2"),
        ("date,vix\n1970-01-02,\n", "file"),
    ],
)
def test_a_broken_file_is_refused_by_its_first_bad_place(tmp_path: Path, text: str, where: str) -> None:
    with pytest.raises(InvalidError) as refused:
        read_extra_file(write(tmp_path, text), "vix")
    assert (refused.value.code, refused.value.fields[0][0]) == ("bad_bar_file", where)
