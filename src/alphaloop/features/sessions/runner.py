"""A strategy kept ready between bars: the same functions as in a backtest, fed one closed bar at a time.

Imported by the worker only, because it brings the numeric libraries along.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from alphaloop.core.corporate import CorporateAction
from alphaloop.core.errors import InvalidError
from alphaloop.core.signal import Desired
from alphaloop.engine.continuity import in_traded_prices, seen_through, step_over
from alphaloop.engine.features import FeatureFeed
from alphaloop.engine.panel import Panel, make_panel, make_series
from alphaloop.engine.simulate import Held, plain_params, view_of
from alphaloop.engine.strategy import Strategy, check_signals, desired_at

Prices = tuple[float, float, float, float, float]
"""Open, high, low, close, volume of one bar."""


class Runner:
    """One session's strategy over its anchored series. `append` takes a closed bar and returns what is wanted now.

    The strategy sees prices in the shares of the anchor (`engine/continuity`), and what it wants comes back in traded
    prices."""

    def __init__(
        self, strategy: Strategy, params: Mapping[str, object], *, instrument: str, start_ts: int, memory: list[float]
    ) -> None:
        self._factor = 1.0
        self._strategy = strategy
        self._params = self._strategy.parse(params)
        self._instrument = instrument
        self._start_ts = start_ts
        self._feed = FeatureFeed(self._strategy.needs(self._params))
        self._rows = 0
        self._times = np.empty((2, 1024), dtype=np.int64)
        self._values = np.empty((5, 1024))
        self._factors = np.ones(1024)
        self._features: dict[str, np.ndarray[Any, np.dtype[np.float64]]] = {}
        self.memory = np.array([*memory, *([0.0] * (8 - len(memory)))][:8])

    @property
    def manages(self) -> bool:
        return self._strategy.manage is not None

    def append(
        self,
        *,
        ts_ms: int,
        close_ms: int,
        prices: Prices,
        passed: Sequence[CorporateAction] = (),
    ) -> None:
        """Take one closed bar: open, high, low, close, volume as float64. `passed` are the ex-dates between the bar
        before and this one."""
        if self._rows and ts_ms <= int(self._times[0, self._rows - 1]):
            raise InvalidError("Bars must come in order.", code="bar_out_of_order")
        if passed and self._rows:
            self._factor *= step_over(passed, float(self._values[3, self._rows - 1]))
        seen = (*(price * self._factor for price in prices[:4]), prices[4] / self._factor)
        row = self._feed.append(ts_ms, close_ms, *(np.array([value]) for value in seen))
        self._grow()
        n = self._rows
        self._times[:, n] = ts_ms, close_ms
        self._values[:, n] = prices
        self._factors[n] = self._factor
        for name, value in row.items():
            self._features.setdefault(name, np.full(self._times.shape[1], np.nan))[n] = value[0]
        self._rows = n + 1

    def _grow(self) -> None:
        room = self._times.shape[1]
        if self._rows < room:
            return
        self._times = np.concatenate([self._times, np.empty_like(self._times)], axis=1)
        self._values = np.concatenate([self._values, np.empty_like(self._values)], axis=1)
        self._factors = np.concatenate([self._factors, np.ones(room)])
        self._features = {
            name: np.concatenate([column, np.full(room, np.nan)]) for name, column in self._features.items()
        }

    def _panel(self) -> Panel:
        n = self._rows
        times = self._times[:, :n]
        series = make_series(self._instrument, times[0], *self._values[:, :n], close_ms=times[1])
        panel = make_panel(
            series, features={name: column[:n].reshape(-1, 1) for name, column in self._features.items()}
        )
        first = max(self._strategy.warmup(self._params), int(np.searchsorted(times[0], self._start_ts)))
        panel.member[:first] = False
        return panel

    async def wanted(self, held: Held | None) -> Desired | None:
        """`desired`, in the words of a runner that may live elsewhere."""
        return self.desired(held)

    async def close(self) -> None:
        """Nothing of it is kept outside this process."""

    def desired(self, held: Held | None) -> Desired | None:
        """What the strategy wants at the newest bar, or None while it warms up; `held` is for `manage`."""
        if self._rows <= self._strategy.warmup(self._params):
            return None
        panel, factors = self._panel(), self._factors[: self._rows].reshape(-1, 1)
        seen = seen_through(panel, factors)
        signals = in_traded_prices(check_signals(self._strategy.evaluate(seen, self._params), seen), factors)
        t = self._rows - 1
        wanted = desired_at(signals, t)
        if self._strategy.manage is not None and held is not None:
            own = float(
                self._strategy.manage(t, view_of(panel), held._replace(mem=self.memory), plain_params(self._params))
            )
            if not math.isnan(own):
                wanted = replace(wanted, target=own)
        if not panel.member[t, 0] and wanted.target not in (None, 0.0):
            return None
        return wanted
