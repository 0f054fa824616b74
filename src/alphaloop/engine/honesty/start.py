"""Would the strategy say the same today had its history begun later? If not, results depend on an accident."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from alphaloop.engine.features import build_panel
from alphaloop.engine.honesty.periods import Bars, between
from alphaloop.engine.panel import Bools, Floats, Ints
from alphaloop.engine.strategy import Signals, Strategy

# Averages that remember for ever agree with each other only up to what is left of the first value.
_TOLERANCE = 1e-6
_PROTECTION = ("stop", "take", "trail")


@dataclass(frozen=True, slots=True)
class LaterStart:
    """A history that begins at row `start`: of `rows` rows after its warm-up `different` say something else.

    `inherited` rows are not counted among them: all bars know a position from before the later start, and it does not.
    `settled_after` is how many rows after its start both agree for good; None when they still differ in the second
    half of those rows.
    """

    start: int
    rows: int
    different: int
    inherited: int
    settled_after: int | None


@dataclass(frozen=True, slots=True)
class StartReport:
    """`settles` says that every later start came to the same decisions; `settled_after` is the slowest of them."""

    cases: tuple[LaterStart, ...]
    settles: bool
    settled_after: int | None
    different_share: float


def start_sensitivity(strategy: Strategy, bars: Bars, params: Any, *, starts: int = 8) -> StartReport:
    """Compare the decisions on all bars with those on bars that begin later, up to the middle of the history.

    Compared are the wanted position and its stop, take and trail on every row after the later warm-up. What has been
    held since before then may be missing in the later history, or have been entered at another time; anything else is
    a difference.
    InvalidError when there are fewer bars than twice the warm-up needs.
    """
    warmup = strategy.warmup(params)
    whole = build_panel(bars, strategy, params)
    said = strategy.evaluate(whole, params)
    total = len(whole.ts_ms)
    latest = max(min(total // 2, total - 2 * (warmup + 1)), 1)
    cases = []
    for start in np.unique(np.linspace(latest / starts, latest, starts).astype(int)).tolist():
        part = build_panel(between(bars, start, total), strategy, params)
        differs, inherited = _differs(strategy.evaluate(part, params), said, start, warmup)
        cases.append(_case(start, warmup, differs[warmup:], int(inherited[warmup:].sum())))
    settled = [case.settled_after for case in cases]
    slowest = None if None in settled else max((rows for rows in settled if rows is not None), default=None)
    compared = sum(case.rows for case in cases)
    return StartReport(
        cases=tuple(cases),
        settles=slowest is not None,
        settled_after=slowest,
        different_share=sum(case.different for case in cases) / max(compared, 1),
    )


def _case(start: int, warmup: int, differs: Bools, inherited: int) -> LaterStart:
    rows = np.flatnonzero(differs)
    last = int(rows[-1]) + 1 if len(rows) else 0
    settles = 2 * last <= len(differs)
    return LaterStart(start, len(differs), len(rows), inherited, warmup + last if settles else None)


def _differs(part: Signals, whole: Signals, start: int, warmup: int) -> tuple[Bools, Bools]:
    """Rows on which part and whole want other positions or protect them otherwise, and those that are excused.

    Excused is what the whole decided before the part could, while the part holds nothing or the same.
    """
    ours, theirs = _wanted(part.target), _wanted(whole.target)[start:]
    same = _near(ours, theirs)
    old = (theirs != 0.0) & (_latest(whole.episode)[start:] < start + warmup)
    inherited = old & (same | (ours == 0.0))
    differs = ~same
    for name in _PROTECTION:
        one, other = getattr(part, name), getattr(whole, name)
        if one is not None or other is not None:
            differs |= (ours != 0.0) & ~_near(_or_nothing(one, ours), _or_nothing(other, whole.target)[start:])
    return np.asarray((differs & ~inherited).any(axis=1)), np.asarray(inherited.any(axis=1))


def _wanted(target: Floats) -> Floats:
    """The position that is wanted on each row: no instruction keeps the last one, and none yet is flat."""
    rows = np.where(np.isfinite(target), np.arange(len(target)).reshape(-1, 1), 0)
    held = np.take_along_axis(target, np.maximum.accumulate(rows, axis=0), axis=0)
    return np.where(np.isfinite(held), held, 0.0)


def _latest(episode: Ints) -> Ints:
    made: Ints = np.maximum.accumulate(episode, axis=0)
    return made


def _near(one: Floats, other: Floats) -> Bools:
    made: Bools = np.isclose(one, other, rtol=_TOLERANCE, atol=_TOLERANCE * 1e-3, equal_nan=True)
    return made


def _or_nothing(values: Floats | None, like: Floats) -> Floats:
    return np.full(like.shape, np.nan) if values is None else values
