"""A run's look at the market, in the child process: the platform's own bars and a strategy in, its intents out."""

from typing import Any

import numpy as np

from alphaloop.core.errors import InvalidError
from alphaloop.engine.extras import lay_extras
from alphaloop.engine.own_files import PREFIX, load_own
from alphaloop.engine.panel import Series, make_series
from alphaloop.engine.strategy import load_strategy
from alphaloop.features.market.service import BarStore, SeriesKey, find_extras, read_series
from alphaloop.features.signals.scanning import scan
from alphaloop.infra.jobs.child import Report


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
