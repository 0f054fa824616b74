"""What a strategy wants at the newest bars: bars and a strategy in, one intent per instrument out. It knows neither a
database nor the platform's store, so that a plain installation can scan files."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from alphaloop.core.corporate import CorporateAction
from alphaloop.core.errors import InvalidError
from alphaloop.engine.continuity import in_traded_prices, seen_through, step_over
from alphaloop.engine.extras import need_extras
from alphaloop.engine.features import build_panel
from alphaloop.engine.panel import Floats, Panel, Series, make_panel
from alphaloop.engine.strategy import Signals, Strategy, check_signals, desired_at
from alphaloop.kernels.factors import make_factor

VOLATILITY_BARS = 100
FACTORS = ("momentum", "high_nearness", "short_reversal", "volume_shock")
"""Factors told with every signal: those that need bars alone and mean the same on any instrument."""
_FACTOR_BARS = 400

Passed = Mapping[str, Sequence[tuple[int, CorporateAction]]]
"""By instrument, its ex-dates: (session date at 00:00 UTC in epoch ms, terms)."""


def scan(
    strategy: Strategy,
    series: Sequence[Series],
    params: Any,
    *,
    passed: Passed | None = None,
    extras: Mapping[str, Floats] | None = None,
) -> list[dict[str, Any]]:
    """What the strategy wants of each instrument at its own newest bar, as plain values, where it wants anything.

    Times are epoch ms, prices as traded. `age` counts the bars since the intent began, `volatility` is the standard
    deviation of the last 100 log returns, `factors` are `FACTORS` at that bar. A strategy's `manage` needs a position
    and is not asked."""
    if strategy.legs is not None:
        raise InvalidError("Option legs cannot be signalled yet.", code="legs_not_supported")
    if len(series) < strategy.instruments:
        raise InvalidError(
            f"{strategy.key} needs {strategy.instruments} instruments.",
            code="too_few_instruments",
            fields=(("instruments", "too_few_instruments"),),
        )
    need_extras(strategy, extras or {})
    traded = make_panel(series, extras=extras)
    factors = _factors(traded, passed or {})
    seen = build_panel(series, strategy, params, extras=extras, see=lambda panel: seen_through(panel, factors))
    signals = in_traded_prices(check_signals(strategy.evaluate(seen, params), seen), factors)
    wanted = (_intent(traded, factors, signals, column) for column in range(len(traded.names)))
    return [one for one in wanted if one is not None]


def _factors(panel: Panel, passed: Passed) -> Floats:
    """What prices are multiplied by to be in the shares of the first bar."""
    factors = np.ones(panel.close.shape)
    for column, name in enumerate(panel.names):
        rows = np.flatnonzero(np.isfinite(panel.close[:, column]))
        for day, terms in passed.get(name, ()):
            at = int(np.searchsorted(panel.ts_ms[rows], day))
            if 0 < at < len(rows):
                factors[rows[at] :, column] *= step_over([terms], float(panel.close[rows[at - 1], column]))
    return factors


def _intent(panel: Panel, factors: Floats, signals: Signals, column: int) -> dict[str, Any] | None:
    rows = np.flatnonzero(np.isfinite(panel.close[:, column]))
    if not len(rows):
        return None
    t = int(rows[-1])
    wanted = desired_at(signals, t, column)
    if wanted.target is None or (wanted.target != 0 and not panel.member[t, column]):
        return None
    began = max(wanted.episode, 0)
    close = panel.close[:, column] * factors[:, column]
    moves = np.diff(np.log(close[rows[-VOLATILITY_BARS - 1 :]]))
    seen = rows[-_FACTOR_BARS:]
    return {
        "instrument": panel.names[column],
        "target": wanted.target,
        "sizing": wanted.sizing.value,
        "episode": int(panel.ts_ms[began]),
        "age": int(np.count_nonzero(rows > began)),
        "stop": wanted.stop,
        "take": wanted.take,
        "trail": wanted.trail,
        "strength": wanted.strength,
        "reason": wanted.reason,
        "group": None if signals.group is None or signals.group[t, column] < 0 else int(signals.group[t, column]),
        "price": float(panel.close[t, column]),
        "ts_ms": int(panel.ts_ms[t]),
        "close_ms": int(panel.close_ms[t]),
        "volatility": float(moves.std(ddof=1)) if len(moves) > 1 else None,
        "factors": _factor_values(close[seen], panel.close[seen, column] * panel.volume[seen, column]),
    }


def _factor_values(close: Floats, traded: Floats) -> dict[str, float]:
    """The factors that can be told at the last of these bars."""
    tables = {"close": close.reshape(-1, 1), "traded": traded.reshape(-1, 1)}
    found = {name: float(make_factor(name, tables)[-1, 0]) for name in FACTORS}
    return {name: value for name, value in found.items() if np.isfinite(value)}
