"""Splits for learning from bars without learning the answer: what a label of the training rows saw is kept out of the
test, and some rows behind it too.

After M. López de Prado, *Advances in Financial Machine Learning* (2018), chapter 7: purging and embargo.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from alphaloop.core.errors import InvalidError
from alphaloop.lab.bars import LabBars

if TYPE_CHECKING:
    from alphaloop.engine.panel import Bools, Ints


class Rows(NamedTuple):
    """Rows to learn from and rows to judge by, int64 each."""

    train: "Ints"
    test: "Ints"


def splits(
    over: int | LabBars | Sequence[LabBars],
    folds: int = 5,
    *,
    walk: bool = False,
    horizon: int = 0,
    ends: Any = None,
    embargo: float = 0.01,
    anchored: bool = False,
    train_folds: int = 3,
) -> list[Rows]:
    """Purged splits of so many rows, or of the rows of these bars.

    Each of `folds` blocks is the test once and everything else is the training set, less the rows whose label overlaps
    the label of a test row, and less an `embargo` (share of all rows) behind the test. The label of row t is known at
    row t + `horizon`, or at row `ends[t]` where labels differ in length. With `walk` only rows before the test are
    learned from: those of `train_folds` tests, or with `anchored` all of them.

    InvalidError 'bad_folds' for numbers that make no split or `ends` that do not fit, 'too_few_bars' where a part would
    be left empty.
    """
    rows = over if isinstance(over, int) else _count(over)
    known = _label_ends(rows, horizon, ends)
    if not (folds >= 2 and 0.0 <= embargo < 1.0 and horizon >= 0):
        raise InvalidError("Splits need two folds at least, and an embargo below the whole.", code="bad_folds")
    if walk:
        return _walk(rows, folds, known, anchored, train_folds)
    borders = [rows * fold // folds for fold in range(folds + 1)]
    gap = int(np.ceil(embargo * rows))
    made = []
    for begin, end in pairwise(borders):
        if begin == end:
            raise _too_few()
        behind = int(known[begin:end].max()) + 1 + gap
        made.append(_rows(known, begin, end, behind))
    return made


def _walk(rows: int, folds: int, known: "Ints", anchored: bool, train_folds: int) -> list[Rows]:
    from alphaloop.engine.honesty.walk_forward import purged_splits

    made = []
    for split in purged_splits(rows, folds, anchored=anchored, train_folds=train_folds):
        part = _rows(known, *split.test, rows)
        made.append(Rows(part.train[part.train >= split.train[0]], part.test))
    if any(len(part.train) == 0 for part in made):
        raise _too_few()
    return made


def _rows(known: "Ints", begin: int, end: int, behind: int) -> Rows:
    """The test `begin` to before `end`; learning rows are known before it, or begin at `behind` or later."""
    at = np.arange(len(known), dtype=np.int64)
    learned: Bools = ((at < begin) & (known < begin)) | (at >= behind)
    if not learned.any():
        raise _too_few()
    return Rows(at[learned], at[begin:end])


def _label_ends(rows: int, horizon: int, ends: Any) -> "Ints":
    at = np.arange(rows, dtype=np.int64)
    if ends is None:
        return np.minimum(at + horizon, max(rows - 1, 0))
    known = np.asarray(ends, dtype=np.int64)
    if known.shape != at.shape or (known < at).any():
        field = (("ends", "bad_length"),)
        raise InvalidError(
            "Every row's label ends at that row or later: give one end per row.", code="bad_folds", fields=field
        )
    return known


def _count(bars: "LabBars | Sequence[LabBars]") -> int:
    if isinstance(bars, LabBars):
        return len(bars)
    return len(np.unique(np.concatenate([one.series.ts_ms for one in bars])))


def _too_few() -> InvalidError:
    return InvalidError("There are too few rows for so many folds.", code="too_few_bars")
