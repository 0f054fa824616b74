"""Parameters fit their form or are refused by name; schedules are due when cron and the calendar say so."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaloop.core.errors import InvalidError
from alphaloop.features.catalog.rules import Timing, check_params, check_timing, config_hash, newest_due
from alphaloop.features.catalog.schemas import Label, ParamView

WORD = Label(zh="x", en="x")
FORM = [
    ParamView(name="fast", type="int", default=10, low=2, high=50, label=WORD),
    ParamView(name="width", type="float", default=2.0, low=0.5, high=4, label=WORD),
    ParamView(name="mode", type="choice", default="a", choices=["a", "b"], label=WORD),
    ParamView(name="levels", type="text", default="30m", pattern="[0-9]+m", label=WORD),
    ParamView(name="trail", type="bool", default=False, label=WORD),
]


def test_what_fits_the_form_is_taken_with_its_types() -> None:
    given = {"fast": 5.0, "width": 3, "mode": "b", "levels": "5m", "trail": True}
    taken = check_params(FORM, given)
    assert taken == {"fast": 5, "width": 3.0, "mode": "b", "levels": "5m", "trail": True}
    assert (type(taken["fast"]), type(taken["width"])) == (int, float)


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"slow": 1}, "params", "unknown_parameter"),
        ({"fast": 51}, "fast", "out_of_bounds"),
        ({"fast": 2.5}, "fast", "not_an_integer"),
        ({"fast": True}, "fast", "not_a_number"),
        ({"width": float("nan")}, "width", "not_a_number"),
        ({"width": "2"}, "width", "not_a_number"),
        ({"mode": "c"}, "mode", "not_a_choice"),
        ({"mode": 1}, "mode", "not_a_text"),
        ({"levels": "1h"}, "levels", "bad_format"),
        ({"trail": 1}, "trail", "not_a_switch"),
    ],
)
def test_what_does_not_fit_is_refused_by_field(given: dict[str, Any], field: str, code: str) -> None:
    with pytest.raises(InvalidError) as refused:
        check_params(FORM, given)
    assert refused.value.fields == ((field, code),)


def test_the_same_parameters_have_the_same_name_in_any_order() -> None:
    assert config_hash({"a": 1, "b": 2.5}) == config_hash({"b": 2.5, "a": 1}) != config_hash({"a": 1, "b": 2.6})


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def due(cron: str | None, after: str, now: str, **more: Any) -> datetime | None:
    timing = Timing(cron, more.get("zone", "UTC"), more.get("calendar"), more.get("minutes"))
    return newest_due(check_timing(timing), after=at(after), now=at(now))


def test_a_cron_line_is_read_in_its_own_time_zone() -> None:
    found = due("35 15 * * *", "2026-01-05T00:00", "2026-01-05T07:40", zone="Asia/Shanghai")
    assert found == at("2026-01-05T07:35")
    assert due("35 15 * * *", "2026-01-05T07:35", "2026-01-05T23:00", zone="Asia/Shanghai") is None


def test_however_many_moments_were_missed_the_newest_is_due_once() -> None:
    assert due("0 * * * *", "2025-12-01T00:00", "2026-01-05T12:30") == at("2026-01-05T12:00")
    assert due("0 0 1 * *", "2025-06-01T00:00", "2026-01-05T12:30") == at("2026-01-01T00:00")
    assert due("0 0 29 2 *", "2026-01-01T00:00", "2026-03-05T12:30") is None


@pytest.mark.parametrize("field", ["0", "7", "sun", "7-7", "sun-sun"])
def test_weekdays_are_counted_from_sunday_as_cron_does(field: str) -> None:
    # 2026-01-04 was a Sunday.
    assert due(f"0 9 * * {field}", "2026-01-01T00:00", "2026-01-09T00:00") == at("2026-01-04T09:00")


@pytest.mark.parametrize(
    ("field", "newest"),
    [
        ("1-5", "2026-01-09"),
        ("0-4", "2026-01-08"),
        ("fri-mon", "2026-01-10"),
        ("*/2", "2026-01-10"),
        ("0-7", "2026-01-10"),
    ],
)
def test_ranges_of_weekdays_may_begin_on_a_sunday_or_run_over_the_weekend(field: str, newest: str) -> None:
    assert due(f"0 9 * * {field}", "2026-01-01T00:00", "2026-01-10T23:00") == at(f"{newest}T09:00")


def test_a_cron_line_with_a_calendar_counts_on_session_days_only() -> None:
    # 2026-01-01 and the weekend after it were no sessions in New York.
    found = due("0 12 * * *", "2025-12-31T18:00", "2026-01-04T23:00", zone="America/New_York", calendar="XNYS")
    assert found == at("2026-01-02T17:00")
    found = due("0 12 * * *", "2025-12-31T18:00", "2026-01-01T23:00", zone="America/New_York", calendar="XNYS")
    assert found is None


def test_minutes_after_the_close_follow_the_calendar_into_early_closes() -> None:
    # The day after Thanksgiving 2025 ended at 13:00 in New York.
    assert due(None, "2025-11-27T00:00", "2025-11-30T00:00", calendar="XNYS", minutes=5) == at("2025-11-28T18:05")
    assert due(None, "2025-11-26T00:00", "2025-11-28T00:00", calendar="XNYS", minutes=5) == at("2025-11-26T21:05")
    assert due(None, "2025-11-28T18:05", "2025-11-30T00:00", calendar="XNYS", minutes=5) is None
    assert due(None, "2026-01-04T12:00", "2026-01-05T00:30", calendar="24x7", minutes=30) == at("2026-01-05T00:30")


@pytest.mark.parametrize(
    ("timing", "field"),
    [
        (Timing(None, "UTC", None, None), "cron"),
        (Timing("0 0 * * *", "UTC", "XNYS", 5), "cron"),
        (Timing("0 0 * *", "UTC", None, None), "cron"),
        (Timing("61 0 * * *", "UTC", None, None), "cron"),
        (Timing("0 0 * * 8", "UTC", None, None), "cron"),
        (Timing("*/0 * * * *", "UTC", None, None), "cron"),
        (Timing("0 0 31 2 *", "UTC", None, None), "cron"),
        (Timing("0 0 * * someday", "UTC", None, None), "cron"),
        (Timing("0 0 * * *", "Mars/Olympus", None, None), "zone"),
        (Timing("0 0 * * *", "../etc/passwd", None, None), "zone"),
        (Timing(None, "UTC", None, 5), "calendar"),
    ],
)
def test_a_schedule_that_cannot_be_served_is_refused_by_field(timing: Timing, field: str) -> None:
    with pytest.raises(InvalidError) as refused:
        check_timing(timing)
    assert refused.value.fields[0][0] == field


@settings(max_examples=60, deadline=None)
@given(
    minutes=st.integers(0, 60 * 24 * 30),
    gap=st.integers(1, 60 * 24 * 12),
    cron=st.sampled_from(["*/7 * * * *", "15 3 * * *", "0 9 * * 1-5", "0 0 1,15 * *"]),
)
def test_asking_in_steps_serves_the_moments_that_asking_at_once_serves(minutes: int, gap: int, cron: str) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    timing, end = Timing(cron, "UTC", None, None), start + timedelta(minutes=gap)
    middle = start + timedelta(minutes=gap // 2)
    first, second = newest_due(timing, after=start, now=middle), newest_due(timing, after=middle, now=end)
    assert newest_due(timing, after=start, now=end) == (second or first)


NEW_YORK = "America/New_York"


@pytest.mark.parametrize(
    ("cron", "zone", "begin", "served"),
    [
        # 02:30 is left out on the eighth of March and comes an hour later; 01:30 comes twice on the first of November.
        ("30 2 * * *", NEW_YORK, datetime(2026, 3, 7, 12, tzinfo=UTC), ["08T07:30", "09T06:30"]),
        ("30 1 * * *", NEW_YORK, datetime(2026, 10, 31, 12, tzinfo=UTC), ["01T05:30", "02T06:30"]),
        ("0 2 * * sun", "Australia/Lord_Howe", datetime(2026, 4, 4, 0, tzinfo=UTC), ["04T15:30"]),
        ("0 */8 29 2 *", NEW_YORK, datetime(2028, 2, 28, tzinfo=UTC), ["29T05:00", "29T13:00", "29T21:00"]),
        ("0 0 1 1 *", "Asia/Shanghai", datetime(2026, 12, 31, tzinfo=UTC), ["31T16:00"]),
    ],
)
def test_nights_in_which_clocks_are_put_hold_nobody_up_and_serve_each_moment_once(
    cron: str, zone: str, begin: datetime, served: list[str]
) -> None:
    timing, after, now, found = Timing(cron, zone, None, None), begin, begin, []
    for _ in range(48 * 4):
        now += timedelta(minutes=15)
        due = newest_due(timing, after=after, now=now)
        if due is not None:
            found.append(due.strftime("%dT%H:%M"))
            after = due
            # A clock that goes back asks for nothing twice.
            assert newest_due(timing, after=after, now=now - timedelta(hours=1)) is None
    assert found == served


@pytest.mark.parametrize("begin", [datetime(2026, 3, 8, 4, tzinfo=UTC), datetime(2026, 11, 1, 4, tzinfo=UTC)])
def test_what_names_no_hour_is_due_in_every_hour_also_in_those_nights(begin: datetime) -> None:
    timing = Timing("15 * * * *", NEW_YORK, None, None)
    for hour in range(8):
        now = begin + timedelta(hours=hour, minutes=20)
        assert newest_due(timing, after=now - timedelta(minutes=30), now=now) == now - timedelta(minutes=5)
