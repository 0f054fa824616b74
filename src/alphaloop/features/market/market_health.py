"""What is wrong with a series as its market sees it: no market, days no calendar knows, bars outside hours, prices that
are not what they are said to be, and ex-dates that do not fit them.

Everything found here is refused elsewhere where money or structures depend on it; the report says it beforehand.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from alphaloop.adapters.feeds.contract import BarTable
from alphaloop.core.bar import Timeframe
from alphaloop.core.calendar import Calendar
from alphaloop.core.clock import from_ms
from alphaloop.core.errors import InvalidError
from alphaloop.core.instrument import AssetClass, Instrument
from alphaloop.engine.convert import to_float
from alphaloop.engine.market_rules import find_market
from alphaloop.features.market.adjusting import ExDate, terms_of
from alphaloop.features.market.health import Issue
from alphaloop.features.market.models import StoredMode
from alphaloop.features.market.session_grid import outside_sessions, session_days

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SHARES = (AssetClass.EQUITY, AssetClass.ETF)
# Two sources round differently; a step that is wrong is off by more than a percent.
_TOLERANCE = 0.01
# A cut this deep shows in raw prices whatever the market did that day.
_DEEP = 0.8


def examine_market(
    table: BarTable,
    timeframe: Timeframe,
    instrument: Instrument,
    *,
    calendar: Calendar,
    held_as: StoredMode,
    ex_dates: Sequence[ExDate],
) -> list[Issue]:
    """The issues, each said once with the first bar it is about."""
    if not len(table):
        return []
    found = [*_market(table, instrument), *_calendar(table, calendar), *_hours(table, timeframe, calendar)]
    if instrument.asset_class in _SHARES:
        found += _mode(table, instrument, held_as)
        days = session_days(table.ts, calendar) if timeframe.intraday else table.ts
        found += _ex_dates(table, days, held_as, ex_dates)
    return found


def _market(table: BarTable, instrument: Instrument) -> list[Issue]:
    try:
        known = find_market(instrument)
    except InvalidError as error:
        return [Issue(error.code, int(table.ts[0]), error.message)]
    return [] if known else [Issue("no_market", int(table.ts[0]), "no market's rules are known for it")]


def _calendar(table: BarTable, calendar: Calendar) -> list[Issue]:
    """The first and last day are what somebody may ask for."""
    for ts in (int(table.ts[0]), int(table.ts[-1])):
        try:
            calendar.is_session_date(from_ms(ts).date())
        except InvalidError as error:
            return [Issue("calendar_date_unknown", ts, error.message)]
    return []


def _hours(table: BarTable, timeframe: Timeframe, calendar: Calendar) -> list[Issue]:
    import numpy as np

    if timeframe.intraday:
        outside = np.flatnonzero(outside_sessions(table.ts, calendar))
    elif timeframe is Timeframe.D1 and not calendar.around_the_clock:
        outside = np.flatnonzero(~np.isin((table.ts // 86_400_000 + 3) % 7, list(calendar.weekdays)))
    else:
        return []
    if not len(outside):
        return []
    return [Issue("bars_outside_sessions", int(table.ts[outside[0]]), f"{len(outside)} of {len(table)} bars")]


def _mode(table: BarTable, instrument: Instrument, held_as: StoredMode) -> list[Issue]:
    """Raw prices lie on the market's tick; adjusted ones as good as never do."""
    import numpy as np

    if held_as is StoredMode.UNKNOWN:
        return [Issue("price_mode_unknown", int(table.ts[0]), "nobody has said how the prices are adjusted")]
    tick = to_float(instrument.tick)
    if held_as is not StoredMode.RAW or tick <= 0:
        return []
    off = np.flatnonzero(np.abs(table.close / tick - np.round(table.close / tick)) > 1e-6)
    if len(off) <= len(table) // 100:
        return []
    return [Issue("wrong_mode", int(table.ts[off[0]]), f"said to be raw, but {len(off)} closes are off the tick")]


def _ex_dates(
    table: BarTable, days: "NDArray[np.int64]", held_as: StoredMode, ex_dates: Sequence[ExDate]
) -> list[Issue]:
    """Ex-dates within the series that have no bar, whose steps contradict each other, or that left no trace."""
    import numpy as np

    from alphaloop.kernels.adjust import closes_before, reference_prices

    inside = [one for one in ex_dates if int(days[0]) < one.day <= int(days[-1])]
    if not inside or held_as not in (StoredMode.RAW, StoredMode.SPLIT):
        return []
    terms = terms_of(inside, held_as)
    before = closes_before(days, table.close, terms.day)
    at = np.searchsorted(days, terms.day)
    absent = days[at] != terms.day
    worked = reference_prices(before, terms) / before
    says = (terms.cash != 0) | (terms.bonus != 0) | (terms.rights != 0)
    broken = (worked <= 0) | (says & ~np.isnan(terms.ratio) & (np.abs(terms.ratio / worked - 1) > _TOLERANCE))
    step = np.where(says | np.isnan(terms.ratio), worked, terms.ratio)
    # Opening where it closed although it was cut deeply: somebody has adjusted these prices already.
    untouched = ~absent & (step < _DEEP) & (table.open[at] / before > (1 + step) / 2)
    return [
        *_each("ex_date_without_price", terms.day[absent], "no bar on the ex-date"),
        *_each("factors_do_not_chain", terms.day[broken], "the factor does not follow from the terms"),
        *_each("wrong_mode", terms.day[untouched], "said to be raw, but the ex-date left no trace"),
    ]


def _each(code: str, days: "NDArray[np.int64]", detail: str) -> list[Issue]:
    return [Issue(code, day, detail) for day in days.tolist()]
