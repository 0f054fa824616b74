from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from alphaloop.kernels.chan import ChanState, ChanTables, config_named
from tests.kernels.chan.series import Bars, any_bars, bars_through, random_bars

ALONE = replace(config_named("CN-STRICT-1"), name="alone", pivot_rule="alone")


def analysed(bars: Bars) -> ChanTables:
    state = ChanState(ALONE)
    state.extend(*bars)
    return state.tables()


def kinds(tables: ChanTables) -> list[tuple[str, float]]:
    return [(str(point["kind"]), round(float(point["price"]), 1)) for point in tables.points[0]]


FALL = (145, 150, (120, 8), 130, 122, 129)
"""Down fast to 120, then a pivot of 122..129 or so; what follows leaves it."""


def test_a_slow_new_low_below_the_pivot_is_a_first_buy_with_its_ratio() -> None:
    tables = analysed(bars_through(*FALL, (119, 30), 121))
    (point,) = [p for p in tables.points[0] if p["kind"] == "B1"]
    assert point["price"] == pytest.approx(118.9)
    assert 0.0 < point["ratio"] <= 0.9
    assert point["pivot"] == 0


def test_an_equally_fast_new_low_is_no_first_buy() -> None:
    tables = analysed(bars_through(*FALL, (90, 10), 92))
    assert not [p for p in tables.points[0] if p["kind"] == "B1"]


def test_a_leave_that_does_not_pass_the_pivots_low_is_no_first_buy() -> None:
    tables = analysed(bars_through(*FALL, (121, 30), 123))
    assert not [p for p in tables.points[0] if p["kind"] == "B1"]


def test_the_next_low_that_holds_is_a_second_buy() -> None:
    assert ("B2", 119.9) in kinds(analysed(bars_through(*FALL, (119, 30), 124, 120, 122)))


def test_a_next_low_at_the_same_price_is_a_second_buy() -> None:
    assert ("B2", 118.9) in kinds(analysed(bars_through(*FALL, (119, 30), 124, 119, 121)))


def test_a_next_low_that_breaks_is_no_second_buy() -> None:
    assert "B2" not in [kind for kind, _ in kinds(analysed(bars_through(*FALL, (119, 30), 124, 117, 119)))]


def test_a_pull_back_that_stays_above_the_pivot_is_a_third_buy() -> None:
    tables = analysed(bars_through(100, 90, 120, 100, 115, 105, 140, 125, 127))
    assert kinds(tables) == [("B3a", 124.9)]
    assert np.isnan(tables.points[0]["ratio"][0])


def test_only_the_first_pull_back_is_a_third_buy() -> None:
    tables = analysed(bars_through(100, 90, 120, 100, 115, 105, 140, 125, 170, 150, 152))
    assert [kind for kind, _ in kinds(tables)] == ["B3a"]


def test_a_pull_up_that_stays_below_the_pivot_is_a_third_sell() -> None:
    assert kinds(analysed(bars_through(100, 110, 80, 100, 85, 95, 60, 75, 73))) == [("S3a", 75.1)]


def test_points_upside_down_are_the_opposite_points() -> None:
    bars = random_bars(20_000, 11)._replace()
    pivot = float(bars.high.max() + bars.low.min())
    mirrored = bars._replace(
        open=pivot - bars.open, high=pivot - bars.low, low=pivot - bars.high, close=pivot - bars.close
    )
    ours, theirs = analysed(bars), analysed(mirrored)
    swap = str.maketrans("BS", "SB")
    assert len(ours.points[0]) > 100
    # The first merged bar points up in both, so only what lies behind the start can be compared.
    settled = 2_000
    left = [(int(p["idx"]), str(p["kind"])) for p in ours.points[0] if p["idx"] > settled]
    right = [(int(p["idx"]), str(p["kind"]).translate(swap)) for p in theirs.points[0] if p["idx"] > settled]
    assert left == right


@settings(max_examples=30, deadline=None)
@given(bars=any_bars(600))
def test_a_point_sits_at_its_strokes_end_and_is_first_seen_when_it_says(bars: Bars) -> None:
    state = ChanState(ALONE)
    before: set[tuple[int, int, str]] = set()
    for now, row in enumerate(bars.rows()):
        state.step(*row)
        tables = state.tables()
        shown = set()
        for point in tables.points[0]:
            key = (int(point["idx"]), int(point["line"]), str(point["kind"]))
            stroke = tables.strokes[int(point["line"])]
            assert (point["idx"], point["price"]) == (stroke["end_idx"], stroke["end_price"])
            assert bool(point["sure"]) == bool(stroke["sure"])
            assert (str(point["kind"])[0] == "B") == (stroke["direction"] < 0)
            assert (point["known_at"] == now) == (key not in before)
            if point["sure"]:
                assert point["known_at"] <= point["confirmed_at"] <= now
            shown.add(key)
        before = shown
