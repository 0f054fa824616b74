from dataclasses import replace

import pytest
from hypothesis import given, settings

from alphaloop.kernels.chan import ChanState, ChanTables, config_named
from tests.kernels.chan.series import Bars, any_bars, bars_through

ALONE = replace(config_named("CN-STRICT-1"), name="alone", pivot_rule="alone")


def tables(*turns: float | tuple[float, int]) -> ChanTables:
    state = ChanState(ALONE)
    state.extend(*bars_through(*turns))
    return state.tables()


def test_three_strokes_that_share_a_range_make_a_pivot_of_that_range() -> None:
    # Entering 90-120, then 120-100, 100-115, 115-105.
    (pivot,) = tables(100, 90, 120, 100, 115, 105, (106, 2)).pivots[0]
    assert (pivot["first_line"], pivot["last_line"]) == (1, 3)
    assert (pivot["zg"], pivot["zd"]) == pytest.approx((115.1, 104.9))
    assert (pivot["gg"], pivot["dd"]) == pytest.approx((120.1, 99.9))


def test_a_trend_with_shallow_pull_backs_has_no_pivot() -> None:
    assert len(tables(100, 90, 110, 105, 130, 118, 150, 140, 170, 155).pivots[0]) == 0


def test_a_pull_back_that_only_touches_the_last_top_makes_no_pivot() -> None:
    # The tops reach price + 0.1 and the bottoms price - 0.1, so 110.2 falls back to 110.1 exactly.
    assert len(tables(100, 90, 110, 105, 130, 110.2, 150, 140).pivots[0]) == 0
    assert len(tables(100, 90, 110, 105, 130, 109, 150, 140).pivots[0]) == 1


def test_a_stroke_that_returns_extends_the_pivot_without_moving_its_range() -> None:
    (pivot,) = tables(100, 90, 120, 100, 115, 105, 113, 109, (110, 2)).pivots[0]
    assert pivot["last_line"] == 5
    assert (pivot["zg"], pivot["zd"]) == pytest.approx((115.1, 104.9))


def test_a_leaving_stroke_belongs_only_once_price_comes_back() -> None:
    leaving = tables(100, 90, 120, 100, 115, 105, 140, 139).pivots[0][0]
    assert leaving["last_line"] == 3
    back = tables(100, 90, 120, 100, 115, 105, 140, 110, 112, 111).pivots[0][0]
    assert back["last_line"] == 5
    assert back["gg"] == pytest.approx(140.1)


def test_a_pull_back_that_stays_out_ends_the_pivot_and_makes_it_final() -> None:
    pivot = tables(100, 90, 120, 100, 115, 105, 140, 125, 150, 140).pivots[0][0]
    assert pivot["last_line"] == 3
    assert pivot["known_at"] < pivot["confirmed_at"] < pivot["final_at"]


@settings(max_examples=60, deadline=None)
@given(bars=any_bars(700))
def test_every_pivot_keeps_its_definition(bars: Bars) -> None:
    state = ChanState(ALONE)
    state.extend(*bars)
    shown = state.tables()
    free_from = 0
    for pivot in shown.pivots[0]:
        first, last = int(pivot["first_line"]), int(pivot["last_line"])
        entering = shown.strokes[first - 1]
        three, members = shown.strokes[first : first + 3], shown.strokes[first : last + 1]
        assert first >= free_from
        assert last >= first + 2
        assert pivot["zg"] == three["high"].min() > three["low"].max() == pivot["zd"]
        assert entering["low"] < pivot["zg"]
        assert entering["high"] > pivot["zd"]
        assert (members["low"] < pivot["zg"]).all()
        assert (members["high"] > pivot["zd"]).all()
        assert (pivot["gg"], pivot["dd"]) == (members["high"].max(), members["low"].min())
        assert (pivot["start_idx"], pivot["end_idx"]) == (members["start_idx"][0], members["end_idx"][-1])
        free_from = last + 1


@settings(max_examples=25, deadline=None)
@given(bars=any_bars(500))
def test_a_final_pivot_never_changes_and_is_first_seen_when_it_says(bars: Bars) -> None:
    state = ChanState(ALONE)
    final: dict[int, tuple[object, ...]] = {}
    firsts: set[int] = set()
    for now, row in enumerate(bars.rows()):
        state.step(*row)
        pivots = state.tables().pivots[0]
        for number, pivot in enumerate(pivots):
            if number in final:
                assert tuple(pivot.tolist()) == final[number]
            elif pivot["final_at"] >= 0:
                assert pivot["known_at"] <= pivot["confirmed_at"] <= pivot["final_at"] == now
                final[number] = tuple(pivot.tolist())
            if int(pivot["first_line"]) not in firsts:
                assert pivot["known_at"] == now
            assert bool(pivot["sure"]) == (pivot["confirmed_at"] >= 0)
        firsts = set(pivots["first_line"].tolist())
