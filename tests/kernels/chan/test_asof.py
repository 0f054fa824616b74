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
    bars = random_bars(2_500, 21)
    features = asof_features(*bars, STRICT)
    state = ChanState(STRICT)
    points = 0
    for now, row in enumerate(bars.rows()):
        state.step(*row)
        tables = state.tables()
        at = {name: column[now] for name, column in features.items()}
        for level, (own, lines) in enumerate((("", tables.strokes), ("segment_", tables.segments[0]))):
            line = "segment" if level else "stroke"
            if len(lines):
                newest = lines[-1]
                expected = (newest["direction"], newest["start_price"], newest["confirmed_at"] >= 0)
                assert (at[f"{line}_direction"], at[f"{line}_start_price"], at[f"{line}_sure"]) == expected
                assert at[f"{own}pivot_count"] == len(tables.pivots[level])
            final = lines[lines["final_at"] >= 0]
            assert np.isnan(at[f"last_final_{line}_end_price"]) == (len(final) == 0)
            if len(final):
                assert at[f"last_final_{line}_end_price"] == final["end_price"][-1]
            if len(tables.pivots[level]):
                last = tables.pivots[level][-1]
                assert (at[f"{own}pivot_zg"], at[f"{own}pivot_zd"]) == (last["zg"], last["zd"])
            shown = tables.points[level]
            assert np.isnan(at[f"{own}point_kind"]) == (len(shown) == 0)
            if len(shown):
                point = shown[np.argmax(shown["idx"])]
                points += point["known_at"] == now
                assert (at[f"{own}point_kind"], at[f"{own}point_price"]) == (CODES[str(point["kind"])], point["price"])
                assert (at[f"{own}point_age"], at[f"{own}point_sure"]) == (now - point["known_at"], point["sure"])
                assert at[f"{own}point_settled"] == (lines[point["line"]]["final_at"] >= 0)
    assert points > 50


def test_the_ratio_is_reported_when_it_makes_no_point_too() -> None:
    ratio = asof_features(*random_bars(20_000, 22), STRICT)["divergence_ratio"]
    told = ratio[np.isfinite(ratio)]
    assert (told > STRICT.divergence_rate).any()
    assert (told <= STRICT.divergence_rate).any()
    assert (told >= 0).all()


def test_only_the_columns_asked_for_are_made() -> None:
    bars = random_bars(800, 3)
    every = asof_features(*bars, STRICT)
    some = asof_features(*bars, STRICT, columns=("point_age", "segment_direction"))
    assert list(some) == ["point_age", "segment_direction"]
    for name, column in some.items():
        assert np.array_equal(column, every[name], equal_nan=True)
