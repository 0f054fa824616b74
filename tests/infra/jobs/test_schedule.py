"""When a periodic job is due."""

from datetime import UTC, datetime

import pytest

from alphaloop.infra.jobs.schedule import Schedule


@pytest.mark.parametrize(
    ("now", "due"),
    [
        # 16:30 in New York is 20:30 UTC in summer and 21:30 in winter.
        (datetime(2026, 7, 1, 20, 29, 59, tzinfo=UTC), None),
        (datetime(2026, 7, 1, 20, 30, tzinfo=UTC), datetime(2026, 7, 1, 20, 30, tzinfo=UTC)),
        (datetime(2026, 1, 5, 21, 45, tzinfo=UTC), datetime(2026, 1, 5, 21, 30, tzinfo=UTC)),
        (datetime(2026, 1, 5, 20, 45, tzinfo=UTC), None),
    ],
)
def test_a_daily_job_keeps_to_its_own_zone_through_the_seasons(now: datetime, due: datetime | None) -> None:
    assert Schedule("30 16 * * *", "America/New_York").latest(now) == due


def test_of_several_missed_moments_only_the_newest_counts() -> None:
    now = datetime(2026, 1, 5, 12, 7, tzinfo=UTC)
    assert Schedule("*/5 * * * *").latest(now) == datetime(2026, 1, 5, 12, 5, tzinfo=UTC)


def test_what_was_due_more_than_an_hour_ago_is_not_made_up_for() -> None:
    assert Schedule("0 3 * * *").latest(datetime(2026, 1, 5, 4, 1, tzinfo=UTC)) is None
