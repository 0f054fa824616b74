"""Heavy features that strategies declare instead of computing: as-of columns, in one batch or bar by bar."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from alphaloop.core.bar import parse_timeframe
from alphaloop.core.errors import InvalidError
from alphaloop.engine.panel import Floats, Higher, Ints, Panel, Series, buckets, higher_bars, make_panel
from alphaloop.engine.strategy import Chan, Strategy, feature_key
from alphaloop.kernels.chan import ChanAsof, ChanConfig, ChanState, asof_features, config_named
from alphaloop.kernels.chan.nesting import Level
from alphaloop.kernels.chan.nesting_asof import NESTED, ClosedBars, NestedAsof, nested_asof

POINT_LEVELS = ("stroke", "segment")


@dataclass(frozen=True, slots=True)
class Nested:
    """A declared need: the points of lower timeframes inside the last stroke of the newest point of the highest one.

    `timeframes` fall from the highest on; None, which may only come last, is the bars' own. `points` says whose points
    are read, those of strokes or of segments."""

    timeframes: tuple[str | None, ...]
    config: str = "CN-STRICT-1"
    points: str = "stroke"

    def __post_init__(self) -> None:
        # The bars' own timeframe is at most as long as any other that can be made of them.
        lengths = [0 if one is None else parse_timeframe(one).ms for one in self.timeframes]
        if len(lengths) < 2 or any(above <= below for above, below in pairwise(lengths)):
            raise InvalidError("Nested timeframes go from the highest down, two at least.", code="bad_nesting")
        if self.points not in POINT_LEVELS:
            raise InvalidError("Points stand on strokes or on segments.", code="bad_nesting")


Need = Chan | Nested


def nested_key(need: Nested, column: str) -> str:
    """Name of a nested column in `panel.features`, such as 'nested:1d>30m:CN-STRICT-1:stroke:nested_kind'."""
    timeframes = ">".join(timeframe or "own" for timeframe in need.timeframes)
    return f"nested:{timeframes}:{need.config}:{need.points}:{column}"


def build_panel(
    bars: Series | Sequence[Series],
    strategy: Strategy,
    params: Any,
    *,
    start: int | None = None,
    extras: Mapping[str, Floats] | None = None,
    see: Callable[[Panel], Panel] | None = None,
) -> Panel:
    """The panel this strategy asks for: bars (as `see` shows them), warm-up marked, declared features computed.

    No intent may begin before `start`, by default the strategy's own warm-up. InvalidError when there are fewer bars
    than the warm-up, or when `start` lies within it.
    """
    panel = make_panel(bars, extras=extras)
    if see is not None:
        panel = see(panel)
    return with_features(begin_after_warmup(panel, strategy, params, start=start), strategy.needs(params))


def begin_after_warmup(panel: Panel, strategy: Strategy, params: Any, *, start: int | None = None) -> Panel:
    """The same panel, its own `member` written: nobody belongs to the universe before `start` (see `build_panel`)."""
    warmup = strategy.warmup(params)
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
    return panel


def with_features(panel: Panel, needs: Sequence[Need]) -> Panel:
    """The same panel with every needed column; an instrument's last known value stands on rows where it has no bar."""
    features: dict[str, Floats] = {}
    for need in needs:
        made = _nested_columns(panel, need) if isinstance(need, Nested) else _chan_columns(panel, need)
        features.update(made)
    return panel._replace(features=features)


def chan_levels(panel: Panel, timeframes: Sequence[str | None], config: str, *, column: int = 0) -> list[Level]:
    """Chan tables of one instrument on several timeframes, all made of the panel's rows and as known at the last one.

    In the order of `timeframes` (None: the bars' own); `links` and `nested_points` read them."""
    levels = []
    for timeframe in timeframes:
        bars, asof = _closed_bars(panel, timeframe, column)
        known = int(asof[-1]) + 1
        state = ChanState(chan_config(config))
        state.extend(*(values[:known] for values in bars[:6]))
        levels.append(Level(state.tables(), bars.close_ts[:known]))
    return levels


def chan_config(name: str) -> ChanConfig:
    """The named rule set, or InvalidError."""
    try:
        return config_named(name)
    except ValueError as error:
        raise InvalidError(str(error), code="unknown_chan_config", fields=(("config", "unknown"),)) from None


def _closed_bars(panel: Panel, timeframe: str | None, n: int) -> tuple[ClosedBars, Ints]:
    """Bars of instrument n on a timeframe, and for each row of the panel the last of them that it may know (-1)."""
    source: Panel | Higher = panel
    visible = np.arange(len(panel.ts_ms))
    if timeframe is not None:
        source = higher_bars(panel, timeframe)
        visible = source.asof
    present = np.flatnonzero(np.isfinite(source.close[:, n]))
    o, h, low, c, v = (np.ascontiguousarray(values[present, n]) for values in _prices(source))
    asof = np.searchsorted(present, visible, side="right").astype(np.int64) - 1
    return ClosedBars(source.ts_ms[present], o, h, low, c, v, source.close_ms[present]), asof


def _prices(source: Panel | Higher) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    return source.open, source.high, source.low, source.close, source.volume


def _chan_columns(panel: Panel, need: Chan) -> dict[str, Floats]:
    made: dict[str, Floats] = {}
    for n in range(panel.close.shape[1]):
        bars, asof = _closed_bars(panel, need.timeframe, n)
        if len(bars.ts_ms) == 0:
            continue
        for column, values in asof_features(*bars[:6], chan_config(need.config)).items():
            into = made.setdefault(feature_key(need, column), np.full(panel.close.shape, np.nan))
            into[:, n] = np.where(asof >= 0, values[asof], np.nan)
    return made


def _nested_columns(panel: Panel, need: Nested) -> dict[str, Floats]:
    made = {nested_key(need, column): np.full(panel.close.shape, np.nan) for column in NESTED}
    for n in range(panel.close.shape[1]):
        levels = [_closed_bars(panel, timeframe, n) for timeframe in need.timeframes]
        asof = np.stack([rows for _, rows in levels], axis=1)
        columns = nested_asof([bars for bars, _ in levels], asof, chan_config(need.config), lines=_lines(need))
        for column, values in columns.items():
            made[nested_key(need, column)][:, n] = values
    return made


def _lines(need: Nested) -> int:
    return POINT_LEVELS.index(need.points)


class FeatureFeed:
    """The incremental twin of `with_features`: one closed row in, that row's columns out, equal to the batch."""

    def __init__(self, needs: Sequence[Need], *, instruments: int = 1) -> None:
        self._lanes = [[_lane(need) for need in needs] for _ in range(instruments)]

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
        for n, lanes in enumerate(self._lanes):
            prices = (float(open[n]), float(high[n]), float(low[n]), float(close[n]), float(volume[n]))
            for lane in lanes:
                for column, value in lane.append(ts_ms, close_ms, prices).items():
                    row.setdefault(column, np.full(len(self._lanes), np.nan))[n] = value
        return row


Prices = tuple[float, float, float, float, float]


class _Gathering:
    """Rows of one instrument gathered into closed bars of a timeframe (None: the rows' own)."""

    def __init__(self, timeframe: str | None) -> None:
        self._timeframe = None if timeframe is None else parse_timeframe(timeframe)
        self._forming: Prices | None = None
        self._start = self._end = -1

    def take(self, ts_ms: int, close_ms: int, prices: Prices) -> Iterator[tuple[int, int, Prices]]:
        """The bars that this row closes: (open time, close time, prices)."""
        present = np.isfinite(prices[3])
        if self._timeframe is None:
            if present:
                yield ts_ms, close_ms, prices
            return
        starts, ends = buckets(np.array([ts_ms], dtype=np.int64), self._timeframe)
        if int(starts[0]) != self._start:
            yield from self._finished()
            self._start = int(starts[0])
        self._end = max(int(ends[0]), close_ms)
        if present:
            self._forming = prices if self._forming is None else _joined(self._forming, prices)
        if self._end <= close_ms:
            yield from self._finished()

    def _finished(self) -> Iterator[tuple[int, int, Prices]]:
        if self._forming is not None:
            yield self._start, self._end, self._forming
            self._forming = None


class _ChanLane:
    """One Chan need of one instrument."""

    def __init__(self, need: Chan) -> None:
        self._need = need
        self._bars = _Gathering(need.timeframe)
        self._state = ChanAsof(chan_config(need.config))
        self._known: dict[str, float] = {}

    def append(self, ts_ms: int, close_ms: int, prices: Prices) -> Mapping[str, float]:
        for start, _, bar in self._bars.take(ts_ms, close_ms, prices):
            known = self._state.step(start, *bar)
            self._known = {feature_key(self._need, column): value for column, value in known.items()}
        return self._known


class _NestedLane:
    """One nested need of one instrument."""

    def __init__(self, need: Nested) -> None:
        self._keys = [nested_key(need, column) for column in NESTED]
        self._bars = [_Gathering(timeframe) for timeframe in need.timeframes]
        self._state = NestedAsof(len(need.timeframes), chan_config(need.config), lines=_lines(need))
        self._known = dict.fromkeys(self._keys, float("nan"))

    def append(self, ts_ms: int, close_ms: int, prices: Prices) -> Mapping[str, float]:
        closed = False
        for place, bars in enumerate(self._bars):
            for start, end, bar in bars.take(ts_ms, close_ms, prices):
                self._state.step(place, (start, *bar), close_ts=end)
                closed = True
        if closed:
            self._known = dict(zip(self._keys, self._state.read(), strict=True))
        return self._known


def _lane(need: Need) -> _ChanLane | _NestedLane:
    return _NestedLane(need) if isinstance(need, Nested) else _ChanLane(need)


def _joined(first: Prices, then: Prices) -> Prices:
    return first[0], max(first[1], then[1]), min(first[2], then[2]), then[3], first[4] + then[4]
