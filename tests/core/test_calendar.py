"""Trading days, half days, auctions and nights; a date that nobody has recorded is never guessed."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from alphaloop.core.bar import Timeframe
from alphaloop.core.calendar import find_calendar
from alphaloop.core.clock import from_ms, to_ms
from alphaloop.core.errors import InvalidError


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("key", "day", "trades"),
    [
        ("XSHG", date(2024, 2, 12), False),  # spring festival
        ("XSHE", date(2024, 10, 8), True),  # the first day after the national holiday
        ("XSHG", date(2024, 9, 29), False),  # a Sunday that offices worked
        ("XHKG", date(2024, 7, 1), False),
        ("XNYS", date(2024, 7, 4), False),
        ("XNAS", date(2024, 7, 3), True),
        ("CMES", date(2024, 12, 25), False),
    ],
)
def test_holidays_are_known_by_name(key: str, day: date, trades: bool) -> None:
    assert find_calendar(key).is_session_date(day) is trades


def test_a_date_outside_the_record_is_an_error_and_not_a_guess() -> None:
    calendar = find_calendar("XSHG")
    with pytest.raises(InvalidError, match="1990-12-03 to 20") as refused:
        calendar.is_session_date(date(2080, 1, 2))
    assert refused.value.code == "calendar_date_unknown"
    with pytest.raises(InvalidError):
        calendar.is_open(at("2080-01-02T10:00+08:00"))
    # What a bar's end is does not depend on it: the bar is there.
    assert calendar.close_ms(to_ms(at("2080-01-02T00:00+00:00")), Timeframe.D1) > 0


def test_a_half_day_ends_early_for_bars_and_for_orders() -> None:
    calendar = find_calendar("XNYS")
    assert calendar.early_close(date(2024, 7, 3)) == time(13)
    assert calendar.is_open(at("2024-07-03T12:59-04:00"))
    assert not calendar.is_open(at("2024-07-03T13:00-04:00"))
    assert from_ms(calendar.close_ms(to_ms(at("2024-07-03T00:00+00:00")), Timeframe.D1)) == at("2024-07-03T13:00-04:00")
    assert from_ms(calendar.close_ms(to_ms(at("2024-07-03T12:30-04:00")), Timeframe.H1)) == at("2024-07-03T13:00-04:00")


def test_auctions_take_orders_but_are_not_open() -> None:
    calendar = find_calendar("XSHG")
    for text, auction, trading in (("09:20", True, False), ("09:27", False, False), ("09:31", False, True)):
        moment = at(f"2024-05-06T{text}+08:00")
        assert (calendar.in_auction(moment), calendar.is_open(moment)) == (auction, trading)
    assert not calendar.in_auction(at("2024-05-01T09:20+08:00"))


@pytest.mark.parametrize(
    ("text", "day", "trading"),
    [
        ("2024-09-26T21:30", date(2024, 9, 27), True),
        ("2024-09-27T21:30", date(2024, 9, 30), True),  # Friday evening is Monday's session
        ("2024-09-28T01:00", date(2024, 9, 30), True),
        ("2024-09-30T21:30", date(2024, 10, 8), False),  # a holiday takes the night before it away
        ("2024-10-08T09:30", date(2024, 10, 8), True),
        ("2024-10-08T10:20", date(2024, 10, 8), False),
    ],
)
def test_a_night_belongs_to_the_next_trading_day(text: str, day: date, trading: bool) -> None:
    calendar, moment = find_calendar("CN-0230"), at(text + "+08:00")
    assert (calendar.session_date(moment), calendar.is_open(moment)) == (day, trading)


def test_chicago_opens_on_sunday_evening_for_monday() -> None:
    calendar = find_calendar("CMES")
    assert calendar.session_date(at("2024-07-07T17:30-05:00")) == date(2024, 7, 8)
    assert calendar.is_open(at("2024-07-07T17:30-05:00"))
    assert not calendar.is_open(at("2024-07-08T16:30-05:00"))


@pytest.mark.parametrize("key", ["CMES", "FX"])
@pytest.mark.parametrize(
    ("text", "trading"),
    [
        ("2024-07-05T15:30", True),  # Friday
        ("2024-07-05T17:30", False),
        ("2024-07-06T10:00", False),
        ("2024-07-07T10:00", False),
        ("2024-07-07T18:30", True),  # Sunday evening, Monday's session
    ],
)
def test_a_week_that_begins_on_sunday_evening_is_shut_from_friday_on(key: str, text: str, trading: bool) -> None:
    calendar = find_calendar(key)
    moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(calendar.zone))
    assert calendar.is_open(moment) is trading


@pytest.mark.parametrize(
    ("text", "day", "closes"),
    [
        ("2024-07-03T16:59", date(2024, 7, 3), "2024-07-03T21:00+00:00"),
        ("2024-07-03T17:00", date(2024, 7, 4), "2024-07-04T21:00+00:00"),
        ("2024-07-05T17:30", date(2024, 7, 8), "2024-07-08T21:00+00:00"),
        ("2024-01-15T12:00", date(2024, 1, 15), "2024-01-15T22:00+00:00"),  # winter time
    ],
)
def test_a_day_of_currencies_ends_in_the_new_york_afternoon(text: str, day: date, closes: str) -> None:
    calendar = find_calendar("FX")
    assert calendar.session_date(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("America/New_York"))) == day
    midnight = to_ms(datetime.combine(day, datetime.min.time(), UTC))
    assert calendar.close_ms(midnight, Timeframe.D1) == to_ms(at(closes))


def test_four_hours_of_currencies_are_counted_from_the_new_york_close() -> None:
    calendar = find_calendar("FX")
    opened = to_ms(at("2024-07-03T17:00-04:00"))
    assert calendar.close_ms(opened, Timeframe.H4) == opened + 4 * 3_600_000
    assert calendar.close_ms(opened + 20 * 3_600_000, Timeframe.H4) == to_ms(at("2024-07-04T17:00-04:00"))


def test_an_exchange_that_is_recorded_has_its_hours_and_days() -> None:
    tokyo = find_calendar("XTKS")
    assert (tokyo.zone, len(tokyo.sessions)) == ("Asia/Tokyo", 2)
    assert not tokyo.is_session_date(date(2024, 1, 2))
    assert tokyo.is_open(at("2024-01-04T10:00+09:00"))
    assert not tokyo.is_open(at("2024-01-04T12:00+09:00"))
    assert find_calendar("XEUR").is_open(at("2024-01-04T21:30+01:00"))
    assert not find_calendar("XLME").is_session_date(date(2024, 8, 26))  # a public holiday in London


@pytest.mark.parametrize("key", ["", "XABC", "NOPE", "xlon", "CMEX"])
def test_no_calendar_is_a_typed_refusal(key: str) -> None:
    with pytest.raises(InvalidError) as refused:
        find_calendar(key)
    assert refused.value.code == "unknown_calendar"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2024-05-06T10:00", date(2024, 5, 6)),
        ("2024-05-06T12:00", date(2024, 5, 6)),  # the midday break
        ("2024-05-06T15:00", date(2024, 5, 7)),
        ("2024-04-30T15:00", date(2024, 5, 6)),  # over the May holiday
        ("2024-05-01T10:00", date(2024, 5, 6)),
    ],
)
def test_an_order_trades_in_the_session_that_is_not_over(text: str, day: date) -> None:
    assert find_calendar("XSHG").trading_day(at(text + "+08:00")) == day


def test_neighbouring_sessions_step_over_holidays() -> None:
    calendar = find_calendar("XSHG")
    assert calendar.next_session(date(2024, 4, 30)) == date(2024, 5, 6)
    assert calendar.previous_session(date(2024, 5, 6)) == date(2024, 4, 30)
    assert find_calendar("24x7").next_session(date(2024, 4, 30)) == date(2024, 5, 1)
