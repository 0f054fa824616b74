"""What the feeds of somebody else's library have in common: a person lists symbols and timeframes, and each pair is one
series to fetch."""

import importlib.util
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from alphaloop.adapters.feeds._child import fetch_table
from alphaloop.adapters.feeds._decimals import count_decimals
from alphaloop.adapters.feeds._proxy import parse_proxy
from alphaloop.adapters.feeds._reach import Reached, reach
from alphaloop.adapters.feeds.contract import BarTable, FeedDescription, SeriesListing, TestResult
from alphaloop.core.bar import Timeframe
from alphaloop.core.errors import AlphaLoopError, InvalidError, NotFoundError, UnavailableError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_SYMBOLS = 200
_SYMBOL = re.compile(r"[A-Za-z0-9^][A-Za-z0-9.^=_\-]{0,23}", re.ASCII)
_NOISE = 1e-6


def wanted_schema(*, symbols: str, since: str, proxy: bool) -> dict[str, Any]:
    """The settings of such a feed; `symbols` and `since` are shown as examples."""
    properties: dict[str, Any] = {
        "symbols": {
            "type": "string",
            "maxLength": 2000,
            "title": {"zh": "代码", "en": "Symbols"},
            "description": {"zh": f"用逗号分隔，如 {symbols}", "en": f"Separated by commas, such as {symbols}"},
        },
        "timeframes": {
            "type": "string",
            "maxLength": 64,
            "default": "1d",
            "title": {"zh": "周期", "en": "Timeframes"},
            "description": {"zh": "用逗号分隔，如 1d,30m", "en": "Separated by commas, such as 1d,30m"},
        },
        "since": {
            "type": "string",
            "maxLength": 10,
            "default": since,
            "title": {"zh": "起始日期", "en": "From"},
            "description": {"zh": f"如 {since}", "en": f"Such as {since}"},
        },
    }
    if proxy:
        properties["proxy"] = {
            "type": "string",
            "maxLength": 300,
            "default": "",
            "secret": True,
            "operator": True,
            "title": {"zh": "代理", "en": "Proxy"},
            "description": {
                "zh": "http://主机:端口 或 socks5://主机:端口；只有管理员能设置。",
                "en": "http://host:port or socks5://host:port; only an administrator can set it.",
            },
        }
    return {"type": "object", "additionalProperties": False, "required": ["symbols"], "properties": properties}


class LibraryFeed:
    """A feed over the Python package `library`, fetched from in a child process; `endpoint` is where it calls."""

    def __init__(
        self,
        key: str,
        description: FeedDescription,
        *,
        library: str,
        endpoint: Callable[[], str],
        timeframes: tuple[Timeframe, ...],
        listing: Callable[[str, Timeframe], SeriesListing],
    ) -> None:
        self._key, self._description, self._library = key, description, library
        self._endpoint, self._timeframes, self._listing = endpoint, timeframes, listing

    def describe(self) -> FeedDescription:
        return self._description

    def test(self, config: dict[str, Any]) -> TestResult:
        began = time.perf_counter()

        def answer(reached: Reached, series: int = 0) -> TestResult:
            return TestResult(reached.ok, reached.code, reached.message, (time.perf_counter() - began) * 1000, series)

        try:
            found = self.list_series(config)
            proxy = parse_proxy(config.get("proxy", ""))
        except AlphaLoopError as error:
            return answer(Reached(error.code, error.message))
        reached = reach(self._endpoint(), proxy=proxy)
        if not reached.ok:
            return answer(reached)
        return answer(Reached("ok", f"The source answers; {len(found)} series are wanted of it."), len(found))

    def list_series(self, config: dict[str, Any]) -> list[SeriesListing]:
        """Every wanted symbol in every wanted timeframe. No fingerprints: they are fetched at every sync."""
        if importlib.util.find_spec(self._library) is None:
            raise UnavailableError(f"The package {self._library} is not installed.", code="library_missing")
        since(config)
        return [
            self._listing(symbol, timeframe)
            for symbol in _symbols(config)
            for timeframe in _frames(config, self._timeframes)
        ]

    def read(self, config: dict[str, Any], ref: str) -> BarTable:
        if ref not in {listing.ref for listing in self.list_series(config)}:
            raise NotFoundError("There is no such series.", code="series_not_found")
        return fetch_table(self._key, config, ref)


def since(config: dict[str, Any]) -> date:
    """The first day wanted; InvalidError when it is no date."""
    text = config.get("since") or "2000-01-01"
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError):
        raise _bad("since", "A date is written 2010-01-31.") from None


def _symbols(config: dict[str, Any]) -> list[str]:
    text = config.get("symbols")
    if not isinstance(text, str):
        raise _bad("symbols", "The symbols are missing.")
    found = list(dict.fromkeys(part.strip().upper() for part in re.split(r"[,，;\s]+", text) if part.strip()))
    if not found or len(found) > MAX_SYMBOLS or not all(_SYMBOL.fullmatch(one) for one in found):
        raise _bad("symbols", f"Symbols are letters and digits separated by commas, at most {MAX_SYMBOLS}.")
    return found


def _frames(config: dict[str, Any], offered: tuple[Timeframe, ...]) -> list[Timeframe]:
    text = config.get("timeframes") or "1d"
    known = {timeframe.value: timeframe for timeframe in offered}
    names = [part.strip() for part in text.split(",") if part.strip()] if isinstance(text, str) else []
    if not names or not all(name in known for name in names):
        raise _bad("timeframes", f"This source has {', '.join(known)}.")
    return [known[name] for name in dict.fromkeys(names)]


def _bad(field: str, message: str) -> InvalidError:
    return InvalidError(message, code="bad_source_config", fields=((f"config.{field}", "bad_format"),))


def split_ref(ref: str) -> tuple[str, Timeframe]:
    """(symbol, timeframe) of a ref as these feeds write it."""
    symbol, _, timeframe = ref.rpartition("|")
    return symbol, Timeframe(timeframe)


def table_of(ts: "NDArray[np.int64]", columns: "Mapping[str, NDArray[np.float64]]") -> BarTable:
    """A table of what a library answered. Rows that break a bar's rules are left out and counted; high and low are
    widened where only the last digits of a float stand in the way. NotFoundError when no row is left."""
    import numpy as np

    opened, high, low, close = (columns[name] for name in ("open", "high", "low", "close"))
    volume = np.nan_to_num(columns["volume"])
    top, bottom = np.maximum(opened, close), np.minimum(opened, close)
    with np.errstate(invalid="ignore"):
        fine = np.isfinite(opened + high + low + close) & (low > 0) & (volume >= 0)
        fine &= (high >= top * (1 - _NOISE)) & (low <= bottom * (1 + _NOISE))
    kept = np.flatnonzero(fine)
    kept = kept[np.argsort(ts[kept], kind="stable")]
    kept = kept[np.concatenate((np.diff(ts[kept]) > 0, [True]))] if len(kept) else kept  # the last word on a time wins
    if not len(kept):
        raise NotFoundError("The source has no bars of this series.", code="series_not_found")
    cleaned: dict[str, NDArray[Any]] = {
        "ts": ts[kept],
        "open": opened[kept],
        "high": np.maximum(high, top)[kept],
        "low": np.minimum(low, bottom)[kept],
        "close": close[kept],
        "volume": volume[kept],
    }
    places = count_decimals(*(cleaned[name] for name in ("open", "high", "low", "close")))
    made = BarTable.of(cleaned, price_decimals=places, volume_decimals=count_decimals(cleaned["volume"]))
    return replace(made, dropped=len(ts) - len(kept))
