"""Levels linked by closing times, and nested points, held against a slow reading of the tables at every bar."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaloop.kernels.chan import POINT_KINDS, ChanState, config_named
from alphaloop.kernels.chan.layout import POINT_I, Q_IDX, Q_KIND
from alphaloop.kernels.chan.nesting import STAGES, Level, lines_of, links, nested_points, rows_inside
from alphaloop.kernels.chan.nesting_asof import NESTED, ClosedBars, NestedAsof, nested_asof, newest_of
from alphaloop.kernels.chan.tables import ChanTables
from tests.kernels.chan.series import MINUTE_MS, Bars, random_bars

STRICT = config_named("CN-STRICT-1")
CODES = {name: code for code, name in POINT_KINDS.items()}


def closed(bars: Bars, ratio: int) -> ClosedBars:
    """The bars joined `ratio` at a time by the clock; groups without a bar are absent, an unfinished one is dropped."""
    group = bars.ts_ms // (ratio * MINUTE_MS)
    first = np.flatnonzero(np.r_[True, group[1:] != group[:-1]])
    last = np.r_[first[1:], len(group)] - 1
    ends = (group[first] + 1) * ratio * MINUTE_MS
    whole = ends <= bars.ts_ms[-1] + MINUTE_MS
    made = (
        group[first] * ratio * MINUTE_MS,
        bars.open[first],
        np.maximum.reduceat(bars.high, first),
        np.minimum.reduceat(bars.low, first),
        bars.close[last],
        np.add.reduceat(bars.volume, first),
        ends,
    )
    return ClosedBars(*(column[whole] for column in made))


def with_gaps(bars: Bars, seed: int) -> Bars:
    """The same prices with a tenth of the bars missing and a break of some hours after every 240 that are left."""
    kept = np.flatnonzero(np.random.default_rng(seed).random(len(bars.ts_ms)) < 0.9)
    ts = bars.ts_ms[kept] + np.arange(len(kept)) // 240 * 300 * MINUTE_MS
    return Bars(ts, *(column[kept] for column in bars[1:]))


def level(bars: ClosedBars, count: int | None = None) -> Level:
    state = ChanState(STRICT)
    state.extend(*(column[:count] for column in bars[:6]))
    return Level(state.tables(), bars.close_ts[:count])


def known_rows(bars: ClosedBars, base: ClosedBars) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.searchsorted(bars.close_ts, base.close_ts, side="right") - 1


def home_of(lower: Level, higher: Level) -> list[int]:
    """The higher bar in which each lower bar closes, found bar by bar."""
    homes, h = [], 0
    for ts in lower.close_ts.tolist():
        while h < len(higher.close_ts) and higher.close_ts[h] < ts:
            h += 1
        homes.append(h)
    return homes


def slow_links(higher: Level, lower: Level, lines: int) -> list[tuple[int, int]]:
    homes, made = home_of(lower, higher), []
    for one in lines_of(higher.tables, lines):
        inside = [
            n
            for n, other in enumerate(lines_of(lower.tables, lines))
            if homes[other["start_idx"]] >= one["start_idx"] and homes[other["end_idx"]] <= one["end_idx"]
        ]
        made.append((inside[0], inside[-1]) if inside else (-1, -1))
    return made


def slow_newest(levels: list[Level], lines: int) -> tuple[float, ...]:
    """What `NestedAsof.read` promises, read off whole tables with plain loops."""
    point = furthest(levels[0].tables, lines, range(len(levels[0].tables.points[lines])))
    for above, below in pairwise(levels):
        if point is None:
            break
        line = lines_of(above.tables, lines)[above.tables.points[lines][point]["line"]]
        side = above.tables.points[lines][point]["kind"][0]
        homes = home_of(below, above)
        inside = [
            n
            for n, other in enumerate(below.tables.points[lines])
            if other["kind"][0] == side and line["start_idx"] <= homes[other["idx"]] <= line["end_idx"]
        ]
        point = furthest(below.tables, lines, inside)
    if point is None:
        return (float("nan"),) * len(NESTED)
    last = levels[-1]
    row = last.tables.points[lines][point]
    settled = lines_of(last.tables, lines)[row["line"]]["final_at"] >= 0
    age = len(last.close_ts) - 1 - row["known_at"]
    return CODES[str(row["kind"])], row["price"], age, float(row["sure"]), float(settled)


def furthest(tables: ChanTables, lines: int, rows: object) -> int | None:
    best = None
    for n in rows:  # type: ignore[attr-defined]
        if best is None or tables.points[lines][n]["idx"] > tables.points[lines][best]["idx"]:
            best = n
    return best


def test_a_lower_bar_belongs_to_the_higher_bar_in_which_it_closes() -> None:
    hour = np.array([60, 120, 240])  # the third hour has no bar
    quarter = np.array([15, 30, 60, 75, 120, 195, 240, 255])
    first, last = rows_inside(hour, quarter, np.array([0, 1, 2, 0]), np.array([0, 1, 2, 2]))
    assert list(zip(first.tolist(), last.tolist(), strict=True)) == [(0, 2), (3, 4), (5, 6), (0, 6)]


def test_a_higher_bar_without_lower_bars_has_none_inside() -> None:
    first, last = rows_inside(np.array([60, 120, 180]), np.array([60, 180]), np.array([1]), np.array([1]))
    assert last[0] < first[0]


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1), ratio=st.sampled_from([2, 5, 8]), gaps=st.booleans(), lines=st.sampled_from([0, 1])
)
def test_each_line_is_linked_to_the_lower_lines_inside_it(seed: int, ratio: int, gaps: bool, lines: int) -> None:
    bars = random_bars(2_500, seed)
    bars = with_gaps(bars, seed) if gaps else bars
    higher, lower = level(closed(bars, ratio)), level(closed(bars, 1))
    found = links(higher.tables, higher.close_ts, lower.tables, lower.close_ts, lines=lines)
    assert found["line"].tolist() == list(range(len(lines_of(higher.tables, lines))))
    pairs = list(zip(found["first_line"].tolist(), found["last_line"].tolist(), strict=True))
    assert pairs == slow_links(higher, lower, lines)


def test_the_points_that_confirm_a_point_are_those_of_its_side_inside_its_last_stroke() -> None:
    bars = random_bars(80_000, 3)
    levels = [level(closed(bars, ratio)) for ratio in (12, 4, 1)]
    top, homes = levels[0].tables, home_of(levels[1], levels[0])
    answers = [nested_points(levels, n) for n in range(len(top.points[0]))]
    assert sum(len(rows) > 0 for rows in answers) > 5
    for n, rows in enumerate(answers):
        assert set(rows["level"].tolist()) <= {1, 2}
        for number, row in enumerate(rows):
            above, below = levels[row["level"] - 1], levels[row["level"]]
            parent = top.points[0][n] if row["of"] < 0 else above.tables.points[0][rows["n"][row["of"]]]
            assert row["of"] < number
            assert (row["of"] < 0) == (row["level"] == 1)
            point, line = below.tables.points[0][row["n"]], above.tables.strokes[parent["line"]]
            begins = above.close_ts[line["start_idx"] - 1] if line["start_idx"] > 0 else 0
            assert begins < row["ts"] <= above.close_ts[line["end_idx"]]
            assert row["kind"][0] == parent["kind"][0]
            assert (row["kind"], row["idx"], row["price"]) == (point["kind"], point["idx"], point["price"])
            assert row["known_ts"] == below.close_ts[point["known_at"]] >= row["ts"]
            stage = 2 if below.tables.strokes[point["line"]]["final_at"] >= 0 else int(point["sure"])
            assert row["stage"] == STAGES[stage]
        # And none is missing: every point of the middle level is listed or lies outside.
        line = top.strokes[top.points[0][n]["line"]]
        side = top.points[0][n]["kind"][0]
        inside = [
            m
            for m, point in enumerate(levels[1].tables.points[0])
            if point["kind"][0] == side and line["start_idx"] <= homes[point["idx"]] <= line["end_idx"]
        ]
        assert rows["n"][rows["level"] == 1].tolist() == inside


def test_a_point_that_is_not_there_cannot_be_asked_about() -> None:
    empty = level(closed(random_bars(20, 1), 1))
    with pytest.raises(IndexError):
        nested_points([empty, empty], 0)


def test_the_newest_point_is_the_one_furthest_right_whatever_its_row() -> None:
    rows = np.zeros((5, POINT_I), np.int64)
    rows[:, Q_IDX], rows[:, Q_KIND] = [10, 40, 30, 40, 90], [1, 2, 1, 4, -1]
    assert newest_of(rows, 0, 5, 1, 0, 100, -1) == 1
    assert newest_of(rows, 0, 5, 1, 0, 39, -1) == 2
    assert newest_of(rows, 0, 5, -1, 0, 100, -1) == 4
    assert newest_of(rows, 0, 5, -1, 0, 80, -1) == -1


@pytest.mark.parametrize(("seed", "ratios", "lines"), [(11, (6, 1), 0), (12, (8, 3, 1), 0), (13, (4, 1), 1)])
@pytest.mark.parametrize("gaps", [False, True])
def test_every_row_says_what_the_tables_showed_at_that_bar(
    seed: int, ratios: tuple[int, ...], lines: int, gaps: bool
) -> None:
    bars = random_bars(8_000, seed)
    bars = with_gaps(bars, seed) if gaps else bars
    feeds = [closed(bars, ratio) for ratio in ratios]
    asof = np.stack([known_rows(feed, feeds[-1]) for feed in feeds], axis=1)
    columns = nested_asof(feeds, asof, STRICT, lines=lines)
    said = 0
    for t in range(500, len(asof), 83):
        levels = [level(feed, int(last) + 1) for feed, last in zip(feeds, asof[t], strict=True)]
        expected = slow_newest(levels, lines)
        np.testing.assert_array_equal([columns[name][t] for name in NESTED], expected, err_msg=f"row {t}")
        said += not np.isnan(expected[0])
    assert said >= 3


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), share=st.floats(0.05, 1.0), gaps=st.booleans())
def test_rows_of_a_prefix_are_the_prefix_of_the_rows_and_bar_by_bar_is_the_batch(
    seed: int, share: float, gaps: bool
) -> None:
    bars = random_bars(1_500, seed)
    bars = with_gaps(bars, seed) if gaps else bars
    cut = max(1, int(len(bars.ts_ms) * share))
    whole, part = ([closed(some, ratio) for ratio in (5, 1)] for some in (bars, bars.part(0, cut)))
    full, early = (
        nested_asof(feeds, np.stack([known_rows(feed, feeds[-1]) for feed in feeds], axis=1), STRICT)
        for feeds in (whole, part)
    )
    live, taken = NestedAsof(2, STRICT), [0, 0]
    for t, now in enumerate(whole[-1].close_ts.tolist()):
        for place, feed in reversed(list(enumerate(whole))):
            while taken[place] < len(feed.close_ts) and feed.close_ts[taken[place]] <= now:
                row = [column[taken[place]].item() for column in feed]
                live.step(place, tuple(row[:6]), close_ts=row[6])
                taken[place] += 1
        np.testing.assert_array_equal([full[name][t] for name in NESTED], live.read())
    for name in NESTED:
        np.testing.assert_array_equal(early[name], full[name][:cut])
