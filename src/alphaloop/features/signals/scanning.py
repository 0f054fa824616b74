"""What a strategy wants at the newest bars: bars and a strategy in, one intent per instrument out.

The look itself happens in a child process, where anybody's file may run; it knows no database."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from alphaloop.core.corporate import CorporateAction
from alphaloop.core.errors import InvalidError
from alphaloop.engine.continuity import in_traded_prices, seen_through, step_over
from alphaloop.engine.extras import lay_extras, need_extras
from alphaloop.engine.features import build_panel
from alphaloop.engine.own_files import PREFIX, load_own
from alphaloop.engine.panel import Floats, Panel, Series, make_panel, make_series
from alphaloop.engine.strategy import Signals, Strategy, check_signals, desired_at, load_strategy
from alphaloop.features.market.service import BarStore, SeriesKey, find_extras, read_series
from alphaloop.infra.jobs.child import Report

VOLATILITY_BARS = 100

Passed = Mapping[str, Sequence[tuple[int, CorporateAction]]]
"""By instrument, its ex-dates: (session date at 00:00 UTC in epoch ms, terms)."""


def run(args: dict[str, Any], report: Report) -> list[dict[str, Any]]:
    """`scan` for the arguments that `service.arguments_of` made and the places of this machine. InvalidError says what
    does not fit."""
    key = args["strategy"]
    strategy = load_own(key, args["strategies_dir"]) if key.startswith(PREFIX) else load_strategy(key)
    params = strategy.parse(args["params"])
    report(1, 3, "bars")
    store = BarStore(args["bars_dir"])
    series = [_series(store, one, args["as_of_ms"]) for one in args["keys"]]
    report(2, 3, "strategy")
    extras = lay_extras(find_extras(args["extra_places"], strategy.extras, called={}), series)
    found = scan(strategy, series, params, passed=args["passed"], extras=extras)
    report(3, 3, "signals")
    return found


def _series(store: BarStore, key: SeriesKey, as_of_ms: int) -> Series:
    table = read_series(store, key, as_of_ms=as_of_ms)
    if not len(table):
        raise InvalidError(
            f"{key.symbol} has no {key.timeframe.value} bars yet.", code="no_bars", fields=(("instruments", "no_bars"),)
        )
    calendar = key.calendar_rules
    ends = np.array([calendar.close_ms(one, key.timeframe) for one in table.ts.tolist()], dtype=np.int64)
    columns = (table.open, table.high, table.low, table.close, table.volume)
    return make_series(key.symbol, table.ts, *columns, close_ms=ends)


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
    deviation of the last 100 log returns. A strategy's `manage` needs a position and is not asked."""
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
    }
