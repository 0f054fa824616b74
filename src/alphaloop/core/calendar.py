"""When a market is open. A market's own time zone appears here and nowhere else."""

import re
import warnings
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib.util import find_spec
from zoneinfo import ZoneInfo

from alphaloop.core.bar import Timeframe
from alphaloop.core.clock import from_ms, to_ms
from alphaloop.core.errors import InvalidError

Spans = tuple[tuple[time, time], ...]
_DAY = timedelta(days=1)
# Nowhere is a market shut for longer than this, so that looking for a neighbouring session ends.
_LONGEST_CLOSURE = 40


@dataclass(frozen=True, slots=True)
class KnownDays:
    """The sessions a source has recorded between two dates, and those that end early, by local closing time."""

    first: date
    last: date
    sessions: frozenset[date]
    early: dict[date, time]


@dataclass(frozen=True, slots=True)
class Calendar:
    """Weekly sessions in local time plus the dates on which the market stays shut.

    `sessions` are (open, close) pairs of a trading day, `auctions` what comes before, between and after them. `nights`
    are pairs that begin on the evening before and belong to that trading day; one that ends before it begins runs past
    midnight, and one that ends where it begins lasts the whole day. Before a weekend a night is Friday's, with
    `on_the_eve` Sunday's. Nothing of either means open around the clock. `weekdays` are 0 (Monday) to 6. `recorded`
    names the list of session dates to ask; where there is none, weekdays less `holidays` decide, and `holidays_known`
    says whether those are all.
    """

    key: str
    zone: str
    sessions: Spans = ()
    weekdays: frozenset[int] = frozenset(range(7))
    holidays: frozenset[date] = frozenset()
    holidays_known: bool = True
    auctions: Spans = ()
    nights: Spans = ()
    recorded: str = ""
    on_the_eve: bool = False

    @property
    def around_the_clock(self) -> bool:
        return not self.sessions and not self.nights

    def is_session_date(self, day: date) -> bool:
        """Whether the market trades on that date; InvalidError 'calendar_date_unknown' where nobody has recorded it."""
        if day.weekday() not in self.weekdays:
            return False
        known = _recorded(self.recorded) if self.recorded else None
        if known is None:
            return day not in self.holidays
        if not known.first <= day <= known.last:
            raise InvalidError(
                f"The calendar {self.key} knows {known.first} to {known.last} only.",
                code="calendar_date_unknown",
                fields=(("date", "calendar_date_unknown"),),
            )
        return day in known.sessions

    def next_session(self, day: date) -> date:
        """The first session date after `day`."""
        return self._neighbour(day, _DAY)

    def previous_session(self, day: date) -> date:
        """The last session date before `day`."""
        return self._neighbour(day, -_DAY)

    def _neighbour(self, day: date, step: timedelta) -> date:
        for _ in range(_LONGEST_CLOSURE):
            day += step
            if self.is_session_date(day):
                return day
        raise InvalidError(f"The calendar {self.key} has no session near that date.", code="calendar_date_unknown")

    def is_open(self, instant: datetime) -> bool:
        """Whether orders may trade at this instant; the close itself is shut, and auctions do not count as open."""
        if self.around_the_clock:
            return self.is_session_date(instant.astimezone(ZoneInfo(self.zone)).date())
        return self._inside(instant, self.sessions, nights=True)

    def in_auction(self, instant: datetime) -> bool:
        """Whether orders are gathered at this instant, to trade together at the auction's end."""
        return self._inside(instant, self.auctions, nights=False)

    def _inside(self, instant: datetime, spans: Spans, *, nights: bool) -> bool:
        local = instant.astimezone(ZoneInfo(self.zone))
        clock = local.time()
        if nights and any(_in_night(clock, span) for span in self.nights):
            day = self.session_date(instant)
            # A holiday takes the night before it away: there is one only on the evening of a session.
            evening = local.date() if clock >= self.nights[0][0] else local.date() - _DAY
            eve = day - evening <= _DAY or (not self.on_the_eve and self._night_before_a_weekend(evening, day))
            return eve and self.is_session_date(day)
        day = local.date()
        if not any(start <= clock < end for start, end in spans) or not self.is_session_date(day):
            return False
        ends = self.early_close(day)
        return ends is None or clock < ends

    def _night_before_a_weekend(self, evening: date, day: date) -> bool:
        between = (evening + _DAY * n for n in range(1, (day - evening).days))
        return all(one.weekday() not in self.weekdays for one in between)

    def early_close(self, day: date) -> time | None:
        """The local time at which a shortened session ends; None for a usual or an unknown day."""
        known = _recorded(self.recorded) if self.recorded else None
        return None if known is None else known.early.get(day)

    def local_time(self, instant: datetime) -> time:
        """The market's own clock at an instant."""
        return instant.astimezone(ZoneInfo(self.zone)).time()

    def session_date(self, instant: datetime) -> date:
        """The trading day an instant belongs to: the local date, from the evening on the next session's."""
        local = instant.astimezone(ZoneInfo(self.zone))
        if not self.nights:
            return local.date()
        evening = local.time() >= self.nights[0][0]
        day = local.date() + _DAY if evening else local.date()
        return day if self._trades(day) else self._next_trading(day)

    def trading_day(self, instant: datetime) -> date:
        """The session in which an order sent at this instant can first trade."""
        day = self.session_date(instant)
        if self.around_the_clock:
            return day
        ends = datetime.combine(day, self._last_close(day), ZoneInfo(self.zone))
        return day if self.is_session_date(day) and instant < ends else self.next_session(day)

    def _trades(self, day: date) -> bool:
        """As `is_session_date`, but where nobody has recorded the date the weekday decides."""
        known = _recorded(self.recorded) if self.recorded else None
        if known is not None and known.first <= day <= known.last:
            return day in known.sessions
        return day.weekday() in self.weekdays and day not in self.holidays

    def _next_trading(self, day: date) -> date:
        for _ in range(_LONGEST_CLOSURE):
            day += _DAY
            if self._trades(day):
                return day
        return day

    def close_ms(self, ts_ms: int, timeframe: Timeframe) -> int:
        """First instant at which the bar opened at `ts_ms` is known, epoch ms.

        Daily bars carry their session date at 00:00 UTC: they are known at that session's local close (24-hour
        markets: at the next midnight UTC). Weekly and monthly bars end with their last calendar day. An intraday
        bar never outlives the session it is in.
        """
        opened = from_ms(ts_ms)
        if timeframe.intraday:
            return self._intraday_close_ms(ts_ms, timeframe)
        if timeframe is Timeframe.D1:
            last = opened.date()
        elif timeframe is Timeframe.W1:
            last = opened.date() + timedelta(days=6 - opened.weekday())
        else:
            last = (opened.date().replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
        if self.around_the_clock:
            return to_ms(datetime.combine(last, time(), UTC) + timedelta(days=1))
        return to_ms(datetime.combine(last, self._last_close(last), ZoneInfo(self.zone)))

    def _last_close(self, day: date) -> time:
        return self.early_close(day) or (self.sessions or self.nights)[-1][1]

    def _intraday_close_ms(self, ts_ms: int, timeframe: Timeframe) -> int:
        nominal = ts_ms + timeframe.ms
        if self.around_the_clock:
            return nominal
        zone = ZoneInfo(self.zone)
        local = from_ms(ts_ms).astimezone(zone)
        for start, end in self.nights:
            if _in_night(local.time(), (start, end)):
                ends = datetime.combine(local.date(), end, zone)
                past_midnight = end <= start and local.time() >= start
                return min(nominal, to_ms(ends + _DAY if past_midnight else ends))
        for start, end in self.sessions:
            if start <= local.time() < end:
                # A bar may span the midday break (a four-hour bar does), never the end of the day.
                return min(nominal, to_ms(datetime.combine(local.date(), self._last_close(local.date()), zone)))
        return nominal


def _in_night(clock: time, span: tuple[time, time]) -> bool:
    start, end = span
    return start <= clock < end if start < end else clock >= start or clock < end


@lru_cache(maxsize=32)
def _recorded(code: str) -> KnownDays | None:
    """What exchange_calendars has recorded under that code; None where it is not installed."""
    if find_spec("exchange_calendars") is None:
        return None
    import exchange_calendars

    with warnings.catch_warnings():
        # How it uses pandas is not ours to mend.
        warnings.simplefilter("ignore")
        kind = type(exchange_calendars.get_calendar(code))
        first, last = kind.bound_min(), kind.bound_max()
        calendar = exchange_calendars.get_calendar(code, start=first or _FIRST, end=last)
        closes = {day.date(): calendar.session_close(day) for day in calendar.early_closes}
    zone = ZoneInfo(str(calendar.tz))
    days = frozenset(day.date() for day in calendar.sessions)
    return KnownDays(
        first.date() if first is not None else date.fromisoformat(_FIRST),
        last.date() if last is not None else max(days),
        days,
        {day: close.astimezone(zone).time() for day, close in closes.items()},
    )


# Where a source does not say since when it knows a market.
_FIRST = "1960-01-01"
_EXCHANGE = re.compile(r"[A-Z]{4}", re.ASCII)
_WEEK = frozenset(range(5))
_NEW_YORK: Spans = ((time(9, 30), time(16)),)
_CHINA: Spans = ((time(9, 30), time(11, 30)), (time(13), time(15)))
_CHINA_AUCTIONS: Spans = ((time(9, 15), time(9, 25)),)
_CHINA_FUTURES: Spans = ((time(9), time(10, 15)), (time(10, 30), time(11, 30)), (time(13, 30), time(15)))


def _china_futures(key: str, *nights: tuple[time, time]) -> Calendar:
    auctions = ((time(8, 55), time(9)),)
    return Calendar(
        key, "Asia/Shanghai", _CHINA_FUTURES, _WEEK, holidays_known=False, auctions=auctions, nights=nights,
        recorded="XSHG",
    )  # fmt: skip


_CALENDARS = {
    calendar.key: calendar
    for calendar in (
        Calendar("24x7", "UTC"),
        Calendar("24x5", "UTC", weekdays=_WEEK),
        Calendar("XNYS", "America/New_York", _NEW_YORK, _WEEK, holidays_known=False, recorded="XNYS"),
        Calendar("XNAS", "America/New_York", _NEW_YORK, _WEEK, holidays_known=False, recorded="XNYS"),
        Calendar(
            "XHKG",
            "Asia/Hong_Kong",
            ((time(9, 30), time(12)), (time(13), time(16))),
            _WEEK,
            holidays_known=False,
            auctions=((time(9), time(9, 22)), (time(16), time(16, 10))),
            recorded="XHKG",
        ),
        *(
            Calendar(
                key,
                "Asia/Shanghai",
                _CHINA,
                _WEEK,
                holidays_known=False,
                auctions=_CHINA_AUCTIONS,
                # All mainland exchanges share their trading days.
                recorded="XSHG",
            )
            for key in ("XSHG", "XSHE", "XBSE")
        ),
        _china_futures("CN-DAY"),
        _china_futures("CN-23", (time(21), time(23))),
        _china_futures("CN-01", (time(21), time(1))),
        _china_futures("CN-0230", (time(21), time(2, 30))),
        Calendar(
            "CMES",
            "America/Chicago",
            weekdays=_WEEK,
            holidays_known=False,
            nights=((time(17), time(16)),),
            recorded="CMES",
            on_the_eve=True,
        ),
        # Currencies trade from Sunday to Friday, and their day ends in New York in the afternoon.
        Calendar(
            "FX",
            "America/New_York",
            weekdays=_WEEK,
            holidays_known=False,
            nights=((time(17), time(17)),),
            on_the_eve=True,
        ),
        Calendar("XEUR", "Europe/Berlin", ((time(8), time(22)),), _WEEK, holidays_known=False, recorded="XEUR"),
        # The metal exchange keeps London's public holidays.
        Calendar("XLME", "Europe/London", ((time(1), time(19)),), _WEEK, holidays_known=False, recorded="XLON"),
    )
}


def find_calendar(key: str) -> Calendar:
    """The calendar of that name, ours or an exchange's by its code; InvalidError 'unknown_calendar': an instrument
    without a calendar cannot be traded."""
    found = _CALENDARS.get(key) or _of_exchange(key)
    if found is None:
        raise InvalidError(f"There is no calendar called {key}.", code="unknown_calendar")
    return found


@lru_cache(maxsize=128)
def _of_exchange(code: str) -> Calendar | None:
    """The hours an exchange keeps today, as exchange_calendars has them; None where it does not know the code."""
    if not _EXCHANGE.fullmatch(code) or find_spec("exchange_calendars") is None:
        return None
    import exchange_calendars

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if code not in exchange_calendars.get_calendar_names(include_aliases=False):
            return None
        known = exchange_calendars.get_calendar(code)
    opened, closed = known.open_times[-1][1], known.close_times[-1][1]
    if known.open_offset or closed <= opened:
        return None  # a day that begins the evening before is to be written out above
    pause, back = (times[-1][1] if times else None for times in (known.break_start_times, known.break_end_times))
    sessions = ((opened, pause), (back, closed)) if pause and back else ((opened, closed),)
    weekdays = frozenset(day for day, trades in enumerate(known.weekmask) if trades == "1")
    return Calendar(code, str(known.tz), sessions, weekdays, holidays_known=False, recorded=code)
