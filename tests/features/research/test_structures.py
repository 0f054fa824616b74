"""Kept structures: a continued state equals one begun anew, whatever happened in between."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaloop.core.bar import Timeframe
from alphaloop.core.corporate import CorporateAction, parse_adjustment
from alphaloop.core.errors import InvalidError
from alphaloop.features.market.adjusting import ExDate
from alphaloop.features.market.models import StoredMode
from alphaloop.features.market.reading import read_series
from alphaloop.features.market.service import BarStore, SeriesKey
from alphaloop.features.research import structures
from alphaloop.features.research.rows import LAYERS, tail_of
from alphaloop.features.research.structures import Structure, StructureBook
from tests.features.market.walks import MINUTE_MS, START_MS, walk

DAY_MS = 86_400_000
BTC = "BTC/USDT@binance"
KEY = SeriesKey(BTC, Timeframe.M1, "24x7", (Timeframe.M1,))
TABLE = walk(700, seed=5)


def ask(
    book: StructureBook, store: BarStore, as_of_ms: int | None = None, watcher: int | None = None
) -> Structure | None:
    return book.structure(store, KEY, config="CN-STRICT-1", as_of_ms=as_of_ms, watcher=watcher)


def same(one: Structure | None, two: Structure | None) -> bool:
    if one is None or two is None:
        return one is two
    layers = [tail_of(side.tables).rows for side in (one, two)]
    equal = all(layers[0][name].tobytes() == layers[1][name].tobytes() for name in LAYERS)
    return equal and np.array_equal(one.ts, two.ts) and one.close == two.close


@settings(max_examples=25, deadline=None)
@given(minutes=st.lists(st.integers(-2, 720), min_size=1, max_size=8))
def test_any_order_of_questions_gets_the_answer_of_that_moment(
    tmp_path_factory: pytest.TempPathFactory, minutes: list[int]
) -> None:
    store = BarStore(tmp_path_factory.getbasetemp() / "questions")
    if store.manifest(BTC, Timeframe.M1) is None:
        store.append(BTC, Timeframe.M1, TABLE)
    book = StructureBook()
    for minute in minutes:
        as_of = START_MS + minute * MINUTE_MS
        assert same(ask(book, store, as_of), ask(StructureBook(), store, as_of))


def test_bars_added_at_the_end_continue_and_bars_added_before_begin_anew(tmp_path: Path) -> None:
    store, book = BarStore(tmp_path), StructureBook()
    store.append(BTC, Timeframe.M1, TABLE.cut(100, 300))
    first = ask(book, store)
    assert first is not None
    kept = next(iter(book._kept.values()))
    store.append(BTC, Timeframe.M1, TABLE.cut(300, 500))
    assert same(ask(book, store), ask(StructureBook(), store))
    assert next(iter(book._kept.values())) is kept
    store.append(BTC, Timeframe.M1, TABLE.cut(0, 100))
    begun = ask(book, store)
    assert same(begun, ask(StructureBook(), store))
    assert begun is not None
    assert len(begun.ts) == 500
    store.append(BTC, Timeframe.M1, walk(500, seed=6), replace_conflicts=True)
    assert same(ask(book, store), ask(StructureBook(), store))


def test_watchers_at_different_times_do_not_disturb_each_other(tmp_path: Path) -> None:
    store, book = BarStore(tmp_path), StructureBook()
    store.append(BTC, Timeframe.M1, TABLE)
    early, late = START_MS + 200 * MINUTE_MS, START_MS + 600 * MINUTE_MS
    for _ in range(2):
        for watcher, as_of in ((1, early), (2, late), (None, None)):
            assert same(ask(book, store, as_of, watcher), ask(StructureBook(), store, as_of))
    assert len(book._kept) == 3


def test_only_so_many_states_are_kept(tmp_path: Path) -> None:
    store, book = BarStore(tmp_path), StructureBook(kept=2)
    store.append(BTC, Timeframe.M1, TABLE)
    for watcher in range(5):
        ask(book, store, START_MS + 100 * MINUTE_MS, watcher)
    assert [name[3] for name in book._kept] == [3, 4]


def test_states_are_given_up_when_together_they_hold_too_many_bars(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, book = BarStore(tmp_path), StructureBook()
    store.append(BTC, Timeframe.M1, TABLE)
    monkeypatch.setattr(structures, "KEPT_BARS", 1500)
    for watcher in range(4):
        ask(book, store, watcher=watcher)
    assert [name[3] for name in book._kept] == [2, 3]


def test_a_series_that_is_too_long_is_refused_and_its_coarser_timeframe_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, book = BarStore(tmp_path), StructureBook()
    store.append(BTC, Timeframe.M1, TABLE)
    monkeypatch.setattr(structures, "MOST_BARS", 500)
    with pytest.raises(InvalidError, match="coarser"):
        ask(book, store)
    coarse = book.structure(store, replace(KEY, timeframe=Timeframe.M5), config="CN-STRICT-1", as_of_ms=None)
    assert coarse is not None
    assert len(coarse.ts) == 140


def test_adjusted_prices_are_analysed_as_they_are_read(tmp_path: Path) -> None:
    store, book = BarStore(tmp_path), StructureBook()
    store.append(BTC, Timeframe.H1, walk(700, seed=5, step_ms=60 * MINUTE_MS))
    split = ExDate(START_MS + 12 * DAY_MS, CorporateAction(date(2023, 11, 27), bonus=Decimal(1)))
    raw = SeriesKey(BTC, Timeframe.H1, "24x7", (Timeframe.H1,), modes=(StoredMode.RAW,), ex_dates=(split,))
    key = replace(raw, adjust=parse_adjustment("forward"))
    found = book.structure(store, key, config="CN-STRICT-1", as_of_ms=None)
    assert found is not None
    table = read_series(store, key)
    strokes = found.tables.strokes
    ends = np.where(strokes["direction"] > 0, table.high[strokes["end_idx"]], table.low[strokes["end_idx"]])
    assert np.array_equal(strokes["end_price"], ends)
    assert strokes["end_price"][0] < 60 < read_series(store, raw).low[0]
    assert not book._kept


def test_before_the_first_close_there_is_nothing_and_an_unknown_reading_is_refused(tmp_path: Path) -> None:
    store, book = BarStore(tmp_path), StructureBook()
    store.append(BTC, Timeframe.M1, TABLE)
    assert ask(book, store, START_MS) is None
    with pytest.raises(InvalidError, match="CN-STRICT-1"):
        book.structure(store, KEY, config="MINE", as_of_ms=None)
