"""Chan states kept from one question to the next, so that the next bar costs one step and not the whole series.

A structure depends on where its series begins, so a state always starts at the first stored bar. Blocking.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from alphaloop.adapters.feeds.contract import BarTable
from alphaloop.core.corporate import RAW
from alphaloop.core.errors import InvalidError, UnavailableError
from alphaloop.features.market.service import BarStore, SeriesKey, read_series
from alphaloop.features.research.configs import named_config

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from alphaloop.kernels.chan import ChanState, ChanTables

KEPT = 64
KEPT_BARS = 2_000_000
"""Bars of all kept states together: a state weighs some 400 bytes a bar."""

MOST_BARS = 2_000_000
"""A longer series is not analysed for a question; a coarser timeframe of it is."""

_CHUNK = 16_384  # bars of one compiled call, which keeps every other thread of the process waiting


@dataclass(frozen=True, slots=True)
class Structure:
    """A series' structure after its newest visible bar. `ts` is int64[N]; `close` that bar's close."""

    tables: "ChanTables"
    ts: "NDArray[np.int64]"
    close: float
    decimals: int


@dataclass(slots=True)
class _Kept:
    state: "ChanState"
    times: "list[NDArray[np.int64]]"
    close: float
    decimals: int
    stamp: tuple[int, int]
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def last_ts(self) -> int:
        return int(self.times[-1][-1])


_Name = tuple[str, str, str, int | None]


class StructureBook:
    """The newest states by series, configuration and watcher (a replay, or nobody for the present)."""

    def __init__(self, *, kept: int = KEPT) -> None:
        self._kept: OrderedDict[_Name, _Kept] = OrderedDict()
        self._most = kept
        self._lock = threading.Lock()

    def structure(
        self, store: BarStore, key: SeriesKey, *, config: str, as_of_ms: int | None, watcher: int | None = None
    ) -> Structure | None:
        """The structure of the bars closed at `as_of_ms`, or None when there are none yet.

        Continues the state of the last question when bars were only added since; begins anew otherwise.
        """
        if key.adjust != RAW:  # not kept: a new ex-date gives every bar before it another price
            made = _begun(store, key, config, as_of_ms)
            return None if made is None else _view(made)
        name = (key.symbol, key.timeframe.value, config, watcher)
        with self._lock:
            kept = self._kept.get(name)
        if kept is not None:
            with kept.lock:
                found = _continued(kept, store, key, as_of_ms)
            if found is not None:
                self._touch(name, kept)
                return found
        fresh = _begun(store, key, config, as_of_ms)
        if fresh is None:
            return None
        self._touch(name, fresh)
        with fresh.lock:
            return _view(fresh)

    def _touch(self, name: _Name, kept: _Kept) -> None:
        with self._lock:
            self._kept[name] = kept
            self._kept.move_to_end(name)
            bars = sum(one.state.bars for one in self._kept.values())
            while len(self._kept) > self._most or (bars > KEPT_BARS and len(self._kept) > 1):
                _, gone = self._kept.popitem(last=False)
                bars -= gone.state.bars


def _begun(store: BarStore, key: SeriesKey, config: str, as_of_ms: int | None) -> _Kept | None:
    from alphaloop.kernels.chan import ChanState

    settings = named_config(config)
    stamp = _stamp(store, key)
    refuse_long(store, key)
    table = read_series(store, key, as_of_ms=as_of_ms)
    if not len(table):
        return None
    kept = _Kept(ChanState(settings), [], 0.0, table.price_decimals, stamp)
    _feed(kept, table)
    return kept


def _continued(kept: _Kept, store: BarStore, key: SeriesKey, as_of_ms: int | None) -> Structure | None:
    """The kept state moved on to `as_of_ms`; None when it saw later bars or the stored bars changed under it."""
    calendar = key.calendar_rules
    if as_of_ms is not None and calendar.close_ms(kept.last_ts, key.timeframe) > as_of_ms:
        return None
    rows, conflicts = _stamp(store, key)
    grown = rows - kept.stamp[0]
    if conflicts != kept.stamp[1] or grown < 0 or (as_of_ms is not None and grown):
        return None
    table = read_series(store, key, as_of_ms=as_of_ms, since_ts=kept.last_ts + 1)
    if grown and (key.origin is not key.timeframe or len(table) != grown):
        return None  # something was added before the newest bar
    if len(table):
        _feed(kept, table)
    kept.stamp = (rows, conflicts)
    return _view(kept)


def _feed(kept: _Kept, table: BarTable) -> None:
    from alphaloop.kernels.chan import ChanInputError

    columns = (table.ts, table.open, table.high, table.low, table.close, table.volume)
    try:
        for start in range(0, len(table), _CHUNK):
            kept.state.extend(*(column[start : start + _CHUNK] for column in columns))
    except ChanInputError as error:
        raise UnavailableError(f"The stored bars cannot be analysed: {error.reason}.", code="series_damaged") from error
    kept.times.append(table.ts)
    kept.close = float(table.close[-1])
    kept.decimals = max(kept.decimals, table.price_decimals)


def _view(kept: _Kept) -> Structure:
    import numpy as np

    if len(kept.times) > 1:
        kept.times = [np.concatenate(kept.times)]
    return Structure(kept.state.tables(), kept.times[0], kept.close, kept.decimals)


def _stamp(store: BarStore, key: SeriesKey) -> tuple[int, int]:
    manifest = store.manifest(key.symbol, key.origin)
    return (0, 0) if manifest is None else (manifest.rows, manifest.conflicts)


def refuse_long(store: BarStore, key: SeriesKey) -> None:
    """InvalidError 'series_too_long' for a stored series of more than MOST_BARS bars."""
    if key.origin is key.timeframe and _stamp(store, key)[0] > MOST_BARS:
        raise InvalidError(
            f"The series has more than {MOST_BARS:,} bars; ask for a coarser timeframe.",
            code="series_too_long",
            fields=(("timeframe", "series_too_long"),),
        )
