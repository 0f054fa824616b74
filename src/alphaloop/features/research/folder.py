"""The universe of a folder of bar files, for screens without a server: a file is a series, its place and name say
which.

A timeframe that has no file of its own is made of a finer one, as the platform does."""

from collections import defaultdict
from functools import partial
from pathlib import Path

from alphaloop.adapters.feeds.contract import BarTable, Places, SeriesListing
from alphaloop.adapters.feeds.files import FilesFeed
from alphaloop.core.bar import Timeframe
from alphaloop.core.calendar import Calendar
from alphaloop.core.errors import AlphaLoopError, NotFoundError
from alphaloop.features.market.naming import Hints, calendar_of, name_instrument
from alphaloop.features.market.resample import drop_unfinished, finer_timeframes, resample
from alphaloop.features.research.matching import BARS_READ, Member, Outcome


def members_in(folder: Path) -> tuple[list[Member], list[Outcome]]:
    """(instruments by name, those whose name says too little to know their market). UnavailableError without a
    readable folder."""
    feed = FilesFeed(Places(roots=(folder,)))
    series: dict[tuple[str, str, str], dict[Timeframe, SeriesListing]] = defaultdict(dict)
    for listing in feed.list_series({}):
        series[listing.symbol, listing.venue, listing.asset][listing.timeframe] = listing
    members, unknown = [], []
    for (symbol, venue, asset), files in sorted(series.items()):
        try:
            naming = name_instrument(symbol, Hints(asset=asset, venue=venue))
        except AlphaLoopError as error:
            unknown.append(Outcome(symbol, code=error.code))
            continue
        calendar = calendar_of(naming)
        members.append(Member(naming.instrument.symbol, calendar, partial(_read, feed, files, calendar)))
    return members, unknown


def _read(feed: FilesFeed, files: dict[Timeframe, SeriesListing], calendar: Calendar, timeframe: Timeframe) -> BarTable:
    source = next((one for one in (timeframe, *finer_timeframes(timeframe)) if one in files), None)
    if source is None:
        raise NotFoundError("There are no bars of this instrument and timeframe.", code="series_not_found")
    table = feed.read({}, files[source].ref)
    if source is not timeframe and len(table):
        closed = calendar.close_ms(int(table.ts[-1]), source)
        table = resample(table, source=source, target=timeframe, calendar=calendar)
        table = drop_unfinished(table, target=timeframe, calendar=calendar, source_close_ms=closed)
    return table.cut(max(0, len(table) - BARS_READ), len(table))
