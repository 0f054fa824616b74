from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaloop.kernels.chan import ChanState, ChanTables, config_from, config_named
from tests.kernels.chan.series import Bars, any_bars, bars_from, random_bars

STRICT = config_named("CN-STRICT-1")


def same(ours: ChanTables, theirs: ChanTables) -> None:
    for name, left, right in zip(ChanTables._fields, ours, theirs, strict=True):
        # Bytes, because a ratio that does not apply is NaN and NaN equals nothing.
        assert left.tobytes() == right.tobytes(), name


def whole(bars: Bars) -> ChanState:
    state = ChanState(STRICT)
    state.extend(*bars)
    return state


@settings(max_examples=60, deadline=None)
@given(bars=any_bars(900), cuts=st.lists(st.integers(0, 900), max_size=5))
def test_bar_by_bar_in_chunks_restored_and_whole_give_the_same_tables(bars: Bars, cuts: list[int]) -> None:
    expected = whole(bars)
    stepped = ChanState(STRICT)
    for row in bars.rows():
        stepped.step(*row)
    same(stepped.tables(), expected.tables())
    chunked = ChanState(STRICT)
    places = sorted({0, len(bars.ts_ms), *(cut for cut in cuts if cut < len(bars.ts_ms))})
    for start, stop in pairwise(places):
        chunked.extend(*bars.part(start, stop))
        chunked = ChanState.restore(chunked.snapshot())
    same(chunked.tables(), expected.tables())
    assert chunked.snapshot() == stepped.snapshot() == expected.snapshot()


def test_a_snapshot_keeps_the_configuration() -> None:
    config = config_from({"stroke_span": "new", "fractal_check": "half", "divergence_rate": 0.7})
    assert ChanState.restore(ChanState(config).snapshot()).config == config


@pytest.mark.parametrize("spoil", [lambda b: b[:-1], lambda b: b + b"x", lambda b: b"no" + b[2:], lambda b: b""])
def test_a_spoiled_snapshot_is_refused(spoil: object) -> None:
    assert callable(spoil)
    with pytest.raises(ValueError, match="snapshot"):
        ChanState.restore(spoil(whole(random_bars(300, 1)).snapshot()))


@settings(max_examples=40, deadline=None)
@given(bars=any_bars(500), power=st.integers(-12, 12))
def test_the_unit_of_price_does_not_matter(bars: Bars, power: int) -> None:
    # A power of two scales floats exactly, so not even a tie may break.
    scale = 2.0**power
    prices = {name: getattr(bars, name) * scale for name in ("open", "high", "low", "close")}
    ours, scaled = whole(bars).tables(), whole(bars._replace(**prices)).tables()
    for left, right in zip(ours[:5], scaled[:5], strict=True):
        for name in left.dtype.names or ():
            price = name in {"high", "low", "start_price", "end_price", "price", "zg", "zd", "gg", "dd"}
            expected = left[name] * scale if price else left[name]
            if left[name].dtype.kind == "f":
                assert np.array_equal(expected, right[name], equal_nan=True), name
            else:
                assert (left[name] == right[name]).all(), name


@settings(max_examples=60, deadline=None)
@given(bars=any_bars(500))
def test_the_market_upside_down_gives_the_same_structure_upside_down(bars: Bars) -> None:
    # The first merged bar points up by convention, so the series starts with two bars that do not contain each other.
    lead = np.array([float(bars.low.min()), 2 * float(bars.high.max())])
    opens, highs, lows, closes = (np.concatenate([lead, column]) for column in bars[1:5])
    highs[:2] += 1.0
    plain = bars_from(opens, highs, lows, closes)
    pivot = float(plain.high.max() + plain.low.min())
    mirrored = bars_from(pivot - plain.open, pivot - plain.low, pivot - plain.high, pivot - plain.close)
    ours, theirs = whole(plain).tables(), whole(mirrored).tables()
    for name in ("start_idx", "end_idx"):
        assert (ours.merged[name] == theirs.merged[name]).all()
    assert (ours.fractals["kind"] == -theirs.fractals["kind"]).all()
    assert (ours.fractals["idx"] == theirs.fractals["idx"]).all()
    for name in ("start_idx", "end_idx", "sure", "known_at", "confirmed_at", "final_at"):
        assert (ours.strokes[name] == theirs.strokes[name]).all(), name
    assert (ours.strokes["direction"] == -theirs.strokes["direction"]).all()
    assert (ours.pivots["zg"] == pivot - theirs.pivots["zd"]).all()
    assert (ours.pivots["last_stroke"] == theirs.pivots["last_stroke"]).all()
    # Third points read no MACD, whose rounding is not symmetric.
    third = [[int(p["idx"]) for p in t.points if str(p["kind"]).endswith("3a")] for t in (ours, theirs)]
    assert third[0] == third[1]


def test_tables_are_copies() -> None:
    state = whole(random_bars(500, 9))
    before = state.snapshot()
    state.tables().macd_hist[:] = 0.0
    state.tables().strokes["end_idx"] = 0
    assert state.snapshot() == before
