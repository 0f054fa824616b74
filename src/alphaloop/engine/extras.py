"""Inputs besides prices, laid beside the rows of a panel as they were known then: fundamentals, factors, rates, VIX."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from alphaloop.core.errors import InvalidError
from alphaloop.engine.panel import Floats, Ints, Panel, Series, make_panel
from alphaloop.engine.strategy import Strategy

_DAY_MS = 86_400_000
# Steps up to this long are those of a daily series with its weekends and holidays.
_DAILY_MS = 5 * _DAY_MS
_STANDS_DAILY, _STANDS_SLOW = 7 * _DAY_MS, 400 * _DAY_MS
RETURNS = frozenset(("mkt_rf", "smb", "hml", "rf", "mom", "umd", "rmw", "cma"))
"""Names of French's library: the return of a row itself, which no later row repeats."""


class Extra(NamedTuple):
    """K values of their own times, int64[K] epoch ms, in the order of `ts_ms`. `symbols` says whose each value is, None
    when it is nobody's own. `known_ms` is when each could be read where the source states it; else a value of a day is
    known when that day is over, a value of a longer step when the step is."""

    ts_ms: Ints
    values: Floats
    symbols: tuple[str, ...] | None = None
    known_ms: Ints | None = None


def need_extras(strategy: Strategy, given: Mapping[str, object]) -> None:
    """InvalidError 'missing_extra' naming every declared input that is not there, and how to bring it."""
    missing = [name for name in strategy.extras if name not in given]
    if missing:
        wanted = "; ".join(f"{name} ({strategy.extras[name]['en']})" for name in missing)
        raise InvalidError(
            f"This strategy also needs {wanted}. Give each as a CSV or Parquet file: --extra {missing[0]}=FILE on the "
            "command line, or import it on the platform (POST /api/v1/market/extras/import).",
            code="missing_extra",
            fields=tuple((name, "missing") for name in missing),
        )


def lay_extras(extras: Mapping[str, Extra], bars: Series | Sequence[Series]) -> dict[str, Floats]:
    """Every input beside the rows that these bars make together, ready for a backtest."""
    panel = make_panel(bars)
    return {name: lay(name, extra, panel) for name, extra in extras.items()}


def lay(name: str, extra: Extra, panel: Panel) -> Floats:
    """float64[T,1], or [T,N] where values are an instrument's own; NaN where nothing was known yet or any more.

    A return (`RETURNS`) stands on the row of its own time alone. Everything else is the newest value known by the row's
    close, for a week after a daily one and for 400 days after a slower one. InvalidError 'extra_elsewhere' when no row
    knows any value."""
    if extra.symbols is None:
        made = _one(name, extra, panel)
    else:
        whose = np.array([symbol.upper() for symbol in extra.symbols])
        made = np.full(panel.close.shape, np.nan)
        for n, instrument in enumerate(panel.names):
            spelled = instrument.upper()
            own = np.flatnonzero((whose == spelled) | (whose == spelled.partition("@")[0]))
            if len(own):
                known = None if extra.known_ms is None else extra.known_ms[own]
                own_extra = Extra(extra.ts_ms[own], extra.values[own], (), known)
                made[:, n] = _one(name, own_extra, panel)[:, 0]
    if not np.isfinite(made).any():
        raise InvalidError(
            f"No value of {name} was known in the time of these bars.",
            code="extra_elsewhere",
            fields=((name, "extra_elsewhere"),),
        )
    return made


def _one(name: str, extra: Extra, panel: Panel) -> Floats:
    known, limit = _known(extra), panel.close_ms
    if extra.known_ms is None and _is_daily(panel.ts_ms):
        # A daily bar and a daily value of one session are known together, whenever either's market closes.
        limit = np.maximum(limit, panel.ts_ms + _DAY_MS)
    if name in RETURNS:
        at = np.minimum(np.searchsorted(extra.ts_ms, panel.ts_ms), len(extra.ts_ms) - 1)
        there = extra.ts_ms[at] == panel.ts_ms
        if extra.known_ms is not None:
            there &= known[at] <= limit
        return np.where(there, extra.values[at], np.nan).reshape(-1, 1)
    order = np.argsort(known, kind="stable")
    # A figure of an older period, published or corrected later, does not take the place of a newer period's.
    newest = np.maximum.accumulate(order)
    at = np.searchsorted(known[order], limit, side="right") - 1
    chosen = newest[np.maximum(at, 0)]
    stands = _STANDS_DAILY if extra.symbols is None and _is_daily(extra.ts_ms) else _STANDS_SLOW
    fresh = (at >= 0) & (limit - known[chosen] <= stands)
    return np.where(fresh, extra.values[chosen], np.nan).reshape(-1, 1)


def _known(extra: Extra) -> Ints:
    """When each value was known, int64[K]."""
    if extra.known_ms is not None:
        return extra.known_ms
    if np.any(extra.ts_ms % _DAY_MS):
        return extra.ts_ms  # moments, not dates
    if extra.symbols is not None or _is_daily(extra.ts_ms) or len(extra.ts_ms) < 2:
        return extra.ts_ms + _DAY_MS
    step = int(np.median(np.diff(extra.ts_ms)))
    return np.append(extra.ts_ms[1:], extra.ts_ms[-1] + step)


def _is_daily(ts_ms: Ints) -> bool:
    """Whether times lie a day apart, but for days off."""
    if len(ts_ms) < 2:
        return False
    return _DAY_MS <= float(np.median(np.diff(ts_ms))) <= _DAILY_MS
