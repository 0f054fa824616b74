"""The instruments a screen runs over: everything that has bars, or those that were named."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from alphaloop.adapters.feeds.contract import BarTable
from alphaloop.core.bar import Timeframe
from alphaloop.core.calendar import find_calendar
from alphaloop.core.corporate import RAW, Adjustment
from alphaloop.core.errors import InvalidError
from alphaloop.features.market import service as market
from alphaloop.features.market.service import BarStore, SeriesKey
from alphaloop.infra.db import ReadSession
from alphaloop.infra.identity import SYSTEM

if TYPE_CHECKING:
    from alphaloop.features.research.matching import Member

_PAGE = 200


@dataclass(frozen=True, slots=True)
class Listed:
    """An instrument of the universe as people know it, and the series it is read from."""

    symbol: str
    alias: str
    names: dict[str, Any]
    calendar: str
    stored: tuple[Timeframe, ...]


async def list_universe(session: ReadSession, instruments: Sequence[str] = ()) -> list[Listed]:
    """By symbol or short name; NotFoundError when one of `instruments` does not exist."""
    wanted = {(await market.find_instrument(session, name)).symbol for name in instruments}
    found: list[Listed] = []
    after: int | None = None
    while True:
        page = await market.list_instruments(session, SYSTEM, after_id=after, limit=_PAGE)
        for row, series in page:
            if not wanted or row.symbol in wanted:
                frames = tuple(item.frame for item, _ in series)
                found.append(Listed(row.symbol, row.alias, row.names, row.calendar, frames))
        if len(page) < _PAGE:
            return found
        after = page[-1][0].id


async def members_of(
    session: ReadSession, store: BarStore, listed: Sequence[Listed], adjust: Adjustment
) -> list["Member"]:
    """How each is read, its prices put across ex-dates as `adjust` says."""
    from alphaloop.features.research.matching import Member

    members = []
    for one in listed:
        key = SeriesKey(one.symbol, one.stored[0], one.calendar, one.stored)
        fault: InvalidError | None = None
        if adjust != RAW:
            try:
                key = await market.series_key(session, one.symbol, one.stored[0], adjust=adjust)
            except InvalidError as error:  # told with the outcome of this one instrument
                fault = error
        members.append(Member(one.symbol, find_calendar(one.calendar), partial(_read, store, key, fault)))
    return members


def _read(store: BarStore, key: SeriesKey, fault: InvalidError | None, timeframe: Timeframe) -> BarTable:
    from dataclasses import replace

    from alphaloop.features.research.matching import BARS_READ

    if fault is not None:
        raise fault
    return market.newest_table(store, replace(key, timeframe=timeframe), limit=BARS_READ)[0]
