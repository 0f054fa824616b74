"""A-share history over the `baostock` package (an extra): raw bars from 1990 on, with dividends and factors.

It speaks a protocol of its own over plain TCP, so it takes no proxy.
"""

import contextlib
import importlib
from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from alphaloop.adapters.feeds._action_files import ListedAction
from alphaloop.adapters.feeds._child import fetch_actions as fetch_actions_in_child
from alphaloop.adapters.feeds._clock_times import utc_opens
from alphaloop.adapters.feeds._wanted import LibraryFeed, since, split_ref, table_of, wanted_schema
from alphaloop.adapters.feeds.contract import BarTable, Feed, FeedDescription, Places, SeriesListing
from alphaloop.core.bar import Timeframe
from alphaloop.core.corporate import CorporateAction
from alphaloop.core.errors import InvalidError, UnavailableError
from alphaloop.core.money import EXACT, ONE, ZERO

ENDPOINT = "tcp://public-api.baostock.com:10030"
_DAYS = {Timeframe.D1: "d", Timeframe.W1: "w", Timeframe.MO1: "m"}
_MINUTES = {Timeframe.M5: "5", Timeframe.M15: "15", Timeframe.M30: "30", Timeframe.H1: "60"}
_COLUMNS = ("open", "high", "low", "close", "volume")
_UNADJUSTED = "3"
_FIRST = "1990-12-19"

_DESCRIPTION = FeedDescription(
    type="BAOSTOCK",
    label={"zh": "证券宝 BaoStock", "en": "BaoStock"},
    summary={
        "zh": "A 股历史 K 线（不复权）与除权除息数据，免费、无需密钥；需安装 baostock。",
        "en": "A-share history as traded, with corporate actions; free, no key; needs the package baostock.",
    },
    config_schema=wanted_schema(symbols="SH600519, SZ000001", since="2010-01-01", proxy=False),
)


class BaostockFeed(LibraryFeed):
    """Also knows the corporate actions of what it lists."""

    def actions(self, config: dict[str, Any], ref: str) -> list[ListedAction]:
        """Ex-dates of a daily series' share; none for others, so that each share is asked for once."""
        symbol, timeframe = split_ref(ref)
        return fetch_actions_in_child("baostock", config, symbol) if timeframe is Timeframe.D1 else []


def make_feed(places: Places) -> Feed:
    return BaostockFeed(
        "baostock",
        _DESCRIPTION,
        library="baostock",
        endpoint=lambda: ENDPOINT,
        timeframes=(*_MINUTES, *_DAYS),
        listing=_listing,
    )


def _listing(symbol: str, timeframe: Timeframe) -> SeriesListing:
    return SeriesListing(
        symbol, timeframe, f"{symbol}|{timeframe}", asset="equity_cn", venue="baostock", adjustment="RAW"
    )


def fetch(config: dict[str, Any], ref: str) -> BarTable:
    """One series from the package; runs in a child process. Days on which a share was suspended are left out."""
    import numpy as np

    symbol, timeframe = split_ref(ref)
    daily = timeframe is Timeframe.D1
    moment = "time" if timeframe.intraday else "date"
    names = [moment, *_COLUMNS, *(["tradestatus"] if daily else [])]
    with _session() as library:
        rows = _rows(
            library.query_history_k_data_plus(
                _code(symbol),
                ",".join(names),
                start_date=since(config).isoformat(),
                frequency={**_DAYS, **_MINUTES}[timeframe],
                adjustflag=_UNADJUSTED,
            )
        )
    rows = [row for row in rows if row["close"] and not (daily and row["tradestatus"] == "0")]
    texts = [_minute(row["time"]) if timeframe.intraday else row["date"] for row in rows]
    written = np.array(texts, dtype="datetime64[ms]").astype(np.int64)
    columns = {name: np.array([float(row[name] or 0) for row in rows], dtype=np.float64) for name in _COLUMNS}
    return table_of(utc_opens(written, timeframe, market="XSHG", on_market_clock=True, at_close=True), columns)


def fetch_actions(config: dict[str, Any], symbol: str) -> list[ListedAction]:
    """Dividends and bonus shares of one share by ex-date, with the step of the source's own factor; in a child."""
    code = _code(symbol)
    with _session() as library:
        factors = _rows(library.query_adjust_factor(code=code, start_date=_FIRST))
        years = sorted({row["dividOperateDate"][:4] for row in factors})
        paid = {
            row["dividOperateDate"]: row
            for year in years
            for row in _rows(library.query_dividend_data(code=code, year=year, yearType="operate"))
        }
    listed, before = [], ONE
    for row in sorted(factors, key=lambda one: one["dividOperateDate"]):
        day, factor = row["dividOperateDate"], _amount(row["backAdjustFactor"])
        if factor <= ZERO:
            raise InvalidError(f"The factors of {symbol} do not chain.", code="factors_do_not_chain")
        terms = paid.get(day, {})
        bonus = EXACT.add(_amount(terms.get("dividStocksPs")), _amount(terms.get("dividReserveToStockPs")))
        action = CorporateAction(date.fromisoformat(day), cash=_amount(terms.get("dividCashPsBeforeTax")), bonus=bonus)
        listed.append(ListedAction(symbol, action, EXACT.divide(before, factor).quantize(Decimal("1e-12"))))
        before = factor
    return listed


def _code(symbol: str) -> str:
    if symbol[:2] not in ("SH", "SZ", "BJ") or len(symbol) != 8:
        raise InvalidError("A-shares are written SH600519.", code="unknown_symbol")
    return f"{symbol[:2].lower()}.{symbol[2:]}"


@contextlib.contextmanager
def _session() -> Iterator[Any]:
    library = importlib.import_module("baostock")
    _check(library.login())
    try:
        yield library
    finally:
        library.logout()


def _rows(answer: Any) -> list[dict[str, str]]:
    _check(answer)
    rows = []
    while answer.error_code == "0" and answer.next():
        rows.append(dict(zip(answer.fields, answer.get_row_data(), strict=True)))
    _check(answer)
    return rows


def _check(answer: Any) -> None:
    if answer.error_code != "0":
        raise UnavailableError(f"BaoStock refuses with {answer.error_code}.", code="source_failing")


def _minute(text: str) -> str:
    """20240102093500000 as ISO 8601."""
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}T{text[8:10]}:{text[10:12]}"


def _amount(text: str | None) -> Decimal:
    try:
        return Decimal(text or "0")
    except InvalidOperation:
        raise UnavailableError("BaoStock sent no number where one belongs.", code="source_failing") from None
