"""What strategies that judge many instruments together share: named inputs, days of decision, weights that stand.

Every instrument is measured over its own bars, so a holiday of one market does not shorten the history of another.
D is the number of decisions, N of instruments.
"""

from collections.abc import Mapping

import numpy as np
from numba import njit

from alphaloop.core.errors import InvalidError
from alphaloop.engine.panel import Floats, Ints, Panel
from alphaloop.engine.strategy import Signals

# Rows over which the usual number of instruments with a bar is taken.
_WEEK = 6


def named_inputs(panel: Panel, extras: Mapping[str, Mapping[str, str]]) -> list[Floats]:
    """The named inputs in their order, each float64[T,N] or [T,1]; InvalidError names the first that is absent."""
    for name, label in extras.items():
        if name not in panel.extras:
            raise InvalidError(
                f"This strategy also needs {name}: {label['en']}.", code="missing_extra", fields=((name, "missing"),)
            )
    return [panel.extras[name] for name in extras]


def need_instruments(panel: Panel, least: int) -> None:
    """InvalidError for fewer instruments than can be compared."""
    if panel.close.shape[1] < least:
        raise InvalidError(f"This strategy compares instruments: give at least {least}.", code="too_few_instruments")


def decision_rows(panel: Panel) -> Ints:
    """First rows of UTC months on which most instruments have a bar, int64[D], from when the universe opens.

    The last row of a month cannot be known as such on its own day; the first one can. On the holiday of most markets
    the others wait: who has no bar cannot be chosen, and would be sold for a month.
    """
    present = np.isfinite(panel.close).sum(axis=1)
    before = np.r_[np.zeros(_WEEK - 1, dtype=np.int64), present]
    usual = np.lib.stride_tricks.sliding_window_view(before, _WEEK).max(axis=1)
    open_rows = np.flatnonzero(2 * present > usual)
    months = panel.ts_ms[open_rows].astype("datetime64[ms]").astype("datetime64[M]")
    rows: Ints = open_rows[1:][months[1:] != months[:-1]]
    decided: Ints = rows[panel.member[rows].any(axis=1)]
    return decided


def best_share(scores: Floats, share: float) -> Floats:
    """Equal weights float64[D,N], 1 in all, for the highest `share` of the scores of a row, one at least.

    A NaN score is never chosen; of equal scores the earlier column is.
    """
    known = np.isfinite(scores)
    wanted = np.maximum(np.rint(share * known.sum(axis=1)), 1.0)
    order = np.argsort(-scores, axis=1, kind="stable")
    place = np.empty_like(order)
    np.put_along_axis(place, order, np.arange(scores.shape[1])[None, :], axis=1)
    chosen = known & (place < wanted[:, None])
    weights: Floats = chosen / np.maximum(chosen.sum(axis=1), 1)[:, None]
    return weights


def rebalanced(panel: Panel, rows: Ints, weights: Floats, reasons: tuple[str, str, str]) -> Signals:
    """Weights float64[D,N] decided on `rows`, each standing until the next: a new decision is a new episode.

    `reasons` are the words for a weight above 0, below 0 and at 0.
    """
    shape = panel.close.shape
    target, episode, reason = np.empty(shape), np.empty(shape, dtype=np.int64), np.empty(shape, dtype=np.int64)
    first = rows[0] if len(rows) else shape[0]
    target[:first], episode[:first], reason[:first] = np.nan, -1, 0
    why = np.where(weights > 0.0, 1, np.where(weights < 0.0, 2, 3))
    for k, (row, following) in enumerate(zip(rows, np.append(rows, shape[0])[1:], strict=True)):
        target[row:following], episode[row:following], reason[row:following] = weights[k], row, why[k]
    return Signals(target, episode, reason=reason, reasons=("", *reasons))


def own_returns(panel: Panel) -> Floats:
    """Return of each close over the instrument's own close before it, float64[T,N]; NaN where it has no bar."""
    made = np.full(panel.close.shape, np.nan)
    for n in range(panel.close.shape[1]):
        rows = np.flatnonzero(np.isfinite(panel.close[:, n]))
        close = panel.close[rows, n]
        made[rows[1:], n] = close[1:] / close[:-1] - 1.0
    return made


def own_growth(panel: Panel, rows: Ints, bars: int, skip: int = 0) -> Floats:
    """Growth float64[D,N] over `bars` bars up to the one `skip` bars before each row.

    NaN outside the universe and where there are too few bars.
    """
    if np.isfinite(panel.close).all():
        # Without gaps its own bars are the rows.
        made, told = np.full((len(rows), panel.close.shape[1]), np.nan), rows - skip >= bars
        last = rows[told] - skip
        made[told] = panel.close[last] / panel.close[last - bars] - 1.0
        return np.where(panel.member[rows], made, np.nan)
    close = np.ascontiguousarray(panel.close.T)
    return np.where(panel.member[rows], _growth(close, rows, bars, skip), np.nan)


def own_deviation(panel: Panel, rows: Ints, bars: int) -> Floats:
    """Sample deviation float64[D,N] of the last `bars` returns at each row.

    NaN outside the universe, where there are too few bars, and for a price that does not move at all.
    """
    close = np.ascontiguousarray(panel.close.T)
    return np.where(panel.member[rows], _deviation(close, rows, bars), np.nan)


@njit(cache=True)
def _own(close: Floats, bars: Floats, count: Ints) -> None:
    """Into `bars` the closes that are there, and into `count` how many up to and including each row."""
    seen = 0
    for t in range(len(close)):
        if not np.isnan(close[t]):
            bars[seen] = close[t]
            seen += 1
        count[t] = seen


@njit(cache=True)
def _growth(close: Floats, rows: Ints, bars: int, skip: int) -> Floats:
    made = np.full((len(rows), len(close)), np.nan)
    own, count = np.empty(close.shape[1]), np.empty(close.shape[1], np.int64)
    for n in range(len(close)):
        _own(close[n], own, count)
        for k in range(len(rows)):
            last = count[rows[k]] - 1 - skip
            if last >= bars and not np.isnan(close[n, rows[k]]):
                made[k, n] = own[last] / own[last - bars] - 1.0
    return made


@njit(cache=True)
def _deviation(close: Floats, rows: Ints, bars: int) -> Floats:
    made = np.full((len(rows), len(close)), np.nan)
    own, count = np.empty(close.shape[1]), np.empty(close.shape[1], np.int64)
    for n in range(len(close)):
        _own(close[n], own, count)
        for k in range(len(rows)):
            last = count[rows[k]] - 1
            if last < bars or np.isnan(close[n, rows[k]]):
                continue
            mean, squares = 0.0, 0.0
            for i in range(last - bars + 1, last + 1):
                mean += (own[i] / own[i - 1] - 1.0) / bars
            for i in range(last - bars + 1, last + 1):
                squares += (own[i] / own[i - 1] - 1.0 - mean) ** 2
            if squares > 0.0:
                made[k, n] = np.sqrt(squares / (bars - 1))
    return made
