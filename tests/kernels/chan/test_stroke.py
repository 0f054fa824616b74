import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaloop.kernels.chan import ChanConfig, ChanState, config_named
from tests.kernels.chan.series import Bars, any_bars, bars_from, bars_through, random_bars, restless_bars
from tests.kernels.chan.slow_reading import SlowReading

STRICT = config_named("CN-STRICT-1")
CONFIGS = [
    ChanConfig(stroke_span=span, fractal_check=check, end_is_peak=peak, gap_counts=gap)
    for span, check, peak, gap in itertools.product(
        ("old", "new"), ("loss", "half", "strict", "totally"), (True, False), (True, False)
    )
]


def shown(state: ChanState) -> list[tuple[int, int, int, float, float, bool]]:
    columns = ["start_idx", "end_idx", "direction", "start_price", "end_price", "sure"]
    rows: list[tuple[int, int, int, float, float, bool]] = state.tables().strokes[columns].tolist()
    return rows


@settings(max_examples=120, deadline=None)
@given(bars=any_bars(), config=st.sampled_from(CONFIGS))
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
    config=st.sampled_from(CONFIGS),
)
def test_the_first_stroke_starts_where_a_slow_reading_starts_it(bars: Bars, config: ChanConfig) -> None:
    machine, slow = ChanState(config), SlowReading(config)
    machine.extend(*bars)
    for row in bars.rows():
        slow.step(row[2], row[3])
    assert shown(machine) == slow.shown()


@pytest.mark.parametrize("seed", range(6))
def test_a_long_series_agrees_with_the_slow_reading_at_its_end(seed: int) -> None:
    bars = random_bars(6000, seed, step=(1, 2, 3, 8, 20, 100)[seed])
    machine, slow = ChanState(STRICT), SlowReading(STRICT)
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


@settings(max_examples=40, deadline=None)
@given(bars=any_bars(400))
def test_a_final_stroke_never_changes_and_times_come_in_order(bars: Bars) -> None:
    state = ChanState(STRICT)
    final: dict[int, tuple[object, ...]] = {}
    before: set[tuple[int, int]] = set()
    for now, row in enumerate(bars.rows()):
        state.step(*row)
        strokes = state.tables().strokes
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
        assert len(strokes) - len([s for s in strokes if s["final_at"] >= 0]) <= 2


@pytest.mark.parametrize("pattern", ["zigzag", "widening", "narrowing", "rising", "flat"])
def test_a_long_series_without_turning_points_stays_cheap(pattern: str) -> None:
    n = 200_000
    side = np.where(np.arange(n) % 2, 1.0, -1.0)
    swing = {"zigzag": 5.0, "widening": 50 * np.arange(n) / n, "narrowing": 50 - 50 * np.arange(n) / n}
    middle = 100 + side * swing.get(pattern, 0.0)
    if pattern == "rising":
        middle = 100 + np.arange(n) * 0.5
    state = ChanState(STRICT)
    # A search that looks back over everything would need minutes here.
    state.extend(*bars_from(middle, middle + 0.5, middle - 0.5, middle))
    assert len(state.tables().strokes) == 0


def test_two_hundred_thousand_random_bars_pass_without_recursion() -> None:
    state = ChanState(STRICT)
    state.extend(*random_bars(200_000, 7))
    tables = state.tables()
    assert len(tables.strokes) > 5_000
    assert (tables.strokes["direction"][1:] == -tables.strokes["direction"][:-1]).all()
    assert (tables.strokes["start_idx"][1:] == tables.strokes["end_idx"][:-1]).all()
