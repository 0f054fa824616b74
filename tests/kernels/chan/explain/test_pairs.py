from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaloop.kernels.chan import ChanConfig
from alphaloop.kernels.chan.explain import PairExplained, explain_pair
from alphaloop.kernels.chan.explain.pairs import REFUSALS
from tests.kernels.chan.explain.analysed import REAL, STRICT, STROKE_CONFIGS, Analysed, analysed, real_bars
from tests.kernels.chan.series import Bars, any_bars, bars_from, bars_through
from tests.kernels.chan.slow_reading import Merged, SlowReading

NEEDED = {"old": 4, "new": 3, "loose": 1}


def pairs_near(told: Analysed, reach: int = 9) -> list[PairExplained]:
    count = len(told.tables.fractals)
    return [explain_pair(*told, i, j) for i in range(count) for j in range(i + 1, min(count, i + reach))]


def strokes_shown(told: Analysed) -> dict[tuple[int, int], bool]:
    return {(int(row["start_idx"]), int(row["end_idx"])): bool(row["sure"]) for row in told.tables.strokes}


def the_answers_agree_with_the_strokes(told: Analysed) -> None:
    shown = strokes_shown(told)
    for one in pairs_near(told):
        sure = shown.get((one.from_idx, one.to_idx))
        expected = {True: "stroke", False: "provisional", None: one.key}[sure]
        assert one.key == expected
        if sure is None:
            assert one.key not in ("stroke", "provisional")
            place_is_true(one, told)


def place_is_true(one: PairExplained, told: Analysed) -> None:
    """What the answer says about the strokes around can be read off them."""
    refused = [check.key for check in one.checks if check.refuses]
    if refused:
        assert one.key == REFUSALS[refused[0]]
        assert one.stroke is None
        return
    s, strokes = one.to_kind, told.tables.strokes
    stroke = one.stroke
    if one.key == "no_stroke_yet":
        assert len(strokes) == 0
        return
    assert stroke is not None
    assert (stroke.start_idx, stroke.end_idx) == tuple(int(strokes[stroke.n][x]) for x in ("start_idx", "end_idx"))
    if one.key == "end_moved_on":
        assert stroke.start_idx == one.from_idx < one.to_idx < stroke.end_idx
        assert s * stroke.end_price >= s * one.to_price
    elif one.key == "not_further":
        assert stroke.start_idx == one.from_idx < stroke.end_idx < one.to_idx
        assert s * one.to_price <= s * stroke.end_price
    elif one.key == "turned_before":
        assert one.from_idx < stroke.start_idx < one.to_idx
        assert stroke.direction == one.from_kind
    elif one.key == "inside_stroke":
        assert stroke.start_idx < one.from_idx < stroke.end_idx
    elif one.key == "before_first":
        assert stroke.n == 0
        assert one.from_idx < stroke.start_idx
    elif one.key == "behind_last":
        assert one.from_idx > stroke.end_idx
        assert not strokes[stroke.n + 1 :]["sure"].any()
    else:
        assert one.key == "passed_since"
        assert told.config.stroke_rule == "window"
        if stroke.start_idx == one.from_idx:
            assert s * one.to_price > s * stroke.end_price
            return
        assert stroke.end_idx == one.from_idx
        prices = told.bars["high" if s > 0 else "low"]
        assert max(s * prices[one.to_idx + 1 :]) >= s * one.to_price  # type: ignore[index,operator]


@pytest.mark.parametrize("name", REAL)
def test_on_real_series_every_shown_stroke_is_told_as_one_and_no_other_pair_is(test_data: Path, name: str) -> None:
    told = analysed(real_bars(test_data, name, 2000))
    the_answers_agree_with_the_strokes(told)
    rows = {int(idx): n for n, idx in enumerate(told.tables.fractals["idx"])}
    sure = [ends for ends, sure in strokes_shown(told).items() if sure]
    assert len(sure) > 50
    assert {explain_pair(*told, rows[a], rows[b]).key for a, b in sure} == {"stroke"}


@settings(max_examples=60, deadline=None)
@given(bars=any_bars(400), config=st.sampled_from(STROKE_CONFIGS))
def test_under_any_configuration_the_answers_agree_with_the_strokes(bars: Bars, config: ChanConfig) -> None:
    the_answers_agree_with_the_strokes(analysed(bars, config))


class Plainly:
    """The numbers of the rules, from merged bars kept as lists of raw bars."""

    def __init__(self, bars: Bars, config: ChanConfig) -> None:
        slow = SlowReading(config)
        for _, _, high, low, *_ in bars.rows():
            slow.step(high, low)
        self.bars, self.config = slow.bars, config
        self.at = {bar.peak(bar.kind > 0): number for number, bar in enumerate(slow.bars) if bar.kind}

    def numbers(self, one: PairExplained) -> dict[str, tuple[float, float]]:
        """Rule → (value, limit)."""
        e, k = self.at[one.from_idx], self.at[one.to_idx]
        top = self.bars[e].kind > 0
        rule = self.config.fractal_check
        after = self.bars[k + 1].raws[0]
        far = [self._edge(k, top)] if rule == "loss" else [self._edge(k - 1, top), self._edge(k, top)]
        if rule in ("strict", "totally"):
            far.append(after[1] if top else after[2])
        near = [self._edge(m, not top) for m in {"loss": [e], "half": [e, e + 1]}.get(rule, [e - 1, e, e + 1])]
        worst, best = (max(far), min(near)) if top else (min(far), max(near))
        span, needed = k - e, NEEDED[self.config.stroke_span]
        if self.config.gap_counts and span < 4:
            span += sum(self._gap(m) for m in range(e, k))
        raw = sum(len(bar.raws) for bar in self.bars[e + 1 : k])
        found = {"span": (float(span), float(needed)), "raw_between": (float(raw), 3.0)}
        if rule == "totally":
            found["apart"] = (self._edge(e, not top), worst)
        else:
            found["start_clear"] = (self._edge(e, top), worst)
            found["end_clear"] = (self._edge(k, not top), best)
        between = [self._edge(m, not top) for m in range(e + 1, k)]
        if between:
            found["extreme"] = (self._edge(k, not top), min(between) if top else max(between))
        return found

    def holds(self, key: str, value: float, limit: float, top: bool) -> bool:
        if key in ("span", "raw_between"):
            return value >= limit
        if key == "extreme":
            return value <= limit if top else value >= limit
        goes_up = top if key in ("start_clear", "apart") else not top
        return value > limit if goes_up else value < limit

    def _edge(self, m: int, high: bool) -> float:
        bar: Merged = self.bars[m]
        return bar.high if high else bar.low

    def _gap(self, m: int) -> bool:
        (low, high), (low2, high2) = (
            (min(raw[2] for raw in bar.raws), max(raw[1] for raw in bar.raws)) for bar in self.bars[m : m + 2]
        )
        return low > high2 or high < low2


def the_arithmetic_is_right(bars: Bars, config: ChanConfig) -> list[str]:
    told, plainly = analysed(bars, config), Plainly(bars, config)
    refused = []
    for one in pairs_near(told, 6):
        if one.from_kind == one.to_kind:
            assert [check.key for check in one.checks if check.refuses] == ["kinds"]
            continue
        expected = plainly.numbers(one)
        for check in one.checks[1:]:
            if check.key in expected:
                assert (check.value, check.limit) == expected[check.key], (one, check)
                assert check.holds == plainly.holds(check.key, check.value, check.limit, one.from_kind > 0)
        assert set(expected) <= {check.key for check in one.checks}
        refused += [check.key for check in one.checks if check.refuses]
    return refused


@settings(max_examples=40, deadline=None)
@given(bars=any_bars(300), config=st.sampled_from([one for one in STROKE_CONFIGS if one.merge_rule == "always"]))
def test_the_numbers_of_every_rule_are_those_of_a_plain_reading(bars: Bars, config: ChanConfig) -> None:
    the_arithmetic_is_right(bars, config)


def test_on_a_real_series_each_rule_refuses_somewhere_and_with_the_right_numbers(test_data: Path) -> None:
    bars = real_bars(test_data, REAL[0], 1500)
    assert set(the_arithmetic_is_right(bars, STRICT)) == {"span", "start_clear", "end_clear", "extreme"}


def test_the_bars_a_limit_was_read_from_carry_it(test_data: Path) -> None:
    told = analysed(real_bars(test_data, REAL[1], 1500))
    for one in pairs_near(told):
        for check in one.checks:
            first, last = check.bars
            if first >= 0:
                part = slice(first, last + 1)
                assert check.limit in (*told.bars["high"][part], *told.bars["low"][part])  # type: ignore[index]


def test_the_bar_behind_the_second_fractal_counts_as_it_opened_not_as_it_grew() -> None:
    rise, fall = [(9, 8), (11, 10), (14, 12.5)], [(13, 12), (12, 11), (11, 10), (10, 9), (9, 8)]
    # The bar behind the bottom opens at 9.5 and then swallows one that reaches 20, far above the top at 14.
    rows = np.array([*rise, *fall, (9.5, 8.5), (20, 8.4)], float)
    high, low = rows[:, 0], rows[:, 1]
    told = analysed(bars_from(low, high, low, low))
    (one,) = pairs_near(told)
    assert one.key == "stroke"
    (clear,) = [check for check in one.checks if check.key == "start_clear"]
    assert (clear.value, clear.limit, clear.bars) == (14.0, 10.0, (6, 6))
    assert told.tables.merged[-1]["high"] == 20.0


def test_two_fractals_in_the_wrong_order_or_unknown_are_refused() -> None:
    told = analysed(bars_through(100, 120, 105, 130))
    for pair in ((1, 0), (0, 0), (-1, 1), (0, 99)):
        with pytest.raises(ValueError, match="fractal"):
            explain_pair(*told, *pair)


def test_bars_that_are_not_those_of_the_tables_are_refused() -> None:
    told = analysed(bars_through(100, 120, 105, 130))
    with pytest.raises(ValueError, match="the bars have no column 'high'"):
        explain_pair(told.tables, {}, told.config, 0, 1)
    with pytest.raises(ValueError, match="the high column has 3 rows"):
        explain_pair(told.tables, {"high": [1.0, 2.0, 3.0], "low": [1.0, 2.0, 3.0]}, told.config, 0, 1)
