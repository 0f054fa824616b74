"""Pure decisions of the catalogue: whether parameters fit their form, and when a schedule is due."""

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from alphaloop.core.bar import Timeframe
from alphaloop.core.calendar import Calendar, find_calendar
from alphaloop.core.clock import from_ms, to_ms
from alphaloop.core.errors import InvalidError
from alphaloop.features.catalog.schemas import ParamView

_TEXT_MAX = 200
# Looked through one after the other, so that a line that is due every minute is not counted through for a year.
_WINDOWS = (timedelta(hours=1), timedelta(days=1), timedelta(days=8), timedelta(days=367))
_AROUND = timedelta(hours=3)
"""More than any clock is ever put forward or back in one night."""
_ANY_DAY = datetime(2000, 1, 1, tzinfo=UTC)
_DAY_NAMES = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


def check_params(form: Sequence[ParamView], given: Mapping[str, Any]) -> dict[str, Any]:
    """`given` as the form takes it; InvalidError 'bad_parameter' names the first field that does not fit, and why.

    The same rules as `engine/params`, from the form alone: no strategy's code is loaded."""
    fields = {one.name: one for one in form}
    for name in given:
        if name not in fields:
            raise _refused("params", "unknown_parameter", f"Known parameters: {', '.join(fields) or 'none'}.")
    return {name: _checked(fields[name], value) for name, value in given.items()}


def _checked(field: ParamView, value: Any) -> Any:
    if field.type == "bool":
        if not isinstance(value, bool):
            raise _refused(field.name, "not_a_switch", f"{field.name} is true or false.")
        return value
    if field.type in ("choice", "text"):
        return _text(field, value)
    whole = field.type == "int"
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _refused(field.name, "not_a_number", f"{field.name} must be a finite number.")
    if whole and value != int(value):
        raise _refused(field.name, "not_an_integer", f"{field.name} must be a whole number.")
    if (field.low is not None and value < field.low) or (field.high is not None and value > field.high):
        raise _refused(field.name, "out_of_bounds", f"{field.name} is between {field.low:g} and {field.high:g}.")
    return int(value) if whole else float(value)


def _text(field: ParamView, value: Any) -> str:
    if not isinstance(value, str) or len(value) > _TEXT_MAX:
        raise _refused(field.name, "not_a_text", f"{field.name} must be a short text.")
    if field.choices is not None and value not in field.choices:
        raise _refused(field.name, "not_a_choice", f"{field.name} is one of {', '.join(field.choices)}.")
    if field.pattern is not None and not re.fullmatch(field.pattern, value, re.ASCII):
        raise _refused(field.name, "bad_format", f"{field.name} does not have the expected form.")
    return value


def _refused(name: str, code: str, message: str) -> InvalidError:
    return InvalidError(message, code="bad_parameter", fields=((name, code),))


def config_hash(params: Mapping[str, Any]) -> str:
    """SHA-256 in hex over the parameters, whatever their order."""
    return hashlib.sha256(json.dumps(dict(params), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Timing:
    """When a strategy runs by itself: a five-field cron line read in `zone`, or `after_close_min` minutes after each
    session of `calendar`. A cron line with a calendar counts on days of its sessions only."""

    cron: str | None
    zone: str
    calendar: str | None
    after_close_min: int | None


def check_timing(timing: Timing) -> Timing:
    """The timing when it can be served, else InvalidError 'bad_schedule' with the field."""
    if (timing.cron is None) == (timing.after_close_min is None):
        raise _unfit("cron", "one_of_two", "A schedule is a cron line or minutes after the close.")
    if timing.calendar is not None:
        find_calendar(timing.calendar)
    elif timing.after_close_min is not None:
        raise _unfit("calendar", "missing", "Minutes after the close need a calendar.")
    try:
        ZoneInfo(timing.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise _unfit("zone", "unknown_zone", "That time zone is not known.") from None
    if timing.cron is not None:
        try:
            ever = _trigger(timing).get_next_fire_time(None, _ANY_DAY)
        except ValueError:
            raise _unfit("cron", "bad_cron", "A cron line is minute, hour, day, month and weekday.") from None
        if ever is None:  # the 31st of February is looked for until the end of days, at every tick
            raise _unfit("cron", "never_due", "This cron line is never due.")
    return timing


def newest_due(timing: Timing, *, after: datetime, now: datetime) -> datetime | None:
    """The newest moment later than `after` and not later than `now` at which the schedule was due: however many were
    missed, one is made up for. Looks back a year at most."""
    for window in _WINDOWS:
        start = max(after, now - window)
        found = _newest_close(timing, start, now) if timing.cron is None else _newest_tick(timing, start, now)
        if found is not None or start == after:
            return found
    return None


def _newest_tick(timing: Timing, after: datetime, now: datetime) -> datetime | None:
    calendar = None if timing.calendar is None else find_calendar(timing.calendar)
    found = None
    for due in _ticks(timing, after, now):
        if calendar is None or calendar.is_session_date(due.astimezone(ZoneInfo(calendar.zone)).date()):
            found = due if found is None else max(found, due)
    return found


def _ticks(timing: Timing, after: datetime, now: datetime) -> Iterator[datetime]:
    """Moments of the cron line later than `after` and not later than `now`, UTC.

    The line is walked over the hands of the clock, which never stand still: what falls into an hour that is left out
    comes an hour later, what falls into one that comes twice comes with the first, and with both where the line names
    no hour."""
    assert timing.cron is not None
    zone, trigger, step = ZoneInfo(timing.zone), _trigger(timing), timedelta(seconds=1)
    folds = (0, 1) if timing.cron.split()[1].startswith("*") else (0,)
    put = abs(_offset(after - _AROUND, zone) - _offset(now + _AROUND, zone))
    last = _hands(now, zone) + put
    hands = trigger.get_next_fire_time(None, _hands(after, zone) - put)
    while hands is not None and hands <= last:
        for fold in folds:
            due = hands.replace(tzinfo=zone, fold=fold).astimezone(UTC)
            if after < due <= now:
                yield due
        hands = trigger.get_next_fire_time(hands, hands + step)


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def _hands(moment: datetime, zone: ZoneInfo) -> datetime:
    """What a clock in that zone shows, called UTC so that it can be counted on."""
    return moment.astimezone(zone).replace(tzinfo=UTC, fold=0)


def _newest_close(timing: Timing, after: datetime, now: datetime) -> datetime | None:
    assert timing.calendar is not None
    assert timing.after_close_min is not None
    calendar, later = find_calendar(timing.calendar), timedelta(minutes=timing.after_close_min)
    day = now.astimezone(ZoneInfo(calendar.zone)).date()
    while True:
        closed = _close_of(calendar, day)
        if closed is not None and closed + later <= now:
            return closed + later if closed + later > after else None
        if closed is not None and closed + later <= after:
            return None
        day -= timedelta(days=1)
        if datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=3) + later < after:
            return None


def _close_of(calendar: Calendar, day: date) -> datetime | None:
    if not calendar.is_session_date(day):
        return None
    midnight = to_ms(datetime(day.year, day.month, day.day, tzinfo=UTC))
    return from_ms(calendar.close_ms(midnight, Timeframe.D1))


def _trigger(timing: Timing) -> Any:
    from apscheduler.triggers.cron import CronTrigger

    assert timing.cron is not None
    fields = timing.cron.split()
    if len(fields) != 5:
        raise ValueError("five fields")
    fields[4] = _weekdays(fields[4])
    # In a zone with two 01:30 in one night apscheduler comes back to the first for ever.
    return CronTrigger.from_crontab(" ".join(fields), timezone=UTC)


def _weekdays(field: str) -> str:
    """Weekdays by name: cron counts them from Sunday (0 or 7), apscheduler from Monday."""
    if field == "*":
        return field
    days: set[int] = set()
    for part in field.lower().split(","):
        span, _, step = part.partition("/")
        first, _, last = ("0", "-", "6") if span == "*" else span.partition("-")
        begin = _weekday(first)
        end = _weekday(last) if last else 6 if step else begin
        length = 6 if last == "7" and first in ("0", "sun") else (end - begin) % 7
        days |= {(begin + n) % 7 for n in range(0, length + 1, int(step or 1))}
    return ",".join(_DAY_NAMES[day] for day in sorted(days))


def _weekday(text: str) -> int:
    if re.fullmatch("[0-7]", text):
        return int(text) % 7
    return _DAY_NAMES.index(text)


def _unfit(field: str, code: str, message: str) -> InvalidError:
    return InvalidError(message, code="bad_schedule", fields=((field, code),))
