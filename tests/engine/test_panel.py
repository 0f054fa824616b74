"""Panels hold what was known and nothing more."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaloop.core.bar import Timeframe
from alphaloop.core.clock import from_ms
from alphaloop.core.errors import InvalidError
from alphaloop.engine.panel import Series, buckets, cut, make_panel, make_series

HOUR = 3_600_000
NAN = float("nan")


def series(name: str, hours: list[int], start: float = 10.0) -> Series:
    close = start + np.arange(len(hours), dtype=float)
    return make_series(
        name,
        np.array(hours) * HOUR,
        close,
        close + 1,
        close - 1,
        close,
        np.ones(len(hours)),
        close_ms=(np.array(hours) + 1) * HOUR,
    )


def test_rows_are_the_union_of_times_and_absent_bars_are_nan() -> None:
    panel = make_panel([series("A", [0, 1, 3]), series("B", [1, 2])], start=1)
    assert (panel.ts_ms // HOUR).tolist() == [0, 1, 2, 3]
    np.testing.assert_array_equal(panel.close, [[10, NAN], [11, 10], [NAN, 11], [12, NAN]])
    assert panel.member.tolist() == [[False, False], [True, True], [False, True], [True, False]]


def test_a_higher_bar_is_seen_only_once_it_has_closed() -> None:
    panel = make_panel(series("A", list(range(9))))
    higher = panel.tf("4h")
    assert higher.close[:, 0].tolist() == [13, 17, 18]
    assert higher.high[:, 0].tolist() == [14, 18, 19]
    assert higher.open[:, 0].tolist() == [10, 14, 18]
    assert higher.volume[:, 0].tolist() == [4, 4, 1]
    assert higher.asof.tolist() == [-1, -1, -1, 0, 0, 0, 0, 1, 1]


@given(st.sets(st.integers(0, 400), min_size=1), st.sampled_from(["4h", "1d", "1w", "1M"]), st.integers(1, 400))
@settings(max_examples=100, deadline=None)
def test_higher_bars_of_a_prefix_are_a_prefix(hours: set[int], timeframe: str, rows: int) -> None:
    panel = make_panel(series("A", sorted(hours)))
    part = cut(panel, min(rows, len(panel.ts_ms)))
    full, early = panel.tf(timeframe), part.tf(timeframe)
    assert early.asof.tolist() == full.asof[: len(part.ts_ms)].tolist()
    seen = int(early.asof[-1]) + 1
    np.testing.assert_array_equal(early.close[:seen], full.close[:seen])
    np.testing.assert_array_equal(early.high[:seen], full.high[:seen])
    assert np.all(full.close_ms[early.asof[early.asof >= 0]] <= part.close_ms[early.asof >= 0])


@given(st.integers(0, 4 * 10**12), st.sampled_from(list(Timeframe)))
def test_buckets_contain_their_times_and_begin_where_calendars_say(ts: int, timeframe: Timeframe) -> None:
    starts, ends = buckets(np.array([ts]), timeframe)
    assert starts[0] <= ts < ends[0]
    began = from_ms(int(starts[0]))
    if timeframe is Timeframe.W1:
        assert began.isoweekday() == 1
    if timeframe is Timeframe.MO1:
        assert (began.day, began.hour) == (1, 0)


@pytest.mark.parametrize(
    ("changes", "row", "reason"),
    [
        ({"ts": [0, 2, 2]}, 2, "does not come after"),
        ({"open": [10, NAN, 10]}, 1, "not positive"),
        ({"low": [10, 0, 10]}, 1, "not positive"),
        ({"high": [10, 9, 10]}, 1, "do not contain"),
        ({"low": [10, 11, 10]}, 1, "do not contain"),
        ({"close": [float("inf"), 10, 10]}, 0, "not positive"),
        ({"volume": [1, -1, 1]}, 1, "volume"),
        ({"volume": [1, 1, NAN]}, 2, "volume"),
    ],
)
def test_a_broken_row_is_named(changes: dict[str, list[float]], row: int, reason: str) -> None:
    columns: dict[str, list[float]] = {name: [10, 10, 10] for name in ("open", "high", "low", "close")}
    columns |= {"ts": [0, 1, 2], "volume": [1, 1, 1]} | changes
    arrays = [np.array(columns[name], dtype=float) for name in ("open", "high", "low", "close", "volume")]
    with pytest.raises(InvalidError, match=reason) as refused:
        make_series("A", np.array(columns["ts"]), *arrays)
    assert refused.value.fields == ((f"row {row}", "bad_bar"),)


def test_no_bars_unequal_columns_and_repeated_names_are_refused() -> None:
    empty = np.empty(0)
    with pytest.raises(InvalidError, match="no bars"):
        make_series("A", empty.astype(np.int64), empty, empty, empty, empty, empty)
    one = np.ones(1)
    with pytest.raises(InvalidError):
        make_series("A", np.array([0, 1]), one, one, one, one, one)
    with pytest.raises(InvalidError):
        make_panel([series("A", [0]), series("A", [1])])
    with pytest.raises(InvalidError):
        make_panel(series("A", [0]), start=2)
