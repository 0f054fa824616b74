from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaloop.kernels.chan import ChanConfig, ChanState, config_from, config_named
from alphaloop.kernels.chan import layout as at
from alphaloop.kernels.chan.config import CHOICES
from alphaloop.kernels.chan.merge import merge_bar
from alphaloop.kernels.chan.stroke import strokes_bar
from tests.kernels.chan.series import Bars, any_bars, bars_from, bars_through, random_bars, restless_bars
from tests.kernels.chan.slow_reading import SlowReading

STRICT = config_named("CN-STRICT-1")
CONFIGS = st.builds(
    ChanConfig,
    merge_rule=st.sampled_from(CHOICES["merge_rule"]),
    equal_ends=st.sampled_from(CHOICES["equal_ends"]),
    stroke_span=st.sampled_from(CHOICES["stroke_span"]),
    fractal_check=st.sampled_from(CHOICES["fractal_check"]),
    end_is_peak=st.booleans(),
    gap_counts=st.booleans(),
    sub_peak=st.booleans(),
)
WINDOWS = st.builds(
    ChanConfig,
    stroke_rule=st.just("window"),
    merge_rule=st.sampled_from(CHOICES["merge_rule"]),
    equal_ends=st.sampled_from(CHOICES["equal_ends"]),
    window_bars=st.sampled_from([4, 5, 6, 7, 12]),
)


def shown(state: ChanState) -> list[tuple[int, int, int, float, float, bool]]:
    columns = ["start_idx", "end_idx", "direction", "start_price", "end_price", "sure"]
    rows: list[tuple[int, int, int, float, float, bool]] = state.tables().strokes[columns].tolist()
    return rows


@settings(max_examples=120, deadline=None)
@given(bars=any_bars(), config=CONFIGS | WINDOWS)
def test_strokes_equal_a_slow_reading_of_the_rules_at_every_bar(bars: Bars, config: ChanConfig) -> None:
    machine, slow = ChanState(config), SlowReading(config)
    for row in bars.rows():
        machine.step(*row)
        slow.step(row[2], row[3])
        assert shown(machine) == slow.shown()
    merged = machine.tables().merged
    assert merged[["high", "low"]].tolist() == [(bar.high, bar.low) for bar in slow.bars]
    assert merged["start_idx"].tolist() == [bar.raws[0][0] for bar in slow.bars]
    assert merged["direction"].tolist() == [1 if bar.up else -1 for bar in slow.bars]


@settings(max_examples=150, deadline=None)
@given(
    bars=st.builds(
        restless_bars, st.integers(5, 90), st.integers(0, 2**32 - 1), st.integers(1, 12), st.sampled_from([0, 1, 3, 8])
    ),
    config=CONFIGS | WINDOWS,
)
def test_the_first_stroke_starts_where_a_slow_reading_starts_it(bars: Bars, config: ChanConfig) -> None:
    machine, slow = ChanState(config), SlowReading(config)
    machine.extend(*bars)
    for row in bars.rows():
        slow.step(row[2], row[3])
    assert shown(machine) == slow.shown()


UNDOING = ChanConfig(fractal_check="loss", end_is_peak=False, sub_peak=False)


@pytest.mark.parametrize("config", [STRICT, UNDOING, config_named("czsc-6")], ids=["strict", "undoing", "window"])
@pytest.mark.parametrize("seed", range(6))
def test_a_long_series_agrees_with_the_slow_reading_at_its_end(seed: int, config: ChanConfig) -> None:
    bars = random_bars(6000, seed, step=(1, 2, 3, 8, 20, 100)[seed])
    machine, slow = ChanState(config), SlowReading(config)
    machine.extend(*bars)
    for row in bars.rows():
        slow.step(row[2], row[3])
    assert shown(machine) == slow.shown()


def test_straight_legs_become_strokes_between_the_turning_points() -> None:
    state = ChanState(STRICT)
    state.extend(*bars_through(110, 100, 120, 90, 130, 125))
    strokes = state.tables().strokes
    assert strokes["direction"].tolist() == [1, -1, 1]
    assert strokes["start_idx"].tolist() == [8, 16, 24]
    assert strokes["end_price"].tolist() == pytest.approx([120.1, 89.9, 130.1])


def test_a_leg_of_three_merged_bars_is_no_stroke() -> None:
    state = ChanState(STRICT)
    state.extend(*bars_through(110, 100, 120, (110, 3), 130, 120))
    ends = state.tables().strokes["end_price"]
    assert ends[0] == pytest.approx(130.1)


@settings(max_examples=80, deadline=None)
@given(bars=any_bars(400), config=CONFIGS | WINDOWS)
def test_a_final_stroke_never_changes_and_times_come_in_order(bars: Bars, config: ChanConfig) -> None:
    state = ChanState(config)
    final: dict[int, tuple[object, ...]] = {}
    before: set[tuple[int, int]] = set()
    for now, row in enumerate(bars.rows()):
        state.step(*row)
        strokes = state.tables().strokes
        assert len(strokes) >= len(final)
        for number, stroke in enumerate(strokes):
            values = tuple(stroke.tolist())
            if number in final:
                assert values == final[number]
            known, confirmed, done = (int(stroke[name]) for name in ("known_at", "confirmed_at", "final_at"))
            assert 0 <= known <= now
            assert bool(stroke["sure"]) == (confirmed >= 0)
            if confirmed >= 0:
                assert known <= confirmed <= now
            if done >= 0:
                assert confirmed <= done <= now
                final[number] = values
        shown_now = {(int(stroke["start_idx"]), int(stroke["end_idx"])) for stroke in strokes}
        for stroke in strokes[-2:]:
            if (int(stroke["start_idx"]), int(stroke["end_idx"])) not in before:
                assert int(stroke["known_at"]) <= now
                if not stroke["sure"]:
                    assert int(stroke["known_at"]) == now
        before = shown_now
        if config.stroke_rule == "window":
            assert len(strokes) - len(final) <= 3
        else:
            assert len(strokes) - len(final) <= (2 if config.sub_peak else 9)


@pytest.mark.parametrize("pattern", ["zigzag", "widening", "narrowing", "rising", "flat"])
@pytest.mark.parametrize("name", ["CN-STRICT-1", "czsc-6", "textbook"])
def test_a_long_series_without_turning_points_stays_cheap(name: str, pattern: str) -> None:
    n = 200_000
    side = np.where(np.arange(n) % 2, 1.0, -1.0)
    swing = {"zigzag": 5.0, "widening": 50 * np.arange(n) / n, "narrowing": 50 - 50 * np.arange(n) / n}
    middle = 100 + side * swing.get(pattern, 0.0)
    if pattern == "rising":
        middle = 100 + np.arange(n) * 0.5
    state = ChanState(config_named(name))
    # A search that looks back over everything would need minutes here.
    state.extend(*bars_from(middle, middle + 0.5, middle - 0.5, middle))
    assert len(state.tables().strokes) == 0 or name == "textbook"


@pytest.mark.parametrize("name", ["CN-STRICT-1", "czsc-6", "textbook"])
@pytest.mark.parametrize("steps", [[1.0, 2.0, 1.0], [1.0, 2.0, -1.0]], ids=["straight", "with pull-backs"])
def test_a_long_trend_after_the_first_stroke_stays_cheap(name: str, steps: list[float]) -> None:
    start = bars_through(1000, 980, 1010, (1003, 4)).close
    middle = np.concatenate([start, 1003 + np.cumsum(np.tile(steps, 60_000))])
    state = ChanState(config_named(name))
    # One more look at the whole trend at every new extreme would need minutes here.
    state.extend(*bars_from(middle, middle + 0.5, middle - 0.5, middle))
    assert state.tables().strokes["end_idx"][-1] > 100_000 or name == "czsc-6"


@settings(max_examples=60, deadline=None)
@given(bars=any_bars(400), config=CONFIGS | WINDOWS, cut=st.floats(0, 1))
def test_bar_by_bar_in_two_chunks_and_whole_give_the_same_strokes(bars: Bars, config: ChanConfig, cut: float) -> None:
    n = len(bars.ts_ms)
    whole, stepped, chunked = ChanState(config), ChanState(config), ChanState(config)
    whole.extend(*bars)
    for row in bars.rows():
        stepped.step(*row)
    chunked.extend(*bars.part(0, int(cut * n)))
    chunked = ChanState.restore(chunked.snapshot())
    chunked.extend(*bars.part(int(cut * n), n))
    assert whole.snapshot() == stepped.snapshot() == chunked.snapshot()


@settings(max_examples=60, deadline=None)
@given(bars=any_bars(300), config=CONFIGS | WINDOWS, power=st.integers(-12, 12))
def test_scaled_and_mirrored_prices_give_such_strokes(bars: Bars, config: ChanConfig, power: int) -> None:
    # The first merged bar points up by convention, so the series starts with two bars that do not contain each other.
    top, bottom = float(bars.high.max()), float(bars.low.min())
    high, low = np.concatenate([[top + 2, bottom], bars.high]), np.concatenate([[top + 1, bottom - 0.5], bars.low])
    scale, turn = 2.0**power, top + 2 + bottom
    plain, scaled, mirrored = ChanState(config), ChanState(config), ChanState(config)
    plain.extend(*bars_from(low, high, low, low))
    scaled.extend(*bars_from(low * scale, high * scale, low * scale, low * scale))
    mirrored.extend(*bars_from(turn - low, turn - low, turn - high, turn - low))
    rows = shown(plain)
    assert shown(scaled) == [(a, b, d, p * scale, q * scale, sure) for a, b, d, p, q, sure in rows]
    assert shown(mirrored) == [(a, b, -d, turn - p, turn - q, sure) for a, b, d, p, q, sure in rows]


@settings(max_examples=60, deadline=None)
@given(bars=any_bars(300), config=CONFIGS | WINDOWS)
def test_the_layers_above_are_told_of_every_change(bars: Bars, config: ChanConfig) -> None:
    state = ChanState(config)
    state._make_room(len(bars.ts_ms))
    memory = state._arrays
    before: list[object] = [[], []]
    for row, (high, low) in enumerate(zip(bars.high, bars.low, strict=True)):
        merge_bar(memory.ints, memory.merged_i, memory.merged_f, row, high, low)
        told = strokes_bar(
            memory.ints,
            memory.floats,
            memory.merged_i,
            memory.merged_f,
            memory.line_i,
            memory.line_f,
            memory.free,
            memory.free_f,
            row,
        )
        memory.ints[at.N_BARS] = row + 1
        n = memory.ints[at.N_SHOWN]
        now: list[object] = [memory.line_i[:n, : at.L_FINAL].tolist(), memory.line_f[:n, : at.L_FORCE_IN].tolist()]
        assert told or now == before
        before = now


OTHERS: list[dict[str, object]] = [
    {"merge_rule": "directed"},
    {"stroke_rule": "window"},
    {"equal_ends": "stay"},
    {"stroke_span": "new"},
    {"stroke_span": "loose"},
    {"fractal_check": "loss"},
    {"fractal_check": "half"},
    {"fractal_check": "totally"},
    {"end_is_peak": False},
    {"gap_counts": True},
    {"sub_peak": False},
]


@pytest.mark.parametrize("other", OTHERS, ids=str)
def test_the_slow_reading_notices_when_one_option_is_read_wrongly(other: dict[str, object]) -> None:
    def differs(seed: int) -> bool:
        bars = random_bars(400, seed, step=12) if seed % 2 else restless_bars(200, seed, reach=12, runs=8)
        machine, slow = ChanState(STRICT), SlowReading(replace(STRICT, **other))  # type: ignore[arg-type]
        machine.extend(*bars)
        for row in bars.rows():
            slow.step(row[2], row[3])
        return shown(machine) != slow.shown()

    assert any(differs(seed) for seed in range(60))


def ends(*turns: float | tuple[float, int], **options: object) -> list[float]:
    """Prices of the sure strokes' ends, the first start included, on bars through `turns`."""
    state = ChanState(config_from({"fractal_check": "loss", **options}))
    state.extend(*bars_through(*turns, half=0.5))
    rows = [row for row in shown(state) if row[5]]
    return [rows[0][3], *(row[4] for row in rows)] if rows else []


def test_a_start_that_is_passed_too_soon_undoes_the_stroke_only_without_sub_peaks() -> None:
    turns = (110, 100, 120, 110, (122, 2), (119, 2))
    assert ends(*turns) == [99.5, 120.5, 109.5]
    assert ends(*turns, sub_peak=False) == [99.5, 122.5]


def test_two_neighbouring_fractals_make_a_stroke_only_when_any_distance_will_do() -> None:
    turns = (110, 100, 120, (117, 1), 130, (120, 4))
    assert ends(*turns) == [99.5, 130.5]
    assert ends(*turns, stroke_span="loose") == [99.5, 120.5, 116.5, 130.5]


def test_an_equal_extreme_moves_the_end_or_leaves_it() -> None:
    bars = bars_through(110, 100, 120, (118, 2), (120, 2), (117, 3))
    for rule in ({"stroke_rule": "fractal_pairs"}, {"stroke_rule": "window"}):
        for equal, end in (("move", 20), ("stay", 16)):
            state = ChanState(config_from({"equal_ends": equal, "fractal_check": "loss", **rule}))
            state.extend(*bars)
            assert shown(state)[0][1] == end


def test_a_window_stroke_is_withdrawn_when_price_passes_its_end_and_made_again_further_out() -> None:
    state = ChanState(config_named("czsc-6"))
    bars = bars_through(110, 100, 120, 105, 118, (116, 2), (130, 6), (125, 4))
    seen: list[list[tuple[int, int, int, float, float, bool]]] = []
    for row in bars.rows():
        state.step(*row)
        if not seen or shown(state) != seen[-1]:
            seen.append(shown(state))
    counts = [len(rows) for rows in seen]
    assert counts == [0, 1, 2, 3, 2, 3]
    assert seen[3][-1][4] == pytest.approx(118.1)
    assert seen[5][-1][4] == pytest.approx(130.1)


def test_two_hundred_thousand_random_bars_pass_without_recursion() -> None:
    state = ChanState(STRICT)
    state.extend(*random_bars(200_000, 7))
    tables = state.tables()
    assert len(tables.strokes) > 5_000
    assert (tables.strokes["direction"][1:] == -tables.strokes["direction"][:-1]).all()
    assert (tables.strokes["start_idx"][1:] == tables.strokes["end_idx"][:-1]).all()
