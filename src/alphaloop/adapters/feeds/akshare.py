"""Extra A-share and Hong Kong bars over the `akshare` package (an extra), which reads Eastmoney's public pages.

Prices are asked for as traded; volumes come in lots of 100 shares and are kept in shares.
"""

import importlib
from typing import TYPE_CHECKING, Any

from alphaloop.adapters.feeds._clock_times import utc_opens
from alphaloop.adapters.feeds._wanted import LibraryFeed, since, split_ref, table_of, wanted_schema
from alphaloop.adapters.feeds.contract import BarTable, Feed, FeedDescription, Places, SeriesListing
from alphaloop.core.bar import Timeframe
from alphaloop.core.errors import InvalidError, UnavailableError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ENDPOINT = "https://push2his.eastmoney.com/"
_DAYS = {Timeframe.D1: "daily", Timeframe.W1: "weekly", Timeframe.MO1: "monthly"}
_MINUTES = {Timeframe.M5: "5", Timeframe.M15: "15", Timeframe.M30: "30", Timeframe.H1: "60"}
_NAMES = {"open": "开盘", "high": "最高", "low": "最低", "close": "收盘", "volume": "成交量"}
_LOT = 100

_DESCRIPTION = FeedDescription(
    type="AKSHARE",
    label={"zh": "AKShare（东方财富）", "en": "AKShare (Eastmoney)"},
    summary={
        "zh": "A 股与港股的日线和分钟线，不复权；需安装 akshare。",
        "en": "A-share and Hong Kong bars as traded; needs the package akshare.",
    },
    config_schema=wanted_schema(symbols="SH600519, SZ000001, HK00700", since="2010-01-01", proxy=True),
)


def make_feed(places: Places) -> Feed:
    return LibraryFeed(
        "akshare",
        _DESCRIPTION,
        library="akshare",
        endpoint=lambda: ENDPOINT,
        timeframes=(*_MINUTES, *_DAYS),
        listing=_listing,
    )


def _listing(symbol: str, timeframe: Timeframe) -> SeriesListing:
    asset = "equity_hk" if symbol.startswith("HK") else "equity_cn"
    return SeriesListing(symbol, timeframe, f"{symbol}|{timeframe}", asset=asset, venue="akshare", adjustment="RAW")


def fetch(config: dict[str, Any], ref: str) -> BarTable:
    """One series from the package; runs in a child process. Intraday times are Shanghai's and name a bar's end."""
    import numpy as np

    symbol, timeframe = split_ref(ref)
    try:
        frame = _ask(symbol, timeframe, since(config).strftime("%Y%m%d"))
        written = _times(frame["时间" if timeframe.intraday else "日期"])
        columns = {name: frame[own].to_numpy(dtype=np.float64) for name, own in _NAMES.items()}
    except InvalidError:
        raise
    except Exception as error:  # whatever the package raises, the source did not deliver
        raise UnavailableError(f"AKShare did not deliver: {type(error).__name__}.", code="source_failing") from error
    if not symbol.startswith("HK"):
        columns["volume"] = columns["volume"] * _LOT
    market = "XHKG" if symbol.startswith("HK") else "XSHG"
    return table_of(utc_opens(written, timeframe, market=market, on_market_clock=True, at_close=True), columns)


def _ask(symbol: str, timeframe: Timeframe, start: str) -> Any:
    library = importlib.import_module("akshare")
    place, code = symbol[:2], symbol[2:]
    if place == "HK" and timeframe in _DAYS:
        return library.stock_hk_hist(symbol=code, period=_DAYS[timeframe], start_date=start, adjust="")
    if place == "HK":
        return library.stock_hk_hist_min_em(symbol=code, period=_MINUTES[timeframe], adjust="")
    if place not in ("SH", "SZ", "BJ"):
        raise InvalidError("A-shares are written SH600519, Hong Kong HK00700.", code="unknown_symbol")
    if timeframe in _DAYS:
        return library.stock_zh_a_hist(symbol=code, period=_DAYS[timeframe], start_date=start, adjust="")
    return library.stock_zh_a_hist_min_em(symbol=code, period=_MINUTES[timeframe], adjust="")


def _times(column: Any) -> "NDArray[np.int64]":
    import numpy as np

    texts = [str(value)[:19].replace(" ", "T") for value in column]
    return np.array(texts, dtype="datetime64[ms]").astype(np.int64)
