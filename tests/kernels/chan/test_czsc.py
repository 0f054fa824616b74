"""The window strokes must be those of the library czsc, on walks, on real series and bar by bar."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from czsc import CZSC, Freq, RawBar

from alphaloop.kernels.chan import ChanConfig, ChanState, config_named
from tests.kernels.chan.series import Bars, bars_from, random_bars, restless_bars

START = datetime(2000, 1, 3)  # noqa: DTZ001  (their times have no zone)


def raw_bars(bars: Bars) -> list[RawBar]:
    """Their bar objects, one a minute, so that a time tells the row."""
    return [
        RawBar(
            symbol="X",
            id=row,
            dt=START + timedelta(minutes=row),
            freq=Freq.F1,
            open=open_,
            close=close,
            high=high,
            low=low,
            vol=volume,
            amount=volume * close,
        )
        for row, (_, open_, high, low, close, volume) in enumerate(bars.rows())
    ]


def theirs(analyser: CZSC) -> list[tuple[int, int]]:
    """Rows of the two ends of each of their strokes."""
    minute = timedelta(minutes=1)
    return [((bi.fx_a.dt - START) // minute, (bi.fx_b.dt - START) // minute) for bi in analyser.bi_list]


def ours(state: ChanState) -> list[tuple[int, int]]:
    rows: list[tuple[int, int]] = state.tables().strokes[["start_idx", "end_idx"]].tolist()
    return rows


def whole(bars: Bars, config: ChanConfig, length: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    state = ChanState(config)
    state.extend(*bars)
    return ours(state), theirs(CZSC(raw_bars(bars), max_bi_num=10**9, min_bi_len=length))


WALKS = [random_bars(900, seed, step=(1, 2, 3, 5, 12, 40)[seed % 6]) for seed in range(24)]
WALKS += [restless_bars(150, seed, reach=1 + seed % 12, runs=3) for seed in range(24)]


@pytest.mark.parametrize("length", [6, 7])
def test_strokes_equal_czsc_on_walks_with_many_ties(length: int) -> None:
    count = 0
    for bars in WALKS:
        mine, reference = whole(bars, config_named(f"czsc-{length}"), length)
        assert mine == reference
        count += len(mine)
    assert count > 300


@pytest.mark.parametrize("length", [4, 5, 6, 7, 9])
def test_strokes_equal_czsc_at_every_bar(length: int) -> None:
    config = ChanConfig(merge_rule="directed", stroke_rule="window", window_bars=length, equal_ends="stay")
    for seed in range(4):
        bars = random_bars(250, 100 + seed, step=(2, 3, 5, 12)[seed])
        rows, references = bars.rows(), raw_bars(bars)
        state = ChanState(config)
        state.step(*rows[0])
        analyser = CZSC(references[:1], max_bi_num=10**9, min_bi_len=length)
        for row, reference in zip(rows[1:], references[1:], strict=True):
            state.step(*row)
            analyser.update(reference)
            assert ours(state) == theirs(analyser)


@pytest.mark.parametrize(
    "wrong",
    [
        ChanConfig(merge_rule="directed", stroke_rule="window", window_bars=7, equal_ends="stay"),
        ChanConfig(merge_rule="directed", stroke_rule="window", equal_ends="move"),
        ChanConfig(merge_rule="always", stroke_rule="window", equal_ends="stay"),
        config_named("new-stroke"),
    ],
    ids=["length", "ties", "merging", "rule"],
)
def test_the_comparison_with_czsc_notices_a_wrong_reading(wrong: ChanConfig) -> None:
    assert any(mine != reference for mine, reference in (whole(bars, wrong, 6) for bars in WALKS))


@pytest.mark.data
@pytest.mark.parametrize("length", [6, 7])
def test_strokes_equal_czsc_on_every_reference_series(test_data: Path, length: int) -> None:
    for path in sorted((test_data / "golden" / "chan").glob("*/bars.csv")):
        table = np.loadtxt(path, delimiter=",", skiprows=1)
        bars = bars_from(*(np.ascontiguousarray(table[:, column]) for column in (1, 2, 3, 4)))
        mine, reference = whole(bars, config_named(f"czsc-{length}"), length)
        assert mine == reference, path.parent.name
