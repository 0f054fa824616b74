import numpy as np
import pytest

from alphaloop.kernels.chan import ChanAsof, ChanInputError, ChanState, asof_features, config_named
from tests.kernels.chan.series import random_bars

STRICT = config_named("CN-STRICT-1")
BROKEN = [
    ("open", float("nan"), "missing"),
    ("high", float("nan"), "missing"),
    ("close", float("nan"), "missing"),
    ("low", float("inf"), "infinite"),
    ("low", 0.0, "zero or negative"),
    ("close", -3.0, "zero or negative"),
    ("high", 1.0, "below the low"),
    ("ts_ms", 0, "time"),
]


@pytest.mark.parametrize(("column", "value", "reason"), BROKEN)
def test_a_broken_bar_is_refused_by_row_and_changes_nothing(column: str, value: float, reason: str) -> None:
    bars = random_bars(60, 3)
    state = ChanState(STRICT)
    state.extend(*bars.part(0, 40))
    before = state.snapshot()
    broken = getattr(bars, column).copy()
    broken[47] = value
    with pytest.raises(ChanInputError, match=reason) as caught:
        state.extend(*bars._replace(**{column: broken}).part(40, 60))
    assert caught.value.row == 7
    assert state.snapshot() == before
    with pytest.raises(ChanInputError, match=reason):
        state.step(*bars._replace(**{column: broken}).rows()[47])
    assert state.snapshot() == before
    state.extend(*bars.part(40, 60))


def test_a_repeated_time_is_refused_across_chunks() -> None:
    bars = random_bars(20, 4)
    state = ChanState(STRICT)
    state.extend(*bars.part(0, 10))
    with pytest.raises(ChanInputError, match="time") as caught:
        state.extend(*bars.part(9, 20))
    assert caught.value.row == 0


def test_columns_of_different_length_are_refused() -> None:
    bars = random_bars(20, 4)
    with pytest.raises(ChanInputError, match="another length"):
        ChanState(STRICT).extend(*bars._replace(low=bars.low[:-1]))


def test_text_prices_are_refused() -> None:
    bars = random_bars(3, 4)
    with pytest.raises(ChanInputError, match="not numeric"):
        ChanState(STRICT).extend(bars.ts_ms, ["a", "b", "c"], bars.high, bars.low, bars.close, bars.volume)


def test_an_empty_chunk_changes_nothing_and_an_empty_series_is_refused() -> None:
    none = random_bars(5, 1).part(0, 0)
    state = ChanState(STRICT)
    before = state.snapshot()
    state.extend(*none)
    assert state.snapshot() == before
    with pytest.raises(ChanInputError, match="no bars"):
        asof_features(*none, STRICT)


def test_an_absent_volume_is_no_fault() -> None:
    bars = random_bars(50, 2)
    with_gap, without = ChanState(STRICT), ChanState(STRICT)
    with_gap.extend(*bars._replace(volume=np.full(50, np.nan)))
    without.extend(*bars)
    assert with_gap.snapshot() == without.snapshot()


def test_one_bar_gives_one_merged_bar_and_no_feature() -> None:
    row = ChanAsof(STRICT).step(0, 10.0, 11.0, 9.0, 10.5, 1.0)
    assert row["pivot_count"] == row["segment_pivot_count"] == 0
    assert all(np.isnan(value) for name, value in row.items() if not name.endswith("pivot_count"))


def test_read_only_and_strided_arrays_are_taken_like_any_other() -> None:
    bars = random_bars(300, 5)
    wide = [np.repeat(column, 2)[::2] for column in bars]
    for column in wide:
        column.setflags(write=False)
    ours, plain = ChanState(STRICT), ChanState(STRICT)
    ours.extend(*wide)
    plain.extend(*bars)
    assert ours.snapshot() == plain.snapshot()
