"""Mark prices of a perpetual: what liquidations and funding go by, beside the last price that orders trade at.

They lie in a bar store of their own, so that nothing that reads bars can take them for prices somebody traded at.
"""

from dataclasses import dataclass
from decimal import Decimal

from alphaloop.adapters.feeds import decimal_texts
from alphaloop.adapters.feeds.contract import BarTable
from alphaloop.core.bar import Bar, Timeframe
from alphaloop.engine.margin import Mark
from alphaloop.features.market.store import BarStore


@dataclass(frozen=True, slots=True)
class _Series:
    timeframe: Timeframe
    table: BarTable

    def price(self, name: str, row: int) -> Decimal:
        """One price as its source wrote it."""
        column = getattr(self.table, name)[row : row + 1]
        return Decimal(decimal_texts(column, self.table.price_decimals)[0])


@dataclass(frozen=True, slots=True)
class Marks:
    """Mark prices as a turn needs them: `wide` for whole bars, `fine` for the moments of settlements."""

    wide: _Series | None = None
    fine: _Series | None = None

    def at(self, ts_ms: int) -> Decimal | None:
        """The mark at an instant at which one of its bars opened; None where there is none."""
        for series in (self.fine, self.wide):
            if series is None:
                continue
            row = int(series.table.ts.searchsorted(ts_ms))
            if row < len(series.table) and int(series.table.ts[row]) == ts_ms:
                return series.price("open", row)
        return None

    def over(self, bar: Bar) -> Mark | None:
        """The mark over a whole bar; None where a part of it is missing, so that nobody is spared by a gap."""
        series = self.wide
        if series is None:
            return None
        first, stop = (int(series.table.ts.searchsorted(ts)) for ts in (bar.ts_ms, bar.close_ms))
        wanted = -(-(bar.close_ms - bar.ts_ms) // series.timeframe.ms)
        if stop - first != wanted or int(series.table.ts[first]) != bar.ts_ms:
            return None
        lowest = first + int(series.table.low[first:stop].argmin())
        highest = first + int(series.table.high[first:stop].argmax())
        return Mark(series.price("open", first), series.price("low", lowest), series.price("high", highest))


def read_marks(store: BarStore, symbol: str, timeframe: Timeframe, *, since_ts: int) -> Marks:
    """Marks from `since_ts` on for bars of a timeframe; blocking. Whole bars take the coarsest series that fits in
    them, settlements the coarsest that knows every full hour, else the finest there is."""
    stored = [one for one in Timeframe if store.marks.manifest(symbol, one) is not None]
    stored.sort(key=lambda one: one.ms)
    if not stored:
        return Marks()
    fitting = [one for one in stored if one.ms <= timeframe.ms]
    hourly = [one for one in stored if one.ms <= Timeframe.H1.ms]
    wide = _read(store, symbol, fitting[-1], since_ts) if fitting else None
    finest = hourly[-1] if hourly else stored[0]
    fine = wide if wide is not None and finest is wide.timeframe else _read(store, symbol, finest, since_ts)
    return Marks(wide, fine)


def _read(store: BarStore, symbol: str, timeframe: Timeframe, since_ts: int) -> _Series:
    return _Series(timeframe, store.marks.read(symbol, timeframe, since_ts=since_ts))
