"""What has to be remembered of one instrument from bar to bar so that today's rules can be applied: exact and tiny."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from alphaloop.core.bar import Bar
from alphaloop.core.calendar import find_calendar
from alphaloop.core.clock import from_ms
from alphaloop.core.corporate import CorporateAction
from alphaloop.core.fill import Fill
from alphaloop.core.instrument import Instrument
from alphaloop.core.money import EXACT, ZERO
from alphaloop.core.order import OrderSide
from alphaloop.engine.day_rules import Band
from alphaloop.engine.market_rules import find_market, rules_on
from alphaloop.engine.matching import TradingDay

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class DayState:
    """The trading day, its reference price (the close before it, in prices of this day), the last close, and how much
    was bought today. None: not seen yet.
    """

    day: date | None = None
    reference: Decimal | None = None
    close: Decimal | None = None
    bought: Decimal = ZERO

    def enter(self, day: date) -> "DayState":
        """The state at the beginning of a day; the same day again changes nothing."""
        if day == self.day:
            return self
        return DayState(day, self.close, self.close, ZERO)

    def passed(self, instrument: Instrument, action: CorporateAction) -> "DayState":
        """The state once an ex-date has been booked: prices of before are meant in prices of after.

        Before the ex-date's first bar it is the last close that moves; it becomes that day's reference.
        """
        if self.close is None:
            return self
        tick = rules_on(instrument, action.ex_date).tick_at(self.close)
        return replace(self, close=action.reference_price(self.close, tick=tick))

    def after(self, bar: Bar, fills: Iterable[Fill] = ()) -> "DayState":
        """The state once a bar of this day has closed and these fills have happened in it."""
        bought = self.bought
        for fill in fills:
            if fill.side is OrderSide.BUY:
                bought = EXACT.add(bought, fill.quantity)
        return replace(self, close=bar.close, bought=bought)

    def trading_day(self, instrument: Instrument, position: Decimal) -> TradingDay:
        """What binds orders of this day while `position` (signed) is held."""
        assert self.day is not None
        rules = rules_on(instrument, self.day)
        settled = EXACT.subtract(position, self.bought) if rules.settlement.sell_after_sessions else None
        sellable = None if settled is None else max(settled, ZERO)
        band = price_band(instrument, self.day, self.reference)
        return TradingDay(rules, band, sellable, position, self.bought)


def price_band(instrument: Instrument, day: date, reference: Decimal | None) -> Band | None:
    """Lowest and highest price of a session; None where there are no limits, or none yet."""
    rules = rules_on(instrument, day)
    if day in unlimited_days(instrument):
        return None
    return rules.band(reference)


def unlimited_days(instrument: Instrument) -> set[date]:
    """The first sessions of an instrument in which no price limit holds; none when nobody says when it was listed."""
    if instrument.listed is None:
        return set()
    limit = rules_on(instrument, instrument.listed).limit
    if limit is None or limit.first_sessions == 0:
        return set()
    calendar, free = find_calendar(instrument.calendar), [instrument.listed]
    while len(free) < limit.first_sessions:
        free.append(calendar.next_session(free[-1]))
    return set(free)


def day_of(instrument: Instrument, ts_ms: int) -> date:
    """The trading day of an instant. Midnight UTC is how daily bars say their session date."""
    moment = from_ms(ts_ms)
    calendar = find_calendar(instrument.calendar)
    if ts_ms % _DAY_MS == 0 or calendar.around_the_clock:
        return moment.date()
    return calendar.session_date(moment)


def order_day(instrument: Instrument, ts_ms: int) -> date:
    """The session in which an order sent at that time can first trade; only dated rules make anybody ask a calendar."""
    market = find_market(instrument)
    calendar = find_calendar(instrument.calendar)
    if market is None or calendar.around_the_clock or not market.changes(market.board_of(instrument)):
        return from_ms(ts_ms).date()
    return calendar.trading_day(from_ms(ts_ms))


def has_memory(instrument: Instrument, day: date) -> bool:
    """Whether the day's rules depend on what happened before: a reference price, unsettled shares, or a margin."""
    rules = rules_on(instrument, day)
    return rules.limit is not None or rules.settlement.sell_after_sessions > 0 or rules.margin is not None
