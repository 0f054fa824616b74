from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaloop.kernels.chan import ChanConfig, config_from, config_named
from alphaloop.kernels.chan.explain import SegmentExplained, explain_segment
from tests.kernels.chan.explain.analysed import REAL, STRICT, Analysed, analysed, long_bars, real_bars
from tests.kernels.chan.series import Bars, bars_through

CONFIGS = [STRICT, config_named("czsc-6"), config_from({"left_segment": "whole", "levels": 3})]
PLAIN = [config_from({"segment_rule": rule}) for rule in ("break", "one_plus_one")]
FOUND = {"proven", "unproven", "short"}


def every_segment(told: Analysed) -> list[SegmentExplained]:
    tables = told.tables
    return [
        explain_segment(tables, told.config, level, n)
        for level, table in enumerate(tables.segments)
        for n in range(len(table))
    ]


def lines_of(told: Analysed, level: int) -> list[dict[str, Any]]:
    table = told.tables.segments[level - 1] if level else told.tables.strokes
    names = ("start_price", "end_price", "direction")
    # A stroke with another behind it was sure once; of a segment the table says so.
    return [{name: row[name].item() for name in names} | {"once": not level or row["sure"].item()} for row in table]


@dataclass
class Piece:
    """An element of the feature sequence, its edges signed so that further in the segment's direction is larger."""

    lines: list[int]
    outer: float
    inner: float

    def holds(self, other: "Piece") -> bool:
        return other.outer <= self.outer and other.inner >= self.inner

    def plus(self, other: "Piece") -> "Piece":
        return Piece(self.lines + other.lines, max(self.outer, other.outer), max(self.inner, other.inner))


def attempt(pieces: list[Piece]) -> tuple[str, list[Piece]]:
    """What the feature lines make, in this order: a fractal, nothing (so the first of them must go), or not enough."""
    one, rest = pieces[0], pieces[1:]
    while rest and one.holds(rest[0]):
        one, rest = one.plus(rest[0]), rest[1:]
    if not rest:
        return "more", [one]
    two, rest = rest[0], rest[1:]
    if two.outer < one.outer:
        return "drop", [one, two]
    for three in rest:
        wraps = three.holds(two) and not (three.outer == two.outer and three.inner < two.inner)
        if two.holds(three) or wraps:
            two = two.plus(three)
        elif one.outer < two.outer >= three.outer and three.inner < two.inner:
            return "fractal", [one, two, three]
        else:
            return "drop", [one, two]
    return "more", [one, two]


def refuted(lines: list[dict[str, Any]], s: int, found: list[Piece]) -> bool:
    """Whether the lines behind the third element say that it broke nothing."""
    x = found[2].lines[0]
    ends = [s * line["end_price"] for line in lines[x:]]
    if ends[0] < s * lines[found[1].lines[-1]]["end_price"]:
        return False
    if len(ends) > 2:
        return ends[2] >= ends[0] and len(ends) > 3 and lines[x + 2]["once"]
    return len(ends) == 2 and ends[1] > found[1].outer


def read_on(lines: list[dict[str, Any]], begin: int, s: int) -> tuple[str, list[Piece]]:
    """The search for the end of the segment that begins with line `begin` and goes `s`, from nothing but the lines."""
    feature = [
        Piece([j], s * lines[j]["start_price"], s * lines[j]["end_price"]) for j in range(begin + 1, len(lines), 2)
    ]
    said, found = "more", list[Piece]()
    while feature:
        said, found = attempt(feature)
        if said == "more" or (said == "fractal" and not refuted(lines, s, found)):
            break
        feature = feature[1:]
    return said, found


def told_as(found: list[Piece], s: int) -> list[tuple[tuple[int, ...], float, float]]:
    edges = [(piece.outer, piece.inner) if s > 0 else (-piece.inner, -piece.outer) for piece in found]
    return [(tuple(piece.lines), *edge) for piece, edge in zip(found, edges, strict=True)]


def the_elements_are_those_of_a_plain_reading(told: Analysed) -> int:
    """How many ends were read again."""
    again = 0
    for one in every_segment(told):
        lines, s = lines_of(told, one.level), one.line.direction
        segments = told.tables.segments[one.level]
        elements = [(element.lines, element.high, element.low) for element in one.elements]
        if one.reason in FOUND:
            start = one.elements[0].lines[0] - 1
            found_before = one.n > 0 and segments[one.n - 1]["window"] >= 0
            if found_before:
                start = one.first_line
            said, found = read_on(lines, start, s)
            assert said == "fractal"
            assert elements == told_as(found, s)
            top = max(found[1].lines, key=lambda j: (s * lines[j]["start_price"], j))
            assert one.last_line + 1 == one.peak == top
            again += 1
        elif one.elements:
            behind = segments[one.behind]
            s = -int(behind["direction"])
            _, found = read_on(lines, int(behind["last_line"]) + 1, s)
            assert elements == told_as(found, s)
    return again


@pytest.mark.parametrize("name", REAL)
def test_on_real_series_the_three_elements_of_each_end_are_those_of_a_plain_reading(test_data: Path, name: str) -> None:
    told = analysed(real_bars(test_data, name, 5000))
    assert the_elements_are_those_of_a_plain_reading(told) > 10
    what_is_said_is_true(told)


@settings(max_examples=40, deadline=None)
@given(bars=long_bars(), config=st.sampled_from(CONFIGS))
def test_under_any_configuration_the_elements_are_those_of_a_plain_reading(bars: Bars, config: ChanConfig) -> None:
    told = analysed(bars, config)
    the_elements_are_those_of_a_plain_reading(told)
    what_is_said_is_true(told)


def what_is_said_is_true(told: Analysed) -> None:
    for one in every_segment(told):
        checks = {check.key: check for check in one.checks}
        refused = {check.key for check in one.checks if check.refuses}
        assert refused <= ({"lines"} if one.key == "too_short" else set()), one
        if one.reason == "proven":
            gap, third = not checks["no_gap"].holds, one.proof == one.third
            expected = "next_fractal_proves" if gap else "third_breaks" if third else "later_line_breaks"
            assert one.key == expected
            assert checks["breaks" if third else "goes_on"].holds or gap
        elif one.reason == "unproven":
            broken = checks["breaks"].holds or checks["goes_on"].holds
            assert one.key == ("gap_waits" if broken else "break_waits")
            assert not checks["no_gap"].holds or not broken
        elif one.reason == "short":
            assert one.key == "too_short"
            assert one.last_line - one.first_line < 2
        else:
            keys = {"split": {"split_at_extreme", "split_rest"}, "left": {"cut_at_extreme", "rest"}, "open": {"rest"}}
            assert one.key in keys[one.reason]


def test_the_proof_of_an_end_behind_a_gap_is_the_third_element_of_the_next(test_data: Path) -> None:
    told = analysed(real_bars(test_data, REAL[2], 16000))
    segments = told.tables.segments[0]
    gapped = [one for one in every_segment(told) if one.key == "next_fractal_proves" and one.level == 0]
    assert len(gapped) > 5
    for one in gapped:
        after = segments[one.n + 1]
        assert one.proof == after["third"]
        high, low = one.elements[0], one.elements[1]
        assert high.high < low.low if one.line.direction > 0 else high.low > low.high


@pytest.mark.parametrize("config", PLAIN, ids=lambda config: config.segment_rule)
def test_the_plainer_rules_are_told_with_the_lines_they_compared(test_data: Path, config: ChanConfig) -> None:
    told = analysed(real_bars(test_data, REAL[3], 5000), config)
    proven = [one for one in every_segment(told) if one.reason == "proven"]
    assert len(proven) > 20
    for one in proven:
        assert one.elements == ()
        assert [check.key for check in one.checks if check.refuses] == []
        lines, s = lines_of(told, one.level), -one.line.direction
        ends = [s * line["end_price"] for line in lines]
        if config.segment_rule == "break":
            assert one.key == "new_extreme_proves"
            assert one.proof >= one.last_line + 3
            assert ends[one.proof] > ends[one.proof - 2]
        else:
            assert one.key == "next_two_prove"
            assert one.proof == one.last_line + 3
            assert ends[one.proof] > min(ends[one.proof - 2], ends[one.proof - 4])


def test_down_to_105_and_up_to_160_with_a_gap_at_the_bottom_and_a_break_at_the_top() -> None:
    told = analysed(bars_through(110, 150, 120, 135, 105, 118, 108, 140, 125, 160, 130, 150, 120))
    down, up, rest = [one for one in every_segment(told) if one.level == 0]
    assert [(one.key, one.line.direction) for one in (down, up, rest)] == [
        ("next_fractal_proves", -1),
        ("third_breaks", 1),
        ("cut_at_extreme", -1),
    ]
    assert [(element.lines, element.high, element.low) for element in down.elements] == [
        ((1,), pytest.approx(135.1), pytest.approx(119.9)),
        ((3,), pytest.approx(118.1), pytest.approx(104.9)),
        ((5,), pytest.approx(140.1), pytest.approx(107.9)),
    ]
    gap = next(check for check in down.checks if check.key == "no_gap")
    assert (gap.value, gap.limit, gap.holds) == (pytest.approx(119.9), pytest.approx(118.1), False)
    assert down.proof == up.third == up.proof == 10
    broken = next(check for check in up.checks if check.key == "breaks")
    assert (broken.value, broken.limit) == (pytest.approx(119.9), pytest.approx(129.9))
    assert (rest.behind, [element.lines for element in rest.elements]) == (1, [(9,)])


def test_an_unknown_segment_is_refused() -> None:
    told = analysed(bars_through(100, 120, 105, 130))
    for level, n, what in ((9, 0, "level 9"), (0, 99, "segment 99"), (0, -1, "segment -1"), (-1, 0, "level -1")):
        with pytest.raises(ValueError, match=what):
            explain_segment(told.tables, STRICT, level, n)
