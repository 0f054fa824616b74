"""Bars and timeframes. A bar's `ts` is its open time in UTC; it may be acted on only from `close_ts` on."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from alphaloop.core.errors import InvalidError

_MINUTE_MS = 60_000


class Timeframe(StrEnum):
    M1 = "1m"
    M5 = "5m"
    M15 = "15m"
    M30 = "30m"
    H1 = "1h"
    H4 = "4h"
    D1 = "1d"
    W1 = "1w"
    MO1 = "1M"

    @property
    def ms(self) -> int:
        """Nominal length in milliseconds; a month counts as 30 days (use the calendar for its true end)."""
        return _LENGTH_MS[self]

    @property
    def intraday(self) -> bool:
        return self.ms < _LENGTH_MS[Timeframe.D1]


_LENGTH_MS = {
    Timeframe.M1: _MINUTE_MS,
    Timeframe.M5: 5 * _MINUTE_MS,
    Timeframe.M15: 15 * _MINUTE_MS,
    Timeframe.M30: 30 * _MINUTE_MS,
    Timeframe.H1: 60 * _MINUTE_MS,
    Timeframe.H4: 240 * _MINUTE_MS,
    Timeframe.D1: 1440 * _MINUTE_MS,
    Timeframe.W1: 7 * 1440 * _MINUTE_MS,
    Timeframe.MO1: 30 * 1440 * _MINUTE_MS,
}


def parse_timeframe(text: str) -> Timeframe:
    try:
        return Timeframe(text)
    except ValueError:
        known = " ".join(Timeframe)
        raise InvalidError(
            f"Unknown timeframe. Known: {known}.",
            code="unknown_timeframe",
            fields=(("timeframe", "unknown_timeframe"),),
        ) from None


@dataclass(frozen=True, slots=True)
class Bar:
    """One closed bar. `ts_ms` is its open, `close_ms` the first instant at which it was known, epoch ms UTC."""

    instrument: str
    timeframe: Timeframe
    ts_ms: int
    close_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
