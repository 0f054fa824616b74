"""Reading as of a moment: a bar is seen when it has closed, never earlier, whether stored or made of finer ones."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaloop.core.bar import Timeframe
from alphaloop.core.calendar import find_calendar
from alphaloop.core.errors import NotFoundError
from alphaloop.features.market.reading import SeriesKey, newest_table, read_after, read_series
from alphaloop.features.market.resample import drop_unfinished, resample
from alphaloop.features.market.store import BarStore, closed_rows
from tests.features.market.walks import MINUTE_MS, START_MS, walk

BTC = "BTC/USDT@binance"
TABLE = walk(1500)
CALENDAR = find_calendar("24x7")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> BarStore:
    made = BarStore(tmp_path_factory.mktemp("reading"))
    made.append(BTC, Timeframe.M1, TABLE)
    return made


def key(timeframe: Timeframe) -> SeriesKey:
    return SeriesKey(BTC, timeframe, "24x7", (Timeframe.M1,))


moments = st.none() | st.integers(-3, 1600).map(lambda minute: START_MS + minute * MINUTE_MS + 30_000)


@settings(max_examples=150, deadline=None)
@given(
    timeframe=st.sampled_from([Timeframe.M1, Timeframe.M15, Timeframe.H1, Timeframe.D1]),
    limit=st.integers(1, 200),
    before=moments,
    as_of=moments,
)
def test_a_window_is_the_end_of_what_was_known_then(
    store: BarStore, timeframe: Timeframe, limit: int, before: int | None, as_of: int | None
) -> None:
    known = TABLE if as_of is None else TABLE.cut(0, closed_rows(TABLE, Timeframe.M1, CALENDAR, as_of))
    if timeframe is not Timeframe.M1 and len(known):
        reached = int(known.ts[-1]) + MINUTE_MS if as_of is None else max(as_of, int(known.ts[-1]) + MINUTE_MS)
        known = resample(known, source=Timeframe.M1, target=timeframe, calendar=CALENDAR)
        known = drop_unfinished(known, target=timeframe, calendar=CALENDAR, source_close_ms=reached)
    stop = len(known) if before is None else int(known.ts.searchsorted(before))
    found, more = newest_table(store, key(timeframe), limit=limit, before_ts=before, as_of_ms=as_of)
    assert found.ts.tolist() == known.ts[max(0, stop - limit) : stop].tolist()
    assert found.close.tolist() == known.close[max(0, stop - limit) : stop].tolist()
    if stop > limit:
        assert more
    if timeframe is Timeframe.M1:
        assert more == (stop > limit)
    whole = read_series(store, key(timeframe), as_of_ms=as_of)
    assert whole.ts.tolist() == known.ts.tolist()


def test_what_comes_after_a_bar_is_read_from_stored_series_only(store: BarStore) -> None:
    assert read_after(store, key(Timeframe.M1), after_ts=START_MS, limit=2).ts.tolist() == TABLE.ts[1:3].tolist()
    assert len(read_after(store, key(Timeframe.M1), after_ts=int(TABLE.ts[-1]), limit=2)) == 0
    with pytest.raises(NotFoundError):
        read_after(store, key(Timeframe.H1), after_ts=START_MS, limit=2)


def test_a_series_nobody_has_is_not_found(tmp_path: Path) -> None:
    for stored in ((), (Timeframe.H1,)):
        with pytest.raises(NotFoundError):
            newest_table(BarStore(tmp_path), SeriesKey(BTC, Timeframe.M5, "24x7", stored), limit=5)
