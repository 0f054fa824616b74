import re
from pathlib import Path

import pytest

from alphaloop.kernels.chan import ChanConfig, config_from, config_named
from alphaloop.kernels.chan.explain import (
    PairExplained,
    PointExplained,
    SegmentExplained,
    explain_pair,
    explain_point,
    explain_segment,
    in_words,
)
from alphaloop.kernels.chan.explain.pairs import REFUSALS
from alphaloop.kernels.chan.explain.points import KEYS
from alphaloop.kernels.chan.explain.words import CHECK_WORDS, PAIR_WORDS, POINT_HEADS
from tests.kernels.chan.explain.analysed import REAL, STRICT, Analysed, analysed, real_bars
from tests.kernels.chan.series import bars_through

Explained = PairExplained | SegmentExplained | PointExplained


def everything(told: Analysed) -> list[Explained]:
    tables, _, config = told
    count = min(150, len(tables.fractals))
    pairs = [explain_pair(*told, i, j) for i in range(count) for j in range(i + 1, min(count, i + 7))]
    segments = [
        explain_segment(tables, config, level, n)
        for level, table in enumerate(tables.segments)
        for n in range(len(table))
    ]
    points = [explain_point(*told, level, n) for level, table in enumerate(tables.points) for n in range(len(table))]
    return [*pairs, *segments, *points]


@pytest.mark.parametrize(
    "config",
    [
        STRICT,
        config_named("czsc-6"),
        config_named("new-stroke"),
        config_from({"pivot_rule": "alone", "fractal_check": "totally"}),
        config_from({"segment_rule": "break", "levels": 3}),
        config_from({"segment_rule": "one_plus_one"}),
    ],
    ids=lambda config: f"{config.name}-{config.segment_rule}-{config.pivot_rule}",
)
def test_everything_on_a_real_series_is_told_in_whole_sentences(test_data: Path, config: ChanConfig) -> None:
    told = everything(analysed(real_bars(test_data, REAL[0], 4000), config))
    assert {type(one) for one in told} == {PairExplained, SegmentExplained, PointExplained}
    for one in told:
        sentences = in_words(one)
        assert len(sentences) >= 2, one
        for sentence in sentences:
            assert re.fullmatch(r"[A-Z].*[.:]", sentence), sentence
            assert not re.search(r"[{}]|\bnan\b|-1\b|None", sentence), sentence


def test_every_answer_has_its_words() -> None:
    assert set(REFUSALS) == set(CHECK_WORDS) | {"kinds"}
    assert set(POINT_HEADS) == set(KEYS.values())
    assert {"stroke", "provisional", "same_kind"} < set(PAIR_WORDS)


def test_a_stroke_that_is_too_short_is_told_with_both_numbers() -> None:
    told = analysed(bars_through(100, 120, (115, 3), 130, 105))
    said = [in_words(one) for one in everything(told) if isinstance(one, PairExplained) and one.key == "too_near"]
    assert said[0] == [
        "From the top at bar 8 (120.1) to the bottom at bar 11 (114.9).",
        "Merged bars from one to the other: 3; it takes 4.",
    ]


def test_a_first_buy_is_told_with_its_forces_and_every_measure() -> None:
    told = analysed(bars_through(145, 150, (120, 8), 130, 122, 129, (119, 30), 121))
    (buy,) = [one for one in everything(told) if isinstance(one, PointExplained) and one.kind == "B1"]
    said = in_words(buy)
    assert said[0] == f"B1 at bar {buy.idx}, 118.9: the end of stroke {buy.line.n}."
    assert any(f"Its force is {buy.ratio:.3g} of that of stroke" in sentence for sentence in said)
    assert any("peak (decides)" in sentence and "rsi" in sentence for sentence in said)
    assert said[-1].startswith(f"Known since bar {buy.life.known_at}")


def test_a_gap_and_its_proof_are_told() -> None:
    told = analysed(bars_through(110, 150, 120, 135, 105, 118, 108, 140, 125, 160, 130, 150, 120))
    down = in_words(explain_segment(told.tables, STRICT, 0, 0))
    assert "A gap, 119.9 to 118.1, parts the first two: it needs proof." in down
    assert "The fractal of the segment after it, complete with stroke 10, proves the end." in down
