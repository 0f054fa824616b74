"""Many instruments side by side: prices that are adjusted in different ways, or nobody knows how, are refused."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from alphaloop.core.bar import Timeframe
from alphaloop.core.corporate import RAW, Adjustment, Direction
from alphaloop.core.errors import NotFoundError
from alphaloop.features.market import repository
from alphaloop.features.market.adjusting import ExDate, check_one_mode
from alphaloop.features.market.models import StoredMode
from alphaloop.features.market.reading import SeriesKey, newest_table
from alphaloop.features.market.service.bars import series_key
from alphaloop.features.market.service.instruments import find_instrument
from alphaloop.features.market.store import BarStore
from alphaloop.infra.db import ReadSession
from alphaloop.infra.identity import Actor

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_COMPARED = 50


@dataclass(frozen=True, slots=True)
class CrossSection:
    """Series that may be compared, in one price mode."""

    mode: str
    keys: tuple[SeriesKey, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Growth:
    """What one unit put into each instrument at its first bar became: `ts` int64[T] epoch ms of the bars' opens, the
    union of all; `index` float64[T, N], NaN where an instrument had no bar."""

    mode: str
    symbols: tuple[str, ...]
    ts: "NDArray[np.int64]"
    index: "NDArray[np.float64]"


async def cross_section(
    session: ReadSession, instruments: Sequence[str], timeframe: Timeframe, *, adjust: Adjustment = RAW
) -> CrossSection:
    """The series of many instruments whose prices may be compared.

    InvalidError 'price_mode_unknown' or 'price_modes_mixed' names those that stand in the way; NotFoundError for an
    unknown instrument or one without bars. The keys know their ex-dates whatever the adjustment."""
    keys = []
    for name in instruments:
        key = await series_key(session, name, timeframe, adjust=adjust)
        row = await find_instrument(session, key.symbol)
        found = await repository.actions_of(session, row.id)
        keys.append(replace(key, ex_dates=tuple(ExDate(one.ex_ts, one.terms, one.ratio) for one in found)))
    return CrossSection(check_one_mode(keys), tuple(keys))


async def compare_growth(
    session: ReadSession,
    actor: Actor,
    store: BarStore,
    instruments: Sequence[str],
    timeframe: Timeframe,
    *,
    limit: int,
    adjust: Adjustment = RAW,
    as_of_ms: int | None = None,
) -> Growth:
    """How the newest `limit` bars of each grew, dividends counted where prices are read as traded."""
    actor.require("market.read")
    found = await cross_section(session, instruments, timeframe, adjust=adjust)
    return await asyncio.to_thread(_grow, store, found, limit, as_of_ms)


def _grow(store: BarStore, found: CrossSection, limit: int, as_of_ms: int | None) -> Growth:
    import numpy as np

    grown = []
    for key in found.keys:
        if _owes_ex_dates(key):  # nobody lost money on an ex-date
            key = replace(key, adjust=Adjustment(Direction.FORWARD))
        table, _ = newest_table(store, key, limit=limit, as_of_ms=as_of_ms)
        if not len(table):
            raise NotFoundError("There are no bars of this instrument and timeframe.", code="series_not_found")
        grown.append((table.ts, table.close / table.close[0]))
    ts = np.unique(np.concatenate([np.empty(0, dtype=np.int64), *(times for times, _ in grown)]))
    index = np.full((len(ts), len(grown)), np.nan)
    for column, (times, values) in enumerate(grown):
        index[np.searchsorted(ts, times), column] = values
    return Growth(found.mode, tuple(key.symbol for key in found.keys), ts, index)


def _owes_ex_dates(key: SeriesKey) -> bool:
    """Whether prices are asked for as traded and still fall on ex-dates."""
    return key.adjust == RAW and bool(key.ex_dates) and key.held_as in (StoredMode.RAW, StoredMode.SPLIT)
