"""The bar store: nothing is lost, nothing is doubled, and a crash leaves the series as it was."""

import json
import multiprocessing
import threading
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from alphaloop.adapters.feeds.contract import BarTable
from alphaloop.core.bar import Timeframe
from alphaloop.core.calendar import find_calendar
from alphaloop.core.errors import InvalidError, NotFoundError, UnavailableError
from alphaloop.features.market import series_files
from alphaloop.features.market.store import BarStore, bars_of, closed_rows, rows_of
from tests.features.market.walks import MINUTE_MS, START_MS, walk

BTC = "BTC/USDT@binance"
M1 = Timeframe.M1
COLUMNS = ("ts", "open", "high", "low", "close", "volume")


def same(one: BarTable, two: BarTable) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(two, name)) for name in COLUMNS)


def pick(table: BarTable, rows: list[int]) -> BarTable:
    return BarTable.of({name: getattr(table, name)[rows] for name in COLUMNS}, price_decimals=2, volume_decimals=3)


def test_what_was_stored_is_read_back_exactly_over_many_months(tmp_path: Path) -> None:
    store, table = BarStore(tmp_path), walk(5000, step_ms=37 * MINUTE_MS)
    done = store.append(BTC, M1, table)
    assert (done.added, done.duplicates, done.conflicts) == (5000, 0, 0)
    assert len(done.manifest.chunks) >= 4
    assert same(store.read(BTC, M1), table)
    assert (done.manifest.rows, done.manifest.first_ts, done.manifest.last_ts) == (5000, table.ts[0], table.ts[-1])


@settings(max_examples=60, deadline=None)
@given(
    since=st.none() | st.integers(-100, 700),
    before=st.none() | st.integers(-100, 700),
    take=st.sampled_from(["first", "last", None]),
    count=st.integers(1, 700),
)
def test_any_range_equals_the_same_range_of_the_whole(
    tmp_path_factory: pytest.TempPathFactory, since: int | None, before: int | None, take: str | None, count: int
) -> None:
    folder = tmp_path_factory.getbasetemp() / "ranges"
    store, table, day = BarStore(folder), walk(600, step_ms=720 * MINUTE_MS), 720 * MINUTE_MS
    if store.manifest(BTC, M1) is None:
        store.append(BTC, M1, table)
    since_ts = None if since is None else START_MS + since * day + 1
    before_ts = None if before is None else START_MS + before * day + 1
    found = store.read(BTC, M1, since_ts=since_ts, before_ts=before_ts, **({take: count} if take else {}))
    rows = [
        row
        for row, ts in enumerate(table.ts.tolist())
        if (since_ts is None or ts >= since_ts) and (before_ts is None or ts < before_ts)
    ]
    rows = rows[:count] if take == "first" else rows[-count:] if take == "last" else rows
    assert found.ts.tolist() == table.ts[rows].tolist()
    assert found.close.tolist() == table.close[rows].tolist()


@settings(max_examples=40, deadline=None)
@given(parts=st.lists(st.lists(st.integers(0, 119), min_size=1, unique=True).map(sorted), min_size=1, max_size=6))
def test_however_bars_arrive_the_series_is_their_union(
    tmp_path_factory: pytest.TempPathFactory, parts: list[list[int]]
) -> None:
    store, table = BarStore(tmp_path_factory.mktemp("union")), walk(120, step_ms=1440 * MINUTE_MS)
    seen: set[int] = set()
    for rows in parts:
        done = store.append(BTC, M1, pick(table, rows))
        assert done.added == len(set(rows) - seen)
        assert done.duplicates == len(set(rows) & seen)
        assert done.conflicts == 0
        seen |= set(rows)
        assert same(store.read(BTC, M1), pick(table, sorted(seen)))
    manifest = store.manifest(BTC, M1)
    assert manifest is not None
    assert manifest.rows == len(seen)


def test_a_later_version_wins_only_when_told(tmp_path: Path) -> None:
    store, table, other = BarStore(tmp_path), walk(50), walk(50, seed=8)
    store.append(BTC, M1, table)
    kept = store.append(BTC, M1, other)
    assert kept.conflicts + kept.duplicates == 50
    assert kept.conflicts >= 45
    assert len(kept.conflict_ts) == 20
    assert kept.replaced == 0
    assert same(store.read(BTC, M1), table)
    told = store.append(BTC, M1, other, replace_conflicts=True)
    assert told.replaced == kept.conflicts
    assert same(store.read(BTC, M1), other)


@settings(max_examples=40, deadline=None)
@given(parts=st.lists(st.tuples(st.sampled_from("ABC"), st.sets(st.integers(0, 59))), max_size=6), data=st.data())
def test_every_row_is_told_to_be_of_the_source_that_first_brought_it(
    tmp_path_factory: pytest.TempPathFactory, parts: list[tuple[str, set[int]]], data: st.DataObject
) -> None:
    store, table = BarStore(tmp_path_factory.mktemp("sources")), walk(60, step_ms=720 * MINUTE_MS)
    by: dict[int, str] = {}
    for name, rows in parts:
        if rows:
            store.append(BTC, M1, pick(table, sorted(rows)), source=name)
            by = dict.fromkeys(rows, name) | by
    assume(by)
    first, last = sorted(data.draw(st.tuples(st.sampled_from(sorted(by)), st.sampled_from(sorted(by)))))
    told = store.sources(BTC, M1, first_ts=int(table.ts[first]), last_ts=int(table.ts[last]))
    names = [by[row] for row in range(first, last + 1) if row in by]
    assert [name for _, name in told] == [name for at, name in enumerate(names) if at == 0 or names[at - 1] != name]


def test_a_later_version_brings_its_source_and_old_series_know_none(tmp_path: Path) -> None:
    store, table = BarStore(tmp_path), walk(10)
    store.append(BTC, M1, table)
    assert store.sources(BTC, M1, first_ts=0, last_ts=int(table.ts[-1])) == []
    other = pick(table, [3, 4])
    other.close[:] += 1
    store.append(BTC, M1, other, source="B", replace_conflicts=True)
    assert store.sources(BTC, M1, first_ts=0, last_ts=int(table.ts[-1])) == [(int(table.ts[3]), "B")]
    manifest = next(tmp_path.rglob("series.json"))
    raw = json.loads(manifest.read_text())
    for chunk in raw["chunks"]:
        del chunk["sources"]
    manifest.write_text(json.dumps(raw))
    assert store.sources(BTC, M1, first_ts=0, last_ts=int(table.ts[-1])) == []


def test_a_crash_before_the_manifest_leaves_the_series_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, table = BarStore(tmp_path), walk(3000, step_ms=60 * MINUTE_MS)
    store.append(BTC, M1, table.cut(0, 1500))

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("alphaloop.features.market.store.save_manifest", crash)
        with pytest.raises(KeyboardInterrupt):
            store.append(BTC, M1, table)
    assert same(store.read(BTC, M1), table.cut(0, 1500))
    done = store.append(BTC, M1, table)
    assert (done.added, done.duplicates) == (1500, 1500)
    assert same(store.read(BTC, M1), table)
    named = {chunk.file for chunk in done.manifest.chunks}
    assert {path.name for path in tmp_path.rglob("*.parquet")} == named


def _append_in_process(folder: str, start: int, stop: int) -> None:
    BarStore(Path(folder)).append(BTC, M1, walk(2000, step_ms=60 * MINUTE_MS).cut(start, stop))


def test_two_processes_may_append_to_one_series(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    spans = [(0, 900), (600, 2000)]
    workers = [context.Process(target=_append_in_process, args=(str(tmp_path), *span)) for span in spans]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    assert same(BarStore(tmp_path).read(BTC, M1), walk(2000, step_ms=60 * MINUTE_MS))


def test_readers_see_whole_versions_while_a_writer_rewrites(tmp_path: Path) -> None:
    store, table = BarStore(tmp_path), walk(400)
    store.append(BTC, M1, table.cut(0, 100))
    problems: list[str] = []
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            found = BarStore(tmp_path).read(BTC, M1)
            if not same(found, table.cut(0, len(found))) or len(found) % 10:
                problems.append(f"{len(found)} rows")

    readers = [threading.Thread(target=look) for _ in range(2)]
    for reader in readers:
        reader.start()
    for upto in range(110, 401, 10):
        store.append(BTC, M1, table.cut(upto - 10, upto))
    stop.set()
    for reader in readers:
        reader.join()
    assert problems == []


def test_minutes_and_months_of_one_instrument_are_two_series(tmp_path: Path) -> None:
    store = BarStore(tmp_path)
    store.append(BTC, M1, walk(10))
    store.append(BTC, Timeframe.MO1, walk(5, step_ms=31 * 1440 * MINUTE_MS))
    assert [item.ref for item in store.stored_series()] == [f"{BTC}|1m", f"{BTC}|1M"]
    assert {path.name.lower() for path in (tmp_path / "binance").glob("*/*")} == {"1m", "1mo"}
    assert len(store.stored_table(BTC, Timeframe.MO1)) == 5
    store.delete(BTC, M1)
    assert [item.ref for item in store.stored_series()] == [f"{BTC}|1M"]


@pytest.mark.parametrize("symbol", ["../x@y", "A@../../y", "a@b", "", "A", "A@", "A\x00@b", "A@b/c"])
def test_a_name_that_is_no_symbol_reaches_no_folder(tmp_path: Path, symbol: str) -> None:
    with pytest.raises(InvalidError):
        BarStore(tmp_path / "bars").append(symbol, M1, walk(3))
    assert not (tmp_path / "bars").exists()


def test_what_is_missing_or_damaged_is_said_in_so_many_words(tmp_path: Path) -> None:
    store = BarStore(tmp_path)
    with pytest.raises(NotFoundError):
        store.read(BTC, M1)
    store.append(BTC, M1, walk(10))
    (chunk,) = tmp_path.rglob("*.parquet")
    chunk.write_bytes(b"PAR1")
    with pytest.raises(UnavailableError, match="damaged"):
        store.read(BTC, M1)
    (manifest,) = tmp_path.rglob("series.json")
    manifest.write_text(json.dumps({"chunks": [{"odd": 1}]}), encoding="utf-8")
    with pytest.raises(UnavailableError, match="damaged"):
        store.read(BTC, M1)
    manifest.write_text("{", encoding="utf-8")
    with pytest.raises(UnavailableError, match="damaged"):
        series_files.load_manifest(manifest.parent)


def test_exact_bars_carry_the_decimals_of_the_file_and_their_close_time() -> None:
    table = walk(3)
    bars = bars_of(table, BTC, M1, find_calendar("24x7"))
    for bar, row, close in zip(bars, rows_of(table), table.close, strict=True):
        assert isinstance(bar.close, Decimal)
        assert bar.close == Decimal(f"{close:.2f}")
        assert row == [bar.ts_ms, *(str(number) for number in (bar.open, bar.high, bar.low, bar.close, bar.volume))]
        assert bar.close_ms == bar.ts_ms + MINUTE_MS


@given(rows=st.integers(0, 40), offset=st.integers(-5, 45 * 60))
def test_only_closed_bars_count(rows: int, offset: int) -> None:
    table, calendar = walk(rows), find_calendar("24x7")
    as_of = START_MS + offset * 1000
    expected = sum(1 for ts in table.ts.tolist() if ts + MINUTE_MS <= as_of)
    assert closed_rows(table, M1, calendar, as_of) == expected
