"""Bars of shares, funds, indices, currencies and coins from Yahoo Finance, over the `yfinance` package (an extra).

Yahoo puts prices across splits and leaves dividends in them, so its series are SPLIT and take their dividends on read.
"""

import importlib
from decimal import Decimal
from typing import Any

from alphaloop.adapters.feeds._action_files import ListedAction
from alphaloop.adapters.feeds._child import fetch_actions as fetch_actions_in_child
from alphaloop.adapters.feeds._wanted import LibraryFeed, since, split_ref, table_of, wanted_schema
from alphaloop.adapters.feeds.contract import BarTable, Feed, FeedDescription, Places, SeriesListing
from alphaloop.core.bar import Timeframe
from alphaloop.core.corporate import CorporateAction
from alphaloop.core.errors import UnavailableError

ENDPOINT = "https://query1.finance.yahoo.com/"
_INTERVALS = {
    Timeframe.M1: "1m",
    Timeframe.M5: "5m",
    Timeframe.M15: "15m",
    Timeframe.M30: "30m",
    Timeframe.H1: "60m",
    Timeframe.D1: "1d",
    Timeframe.W1: "1wk",
    Timeframe.MO1: "1mo",
}
# Yahoo keeps intraday bars for so many days; asking for older ones is refused.
_PERIODS = {Timeframe.M1: "7d", Timeframe.H1: "730d"}
_INTRADAY_PERIOD = "60d"

_DESCRIPTION = FeedDescription(
    type="YFINANCE",
    label={"zh": "雅虎财经", "en": "Yahoo Finance"},
    summary={
        "zh": "美股、港股、指数、外汇与加密货币；需安装 yfinance。价格已按拆股调整，股息在读取时处理。",
        "en": "US and Hong Kong shares, indices, FX, coins; needs the package yfinance. Prices are put across splits.",
    },
    config_schema=wanted_schema(symbols="AAPL, SPY, 0700.HK", since="2010-01-01", proxy=True),
)


class YahooFeed(LibraryFeed):
    """Also knows the dividends of the shares it lists: its prices have the splits in them, and those not."""

    def actions(self, config: dict[str, Any], ref: str) -> list[ListedAction]:
        symbol, timeframe = split_ref(ref)
        asset = _listing(symbol, timeframe).asset
        daily = timeframe is Timeframe.D1 and asset.startswith("equity")
        return fetch_actions_in_child("yfinance", config, symbol) if daily else []


def make_feed(places: Places) -> Feed:
    return YahooFeed(
        "yfinance",
        _DESCRIPTION,
        library="yfinance",
        endpoint=lambda: ENDPOINT,
        timeframes=tuple(_INTERVALS),
        listing=_listing,
    )


def _listing(symbol: str, timeframe: Timeframe) -> SeriesListing:
    name, asset = symbol, "equity_us"
    if symbol.endswith(".HK"):
        name, asset = f"HK{symbol.removesuffix('.HK')}", "equity_hk"
    elif symbol.endswith((".SS", ".SZ")):
        name, asset = ("SH" if symbol.endswith(".SS") else "SZ") + symbol[:6], "equity_cn"
    elif symbol.endswith("=X"):
        name, asset = symbol.removesuffix("=X"), "fx"
    elif symbol.endswith("-USD"):
        name, asset = symbol, "crypto"
    elif symbol.startswith("^"):
        name, asset = symbol.removeprefix("^"), "index"
    return SeriesListing(name, timeframe, f"{symbol}|{timeframe}", asset=asset, venue="yahoo", adjustment="SPLIT")


def fetch(config: dict[str, Any], ref: str) -> BarTable:
    """One series from the package; runs in a child process. Days carry their session date at 00:00 UTC."""
    import numpy as np

    symbol, timeframe = split_ref(ref)
    asked: dict[str, Any] = {"interval": _INTERVALS[timeframe], "auto_adjust": False, "actions": False}
    if timeframe.intraday:
        asked["period"] = _PERIODS.get(timeframe, _INTRADAY_PERIOD)
    else:
        asked["start"] = since(config).isoformat()
    library = importlib.import_module("yfinance")
    try:
        frame = library.Ticker(symbol).history(**asked)
    except Exception as error:  # whatever the package raises, the source did not deliver
        raise UnavailableError(f"Yahoo did not deliver: {type(error).__name__}.", code="source_failing") from error
    index = frame.index
    if timeframe.intraday:
        ts = index.tz_convert("UTC").tz_localize(None).to_numpy()
    else:
        ts = (index.tz_localize(None) if index.tz is not None else index).normalize().to_numpy()
    columns = {
        name: frame[name.capitalize()].to_numpy(dtype=np.float64) for name in ("open", "high", "low", "close", "volume")
    }
    return table_of(ts.astype("datetime64[ms]").astype(np.int64), columns)


def fetch_actions(config: dict[str, Any], symbol: str) -> list[ListedAction]:
    """Cash dividends by ex-date, in today's shares as the prices are; runs in a child process."""
    library = importlib.import_module("yfinance")
    try:
        paid = library.Ticker(symbol).dividends
        rows = [(moment.date(), Decimal(str(float(amount)))) for moment, amount in paid.items()]
    except Exception as error:  # whatever the package raises, the source did not deliver
        raise UnavailableError(f"Yahoo did not deliver: {type(error).__name__}.", code="source_failing") from error
    name = _listing(symbol, Timeframe.D1).symbol
    return [ListedAction(name, CorporateAction(day, cash=cash)) for day, cash in rows if cash > 0]
