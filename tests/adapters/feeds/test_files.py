"""The folder feed reads what lies inside its folder, and nothing else."""

import os
from pathlib import Path

import polars as pl
import pytest

from alphaloop.adapters.feeds.contract import Places
from alphaloop.adapters.feeds.files import FilesFeed
from alphaloop.core.bar import Timeframe
from alphaloop.core.errors import AlphaLoopError, InvalidError, NotFoundError, UnavailableError
from alphaloop.features.market.naming import Hints, name_instrument
from tests.features.market.walks import csv_of, walk

BARS = b"ts,open,high,low,close,volume\n1700006400,1,2,1,1.5,3\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "bars"
    for path in (
        "crypto/binance/BTCUSDT/5m.csv",
        "SPX_1d.csv",
        "deep/eth-usdt-1h.csv",
        "deep/notes.csv",
        "x/1d.txt.gz",
    ):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(BARS)
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "KEY_1d.csv").write_bytes(BARS)
    return folder


def test_series_are_found_by_folder_or_by_name(root: Path) -> None:
    found = {(item.symbol, item.timeframe, item.ref) for item in FilesFeed(Places((root,))).list_series({})}
    assert found == {
        ("BTCUSDT", Timeframe.M5, "crypto/binance/BTCUSDT/5m.csv"),
        ("SPX", Timeframe.D1, "SPX_1d.csv"),
        ("eth-usdt", Timeframe.H1, "deep/eth-usdt-1h.csv"),
    }
    listed = {item.symbol: item for item in FilesFeed(Places((root,))).list_series({"folder": "crypto"})}
    assert list(listed) == ["BTCUSDT"]
    assert (listed["BTCUSDT"].asset, listed["BTCUSDT"].venue) == ("crypto", "binance")


def test_minutes_and_months_are_not_confused(tmp_path: Path) -> None:
    (tmp_path / "AAA_1m.csv").write_bytes(BARS)
    (tmp_path / "BBB_1M.csv").write_bytes(BARS)
    found = {item.symbol: item.timeframe for item in FilesFeed(Places((tmp_path,))).list_series({})}
    assert found == {"AAA": Timeframe.M1, "BBB": Timeframe.MO1}


@pytest.mark.parametrize(
    "folder", ["../secret", "..", "crypto/../../secret", "/", "/etc", "\x00", "link", 7, None, ["a"]]
)
def test_no_setting_leads_outside_the_allowed_folder(root: Path, folder: object) -> None:
    (root / "link").symlink_to(root.parent / "secret")
    feed = FilesFeed(Places((root,)))
    with pytest.raises(InvalidError):
        feed.list_series({"folder": folder})
    assert feed.test({"folder": folder}).ok is False


@pytest.mark.parametrize(
    "ref",
    ["../secret/KEY_1d.csv", "/etc/passwd", "", ".", "crypto", "nope.csv", "link/KEY_1d.csv", "a\x00b", "one.csv"],
)
def test_no_reference_leads_outside_either(root: Path, ref: str) -> None:
    (root / "link").symlink_to(root.parent / "secret")
    (root / "one.csv").symlink_to(root.parent / "secret" / "KEY_1d.csv")
    with pytest.raises(NotFoundError):
        FilesFeed(Places((root,))).read({}, ref)


def test_links_are_not_listed(root: Path) -> None:
    (root / "linked_1d.csv").symlink_to(root.parent / "secret" / "KEY_1d.csv")
    (root / "away").symlink_to(root.parent / "secret")
    assert {item.symbol for item in FilesFeed(Places((root,))).list_series({})} == {"BTCUSDT", "SPX", "eth-usdt"}


def test_a_folder_that_is_away_is_unavailable_and_not_a_crash(root: Path) -> None:
    for places in (Places(), Places((root / "gone",))):
        with pytest.raises(UnavailableError):
            FilesFeed(places).list_series({})
        answer = FilesFeed(places).test({})
        assert answer.ok is False
        assert answer.message
    if os.geteuid() != 0:
        (root / "crypto").chmod(0)
        with pytest.raises(UnavailableError):
            FilesFeed(Places((root,))).list_series({"folder": "crypto"})


def test_a_list_of_instruments_beside_the_bars_gives_ticks_and_currencies(root: Path) -> None:
    (root / "instruments.csv").write_text(
        "symbol,currency,tick_size,path,note\nBTCUSDT,USDT,0.01,crypto/binance/BTCUSDT/5m.csv,spot\n", encoding="utf-8"
    )
    listed = {item.symbol: item for item in FilesFeed(Places((root,))).list_series({})}
    assert (listed["BTCUSDT"].tick, listed["BTCUSDT"].quote, listed["BTCUSDT"].note) == ("0.01", "USDT", "spot")
    assert listed["SPX"].tick == ""
    (root / "instruments.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(AlphaLoopError, match="cannot be read"):
        FilesFeed(Places((root,))).list_series({})


def test_freqtrades_own_folder_is_understood(tmp_path: Path) -> None:
    for name in (
        "binance/BTC_USDT-5m.feather",
        "binance/futures/BTC_USDT_USDT-1h-futures.feather",
        "binance/futures/BTC_USDT_USDT-8h-funding_rate.feather",
        "binance/futures/BTC_USDT_USDT-1h-mark.feather",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        table = walk(20)
        pl.DataFrame(
            {"date": pl.Series(table.ts).cast(pl.Datetime("ms", "UTC"))}
            | {column: getattr(table, column) for column in ("open", "high", "low", "close", "volume")}
        ).write_ipc(path)
    feed = FilesFeed(Places(roots=(tmp_path,)))
    listed = {(item.symbol, item.timeframe.value): item for item in feed.list_series({})}
    assert set(listed) == {("BTC_USDT", "5m"), ("BTC/USDT:USDT@binance", "1h")}
    perpetual = listed["BTC/USDT:USDT@binance", "1h"]
    assert name_instrument(perpetual.symbol, Hints(asset=perpetual.asset)).instrument.asset_class == "PERPETUAL"
    assert name_instrument("BTC_USDT", Hints(venue="binance")).instrument.symbol == "BTC/USDT@binance"
    assert feed.read({}, perpetual.ref).close.tolist() == walk(20).close.tolist()


def test_what_the_prices_are_may_be_stated_beside_the_files(tmp_path: Path) -> None:
    (tmp_path / "SH600519_1d.csv").write_bytes(csv_of(walk(5)))
    (tmp_path / "instruments.csv").write_text("path,adjustment\nSH600519_1d.csv,forward\n")
    (item,) = FilesFeed(Places(roots=(tmp_path,))).list_series({})
    assert item.adjustment == "FORWARD"
