import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaloop.kernels.chan import POINT_KINDS, ChanAsof, ChanState, asof_features, config_named
from tests.kernels.chan.series import Bars, any_bars, random_bars

STRICT = config_named("CN-STRICT-1")
CODES = {name: code for code, name in POINT_KINDS.items()}


@settings(max_examples=40, deadline=None)
@given(bars=any_bars(700))
def test_bar_by_bar_gives_the_rows_of_the_batch(bars: Bars) -> None:
    batch = asof_features(*bars, STRICT)
    feed = ChanAsof(STRICT)
    rows = [feed.step(*row) for row in bars.rows()]
    for name, column in batch.items():
        assert np.array_equal(column, [row[name] for row in rows], equal_nan=True), name


@settings(max_examples=40, deadline=None)
@given(bars=any_bars(700), share=st.floats(0.01, 1.0))
def test_the_features_of_a_prefix_are_the_prefix_of_the_features(bars: Bars, share: float) -> None:
    cut = max(1, int(len(bars.ts_ms) * share))
    whole, part = asof_features(*bars, STRICT), asof_features(*bars.part(0, cut), STRICT)
    for name, column in part.items():
        assert np.array_equal(column, whole[name][:cut], equal_nan=True), name


def test_each_row_says_what_the_tables_showed_at_that_bar() -> None:
    bars = random_bars(3_000, 21)
    features = asof_features(*bars, STRICT)
    state = ChanState(STRICT)
    points = 0
    for now, row in enumerate(bars.rows()):
        state.step(*row)
        tables = state.tables()
        at = {name: column[now] for name, column in features.items()}
        assert at["pivot_count"] == len(tables.pivots)
        if len(tables.strokes):
            newest = tables.strokes[-1]
            expected = (newest["direction"], newest["start_price"], newest["sure"])
            assert (at["stroke_direction"], at["stroke_start_price"], at["stroke_sure"]) == expected
        final = tables.strokes[tables.strokes["final_at"] >= 0]
        assert np.isnan(at["last_final_stroke_end_price"]) == (len(final) == 0)
        if len(final):
            assert at["last_final_stroke_end_price"] == final["end_price"][-1]
        if len(tables.pivots):
            assert (at["pivot_zg"], at["pivot_zd"]) == (tables.pivots["zg"][-1], tables.pivots["zd"][-1])
        assert np.isnan(at["point_kind"]) == (len(tables.points) == 0)
        if len(tables.points):
            point = tables.points[-1]
            points += point["known_at"] == now
            assert (at["point_kind"], at["point_price"]) == (CODES[str(point["kind"])], point["price"])
            assert (at["point_age"], at["point_sure"]) == (now - point["known_at"], point["sure"])
            first = str(point["kind"])[1] == "1" and point["stroke"] == len(tables.strokes) - 1
            if first:
                assert at["divergence_ratio"] == point["ratio"]
    assert points > 50


def test_the_ratio_is_reported_when_it_makes_no_point_too() -> None:
    ratio = asof_features(*random_bars(20_000, 22), STRICT)["divergence_ratio"]
    told = ratio[np.isfinite(ratio)]
    assert (told > STRICT.divergence_rate).any()
    assert (told <= STRICT.divergence_rate).any()
    assert (told >= 0).all()
