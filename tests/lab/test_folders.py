"""Folders as freqtrade keeps them: every format gives the same bars, marks and funding rates are no bars."""

import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import alphaloop as al
from alphaloop.core.errors import InvalidError
from alphaloop.lab.folders import pair_of

FIRST_MS = 1_600_000_200_000
ROWS: list[list[Any]] = [[FIRST_MS + 300_000 * n, 10.0 + n, 12.0 + n, 9.0 + n, 11.0 + n, 5.0] for n in range(3)]


def frame() -> pl.DataFrame:
    names = ["date", "open", "high", "low", "close", "volume"]
    made = pl.DataFrame(ROWS, schema=names, orient="row")
    return made.with_columns(pl.from_epoch("date", time_unit="ms").dt.replace_time_zone("UTC"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    home = tmp_path / "binance"
    (home / "futures").mkdir(parents=True)
    frame().write_ipc(home / "BTC_USDT-5m.feather", compression="lz4")
    frame().write_parquet(home / "ETH_USDT-5m.parquet")
    (home / "XRP_USDT-5m.json").write_text(json.dumps(ROWS))
    (home / "ADA_USDT-5m.json.gz").write_bytes(gzip.compress(json.dumps(ROWS).encode()))
    frame().write_parquet(home / "BTC_USDT-1Mo.parquet")
    frame().write_ipc(home / "BTC_USDT-trades.feather")
    frame().write_ipc(home / "futures" / "BTC_USDT_USDT-1h-futures.feather")
    frame().write_ipc(home / "futures" / "BTC_USDT_USDT-1h-mark.feather")
    frame().write_ipc(home / "futures" / "BTC_USDT_USDT-1h-funding_rate.feather")
    return home


def test_every_format_of_a_folder_gives_the_same_bars(folder: Path) -> None:
    bars = al.load(folder, timeframe="5m")
    assert [one.name for one in bars] == ["ADA/USDT", "BTC/USDT", "ETH/USDT", "XRP/USDT"]
    for one in bars:
        assert one.series.ts_ms.tolist() == [row[0] for row in ROWS]
        assert one.series.close.tolist() == [row[4] for row in ROWS]


def test_perpetuals_lie_in_their_own_folder_and_marks_are_no_bars(folder: Path) -> None:
    (one,) = al.load(folder / "futures", timeframe="1h")
    assert one.name == "BTC/USDT:USDT"
    (month,) = al.load(folder, timeframe="1M")
    assert month.name == "BTC/USDT"


def test_one_file_of_any_format_can_be_loaded_alone(folder: Path) -> None:
    for name in ("BTC_USDT-5m.feather", "XRP_USDT-5m.json", "ADA_USDT-5m.json.gz"):
        assert len(al.load(folder / name)) == 3
    assert al.load(folder / "XRP_USDT-5m.json").name == "XRP/USDT"
    assert pair_of(Path("strange.json")) == "strange"


@pytest.mark.parametrize(
    ("text", "where"),
    [("{}", "file"), ("not json", "file"), ("[[1, 2]]", "row 0"), ("[1]", "row 0"), ("[]", None)],
)
def test_json_that_is_no_bars_is_refused(tmp_path: Path, text: str, where: str | None) -> None:
    path = tmp_path / "BTC_USDT-5m.json"
    path.write_text(text)
    with pytest.raises(InvalidError) as refused:
        al.load(path)
    assert refused.value.code == ("no_bars" if where is None else "bad_bar_file")
    assert where is None or refused.value.fields[0][0] == where
    path.write_text(json.dumps([*ROWS, [FIRST_MS + 900_000, 1, None, 1, 1, 1]]))
    with pytest.raises(InvalidError, match="Row 3, column high: a value is missing"):
        al.load(path)


def test_a_folder_needs_a_timeframe_that_it_has(folder: Path) -> None:
    with pytest.raises(InvalidError) as refused:
        al.load(folder)
    assert refused.value.code == "timeframe_needed"
    with pytest.raises(InvalidError, match="there are: 1M, 5m"):
        al.load(folder, timeframe="4h")
    with pytest.raises(InvalidError) as refused:
        al.load(folder / "nowhere", timeframe="4h")
    assert refused.value.code == "no_such_file"


def test_several_files_are_several_instruments_and_a_broken_one_is_named(folder: Path, tmp_path: Path) -> None:
    files = [folder / "BTC_USDT-5m.feather", folder / "ETH_USDT-5m.parquet"]
    assert [one.name for one in al.load(files)] == ["BTC/USDT", "ETH/USDT"]
    (tmp_path / "bad.csv").write_text("ts,open,high,low,close\n1600000000,1,2,1,x\n")
    with pytest.raises(InvalidError, match=r"bad\.csv: Line 2"):
        al.load([*files, tmp_path / "bad.csv"])


def test_files_named_by_their_timeframe_are_named_by_their_folder(test_data: Path) -> None:
    folder = test_data / "data" / "bars" / "crypto" / "binance"
    bars = al.load(folder, timeframe="1d")
    assert {"BTCUSDT", "ETHUSDT"} <= {one.name for one in bars}
    again = al.load([folder / "BTCUSDT" / "1d.parquet", folder / "ETHUSDT" / "1d.parquet"])
    assert [one.name for one in again] == ["BTCUSDT", "ETHUSDT"]
    assert al.backtest(again, "trend/golden_cross", fast=20, slow=100).metrics["trades"] > 5
