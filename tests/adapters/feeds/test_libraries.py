"""Feeds over other people's packages: what they answer becomes bars, and what they do wrong stays outside."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from alphaloop.adapters.feeds import _child, akshare, baostock, yfinance
from alphaloop.adapters.feeds.contract import Feed, KnowsActions, Places
from alphaloop.core.clock import to_ms
from alphaloop.core.errors import AlphaLoopError, InvalidError, NotFoundError, UnavailableError
from tests.adapters.feeds.loopback import answering, http_proxy, served

STAND_INS = Path(__file__).parent / "stand_ins"


@pytest.fixture(autouse=True)
def packages(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The packages' stand-ins, here and in the child process."""
    monkeypatch.syspath_prepend(str(STAND_INS))
    monkeypatch.setenv("PYTHONPATH", str(STAND_INS))
    return


def feed(module: ModuleType) -> Feed:
    made: Feed = module.make_feed(Places())
    return made


def utc(*parts: int) -> int:
    return to_ms(datetime(*parts, tzinfo=UTC))


def test_yahoo_days_carry_their_session_date_and_lose_rows_without_prices() -> None:
    table = feed(yfinance).read({"symbols": "aapl"}, "AAPL|1d")
    assert table.ts.tolist() == [utc(2024, 1, 2), utc(2024, 1, 3)]
    assert table.close.tolist() == [186.0, 185.5]
    assert table.high[1] == 186.5
    assert table.dropped == 1


def test_yahoo_half_hours_open_in_utc() -> None:
    table = feed(yfinance).read({"symbols": "AAPL", "timeframes": "30m"}, "AAPL|30m")
    assert table.ts.tolist() == [utc(2024, 1, 2, 14, 30), utc(2024, 1, 2, 15, 0)]


def test_yahoo_symbols_are_named_as_the_platform_knows_them() -> None:
    config = {"symbols": "AAPL, 0700.HK; 600519.SS 000002.SZ EURUSD=X BTC-USD ^GSPC"}
    listed = {item.symbol: item.asset for item in feed(yfinance).list_series(config)}
    assert listed == {
        "AAPL": "equity_us",
        "HK0700": "equity_hk",
        "SH600519": "equity_cn",
        "SZ000002": "equity_cn",
        "EURUSD": "fx",
        "BTC-USD": "crypto",
        "GSPC": "index",
    }
    assert {item.adjustment for item in feed(yfinance).list_series(config)} == {"SPLIT"}


def test_akshare_bars_name_their_open_in_utc_and_count_shares() -> None:
    made = feed(akshare)
    days = made.read({"symbols": "SH600519"}, "SH600519|1d")
    assert days.ts.tolist() == [utc(2024, 6, 18), utc(2024, 6, 19)]
    assert days.volume.tolist() == [2_130_500, 2_510_000]
    halves = made.read({"symbols": "SH600519", "timeframes": "1d,30m"}, "SH600519|30m")
    assert halves.ts.tolist() == [utc(2024, 6, 19, 1, 30), utc(2024, 6, 19, 2, 0), utc(2024, 6, 19, 5, 0)]


def test_baostock_days_leave_suspensions_out() -> None:
    table = feed(baostock).read({"symbols": "SH600519", "since": "2024-06-01"}, "SH600519|1d")
    assert table.ts.tolist() == [utc(2024, 6, 17), utc(2024, 6, 19)]
    assert table.close.tolist() == [1558.43, 1530.0]
    assert table.price_decimals == 2
    minutes = feed(baostock).read({"symbols": "SH600519", "timeframes": "5m"}, "SH600519|5m")
    assert minutes.ts.tolist() == [utc(2024, 6, 19, 1, 30), utc(2024, 6, 19, 3, 25), utc(2024, 6, 19, 5, 0)]


def test_baostock_knows_dividends_and_the_step_of_its_own_factor() -> None:
    made = feed(baostock)
    assert isinstance(made, KnowsActions)
    first, second = made.actions({"symbols": "SH600519"}, "SH600519|1d")
    assert (second.symbol, second.action.ex_date, second.action.cash) == (
        "SH600519",
        date(2024, 6, 19),
        Decimal("30.876"),
    )
    assert first.ratio == (1 / Decimal("1.015")).quantize(Decimal("1e-12"))
    assert second.ratio == (Decimal("1.015") / Decimal("1.0353")).quantize(Decimal("1e-12"))
    assert made.actions({"symbols": "SH600519"}, "SH600519|5m") == []


def test_yahoo_knows_the_dividends_of_shares_and_of_nothing_else() -> None:
    made = feed(yfinance)
    assert isinstance(made, KnowsActions)
    paid = made.actions({"symbols": "0700.HK"}, "0700.HK|1d")
    assert [(one.symbol, one.action.ex_date, one.action.cash) for one in paid] == [
        ("HK0700", date(2024, 2, 9), Decimal("0.24")),
        ("HK0700", date(2024, 5, 10), Decimal("0.25")),
    ]
    for ref in ("AAPL|30m", "EURUSD=X|1d", "^GSPC|1d"):
        assert made.actions({}, ref) == []


@pytest.mark.parametrize(
    ("module", "config", "ref", "kind", "code"),
    [
        (yfinance, {"symbols": "GONE"}, "GONE|1d", NotFoundError, "series_not_found"),
        (akshare, {"symbols": "HK00700"}, "HK00700|1d", UnavailableError, "source_failing"),
        (akshare, {"symbols": "AAPL"}, "AAPL|1d", InvalidError, "unknown_symbol"),
        (baostock, {"symbols": "SZ000001"}, "SZ000001|1d", UnavailableError, "source_failing"),
        (yfinance, {"symbols": "AAPL"}, "MSFT|1d", NotFoundError, "series_not_found"),
        (yfinance, {"symbols": ""}, "AAPL|1d", InvalidError, "bad_source_config"),
        (yfinance, {"symbols": "A/../B"}, "AAPL|1d", InvalidError, "bad_source_config"),
        (yfinance, {"symbols": "AAPL", "timeframes": "7m"}, "AAPL|7m", InvalidError, "bad_source_config"),
        (yfinance, {"symbols": "AAPL", "since": "soon"}, "AAPL|1d", InvalidError, "bad_source_config"),
    ],
)
def test_what_goes_wrong_there_is_a_typed_refusal_here(
    module: ModuleType, config: dict[str, str], ref: str, kind: type[AlphaLoopError], code: str
) -> None:
    with pytest.raises(kind) as refused:
        feed(module).read(config, ref)
    assert refused.value.code == code


def test_a_library_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "yfinance.py").write_text("import time\ntime.sleep(30)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(_child, "DEADLINE_S", 1.5)
    with pytest.raises(UnavailableError) as refused:
        feed(yfinance).read({"symbols": "AAPL"}, "AAPL|1d")
    assert refused.value.code == "timed_out"


def test_a_library_that_crashes_takes_nobody_along(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "yfinance.py").write_text("import os\nos._exit(9)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(UnavailableError) as refused:
        feed(yfinance).read({"symbols": "AAPL"}, "AAPL|1d")
    assert refused.value.code == "library_failed"


def test_a_library_is_told_of_the_proxy_and_nobody_else_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stand_in = (
        (STAND_INS / "yfinance.py")
        .read_text()
        .replace(
            "        assert (auto_adjust",
            "        import os, pathlib\n"
            f"        pathlib.Path({str(tmp_path / 'told')!r}).write_text(os.environ.get('HTTPS_PROXY', '-'))\n"
            "        assert (auto_adjust",
        )
    )
    (tmp_path / "yfinance.py").write_text(stand_in)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.delenv("HTTPS_PROXY", raising=False)
    config = {"symbols": "AAPL", "proxy": "socks5://ada:s3cret@127.0.0.1:1080"}
    feed(yfinance).read(config, "AAPL|1d")
    assert (tmp_path / "told").read_text() == "socks5h://ada:s3cret@127.0.0.1:1080"
    feed(yfinance).read({"symbols": "AAPL"}, "AAPL|1d")
    assert (tmp_path / "told").read_text() == "-"


@pytest.mark.parametrize(("module", "key"), [(yfinance, "yfinance"), (akshare, "akshare")])
def test_the_connection_test_goes_the_way_the_source_does(
    module: ModuleType, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    with served(answering("200 OK")) as source, served(http_proxy(seen)) as proxy:
        monkeypatch.setattr(module, "ENDPOINT", f"http://source.invalid:{source}/")
        answer = feed(module).test({"symbols": "SH600519"})
        assert (answer.ok, answer.code) == (False, "dns_failed")
        answer = feed(module).test({"symbols": "SH600519", "proxy": f"http://127.0.0.1:{proxy}"})
        assert (answer.ok, answer.series) == (True, 1)
    assert seen == [f"source.invalid:{source}"]


def test_a_package_that_is_missing_is_said_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    for module in (yfinance, akshare, baostock):
        answer = feed(module).test({"symbols": "SH600519"})
        if answer.code != "library_missing":
            continue  # somebody has installed it
        assert "not installed" in answer.message


def test_only_the_last_word_on_a_moment_counts() -> None:
    from alphaloop.adapters.feeds._wanted import table_of

    column = np.array([1.0, 2.0, 3.0])
    columns = {name: column for name in ("open", "high", "low", "close", "volume")}
    table = table_of(np.array([2, 1, 2], dtype=np.int64), columns)
    assert (table.ts.tolist(), table.close.tolist(), table.dropped) == ([1, 2], [2.0, 3.0], 1)
