"""When a market is open. A market's own time zone appears here and nowhere else."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from alphaloop.core.bar import Timeframe
from alphaloop.core.clock import from_ms, to_ms
from alphaloop.core.errors import InvalidError


@dataclass(frozen=True, slots=True)
class Calendar:
    """Weekly sessions in local time plus the dates on which the market stays shut.

    `sessions` are (open, close) pairs of a trading day; empty means open around the clock. `weekdays` are 0 (Monday)
    to 6. `holidays` may be empty for a market whose holidays are not loaded: `holidays_known` says so.
    """

    key: str
    zone: str
    sessions: tuple[tuple[time, time], ...] = ()
    weekdays: frozenset[int] = frozenset(range(7))
    holidays: frozenset[date] = frozenset()
    holidays_known: bool = True

    @property
    def around_the_clock(self) -> bool:
        return not self.sessions

    def is_session_date(self, day: date) -> bool:
        return day.weekday() in self.weekdays and day not in self.holidays

    def is_open(self, instant: datetime) -> bool:
        """Whether orders may trade at this instant; the close itself is shut."""
        local = instant.astimezone(ZoneInfo(self.zone))
        if not self.is_session_date(local.date()):
            return False
        return self.around_the_clock or any(start <= local.time() < end for start, end in self.sessions)

    def session_date(self, instant: datetime) -> date:
        return instant.astimezone(ZoneInfo(self.zone)).date()

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
        return to_ms(datetime.combine(last, self.sessions[-1][1], ZoneInfo(self.zone)))

    def _intraday_close_ms(self, ts_ms: int, timeframe: Timeframe) -> int:
        nominal = ts_ms + timeframe.ms
        if self.around_the_clock:
            return nominal
        zone = ZoneInfo(self.zone)
        local = from_ms(ts_ms).astimezone(zone)
        for start, end in self.sessions:
            if start <= local.time() < end:
                last = self.sessions[-1][1]
                # A bar may span the midday break (a four-hour bar does), never the end of the day.
                return min(nominal, to_ms(datetime.combine(local.date(), last, zone)))
        return nominal


_WEEK = frozenset(range(5))
_CALENDARS = {
    calendar.key: calendar
    for calendar in (
        Calendar("24x7", "UTC"),
        Calendar("24x5", "UTC", weekdays=_WEEK),
        Calendar("XNYS", "America/New_York", ((time(9, 30), time(16)),), _WEEK, holidays_known=False),
        Calendar("XNAS", "America/New_York", ((time(9, 30), time(16)),), _WEEK, holidays_known=False),
        Calendar(
            "XHKG", "Asia/Hong_Kong", ((time(9, 30), time(12)), (time(13), time(16))), _WEEK, holidays_known=False
        ),
        Calendar(
            "XSHG", "Asia/Shanghai", ((time(9, 30), time(11, 30)), (time(13), time(15))), _WEEK, holidays_known=False
        ),
        Calendar(
            "XSHE", "Asia/Shanghai", ((time(9, 30), time(11, 30)), (time(13), time(15))), _WEEK, holidays_known=False
        ),
    )
}


def find_calendar(key: str) -> Calendar:
    """The calendar of that name, or InvalidError: an instrument without a calendar cannot be traded."""
    try:
        return _CALENDARS[key]
    except KeyError:
        raise InvalidError(f"There is no calendar called {key}.", code="unknown_calendar") from None
