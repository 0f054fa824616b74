from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaloop.kernels.chan import PRESETS, ChanConfig, ChanState, ChanTables, config_from, config_named
from tests.kernels.chan.series import REAL, Bars, any_bars, bars_from, random_bars, real_bars

STRICT = config_named("CN-STRICT-1")
CONFIGS = st.builds(
    replace,
    st.sampled_from(sorted(PRESETS.values(), key=lambda config: config.name)),
    name=st.just("mixed"),
    segment_rule=st.sampled_from(["features", "features", "one_plus_one", "break"]),
    left_segment=st.sampled_from(["peak", "whole"]),
    pivot_rule=st.sampled_from(["segment", "segment", "alone", "across", "auto"]),
    pivot_combine=st.sampled_from(["range", "peak", "never"]),
    single_line_pivot=st.booleans(),
    measure=st.sampled_from(["peak", "area", "half_area", "diff", "slope", "amplitude", "volume", "volume_avg", "rsi"]),
    third_follows=st.booleans(),
    second_follows=st.booleans(),
)


def same(ours: ChanTables, theirs: ChanTables) -> None:
    for (name, left), (_, right) in zip(layers(ours), layers(theirs), strict=True):
        # Bytes, because a ratio that does not apply is NaN and NaN equals nothing.
        assert left.tobytes() == right.tobytes(), name


def layers(tables: ChanTables) -> list[tuple[str, Any]]:
    """Every table by name and level."""
    found: list[tuple[str, Any]] = []
    for name, part in zip(ChanTables._fields, tables, strict=True):
        found.extend((f"{name} {k}", one) for k, one in enumerate(part)) if isinstance(part, tuple) else found.append(
            (name, part)
        )
    return found


def whole(bars: Bars, config: ChanConfig = STRICT) -> ChanState:
    state = ChanState(config)
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
    ours, scaled = layers(whole(bars).tables()), layers(whole(bars._replace(**prices)).tables())
    for (_, left), (_, right) in zip(ours[:-3], scaled[:-3], strict=True):
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
    life = ("start_idx", "end_idx", "sure", "known_at", "confirmed_at", "final_at")
    for left, right in zip((ours.strokes, *ours.segments), (theirs.strokes, *theirs.segments), strict=True):
        for name in life:
            assert (left[name] == right[name]).all(), name
        assert (left["direction"] == -right["direction"]).all()
    for left, right in zip(ours.pivots, theirs.pivots, strict=True):
        for name in (*life, "first_line", "last_line", "parts"):
            assert (left[name] == right[name]).all(), name
        assert (left["zg"] == pivot - right["zd"]).all()
    # Behind a first point stand the others, and its MACD rounds differently upside down: third points need no first.
    free = replace(STRICT, name="free", third_follows=False, points=("3a", "3b"))
    third = [found(whole(bars, free).tables()) for bars in (plain, mirrored)]
    assert third[0] == third[1]


def found(tables: ChanTables) -> list[tuple[int, str]]:
    return [(int(p["idx"]), str(p["kind"])[1:]) for level in tables.points for p in level]


@settings(max_examples=40, deadline=None)
@given(bars=any_bars(700), config=CONFIGS, cut=st.floats(0, 1))
def test_every_rule_gives_the_same_state_bar_by_bar_in_chunks_and_restored(
    bars: Bars, config: ChanConfig, cut: float
) -> None:
    n = len(bars.ts_ms)
    expected, stepped, chunked = whole(bars, config), ChanState(config), ChanState(config)
    for row in bars.rows():
        stepped.step(*row)
    chunked.extend(*bars.part(0, int(cut * n)))
    chunked = ChanState.restore(chunked.snapshot())
    chunked.extend(*bars.part(int(cut * n), n))
    assert chunked.snapshot() == stepped.snapshot() == expected.snapshot()
    quick = ChanState(config, tracked=False)
    quick.extend(*bars)
    for (name, left), (_, right) in zip(layers(expected.tables()), layers(quick.tables()), strict=True):
        for column in left.dtype.names or ():
            if column not in ("known_at", "confirmed_at", "final_at"):
                assert left[column].tobytes() == right[column].tobytes(), (name, column)


@settings(max_examples=25, deadline=None)
@given(bars=any_bars(260), config=CONFIGS, moves=st.lists(st.integers(-30, 30), min_size=3, max_size=3))
def test_a_forming_bar_shows_what_its_close_would_and_leaves_no_trace(
    bars: Bars, config: ChanConfig, moves: list[int]
) -> None:
    state = ChanState(config)
    for number, (ts, open_, high, low, close, volume) in enumerate(bars.rows()):
        if number % 9 == 0:
            move = float(moves[number % 3])
            forming = (ts, open_, max(high, open_ + move), max(low + min(move, 0.0), 0.5), close, volume)
            before, rows = state.snapshot(), state.settled()
            shown = state.preview(*forming)
            assert state.snapshot() == before
            closed = ChanState.restore(before)
            closed.step(*forming)
            same(shown, closed.tables(rows))
        state.step(ts, open_, high, low, close, volume)


@settings(max_examples=25, deadline=None)
@given(bars=any_bars(400), config=CONFIGS)
def test_what_is_final_stays_and_settled_rows_need_not_be_read_again(bars: Bars, config: ChanConfig) -> None:
    state = ChanState(config)
    kept: dict[str, list[Any]] = {}
    for row in bars.rows():
        state.step(*row)
        for name, table in layers(state.tables())[2:-3]:
            final = [one.tobytes() for one in table if one["final_at"] >= 0]
            assert final[: len(kept.get(name, []))] == kept.get(name, []), name
            kept[name] = final
    rows, tables = state.settled(), state.tables()
    rest = state.tables(rows)
    assert rest.strokes.tobytes() == tables.strokes[rows.strokes :].tobytes()
    for level in range(config.levels):
        assert rest.segments[level].tobytes() == tables.segments[level][rows.segments[level] :].tobytes()
        assert rest.pivots[level].tobytes() == tables.pivots[level][rows.pivots[level] :].tobytes()
        assert rest.points[level].tobytes() == tables.points[level][rows.points[level] :].tobytes()


@pytest.mark.parametrize("name", REAL)
def test_real_series_of_every_kind_give_one_answer_however_they_come(test_data: Path, name: str) -> None:
    bars = real_bars(test_data, name, 3000)
    expected, stepped = whole(bars), ChanState(STRICT)
    for row in bars.rows():
        stepped.step(*row)
    assert stepped.snapshot() == expected.snapshot()
    half = ChanState(STRICT)
    half.extend(*bars.part(0, 1500))
    final = [one.tobytes() for one in half.tables().segments[0] if one["final_at"] >= 0]
    later = [one.tobytes() for one in expected.tables().segments[0][: len(final)]]
    assert later == final


@pytest.mark.parametrize("shape", ["flat", "zigzag", "widening", "narrowing", "rising", "spike"])
def test_hostile_shapes_end_soon(shape: str) -> None:
    """Work per bar stays bounded: no shape may make the machine read its past again and again."""
    k = np.arange(60_000)
    leg, part = k // 10, (k % 10) / 10
    swing = {"widening": 10 + leg * 0.05, "narrowing": 700 - leg * 0.1}.get(shape, np.full(len(k), 5.0))
    middle = 1000 + np.where(leg % 2 == 0, -swing + 2 * swing * part, swing - 2 * swing * part)
    if shape == "flat":
        middle = np.full(len(k), 100.0)
    elif shape == "rising":
        middle = 1000 + k * 0.01
    elif shape == "spike":
        middle[30_000] *= 20
    half = 0.0 if shape == "flat" else 0.2
    state = whole(bars_from(middle, middle + half, middle - half, middle))
    assert state.bars == len(k)


def test_tables_are_copies() -> None:
    state = whole(random_bars(500, 9))
    before = state.snapshot()
    state.tables().macd_hist[:] = 0.0
    state.tables().strokes["end_idx"] = 0
    assert state.snapshot() == before
