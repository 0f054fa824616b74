"""Funding files as exchanges, people and freqtrade keep them, and what is wrong with a bad one."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from alphaloop.adapters.feeds import ListedFunding, read_funding_file
from alphaloop.core.errors import InvalidError

FIRST = 1_704_067_200_000  # 2024-01-01 00:00 UTC
HOUR = 3_600_000


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "funding.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_exchanges_own_names_are_understood_and_late_stamps_are_of_their_minute(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        f"symbol,fundingTime,fundingRate,markPrice\nBTCUSDT,{FIRST},0.00037409,42313.90000000\n"
        f"BTCUSDT,{FIRST + 8 * HOUR + 7},-0.0001,\nBTCUSDT,{FIRST + 16 * HOUR - 3},0,0\n",
    )
    assert read_funding_file(path) == [
        ListedFunding(FIRST, Decimal("0.00037409"), Decimal("42313.9")),
        ListedFunding(FIRST + 8 * HOUR, Decimal("-0.0001")),
        ListedFunding(FIRST + 16 * HOUR, Decimal(0)),
    ]


def test_any_names_are_understood_once_they_are_said(tmp_path: Path) -> None:
    path = written(tmp_path, "wann,satz\n2024-01-01T00:00:00Z,0.0001\n2024-01-01T04:00:00Z,0.0002\n")
    found = read_funding_file(path, columns={"ts": "wann", "rate": "satz"})
    assert [(one.ts_ms, one.rate) for one in found] == [
        (FIRST, Decimal("0.0001")),
        (FIRST + 4 * HOUR, Decimal("0.0002")),
    ]


def test_freqtrades_candle_pattern_has_the_rate_as_its_open(tmp_path: Path) -> None:
    path = tmp_path / "BTC_USDT_USDT-1h-funding_rate.feather"
    zeros = [0.0, 0.0]
    pl.DataFrame(
        {
            "date": [datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, 8, tzinfo=UTC)],
            "open": [0.00037409, 1e-05],
            "high": zeros,
            "low": zeros,
            "close": zeros,
            "volume": zeros,
        }
    ).write_ipc(path)
    assert read_funding_file(path) == [
        ListedFunding(FIRST, Decimal("0.00037409")),
        ListedFunding(FIRST + 8 * HOUR, Decimal("0.00001")),
    ]


@pytest.mark.parametrize(
    ("text", "where", "code"),
    [
        ("ts,rate\n", "file", "empty"),
        ("ts,price\n1,1\n", "column rate", "no_such_column"),
        (f"ts,rate\n{FIRST},0.0001\n{FIRST},0.0001\n", "row 2", "not_increasing"),
        (f"ts,rate\n{FIRST},1.5\n", "row 1", "not_a_rate"),
        (f"ts,rate\n{FIRST},nan\n", "row 1", "missing_value"),
        (f"ts,rate\n{FIRST},Infinity\n", "row 1", "not_finite"),
        (f"ts,rate\n{FIRST},ten\n", "row 1", "not_a_number"),
        (f"ts,rate,mark\n{FIRST},0.1,-5\n", "row 1", "not_positive"),
        ("ts,rate\nyesterday,0.1\n", "row 1", "bad_time"),
    ],
)
def test_a_bad_row_refuses_the_file_by_its_number(tmp_path: Path, text: str, where: str, code: str) -> None:
    with pytest.raises(InvalidError) as refused:
        read_funding_file(written(tmp_path, text))
    assert (refused.value.code, refused.value.fields) == ("bad_bar_file", ((where, code),))
