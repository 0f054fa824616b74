"""TDX files, written here byte by byte after the format's description."""

import struct
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alphaloop.adapters.feeds.contract import Places
from alphaloop.adapters.feeds.vipdoc import VipdocFeed
from alphaloop.core.clock import to_ms
from alphaloop.core.errors import AlphaLoopError


def day(date: int, *prices: float, volume: int = 100, unit: int = 100) -> bytes:
    return struct.pack("<5IfII", date, *(round(price * unit) for price in prices), 1.0, volume, 0)


def minute(year: int, month: int, date: int, at: int, *prices: float, volume: int = 100) -> bytes:
    return struct.pack("<HHfffffII", (year - 2004) * 2048 + month * 100 + date, at, *prices, 1.0, volume, 0)


def utc(*parts: int) -> int:
    return to_ms(datetime(*parts, tzinfo=UTC))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for place in ("sh/lday", "sh/minline", "sz/fzline"):
        (tmp_path / "vipdoc" / place).mkdir(parents=True)
    return tmp_path / "vipdoc"


def feed(folder: Path) -> VipdocFeed:
    return VipdocFeed(Places(roots=(folder,)))


def test_days_are_hundredths_on_their_session_date(folder: Path) -> None:
    (folder / "sh/lday/sh600519.day").write_bytes(
        day(20240618, 1555, 1560.1, 1550, 1558.43, volume=2_130_500) + day(20240619, 1527, 1535.5, 1521, 1530)
    )
    (item,) = feed(folder).list_series({})
    assert (item.symbol, item.timeframe, item.adjustment) == ("SH600519", "1d", "RAW")
    table = feed(folder).read({}, item.ref)
    assert table.ts.tolist() == [utc(2024, 6, 18), utc(2024, 6, 19)]
    assert table.close.tolist() == [1558.43, 1530.0]
    assert (table.price_decimals, table.volume[0]) == (2, 2_130_500)


def test_funds_are_thousandths(folder: Path) -> None:
    (folder / "sh/lday/sh510050.day").write_bytes(day(20240619, 2.411, 2.43, 2.4, 2.425, unit=1000))
    assert feed(folder).read({}, "sh/lday/sh510050.day").close.tolist() == [2.425]


def test_minutes_name_their_end_in_shanghai_and_are_kept_by_their_open_in_utc(folder: Path) -> None:
    rows = [(9 * 60 + 31, 10.01), (11 * 60 + 30, 10.02), (13 * 60 + 1, 10.03), (15 * 60, 10.04)]
    (folder / "sh/minline/sh600000.lc1").write_bytes(
        b"".join(minute(2024, 6, 19, at, price, price, price, price) for at, price in rows)
    )
    table = feed(folder).read({}, "sh/minline/sh600000.lc1")
    assert table.ts.tolist() == [
        utc(2024, 6, 19, 1, 30),
        utc(2024, 6, 19, 3, 29),
        utc(2024, 6, 19, 5, 0),
        utc(2024, 6, 19, 6, 59),
    ]
    assert table.close.tolist() == [10.01, 10.02, 10.03, 10.04]
    (folder / "sz/fzline/sz000001.lc5").write_bytes(minute(2019, 12, 31, 9 * 60 + 35, 16.4, 16.5, 16.3, 16.45))
    assert feed(folder).read({}, "sz/fzline/sz000001.lc5").ts.tolist() == [utc(2019, 12, 31, 1, 30)]


@pytest.mark.parametrize(
    "body",
    [b"", b"\0" * 31, day(20241301, 1, 1, 1, 1), day(20240619, 1, 1, 1, 1)[:20]],
    ids=["empty", "31", "month", "cut"],
)
def test_a_broken_file_is_refused(folder: Path, body: bytes) -> None:
    (folder / "sh/lday/sh600000.day").write_bytes(body)
    with pytest.raises(AlphaLoopError) as refused:
        feed(folder).read({}, "sh/lday/sh600000.day")
    assert refused.value.code == "bad_bar_file"


def test_other_files_are_left_alone(folder: Path) -> None:
    for name in ("sh/lday/readme.txt", "sh/lday/sh60051.day", "sh/lday/us600519.day"):
        (folder / name).write_bytes(b"x")
    assert feed(folder).test({}).code == "no_series"
