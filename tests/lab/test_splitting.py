"""No row learned from may have seen the test, and rows behind the test wait out the embargo."""

import numpy as np
import pytest

import alphaloop as al
from alphaloop.core.errors import InvalidError


@pytest.mark.parametrize(("horizon", "embargo"), [(0, 0.0), (5, 0.0), (5, 0.02), (40, 0.05)])
def test_no_label_of_the_training_rows_overlaps_one_of_the_test(horizon: int, embargo: float) -> None:
    made = al.splits(1000, 6, horizon=horizon, embargo=embargo)
    assert np.concatenate([fold.test for fold in made]).tolist() == list(range(1000))
    gap = int(np.ceil(embargo * 1000))
    for fold in made:
        first, last = int(fold.test[0]), min(int(fold.test[-1]) + horizon, 999)
        before, after = fold.train[fold.train < first], fold.train[fold.train > first]
        assert (before + horizon < first).all()
        assert (after > last + gap).all()
        # Nothing more was taken away than had to be.
        assert len(before) == max(first - horizon, 0)
        assert len(after) == max(999 - last - gap, 0)


def test_labels_of_different_lengths_end_where_they_say() -> None:
    ends = np.arange(100) + np.arange(100) % 7
    for fold in al.splits(100, 4, ends=ends, embargo=0.0):
        first, last = fold.test[0], ends[fold.test].max()
        kept = set(fold.train.tolist())
        assert kept == {row for row in range(100) if ends[row] < first or row > last}


def test_a_walk_learns_from_what_came_before_alone() -> None:
    rolling = al.splits(1000, 5, walk=True, horizon=10)
    anchored = al.splits(1000, 5, walk=True, horizon=10, anchored=True)
    for fold, whole in zip(rolling, anchored, strict=True):
        assert fold.train[-1] == fold.test[0] - 11
        assert len(fold.train) == 3 * 125 - 10
        assert whole.train[0] == 0
        np.testing.assert_array_equal(fold.test, whole.test)


def test_bars_are_counted_by_rows_of_their_panel() -> None:
    bars = al.load("sample")
    assert al.splits(bars, 3)[-1].test[-1] == len(bars) - 1
    assert al.splits([bars, al.load("IXIC")], 3)[-1].test[-1] == len(bars) - 1


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"folds": 1}, "bad_folds"),
        ({"embargo": 1.0}, "bad_folds"),
        ({"horizon": -1}, "bad_folds"),
        ({"folds": 200}, "too_few_bars"),
        ({"horizon": 99}, "too_few_bars"),
        ({"ends": [1, 2]}, "bad_folds"),
        ({"ends": np.zeros(100, dtype=int)}, "bad_folds"),
        ({"walk": True, "horizon": 90}, "too_few_bars"),
    ],
)
def test_splits_that_cannot_be_made_are_refused(given: dict[str, object], code: str) -> None:
    with pytest.raises(InvalidError) as refused:
        al.splits(100, **given)  # type: ignore[arg-type]
    assert refused.value.code == code
