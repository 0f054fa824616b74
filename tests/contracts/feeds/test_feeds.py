"""Every feed, whichever it is, keeps the same promises."""

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alphaloop.adapters.feeds import contract, count_decimals
from alphaloop.adapters.feeds.contract import Feed, Places
from alphaloop.core.bar import Timeframe
from alphaloop.core.errors import AlphaLoopError
from alphaloop.core.plugins import load_plugin, plugin_keys
from alphaloop.features.market.store import BarStore
from tests.adapters.feeds.loopback import answering, served
from tests.features.market.walks import csv_of, walk

KEYS = plugin_keys(contract.PACKAGE)


STAND_INS = Path(__file__).parents[2] / "adapters" / "feeds" / "stand_ins"
WANTED = {
    "akshare": {"symbols": "SH600519", "timeframes": "1d,30m"},
    "baostock": {"symbols": "SH600519", "timeframes": "1d,5m"},
    "yfinance": {"symbols": "AAPL", "timeframes": "1d,30m"},
}


@pytest.fixture(autouse=True)
def outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Other people's packages answer as recorded, and their sources stand on this machine."""
    monkeypatch.syspath_prepend(str(STAND_INS))
    monkeypatch.setenv("PYTHONPATH", str(STAND_INS))
    with served(answering("200 OK")) as port:
        for key in WANTED:
            module = load_plugin(contract.PACKAGE, key)
            scheme = module.ENDPOINT.partition(":")[0].replace("https", "http")
            monkeypatch.setattr(module, "ENDPOINT", f"{scheme}://127.0.0.1:{port}")
        yield


@pytest.fixture
def places(tmp_path: Path) -> Places:
    folder = tmp_path / "files" / "crypto" / "binance" / "BTCUSDT"
    folder.mkdir(parents=True)
    (folder / "1m.csv").write_bytes(csv_of(walk(120)))
    bar = struct.pack("<5IfII", 20240619, 1000, 1010, 990, 1005, 1.0, 100, 0)
    (tmp_path / "files" / "sh600000.day").write_bytes(bar)
    store = BarStore(tmp_path / "bars")
    store.append("BTC/USDT@binance", Timeframe.M1, walk(90))
    return Places(roots=(tmp_path / "files",), stored=store)


@pytest.fixture(params=KEYS)
def feed(request: pytest.FixtureRequest, places: Places) -> Feed:
    made: Feed = load_plugin(contract.PACKAGE, request.param).make_feed(places)
    return made


@pytest.fixture
def config(request: pytest.FixtureRequest, feed: Feed) -> dict[str, Any]:
    return WANTED.get(feed.describe().type.lower(), {})


@pytest.fixture(params=KEYS)
def make_bare(request: pytest.FixtureRequest) -> Callable[[], Feed]:
    return lambda: load_plugin(contract.PACKAGE, request.param).make_feed(Places())


def test_the_known_feeds_are_found_by_their_files() -> None:
    assert KEYS == ["akshare", "baostock", "files", "replay", "samples", "vipdoc", "yfinance"]


def test_a_feed_says_in_both_languages_what_it_is(feed: Feed, request: pytest.FixtureRequest) -> None:
    described = feed.describe()
    assert described.type == described.type.upper()
    for text in (described.label, described.summary):
        assert set(text) == {"zh", "en"}
        assert all(text.values())
    assert described.config_schema["type"] == "object"
    assert described.config_schema["additionalProperties"] is False
    for spec in described.config_schema["properties"].values():
        assert set(spec["title"]) == {"zh", "en"}
        assert spec["type"] in ("string", "integer", "number", "boolean")


def test_a_feed_that_answers_lists_series_it_can_read(feed: Feed, config: dict[str, Any]) -> None:
    answer = feed.test(config)
    assert (answer.ok, answer.code) == (True, "ok")
    assert answer.latency_ms >= 0
    listed = feed.list_series(config)
    assert answer.series == len(listed) > 0
    assert len({item.ref for item in listed}) == len(listed)
    for item in listed:
        table = feed.read(config, item.ref)
        assert len(table) > 0
        assert table.ts.dtype == np.int64
        assert (np.diff(table.ts) > 0).all()
        for column in (table.open, table.high, table.low, table.close, table.volume):
            assert column.dtype == np.float64
            assert np.isfinite(column).all()
        assert (table.low > 0).all()
        assert (table.high >= np.maximum(table.open, table.close)).all()
        assert (table.low <= np.minimum(table.open, table.close)).all()
        assert (table.volume >= 0).all()
        assert table.price_decimals >= count_decimals(table.open, table.high, table.low, table.close)


def test_asking_twice_gives_the_same(feed: Feed, config: dict[str, Any]) -> None:
    assert feed.list_series(config) == feed.list_series(config)
    ref = feed.list_series(config)[0].ref
    one, two = feed.read(config, ref), feed.read(config, ref)
    assert np.array_equal(one.ts, two.ts)
    assert np.array_equal(one.close, two.close)


@pytest.mark.parametrize("ref", ["", "nope", "../nope", "/etc/passwd", "a\x00b", "|", "X@y|1m", "x" * 3000, "\ud800"])
def test_a_series_that_is_not_there_is_a_typed_refusal(feed: Feed, config: dict[str, Any], ref: str) -> None:
    with pytest.raises(AlphaLoopError) as refused:
        feed.read(config, ref)
    assert refused.value.code


@pytest.mark.parametrize("settings", [{"folder": 1}, {"folder": "../.."}, {"until_ts": "now"}, {"unknown": object()}])
def test_a_test_never_raises(feed: Feed, make_bare: Callable[[], Feed], settings: dict[str, Any]) -> None:
    for one in (feed, make_bare()):
        answer = one.test(WANTED.get(one.describe().type.lower(), {}) | settings)
        assert answer.code
        assert answer.message.endswith(".")
        assert answer.ok is (answer.code == "ok")


def test_a_replay_ends_at_its_cursor(places: Places) -> None:
    feed: Feed = load_plugin(contract.PACKAGE, "replay").make_feed(places)
    (item,) = feed.list_series({})
    table = walk(90)
    cut = feed.read({"until_ts": int(table.ts[40])}, item.ref)
    assert cut.ts.tolist() == table.ts[:41].tolist()
    with pytest.raises(AlphaLoopError):
        feed.read({"until_ts": "now"}, item.ref)
