"""Heavy features that strategies declare instead of computing: as-of columns, in one batch or bar by bar."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from alphaloop.core.bar import parse_timeframe
from alphaloop.core.errors import InvalidError
from alphaloop.engine.panel import Floats, Panel, Series, buckets, higher_bars, make_panel
from alphaloop.engine.strategy import Chan, Strategy, feature_key
from alphaloop.kernels.chan import ChanAsof, ChanConfig, asof_features, config_named


def build_panel(
    bars: Series | Sequence[Series],
    strategy: Strategy,
    params: Any,
    *,
    start: int | None = None,
    extras: Mapping[str, Floats] | None = None,
) -> Panel:
    """The panel this strategy asks for: bars, warm-up marked, declared features computed.

    No intent may begin before `start`, by default the strategy's own warm-up. InvalidError when there are fewer bars
    than the warm-up, or when `start` lies within it.
    """
    warmup = strategy.warmup(params)
    panel = make_panel(bars, start=0, extras=extras)
    first = warmup if start is None else start
    if len(panel.ts_ms) <= warmup:
        raise InvalidError(
            f"{strategy.key} needs {warmup} bars before its first decision; there are {len(panel.ts_ms)}.",
            code="too_few_bars",
        )
    if first < warmup:
        raise InvalidError(
            f"{strategy.key} needs {warmup} bars before its first decision; start no earlier.",
            code="start_within_warmup",
            fields=(("start_bar", "start_within_warmup"),),
        )
    if first >= len(panel.ts_ms):
        raise InvalidError(
            "The first traded row lies behind the last bar.", code="bad_start", fields=(("start_bar", "out_of_bounds"),)
        )
    panel.member[:first] = False
    return with_features(panel, strategy.needs(params))


def with_features(panel: Panel, needs: Sequence[Chan]) -> Panel:
    """The same panel with every needed column; an instrument's last known value stands on rows where it has no bar."""
    features: dict[str, Floats] = {}
    for need in needs:
        for column, values in _columns_of(panel, need).items():
            features[feature_key(need, column)] = values
    return panel._replace(features=features)


def chan_config(name: str) -> ChanConfig:
    """The named rule set, or InvalidError."""
    try:
        return config_named(name)
    except ValueError as error:
        raise InvalidError(str(error), code="unknown_chan_config", fields=(("config", "unknown"),)) from None


def _columns_of(panel: Panel, need: Chan) -> dict[str, Floats]:
    config = chan_config(need.config)
    rows = np.arange(len(panel.ts_ms))
    if need.timeframe is None:
        source: Any = panel
        visible = rows
    else:
        source = higher_bars(panel, need.timeframe)
        visible = source.asof
    made: dict[str, Floats] = {}
    for n in range(panel.close.shape[1]):
        present = np.flatnonzero(np.isfinite(source.close[:, n]))
        if len(present) == 0:
            continue
        o, h, low, c, v = (np.ascontiguousarray(column[present, n]) for column in source[2:7])
        columns = asof_features(source.ts_ms[present], o, h, low, c, v, config)
        # For each row of the panel, the last bar of this instrument that it may know.
        known = np.searchsorted(present, visible, side="right") - 1
        for column, values in columns.items():
            into = made.setdefault(column, np.full(panel.close.shape, np.nan))
            into[:, n] = np.where(known >= 0, values[known], np.nan)
    return made


class FeatureFeed:
    """The incremental twin of `with_features`: one closed row in, that row's columns out, equal to the batch."""

    def __init__(self, needs: Sequence[Chan], *, instruments: int = 1) -> None:
        self._lanes = [_Lane(need) for need in needs for _ in range(instruments)]
        self._needs = list(needs)
        self._instruments = instruments

    def append(
        self,
        ts_ms: int,
        close_ms: int,
        open: Floats,
        high: Floats,
        low: Floats,
        close: Floats,
        volume: Floats,
    ) -> dict[str, Floats]:
        """Take one closed row, float64[N] each (NaN = no bar), and return every column, float64[N]."""
        row: dict[str, Floats] = {}
        for k, need in enumerate(self._needs):
            for n in range(self._instruments):
                lane = self._lanes[k * self._instruments + n]
                prices = (float(open[n]), float(high[n]), float(low[n]), float(close[n]), float(volume[n]))
                for column, value in lane.append(ts_ms, close_ms, prices).items():
                    row.setdefault(feature_key(need, column), np.full(self._instruments, np.nan))[n] = value
        return row


Prices = tuple[float, float, float, float, float]


class _Lane:
    """One need of one instrument: the Chan state, and the higher bar that is still forming."""

    def __init__(self, need: Chan) -> None:
        self._state = ChanAsof(chan_config(need.config))
        self._timeframe = None if need.timeframe is None else parse_timeframe(need.timeframe)
        self._known: dict[str, float] = {}
        self._forming: Prices | None = None
        self._start = self._end = -1

    def append(self, ts_ms: int, close_ms: int, prices: Prices) -> Mapping[str, float]:
        present = np.isfinite(prices[3])
        if self._timeframe is None:
            if present:
                self._known = self._state.step(ts_ms, *prices)
            return self._known
        starts, ends = buckets(np.array([ts_ms], dtype=np.int64), self._timeframe)
        if int(starts[0]) != self._start:
            self._finish()
            self._start, self._end = int(starts[0]), int(ends[0])
        if present:
            self._forming = prices if self._forming is None else _joined(self._forming, prices)
        if self._end <= close_ms:
            self._finish()
        return self._known

    def _finish(self) -> None:
        if self._forming is not None:
            self._known = self._state.step(self._start, *self._forming)
            self._forming = None


def _joined(first: Prices, then: Prices) -> Prices:
    return first[0], max(first[1], then[1]), min(first[2], then[2]), then[3], first[4] + then[4]
