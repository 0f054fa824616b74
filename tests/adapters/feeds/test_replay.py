"""A replay's cursor: never a bar too many, however unevenly time is handed to it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphaloop.adapters.feeds.replay import Cursor, ReplayStatus, advance, checked_speed, due_bars
from alphaloop.core.errors import InvalidError

PLAYING = ReplayStatus.PLAYING


@given(
    total=st.integers(0, 500),
    speed=st.floats(0.01, 1000),
    waits=st.lists(st.floats(0, 3), max_size=60),
)
def test_bars_shown_follow_time_however_it_is_cut(total: int, speed: float, waits: list[float]) -> None:
    cursor, owed, spent = Cursor(0, total, speed, PLAYING), 0.0, 0.0
    for wait in waits:
        spent += wait
        bars, owed = due_bars(cursor, wait, owed)
        cursor = advance(cursor, bars)
        assert 0 <= owed < 1
        assert abs(cursor.done - min(total, spent * speed)) <= 1 + 1e-6 * spent * speed
    assert cursor.status is (ReplayStatus.ENDED if cursor.done >= total and waits else PLAYING) or total == 0


@given(done=st.integers(0, 50), left=st.integers(1, 50), elapsed=st.floats(0, 1e6))
def test_as_fast_as_possible_means_everything_that_is_left(done: int, left: int, elapsed: float) -> None:
    cursor = Cursor(done, done + left, 0, PLAYING)
    assert due_bars(cursor, elapsed) == (left, 0.0)
    assert advance(cursor, left).status is ReplayStatus.ENDED


@pytest.mark.parametrize("status", [ReplayStatus.PAUSED, ReplayStatus.ENDED])
def test_a_replay_that_does_not_play_owes_nothing(status: ReplayStatus) -> None:
    assert due_bars(Cursor(3, 10, 50.0, status), 100.0, 0.9) == (0, 0.0)


def test_stepping_keeps_a_pause_and_the_last_step_ends_it() -> None:
    cursor = advance(Cursor(8, 10, 1.0, ReplayStatus.PAUSED), 1)
    assert (cursor.done, cursor.status) == (9, ReplayStatus.PAUSED)
    assert advance(cursor, 5) == Cursor(10, 10, 1.0, ReplayStatus.ENDED)


@pytest.mark.parametrize("speed", [-1.0, 0.001, 100_001.0, float("nan"), float("inf")])
def test_speeds_that_make_no_sense_are_refused(speed: float) -> None:
    with pytest.raises(InvalidError):
        checked_speed(speed)
