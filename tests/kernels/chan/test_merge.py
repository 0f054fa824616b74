import numpy as np

from alphaloop.kernels.chan import ChanConfig, ChanState, config_named
from tests.kernels.chan.series import bars_from


def merged(*ranges: tuple[float, float], rule: str = "always") -> list[tuple[int, int, int, float, float]]:
    """Rows (start_idx, end_idx, direction, high, low) for bars given as (high, low)."""
    high, low = (np.array(side, dtype=np.float64) for side in zip(*ranges, strict=True))
    state = ChanState(ChanConfig(merge_rule=rule))
    state.extend(*bars_from((high + low) / 2, high, low, (high + low) / 2))
    rows: list[tuple[int, int, int, float, float]] = state.tables().merged.tolist()
    return rows


def test_the_first_bar_points_up() -> None:
    assert merged((10, 8)) == [(0, 0, 1, 10.0, 8.0)]


def test_a_contained_bar_lifts_the_low_while_going_up() -> None:
    assert merged((10, 8), (12, 9), (11, 10)) == [(0, 0, 1, 10.0, 8.0), (1, 2, 1, 12.0, 10.0)]


def test_a_contained_bar_lowers_the_high_while_going_down() -> None:
    assert merged((10, 8), (9, 7), (8.5, 7.5))[-1] == (1, 2, -1, 8.5, 7.0)


def test_an_equal_edge_counts_as_contained() -> None:
    assert len(merged((10, 8), (10, 9))) == 1
    assert len(merged((10, 8), (11, 8))) == 1


def test_a_one_price_bar_on_the_top_leaves_the_range_alone() -> None:
    assert merged((10, 8), (12, 9), (12, 12))[-1] == (1, 2, 1, 12.0, 9.0)


def test_a_one_price_bar_inside_the_range_narrows_it() -> None:
    assert merged((10, 8), (12, 9), (11, 11))[-1] == (1, 2, 1, 12.0, 11.0)


def test_a_one_price_bar_on_the_bottom_leaves_a_falling_range_alone() -> None:
    assert merged((10, 8), (9, 7), (7, 7))[-1] == (1, 2, -1, 9.0, 7.0)


def test_directed_merging_leaves_the_first_two_bars_as_they_are() -> None:
    assert len(merged((10, 8), (9.5, 8.5))) == 1
    assert merged((10, 8), (9.5, 8.5), rule="directed") == [(0, 0, 1, 10.0, 8.0), (1, 1, -1, 9.5, 8.5)]
    assert merged((10, 8), (9.5, 8.5), (9, 8.6), rule="directed")[-1] == (1, 2, -1, 9.0, 8.5)


def test_directed_merging_waits_while_two_highs_are_equal() -> None:
    assert len(merged((10, 8), (10, 9), (10, 8.5), (9, 8.6), rule="directed")) == 4


def test_directed_merging_reads_a_one_price_bar_like_any_other() -> None:
    assert merged((10, 8), (12, 9), (12, 12), rule="directed")[-1] == (1, 2, 1, 12.0, 12.0)
    assert merged((10, 8), (9, 7), (7, 7), rule="directed")[-1] == (1, 2, -1, 7.0, 7.0)


def test_a_flat_series_is_one_merged_bar_and_nothing_above_it() -> None:
    state = ChanState(config_named("CN-STRICT-1"))
    flat = np.full(500, 5.0)
    state.extend(*bars_from(flat, flat, flat, flat))
    tables = state.tables()
    assert tables.merged.tolist() == [(0, 499, 1, 5.0, 5.0)]
    above = (tables.fractals, tables.strokes, *tables.segments, *tables.pivots, *tables.points)
    assert [len(table) for table in above] == [0] * 8
    assert not tables.macd_hist.any()
