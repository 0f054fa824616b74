"""Would the strategy say the same today had its history begun later? If not, results depend on an accident."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from alphaloop.engine.features import build_panel
from alphaloop.engine.honesty.periods import Bars, between
from alphaloop.engine.panel import Bools, Floats
from alphaloop.engine.strategy import Signals, Strategy

# Averages that remember for ever agree with each other only up to what is left of the first value.
_TOLERANCE = 1e-6
_LEVELS = ("target", "stop", "take", "trail")


@dataclass(frozen=True, slots=True)
class LaterStart:
    """A history that begins at row `start`: of `rows` rows after its warm-up `different` say something else.

    `settled_after` is how many rows after its start both agree for good; None when they still differ in the second
    half of those rows.
    """

    start: int
    rows: int
    different: int
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

    Compared are target, stop, take and trail of every row after the later warm-up. A position that was already held
    at a later start makes both differ until the next exit, which is why settling counts and not agreeing at once.
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
        differs = _differs(strategy.evaluate(part, params), said, start)[warmup:]
        cases.append(_case(start, warmup, differs))
    settled = [case.settled_after for case in cases]
    slowest = None if None in settled else max((rows for rows in settled if rows is not None), default=None)
    compared = sum(case.rows for case in cases)
    return StartReport(
        cases=tuple(cases),
        settles=slowest is not None,
        settled_after=slowest,
        different_share=sum(case.different for case in cases) / max(compared, 1),
    )


def _case(start: int, warmup: int, differs: Bools) -> LaterStart:
    rows = np.flatnonzero(differs)
    last = int(rows[-1]) + 1 if len(rows) else 0
    settles = 2 * last <= len(differs)
    return LaterStart(start, len(differs), len(rows), warmup + last if settles else None)


def _differs(part: Signals, whole: Signals, start: int) -> Bools:
    """Rows of the part on which any instrument's levels are not those of the whole."""
    found = np.zeros(len(part.target), dtype=np.bool_)
    for name in _LEVELS:
        ours, theirs = getattr(part, name), getattr(whole, name)
        if ours is None and theirs is None:
            continue
        one, other = (_or_nothing(values, part.target) for values in (ours, None if theirs is None else theirs[start:]))
        near = np.isclose(one, other, rtol=_TOLERANCE, atol=_TOLERANCE * 1e-3, equal_nan=True)
        found |= ~near.all(axis=1)
    return found


def _or_nothing(values: Floats | None, like: Floats) -> Floats:
    return np.full(like.shape, np.nan) if values is None else values
