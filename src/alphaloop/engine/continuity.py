"""What a strategy sees across ex-dates: prices in the shares of its first bar, so that a dividend or split is no fall.

Orders and fills stay in traded prices. The factor of a row knows the ex-dates up to that row and none after it, so no
later dividend changes what was seen; prices seen are traded prices times the factor."""

from collections.abc import Sequence

import numpy as np

from alphaloop.core.corporate import CorporateAction
from alphaloop.engine.convert import to_float
from alphaloop.engine.panel import Floats, Panel
from alphaloop.engine.sim_rules import Ground
from alphaloop.engine.strategy import Signals


def factors_of(panel: Panel, ground: Ground) -> Floats | None:
    """float64[T,N], 1 until the first ex-date; None when the ground knows of no ex-dates."""
    if not ground.acts:
        return None
    found = np.ones(panel.close.shape)
    for n in range(len(panel.names)):
        days = ground.day[:, ground.calendar[n]]
        shift, factor = ground.shift[:, n], ground.factor[:, n]
        rows = np.flatnonzero(np.isfinite(panel.close[:, n]))
        acting = np.flatnonzero((shift != 0.0) | (factor != 1.0))
        for day in acting.tolist():
            before = rows[days[rows] < day]
            first = int(np.searchsorted(days, day))
            if len(before) and first < len(found):
                close = panel.close[before[-1], n]
                found[first:, n] /= (close + shift[day]) * factor[day] / close
    return found


def step_over(actions: Sequence[CorporateAction], close: float) -> float:
    """What the factor is multiplied by when these ex-dates pass together; `close` is the last traded before them."""
    worth = close
    for action in actions:
        worth = (worth + to_float(action.rights * action.rights_price - action.cash)) / to_float(action.shares)
    return close / worth


def seen_through(panel: Panel, factors: Floats) -> Panel:
    """The panel with prices times the factors, and volumes in the same shares."""
    return panel._replace(
        open=panel.open * factors,
        high=panel.high * factors,
        low=panel.low * factors,
        close=panel.close * factors,
        volume=panel.volume / factors,
    )


def in_traded_prices(signals: Signals, factors: Floats) -> Signals:
    """The same signals with stops, takes and trails as prices one can trade at on their row."""

    def traded(levels: Floats | None) -> Floats | None:
        return None if levels is None else levels / factors

    return signals._replace(stop=traded(signals.stop), take=traded(signals.take), trail=traded(signals.trail))
