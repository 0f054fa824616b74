"""What a strategy may see: aligned arrays of closed bars, row by row, never filled forward and never ahead of time."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from alphaloop.core.bar import Timeframe, parse_timeframe
from alphaloop.core.errors import InvalidError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_DAY_MS = 86_400_000
# 1970-01-01 was a Thursday; weeks begin on Monday.
_MONDAY_MS = 4 * _DAY_MS


class Series(NamedTuple):
    """Closed bars of one instrument: times int64[T] in epoch milliseconds UTC, prices and volume float64[T]."""

    name: str
    ts_ms: Ints
    close_ms: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats


class Higher(NamedTuple):
    """Bars of a higher timeframe, float64[M,N], and for each panel row the last one that had closed (-1: none yet)."""

    ts_ms: Ints
    close_ms: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    asof: Ints


class Panel(NamedTuple):
    """T rows x N instruments. A row is known at its `close_ms`; NaN means that the instrument had no bar.

    `member[t, n]` is False where the instrument is outside the universe or the row is warm-up: no intent may begin
    there. `features` holds the declared as-of columns, each float64[T,N], under `feature_key(need, column)`.
    """

    ts_ms: Ints
    close_ms: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    member: Bools
    names: tuple[str, ...]
    extras: Mapping[str, Floats]
    features: Mapping[str, Floats]
    memo: Callable[[Hashable, Callable[[], Any]], Any] | None = None

    def over_closes(self, n: int, make: Callable[..., Any], *given: Any) -> Any:
        """`make(closes, *given)` over the closes that instrument n has, one for each bar of its own.

        A sweep computes it once for all its parameters (`memo`), so nobody may write into the answer.
        """
        if self.memo is None:
            return make(_own(self.close, n), *given)
        closes = self.memo(("closes", n), lambda: _own(self.close, n))
        return self.memo((make, n, given), lambda: make(closes, *given))

    def tf(self, timeframe: str) -> Higher:
        """The same instruments on a higher timeframe, with `asof[t]` = its last bar closed by row t's close."""
        return higher_bars(self, timeframe)


def make_series(
    name: str,
    ts_ms: Ints,
    open: Floats,
    high: Floats,
    low: Floats,
    close: Floats,
    volume: Floats,
    *,
    close_ms: Ints | None = None,
) -> Series:
    """Checked bars; without `close_ms` a bar ends at its start plus the file's usual step (the most frequent one).

    InvalidError names the first wrong row (0-based) when times do not increase, a price is not positive and finite,
    high or low contradict open and close, or volume is negative.
    """
    times = np.ascontiguousarray(ts_ms, dtype=np.int64)
    columns = [np.ascontiguousarray(column, dtype=np.float64) for column in (open, high, low, close, volume)]
    if times.ndim != 1 or any(column.shape != times.shape for column in columns):
        raise InvalidError("Every bar column needs one value per row.", code="bad_bars")
    if len(times) == 0:
        raise InvalidError("There are no bars.", code="no_bars")
    _check_rows(times, *columns)
    ends = times + _usual_step(times) if close_ms is None else np.ascontiguousarray(close_ms, dtype=np.int64)
    if ends.shape != times.shape or np.any(ends <= times):
        raise InvalidError("Every bar must end after it begins.", code="bad_bars")
    o, h, low_, c, v = columns
    return Series(name, times, ends, o, h, low_, c, v)


def make_panel(
    bars: Series | Sequence[Series],
    *,
    start: int = 0,
    extras: Mapping[str, Floats] | None = None,
    features: Mapping[str, Floats] | None = None,
) -> Panel:
    """One panel from one or many series: rows are the union of bar times, absent bars are NaN.

    Rows before `start` are warm-up. Where bars of one row end at different times the row is known at the latest end.
    """
    many = [bars] if isinstance(bars, Series) else list(bars)
    if not many:
        raise InvalidError("A panel needs at least one instrument.", code="no_bars")
    if len({series.name for series in many}) != len(many):
        raise InvalidError("Every instrument of a panel needs its own name.", code="bad_bars")
    if len(many) == 1:
        ts_ms, close_ms = many[0].ts_ms, many[0].close_ms
        columns: list[Floats] = [column.reshape(-1, 1) for column in many[0][3:]]
    elif all(np.array_equal(series.ts_ms, many[0].ts_ms) for series in many[1:]):
        ts_ms, close_ms = many[0].ts_ms, np.max([series.close_ms for series in many], axis=0)
        columns = [_side_by_side([getattr(series, name) for series in many]) for name in Series._fields[3:]]
    else:
        ts_ms = np.unique(np.concatenate([series.ts_ms for series in many]))
        close_ms = np.zeros(len(ts_ms), dtype=np.int64)
        columns = [np.full((len(ts_ms), len(many)), np.nan) for _ in range(5)]
        for n, series in enumerate(many):
            rows = np.searchsorted(ts_ms, series.ts_ms)
            close_ms[rows] = np.maximum(close_ms[rows], series.close_ms)
            for column, values in zip(columns, series[3:], strict=True):
                column[rows, n] = values
    if not 0 <= start <= len(ts_ms):
        raise InvalidError("The first traded row lies outside the bars.", code="bad_start")
    member = np.isfinite(columns[3])
    member[:start] = False
    o, h, low_, c, v = columns
    return Panel(ts_ms, close_ms, o, h, low_, c, v, member, tuple(s.name for s in many), extras or {}, features or {})


def cut(panel: Panel, rows: int) -> Panel:
    """The first `rows` rows of a panel: what had been known then (features must be recomputed, so they are dropped)."""
    changes: dict[str, Any] = {name: getattr(panel, name)[:rows] for name in _ROW_FIELDS}
    extras = {name: values[:rows] for name, values in panel.extras.items()}
    return panel._replace(**changes, extras=extras, features={})


_ROW_FIELDS = ("ts_ms", "close_ms", "open", "high", "low", "close", "volume", "member")


def higher_bars(panel: Panel, timeframe: str) -> Higher:
    """Group the panel's rows into UTC buckets of `timeframe`; a bucket is closed once its nominal end has passed.

    It never closes before its last row does, so rows longer than `timeframe` are its bars as they are."""
    starts, ends = buckets(panel.ts_ms, parse_timeframe(timeframe))
    first = np.flatnonzero(np.r_[True, starts[1:] != starts[:-1]])
    last = np.r_[first[1:], len(starts)]
    bar_starts, bar_ends = starts[first], np.maximum(ends[first], panel.close_ms[last - 1])
    shape = (len(first), panel.close.shape[1])
    columns = [np.full(shape, np.nan) for _ in range(5)]
    for n in range(shape[1]):
        rows = np.flatnonzero(np.isfinite(panel.close[:, n]))
        if len(rows) == 0:
            continue
        bar = np.searchsorted(last, rows, side="right")
        head = np.flatnonzero(np.r_[True, bar[1:] != bar[:-1]])
        tail = np.r_[head[1:], len(rows)] - 1
        where = bar[head]
        columns[0][where, n] = panel.open[rows[head], n]
        columns[1][where, n] = np.maximum.reduceat(panel.high[rows, n], head)
        columns[2][where, n] = np.minimum.reduceat(panel.low[rows, n], head)
        columns[3][where, n] = panel.close[rows[tail], n]
        columns[4][where, n] = np.add.reduceat(panel.volume[rows, n], head)
    asof = np.searchsorted(bar_ends, panel.close_ms, side="right").astype(np.int64) - 1
    o, h, low_, c, v = columns
    return Higher(bar_starts, bar_ends, o, h, low_, c, v, asof)


def buckets(ts_ms: Ints, timeframe: Timeframe) -> tuple[Ints, Ints]:
    """Start and nominal end, epoch ms, of the UTC bucket each time falls into; weeks begin on Monday."""
    if timeframe is Timeframe.MO1:
        months = ts_ms.astype("datetime64[ms]").astype("datetime64[M]")
        return (
            months.astype("datetime64[ms]").astype(np.int64),
            (months + 1).astype("datetime64[ms]").astype(np.int64),
        )
    shift = _MONDAY_MS if timeframe is Timeframe.W1 else 0
    starts = (ts_ms - shift) // timeframe.ms * timeframe.ms + shift
    return starts, starts + timeframe.ms


def _side_by_side(many: Sequence[Floats]) -> Floats:
    table = np.empty((len(many[0]), len(many)))
    for n, values in enumerate(many):
        table[:, n] = values
    return table


def _own(values: Floats, n: int) -> Floats:
    column = values[:, n]
    present = np.isfinite(column)
    return np.ascontiguousarray(column if present.all() else column[present])


def _usual_step(ts_ms: Ints) -> int:
    if len(ts_ms) < 2:
        return 1
    steps, counts = np.unique(np.diff(ts_ms), return_counts=True)
    return int(steps[np.argmax(counts)])


def _check_rows(ts_ms: Ints, open: Floats, high: Floats, low: Floats, close: Floats, volume: Floats) -> None:
    with np.errstate(invalid="ignore"):
        wrong = {
            "its time does not come after the row before": np.r_[False, np.diff(ts_ms) <= 0],
            "a price is missing or not positive": ~(
                np.isfinite(open) & np.isfinite(high) & np.isfinite(low) & np.isfinite(close) & (low > 0)
            ),
            "high and low do not contain open and close": (high < np.maximum(open, close))
            | (low > np.minimum(open, close)),
            "its volume is missing or negative": ~(np.isfinite(volume) & (volume >= 0)),
        }
    found = [(int(np.argmax(bad)), reason) for reason, bad in wrong.items() if np.any(bad)]
    if found:
        row, reason = min(found)
        raise InvalidError(f"Row {row} of the bars: {reason}.", code="bad_bars", fields=((f"row {row}", "bad_bar"),))
